import { element, open } from "./core.js";
import { choice, player, slider } from "./controls.js";
import { colourBar, picture } from "./canvas.js";

// How often the value that starts at `place` along an axis has been computed by a window that
// stood at the first `places` pixels. marks[p]: values of one window that start at p or before.
export function times(marks, place, places) {
  return marks[place] - (place >= places ? marks[place - places] : 0);
}

// The same for a whole map after a walk, row by row, up to and with pixel `step`.
export function counts(marks, layer, [height, width], step) {
  const [row, column] = [Math.floor(step / width), step % width];
  const span = (layer.outputs - 1) * layer.stride;
  const [rows, columns] = [height + span, width + span];
  const map = Object.assign(new Uint16Array(rows * columns), { shape: [rows, columns] });
  const along = (places) => Uint16Array.from({ length: columns }, (_, c) => times(marks, c, places));
  const [whole, part] = [along(width), along(column + 1)];
  for (let r = 0; r < rows; r++) {
    const before = times(marks, r, row);
    const now = times(marks, r, row + 1) - before;
    for (let c = 0; c < columns; c++) map[r * columns + c] = before * whole[c] + now * part[c];
  }
  return map;
}

// Three digits and a word: 1.23 billion.
export function rounded(number) {
  for (const [size, word] of [[1e12, "trillion"], [1e9, "billion"], [1e6, "million"]]) {
    if (number >= 0.9995 * size) return `${(number / size).toPrecision(3)} ${word}`;
  }
  return grouped(Math.round(number));
}

const verb = (number) => (number ? "computed" : "read");
const grouped = (number) => number.toLocaleString("en");

function render(context) {
  const view = open(context, "Sliding window");
  const { scene } = view;
  const [height, width] = scene.class_map.shape;
  const walk = player(view, {
    steps: () => height * width,
    rate: () => scene.rates[view.get("speed")],
    name: (step) => `row ${Math.floor(step / width)}, column ${step % width}`,
  });
  choice(view, "speed", { quiet: true });
  slider(view, "layer", {
    label: "heat map of", show: (number) => scene.layers[number]?.name, quiet: true,
  });
  walk.seek(scene.start);
  const at = () => [Math.floor(walk.step / width), walk.step % width];
  const go = (row, column) => walk.seek(row * width + column);
  const heat = heatMap(view, walk);
  view.stage.append(windowOver(view, at, go), classMap(view, walk, at, go), heat.element);
  view.lines.append(bill(view, walk));
  view.onDraw(() => view.say(sentence(view, walk, at()) + heat.words()));
  return view.close;
}

function sentence({ scene }, walk, [row, column]) {
  const name = scene.classes[scene.class_map[walk.step]];
  return `Row ${row}, column ${column}: ${name}. ${grouped(walk.step + 1)} of `
    + `${grouped(scene.class_map.length)} pixels done.`;
}

// Only a pressed pointer moves the window: it should not follow every passing mouse.
function onlyPressed(made) {
  const guard = (event) => event.buttons || event.stopPropagation();
  made.element.addEventListener("pointermove", guard, true);
  return made.element;
}

function windowOver(view, at, go) {
  const { scene, look } = view;
  const margin = (scene.window - 1) / 2;
  const [rows, columns] = scene.picture.shape;
  const [height, width] = scene.class_map.shape;
  const inside = (n, last) => Math.max(0, Math.min(last - 1, n - margin));
  const made = picture(view, {
    label: `Picture, ${height} × ${width}, with mirrored rim`,
    cursor: () => at().map((n) => n + margin),
    onCell: (row, column) => go(inside(row, height), inside(column, width)),
  });
  const rim = { row: margin, column: margin, height, width, colour: look.cycle[5] };
  view.onDraw(() => {
    const [row, column] = at();
    const under = { row, column, height: scene.window, width: scene.window, colour: look.cursor };
    const centre = { row: row + margin, column: column + margin, colour: look.cursor };
    made.paint({ codes: scene.picture, table: look.grey, rows, columns }, [rim, under, centre]);
  });
  return onlyPressed(made);
}

