import assert from "node:assert/strict";
import test from "node:test";

import { path, sentence } from "../../../segviz/widgets/training_progress.js";

test("the curve runs from the first step to the last, 0 at the bottom", () => {
  const { line, x, largest } = path({ points: [0, 5, 10], curve: [4, 2, 0] }, 11);
  assert.equal(line, "M8.0 8.0L160.0 90.0L312.0 172.0");
  assert.equal(x(10), 312);
  assert.equal(largest, 4);
});

test("no step and a single one are drawn without a fault", () => {
  assert.equal(path({ points: [], curve: [] }, 0).line, "");
  assert.equal(path({ points: [0], curve: [1] }, 1).line, "M8.0 8.0");
});

test("the read-out says step, loss and what is right", () => {
  assert.equal(sentence({ moments: 0 }), "No step has been taken yet.");
  const trace = { steps: 30, moments: 3, at: 28, loss: 1.5, right: 0.4533 };
  assert.equal(sentence(trace), "Behind step 28 of 30 the loss is 1.5. 45.3 % of the pixels are right.");
  assert.equal(sentence({ ...trace, right: undefined }), "Behind step 28 of 30 the loss is 1.5.");
});
