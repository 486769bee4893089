// How the 2-D pictures are painted: the stamp or the window, the output, the matrix.
import { format } from "./core.js";
import { cell, faintCells, frame, textSize, write } from "./cells.js";
import { givers, outputsAfter, rowsOf, stampOf } from "./transposed_words.js";

const TOP = 2;

export const sideOf = (trace) => trace.output.shape[0];

// What the padding crops behind the output: output_padding takes less away there.
export const croppedBehind = ({ padding, output_padding: added }) => Math.max(0, padding - added);

// Square cells for a table of so many on a side, with `margin` more before it and `behind` after it.
export function squares(side, margin, { width, height }, behind = margin) {
  const unit = Math.min(40, (Math.min(width, height) - 4) / (side + margin + behind));
  return {
    unit,
    box: (row, column) => ({
      x: 1 + (column + margin) * unit, y: TOP + (row + margin) * unit, width: unit, height: unit }),
    cellAt: (x, y) => [y - TOP, x - 1].map((place) => Math.floor(place / unit) - margin),
  };
}

// One stamp on an empty output: what is about to be added.
export function paintStamp2D(pen, { trace, step, hue, padding, settings }) {
  const m = sideOf(trace);
  const n = trace.x.shape[0];
  const k = trace.kernel.shape[0];
  const { box } = squares(m, padding, pen, croppedBehind(settings));
  const size = textSize(pen, trace.products, box(0, 0));
  paintGround(pen, m, settings, box);
  const [row, column] = [Math.floor(step / n), step % n];
  stampOf(trace, step).forEach(({ tap, target, product }) => {
    const at = [row, column].map((place, axis) => place * settings.stride - padding
      + settings.dilation * (axis ? tap % k : Math.floor(tap / k)));
    const cropped = target < 0;
    cell(pen, box(...at), { value: product, size, hue: cropped ? null : hue(step), strong: true,
      hatched: cropped, faint: cropped, lit: !cropped });
  });
}

function paintGround(pen, m, settings, box) {
  const { padding } = settings;
  if (!padding) return faintCells(pen, [m, m], box, {});
  const end = m + croppedBehind(settings);
  for (let row = -padding; row < end; row++) {
    for (let column = -padding; column < end; column++) {
      const inside = row >= 0 && row < m && column >= 0 && column < m;
      cell(pen, box(row, column), { faint: true, hatched: !inside });
    }
  }
}

// The input with zeros between and around, and the window of the flipped kernel.
export function paintSpread2D(pen, { trace, step, hue, settings }) {
  const m = sideOf(trace);
  const n = trace.x.shape[0];
  const k = trace.kernel.shape[0];
  const [start, stop] = trace.window;
  const { box, unit } = squares(trace.source.length, 0, pen);
  const size = textSize(pen, [0, ...trace.x], box(0, 0));
  const first = [Math.floor(step / m), step % m].map((place) => start + place);
  const tapAt = (place, axis) => (place - first[axis]) / settings.dilation;
  const seen = (place, axis) => {
    const tap = tapAt(place, axis);
    return Number.isInteger(tap) && tap >= 0 && tap < k;
  };
  trace.source.forEach((up, row) => trace.source.forEach((across, column) => {
    const input = up >= 0 && across >= 0 ? up * n + across : -1;
    const inside = [row, column].every((place) => place >= start && place < stop);
    const strong = inside && seen(row, 0) && seen(column, 1);
    const value = input < 0 ? 0 : trace.x[input];
    const weighted = strong && unit >= 26;
    cell(pen, box(row, column), { value: weighted ? null : value, size, strong,
      hue: input >= 0 && inside ? hue(input) : null, faint: input < 0, hatched: !inside,
      dashed: up === -2 || across === -2, lit: strong });
    if (!weighted) return;
    // The weight in the upper third, and the number that it meets below.
    const weight = trace.kernel[(k - 1 - tapAt(row, 0)) * k + k - 1 - tapAt(column, 1)];
    const { x, y } = box(row, column);
    write(pen, `×${format(weight, 2)}`, { x: x + 3, y: y + 2, width: unit - 4, height: 11, size: 9,
      align: "left" });
    write(pen, value, { x, y: y + 10, width: unit, height: unit - 10, size, bold: true });
  }));
}

