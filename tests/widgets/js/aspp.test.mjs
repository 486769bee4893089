import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./load.mjs";

const { arithmetic, mapsOf, percent, reach, reads, sentence, branchName } = await load("aspp.js");

const names = ["1 × 1", "rate 6", "sum"];

test("the fused map comes behind those of the branches", () => {
  const branches = Object.assign(Uint8Array.of(1, 2, 3, 4), { shape: [2, 1, 2] });
  const fused = Object.assign(Uint8Array.of(5, 6), { shape: [1, 2] });
  assert.deepEqual(mapsOf({ branches, fused }).map((one) => [...one]), [[1, 2], [3, 4], [5, 6]]);
  assert.deepEqual(mapsOf({ branches, fused })[1].shape, [1, 2]);
});

test("steps go from branch to branch to the fused map", () => {
  assert.deepEqual([0, 1, 2].map((step) => branchName(names, step)),
    ["branch 1, 1 × 1", "branch 2, rate 6", "fused: sum"]);
});

test("what a branch reads, and how far", () => {
  assert.equal(reads(6, 9), "9 of 9 taps");
  assert.equal(reads(24, 1), "only its centre tap: here it is a 1 × 1 convolution");
  assert.equal(reads(0, 1), "its own place");
  assert.equal(reads("mean", 768), "the mean of all 768 places");
  assert.deepEqual([0, 6, "mean"].map(reach), ["1 × 1", "13 × 13", "all"]);
});

test("shares that are right have a decimal, so that fusions can be told apart", () => {
  assert.equal(percent(0.8006, 1), "80.1 %");
  assert.equal(percent(0.8006), "80 %");
});

test("the fusion is written out in numbers", () => {
  assert.equal(arithmetic("sum", [0.5, -0.25, 0.25], 3), "0.5 + (−0.25) = 0.25");
  assert.equal(arithmetic("average", [0.5, 1, 0.75], 3), "(0.5 + 1) / 2 = 0.75");
  assert.equal(arithmetic("maximum", [0.5, -1, 0.5], 3), "the largest of 0.5, −1 is 0.5");
  assert.equal(arithmetic("concatenation", [0.5, -1, 2], 3), "1 × 1 convolution of 2 × 3 = 6 scores: 2");
});

test("the read-out names the unit, what it reads and what it says", () => {
  const trace = { names, rates: [0, 6] };
  const detail = { at: [3, 4], inside: [1, 9], answers: [0, 1, 1] };
  assert.equal(sentence(["sky", "road"], trace, detail, 1, 0),
    "Branch 2 of 2, rate 6: for the unit at row 3, column 4 it reads 9 of 9 taps. It says road. "
    + "Truth: sky.");
  assert.equal(sentence(["sky", "road"], trace, detail, 2, 255),
    "Fused by sum: for the unit at row 3, column 4 the branches say sky, road; together road. "
    + "Truth: void.");
});
