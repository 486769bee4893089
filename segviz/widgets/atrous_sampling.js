// The row of numbers with the taps of the kernel, and the output under it.
import { element, format, putAttribute } from "./core.js";
import { numberTable } from "./tables.js";
import { fontSize, paintedTable } from "./painted_tables.js";

// A row of numbers with something typed in, as Python takes it.
export function withNumber(row, settled, place, number) {
  return [Array.from(settled, (old, i) => (i === place ? number : row[i] ?? old))];
}

// The numbers to be shown where they are typed in: what Python has yet to answer counts already.
const pending = (view, name, settled) => {
  const [row] = view.get(name);
  return [Array.from(settled, (old, i) => row[i] ?? old)];
};

// How far apart the taps are; with one there is no distance.
export const spacing = ({ kernel, reach }) =>
  (kernel.length > 1 ? (reach - 1) / (kernel.length - 1) : 1);

// Which tap stands on a place of the input with its zeros, or -1.
export function tapOver(trace, step, place) {
  const tap = (place - step) / spacing(trace);
  return Number.isInteger(tap) && tap >= 0 && tap < trace.kernel.length ? tap : -1;
}

// Cells as large as fit. The matrix's depend on input_size alone, so that no other slider moves it.
export function cellSizes(view) {
  const { x, zeros } = view.trace();
  const room = view.room();
  const wide = room >= 760;
  const largest = wide ? Math.floor(372 / x.length) : Math.floor((room - 76) / x.length);
  const square = Math.max(16, Math.min(36, largest));
  const left = wide ? Math.min(700, room - square * x.length - 100) : room - 4;
  const cell = Math.max(15, Math.min(50, Math.floor((left - 1) / (x.length + 2 * zeros))));
  return { cell, square, left };
}

const tint = (view, tap) => `color-mix(in srgb, ${view.look.cycle[tap]} 45%, var(--segviz-page))`;

const note = (editable) => (editable ? " (editable)" : "");

// at(): the step; seek(step): what a press on an output does
export function sampling(view, { at, seek }) {
  const output = paintedTable(view, { label: "Output", onCell: (_, column) => seek(column) });
  const taps = element("div", { "aria-hidden": "true", style: "line-height: 0" });
  const input = inputTable(view, at);
  const rows = element("div", { style: "margin-top: 10px" }, input, taps, output.element);
  // The caption below, so that the lines end at the numbers.
  output.element.style.cssText = "display: flex; flex-direction: column-reverse";
  const part = element("div", { style: "overflow-x: auto; flex: none; padding-bottom: 4px" },
    kernelTable(view), rows);
  view.onDraw(() => {
    const { cell, left } = cellSizes(view);
    part.style.width = `${Math.max(200, left)}px`;
    writeOutput(view, output, at(), cell);
    drawTaps(view, taps, at(), cell);
  });
  return part;
}

function setCell(table, size) {
  table.element.style.setProperty("--cell", `${size}px`);
  for (const cell of table.cells) {
    const { value: number } = cell;
    const text = number.value ?? number.textContent;
    const wanted = `${fontSize(text, { width: size, height: size })}px`;
    if (cell.fontSize === (cell.fontSize = wanted)) continue;
    Object.assign(number.style, { fontSize: wanted, padding: cell.input ? "0" : "" });
  }
}

function kernelTable(view) {
  const edit = view.works("kernel") && ((_, column, number) => view.ask({
    kernel: withNumber(view.get("kernel")[0], view.trace().kernel, column, number),
  }));
  const kernel = numberTable({ label: "Kernel", onEdit: edit });
  view.onDraw(() => {
    const weights = view.trace().kernel;
    kernel.write(pending(view, "kernel", weights));
    kernel.name(`kernel, ${weights.length} weight${weights.length > 1 ? "s" : ""}${note(edit)}`);
    kernel.cells.forEach((cell, tap) => {
      if (cell.tap !== (cell.tap = tap)) cell.element.style.background = tint(view, tap);
    });
    setCell(kernel, 34);
  });
  return kernel.element;
}

