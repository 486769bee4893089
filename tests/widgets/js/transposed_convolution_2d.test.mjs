import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./load.mjs";

const { inRows, origin, paintOutput2D, paintSpread2D, sentence2D, squares, written2D } = await load(
  "cells.js", "transposed_words.js", "transposed_picture_2d.js", "transposed_convolution_2d.js");

const shaped = (numbers, ...shape) => Object.assign(Float32Array.from(numbers), { shape });

// [[1, 2], [3, -4]] stamp [[1, 10], [0, 1]] at stride 1.
const trace = {
  x: shaped([1, 2, 3, -4], 2, 2), kernel: shaped([1, 10, 0, 1], 2, 2),
  output: shaped([1, 12, 20, 3, 27, -38, 0, 3, -4], 3, 3),
  targets: shaped([0, 1, 3, 4, 1, 2, 4, 5, 3, 4, 6, 7, 4, 5, 7, 8], 4, 4),
  products: [1, 10, 0, 1, 2, 20, 0, 2, 3, 30, 0, 3, -4, -40, 0, -4],
  after: [1, 10, 0, 1, 12, 20, 1, 2, 3, 31, 0, 3, 27, -38, 3, -4],
};
const cropped = { ...trace, output: shaped([27], 1, 1), targets: shaped(
  [-1, -1, -1, 0, -1, -1, 0, -1, -1, 0, -1, -1, 0, -1, -1, -1], 4, 4) };

test("an output says who made it, with which weights", () => {
  assert.equal(origin(trace, 4),
    "y(1, 1) = x(0, 0) w(1, 1) + x(0, 1) w(1, 0) + x(1, 0) w(0, 1) + x(1, 1) w(0, 0) "
    + "= 1·1 + 2·0 + 3·10 + (−4)·1 = 27");
  assert.equal(origin({ ...trace, targets: shaped(Array(16).fill(-1), 4, 4) }, 2),
    "y(0, 2) = 0: no stamp reaches it");
});

test("steps are read out", () => {
  assert.equal(sentence2D(trace, 1, "scatter", 4),
    "Step 2 of 4: input (0, 1), 2, times the kernel is added to outputs (0, 1) to (1, 2).");
  assert.equal(sentence2D(cropped, 0, "scatter", 4), "Step 1 of 4: input (0, 0), 1, times the kernel "
    + "is added to outputs (0, 0) to (0, 0); the padding crops 3 of its numbers.");
  assert.equal(sentence2D(trace, 8, "pointed"), "output (2, 2) is made by input (1, 1): −4.");
});

test("tables stand in one line", () => {
  assert.equal(inRows([1, -2, 0, 0.5], 2), "(1, −2; 0, 0.5)");
  assert.equal(written2D(trace, 3, "scatter"), "−4 · (1, 10; 0, 1) = (−4, −40; 0, −4)");
});

test("cells are found again where they are drawn", () => {
  const { box, cellAt, unit } = squares(7, 2, { width: 400, height: 260 });
  assert.ok(unit * 11 <= 260);
  const { x, y } = box(3, -1);
  assert.deepEqual(cellAt(x + 1, y + 1), [3, -1]);
});

// A pen that notes what it writes, where, and how many cells it hatches (each is clipped).
function noting() {
  const noted = { texts: [], hatched: 0 };
  const context = new Proxy({}, {
    get: (_, name) => (...given) => {
      if (name === "clip") noted.hatched += 1;
      if (name === "fillText") noted.texts.push(given);
      return { width: 6 };
    },
    set: () => true,
  });
  return { pen: { context, width: 300, height: 256, inks: {}, family: "x" }, noted };
}

test("output_padding takes from what the padding crops at the ends, and only there", () => {
  // 5 x 5 outputs of which padding 1 leaves 3 x 3, and output_padding 1 4 x 4.
  for (const [side, added, hatched] of [[3, 0, 16], [4, 1, 9], [5, 2, 11]]) {
    const { pen, noted } = noting();
    const output = shaped(Array(side * side).fill(1), side, side);
    paintOutput2D(pen, { trace: { ...trace, output, targets: shaped(Array(16).fill(-1), 4, 4) },
      step: 0, mode: "scatter", hue: () => "", padding: 1, settings: { padding: 1, output_padding: added } });
    assert.equal(noted.hatched, hatched);
  }
});

test("a weight stands above the number that it meets, not on it", () => {
  const { pen, noted } = noting();
  const source = [-2, 0, 1, -2];
  paintSpread2D(pen, { trace: { ...trace, source, window: [0, 4] }, step: 4, hue: () => "",
    settings: { dilation: 1 } });
  const [weight, number] = ["×1", "1"].map((text) => noted.texts.find(([one]) => one === text));
  assert.ok(number[2] - weight[2] >= 11);
  assert.equal(noted.texts.filter(([text]) => text.startsWith("×")).length, 4);
});
