import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./load.mjs";

const page = await load("page.js");

// Two settings with answers: size 1 to 3 and a flag that size 3 forbids; `other` has none.
const content = () => ({
  state: {
    size: 1, flag: false, other: 7, opacity: 0.5, _trace: { n: 1 }, _detail: {}, _error: {},
    _settled: { size: 1, flag: false, other: 7, opacity: 0.5 }, _asked: 0, _answered: 0,
  },
  values: { size: [1, 2, 3], flag: [false, true] },
  answers: [{ n: 1 }, {}, { n: 2 }, { n: 3 }],
  entries: [[0, 1, {}], [0, 1, {}], [2, 1, { other: 8 }], [2, 1, {}], [3, 1, {}], "too large"],
});

const ask = (model, settings) => {
  for (const [name, value] of Object.entries(settings)) model.set(name, value);
  model.set("_asked", model.get("_asked") + 1);
  model.save_changes();
};

test("a setting is answered from the page, with what else it sets", () => {
  const model = page.pageModel(content());
  ask(model, { size: 2 });
  assert.deepEqual(model.get("_trace"), { n: 2 });
  assert.equal(model.get("other"), 8);
  assert.deepEqual(model.get("_settled"), { size: 2, flag: false, other: 8, opacity: 0.5 });
  assert.equal(model.get("_answered"), model.get("_asked"));
});

test("an illegal setting keeps the answer and offers the nearest legal number", () => {
  const model = page.pageModel(content());
  ask(model, { flag: true });
  ask(model, { size: 3 });
  assert.deepEqual(model.get("_error"),
    { message: "too large", remedy: { size: 2 }, label: "Use size = 2" });
  assert.deepEqual(model.get("_trace"), { n: 1 });
  assert.equal(model.get("_settled").size, 1);
  assert.equal(model.get("_answered"), model.get("_asked"));
  ask(model, model.get("_error").remedy);
  assert.deepEqual(model.get("_error"), {});
});

test("what is no number goes back, as in Python", () => {
  const model = page.pageModel(content());
  ask(model, { size: 3 });
  ask(model, { flag: true });
  const { remedy, label } = model.get("_error");
  assert.deepEqual(remedy, { flag: false });
  assert.equal(label, "Use flag = False");
});

test("what needs no answer is settled at once and asks for nothing", () => {
  const model = page.pageModel(content());
  model.set("opacity", 0.8);
  model.save_changes();
  assert.equal(model.get("_settled").opacity, 0.8);
  assert.deepEqual(model.get("_trace"), { n: 1 });
});

test("only what has answers works, and the rest is named once", () => {
  const model = page.pageModel(content());
  assert.deepEqual(["size", "flag", "other", "other"].map(model.works), [true, true, false, false]);
  assert.deepEqual(model.fixed(), ["other"]);
  assert.match(page.sentenceOnFixed(model.fixed()), /^Fixed on this page: other\. Each of/);
  assert.equal(page.sentenceOnFixed([]), "");
});

test("what is fixed is called as its control is, and as Python calls it", () => {
  const labels = { second_rate: "rate of layer 2", batch: "batch" };
  const told = page.sentenceOnFixed(["second_rate", "batch", "cursor"], (name) => labels[name] ?? name);
  assert.match(told, /^Fixed on this page: “rate of layer 2” \(second_rate\), batch, cursor\. Each/);
});

test("listeners hear of changes until they leave", () => {
  const model = page.pageModel(content());
  let heard = 0;
  const listener = () => (heard += 1);
  model.on("change", listener);
  ask(model, { size: 2 });
  const before = heard;
  assert.ok(before > 0);
  model.off("change", listener);
  ask(model, { size: 1 });
  assert.equal(heard, before);
});

test("arrays come out of the page's bytes", () => {
  const text = new TextEncoder().encode(JSON.stringify(
    { row: { shape: [2], dtype: "uint8", data: [1, 2] }, plain: [1, 2] }));
  const bytes = new Uint8Array(4 + text.length + 3);
  new DataView(bytes.buffer).setUint32(0, text.length, true);
  bytes.set(text, 4);
  bytes.set([9, 7, 8], 4 + text.length);
  const made = page.unfolded(bytes);
  assert.deepEqual(made.plain, [1, 2]);
  assert.deepEqual([...page.unpack({ row: made.row }).row], [7, 8]);
});
