import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./load.mjs";

const { sentence, span, tableRows, windowOf, written } = await load("pooling.js");

const shaped = (numbers, ...shape) => Object.assign(Int16Array.from(numbers), { shape });

// 3 x 3 numbers, windows of 2 x 2 at stride 2, ceil_mode: the last ones jut out.
const largest = {
  table: shaped([1, 3, 2, 4, 4, -2, 0, 5, 6], 3, 3),
  size: [2, 2], starts: [[0, 2], [0, 2]], ends: [[2, 3], [2, 3]],
  output: [4, 2, 5, 6], indices: [3, 2, 7, 8], ties: [2, 1, 1, 1],
};
const average = {
  ...largest, indices: undefined,
  output: [3, 0, 2.5, 6], sums: [12, 0, 5, 6], counts: [4, 2, 2, 1],
};

test("a window is clipped to the table and its numbers are read row by row", () => {
  assert.deepEqual(windowOf(largest, 0),
    { row: 0, column: 0, top: 0, left: 0, bottom: 2, right: 2, numbers: [1, 3, 4, 4] });
  assert.deepEqual(windowOf(largest, 1).numbers, [2, -2]);
  assert.deepEqual(windowOf(largest, 3).numbers, [6]);
});

test("the read-out names the window, the largest, its place and its index", () => {
  assert.equal(sentence(largest, 2),
    "Step 3 of 4: window row 2, columns 0 to 1: largest is 5, at row 2, column 1, index 7.");
  assert.equal(sentence(largest, 0), "Step 1 of 4: window rows 0 to 1, columns 0 to 1: largest is 4 "
    + "(twice; the first counts), at row 1, column 0, index 3.");
});

test("the read-out of an average names its sum and says when it is rounded", () => {
  assert.equal(sentence(average, 2),
    "Step 3 of 4: window row 2, columns 0 to 1: 2 numbers, sum 5, average 2.5.");
  const third = { ...average, output: [1 / 3, 0, 0, 0] };
  assert.match(sentence(third, 0), /average about 0\.33\.$/);
});

test("the sum is written out with brackets around what is below zero", () => {
  assert.equal(written(largest, 0), "max(1, 3, 4, 4) = 4");
  assert.equal(written(average, 1), "(2 + (−2)) / 2 = 0");
  const third = { ...average, output: [10 / 3, 0, 0, 0] };
  assert.equal(written(third, 0), "(1 + 3 + 4 + 4) / 4 ≈ 3.33");
});

test("a span of one is one row", () => {
  assert.equal(span("row", 2, 3), "row 2");
  assert.equal(span("column", 0, 3), "columns 0 to 2");
});

test("what is not computed yet is missing from the rows", () => {
  assert.deepEqual(tableRows([1, 2, 3, 4], [2, 2], 3), [[1, 2], [3, null]]);
});
