// The letter U of a U-Net on a canvas: maps to one scale, and the layers as arrows between them.
import { cell, write } from "./cells.js";

const GAP = 12; // pixels between two levels, for the arrows
const NARROW = 27; // pixels of a column in which numbers stand upright, as in the paper
const LINE = 16; // pixels of a line of the legend
const [CONVOLUTION, POOLING, UP, SKIP, SCORES] = [0, 1, 2, 3, 4];
const FAIL = "#d55e00";
const LEGEND = [
  [CONVOLUTION, "3×3 convolution"], [POOLING, "2×2 max-pooling"], [UP, "2×2 up-convolution"],
  [SKIP, "skip: crop, join"], [SCORES, "1×1 convolution"],
];

// The map of the way down that a skip brings across.
export function sourceOf({ layers, levels }, step) {
  const bottom = layers.indexOf(UP);
  for (let place = bottom; place >= 0; place--) {
    if (levels[place] === levels[step + 1]) return place;
  }
  return 0;
}

// Places of the maps in pixels: place 0 is the picture, place n + 1 what layer n makes.
export function layOutU(trace, width, height) {
  const { levels, columns, channels, layers } = trace;
  const tallest = levels.reduce((most, level, place) => {
    most[level] = Math.max(most[level] ?? 0, rowsAt(trace, place));
    return most;
  }, []);
  const columnWidth = width / (columns.at(-1) + 1.6);
  const narrow = columnWidth < NARROW;
  const label = narrow ? 29 : 15; // pixels of the numbers above and below each map
  const below = narrow ? LINE * Math.ceil(LEGEND.length / 2) : 0;
  const room = height - tallest.length * (2 * label + GAP) - below;
  const unit = Math.min(130 / tallest[0], room / tallest.reduce((sum, rows) => sum + rows, 0));
  const middles = [];
  tallest.reduce((top, rows) => {
    middles.push(top + label + (rows * unit) / 2);
    return top + rows * unit + 2 * label + GAP;
  }, 0);
  const boxes = Array.from(levels, (level, place) => {
    const wide = columnWidth * (0.16 + 0.5 * Math.sqrt(channels[place] / 1024));
    const tall = Math.max(2, unit * rowsAt(trace, place));
    const skips = layers[place - 1] === SKIP;
    const x = (columns[place] + 0.7) * columnWidth - wide * (skips ? 1.5 : 0.5);
    return { x, y: middles[level] - tall / 2, width: wide, height: tall };
  });
  return { boxes, middles, unit, columnWidth, narrow, label };
}

// Behind a clash there are no sizes; there the U is drawn as at the next one that fits.
const rowsAt = ({ rows, ghosts }, place) => rows[place] ?? ghosts[place];

// The layer whose map is nearest to a place, or -1 for the picture's.
export function layerAt({ boxes }, x, y) {
  const gap = (from, size, at) => Math.max(from - at, 0, at - from - size);
  const far = boxes.map((box) => Math.hypot(gap(box.x, box.width, x), gap(box.y, box.height, y)));
  return far.indexOf(Math.min(...far)) - 1;
}

export function paintU(pen, view, trace, step, plan) {
  const hues = layerHues(view, pen);
  const reached = trace.rows.length - 1;
  trace.layers.forEach((layer, place) => {
    const lit = place === step;
    pen.context.globalAlpha = place > reached || (place === reached && !lit) ? 0.3 : 1;
    arrow(pen, ends(trace, plan, place), hues[layer], lit ? 3 : 1.5);
    pen.context.globalAlpha = 1;
  });
  plan.boxes.forEach((_box, place) => paintMap(pen, view, trace, plan, place, step));
  trace.layers.forEach((layer, place) => {
    if (layer === SKIP && place < reached) crop(pen, trace, plan, place);
  });
  legend(pen, hues, plan.narrow ? 2 : 1);
}

const layerHues = (view, pen) => {
  const [blue, red, green, pink] = view.look.cycle;
  return [blue, red, green, pen.inks.line, pink];
};

