import { element, open } from "./core.js";
import { choice, player, slider } from "./controls.js";
import { colourBar, picture } from "./canvas.js";

// A colour picture with codes laid on it through a table of red, green, blue and opacity.
export function blend(codes, photo, colours, opacity = 1) {
  const [rows, columns] = codes.shape;
  const pixels = new Uint8ClampedArray(3 * rows * columns);
  for (let i = 0; i < codes.length; i++) {
    const to = 3 * i;
    const at = 4 * codes[i];
    const share = (opacity * colours[at + 3]) / 255;
    pixels[to] = photo[to] + share * (colours[at] - photo[to]);
    pixels[to + 1] = photo[to + 1] + share * (colours[at + 1] - photo[to + 1]);
    pixels[to + 2] = photo[to + 2] + share * (colours[at + 2] - photo[to + 2]);
  }
  return Object.assign(pixels, { shape: [rows, columns, 3] });
}

// The maps that were sent as one array of shape [count, rows, columns].
export function layers(maps) {
  const [count, rows, columns] = maps.shape;
  return Array.from({ length: count }, (_, i) =>
    Object.assign(maps.subarray(i * rows * columns, (i + 1) * rows * columns),
      { shape: [rows, columns] }));
}

// Each value as a block, so that maps of all strides are drawn in one size.
export function repeated(codes, factor) {
  const [rows, columns] = codes.shape.map((n) => n * factor);
  const large = Uint8Array.from({ length: rows * columns }, (_, i) => {
    const [row, column] = [Math.floor(i / columns), i % columns];
    return codes[Math.floor(row / factor) * codes.shape[1] + Math.floor(column / factor)];
  });
  return Object.assign(large, { shape: [rows, columns] });
}

// Where a lens around `at` starts, so that it stays within the picture.
export function lensCorner(at, size, lens) {
  return at.map((centre, axis) =>
    Math.max(0, Math.min(centre - Math.floor(lens / 2), size[axis] - lens)));
}

export const percent = (share) =>
  `${(100 * share).toFixed(share > 0 && share < 0.0995 ? 1 : 0)} %`;

// What each rung says of one pixel, and what is true.
export function sentence(classes, [row, column], seen, truth) {
  const names = seen.map(([name, code]) => `${name} ${classes[code]}`).join(", ");
  const known = truth === undefined ? "" : `; truth: ${classes[truth] ?? "void"}`;
  return `Row ${row}, column ${column}: ${names}${known}.`;
}

// The same object for the same arguments, so that what is painted is not painted again.
export function remembered(make) {
  let before = [];
  let value;
  return (...given) => {
    if (given.some((one, i) => one !== before[i])) [value, before] = [make(...given), given];
    return value;
  };
}

// All rungs were sent at once, so no control has to wait for Python.
function render(context) {
  const view = open(context, "FCN ladder");
  const { scene } = view;
  const maps = { classes: layers(scene.class_maps), verdicts: layers(scene.verdicts) };
  const rung = rungs(view);
  choice(view, "show", { options: scene.views, quiet: true });
  const picked = choice(view, "class_index",
    { label: "scores of", options: scene.classes.map((_, k) => k), quiet: true });
  picked.querySelectorAll("option").forEach((one, k) => (one.textContent = scene.classes[k]));
  slider(view, "opacity", { show: percent, quiet: true });
  const seen = classMap(view, rung, maps);
  view.stage.append(seen.element, element("div", {},
    lenses(view, rung, maps), scoreMaps(view, rung), figures(view, rung)));
  view.onDraw(() => {
    const [row, column] = seen.spot();
    const at = row * scene.class_maps.shape[2] + column;
    const answers = scene.rungs.map(({ stride }, i) => [`${stride}s`, maps.classes[i][at]]);
    view.say(`${rung.name(rung.place())} is shown. `
      + sentence(scene.classes, [row, column], answers, scene.truth?.[at]));
  });
  return view.close;
}