// The output so far, with stripes for the inputs that each number is made of.
export function paintOutput2D(pen, { trace, step, mode, hue, padding, settings }) {
  const m = sideOf(trace);
  const { box } = squares(m, padding, pen, croppedBehind(settings));
  const size = textSize(pen, [...trace.output, ...trace.after], box(0, 0));
  paintGround(pen, m, settings, box);
  const values = mode === "scatter" ? outputsAfter(trace, step) : [...trace.output];
  const met = new Set(mode === "scatter" ? stampOf(trace, step).map(({ target }) => target) : [step]);
  const until = mode === "scatter" ? step : Infinity;
  for (let place = 0; place < m * m; place++) {
    const come = mode !== "gather" || place <= step;
    const stripes = givers(trace, place, until).map(({ row }) => hue(row));
    cell(pen, box(Math.floor(place / m), place % m), { value: come ? values[place] : null, size,
      lit: met.has(place), stripes: come && values[place] != null ? stripes : [] });
  }
  if (settings.output_padding) markAdded(pen, box, m, settings.output_padding);
}

// Where output_padding has made the output larger.
function markAdded(pen, box, m, added) {
  const { x, y, width } = box(0, 0);
  const edge = (m - added) * width;
  pen.context.strokeStyle = pen.inks.ink;
  pen.context.lineWidth = 1.5;
  pen.context.setLineDash([6, 4]);
  pen.context.beginPath();
  pen.context.moveTo(x + edge, y);
  pen.context.lineTo(x + edge, y + m * width);
  pen.context.moveTo(x, y + edge);
  pen.context.lineTo(x + m * width, y + edge);
  pen.context.stroke();
  pen.context.setLineDash([]);
}

// C: a row for each input, a column for each output, both read row by row; heavy lines stand
// where a row of the pictures ends.
export function paintBlocks(pen, { trace, step, mode, hue, moved }) {
  const m = sideOf(trace);
  const n = trace.x.shape[0];
  const rows = rowsOf(trace);
  const across = Math.min(22, (pen.width - 4) / (m * m));
  const down = Math.min(20, (pen.height - 6) / rows);
  const box = (row, column) => ({ x: 1 + column * across, y: TOP + row * down, width: across, height: down });
  const size = textSize(pen, [0, ...trace.kernel], box(0, 0));
  const whole = { ...box(0, 0), width: across * m * m, height: down * rows };
  for (let row = 0; row < rows; row++) {
    for (const { tap, target } of stampOf(trace, row)) {
      if (target < 0) continue;
      const strong = mode === "scatter" ? row === step : target === step;
      const here = box(row, target);
      pen.context.globalAlpha = strong ? 0.85 : 0.4;
      pen.context.fillStyle = hue(row);
      pen.context.fillRect(here.x, here.y, Math.max(1, across - (across > 4)), down - (down > 4));
      pen.context.globalAlpha = 1;
      if (size) write(pen, trace.kernel[tap], { ...here, size });
    }
  }
  rule(pen, whole, m, n);
  frame(pen, mode === "scatter" ? { ...box(moved.at, 0), width: whole.width }
    : { ...box(0, step), height: whole.height });
}

function rule({ context, inks }, { x, y, width, height }, m, n) {
  context.strokeStyle = inks.line;
  context.lineWidth = 1;
  context.beginPath();
  for (let block = 0; block <= m; block++) {
    const at = Math.round(x + (width * block) / m) + 0.5;
    context.moveTo(at, y);
    context.lineTo(at, y + height);
  }
  for (let block = 0; block <= n; block++) {
    const at = Math.round(y + (height * block) / n) + 0.5;
    context.moveTo(x, at);
    context.lineTo(x + width, at);
  }
  context.stroke();
}