function paintMap(pen, view, trace, plan, place, step) {
  const box = plan.boxes[place];
  const known = place < trace.rows.length;
  const skip = trace.layers[place - 1] === SKIP;
  const failed = place === trace.rows.length - 1 && place < trace.layers.length;
  const lit = place - 1 === step && known;
  pen.context.fillStyle = pen.inks.page;
  pen.context.fillRect(box.x, box.y, box.width, box.height);
  const hue = failed ? FAIL : lit ? view.look.cursor : known && !skip ? view.look.cycle[5] : null;
  cell(pen, box, { hue, strong: true, dashed: !known, faint: !known });
  if (!known || skip) return;
  const joined = trace.layers[place] === SKIP ? 2 : 1;
  const bold = lit || failed;
  const above = joined * trace.channels[place];
  number(pen, plan, above, box, box.y - plan.label, { size: 11, faint: true, bold });
  number(pen, plan, trace.rows[place], box, box.y + box.height + 1, { size: 12, bold });
}

// A number centred on a map's column; upright where columns are narrow.
function number(pen, { narrow, label, columnWidth }, value, box, y, { size, ...look }) {
  const { context } = pen;
  const middle = box.x + box.width / 2;
  if (!narrow) {
    const line = { x: middle - columnWidth / 2, y, width: columnWidth, height: label };
    write(pen, value, { ...line, size: Math.min(size, columnWidth * 0.36), ...look });
    return;
  }
  context.save();
  context.translate(middle, y + label / 2);
  context.rotate(-Math.PI / 2);
  write(pen, value, { x: -label / 2, y: -6, width: label, height: 12, size: 9, ...look });
  context.restore();
}

// The part of the map that a skip keeps, dotted, and how much is cut off.
function crop(pen, trace, plan, place) {
  const { context } = pen;
  const from = plan.boxes[sourceOf(trace, place)];
  const to = plan.boxes[place + 1];
  const cut = (trace.before[place] - trace.rows[place + 1]) / 2;
  const gap = to.x - from.x - from.width;
  const words = cut ? `crop ${cut}` : "all of it";
  const size = Math.min(12, gap / 4);
  const middle = plan.middles[trace.levels[place + 1]];
  write(pen, words, { x: from.x + from.width, y: middle - 15, width: gap, height: 14, size });
  if (!cut) return;
  const tall = trace.rows[place + 1] * plan.unit;
  context.setLineDash([2, 2]);
  Object.assign(context, { strokeStyle: pen.inks.ink, lineWidth: 1.5 });
  context.strokeRect(from.x + 0.5, middle - tall / 2, from.width, tall);
  context.setLineDash([]);
}

function ends(trace, { boxes, middles, label }, place) {
  const to = boxes[place + 1];
  const from = boxes[trace.layers[place] === SKIP ? sourceOf(trace, place) : place];
  const centre = to.x + to.width / 2;
  if (trace.layers[place] === POOLING) {
    return [centre, from.y + from.height + label + 1, centre, to.y - label + 1];
  }
  if (trace.layers[place] === UP) {
    return [centre, from.y - label, centre, to.y + to.height + label + 2];
  }
  const middle = middles[trace.levels[place + 1]];
  return [from.x + from.width + 1, middle, to.x - 1, middle];
}

function arrow({ context }, [x0, y0, x1, y1], hue, thick) {
  const head = Math.min(5 + thick, Math.max(4, Math.hypot(x1 - x0, y1 - y0)));
  const along = Math.atan2(y1 - y0, x1 - x0);
  Object.assign(context, { strokeStyle: hue, fillStyle: hue, lineWidth: thick });
  context.beginPath();
  context.moveTo(x0, y0);
  context.lineTo(x1 - head * 0.8 * Math.cos(along), y1 - head * 0.8 * Math.sin(along));
  context.stroke();
  context.beginPath();
  context.moveTo(x1, y1);
  for (const turn of [-0.45, 0.45]) {
    context.lineTo(x1 - head * Math.cos(along + turn), y1 - head * Math.sin(along + turn));
  }
  context.fill();
}

function legend(pen, hues, columns) {
  const lines = Math.ceil(LEGEND.length / columns);
  LEGEND.forEach(([layer, words], i) => {
    const y = pen.height - LINE * (lines - (i % lines));
    const x = Math.floor(i / lines) * (pen.width / 2);
    arrow(pen, [x + 2, y + 7, x + 24, y + 7], hues[layer], 1.5);
    write(pen, words, { x: x + 29, y, width: 120, height: 15, size: 12, align: "left" });
  });
}
