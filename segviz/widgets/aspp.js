import { element, format, open, putText } from "./core.js";
import { choice, player } from "./controls.js";
import { colourBar, picture } from "./canvas.js";

// The maps that were sent as one array of shape [count, rows, columns].
export function mapsOf({ branches, fused }) {
  const [count, rows, columns] = branches.shape;
  const shape = [rows, columns];
  const one = (i) => Object.assign(
    branches.subarray(i * rows * columns, (i + 1) * rows * columns), { shape });
  return [...Array.from({ length: count }, (_, i) => one(i)), fused];
}

export const branchName = (names, step) =>
  (step < names.length - 1 ? `branch ${step + 1}, ${names[step]}` : `fused: ${names.at(-1)}`);

// What a branch reads for one unit.
export function reads(rate, inside) {
  if (rate === "mean") return `the mean of all ${inside} places`;
  if (rate === 0) return "its own place";
  if (inside === 1) return "only its centre tap: here it is a 1 × 1 convolution";
  return `${inside} of 9 taps`;
}

// A 3 x 3 kernel of rate 6 reaches over 13 x 13 places.
export const reach = (rate) =>
  (typeof rate === "number" ? `${2 * rate + 1} × ${2 * rate + 1}` : "all");

const signed = (number) => (number < 0 ? `(${format(number, 5)})` : format(number, 5));

// How one class's scores become one: "(0.5 + 1.25) / 2 = 0.875".
export function arithmetic(fusion, scores, classes) {
  const parts = scores.slice(0, -1);
  const result = format(scores.at(-1), 5);
  const sum = parts.map((one, i) => (i ? signed(one) : format(one, 5))).join(" + ");
  if (fusion === "sum") return `${sum} = ${result}`;
  if (fusion === "average") return `(${sum}) / ${parts.length} = ${result}`;
  if (fusion === "maximum") {
    return `the largest of ${parts.map((one) => format(one, 5)).join(", ")} is ${result}`;
  }
  return `1 × 1 convolution of ${parts.length} × ${classes} = ${parts.length * classes} scores: `
    + result;
}

export function sentence(classes, trace, { at, inside, answers }, step, truth) {
  const place = `the unit at row ${at[0]}, column ${at[1]}`;
  const known = truth === undefined ? "" : ` Truth: ${classes[truth] ?? "void"}.`;
  const answer = classes[answers[step]];
  if (step === trace.names.length - 1) {
    const said = answers.slice(0, -1).map((code) => classes[code]).join(", ");
    return `Fused by ${trace.names.at(-1)}: for ${place} the branches say ${said}; `
      + `together ${answer}.${known}`;
  }
  return `Branch ${step + 1} of ${inside.length}, ${trace.names[step]}: for ${place} it reads `
    + `${reads(trace.rates[step], inside[step])}. It says ${answer}.${known}`;
}

function render(context) {
  const view = open(context, "Atrous spatial pyramid pooling");
  const { scene } = view;
  controls(view);
  const names = () => view.trace().names;
  const walk = player(view, {
    steps: () => names().length, rate: () => 1, name: (step) => branchName(names(), step),
  });
  walk.seek(Infinity);
  const now = current(view, walk);
  const [input, output] = large(view, now);
  view.stage.append(input.element, output.element, table(view, walk, now), strip(view, now));
  view.lines.append(legend(scene), written(view, now));
  view.onDraw(() => {
    const { at } = view.detail();
    const truth = scene.truth?.[at[0] * scene.size[1] + at[1]];
    view.say(sentence(scene.classes, view.trace(), view.detail(), now().step, truth));
  });
  return view.close;
}

function controls(view) {
  const { scene } = view;
  choice(view, "head", { options: scene.heads });
  choice(view, "fusion");
  choice(view, "show");
  const picked = choice(view, "class_index",
    { label: "scores of", options: scene.classes.map((_, k) => k) });
  picked.querySelectorAll("option").forEach((one, k) => (one.textContent = scene.classes[k]));
}

