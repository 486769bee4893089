// Widgets as the browser gets them: shared files and the widget's own, inlined into one module.
import { readFileSync } from "node:fs";

const FOLDER = new URL("../../../segviz/widgets/", import.meta.url);
const SHARED = ["core.js", "drawing.js", "editing.js", "controls.js", "canvas.js",
  "tables.js"];
const IMPORT = /^import\s*\{[^}]*\}\s*from\s*"\.\/\w+\.js";\n/gm;

export function load(...own) {
  const text = [...SHARED, ...own]
    .map((name) => readFileSync(new URL(name, FOLDER), "utf8").replace(IMPORT, ""))
    .join("\n");
  return import(`data:text/javascript;base64,${Buffer.from(text).toString("base64")}`);
}

// A model without a kernel: what was saved, and answers put in by hand.
export class FakeModel {
  constructor(state) {
    this.state = { _asked: 0, _answered: 0, ...state };
    this.saved = [];
    this.listeners = [];
  }
  get(name) { return this.state[name]; }
  set(name, value) {
    this.state[name] = value;
    for (const listener of this.listeners) listener();
  }
  save_changes() { this.saved.push({ ...this.state }); }
  on(_event, listener) { this.listeners.push(listener); }
  off(_event, listener) { this.listeners = this.listeners.filter((one) => one !== listener); }
}

// Frames that come when the test says so, at the time it says.
export class Frames {
  constructor() { this.waiting = []; this.request = (f) => this.waiting.push(f); }
  next(time = 0) {
    const now = this.waiting;
    this.waiting = [];
    for (const one of now) one(time);
  }
}
