import { element, format, open, putText } from "./core.js";
import { widthOf } from "./drawing.js";
import { choice, player, slider } from "./controls.js";
import { paintedTable } from "./painted_tables.js";
import { cellSizes, sampling } from "./atrous_sampling.js";

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
  const row = sampling(view, { at: () => at(view, walk), seek: walk.seek });
  view.stage.append(row, matrix(view, walk));
  view.lines.append(...texts(view, walk));
  view.onDraw(() => view.say(sentence(view.trace(), at(view, walk))));
  return view.close;
}

// Python's answer may have fewer steps than the last one had.
const at = (view, walk) => Math.min(walk.step, view.trace().output.length - 1);

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

// C on a canvas, and beside it what each of its rows makes of x.
function matrix(view, walk) {
  const table = paintedTable(view, { label: "Matrix", onCell: (row) => walk.seek(row) });
  const result = paintedTable(view, { label: "Output", onCell: (row) => walk.seek(row) });
  const pair = element("div", { style: "display: flex; gap: 12px" }, table.element, result.element);
  const part = element("div", { style: "flex: none" }, pair);
  view.onDraw(() => {
    const { square } = cellSizes(view);
    const trace = view.trace();
    const [rows, columns] = trace.matrix.shape;
    const step = at(view, walk);
    table.name(`matrix, ${rows} × ${columns}`);
    writeMatrix(view, table, step, square);
    result.name("output");
    result.write(Array.from(trace.output, (number, i) => [i <= step ? number : null]), {
      kind: (row) => (row === step ? "lit" : row > step ? "empty" : ""),
      cell: [Math.round(1.5 * square), square],
    });
    // Room for as many rows as there can be: the lines below stay where they are.
    part.style.minHeight = `${columns * square + 30}px`;
  });
  return part;
}

function writeMatrix(view, table, step, square) {
  const trace = view.trace();
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
      hue: (row, column) => {
        const tap = taps[row].indexOf(column);
        return tap < 0 ? null : [view.look.cycle[tap], row === step ? 75 : 40];
      },
      box: { row: step, column: 0, width: columns },
      cell: [square, square],
    },
  );
}

export default { render };
