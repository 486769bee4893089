import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./load.mjs";

const { cut, indexOf, labelSets, sentence, shownAxes } = await load("volume_legend.js", "volume.js");

const shaped = (values, ...shape) => Object.assign(Uint8Array.from(values), { shape });
const count = Array.from({ length: 24 }, (_, n) => n * 10);
const scene = {
  image: shaped(count, 2, 3, 4),
  labels: shaped(count.map((_, n) => (n === 23 ? 1 : 0)), 2, 3, 4),
  colours: shaped([200, 100, 0, 0, 0, 0], 2, 3),
  classes: ["background", "part"],
  titles: [],
};

test("a cut shows the two other axes, rows first", () => {
  assert.deepEqual([0, 1, 2].map(shownAxes), [[1, 2], [0, 2], [0, 1]]);
  assert.deepEqual(cut(scene, 1, 0, true).shape, [2, 4, 3]);
});

test("indices are those of a row-major array", () => {
  assert.equal(indexOf([2, 3, 4], 0, 1, 2, 3), 23);
  assert.equal(indexOf([2, 3, 4], 1, 2, 1, 3), 23);
  assert.equal(indexOf([2, 3, 4], 2, 3, 1, 2), 23);
});

test("what is labelled is tinted, and only while labels are shown", () => {
  const last = 3 * (2 * 4 + 3);
  assert.deepEqual([...cut(scene, 0, 1, false).slice(last)], [230, 230, 230]);
  assert.deepEqual([...cut(scene, 0, 1, true).slice(last)], [216, 171, 126]);
  assert.deepEqual([...cut(scene, 0, 1, true).slice(0, 3)], [120, 120, 120]);
});

test("the read-out names the voxel, its grey value and its label", () => {
  assert.equal(sentence(scene, [1, 2, 3]), "Voxel 1, 2, 3: grey 0.9, part.");
});

test("of several labels each is told with its title", () => {
  const labels = Uint8Array.from([...scene.labels, ...Array(24).fill(0)]);
  const two = { ...scene, labels, titles: ["truth", "network"] };
  assert.deepEqual(labelSets(two).map((one) => [one.length, one[23]]), [[24, 1], [24, 0]]);
  assert.equal(sentence(two, [1, 2, 3]), "Voxel 1, 2, 3: grey 0.9, truth: part, network: background.");
});
