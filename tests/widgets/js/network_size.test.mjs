import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./load.mjs";

const { barShape, percent, pieces, sentence } = await load("network_size.js");

test("the parts of a bar lie side by side, in percent of its room", () => {
  assert.deepEqual(pieces([0.25, 0.25, 0.5], 2),
    [{ left: 0, width: 12.5 }, { left: 12.5, width: 12.5 }, { left: 25, width: 25 }]);
});

test("what is longer than the room is cut off at its end", () => {
  assert.deepEqual(pieces([0.5, 3, 1], 1),
    [{ left: 0, width: 50 }, { left: 50, width: 50 }, { left: 100, width: 0 }]);
});

test("a bar that is cut off ends in a point, and no other does", () => {
  assert.equal(barShape([0.25, 0.5, 0.25], 1), "none");
  assert.equal(barShape([0, 0, 1.25]), "none");
  assert.match(barShape([0.25, 0.5, 0.26], 1), /^polygon\(0 0, .*, 100% 50%, /);
  assert.match(barShape([0, 0, 3869]), /100% 50%/);
});

test("a share that would round to nothing says so", () => {
  assert.equal(percent(0.7648), "76.5 %");
  assert.equal(percent(0.0004), "under 0.1 %");
});

test("the read-out names the network, its bills, the verdict and how many fit", () => {
  const trace = {
    pictures: ["576 × 576", "572 × 572", "64 × 64"],
    rows: [["134 M", "228 G", "9.0 GiB"], ["31 M", "150 G", "1.0 GiB"], ["1 M", "2 G", "7.0 GiB"]],
    verdicts: ["no: 1.2 cards", "fits", "tight"],
  };
  const names = ["FCN-8s", "U-Net", "DCAN"];
  const settings = { use: "inference", card: "8 GiB" };
  assert.equal(sentence(trace, names, "U-Net", settings),
    "U-Net on 572 × 572: 31 M parameters, 150 G multiply-adds for one picture, 1.0 GiB for "
    + "inference: fits. Networks within 8 GiB: 2 of 3.");
  assert.match(sentence(trace, names, "FCN-8s", settings), /inference: no, 1\.2 cards\./);
});
