import { element, format, open, putAttribute, putText } from "./core.js";
import { widthOf } from "./drawing.js";
import { choice, player, slider } from "./controls.js";
import { numberTable } from "./tables.js";

const bracketed = (number) => (number < 0 ? `(${format(number)})` : format(number));

// The inputs that one output reads, tap by tap; -1 stands for an added zero.
export function readBy({ indices }, step) {
  const taps = indices.shape[1];
  return Array.from(indices.subarray(step * taps, (step + 1) * taps));
}

// The sum as it is written down: y[2] = 1·4 + 2·5 + 3·2 = 20.
export function written(trace, step) {
  const products = readBy(trace, step).map((place, tap) =>
    `${bracketed(trace.kernel[tap])}·${bracketed(place < 0 ? 0 : trace.x[place])}`);
  return `y[${step}] = ${products.join(" + ")} = ${format(trace.output[step])}`;
}

export function sentence(trace, step) {
  const places = readBy(trace, step).map((place) => (place < 0 ? "an added zero" : `x[${place}]`));
  const last = places.pop();
  const all = places.length ? `${places.join(", ")} and ${last}` : last;
  return `Step ${step + 1} of ${trace.output.length}: y[${step}] reads ${all}: `
    + `${written(trace, step).replace(/^.*?= /, "")}.`;
}

// A row of numbers with something typed in, as Python takes it.
export function withNumber(row, settled, place, number) {
  return [Array.from(settled, (old, i) => (i === place ? number : row[i] ?? old))];
}

// Which band of the matrix a place belongs to, or -1.
export function tapAt(trace, row, column) {
  return readBy(trace, row).indexOf(column);
}

function render(context) {
  const view = open(context, "Atrous convolution of a row of numbers");
  slider(view, "dilation", { label: "dilation (rate)" });
  slider(view, "kernel_size");
  slider(view, "input_size");
  choice(view, "padding");
  const steps = () => view.trace().output.length;
  const walk = player(view, {
    steps, rate: () => Math.max(1, steps() / 9),
    name: (step) => `step ${step + 1} of ${steps()}`,
  });
  view.room = widthOf(view, view.stage);
  view.stage.append(sampling(view, walk), matrix(view, walk));
  view.lines.append(...texts(view, walk));
  view.onDraw(() => view.say(sentence(view.trace(), at(view, walk))));
  return view.close;
}

// Python's answer may have fewer steps than the last one had.
const at = (view, walk) => Math.min(walk.step, view.trace().output.length - 1);

const hue = (view, tap, share) =>
  `color-mix(in srgb, ${view.look.cycle[tap]} ${share}%, var(--segviz-page))`;

function texts(view, walk) {
  const [sum, formula, remark] = [1, 2, 3].map(() => element("p"));
  sum.className = "segviz-total";
  view.onDraw(() => {
    const trace = view.trace();
    putText(sum, written(trace, at(view, walk)));
    putText(formula, trace.formula.join(";  "));
    putText(remark, trace.remark);
  });
  return [sum, formula, remark];
}

// Cells as large as fit. The matrix's depend on input_size alone, so that no other slider moves it.
function cellSizes(view) {
  const { x, zeros } = view.trace();
  const room = view.room();
  const wide = room >= 760;
  const largest = wide ? Math.floor(372 / x.length) : Math.floor((room - 76) / x.length);
  const square = Math.max(16, Math.min(36, largest));
  const left = wide ? Math.min(700, room - square * x.length - 100) : room - 4;
  const cell = Math.max(15, Math.min(50, Math.floor(left / (x.length + 2 * zeros))));
  return { cell, square, left };
}

// How high a number is drawn, as a share of its cell, by the number of its characters.
const SHARES = { 1: 0.62, 2: 0.5 };

