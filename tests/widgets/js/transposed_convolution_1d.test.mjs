import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./load.mjs";

const {
  givers, layOut1D, outputsAfter, places, product, sentence, shown, textSize, windowAt, zerosWords,
} = await load("cells.js",
  "transposed_words.js", "transposed_picture_1d.js", "transposed_convolution_1d.js");

const shaped = (numbers, ...shape) => Object.assign(Int16Array.from(numbers), { shape });

// [1, 10] stamp [1, 2, 3] at stride 2: 1 2 13 20 30.
const trace = {
  x: [1, 10], kernel: [1, 2, 3], output: [1, 2, 13, 20, 30], grid: 5,
  targets: shaped([0, 1, 2, 2, 3, 4], 2, 3),
  products: [1, 2, 3, 10, 20, 30], after: [1, 2, 3, 13, 20, 30],
  source: [-2, -2, 0, -1, 1, -2, -2], window: [0, 7],
};
const sizes = { stride: 2, padding: 0, dilation: 1 };
// The same with padding 1.
const cropped = {
  ...trace, output: [2, 13, 20], grid: 3, targets: shaped([-1, 0, 1, 1, 2, -1], 2, 3),
  after: [0, 2, 3, 13, 20, 0], source: [-2, 0, -1, 1, -2], window: [0, 5],
};
// [1, 2, 4, 8] under [1, 0, -1] at stride 1 with padding 1: -2 -3 -6 4.
const normal = {
  x: [1, 2, 4, 8], kernel: [1, 0, -1], output: [-2, -3, -6, 4], grid: 4,
  targets: shaped([-1, 0, 1, 0, 1, 2, 1, 2, 3, 2, 3, -1], 4, 3),
  products: [0, 0, -2, 1, 0, -4, 2, 0, -8, 4, 0, 0],
};

test("a step of stamping is read out", () => {
  assert.equal(sentence(trace, 1, "scatter", sizes),
    "Step 2 of 2: input 10 times kernel (1, 2, 3) is added to outputs 2 to 4.");
  assert.equal(sentence(cropped, 0, "scatter", sizes), "Step 1 of 2: input 1 times kernel (1, 2, 3) "
    + "is added to outputs 0 and 1; the padding crops 1 of its numbers.");
});

test("a step of gathering names the flipped kernel and what lies under it", () => {
  assert.equal(sentence(trace, 2, "gather", sizes),
    "Step 3 of 5: the flipped kernel (3, 2, 1) on (1, 0, 10) gives output 2, 13.");
  assert.deepEqual(windowAt(trace, 0, 1).map((one) => one.source), [-2, -2, 0]);
});

test("a window of the normal convolution names inputs and padding", () => {
  assert.equal(sentence(normal, 1, "normal", sizes),
    "Step 2 of 4: kernel (1, 0, −1) on inputs 0 to 2 gives output 1, −3.");
  assert.equal(sentence(normal, 0, "normal", sizes), "Step 1 of 4: kernel (1, 0, −1) on inputs 0 "
    + "and 1 and 1 zero of the padding gives output 0, −2.");
});

test("products are written out, sums where stamps overlap", () => {
  assert.equal(product(trace, 0, "scatter", sizes),
    "1 · (1, 2, 3) = (1, 2, 3)  →  y[0] = 1,  y[1] = 2,  y[2] = 3");
  assert.equal(product(trace, 1, "scatter", sizes),
    "10 · (1, 2, 3) = (10, 20, 30)  →  y[2] = 3 + 10 = 13,  y[3] = 20,  y[4] = 30");
  assert.equal(product(trace, 2, "gather", sizes), "y[2] = 3·1 + 2·0 + 1·10 = 13");
  assert.equal(product(normal, 1, "normal", sizes), "y[1] = 1·1 + 0·2 + (−1)·4 = −3");
});

