import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { FakeModel, Frames, load } from "./load.mjs";

const core = await load();

const packed = (dtype, shape, bytes, offset = 0) => {
  const buffer = new ArrayBuffer(offset + bytes.length);
  new Uint8Array(buffer, offset).set(bytes);
  return { dtype, shape, data: new DataView(buffer, offset, bytes.length) };
};

test("unpack keeps numbers, shape and plain values", () => {
  const made = core.unpack({
    codes: packed("uint8", [2, 2], [1, 2, 3, 255]),
    half: packed("float32", [1], [0, 0, 0, 63]),
    text: "a", list: [1, 2],
  });
  assert.deepEqual([...made.codes], [1, 2, 3, 255]);
  assert.deepEqual(made.codes.shape, [2, 2]);
  assert.deepEqual([...made.half], [0.5]);
  assert.equal(made.text, "a");
  assert.deepEqual(made.list, [1, 2]);
});

test("unpack reads a buffer that is not aligned for its type", () => {
  const made = core.unpack({ n: packed("int32", [1], [5, 0, 0, 0], 3) });
  assert.deepEqual([...made.n], [5]);
});

test("asking sends the first setting at once and then the last of each frame", () => {
  const model = new FakeModel({ stride: 1 });
  const frames = new Frames();
  const { ask } = core.asker(model, frames.request);
  for (const stride of [2, 3, 4, 5]) ask({ stride });
  assert.deepEqual(model.saved.map((one) => one.stride), [2]);
  frames.next();
  assert.deepEqual(model.saved.map((one) => one.stride), [2, 5]);
  frames.next();
  frames.next();
  assert.equal(model.saved.length, 2);
  ask({ stride: 1 });
  assert.deepEqual(model.saved.map((one) => one._asked), [1, 2, 3]);
});

test("an answer is counted from the moment of the input on, be it held back or the same", () => {
  const model = new FakeModel({ stride: 1 });
  const frames = new Frames();
  const { ask, due } = core.asker(model, frames.request);
  const heard = [];
  model.on("change", () => heard.push(due().asked));
  ask({ stride: 2 });
  ask({ stride: 3 });
  ask({ stride: 3 });
  assert.deepEqual([due().asked, model.get("_asked")], [2, 1]);
  frames.next();
  assert.deepEqual([due().asked, model.get("_asked")], [2, 2]);
  assert.deepEqual([...new Set(heard)], [1, 2]);
});

test("what is told is sent at rest, or with the next ask, and is due until then", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const model = new FakeModel({ stride: 1, speed: 1 });
  const { ask, tell, due } = core.asker(model, new Frames().request);
  for (const speed of [2, 3]) {
    tell({ speed });
    mock.timers.tick(200);
  }
  assert.deepEqual([due(), model.saved.length], [{ asked: 0, telling: true }, 0]);
  mock.timers.tick(100);
  assert.deepEqual(due(), { asked: 1, telling: false });
  assert.deepEqual(model.saved.map((one) => [one._asked, one.speed]), [[1, 3]]);
  tell({ speed: 4 });
  ask({ stride: 2 });
  mock.timers.tick(1000);
  assert.deepEqual([model.saved.length, model.saved[1].speed], [2, 4]);
  assert.deepEqual(due(), { asked: 2, telling: false });
  mock.timers.reset();
});

test("an older answer never replaces a newer one", () => {
  const model = new FakeModel({ _trace: { step: 1 }, _answered: 5 });
  const trace = core.latest(model, "_trace");
  assert.equal(trace().step, 1);
  Object.assign(model.state, { _trace: { step: 0 }, _answered: 4 });
  assert.equal(trace().step, 1);
  Object.assign(model.state, { _trace: { step: 2 }, _answered: 6 });
  assert.equal(trace().step, 2);
});

function pacing() {
  const [frames, drawn] = [new Frames(), []];
  let answer = 0;
  const pace = core.pacer({
    answered: () => answer, draw: () => drawn.push(answer), onDue: () => {},
    onFrame: () => drawn.push("frame"), frame: frames.request,
  });
  const come = () => {
    answer += 1;
    pace.changed();
  };
  return { frames, drawn, pace, come };
}

test("an answer is drawn when it comes, one in a frame, and the last one in that frame", async () => {
  const { frames, drawn, pace, come } = pacing();
  pace.redraw();
  frames.next();
  come();
  await null;
  assert.deepEqual(drawn, [0, "frame", 1]);
  frames.next();
  assert.deepEqual(drawn.splice(0), [0, "frame", 1, "frame"]);
  for (let i = 0; i < 3; i++) {
    come();
    await null;
  }
  frames.next();
  assert.deepEqual(drawn, [2, 4, "frame"]);
});

