// Pictures on canvas: every pixel a crisp square, colours looked up in Python's tables.
import { element } from "./core.js";
import { widthOf } from "./drawing.js";

// Codes (uint8, shape [rows, columns]) through a table (uint8, shape [256, 3]) to RGBA.
// Colour pictures (shape [rows, columns, 3]) need no table. A missing one is left clear.
export function toRgba(codes, table) {
  const [rows, columns, channels] = codes.shape;
  const pixels = new Uint8ClampedArray(rows * columns * 4);
  for (let i = 0; i < rows * columns; i++) {
    const source = channels ? codes : table;
    const at = channels ? 3 * i : 3 * codes[i];
    pixels[4 * i] = source[at];
    pixels[4 * i + 1] = source[at + 1];
    pixels[4 * i + 2] = source[at + 2];
    pixels[4 * i + 3] = 255;
  }
  return pixels;
}

// Largest whole number of device pixels per cell that fits, so that all cells are equal.
export function cellSize(space, cells, ratio = 1) {
  return Math.max(1, Math.floor((space * ratio) / cells)) / ratio;
}

// A picture with a keyboard cursor.
//   paint({codes, table, rows, columns, top, left, until, ground, fit}, boxes): rows x columns
//     cells of ground (a colour; stripes by default), with the codes laid on it at (top, left),
//     only the first `until` of them; `fit` cells fill the width, by default the longer side
//   boxes: [{row, column, height, width, colour}] in cells
//   onCell(row, column): pointer or arrow keys; cursor(): where the arrows start
export function picture(view, { label, onCell, cursor }) {
  const canvas = element("canvas", onCell
    ? { tabindex: 0, role: "application", "aria-roledescription": "picture" } : { role: "img" });
  const caption = element("figcaption");
  const frame = element("figure", { class: "segviz-picture" }, caption, canvas);
  const hidden = document.createElement("canvas");
  const made = { element: frame, canvas, cell: 1, rows: 1, columns: 1 };
  const name = (text) => {
    if (caption.textContent === text) return;
    caption.textContent = text;
    canvas.setAttribute("aria-label", onCell ? `${text}. The arrow keys move the cursor.` : text);
  };
  name(label);
  made.name = name;
  let painted, through, before;
  // The height follows from what is drawn; only the width is a reason to draw.
  const room = widthOf(view, frame);

  made.paint = (image, boxes = []) => {
    const ratio = devicePixelRatio || 1;
    Object.assign(made, { rows: image.rows, columns: image.columns });
    const cells = image.fit ?? Math.max(image.rows, image.columns);
    made.cell = cellSize(room(), cells, ratio);
    const inks = ["page", "line", "halo"].map(view.ink);
    const { codes, table, ...rest } = image;
    const now = JSON.stringify([rest, boxes, made.cell, ratio, inks]);
    if (now === before && codes === painted && table === through) return;
    before = now;
    paint(image, boxes, ratio);
  };

  function paint(image, boxes, ratio) {
    const [width, height] = [image.columns, image.rows].map((n) => Math.round(n * made.cell * ratio));
    if (canvas.width !== width || canvas.height !== height) {
      Object.assign(canvas, { width, height });
      Object.assign(canvas.style, { width: `${width / ratio}px`, height: `${height / ratio}px` });
    }
    const context = canvas.getContext("2d");
    context.imageSmoothingEnabled = false;
    context.fillStyle = image.ground ?? hatch(context, view);
    context.fillRect(0, 0, width, height);
    const unit = made.cell * ratio;
    if (image.codes) layOn(context, image, unit);
    for (const box of boxes) outline(context, box, unit, view.ink("halo"));
  }

  function layOn(context, image, unit) {
    const [rows, columns] = image.codes.shape;
    if (painted !== image.codes || through !== image.table) {
      Object.assign(hidden, { width: columns, height: rows });
      const pixels = new ImageData(toRgba(image.codes, image.table), columns, rows);
      hidden.getContext("2d").putImageData(pixels, 0, 0);
      [painted, through] = [image.codes, image.table];
    }
    const { top = 0, left = 0, until = rows * columns } = image;
    const full = Math.floor(until / columns);
    const part = (row, width, height) => {
      if (width && height) {
        context.drawImage(hidden, 0, row, width, height,
          left * unit, (top + row) * unit, width * unit, height * unit);
      }
    };
    part(0, columns, full);
    if (full < rows) part(full, until - full * columns, 1);
  }

  if (onCell) followPointer(made, onCell);
  if (onCell) followArrows(made, onCell, cursor);
  return made;
}

