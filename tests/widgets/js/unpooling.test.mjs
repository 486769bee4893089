import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./load.mjs";

const { asRows, phaseOf, soFar } = await load("unpooling.js");

const shaped = (numbers, ...shape) => Object.assign(Float64Array.from(numbers), { shape });

// 2 x 2 values; the second and the fourth go to the same place of 2 x 3.
const trace = {
  pooled: shaped([4, 5, 1, 7], 2, 2),
  unpooled: shaped([0, 7, 0, 4, 0, 1], 2, 3),
  writes: [[3], [1], [5], [1]],
};

test("first every value is made, then every value goes up", () => {
  assert.deepEqual(phaseOf(trace, 2), { up: false, number: 2, row: 1, column: 0 });
  assert.deepEqual(phaseOf(trace, 7), { up: true, number: 3, row: 1, column: 1 });
});

test("before the first value comes up there is no output", () => {
  assert.deepEqual(soFar(trace, 0), [[null, null, null], [null, null, null]]);
});

test("values come into a map of zeros, and a later one is written over an earlier one", () => {
  assert.deepEqual(soFar(trace, 2), [[0, 5, 0], [4, 0, 0]]);
  assert.deepEqual(soFar(trace, 4), [[0, 7, 0], [4, 0, 1]]);
});

test("copies come into a map that is empty", () => {
  const copies = { ...trace, writes: [[0, 3], [1], [2], [4]] };
  assert.deepEqual(soFar(copies, 1, null), [[4, null, null], [4, null, null]]);
});

test("what is not computed yet is missing from the rows", () => {
  assert.deepEqual(asRows([1, 2, 3, 4], [2, 2], 3), [[1, 2], [3, null]]);
});