test("what one handler asks for is drawn once, when it is done and before the frame", async () => {
  const { frames, drawn, pace } = pacing();
  pace.redraw();
  frames.next();
  drawn.splice(0);
  pace.redraw();
  pace.redraw();
  assert.deepEqual(drawn, []);
  await null;
  assert.deepEqual(drawn, [0]);
  pace.redraw();
  await null;
  assert.deepEqual(drawn, [0]);
  frames.next();
  assert.deepEqual(drawn, [0, 0, "frame"]);
});

test("what is no answer waits for the frame, and so does an answer before the first one", async () => {
  const { frames, drawn, pace, come } = pacing();
  come();
  await null;
  assert.deepEqual(drawn, []);
  frames.next();
  pace.changed();
  pace.changed();
  pace.inFrame();
  await null;
  assert.deepEqual(drawn, [1, "frame"]);
  frames.next();
  frames.next();
  assert.deepEqual(drawn, [1, "frame", 1, "frame"]);
});

test("a frame says whether there is more to draw, and every wish is heard at once", async () => {
  const [frames, said] = [new Frames(), []];
  let more = 2;
  const pace = core.pacer({
    answered: () => 0, draw: () => (more -= 1) && pace.redraw(),
    onDue: () => said.push("due"), onFrame: (moving) => said.push(moving), frame: frames.request,
  });
  pace.redraw();
  assert.deepEqual(said, ["due"]);
  frames.next();
  // The drawing asks again in each frame, which must not be answered within that very frame.
  await null;
  frames.next();
  assert.deepEqual(said, ["due", "due", true, false]);
});

test("numbers are short, with a true minus sign and no minus zero", () => {
  const cases = { "0.11": 1 / 9, "−1.3": -1.3, "0": -0.001, "4": 4, "100": 100, "−0.5": -0.5 };
  for (const [text, number] of Object.entries(cases)) assert.equal(core.format(number), text);
});

test("keys stay in the widget except those of the browser and Escape", () => {
  const stopped = (event) => {
    let kept = false;
    core.keepKeys({ ...event, stopPropagation: () => (kept = true) });
    return kept;
  };
  assert.ok(stopped({ key: "ArrowDown" }));
  assert.ok(!stopped({ key: "Escape" }));
  assert.ok(!stopped({ key: "s", ctrlKey: true }));
  assert.ok(!stopped({ key: "s", metaKey: true }));
});

test("codes become colours through the table, colour pictures pass", () => {
  const codes = Object.assign(new Uint8Array([1, 0]), { shape: [1, 2] });
  assert.deepEqual([...core.toRgba(codes, [9, 8, 7, 1, 2, 3])], [1, 2, 3, 255, 9, 8, 7, 255]);
  const colour = Object.assign(new Uint8Array([4, 5, 6]), { shape: [1, 1, 3] });
  assert.deepEqual([...core.toRgba(colour)], [4, 5, 6, 255]);
});

test("cells are whole device pixels, and at least one", () => {
  assert.equal(core.cellSize(330, 80), 4);
  assert.equal(core.cellSize(330, 80, 2), 4);
  assert.equal(core.cellSize(300, 80, 2), 3.5);
  assert.equal(core.cellSize(30, 80), 1);
});

function playing(steps, rate) {
  const frames = new Frames();
  const seen = [];
  const made = core.clock({
    steps: () => steps, rate: () => rate, onStep: (n) => seen.push(n), frame: frames.request,
  });
  return { frames, made, seen };
}

test("playing goes by the clock on the wall, not by the number of frames", () => {
  const { frames, made } = playing(100, 10);
  made.play();
  frames.next(1000);
  frames.next(1450);
  assert.equal(made.step, 4);
  frames.next(2000);
  assert.equal(made.step, 10);
});

test("playing stops at the end and starts again from the front", () => {
  const { frames, made } = playing(4, 10);
  made.play();
  frames.next(0);
  frames.next(5000);
  assert.deepEqual([made.step, made.playing], [3, false]);
  made.play();
  frames.next(6000);
  assert.deepEqual([made.step, made.playing], [0, true]);
});

test("seeking pauses and stays within the steps", () => {
  const { made } = playing(4, 10);
  made.play();
  made.seek(99);
  assert.deepEqual([made.step, made.playing], [3, false]);
  made.seek(-1);
  assert.equal(made.step, 0);
});

test("when there are more steps, the end stays the end and the middle stays the middle", () => {
  let steps = 4;
  const made = core.clock({ steps: () => steps, rate: () => 1, onStep: () => {}, frame: () => {} });
  made.seek(Infinity);
  steps = 9;
  made.follow();
  assert.equal(made.step, 8);
  made.seek(2);
  steps = 20;
  made.follow();
  assert.equal(made.step, 2);
  steps = 2;
  made.follow();
  assert.equal(made.step, 1);
});

test("numbers are read back with either minus sign, and a comma for a point", () => {
  assert.equal(core.parse(" −1.5"), -1.5);
  assert.equal(core.parse("0,25"), 0.25);
  for (const text of ["", "-", "two"]) assert.ok(Number.isNaN(core.parse(text)));
});
