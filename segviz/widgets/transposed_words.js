// What a transposed convolution's trace says, in words and as steps; without a page.
import { format } from "./core.js";

const text = (number) => format(number, 4);
export const inBrackets = (numbers) => `(${[...numbers].map(text).join(", ")})`;
// Brackets keep a minus from meeting another sign; the first of a sum needs none.
const factor = (number, place = 1) => (number < 0 && place ? `(${text(number)})` : text(number));

// "output 4", "outputs 4 to 6", "outputs 4, 6 and 8".
export function places(word, numbers) {
  if (numbers.length === 1) return `${word} ${numbers[0]}`;
  const last = numbers.at(-1);
  if (last - numbers[0] === numbers.length - 1 && numbers.length > 2) {
    return `${word}s ${numbers[0]} to ${last}`;
  }
  return `${word}s ${numbers.slice(0, -1).join(", ")} and ${last}`;
}

const stamps = new WeakMap();

// The taps of one stamp as {tap, target, product, after}; target is -1 where it is cropped. They
// are read a dozen times a picture, so they are made once.
export function stampOf(trace, row) {
  if (!stamps.has(trace)) stamps.set(trace, []);
  return (stamps.get(trace)[row] ??= tapsOf(trace, row));
}

function tapsOf(trace, row) {
  const taps = trace.targets.shape[1];
  return Array.from({ length: taps }, (_, tap) => {
    const at = row * taps + tap;
    return { tap, target: trace.targets[at], product: trace.products[at], after: trace.after?.[at] };
  });
}

export const rowsOf = (trace) => trace.targets.shape[0];

// Which stamps meet an output, up to a row: {row, tap, product, after}, in their order.
export function givers(trace, target, until = Infinity) {
  const all = indexed(trace)[target] ?? [];
  return until === Infinity ? all : all.filter(({ row }) => row <= until);
}

const indices = new WeakMap();

// Looked up for every output of every frame, so it is sorted once.
function indexed(trace) {
  if (indices.has(trace)) return indices.get(trace);
  const found = [];
  for (let row = 0; row < rowsOf(trace); row++) {
    for (const one of stampOf(trace, row)) {
      if (one.target >= 0) (found[one.target] ??= []).push({ row, ...one });
    }
  }
  indices.set(trace, found);
  return found;
}

// What each output holds once stamps 0 to row are there; null where none has come yet. When all
// have come, what none of them reaches is known too: 0.
export function outputsAfter(trace, row) {
  const none = row + 1 < rowsOf(trace) ? null : 0;
  const outputs = Array.from({ length: trace.output.length }, () => none);
  for (let i = 0; i <= row; i++) {
    for (const { target, after } of stampOf(trace, i)) if (target >= 0) outputs[target] = after;
  }
  return outputs;
}

// What the flipped kernel meets at one output: {weight, value, source} from left to right.
export function windowAt(trace, target, dilation) {
  const taps = trace.kernel.length;
  return Array.from({ length: taps }, (_, t) => {
    const place = trace.window[0] + target + t * dilation;
    const source = trace.source[place];
    return { weight: trace.kernel[taps - 1 - t], value: source < 0 ? 0 : trace.x[source], source, place };
  });
}

const sum = (terms) => terms.map(([a, b], i) => `${factor(a, i)}·${factor(b)}`).join(" + ");

// One step as it is written down on paper.
export function product(trace, step, mode, { dilation }) {
  if (mode === "normal") {
    const terms = stampOf(trace, step).map(({ tap, target }) =>
      [trace.kernel[tap], target < 0 ? 0 : trace.x[target]]);
    return `y[${step}] = ${sum(terms)} = ${text(trace.output[step])}`;
  }
  if (mode === "gather") {
    const terms = windowAt(trace, step, dilation).map(({ weight, value }) => [weight, value]);
    return `y[${step}] = ${sum(terms)} = ${text(trace.output[step])}`;
  }
  const stamp = stampOf(trace, step);
  const added = stamp.filter(({ target }) => target >= 0).map(({ target, after }) => {
    const parts = givers(trace, target, step).map((one) => one.product);
    const many = parts.length > 1 ? ` = ${parts.map(factor).join(" + ")}` : "";
    return `y[${target}]${many} = ${text(after)}`;
  });
  const result = inBrackets(stamp.map((one) => one.product));
  return `${text(trace.x[step])} · ${inBrackets(trace.kernel)} = ${result}`
    + (added.length ? `  →  ${added.join(",  ")}` : "");
}

export function sentence(trace, step, mode, { dilation }) {
  const kernel = inBrackets(trace.kernel);
  const count = mode === "gather" ? trace.output.length : rowsOf(trace);
  const start = `Step ${step + 1} of ${count}: `;
  if (mode === "gather") {
    const met = windowAt(trace, step, dilation).map(({ value }) => value);
    return `${start}the flipped kernel ${inBrackets([...trace.kernel].reverse())} on `
      + `${inBrackets(met)} gives output ${step}, ${text(trace.output[step])}.`;
  }
  const stamp = stampOf(trace, step);
  const inside = stamp.filter(({ target }) => target >= 0).map(({ target }) => target);
  const outside = stamp.length - inside.length;
  if (mode === "normal") {
    const zeros = outside ? ` and ${outside} zero${outside > 1 ? "s" : ""} of the padding` : "";
    const read = inside.length ? `on ${places("input", inside)}${zeros}` : "on padding alone";
    return `${start}kernel ${kernel} ${read} gives output ${step}, ${text(trace.output[step])}.`;
  }
  const cropped = outside ? `; the padding crops ${outside} of its numbers` : "";
  const goes = inside.length ? `is added to ${places("output", inside)}${cropped}`
    : "is cropped whole by the padding";
  return `${start}input ${text(trace.x[step])} times kernel ${kernel} ${goes}.`;
}
