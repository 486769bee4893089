import { element, format, open, putText } from "./core.js";
import { choice, grid, player, slider } from "./controls.js";
import { followArrows } from "./canvas.js";
import { glider, sheet } from "./cells.js";
import { givers, rowsOf, stampOf } from "./transposed_words.js";
import {
  croppedBehind, paintBlocks, paintOutput2D, paintSpread2D, paintStamp2D, sideOf, squares,
} from "./transposed_picture_2d.js";

const HEIGHT = 256;
const SIZES = ["n", "kernel_size", "stride", "padding", "output_padding", "dilation"];
const brackets = (number) => (number < 0 ? `(${format(number, 4)})` : format(number, 4));

// "(1, 2; 0, −1)": a table in one line.
export function inRows(numbers, columns) {
  const rows = Array.from({ length: numbers.length / columns }, (_, row) =>
    [...numbers].slice(row * columns, (row + 1) * columns).map((one) => format(one, 4)).join(", "));
  return `(${rows.join("; ")})`;
}

const pair = (place, side) => `(${Math.floor(place / side)}, ${place % side})`;

// Who gave what to one output, from its first stamp to its last.
export function origin(trace, place) {
  const [k, m] = [trace.kernel.shape[0], sideOf(trace)];
  const from = givers(trace, place);
  const at = `y${pair(place, m)} = `;
  if (!from.length) return `${at}0: no stamp reaches it`;
  const terms = from.map(({ row, tap }, i) => {
    const value = trace.x[row];
    return `${i ? brackets(value) : format(value, 4)}·${brackets(trace.kernel[tap])}`;
  });
  const names = from.map(({ row, tap }) => `x${pair(row, trace.x.shape[0])} w${pair(tap, k)}`);
  return `${at}${names.join(" + ")} = ${terms.join(" + ")} = ${format(trace.output[place], 4)}`;
}

export function sentence2D(trace, step, mode, count) {
  const [n, m, k] = [trace.x.shape[0], sideOf(trace), trace.kernel.shape[0]];
  const start = count ? `Step ${step + 1} of ${count}: ` : "";
  if (mode !== "scatter") {
    const from = givers(trace, step);
    const inputs = from.map(({ row }) => pair(row, n)).join(", ");
    const who = from.length ? `is made by input${from.length > 1 ? "s" : ""} ${inputs}`
      : "gets nothing";
    return `${start}output ${pair(step, m)} ${who}: ${format(trace.output[step], 4)}.`;
  }
  const inside = stampOf(trace, step).filter(({ target }) => target >= 0);
  const cropped = k * k - inside.length;
  const input = `${start}input ${pair(step, n)}, ${format(trace.x[step], 4)}, times the kernel `;
  if (!inside.length) return `${input}is cropped whole by the padding.`;
  const ends = `${pair(inside[0].target, m)} to ${pair(inside.at(-1).target, m)}`;
  return `${input}is added to outputs ${ends}`
    + `${cropped ? `; the padding crops ${cropped} of its numbers` : ""}.`;
}

export function written2D(trace, step, mode) {
  if (mode !== "scatter") return origin(trace, step);
  const k = trace.kernel.shape[0];
  const stamp = stampOf(trace, step).map(({ product }) => product);
  return `${format(trace.x[step], 4)} · ${inRows(trace.kernel, k)} = ${inRows(stamp, k)}`;
}

function render(context) {
  const view = open(context, "Transposed convolution in 2-D");
  choice(view, "reading", { quiet: true });
  const steps = () => (view.get("reading") === "gather" ? view.trace().output.length
    : rowsOf(view.trace()));
  const walk = player(view, {
    steps, rate: () => Math.max(1, steps() / 20), name: (step) => `step ${step + 1} of ${steps()}`,
  });
  walk.seek(Infinity);
  const sliders = SIZES.map((name) => slider(view, name));
  for (const one of sliders) one.classList.add("segviz-short");
  view.stage.before(element("div", { class: "segviz-controls segviz-sizes" }, ...sliders));
  const pointed = { place: null };
  // What all pictures show: a step, or the output that is pointed at.
  const now = () => {
    const trace = view.trace();
    const settings = settingsOf(view);
    const hue = (input) => view.look.cycle[input % view.look.cycle.length];
    const at = { trace, settings, hue, padding: settings.padding };
    if (pointed.place !== null && pointed.place < trace.output.length) {
      return { ...at, step: pointed.place, mode: "pointed" };
    }
    return { ...at, step: Math.min(walk.step, steps() - 1), mode: view.get("reading"), count: steps() };
  };
  const pictures = [before(view, now), output(view, now, pointed, walk)];
  view.stage.append(tables(view, now), ...pictures, blocks(view, now));
  lines(view, now);
  return view.close;
}

const settingsOf = (view) => Object.fromEntries(SIZES.map((name) => [name, view.settled(name)]));