function setCell(table, size) {
  table.element.style.setProperty("--cell", `${size}px`);
  for (const cell of table.cells) {
    const { value: number } = cell;
    const { length } = number.value ?? number.textContent;
    const fontSize = `${Math.min(16, size * (SHARES[length] ?? 0.36))}px`;
    if (cell.fontSize === (cell.fontSize = fontSize)) continue;
    Object.assign(number.style, { fontSize, padding: cell.input ? "0" : "" });
  }
}

function paintCell(cell, colour) {
  if (cell.colour === (cell.colour = colour)) return;
  if (colour) cell.element.style.background = colour;
  else cell.element.removeAttribute("style");
}

// The input with its taps, and the output under it, each number below the middle of its window.
function sampling(view, walk) {
  const edit = view.works("values") && ((_, column, number) => view.ask({
    values: withNumber(view.get("values")[0], view.trace().x, column - view.trace().zeros, number),
  }));
  const input = numberTable({ label: "Input", onEdit: edit });
  const output = numberTable({ label: "Output", onCell: (_, column) => walk.seek(column) });
  const taps = element("div", { "aria-hidden": "true", style: "line-height: 0" });
  const rows = element("div", { style: "margin-top: 10px" }, input.element, taps, output.element);
  // The caption below, so that the lines end at the numbers.
  output.element.style.cssText = "display: flex; flex-direction: column-reverse";
  const part = element("div", { style: "overflow-x: auto; flex: none; padding-bottom: 4px" },
    kernelTable(view), rows);
  view.onDraw(() => {
    const { cell, left } = cellSizes(view);
    const step = at(view, walk);
    part.style.width = `${Math.max(200, left)}px`;
    // Never narrower than its cells: it is scrolled where it does not fit.
    rows.style.minWidth = `${cell * (view.trace().x.length + 2 * view.trace().zeros)}px`;
    writeInput(view, input, step);
    writeOutput(view, output, step, cell);
    setCell(input, cell);
    drawTaps(view, taps, step, cell);
  });
  return part;
}

const note = (editable) => (editable ? " (editable)" : "");

function kernelTable(view) {
  const edit = view.works("kernel") && ((_, column, number) => view.ask({
    kernel: withNumber(view.get("kernel")[0], view.trace().kernel, column, number),
  }));
  const kernel = numberTable({ label: "Kernel", onEdit: edit });
  view.onDraw(() => {
    const weights = view.trace().kernel;
    kernel.write([[...weights]]);
    kernel.name(`kernel, ${weights.length} weight${weights.length > 1 ? "s" : ""}${note(edit)}`);
    kernel.cells.forEach((cell, tap) => paintCell(cell, hue(view, tap, 45)));
    setCell(kernel, 34);
  });
  return kernel.element;
}

function writeInput(view, input, step) {
  const trace = view.trace();
  const { x, zeros, kernel, reach } = trace;
  const added = Array(zeros).fill(null);
  input.name(`input, ${x.length} numbers${zeros ? ` and ${zeros} added zeros on each side` : ""}`
    + note(view.works("values")));
  input.write([[...added, ...x, ...added]], {
    kind: (_, column) => (column < zeros || column >= zeros + x.length ? "outside" : ""),
    box: { row: 0, column: step, width: reach },
  });
  const dilation = kernel.length > 1 ? (reach - 1) / (kernel.length - 1) : 1;
  for (const cell of input.cells) {
    const tap = (cell.at[1] - step) / dilation;
    const read = Number.isInteger(tap) && tap >= 0 && tap < kernel.length;
    paintCell(cell, read ? hue(view, tap, 45) : "");
    if (cell.input) putAttribute(cell.input, "aria-label", `x[${cell.at[1] - zeros}]`);
  }
}

function writeOutput(view, output, step, cell) {
  const { output: y, reach } = view.trace();
  output.name(`output, ${y.length} number${y.length > 1 ? "s" : ""}`);
  output.write([Array.from(y, (number, i) => (i <= step ? number : null))], {
    kind: (_, column) => (column === step ? "lit" : column > step ? "empty" : ""),
  });
  output.element.style.marginLeft = `${((reach - 1) / 2) * cell}px`;
  setCell(output, cell);
}

