import assert from "node:assert/strict";
import test from "node:test";

import { pixelSentence, replay, sentence, iterationName } from "../../../segviz/widgets/dense_crf.js";

const map = (...values) => Object.assign(Uint8Array.from(values), { shape: [1, values.length] });
const scene = { first: map(0, 1, 2), first_kinds: map(0, 3, 0) };
// Iteration 1 makes pixel 1 right as class 2; iteration 2 makes pixel 2 wrong as class 0.
const trace = { places: [1, 2], codes: [2 + 64, 0 + 128], ends: [0, 1, 2], changed: [0, 1, 2] };

test("the network alone is shown as it is", () => {
  const { labels, kinds } = replay(scene, trace, 0);
  assert.deepEqual([...labels], [0, 1, 2]);
  assert.deepEqual([...kinds], [0, 3, 0]);
});

test("changes are put upon each other, and the network's maps stay whole", () => {
  assert.deepEqual([...replay(scene, trace, 1).labels], [0, 2, 2]);
  const { labels, kinds } = replay(scene, trace, 2);
  assert.deepEqual([...labels], [0, 2, 0]);
  assert.deepEqual([...kinds], [0, 1, 2]);
  assert.deepEqual(labels.shape, [1, 3]);
  assert.deepEqual([...scene.first], [0, 1, 2]);
});

test("the read-out counts what moved, what differs and what is right", () => {
  const right = [0.5, 0.75, 0.5];
  assert.equal(sentence({ ...trace, right }, 0), "The network alone. 50.0 % of the pixels are right.");
  assert.equal(sentence({ ...trace, right }, 2), "Iteration 2 moves 1 label; 2 differ from the "
    + "network's. 50.0 % of the pixels are right; the network alone: 50.0 %.");
  assert.equal(sentence(trace, 0), "The network alone.");
  assert.equal(iterationName(0), "the network alone");
  assert.equal(iterationName(3), "iteration 3");
});

test("a pixel is named by network, iteration and truth", () => {
  const names = ["sky", "road"];
  assert.equal(pixelSentence(names, [2, 3], 0, 1, 255),
    "Row 2, column 3: network sky, now road; truth: void.");
  assert.equal(pixelSentence(names, [2, 3], 0, 1), "Row 2, column 3: network sky, now road.");
});
