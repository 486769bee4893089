import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./load.mjs";

const { byFormula, fieldName, heatMap, marked, outsideField, remark, sentence } = await load("atrous_convolution_2d.js");

const trace = { rates: [2, 2], fields: [5, 9] };
const detail = {
  at: [4, 6], seen: [9, 25], spans: [[[2, 6], [4, 8]], [[0, 8], [2, 10]]], taps: [[9], [9, 9]],
};

test("each layer adds its rate twice", () => {
  assert.equal(byFormula(trace, 0), "1 + 2·2 = 5");
  assert.equal(byFormula(trace, 1), "5 + 2·2 = 9");
});

test("the read-out holds the field by formula beside the one by gradient", () => {
  assert.equal(sentence(trace, detail, 1), "Layer 2 of 2, unit at row 4, column 6: it sees 9 × 9 "
    + "pixels by formula, 9 × 9 by gradient; 25 of these 81 count.");
});

test("holes, a border and a rate that is too large are named", () => {
  assert.equal(remark(trace, detail, 1), "56 pixels of the field are never seen.");
  const border = { ...detail, spans: [[[0, 4], [0, 2]]], seen: [15] };
  assert.equal(remark(trace, border, 0), "Every pixel of the field is seen. The border cuts the field.");
  const taps = [[9], [9, 1]];
  assert.match(remark(trace, { ...detail, taps }, 1), /^Rate 2 is too large here: .* layer 2/);
  assert.match(remark(trace, { ...detail, taps }, 0), /^16 pixels/);
});

test("a layer whose side taps other units read with is not too large for those behind it", () => {
  const both = { ...detail, taps: [[1], [9, 9]] };
  assert.match(remark(trace, both, 0), /^Rate 2 is too large here: .* layer 1/);
  assert.equal(remark(trace, both, 1), "56 pixels of the field are never seen.");
});

test("a field is called enlarged only where its pixels are larger than the picture's", () => {
  assert.equal(fieldName(13, 20, 4), "Its field, 13 × 13, enlarged");
  assert.equal(fieldName(121, 2, 4), "Its field, 121 × 121");
  assert.equal(fieldName(65, 4, 4), "Its field, 65 × 65");
});

test("one pixel is told as one, and thousands have their comma", () => {
  const alone = { at: [0, 0], seen: [1], spans: [[[0, 0], [0, 0]]], taps: [[1]] };
  assert.match(sentence({ rates: [36], fields: [73] }, alone, 0), /1 × 1 by gradient; this one counts\.$/);
  const large = { at: [32, 32], seen: [2401], spans: [[[0, 64], [0, 64]]], taps: [[9]] };
  assert.match(sentence({ rates: [32], fields: [65] }, large, 0), /; 2,401 of these 4,225 count\.$/);
  assert.equal(remark({ rates: [32], fields: [65] }, large, 0), "1,824 pixels of the field are never seen.");
  const hole = { ...large, seen: [4224] };
  assert.equal(remark({ rates: [32], fields: [65] }, hole, 0), "One pixel of the field is never seen.");
});

test("the hatching is explained where the field leaves the picture, and only there", () => {
  assert.equal(outsideField(trace, detail, 1), "");
  const border = { ...detail, spans: [[[0, 4], [0, 2]]] };
  assert.equal(outsideField(trace, border, 0), " Hatched: outside of the picture.");
});

test("pixels that count turn orange, the others stay grey", () => {
  const codes = Object.assign(Uint8Array.of(100, 200), { shape: [1, 2] });
  assert.deepEqual([...marked(codes, [1], [0, 3], [230, 160, 0])], [100, 100, 100, 221, 172, 60]);
});

test("a count is a row's times a column's, through the table", () => {
  const map = heatMap([1, 2], [0, 3], Uint8Array.from({ length: 9 }, (_, i) => 10 * i));
  assert.deepEqual([...map], [0, 30, 0, 60]);
  assert.deepEqual(map.shape, [2, 2]);
});
