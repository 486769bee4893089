// Where everything stands in the 1-D picture, and how it is painted.
import { format } from "./core.js";
import { cell, faintCells, frame, textSize, veil, write } from "./cells.js";
import { givers, outputsAfter, rowsOf, stampOf, windowAt } from "./transposed_words.js";

const GUTTER = 56;
const CAPTION = 17;

// Columns are places of the grid, the longer side. Inputs stand over the middle of their stamps,
// and so do the middles of the windows of the other reading: both share one set of columns.
export function layOut1D(trace, mode, { stride, padding, dilation }, width, height) {
  const reach = (dilation * (trace.kernel.length - 1)) / 2;
  const rows = rowsOf(trace);
  const wide = Math.max(padding, reach);
  const extra = mode === "normal" ? 1.5 : 0;
  const room = width - GUTTER - 2;
  const needed = trace.grid + 2 * (mode === "gather" ? wide : padding) + extra;
  const cellWidth = Math.min(44, room / needed);
  // The two long rows keep their height; where the others get low, the matrix gives way first.
  const even = Math.min(28, (height - 4 * CAPTION - 4) / (2 * rows + 2));
  const tall = Math.max(20, even);
  const rest = (height - 4 * CAPTION - 4 - 2 * tall) / rows;
  const cellHeight = even < 17 ? rest * 0.58 : even;
  // The flipped kernel and its products are two rows, whatever there is room for.
  const pairHeight = Math.min(28, (rows * cellHeight) / 2);
  const matrixHeight = even < 17 ? rest * 0.42 : even;
  // Where there is room, both readings stand in the same columns.
  const both = (trace.grid + 2 * wide + extra) * cellWidth <= room;
  const side = both || mode === "gather" ? wide : padding;
  const tops = { above: CAPTION };
  tops.stamps = tops.above + tall + CAPTION;
  tops.below = tops.stamps + rows * cellHeight + CAPTION;
  tops.matrix = tops.below + tall + CAPTION;
  const left = (place) => GUTTER + (place + side) * cellWidth;
  return {
    mode, rows, tops, cellWidth, cellHeight, pairHeight, matrixHeight, tall, reach, left,
    middle: (row) => row * stride - padding + reach,
    tapAt: (row, tap) => row * stride - padding + tap * dilation,
    box: (place, y, height = cellHeight) => ({ x: left(place), y, width: cellWidth, height }),
    rowAt: (y) => Math.floor(y < tops.below ? (y - tops.stamps) / cellHeight
      : (y - tops.matrix) / matrixHeight),
    // A new stamp comes down from its input.
    stampAt: (row, { share }) =>
      tops.above + (tops.stamps + row * cellHeight - tops.above) * share,
    columnAt: (x) => Math.floor((x - GUTTER) / cellWidth - side),
  };
}

export function paint1D(pen, view, trace, step, plan, moved) {
  const hue = (row) => view.look.cycle[row % view.look.cycle.length];
  const all = { pen, trace, step, plan, hue, moved, settled: view.settled, ...sizes(pen, trace, plan) };
  ({ scatter: paintScatter, gather: paintGather, normal: paintNormal })[plan.mode](all);
  paintMatrix(all);
}

// The size of the numbers in each part of the picture.
function sizes(pen, trace, { mode, cellWidth: width, cellHeight, pairHeight, matrixHeight, tall }) {
  const height = mode === "gather" ? pairHeight : cellHeight;
  const long = [...trace.output, ...(trace.after ?? [])];
  return {
    inputs: textSize(pen, [0, ...trace.x], { width, height: tall }),
    small: textSize(pen, [...trace.kernel, ...trace.products], { width, height }),
    long: textSize(pen, long, { width, height: tall }),
    weights: textSize(pen, [0, ...trace.kernel], { width, height: matrixHeight }),
  };
}

function caption({ pen, plan }, top, words) {
  write(pen, words, { x: 2, y: plan.tops[top] - CAPTION, width: pen.width - 4, height: CAPTION,
    align: "left", size: 12, faint: true });
}

function label({ pen, plan }, y, words, lit, height = plan.cellHeight) {
  const size = Math.min(14, textSize(pen, [words], { width: GUTTER - 8, height }));
  write(pen, words, { x: 0, y, width: GUTTER - 8, height, align: "right", size, bold: lit });
}

