import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./load.mjs";

const { asRows, phaseOf, pictureTrip, soFar } = await load("unpooling.js");

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

const codes = (numbers, ...shape) => Object.assign(Uint8Array.from(numbers), { shape });

test("a picture's values go to their places, and a later one is written over an earlier one", () => {
  const { pooled, up } = pictureTrip(null, {
    pooled_picture: codes([4, 5, 7], 1, 3), places: codes([3, 1, 3], 1, 3), unpooled_size: [2, 3],
  });
  assert.deepEqual([[...pooled], [...up], up.shape], [[4, 5, 7], [0, 5, 0, 7, 0, 0], [2, 3]]);
});

test("values that come from where they go are looked up in the picture, which may be wider", () => {
  const { pooled, up } = pictureTrip(codes([1, 2, 0, 3, 4, 0], 2, 3), {
    picture_size: [2, 2], places: codes([3], 1, 1), unpooled_size: [2, 2],
  });
  assert.deepEqual([[...pooled], [...up]], [[4], [0, 0, 0, 4]]);
});

test("copies are looked up by row and by column", () => {
  const { up } = pictureTrip(null, {
    pooled_picture: codes([1, 2], 1, 2), rows: [0, 0], columns: [0, 0, 1], unpooled_size: [2, 3],
  });
  assert.deepEqual([...up], [1, 1, 2, 1, 1, 2]);
});

test("a way up that does not fit leaves the pooled picture alone", () => {
  assert.equal(pictureTrip(null, { pooled_picture: codes([1], 1, 1) }).up, undefined);
});
