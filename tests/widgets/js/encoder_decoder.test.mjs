import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./load.mjs";

const { heightOf, layerAt, layOutU, sourceOf } = await load("cells.js", "unet_picture.js", "encoder_decoder.js");

// Depth 1, 20 x 20.
const small = {
  layers: [0, 0, 1, 0, 0, 2, 3, 0, 0, 4],
  levels: [0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0],
  columns: [0, 1, 2, 2, 3, 4, 4, 4, 5, 6, 7],
  channels: [1, 64, 64, 64, 128, 128, 64, 64, 64, 64, 2],
  rows: [20, 18, 16, 8, 6, 4, 8, 8, 6, 4, 4],
  ghosts: [20, 18, 16, 8, 6, 4, 8, 8, 6, 4, 4],
};

test("a skip starts at the last map of its level on the way down", () => {
  assert.equal(sourceOf(small, 6), 2);
});

test("heights are to one scale, and a skip's map lies left of the one that came up", () => {
  const { boxes, unit } = layOutU(small, 800, 400);
  boxes.forEach((box, place) => assert.ok(Math.abs(box.height - unit * small.rows[place]) < 1e-9));
  assert.ok(Math.abs(boxes[7].x + boxes[7].width - boxes[6].x) < 1e-9);
});

for (const width of [300, 900]) {
  test(`all maps are within ${width} pixels and none covers another`, () => {
    const { boxes } = layOutU(small, width, 400);
    boxes.forEach((a, i) => {
      assert.ok(a.x >= 0 && a.x + a.width <= width && a.y >= 0 && a.y + a.height <= 400);
      boxes.slice(i + 1).forEach((b) => assert.ok(
        a.x + a.width <= b.x + 1e-9 || b.x + b.width <= a.x + 1e-9
        || a.y + a.height <= b.y || b.y + b.height <= a.y));
    });
  });
}

// A padded U-Net of any depth on 1024 x 1024.
function padded(depth) {
  const trace = { layers: [], levels: [0], columns: [0], channels: [1], rows: [1024] };
  const add = (layer, level, column, channels) => {
    trace.layers.push(layer);
    trace.levels.push(level);
    trace.columns.push(trace.columns.at(-1) + column);
    trace.channels.push(channels);
    trace.rows.push(1024 / 2 ** level);
  };
  for (let level = 0; level <= depth; level++) {
    if (level) add(1, level, 0, trace.channels.at(-1));
    for (const _ of [0, 1]) add(0, level, 1, 64 * 2 ** level);
  }
  for (let level = depth - 1; level >= 0; level--) {
    add(2, level, 0, 64 * 2 ** level);
    add(3, level, 0, 64 * 2 ** level);
    for (const _ of [0, 1]) add(0, level, 1, 64 * 2 ** level);
  }
  add(4, 0, 1, 2);
  return { ...trace, ghosts: trace.rows };
}

// Maps with the numbers above and below them: turned ones are 12 pixels wide.
const withNumbers = ({ boxes, label }) => boxes.map((box) => ({
  left: Math.min(box.x, box.x + box.width / 2 - 6),
  right: Math.max(box.x + box.width, box.x + box.width / 2 + 6),
  top: box.y - label, bottom: box.y + box.height + label,
}));

for (const depth of [3, 4, 5]) {
  test(`on a phone no number of depth ${depth} is cut off, or lies on a map, another or the legend`, () => {
    const trace = padded(depth);
    const height = heightOf(350);
    const plan = layOutU(trace, 350, height);
    assert.ok(plan.narrow && plan.unit > 0);
    assert.ok(plan.label >= 4 * 0.7 * 9 + 3, "four bold digits of 9 pixels, and an edge");
    const told = withNumbers(plan).filter((_, place) => trace.layers[place - 1] !== 3);
    told.forEach((a, i) => {
      assert.ok(a.left >= 0 && a.right <= 350 && a.top >= 0 && a.bottom <= height - 48);
      told.slice(i + 1).forEach((b) => assert.ok(
        a.right <= b.left + 1e-9 || b.right <= a.left + 1e-9
        || a.bottom + 10 <= b.top || b.bottom + 10 <= a.top)); // an arrow fits between
    });
  });
}

test("numbers that are not turned have room for four bold digits, and the height for the legend", () => {
  for (let width = 250; width < 1200; width += 10) {
    const { columnWidth, narrow, unit } = layOutU(padded(5), width, heightOf(width));
    assert.equal(narrow, 4 * 0.7 * Math.min(12, 0.36 * 27) > columnWidth, `${width}`);
    assert.ok(unit > 0);
  }
});

test("behind a clash maps are as high as at the next size that fits", () => {
  const cut = { ...small, rows: [19, 17, 15] };
  const { boxes, unit } = layOutU(cut, 800, 400);
  assert.ok(Math.abs(boxes[3].height - unit * small.ghosts[3]) < 1e-9);
});

test("pressing a map means the layer that makes it", () => {
  const plan = layOutU(small, 800, 400);
  const middle = ({ x, y, width, height }) => [x + width / 2, y + height / 2];
  for (let place = 0; place < small.rows.length; place++) {
    assert.equal(layerAt(plan, ...middle(plan.boxes[place])), place - 1);
  }
});