function paintScatter(all) {
  const { pen, trace, step, plan, hue, inputs, moved } = all;
  caption(all, "above", "input x: each number gives the kernel its weight");
  caption(all, "stamps", "stamps: input × kernel");
  caption(all, "below", outputWords(all, "the stamps so far, added up"));
  const stamp = [plan.left(plan.tapAt(moved.at, 0)),
    plan.left(plan.tapAt(moved.at, trace.kernel.length - 1)) + plan.cellWidth];
  const over = plan.left(plan.middle(moved.at));
  const y = plan.stampAt(step, moved);
  veil(pen, plan.tops.above + plan.tall, [over, over + plan.cellWidth], y, stamp, hue(step));
  veil(pen, y + plan.cellHeight, stamp, plan.tops.below, stamp, hue(step));
  [...trace.x].forEach((value, i) => cell(pen, plan.box(plan.middle(i), plan.tops.above, plan.tall),
    { value, size: inputs, hue: hue(i), strong: i === step, lit: i === step }));
  for (let row = 0; row < plan.rows; row++) paintStamp(all, row);
  paintOutputs(all, outputsAfter(trace, step), step);
}

function paintStamp(all, row) {
  const { pen, trace, step, plan, hue, small, moved } = all;
  const y = row === step ? plan.stampAt(row, moved) : plan.tops.stamps + row * plan.cellHeight;
  const come = row <= step;
  if (come) label(all, y, `${format(trace.x[row], 4)} ×`, row === step);
  for (const { tap, target, product } of stampOf(trace, row)) {
    const cropped = target < 0;
    cell(pen, plan.box(plan.tapAt(row, tap), y), come
      ? { value: product, size: small, hue: cropped ? null : hue(row), strong: row === step, hatched: cropped,
        faint: cropped, lit: row === step && !cropped }
      : { dashed: true, faint: true });
  }
}

// The long row below, with stripes for the stamps that each number is made of.
function paintOutputs(all, values, step) {
  const { pen, trace, plan, hue, settled, long } = all;
  const gathering = plan.mode === "gather";
  label(all, plan.tops.below, "y", false, plan.tall);
  const added = settled("output_padding");
  const padding = settled("padding");
  // At the end, output_padding takes less away.
  for (let place = -padding; place < trace.grid + Math.max(0, padding - added); place++) {
    const box = plan.box(place, plan.tops.below, plan.tall);
    if (place < 0 || place >= trace.grid) {
      cell(pen, box, { hatched: true, faint: true, dashed: true });
      continue;
    }
    const from = givers(trace, place, gathering ? Infinity : step);
    const lit = gathering ? place === step : from.at(-1)?.row === step;
    cell(pen, box, { value: values[place], size: long, lit, faint: !from.length, dashed: place >= trace.grid - added,
      stripes: values[place] == null ? [] : from.map(({ row }) => hue(row)) });
  }
  if (added) mark(all, trace.grid - added, added);
}

// Where output_padding has made the output longer.
function mark({ pen, plan }, place, count) {
  const { x, y, height } = plan.box(place, plan.tops.below, plan.tall);
  pen.context.fillStyle = pen.inks.ink;
  pen.context.fillRect(x + 1, y + height + 2, count * plan.cellWidth - 1, 2);
}

function outputWords({ settled }, words) {
  const added = settled("output_padding");
  return added ? `output y; the last ${added} of it: output_padding` : `output y: ${words}`;
}

// Which zeros the gathering reading puts around and between the numbers of the input.
export function zerosWords({ source }) {
  const between = source.includes(-1) ? "zeros inserted" : "";
  const border = source.includes(-2) ? "a border of zeros" : "";
  const words = [between, border].filter(Boolean).join(" and ");
  return words && ` with ${words}`;
}

function paintGather(all) {
  const { pen, trace, step, plan, hue, settled, inputs, small, moved } = all;
  caption(all, "above", `input x${zerosWords(trace)}`);
  caption(all, "stamps", "the flipped kernel on it, and their products");
  caption(all, "below", outputWords(all, "the sum of the products"));
  const dilation = settled("dilation");
  const met = windowAt(trace, step, dilation);
  label(all, plan.tops.above, "x", false, plan.tall);
  [...trace.source].forEach((source, place) => {
    const inside = place >= trace.window[0] && place < trace.window[1];
    const seen = met.some((one) => one.place === place);
    cell(pen, plan.box(place - trace.window[0] - plan.reach, plan.tops.above, plan.tall), {
      value: source < 0 ? 0 : trace.x[source], size: inputs, hue: source < 0 || !inside ? null : hue(source),
      hatched: !inside, faint: !inside || source < 0, dashed: source === -2, strong: seen, lit: seen,
    });
  });
  const second = plan.tops.stamps + plan.pairHeight;
  label(all, plan.tops.stamps, "flip(w)", false, plan.pairHeight);
  label(all, second, "=", false, plan.pairHeight);
  const from = givers(trace, step);
  met.forEach(({ weight, source }, t) => {
    const place = step - plan.reach + t * dilation;
    const colour = source < 0 ? null : hue(source);
    cell(pen, plan.box(place, plan.tops.stamps, plan.pairHeight), { value: weight, size: small, lit: true });
    cell(pen, plan.box(place, second, plan.pairHeight), { size: small, hue: colour, strong: true, faint: source < 0,
      value: source < 0 ? 0 : from.find((one) => one.row === source).product });
  });
  const ends = [plan.left(moved.at - plan.reach),
    plan.left(moved.at + plan.reach) + plan.cellWidth];
  const one = [plan.left(moved.at), plan.left(moved.at) + plan.cellWidth];
  veil(pen, second + plan.pairHeight, ends, plan.tops.below, one, pen.inks.ink);
  paintOutputs(all, [...trace.output].map((value, i) => (i <= step ? value : null)), step);
}

