import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./load.mjs";

const { readBy, sentence, spacing, tapOver, withNumber, written } = await load(
  "cells.js", "painted_tables.js", "atrous_sampling.js", "atrous_convolution_1d.js");

const shaped = (numbers, ...shape) => Object.assign(Int16Array.from(numbers), { shape });

// x = 3 1 -4, kernel 1 2 3 at rate 2, one output each ("same").
const trace = {
  x: [3, 1, -4], kernel: [1, -2, 3], output: [-18, -2, 11],
  indices: shaped([-1, 0, 2, -1, 1, -1, 0, 2, -1], 3, 3),
};

test("each output knows what it reads, and -1 is an added zero", () => {
  assert.deepEqual(readBy(trace, 0), [-1, 0, 2]);
  assert.deepEqual(readBy(trace, 1), [-1, 1, -1]);
});

test("the sum is written out with brackets around what is below zero", () => {
  assert.equal(written(trace, 0), "y[0] = 1·0 + (−2)·3 + 3·(−4) = −18");
});

test("the read-out names what is read, by index", () => {
  assert.equal(sentence(trace, 1),
    "Step 2 of 3: y[1] reads an added zero, x[1] and an added zero: 1·0 + (−2)·1 + 3·0 = −2.");
  const one = { x: [7], kernel: [2], output: [14], indices: shaped([0], 1, 1) };
  assert.equal(sentence(one, 0), "Step 1 of 1: y[0] reads x[0]: 2·7 = 14.");
});

test("the taps stand on the places that the step reads, and no other", () => {
  const kernel = { kernel: [1, -2, 3], reach: 5 };
  assert.deepEqual([0, 1, 2, 3, 4, 5].map((place) => tapOver(kernel, 1, place)), [-1, 0, -1, 1, -1, 2]);
  assert.deepEqual([1, 2, 3].map((place) => tapOver({ kernel: [7], reach: 1 }, 2, place)), [-1, 0, -1]);
  assert.equal(spacing(kernel), 2);
});

test("a typed number goes to its place, beside what was typed before", () => {
  assert.deepEqual(withNumber([9, 1], [3, 1, 4], 2, 7), [[9, 1, 7]]);
});
