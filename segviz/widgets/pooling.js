import { element, format, open, putText } from "./core.js";
import { choice, player, slider, toggle } from "./controls.js";
import { picture } from "./canvas.js";
import { numberTable } from "./tables.js";

// The window that makes one output: its place, clipped to the table, and what it holds.
export function windowOf({ size, starts, ends, table }, step) {
  const [row, column] = [Math.floor(step / size[1]), step % size[1]];
  const [top, left] = [starts[0][row], starts[1][column]];
  const [bottom, right] = [ends[0][row], ends[1][column]];
  const numbers = [];
  for (let r = top; r < bottom; r++) {
    for (let c = left; c < right; c++) numbers.push(table[r * table.shape[1] + c]);
  }
  return { row, column, top, left, bottom, right, numbers };
}

// "rows 2 to 3", or "row 2" where there is one.
export function span(word, from, end) {
  return end - from === 1 ? `${word} ${from}` : `${word}s ${from} to ${end - 1}`;
}

const times = (count) => ({ 2: "twice", 3: "three times" })[count] ?? `${count} times`;

// 2.33 stands for 7/3: then the sign between says so.
const about = (number) => (Math.abs(number * 100 - Math.round(number * 100)) < 1e-9 ? "=" : "≈");

export function sentence(trace, step) {
  const { top, left, bottom, right } = windowOf(trace, step);
  const start = `Step ${step + 1} of ${trace.output.length}: window ${span("row", top, bottom)}, `
    + `${span("column", left, right)}: `;
  const value = format(trace.output[step]);
  if (!trace.indices) {
    const approximately = about(trace.output[step]) === "≈" ? "about " : "";
    return `${start}${trace.counts[step]} numbers, sum ${format(trace.sums[step])}, average `
      + `${approximately}${value}.`;
  }
  const index = trace.indices[step];
  const columns = trace.table.shape[1];
  const ties = trace.ties[step] > 1 ? ` (${times(trace.ties[step])}; the first counts)` : "";
  return `${start}largest is ${value}${ties}, at row ${Math.floor(index / columns)}, column `
    + `${index % columns}, index ${index}.`;
}

// The same as it is written down: max(1, 3, 4, 2) = 4, or (1 + 3 + 4 + 2) / 4 = 2.5.
export function written(trace, step) {
  const numbers = windowOf(trace, step).numbers.map((one) => format(one));
  const value = format(trace.output[step]);
  if (trace.indices) return `max(${numbers.join(", ")}) = ${value}`;
  const sum = numbers.map((one) => (one.startsWith("−") ? `(${one})` : one)).join(" + ");
  return `(${sum}) / ${numbers.length} ${about(trace.output[step])} ${value}`;
}

// A flat array as rows, with null from one place on.
export function tableRows(values, [rows, columns], until = Infinity) {
  return Array.from({ length: rows }, (_, r) => Array.from({ length: columns }, (_, c) =>
    (r * columns + c < until ? values[r * columns + c] : null)));
}

function render(context) {
  const view = open(context, "Pooling of a table of numbers");
  choice(view, "mode");
  const sliders = ["kernel_size", "stride", "rows", "columns"].map((name) => slider(view, name));
  // Short, so that all of them stand in one line of a projected page.
  for (const one of sliders) one.querySelector("input").style.width = "80px";
  toggle(view, "ceil_mode");
  const steps = () => view.trace().output.length;
  const walk = player(view, {
    steps,
    // Slow enough to check each number, and never longer than a dozen seconds.
    rate: () => Math.max(1, steps() / 12),
    name: (step) => `step ${step + 1} of ${steps()}`,
  });
  view.stage.append(tables(view, walk), thumbnails(view));
  lines(view, walk);
  return view.close;
}