// Lines from what is read to what comes out, with the weight on each; the pattern only moves.
function drawTaps(view, holder, step, cell) {
  const { x, zeros, kernel, reach } = view.trace();
  const [width, height] = [(x.length + 2 * zeros) * cell, 92];
  const dilation = kernel.length > 1 ? (reach - 1) / (kernel.length - 1) : 0;
  const radius = Math.min(15, cell * 0.46);
  const shape = JSON.stringify([width, cell, reach, [...kernel]]);
  if (holder.shape !== shape) {
    holder.shape = shape;
    const end = (reach / 2) * cell;
    const parts = Array.from(kernel, (weight, tap) => {
      const place = (tap * dilation + 0.5) * cell;
      const colour = view.look.cycle[tap];
      const text = format(weight);
      return `<line x1="${place}" y1="0" x2="${place}" y2="24" stroke="${colour}" stroke-width="3"/>`
        + `<line x1="${place}" y1="24" x2="${end}" y2="${height}" stroke="${colour}" stroke-width="3"/>`
        + `<circle cx="${place}" cy="26" r="${radius}" style="fill: ${hue(view, tap, 45)}" `
        + `stroke="${colour}" stroke-width="2"/><text x="${place}" y="26" text-anchor="middle" `
        + `dominant-baseline="central" font-size="${Math.min(15, radius * (text.length > 2 ? 0.8 : 1.1))}" `
        + `style="fill: var(--segviz-ink)">${text}</text>`;
    });
    holder.innerHTML = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" `
      + `style="overflow: visible"><g class="segviz-glide">${parts.join("")}</g></svg>`;
  }
  holder.querySelector("g").style.transform = `translateX(${step * cell}px)`;
}

function matrix(view, walk) {
  const table = numberTable({ label: "Matrix", onCell: (row) => walk.seek(row) });
  const result = numberTable({ label: "Output", onCell: (row) => walk.seek(row) });
  const pair = element("div", { style: "display: flex; gap: 12px" }, table.element, result.element);
  const part = element("div", { style: "flex: none" }, pair);
  view.onDraw(() => {
    const { square } = cellSizes(view);
    const trace = view.trace();
    const [rows, columns] = trace.matrix.shape;
    const step = at(view, walk);
    writeMatrix(view, table, trace, step);
    result.write(Array.from(trace.output, (number, i) => [i <= step ? number : null]), {
      kind: (row) => (row === step ? "lit" : row > step ? "empty" : ""),
    });
    table.name(`matrix, ${rows} × ${columns}`);
    result.name("output");
    setCell(table, square);
    setCell(result, square);
    result.element.firstChild.nextSibling.style.width = `${1.5 * square}px`;
    // Room for as many rows as there can be: the lines below stay where they are.
    part.style.minHeight = `${columns * square + 30}px`;
  });
  return part;
}

function writeMatrix(view, table, trace, step) {
  const [rows, columns] = trace.matrix.shape;
  const taps = Array.from({ length: rows }, (_, row) => readBy(trace, row));
  const between = (row, column) => column > row - trace.zeros
    && column < row - trace.zeros + trace.reach - 1;
  table.write(
    Array.from({ length: rows }, (_, row) =>
      Array.from(trace.matrix.subarray(row * columns, (row + 1) * columns))),
    {
      kind: (row, column) =>
        (!taps[row].includes(column) && between(row, column) ? "unread" : ""),
      box: { row: step, column: 0, width: columns },
    },
  );
  for (const cell of table.cells) {
    const tap = taps[cell.at[0]].indexOf(cell.at[1]);
    paintCell(cell, tap < 0 ? "" : hue(view, tap, cell.at[0] === step ? 75 : 40));
  }
}

export default { render };