// The step and the maps of Python's last answer; another head may have fewer branches.
function current(view, walk) {
  let trace, maps;
  return () => {
    if (trace !== view.trace()) [trace, maps] = [view.trace(), mapsOf(view.trace())];
    return { maps, step: Math.min(walk.step, maps.length - 1), last: maps.length - 1 };
  };
}

// The reader's place at once, where Python knows it; else that of the last answer.
function cursor(view) {
  return view.get("cursor").map((n, axis) => Math.max(0, Math.min(n, view.scene.size[axis] - 1)));
}

// The picture with the taps of the branch, and the map of the branch, or of all together.
function large(view, now) {
  const { scene, look } = view;
  const go = view.works("cursor") && ((row, column) => view.ask({ cursor: [row, column] }));
  const input = picture(view, { label: "What is read" });
  const output = picture(view, { label: "Map", cursor: () => cursor(view), onCell: go });
  if (go) followPicture(input, scene, go);
  const bar = colourBar(look.signed);
  output.element.append(bar.element);
  const [rows, columns] = scene.size;
  view.onDraw(() => {
    const { maps, step, last } = now();
    const { taps, at } = view.detail();
    const n = scene.pixels;
    const boxes = taps.flatMap((places, branch) => (step !== branch && step !== last ? []
      : places.map(([row, column]) => ({ row: n * row, column: n * column, height: n, width: n,
        colour: look.cycle[branch] }))));
    const places = step === last ? "all branches" : view.trace().names[step];
    input.name(`Read for one unit by ${places}`);
    input.paint({ codes: scene.picture, rows: n * rows, columns: n * columns }, boxes);
    output.name(branchName(view.trace().names, step));
    output.paint({ codes: maps[step], table: colourTable(view), rows, columns },
      [{ row: at[0], column: at[1], colour: look.cursor }]);
    const limit = view.trace().limits[step === last ? 1 : 0];
    bar.write({ texts: [format(-limit), "score", format(limit)] });
    bar.element.style.visibility = view.settled("show") === "scores" ? "visible" : "hidden";
  });
  // Low enough for a projected page, together with the small maps below.
  for (const one of [input, output]) one.element.style.maxWidth = "max(270px, 24%)";
  return [input, output];
}

const colourTable = (view) =>
  (view.settled("show") === "classes" ? view.scene.table : view.look.signed);

// A place is several pixels of the picture. The arrow keys move on the map, place by place.
function followPicture(input, { pixels, size }, go) {
  const move = (event) => {
    const box = input.canvas.getBoundingClientRect();
    const place = [event.clientY - box.top, event.clientX - box.left]
      .map((way, axis) => Math.floor(way / input.cell / pixels));
    go(...place.map((one, axis) => Math.max(0, Math.min(size[axis] - 1, one))));
  };
  for (const kind of ["pointermove", "pointerdown"]) input.canvas.addEventListener(kind, move);
}

// All maps small, side by side, as many in a row as there is room for.
function strip(view, now) {
  const { scene, look } = view;
  const [rows, columns] = scene.size;
  const row = element("div", { class: "segviz-whole", style: "display: grid; gap: 4px 10px; "
    + "grid-template-columns: repeat(auto-fill, minmax(120px, 1fr)); max-width: 1000px" });
  const made = Array.from({ length: 7 }, () => picture(view, { label: "map" }));
  const truth = scene.truth && picture(view, { label: "truth" });
  row.append(...made.map((one) => one.element));
  if (truth) row.append(truth.element);
  for (const one of row.children) one.style.minWidth = "0";
  view.onDraw(() => {
    const { maps, step } = now();
    const { at } = view.detail();
    const boxes = [{ row: at[0], column: at[1], colour: look.cursor }];
    made.forEach((one, i) => {
      one.element.hidden = i >= maps.length;
      if (i >= maps.length) return;
      one.name(i === maps.length - 1 ? "fused" : view.trace().names[i]);
      one.paint({ codes: i <= step ? maps[i] : undefined, table: colourTable(view), rows, columns },
        i <= step ? boxes : []);
      one.canvas.style.outline = i === step ? `3px solid ${look.cursor}` : "none";
    });
    truth?.paint({ codes: scene.truth, table: scene.table, rows, columns }, boxes);
  });
  return row;
}