const keyOf = (view, { step, mode, settings }) => [step, mode, settings, view.model.get("_answered")];

// The input and the kernel to type in; inputs that count now stand out.
function tables(view, now) {
  const parts = [["values", "x", "input x"], ["kernel", "kernel", "kernel w"]].map(
    ([name, traced, words]) => {
      const numbers = () => {
        const typed = view.get(name);
        const { [traced]: table } = view.trace();
        const side = table.shape[0];
        return Array.from({ length: side }, (_, row) => Array.from({ length: side }, (_, column) =>
          typed[row]?.[column] ?? table[row * side + column]));
      };
      const edit = (row, column, number) => view.ask({ [name]: numbers().map((line, r) =>
        line.map((old, c) => (r === row && c === column ? number : old))) });
      const table = grid({ label: words, step: 1, digits: 4, room: 38,
        onEdit: view.works(name) && edit });
      view.onDraw(() => {
        const { trace, step, mode, hue } = now();
        const from = mode === "scatter" ? [] : givers(trace, step);
        table.write(numbers(), (_number, row, column) => {
          const place = row * trace[traced].shape[0] + column;
          if (name === "kernel") return from.some(({ tap }) => tap === place) ? lit("#999") : null;
          const counts = mode === "scatter" ? place === step : from.some((one) => one.row === place);
          return counts ? lit(hue(place)) : [tint(hue(place), 24)];
        });
      });
      return element("div", {}, element("p", { class: "segviz-caption" }, words), table.element);
    });
  return element("div", { class: "segviz-typed" }, ...parts);
}

const tint = (hue, share) => `color-mix(in srgb, ${hue} ${share}%, var(--segviz-page))`;
const lit = (hue) => [tint(hue, 62)];

function before(view, now) {
  const made = sheet(view, { label: "Stamp", height: HEIGHT });
  view.onDraw(() => {
    const all = now();
    const stamping = all.mode === "scatter";
    made.name(stamping ? "stamp: input × kernel" : "input with zeros, flipped kernel on it");
    made.paint((pen) => (stamping ? paintStamp2D : paintSpread2D)(pen, all), keyOf(view, all));
  });
  return made.element;
}

function output(view, now, pointed, walk) {
  const made = sheet(view, { label: "Output", height: HEIGHT, keys: true });
  const point = (place) => {
    if (pointed.place === place) return;
    pointed.place = place;
    view.redraw();
  };
  const side = () => sideOf(view.trace());
  made.canvas.addEventListener("pointermove", (event) => {
    const box = made.canvas.getBoundingClientRect();
    const settings = settingsOf(view);
    const room = { width: made.element.clientWidth, height: HEIGHT };
    const { cellAt } = squares(side(), settings.padding, room, croppedBehind(settings));
    const [row, column] = cellAt(event.clientX - box.left, event.clientY - box.top);
    const inside = [row, column].every((one) => one >= 0 && one < side());
    point(inside && !walk.playing ? row * side() + column : null);
  });
  for (const end of ["pointerleave", "blur"]) made.canvas.addEventListener(end, () => point(null));
  const shape = { canvas: made.canvas, get rows() { return side(); }, get columns() { return side(); } };
  followArrows(shape, (row, column) => point(row * side() + column), () => {
    const place = pointed.place ?? 0;
    return [Math.floor(place / side()), place % side()];
  });
  view.onDraw(() => {
    const all = now();
    const text = `output y, ${side()} × ${side()}`;
    made.name(text, `${text}. The arrow keys ask a pixel who made it.`);
    made.paint((pen) => paintOutput2D(pen, all), keyOf(view, all));
  });
  return made.element;
}

function blocks(view, now) {
  const glide = glider(view);
  const made = sheet(view, { label: "Matrix", height: 92 });
  made.element.classList.add("segviz-whole");
  view.onDraw(() => {
    const all = now();
    const moved = glide(all.step);
    const m = all.trace.output.length;
    made.name(`C, ${rowsOf(all.trace)} × ${m}, doubly blocked: y = Cᵀ x, pictures read row by row`);
    made.paint((pen) => paintBlocks(pen, { ...all, moved }), [moved, keyOf(view, all)]);
  });
  return made.element;
}

function lines(view, now) {
  const [written, formula, check, remark] = Array.from({ length: 4 }, () => element("p"));
  written.classList.add("segviz-written");
  view.lines.append(view.error, written, view.readout,
    element("div", { class: "segviz-pair" }, formula, check), remark);
  view.onDraw(() => {
    const { trace, step, mode, count } = now();
    putText(written, written2D(trace, step, mode));
    putText(formula, trace.formula);
    putText(check, trace.check);
    putText(remark, trace.remark);
    view.say(sentence2D(trace, step, mode, count));
  });
}

export default { render };
