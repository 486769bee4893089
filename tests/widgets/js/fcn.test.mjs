import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./load.mjs";

const { blend, layers, lensCorner, percent, remembered, repeated, sentence } =
  await load("fcn.js");

const codes = (shape, values) => Object.assign(Uint8Array.from(values), { shape });

test("codes are laid on a picture by the table's opacity times the slider's", () => {
  const table = new Uint8Array(256 * 4);
  table.set([100, 200, 0, 255], 4);
  const photo = [10, 20, 30, 50, 60, 70];
  const shown = (opacity) => [...blend(codes([1, 2], [0, 1]), photo, table, opacity)];
  assert.deepEqual(shown(1), [10, 20, 30, 100, 200, 0]);
  assert.deepEqual(shown(0), photo);
  assert.deepEqual(shown(0.5), [10, 20, 30, 75, 130, 35]);
  assert.deepEqual(blend(codes([1, 2], [0, 1]), photo, table).shape, [1, 2, 3]);
});

test("maps sent as one array are taken apart without a copy", () => {
  const sent = codes([2, 1, 3], [1, 2, 3, 4, 5, 6]);
  const [first, second] = layers(sent);
  assert.deepEqual([...first], [1, 2, 3]);
  assert.deepEqual([...second], [4, 5, 6]);
  assert.deepEqual(second.shape, [1, 3]);
  assert.equal(second.buffer, sent.buffer);
});

test("a coarse map is repeated in blocks", () => {
  const large = repeated(codes([2, 2], [1, 2, 3, 4]), 2);
  assert.deepEqual([...large], [1, 1, 2, 2, 1, 1, 2, 2, 3, 3, 4, 4, 3, 3, 4, 4]);
  assert.deepEqual(large.shape, [4, 4]);
});

test("the lens stays within the picture", () => {
  assert.deepEqual(lensCorner([10, 12], [20, 30], 8), [6, 8]);
  assert.deepEqual(lensCorner([0, 29], [20, 30], 8), [0, 22]);
  assert.deepEqual(lensCorner([5, 5], [8, 8], 8), [0, 0]);
});

test("the read-out names each rung's answer and the truth, where there is one", () => {
  const seen = [["32s", 0], ["8s", 1]];
  const say = (...truth) => sentence(["sky", "car"], [3, 4], seen, ...truth);
  assert.equal(say(), "Row 3, column 4: 32s sky, 8s car.");
  assert.equal(say(1), "Row 3, column 4: 32s sky, 8s car; truth: car.");
  assert.equal(say(255), "Row 3, column 4: 32s sky, 8s car; truth: void.");
});

test("small shares keep a decimal", () => {
  assert.deepEqual([0, 0.004, 0.0994, 0.0996, 1].map(percent),
    ["0 %", "0.4 %", "9.9 %", "10 %", "100 %"]);
});

test("equal arguments give the same object back", () => {
  const make = remembered((...given) => ({ given }));
  const first = make("a", 1);
  assert.equal(make("a", 1), first);
  assert.notEqual(make("a", 2), first);
});
