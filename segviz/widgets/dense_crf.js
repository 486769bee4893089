import { element, open } from "./core.js";
import { player, slider } from "./controls.js";
import { picture } from "./canvas.js";

// Labels and kinds of change behind iteration t: the network's, and the changes put upon them.
export function replay({ first, first_kinds: kinds }, { places, codes, ends }, t) {
  const copy = (map) => Object.assign(map.slice(), { shape: map.shape });
  const now = { labels: copy(first), kinds: copy(kinds) };
  for (let i = 0; i < ends[t]; i++) {
    now.labels[places[i]] = codes[i] & 63;
    now.kinds[places[i]] = codes[i] >> 6;
  }
  return now;
}

export const iterationName = (t) => (t ? `iteration ${t}` : "the network alone");

export function sentence({ ends, changed, right }, t) {
  const share = (i) => `${(100 * right[i]).toFixed(1)} %`;
  if (!t) return `The network alone.${right ? ` ${share(0)} of the pixels are right.` : ""}`;
  const known = right
    ? ` ${share(t)} of the pixels are right; the network alone: ${share(0)}.` : "";
  const moved = ends[t] - ends[t - 1];
  return `Iteration ${t} moves ${moved} label${moved === 1 ? "" : "s"}; `
    + `${changed[t]} differ from the network's.${known}`;
}

export function pixelSentence(classes, [row, column], network, now, truth) {
  const name = (code) => classes[code] ?? "void";
  const known = truth === undefined ? "" : `; truth: ${name(truth)}`;
  return `Row ${row}, column ${column}: network ${name(network)}, now ${name(now)}${known}.`;
}

const SLIDERS = ["appearance_weight", "position_sigma", "colour_sigma", "smoothness_weight",
  "smoothness_sigma"];

function render(context) {
  const view = open(context, "Dense CRF");
  const { scene } = view;
  const steps = iterations(view);
  for (const name of SLIDERS) slider(view, name);
  const now = current(view, steps);
  const [rows, columns] = scene.picture.shape;
  const [spot, maps] = pictures(view, now, rows, columns);
  view.stage.append(element("div", { style: "display: grid; gap: 8px 14px; "
    + "grid-template-columns: repeat(auto-fit, minmax(140px, 1fr))" },
  ...maps.map((one) => one.element)));
  view.lines.append(legend(view));
  view.onDraw(() => {
    maps[1].name(steps.step ? `Iteration ${steps.step}` : "Network alone");
    const [row, column] = spot();
    const at = row * columns + column;
    view.say(`${sentence(view.trace(), steps.step)} `
      + pixelSentence(scene.classes, [row, column], scene.first[at], now().labels[at],
        scene.truth?.[at]));
  });
  return view.close;
}

// The step clock and the parameter, kept in step: an iteration may also come from Python.
function iterations(view) {
  const count = () => view.trace().ends.length;
  const steps = player(view, { steps: count, rate: () => 2, name: iterationName });
  let known;
  view.onDraw(() => {
    const asked = view.get("iteration");
    if (asked !== known) steps.seek(asked);
    known = steps.step;
    if (asked !== known) view.tell({ iteration: known });
  });
  return steps;
}

// The same maps until trace or iteration changes, so that nothing is painted twice.
function current(view, steps) {
  let trace, step, maps;
  return () => {
    if (trace !== view.trace() || step !== steps.step) {
      [trace, step] = [view.trace(), steps.step];
      maps = replay(view.scene, trace, step);
    }
    return maps;
  };
}

// All of them share one cursor; hovering, pressing and the arrow keys move it.
function pictures(view, now, rows, columns) {
  const { scene, look } = view;
  let spot = [Math.floor(rows / 2), Math.floor(columns / 2)];
  const shown = [
    ["Picture", () => scene.picture],
    ["Labels", () => now().labels, scene.table],
    ["What changed", () => now().kinds, scene.kind_table],
    ...(scene.truth ? [["Truth", () => scene.truth, scene.table]] : []),
  ];
  const drawn = shown.map(([label]) => picture(view, {
    label,
    cursor: () => spot,
    onCell: (row, column) => {
      spot = [row, column];
      view.redraw();
    },
  }));
  view.onDraw(() => drawn.forEach((one, i) => {
    const [row, column] = spot;
    one.paint({ codes: shown[i][1](), table: shown[i][2], rows, columns },
      [{ row, column, colour: look.cursor }]);
  }));
  return [() => spot, drawn];
}

// What the colours mean: classes, then kinds of change.
function legend({ scene }) {
  const words = scene.truth ? { 1: "right now", 2: "wrong now", 3: "wrong as before" }
    : { 3: "changed" };
  const row = (entries, table) => element("div", {}, ...entries.flatMap(
    ([code, name]) => [swatch(table, 3 * code, name), " "]));
  const names = Object.entries(scene.classes);
  if (scene.truth?.includes(255)) names.push(["255", "void"]);
  return element("div", {}, row(names, scene.table),
    row(Object.entries(words), scene.kind_table));
}

function swatch(table, at, name) {
  const colour = `rgb(${table.slice(at, at + 3).join(" ")})`;
  const patch = element("span", { style:
    `display: inline-block; width: 12px; height: 12px; border: 1px solid; background: ${colour}` });
  return element("span", { style: "margin-right: 14px; white-space: nowrap" }, patch, ` ${name}`);
}

export default { render };
