// The floor under every widget: state in and out, keys, read-out; drawing.js has the rest.
// Nothing here computes a result; Python has done that.
import { drawWhenChanged, followTheme } from "./drawing.js";

const TYPES = {
  uint8: Uint8Array, int8: Int8Array, uint16: Uint16Array, int16: Int16Array,
  int32: Int32Array, float32: Float32Array, float64: Float64Array,
};

// {shape, dtype, data} -> typed array with a .shape; anything else comes back as it is.
export function unpack(packed) {
  const one = (value) => {
    const Type = TYPES[value?.dtype];
    if (!Type) return value;
    const { buffer, byteOffset, byteLength } = value.data;
    // A copy, because a message's buffer need not be aligned for the type.
    const array = new Type(buffer.slice(byteOffset, byteOffset + byteLength));
    return Object.assign(array, { shape: value.shape });
  };
  return Object.fromEntries(Object.entries(packed).map(([name, value]) => [name, one(value)]));
}

// Takes settings to Python and counts the answers.
//   ask(settings): the first at once, then at most one message per frame
//   tell(settings): when the reader has come to rest, if no ask has taken them along before
//   due(): what is to come, from the moment of the input on: asked, the number of the last answer,
//     and telling, whether something told has not been sent yet
export function asker(model, frame = requestAnimationFrame) {
  let [resting, waiting, telling] = [true, false, false];
  let rested;
  const put = (settings) => {
    for (const [name, value] of Object.entries(settings)) model.set(name, value);
  };
  const send = () => {
    clearTimeout(rested);
    waiting = telling = false;
    model.set("_asked", model.get("_asked") + 1);
    model.save_changes();
  };
  const rest = () => {
    resting = !waiting;
    if (resting) return;
    send();
    frame(rest);
  };
  const ask = (settings = {}) => {
    // First, so that whoever hears of the change counts its answer.
    waiting = true;
    put(settings);
    if (!resting) return;
    resting = false;
    send();
    frame(rest);
  };
  const tell = (settings) => {
    telling = true;
    put(settings);
    clearTimeout(rested);
    rested = setTimeout(send, 300);
  };
  const due = () => ({ asked: model.get("_asked") + (waiting ? 1 : 0), telling });
  return { ask, tell, due, stop: () => clearTimeout(rested) };
}

// Unpacks a synced dictionary once per value, and never goes back to an older answer.
export function latest(model, name) {
  let packed, value, number = -1;
  return () => {
    const answered = model.get("_answered");
    if (model.get(name) !== packed && answered >= number) {
      packed = model.get(name);
      value = unpack(packed);
      number = answered;
    }
    return value;
  };
}

export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) made.setAttribute(name, "");
    else if (value !== false && value != null) made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

// Text is written only where it differs: writing it anew makes the browser lay the page out.
// What stands there already is changed rather than replaced, which would cost a new piece of layout.
export function putText(node, text) {
  if (node.textContent === text) return;
  if (node.childNodes.length === 1 && node.firstChild.nodeType === 3) node.firstChild.data = text;
  else node.textContent = text;
}

export function putAttribute(node, name, text) {
  if (node.getAttribute(name) !== text) node.setAttribute(name, text);
}

// What was typed or shown as a number; NaN for anything else.
export function parse(text) {
  const plain = text.trim().replace("−", "-").replace(",", ".");
  return plain === "" ? NaN : Number(plain);
}

// Two decimals as a rule, a true minus sign, no "-0.00".
export function format(number, digits = 2) {
  if (Number.isInteger(number) && Math.abs(number) < 1e21) {
    return number < 0 ? `−${-number}` : String(number);
  }
  const text = Math.abs(number).toFixed(digits);
  const short = text.includes(".") ? text.replace(/\.?0+$/, "") : text;
  return number < 0 && Number(text) !== 0 ? `−${short}` : short;
}

// Every widget on a page has its own copy of this file, so a count alone would not do.
const moduleId = Math.random().toString(36).slice(2, 8);
let made = 0;
export const uniqueId = (word) => `segviz-${word}-${moduleId}-${(made += 1)}`;

// Keys typed in a widget are the widget's: JupyterLab would take the arrows for itself.
export function keepKeys(event) {
  if (!event.ctrlKey && !event.metaKey && event.key !== "Escape") event.stopPropagation();
}