// The step clock and the parameter, kept in step: a rung may also come from Python.
function rungs(view) {
  const strides = view.scene.rungs.map(({ stride }) => stride);
  const name = (place) => `FCN-${strides[place]}s`;
  const steps = player(view, { steps: () => strides.length, rate: () => 0.8, name });
  let known;
  view.onDraw(() => {
    const asked = view.get("finest_stride");
    if (asked !== known && strides.includes(asked)) steps.seek(strides.indexOf(asked));
    known = strides[steps.step];
    if (asked !== known) view.tell({ finest_stride: known });
  });
  return { place: () => steps.step, go: (place) => steps.seek(place), name };
}

// The reader's setting, or the last legal one while Python shows the rule that this one breaks.
function legal(view, name, offered) {
  return offered.includes(view.get(name)) ? view.get(name) : view.settled(name);
}

const TABLES = { classes: "class_table", "what the skip changed": "changed_table",
  mistakes: "mistakes_table" };

// Hovering names a pixel; pressing, or the arrow keys, also move the lens there.
function classMap(view, rung, maps) {
  const { scene, look } = view;
  const size = scene.class_maps.shape.slice(1);
  let spot = null;
  let moves = false;
  const centre = () => view.get("cursor")
    .map((n, axis) => Math.max(0, Math.min(n, size[axis] - 1)));
  const made = picture(view, {
    label: "Class map",
    cursor: centre,
    onCell: (row, column) => {
      spot = moves ? null : [row, column];
      if (moves) view.tell({ cursor: [row, column] });
      view.redraw();
    },
  });
  for (const kind of ["pointerdown", "pointermove", "keydown"]) {
    made.element.addEventListener(kind,
      (event) => (moves = kind === "keydown" || event.buttons > 0), true);
  }
  made.element.addEventListener("pointerleave", () => {
    spot = null;
    view.redraw();
  });
  made.element.append(legend(view));
  const blended = remembered((show, place, opacity) =>
    blend(maps[show === "classes" ? show : "verdicts"][place], scene.picture, scene[TABLES[show]],
      opacity));
  view.onDraw(() => {
    const place = rung.place();
    made.name(`${rung.name(place)}, from ${scene.rungs[place].size.join(" × ")} scores`);
    const [row, column] = lensCorner(view.get("cursor"), size, scene.lens);
    const codes = blended(legal(view, "show", scene.views), place, view.get("opacity"));
    made.paint({ codes, rows: size[0], columns: size[1] },
      [{ row, column, height: scene.lens, width: scene.lens, colour: look.cursor }]);
  });
  made.spot = () => spot ?? centre();
  return made;
}

const WORDS = {
  "what the skip changed": { 2: "right now", 3: "wrong now", 4: "changed, wrong before and now" },
  mistakes: { 1: "wrong" },
};

// What the colours mean; the legends of all views lie in one place, so that nothing jumps.
function legend(view) {
  const { scene } = view;
  const box = element("div", { style: "display: grid; margin-top: 6px" });
  const lists = scene.views.map((show) => {
    const known = Object.entries(show === "classes" ? scene.classes : WORDS[show]);
    const words = scene.truth || show === "classes" ? known : [["4", "changed"]];
    const list = element("div", { style: "grid-area: 1 / 1" },
      ...words.flatMap(([code, name]) => [swatch(scene[TABLES[show]], 4 * code, name), " "]));
    box.append(list);
    return [show, list];
  });
  view.onDraw(() => lists.forEach(([show, list]) => (list.style.visibility =
    show === legal(view, "show", scene.views) ? "visible" : "hidden")));
  return box;
}

function swatch(colours, at, name) {
  const colour = `rgb(${colours.slice(at, at + 3).join(" ")})`;
  const patch = element("span", { style:
    `display: inline-block; width: 12px; height: 12px; border: 1px solid; background: ${colour}` });
  return element("span", { style: "margin-right: 14px; white-space: nowrap" }, patch, ` ${name}`);
}