function paintNormal(all) {
  const { pen, trace, step, plan, hue, settled, inputs, small, long, moved } = all;
  caption(all, "above", "input x");
  caption(all, "stamps", "windows: kernel × what lies under it");
  caption(all, "below", "output y: the sum of each window");
  const padding = settled("padding");
  const seen = stampOf(trace, step).map(({ tap }) => plan.tapAt(step, tap));
  for (let place = -padding; place < trace.grid + padding; place++) {
    const inside = place >= 0 && place < trace.grid;
    cell(pen, plan.box(place, plan.tops.above, plan.tall), { value: inside ? trace.x[place] : 0,
      size: inputs, dashed: !inside, faint: !inside, lit: seen.includes(place),
      hue: seen.includes(place) ? hue(step) : null });
  }
  const ends = [plan.left(plan.tapAt(moved.at, 0)),
    plan.left(plan.tapAt(moved.at, trace.kernel.length - 1)) + plan.cellWidth];
  const over = plan.left(plan.middle(moved.at));
  const y = plan.tops.stamps + moved.at * plan.cellHeight;
  veil(pen, plan.tops.above + plan.tall, ends, y, ends, hue(step));
  veil(pen, y + plan.cellHeight, ends, plan.tops.below, [over, over + plan.cellWidth], hue(step));
  for (let row = 0; row < plan.rows; row++) {
    for (const { tap, target, product } of stampOf(trace, row)) {
      cell(pen, plan.box(plan.tapAt(row, tap), plan.tops.stamps + row * plan.cellHeight),
        row > step ? { dashed: true, faint: true }
          : { value: product, size: small, hue: hue(row), strong: row === step, lit: row === step,
            dashed: target < 0, faint: target < 0 });
    }
    cell(pen, plan.box(plan.middle(row), plan.tops.below, plan.tall), { size: long, hue: hue(row), strong: row === step,
      value: row > step ? null : trace.output[row], lit: row === step });
  }
}

// C in the same columns: each of its rows is where one stamp lies.
function paintMatrix(all) {
  const { pen, trace, step, plan, hue, weights, long, moved } = all;
  const normal = plan.mode === "normal";
  caption(all, "matrix", `C, matrix of the convolution ${trace.grid} → ${plan.rows}`
    + (normal ? ": y = C x" : ""));
  const top = (row) => plan.tops.matrix + row * plan.matrixHeight;
  faintCells(pen, [plan.rows, trace.grid],
    (row, place) => plan.box(place, top(row), plan.matrixHeight), { value: 0, size: weights });
  for (let row = 0; row < plan.rows; row++) {
    const y = top(row);
    const lit = plan.mode !== "gather" && row === step;
    for (const { tap, target } of stampOf(trace, row)) {
      if (target < 0) continue;
      const strong = lit || (plan.mode === "gather" && target === step);
      const box = plan.box(target, y, plan.matrixHeight);
      pen.context.clearRect(box.x + 1, box.y + 1, box.width - 1, box.height - 1);
      cell(pen, box, { value: trace.kernel[tap], size: weights, hue: hue(row), strong });
    }
    if (normal) {
      cell(pen, plan.box(trace.grid + 0.5, y, plan.matrixHeight), { size: long, hue: hue(row), strong: lit, lit,
        value: row > step ? null : trace.output[row] });
    }
  }
  const gliding = plan.mode === "gather"
    ? { ...plan.box(moved.at, plan.tops.matrix), height: plan.rows * plan.matrixHeight }
    : { ...plan.box(0, plan.tops.matrix + moved.at * plan.matrixHeight, plan.matrixHeight),
      width: trace.grid * plan.cellWidth };
  frame(pen, gliding);
}
