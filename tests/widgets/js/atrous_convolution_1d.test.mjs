import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./load.mjs";

const { readBy, sentence, tapAt, withNumber, written } = await load("atrous_convolution_1d.js");

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

test("a place of the matrix belongs to the band of its tap", () => {
  assert.equal(tapAt(trace, 0, 2), 2);
  assert.equal(tapAt(trace, 0, 1), -1);
});

test("a typed number goes to its place, beside what was typed before", () => {
  assert.deepEqual(withNumber([9, 1], [3, 1, 4], 2, 7), [[9, 1, 7]]);
});