// The colour bar: codes `from` to 255 of a table, with a text at each end and one in between.
//   write({from, texts: [low, middle, high]}); leave middle out where it says nothing
export function colourBar(table) {
  const strip = element("div", { class: "segviz-strip" });
  const texts = element("div", { class: "segviz-ends" });
  const made = { element: element("div", { class: "segviz-bar" }, strip, texts) };
  const colour = (code) => `rgb(${table[3 * code]} ${table[3 * code + 1]} ${table[3 * code + 2]})`;
  let shown;
  made.write = ({ from = 0, texts: words }) => {
    if (shown === (shown = `${from} ${words}`)) return;
    const stops = Array.from({ length: 17 }, (_, i) => Math.round(from + ((255 - from) * i) / 16));
    strip.style.background = `linear-gradient(to right, ${stops.map(colour).join(", ")})`;
    texts.replaceChildren(...words.map((word) => element("span", {}, word)));
  };
  return made;
}

// What is not there yet: stripes, because any plain colour could be a value.
function hatch(context, view) {
  const inks = `${view.ink("page")} ${view.ink("line")}`;
  if (view.stripes?.inks !== inks) view.stripes = { inks, pattern: stripes(context, view) };
  return view.stripes.pattern;
}

function stripes(context, view) {
  const tile = element("canvas", { width: 8, height: 8 });
  const pen = tile.getContext("2d");
  pen.fillStyle = view.ink("page");
  pen.fillRect(0, 0, 8, 8);
  pen.fillStyle = view.ink("line");
  for (let i = 0; i < 8; i++) pen.fillRect(i, 7 - i, 1, 1);
  return context.createPattern(tile, "repeat");
}

// A line that shows on black, on white and on any picture: its colour within a halo.
function outline(context, { row, column, height = 1, width = 1, colour }, unit, halo) {
  const thick = Math.max(2, Math.round(unit / 2.5));
  const place = [column * unit, row * unit, width * unit, height * unit];
  const grown = [place[0] - thick / 2, place[1] - thick / 2, place[2] + thick, place[3] + thick];
  for (const [stroke, line] of [[halo, thick + 2], [colour, thick]]) {
    context.strokeStyle = stroke;
    context.lineWidth = line;
    context.strokeRect(...grown);
  }
}

function followPointer(made, onCell) {
  const move = (event) => {
    const box = made.canvas.getBoundingClientRect();
    const row = Math.floor((event.clientY - box.top) / made.cell);
    const column = Math.floor((event.clientX - box.left) / made.cell);
    onCell(Math.max(0, Math.min(made.rows - 1, row)),
      Math.max(0, Math.min(made.columns - 1, column)));
  };
  made.canvas.addEventListener("pointermove", move);
  made.canvas.addEventListener("pointerdown", move);
}

const ARROWS = {
  ArrowUp: ([row, column]) => [row - 1, column],
  ArrowDown: ([row, column]) => [row + 1, column],
  ArrowLeft: ([row, column]) => [row, column - 1],
  ArrowRight: ([row, column]) => [row, column + 1],
  Home: ([row]) => [row, 0],
  End: ([row], made) => [row, made.columns - 1],
  PageUp: ([, column]) => [0, column],
  PageDown: ([, column], made) => [made.rows - 1, column],
};

// The arrow keys on made.canvas, a picture of made.rows x made.columns cells.
export function followArrows(made, onCell, cursor) {
  made.canvas.addEventListener("keydown", (event) => {
    const move = ARROWS[event.key];
    if (!move) return;
    event.preventDefault();
    const [row, column] = move(cursor(), made);
    onCell(Math.max(0, Math.min(made.rows - 1, row)),
      Math.max(0, Math.min(made.columns - 1, column)));
  });
}
