// Tables of numbers on a canvas, for all that nobody types in: the page is laid out and painted
// anew at each setting, and a hundred cells of its own make that several times as long.
import { element, format, putAttribute, putText } from "./core.js";
import { painterOf, write } from "./cells.js";
import { widthOf } from "./drawing.js";
import { placeFrame } from "./tables.js";

const CELL = [40, 39]; // from one to the next, as in tables.js
const LIT = "#e69f00";

// paintedTable(view, {label, onCell}): to be used like numberTable in tables.js
//   write(rows, {kind, note, box, hue, cell}): kind, note and box as there; beside them
//     kind "bare" is a place where something else stands
//     hue(row, column): [colour, percent] of it over the page's colour, or nothing
//     cell: [width, height] in pixels; as in tables.js by default, narrower where that is too wide
//   sheet, canvas: the part below the caption, and what is painted on; the canvas's name for a
//     screen reader has all the numbers, row by row
export function paintedTable(view, { label, onCell }) {
  const caption = element("figcaption", {}, label);
  const canvas = element("canvas", { role: "img", "aria-label": label });
  const frame = element("div", { class: "segviz-box", hidden: true });
  const sheet = element("div", { class: "segviz-painted" }, canvas, frame);
  const made = {
    element: element("figure", { class: "segviz-table", role: "group", "aria-label": label },
      caption, sheet),
    sheet, canvas,
  };
  const [paint, room] = [painterOf(view, canvas), widthOf(view, view.stage)];
  let [words, numbers, cell, size] = [label, "", CELL, [0, 0]];
  const tell = () => putAttribute(canvas, "aria-label", numbers ? `${words}: ${numbers}` : words);
  made.name = (text) => {
    putText(caption, words = text);
    tell();
  };
  made.write = (rows, { kind, note, box, hue, cell: wanted } = {}) => {
    const shape = [rows.length, rows[0].length];
    cell = wanted ?? [Math.min(CELL[0], Math.floor((room() - 1) / shape[1])), CELL[1]];
    if (String(size) !== String(size = [shape[1] * cell[0], shape[0] * cell[1]])) {
      sizeSheet(sheet, canvas, size);
    }
    const cells = cellsOf(rows, { kind, note, hue, cell });
    numbers = spokenRows(rows);
    tell();
    // The last lines are beyond the last cells.
    const key = cells.map((one) => [one.text, one.kind, one.note, one.hue].join());
    paint((pen) => paintCells(pen, cells), key, size.map((pixels) => pixels + 1));
    placeFrame(frame, box, shape);
  };
  if (onCell) {
    canvas.addEventListener("pointerdown", ({ offsetX, offsetY }) => onCell(
      ...cellAt([offsetX, offsetY], cell, size)));
  }
  return made;
}

function sizeSheet(sheet, canvas, [width, height]) {
  Object.assign(sheet.style, { width: `${width}px`, height: `${height}px` });
  Object.assign(canvas.style, { width: `${width + 1}px`, height: `${height + 1}px` });
}

// Row and column of a place in pixels; the line at the end belongs to the last cell.
export function cellAt([x, y], [width, height], size) {
  const along = (place, step, whole) =>
    Math.max(0, Math.floor(Math.min(place, whole - 1) / step));
  return [along(y, height, size[1]), along(x, width, size[0])];
}

const shownText = (number) => (number == null ? "" : format(number));

// The numbers as a screen reader has them: "4, 5; 1, empty".
export function spokenRows(rows) {
  return rows.map((row) => row.map((one) => shownText(one) || "empty").join(", ")).join("; ");
}

function cellsOf(rows, { kind, note, hue, cell: [width, height] }) {
  return rows.flatMap((row, r) => row.map((number, c) => ({
    x: c * width, y: r * height, width, height, text: shownText(number),
    kind: kind?.(r, c) ?? "", note: String(note?.(r, c) ?? ""), hue: hue?.(r, c) ?? null,
  })));
}

// All of one sort at once: each change of colour or of font costs as much as a cell.
function paintCells(pen, cells) {
  const of = (...kinds) => cells.filter(({ kind }) => kinds.includes(kind));
  fillCells(pen, of("lit"), LIT, 100);
  fillCells(pen, of("seen"), LIT, 30);
  hatchCells(pen, of("unread", "empty"));
  for (const one of cells) if (one.hue) fillCells(pen, [one], ...one.hue);
  lineCells(pen, cells.filter(({ kind }) => kind !== "outside" && kind !== "bare"));
  pen.context.setLineDash([3, 3]);
  lineCells(pen, of("outside"));
  pen.context.setLineDash([]);
  for (const put of [writeNote, writeNumber]) {
    for (const lit of [false, true]) {
      for (const one of cells) if (lit === (one.kind === "lit")) put(pen, one, lit);
    }
  }
}

function traceCells({ context }, cells, inset) {
  context.beginPath();
  for (const { x, y, width, height } of cells) context.rect(x + inset, y + inset, width, height);
}

function fillCells(pen, cells, colour, percent) {
  traceCells(pen, cells, 0);
  Object.assign(pen.context, { fillStyle: colour, globalAlpha: percent / 100 });
  pen.context.fill();
  pen.context.globalAlpha = 1;
}

function lineCells(pen, cells) {
  traceCells(pen, cells, 0.5);
  Object.assign(pen.context, { strokeStyle: pen.inks.line, lineWidth: 1 });
  pen.context.stroke();
}

// Stripes across the whole canvas, seen through these cells.
function hatchCells(pen, cells) {
  if (!cells.length) return;
  const { context, inks, width, height } = pen;
  context.save();
  traceCells(pen, cells, 0);
  context.clip();
  context.beginPath();
  for (let at = -height; at < width; at += 10) {
    context.moveTo(at, height);
    context.lineTo(at + height, 0);
  }
  Object.assign(context, { strokeStyle: inks.line, lineWidth: 1, globalAlpha: 0.35 });
  context.stroke();
  context.restore();
}

// As large as it fits; below seven pixels nobody could read it.
export function fontSize({ length }, { width, height }) {
  const most = length > 3 ? 13 : 16;
  return Math.max(7, Math.min(most, 0.62 * height, (1.4 * (width - 2)) / length));
}

const inkOf = (pen, lit) => (lit ? "#000" : pen.inks.ink);

function writeNote(pen, { note, x, y, width }, lit) {
  if (!note) return;
  write(pen, note, { x: x + 4, y: y + 1, width, height: 13, align: "left", size: 10, bold: lit,
    ink: inkOf(pen, lit) });
}

// Under the note, where there is one.
function writeNumber(pen, { text, note, ...box }, lit) {
  if (!text) return;
  const { x, y, width, height } = box;
  const [top, tall] = note ? [8, height - 8] : [0, height + 1];
  write(pen, text, { x, y: y + top, width: width + 1, height: tall, bold: lit,
    ink: inkOf(pen, lit), size: fontSize(text, box) });
}
