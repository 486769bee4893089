import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./load.mjs";

const { cellAt, fontSize, spokenRows } = await load("cells.js", "painted_tables.js");

test("a screen reader has all numbers of a painted table, row by row", () => {
  assert.equal(spokenRows([[4, -2.5], [1, null]]), "4, −2.5; 1, empty");
  assert.equal(spokenRows([[null]]), "empty");
});

test("a press meets the cell under it, and the last one on the line that ends the table", () => {
  const [cell, size] = [[40, 30], [120, 60]];
  assert.deepEqual(cellAt([0, 0], cell, size), [0, 0]);
  assert.deepEqual(cellAt([79.5, 30], cell, size), [1, 1]);
  assert.deepEqual(cellAt([120.5, 60.5], cell, size), [1, 2]);
});

test("numbers are as large as those to type in, smaller where they would not fit, and never tiny", () => {
  const square = (n) => ({ width: n, height: n });
  assert.deepEqual(["7", "-12", "-123"].map((text) => fontSize(text, square(40))), [16, 16, 13]);
  assert.ok(fontSize("123", square(22)) < fontSize("12", square(22)));
  assert.equal(fontSize("123456", square(15)), 7);
});
