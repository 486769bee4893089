import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./load.mjs";

const { layerAt, layOutU, sourceOf } = await load("cells.js", "unet_picture.js", "encoder_decoder.js");

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