// Small pictures side by side, as many in a row as there is room for.
function strip(view, least) {
  const row = element("div", { style: "display: grid; gap: 4px 6px; margin-bottom: 6px; "
    + `grid-template-columns: repeat(auto-fit, minmax(${least}px, 1fr))` });
  const add = (name) => {
    const made = picture(view, { label: name });
    made.element.style.minWidth = "0";
    row.append(made.element);
    return made;
  };
  return { row, add };
}

// The same few pixels as picture, on every rung and in truth.
function lenses(view, rung, maps) {
  const { scene } = view;
  const { row, add } = strip(view, 68);
  const over = (codes) => blend(codes, scene.picture, scene.class_table);
  const shown = [["picture", scene.picture],
    ...maps.classes.map((codes, i) => [`${scene.rungs[i].stride}s`, over(codes)])];
  if (scene.truth) shown.push(["truth", over(scene.truth)]);
  const all = shown.map(([name, codes]) => ({ made: add(name), codes }));
  view.onDraw(() => all.forEach(({ made, codes }, i) => {
    const [top, left] = lensCorner(view.get("cursor"), scene.class_maps.shape.slice(1), scene.lens);
    made.paint({ codes, rows: scene.lens, columns: scene.lens, top: -top, left: -left });
    made.canvas.style.outline = i === rung.place() + 1 ? `3px solid ${view.look.cursor}` : "none";
  }));
  return row;
}

// What came from the coarser rungs, what this stride adds, and their sum.
function scoreMaps(view, rung) {
  const { scene, look } = view;
  const { row, add } = strip(view, 80);
  const finest = scene.rungs.at(-1).stride;
  const large = (sent, factor) => sent && layers(sent).map((one) => repeated(one, factor));
  const parts = ["carried", "skip", "total"].map((part) => {
    const maps = scene.rungs.map(({ stride }, i) => large(scene[part + i], stride / finest));
    return { made: add(part), maps };
  });
  const bar = colourBar(look.signed);
  view.onDraw(() => {
    const [place, k] = [rung.place(), legal(view, "class_index", [...scene.classes.keys()])];
    const { stride, carried_from: before } = scene.rungs[place];
    const [rows, columns] = scene.rungs.at(-1).size;
    const names = before ? [`${before}s × ${before / stride}`, `+ stride ${stride}`, `= ${stride}s`]
      : ["(none)", `stride ${stride}`, `= ${stride}s`];
    parts.forEach(({ made, maps }, i) => {
      made.name(names[i]);
      made.paint({ codes: maps[place]?.[k], table: look.signed, rows, columns });
    });
    const limit = scene.limits[k].toFixed(1);
    bar.write({ texts: [`−${limit}`, `score of ${scene.classes[k]}`, limit] });
  });
  return element("div", {}, row, bar.element);
}

// One row per rung; its name is a button that goes there.
function figures(view, rung) {
  const { scene } = view;
  const scores = [["mIoU", (one) => one.mean_iou.toFixed(3)],
    ["boundary F1", (one) => one.boundary_f1.toFixed(3)]];
  const columns = [["changed", (one, i) => (i ? percent(one.changed) : "–")],
    ...(scene.truth ? scores : [])];
  const style = "text-align: right; padding: 1px 4px; font-weight: inherit";
  const head = element("tr", { style: "font-weight: 600" }, element("td"),
    ...columns.map(([name]) => element("th", { scope: "col", style }, name)));
  const rows = scene.rungs.map((one, i) => {
    const pick = element("button", { type: "button" }, `${one.stride}s`);
    pick.addEventListener("click", () => rung.go(i));
    const cells = columns.map(([, text]) => element("td", { style }, text(one, i)));
    return { pick, row: element("tr", {}, element("th", { scope: "row", style }, pick), ...cells) };
  });
  view.onDraw(() => rows.forEach(({ pick, row }, i) => {
    pick.setAttribute("aria-pressed", String(i === rung.place()));
    row.style.fontWeight = i === rung.place() ? "600" : "";
  }));
  return element("table", { style: "border-spacing: 0; margin-top: 8px; width: 100%; "
    + "max-width: 440px; font-variant-numeric: tabular-nums" }, head, ...rows.map((one) => one.row));
}

export default { render };