function classMap(view, walk, at, go) {
  const { scene, look } = view;
  const [rows, columns] = scene.class_map.shape;
  const made = picture(view, { label: "Class map", cursor: at, onCell: go });
  const names = scene.classes.map((name, k) => {
    const colour = `rgb(${scene.palette.slice(3 * k, 3 * k + 3).join(" ")})`;
    const patch = element("span", { style:
      `display: inline-block; width: 12px; height: 12px; border: 1px solid; background: ${colour}` });
    return element("span", { style: "margin-right: 16px" }, patch, ` ${name}`);
  });
  made.element.append(element("div", { class: "segviz-bar" }, ...names));
  view.onDraw(() => {
    const [row, column] = at();
    made.paint(
      { codes: scene.class_map, table: scene.palette, rows, columns, until: walk.step + 1 },
      [{ row, column, colour: look.cursor }],
    );
  });
  return onlyPressed(made);
}

function heatMap(view, walk) {
  const { scene, look } = view;
  const [rows, columns] = scene.picture.shape;
  const length = scene.marks.shape[1];
  let spot = null;
  let shown = {};
  const made = picture(view, {
    label: "Times computed",
    cursor: () => spot ?? [rows >> 1, columns >> 1],
    onCell: (row, column) => {
      spot = [row, column];
      view.redraw();
    },
  });
  made.element.addEventListener("pointerleave", () => {
    spot = null;
    view.redraw();
  });
  const bar = colourBar(scene.heat_table);
  const share = element("div");
  made.element.append(bar.element, share);
  bar.write({ texts: scene.ends });
  const describe = (number, layer) => {
    made.name(`${layer.name}: how often ${verb(number)}`);
    share.textContent = `${layer.outputs} × ${layer.outputs} in a window, so ${verb(number)} up to `
      + `${grouped(layer.outputs ** 2)} times`;
  };
  const update = () => {
    const number = view.get("layer");
    // Python's answer to a number beyond the last layer is on its way.
    if (!scene.layers[number]) return;
    if (shown.number === number && shown.step === walk.step) return;
    const layer = scene.layers[number];
    const marks = scene.marks.subarray(number * length, (number + 1) * length);
    const map = counts(marks, layer, scene.class_map.shape, walk.step);
    const codes = Object.assign(new Uint8Array(map.length), { shape: map.shape });
    for (let i = 0; i < map.length; i++) codes[i] = scene.heat[map[i]];
    if (shown.number !== number) describe(number, layer);
    shown = { number, step: walk.step, map, codes, rim: (layer.receptive_field - 1) >> 1 };
  };
  view.onDraw(() => {
    update();
    const boxes = spot ? [{ row: spot[0], column: spot[1], colour: look.cycle[5] }] : [];
    made.paint({ codes: shown.codes, table: scene.heat_table, rows, columns, top: shown.rim,
      left: shown.rim, ground: view.ink("page") }, boxes);
  });
  const words = () => {
    if (!spot) return "";
    const [row, column] = spot.map((n) => n - shown.rim);
    const [height, width] = shown.map.shape;
    const there = row >= 0 && column >= 0 && row < height && column < width;
    return there ? ` Under the cursor: ${verb(shown.number)} ${grouped(shown.map[row * width + column])} times.`
      : " Under the cursor: no value has its centre here.";
  };
  return { element: made.element, words };
}

// What has been computed, what would have been enough, and how many times too much that is.
function bill(view, walk) {
  const { loop, once } = view.scene;
  // Columns of fixed width: the numbers grow while one watches.
  const table = element("table", { style: "border-spacing: 0; table-layout: fixed; width: 100%; "
    + "max-width: 440px; font-variant-numeric: tabular-nums" });
  const row = (name, kind) => {
    const style = "text-align: right; padding: 1px 0; font-weight: inherit";
    const cells = [0, 1].map(() => element(kind, { style, scope: kind === "th" ? "col" : null }));
    const head = element("th", { scope: "row", style: "text-align: left; font-weight: inherit" }, name);
    table.append(element("tr", { style: kind === "th" ? "font-weight: 600" : null }, head, ...cells));
    return cells;
  };
  const [soFar, whole] = row("Multiply-adds", "th");
  [soFar.textContent, whole.textContent] = ["so far", "whole picture"];
  const lines = ["patch by patch", "each value once", "ratio"].map((name) => row(name, "td"));
  const write = (column, step) => {
    const sum = (step + 1) * loop;
    const texts = [rounded(sum), rounded(once[step]), `${(sum / once[step]).toFixed(1)} ×`];
    texts.forEach((text, i) => (lines[i][column].textContent = text));
  };
  write(1, once.length - 1);
  let shown;
  view.onDraw(() => shown !== walk.step && write(0, (shown = walk.step)));
  return table;
}

export default { render };