// The cells are painted, the added zeros with them; over them stand the numbers to type in.
function inputTable(view, at) {
  const edit = view.works("values") && ((_, column, number) => view.ask({
    values: withNumber(view.get("values")[0], view.trace().x, column, number),
  }));
  const input = numberTable({ label: "Input", onEdit: edit });
  const cells = paintedTable(view, { label: "Taps on the input" });
  cells.canvas.setAttribute("aria-hidden", "true");
  const numbers = input.element.lastChild;
  const line = element("div", { style: "position: relative" }, cells.sheet, numbers);
  input.element.append(line);
  view.onDraw(() => {
    const { x, zeros } = view.trace();
    const { cell } = cellSizes(view);
    const added = `${zeros} added zero${zeros > 1 ? "s" : ""} on each side`;
    input.name(`input, ${x.length} numbers${zeros ? ` and ${added}` : ""}`
      + note(edit));
    input.write(pending(view, "values", x));
    input.cells.forEach((one, i) => one.input && putAttribute(one.input, "aria-label", `x[${i}]`));
    numbers.style.left = `${zeros * cell}px`;
    setCell(input, cell);
    paintInput(view, cells, at(), cell);
  });
  return input.element;
}

function paintInput(view, cells, step, cell) {
  const { x, zeros, reach } = view.trace();
  cells.write([Array(x.length + 2 * zeros).fill(null)], {
    kind: (_, column) => (column < zeros || column >= zeros + x.length ? "outside" : ""),
    hue: (_, column) => {
      const tap = tapOver(view.trace(), step, column);
      return tap < 0 ? null : [view.look.cycle[tap], 45];
    },
    box: { row: 0, column: step, width: reach },
    cell: [cell, cell],
  });
}

function writeOutput(view, output, step, cell) {
  const { output: y, reach } = view.trace();
  output.name(`output, ${y.length} number${y.length > 1 ? "s" : ""}`);
  output.write([Array.from(y, (number, i) => (i <= step ? number : null))], {
    kind: (_, column) => (column === step ? "lit" : column > step ? "empty" : ""),
    cell: [cell, cell],
  });
  // Each number below the middle of its window.
  output.element.style.marginLeft = `${((reach - 1) / 2) * cell}px`;
}

// Lines from what is read to what comes out, with the weight on each; the pattern only moves.
function drawTaps(view, holder, step, cell) {
  const trace = view.trace();
  const { x, zeros, kernel, reach } = trace;
  const size = { width: (x.length + 2 * zeros) * cell, height: 92 };
  const shape = JSON.stringify([size, cell, reach, [...kernel]]);
  if (holder.shape !== shape) {
    holder.shape = shape;
    const parts = Array.from(kernel, (weight, tap) => tapDrawn(weight, {
      place: (tap * spacing(trace) + 0.5) * cell, end: (reach / 2) * cell, height: size.height,
      radius: Math.min(15, cell * 0.46), colour: view.look.cycle[tap], fill: tint(view, tap),
    }));
    holder.innerHTML = `<svg xmlns="http://www.w3.org/2000/svg" width="${size.width}" `
      + `height="${size.height}" style="overflow: visible"><g class="segviz-glide">${parts.join("")}`
      + "</g></svg>";
  }
  holder.querySelector("g").style.transform = `translateX(${step * cell}px)`;
}

function tapDrawn(weight, { place, end, height, radius, colour, fill }) {
  const text = format(weight);
  const size = Math.min(15, radius * (text.length > 2 ? 0.8 : 1.1));
  return `<line x1="${place}" y1="0" x2="${place}" y2="24" stroke="${colour}" stroke-width="3"/>`
    + `<line x1="${place}" y1="24" x2="${end}" y2="${height}" stroke="${colour}" stroke-width="3"/>`
    + `<circle cx="${place}" cy="26" r="${radius}" style="fill: ${fill}" stroke="${colour}" `
    + `stroke-width="2"/><text x="${place}" y="26" text-anchor="middle" dominant-baseline="central" `
    + `font-size="${size}" style="fill: var(--segviz-ink)">${text}</text>`;
}