function tables(view, walk) {
  const seek = (row, column) => walk.seek(row * view.trace().size[1] + column);
  const edit = (row, column, number) => {
    const values = typed(view);
    values[row][column] = number;
    view.ask({ values });
  };
  const input = numberTable({ label: "Input", onEdit: view.works("values") && edit });
  const output = numberTable({ label: "Output", onCell: seek });
  const third = numberTable({ label: "Beside the output", onCell: seek });
  view.onDraw(() => {
    const trace = view.trace();
    const step = at(view, walk);
    writeInput(view, input, trace, windowOf(trace, step), step);
    const { row, column } = windowOf(trace, step);
    const kind = (r, c) =>
      (r === row && c === column ? "lit" : r * trace.size[1] + c > step ? "empty" : "");
    const parts = [[output, trace.output], [third, trace.indices ?? trace.sums]];
    for (const [one, values] of parts) {
      one.write(tableRows(values, trace.size, step + 1), { kind });
    }
    const name = trace.indices ? "largest" : "average";
    output.name(`${name}, ${trace.size.join(" × ")}`);
    third.name(trace.indices ? "saved index" : "sum");
  });
  const sum = element("p", { class: "segviz-total" });
  view.onDraw(() => putText(sum, written(view.trace(), at(view, walk))));
  const parts = [input, output, third].map((one) => one.element);
  return element("div", { class: "segviz-tables" }, ...parts, sum);
}

// Python's answer may have fewer steps than the last one had.
const at = (view, walk) => Math.min(walk.step, view.trace().output.length - 1);

// The table with what has been typed since Python's last answer.
function typed(view) {
  const values = view.get("values");
  const { table } = view.trace();
  return tableRows(table, table.shape).map((line, r) =>
    line.map((number, c) => values[r]?.[c] ?? number));
}

// The window may jut out: then the table grows by the places that are not there.
function writeInput(view, input, trace, { top, left, bottom, right }, step) {
  const kernelSize = view.settled("kernel_size");
  const [rows, columns] = trace.table.shape;
  const reach = trace.starts.map((starts) => starts.at(-1) + kernelSize);
  const shown = [Math.max(rows, reach[0]), Math.max(columns, reach[1])];
  const inside = (r, c) => r < rows && c < columns;
  const index = (r, c) => r * columns + c;
  const kind = (r, c) => {
    if (!inside(r, c)) return "outside";
    if (trace.indices?.[step] === index(r, c)) return "lit";
    if (r >= top && r < bottom && c >= left && c < right) return "seen";
    return trace.reads[index(r, c)] ? "" : "unread";
  };
  const numbers = typed(view);
  const values = Array.from({ length: shown[0] }, (_, r) =>
    Array.from({ length: shown[1] }, (_, c) => numbers[r]?.[c] ?? null));
  const editable = view.works("values") ? " (editable)" : "";
  input.name(`input, ${rows} × ${columns}${editable}`);
  input.write(values, {
    kind, note: (r, c) => (trace.indices && inside(r, c) ? index(r, c) : ""),
    box: { row: top, column: left, height: kernelSize, width: kernelSize },
  });
}

function thumbnails(view) {
  const { picture: codes } = view.scene;
  const before = picture(view, { label: `picture, ${codes.shape.join(" × ")}` });
  const after = picture(view, { label: "pooled" });
  const paint = (made, image) => made.paint({
    codes: image, table: view.look.grey, rows: image.shape[0], columns: image.shape[1],
    fit: Math.max(...codes.shape),
  });
  view.onDraw(() => {
    const { pooled } = view.detail();
    after.name(`pooled alike, ${pooled.shape.join(" × ")}`);
    paint(before, codes);
    paint(after, pooled);
  });
  return element("div", { class: "segviz-pictures" }, before.element, after.element);
}

function lines(view, walk) {
  const formula = element("p");
  const remarks = element("p");
  view.lines.append(formula, remarks);
  view.onDraw(() => {
    const trace = view.trace();
    putText(formula, trace.formula.join(";  "));
    putText(remarks, trace.remarks);
    view.say(sentence(trace, at(view, walk)));
  });
}

export default { render };
