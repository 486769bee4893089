import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./load.mjs";

const { outputAt, sentence, withCell } = await load("convolution.js");

test("a changed cell leaves the old kernel alone", () => {
  const kernel = [[1, 2], [3, 4]];
  assert.deepEqual(withCell(kernel, 1, 0, 9), [[1, 2], [9, 4]]);
  assert.deepEqual(kernel, [[1, 2], [3, 4]]);
});

test("the read-out names the pixel, the sum and what ReLU makes of it", () => {
  const detail = { at: [2, 3], products: [[1, 2], [3, 4]], sum: -1.5, result: 0 };
  assert.equal(sentence(detail, false),
    "Output at row 2, column 3: the sum of 4 products is −1.5.");
  assert.match(sentence(detail, true), /ReLU gives 0\.$/);
});

test("an input pixel points at the output whose window is centred on it", () => {
  const at = (row, column, stride) => outputAt(row, column, { stride, kernelSize: 3, size: [4, 4] });
  assert.deepEqual(at(1, 1, 1), [0, 0]);
  assert.deepEqual(at(3, 2, 1), [2, 1]);
  assert.deepEqual(at(5, 5, 2), [2, 2]);
  assert.deepEqual(at(0, 99, 1), [0, 3]);
});
