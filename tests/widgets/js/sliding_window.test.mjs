import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./load.mjs";

const { counts, rounded, times } = await load("sliding_window.js");

// Counted window by window, for a layer of `outputs` values that are `stride` pixels apart.
function walked([height, width], { outputs, stride }, step) {
  const span = (outputs - 1) * stride;
  const map = new Array((height + span) * (width + span)).fill(0);
  for (let done = 0; done <= step; done++) {
    const [row, column] = [Math.floor(done / width), done % width];
    for (let i = 0; i < outputs; i++) {
      for (let j = 0; j < outputs; j++) {
        map[(row + i * stride) * (width + span) + column + j * stride] += 1;
      }
    }
  }
  return map;
}

// What Python sends: how many values of one window start at a pixel or before it.
function marksOf(length, { outputs, stride }) {
  let sum = 0;
  return Array.from({ length }, (_, p) =>
    (sum += p % stride === 0 && p / stride < outputs ? 1 : 0));
}

test("one axis, by hand: three values in a window that walks over five pixels", () => {
  const marks = marksOf(9, { outputs: 3, stride: 1 });
  assert.deepEqual([0, 1, 2, 3, 4, 5, 6].map((p) => times(marks, p, 5)), [1, 2, 3, 3, 3, 2, 1]);
  assert.deepEqual([0, 1, 2, 3].map((p) => times(marks, p, 0)), [0, 0, 0, 0]);
});

test("a map after any step is what the walk has counted", () => {
  const size = [4, 6];
  for (const layer of [{ outputs: 5, stride: 1 }, { outputs: 3, stride: 2 },
    { outputs: 2, stride: 8 }, { outputs: 1, stride: 4 }]) {
    const marks = marksOf(40, layer);
    for (const step of [0, 1, 5, 6, 13, 23]) {
      const map = counts(marks, layer, size, step);
      assert.deepEqual([...map], walked(size, layer, step), JSON.stringify({ layer, step }));
      assert.deepEqual(map.shape, size.map((n) => n + (layer.outputs - 1) * layer.stride));
    }
  }
});

test("large numbers have three digits and a word", () => {
  const cases = { "1,234": 1234, "999,499": 999_499, "1.00 million": 999_999,
    "77.4 million": 77_432_000, "159 million": 159_200_000, "60.0 billion": 6e10,
    "1.50 trillion": 1.5e12 };
  for (const [text, number] of Object.entries(cases)) assert.equal(rounded(number), text);
});