test("outputs hold what has come so far", () => {
  assert.deepEqual(outputsAfter(trace, 0), [1, 2, 3, null, null]);
  assert.deepEqual(outputsAfter(trace, 1), trace.output);
  assert.deepEqual(givers(trace, 2).map(({ row, tap }) => [row, tap]), [[0, 2], [1, 0]]);
  assert.deepEqual(givers(trace, 2, 0).length, 1);
});

test("an output that no stamp reaches is 0, once all stamps have come", () => {
  // 1 and 10 stamp [1] at stride 2 with output_padding 1.
  const apart = { output: [1, 0, 10, 0], targets: shaped([0, 2], 2, 1), products: [1, 10], after: [1, 10] };
  assert.deepEqual(outputsAfter(apart, 0), [1, null, null, null]);
  assert.deepEqual(outputsAfter(apart, 1), apart.output);
});

test("only zeros that are there are named", () => {
  assert.equal(zerosWords(trace), " with zeros inserted and a border of zeros");
  assert.equal(zerosWords({ source: [-2, 0, 1, -2] }), " with a border of zeros");
  assert.equal(zerosWords({ source: [0, -1, 1] }), " with zeros inserted");
  assert.equal(zerosWords({ source: [0, 1] }), "");
});

test("the flipped kernel has the room of all stamps", () => {
  const largest = { ...trace, x: Array(12).fill(1), grid: 66, targets: { shape: [12, 7] } };
  const plan = layOut1D(largest, "gather", sizes, 760, 336);
  assert.ok(plan.pairHeight > 2 * plan.cellHeight);
  assert.ok(plan.tops.stamps + 2 * plan.pairHeight <= plan.tops.below);
});

test("places read as a range only where they are one", () => {
  assert.equal(places("output", [4]), "output 4");
  assert.equal(places("output", [4, 5]), "outputs 4 and 5");
  assert.equal(places("output", [4, 5, 6]), "outputs 4 to 6");
  assert.equal(places("output", [4, 6, 8]), "outputs 4, 6 and 8");
});

test("an input stands over the middle of its stamp, and rows and columns are found again", () => {
  for (const mode of ["scatter", "gather"]) {
    const plan = layOut1D(trace, mode, sizes, 600, 336);
    assert.equal(plan.middle(1), plan.tapAt(1, 1));
    assert.equal(plan.columnAt(plan.left(3) + 1), 3);
    assert.equal(plan.rowAt(plan.tops.stamps + plan.cellHeight + 1), 1);
    assert.equal(plan.rowAt(plan.tops.matrix + plan.matrixHeight + 1), 1);
    assert.equal(plan.left(0), layOut1D(trace, "scatter", sizes, 600, 336).left(0));
  }
});

test("the largest picture fits its canvas", () => {
  const largest = { ...trace, x: Array(12).fill(1), kernel: Array(7).fill(1), grid: 66,
    targets: { shape: [12, 7] }, output: Array(66).fill(0) };
  for (const mode of ["scatter", "gather"]) {
    const plan = layOut1D(largest, mode, { stride: 4, padding: 0, dilation: 3 }, 760, 336);
    assert.ok(plan.left(66 + (mode === "gather" ? plan.reach : 0)) <= 760);
    assert.ok(plan.tops.matrix + 12 * plan.matrixHeight <= 336);
  }
});

test("numbers are shown in all cells of a part or in none", () => {
  const pen = { family: "x", context: { measureText: (text) => ({ width: 6 * text.length }) } };
  assert.equal(textSize(pen, [1, 2], { width: 40, height: 30 }), 15);
  assert.equal(textSize(pen, [1, -12], { width: 10, height: 30 }), 0);
  assert.equal(textSize(pen, [1, 2], { width: 40, height: 8 }), 0);
  assert.ok(textSize(pen, [-12.25, null], { width: 40, height: 30 }) < 12);
});

test("long decimals do without their leading zero", () => {
  assert.deepEqual([0.25, 0.1875, -0.1875, 10.125, -1, null].map(shown),
    ["0.25", ".1875", "−.1875", "10.125", "−1", null]);
});