const HEADS = ["", "reaches", "taps", "all nine at", "says", "score", "right"];
export const percent = (share, digits = 0) => `${(100 * share).toFixed(digits)} %`;

// One row a branch, and one for all together; a row's name is a button that goes there.
function table(view, walk, now) {
  const { scene } = view;
  const heads = scene.truth ? HEADS : HEADS.slice(0, -1);
  const style = "text-align: left; padding: 1px 9px 1px 0; font-weight: inherit; height: 1.5em; "
    + "white-space: nowrap";
  const head = element("tr", { style: "font-weight: 600" },
    ...heads.map((name) => element(name ? "th" : "td", { style, scope: name ? "col" : null }, name)));
  const lines = Array.from({ length: 7 }, (_, i) => {
    const pick = element("button", { type: "button", style: "width: 100%; min-height: 22px; "
      + "padding: 0 6px; border-left-width: 6px" });
    pick.addEventListener("click", () => walk.seek(Math.min(i, now().last)));
    const cells = heads.slice(1).map(() => element("td", { style }));
    return { pick, cells, row: element("tr", {}, element("th", { scope: "row", style }, pick), ...cells) };
  });
  view.onDraw(() => {
    const { step, last } = now();
    lines.forEach(({ pick, cells, row }, i) => {
      row.hidden = i > last;
      if (i > last) return;
      putText(pick, i === last ? "fused" : view.trace().names[i]);
      pick.style.borderLeftColor = i === last ? "" : view.look.cycle[i];
      pick.setAttribute("aria-pressed", String(i === step));
      row.style.background = i === step ? "var(--segviz-raised)" : "";
      rowTexts(view, i, last).forEach((text, n) => cells[n] && putText(cells[n], text));
    });
  });
  return element("div", { style: "overflow-x: auto; flex: 1 1 420px" },
    element("table", { style: "border-spacing: 0; font-variant-numeric: tabular-nums" },
      head, ...lines.map((one) => one.row)));
}

function rowTexts(view, i, last) {
  const [{ rates, whole, right }, { inside, answers, scores }] = [view.trace(), view.detail()];
  const here = [view.scene.classes[answers[i]], format(scores[i], 3)];
  // Fusions differ by less than one in a hundred.
  const share = right ? [percent(right[i], 1)] : [];
  if (i === last) return ["", "", "", ...here, ...share];
  const nine = typeof rates[i] === "number" && rates[i] > 0;
  return [reach(rates[i]), nine ? `${inside[i]} of 9` : String(inside[i]),
    nine ? percent(whole[i]) : "", ...here, ...share];
}

// The fusion at the cursor, in numbers.
function written(view, now) {
  const line = element("p", { class: "segviz-written" });
  view.onDraw(() => {
    const name = view.scene.classes[view.settled("class_index")];
    putText(line, `${view.settled("fusion")}, score of ${name}: `
      + arithmetic(view.settled("fusion"), view.detail().scores, view.scene.classes.length));
  });
  return line;
}

function legend({ classes, table: colours, truth }) {
  const names = Object.entries(classes);
  if (truth?.includes(255)) names.push(["255", "void"]);
  return element("div", {}, ...names.flatMap(([code, name]) => [swatch(colours, 3 * code, name), " "]));
}

function swatch(colours, at, name) {
  const colour = `rgb(${colours.slice(at, at + 3).join(" ")})`;
  const patch = element("span", { style:
    `display: inline-block; width: 12px; height: 12px; border: 1px solid; background: ${colour}` });
  return element("span", { style: "margin-right: 14px; white-space: nowrap" }, patch, ` ${name}`);
}

export default { render };