// Opens a view. Every helper in these files takes it first.
//   view.root, view.controls, view.stage, view.lines: places to put things
//   view.get(name): a setting as the reader has it now
//   view.ask({name: value}) changes it and has Python answer; view.tell({name: value}) changes it
//     where the answer has come already (in the scene, say) and lets Python know at leisure
//   view.works(name): whether it can be changed here; not without a kernel, on a saved page, unless
//     the page has the answers to all its settings with it
//   view.settled(name): the setting that the trace belongs to; draw with this one, so that a
//     picture is never half old and half new, and an illegal setting leaves it alone
//   view.scene, view.look, view.trace(), view.detail(): what Python sent, unpacked
//   view.onDraw(f): f runs once per frame in which something has changed, and before it as soon as
//     an answer has come or view.redraw() was called
//   view.paint(f): called by those, f paints a canvas when all the texts are written
//   view.say(text): the read-out, spoken when the value has come to rest
//   view.ink(name): a colour of the current theme; view.family(): its font
//   view.close: what render() returns
export function open({ model, el }, label) {
  const view = { model, drawers: [], painters: [], closers: [] };
  view.get = (name) => model.get(name);
  view.settled = (name) => model.get("_settled")[name];
  view.works = (name) => model.works?.(name) ?? true;
  const { ask, tell, due, stop } = asker(model);
  view.due = due;
  view.closers.push(stop);
  view.ask = (settings) => {
    if (!Object.keys(settings).every(view.works)) return;
    ask(settings);
    view.awaited = due().asked;
    view.noteDue();
  };
  view.tell = (settings) => {
    tell(settings);
    view.redraw();
  };
  view.trace = latest(model, "_trace");
  view.detail = latest(model, "_detail");
  view.scene = unpack(model.get("_scene"));
  view.look = unpack(model.get("_look"));
  view.onDraw = (draw) => view.drawers.push(draw);
  view.paint = (paint) => view.painters.push(paint);
  layOut(view, el, label);
  drawWhenChanged(view);
  followTheme(view);
  showErrors(view);
  sayWhenWaiting(view);
  view.close = () => {
    for (const close of view.closers) close();
    view.root.remove();
  };
  // A comm's first message can wait behind a running cell; later ones do not. Get it over with.
  ask();
  return view;
}

function layOut(view, el, label) {
  view.controls = element("div", { class: "segviz-controls" });
  view.stage = element("div", { class: "segviz-stage" });
  view.lines = element("div", { class: "segviz-lines" });
  view.error = element("div", { class: "segviz-error", role: "alert" });
  view.readout = element("p", { class: "segviz-readout" });
  view.waiting = element("p", { class: "segviz-waiting", hidden: true },
    "Waiting for the kernel: it is busy or not running.");
  const spoken = element("p", { class: "segviz-spoken", "aria-live": "polite" });
  view.root = element("section", { class: "segviz", "aria-label": label },
    view.controls, view.error, view.stage, view.lines, view.readout, view.waiting, spoken);
  view.root.addEventListener("keydown", keepKeys);
  let resting;
  view.say = (text) => {
    if (view.readout.textContent === text) return;
    view.readout.textContent = text;
    clearTimeout(resting);
    // The first text describes the start and need not interrupt anyone.
    const first = !view.spoke;
    view.spoke = true;
    if (!first) resting = setTimeout(() => (spoken.textContent = text), 400);
  };
  view.closers.push(() => clearTimeout(resting));
  el.append(view.root);
}

function showErrors(view) {
  let shown;
  view.onDraw(() => {
    if (view.get("_error") !== shown) showError(view, (shown = view.get("_error")));
  });
}

function sayWhenWaiting(view) {
  const patience = setInterval(() => {
    const behind = view.awaited > view.get("_answered");
    view.waiting.hidden = !(behind && view.wasBehind);
    view.wasBehind = behind;
  }, 500);
  view.closers.push(() => clearInterval(patience));
}

function showError(view, { message, remedy, label }) {
  view.error.replaceChildren();
  if (!message) return;
  view.error.append(element("span", {}, message));
  if (!Object.keys(remedy).length) return;
  const use = element("button", { type: "button" }, label);
  use.addEventListener("click", () => view.ask(remedy));
  view.error.append(use);
}
