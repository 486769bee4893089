import { element, open, putText } from "./core.js";
import { choice, player, slider, toggle } from "./controls.js";
import { picture } from "./canvas.js";
import { numberTable } from "./tables.js";
import { paintedTable } from "./painted_tables.js";

// A step is one pooled value: first each of them is made, then each of them goes up again.
export function phaseOf({ pooled }, step) {
  const [rows, columns] = pooled.shape;
  const up = step >= rows * columns;
  const number = up ? step - rows * columns : step;
  return { up, number, row: Math.floor(number / columns), column: number % columns };
}

// A flat array as rows, with null from one place on.
export function asRows(values, [rows, columns], until = Infinity) {
  return Array.from({ length: rows }, (_, r) => Array.from({ length: columns }, (_, c) =>
    (r * columns + c < until ? values[r * columns + c] : null)));
}

// The output when `count` values have come up; unpooling starts from `ground`, mostly zeros.
export function soFar({ pooled, unpooled, writes }, count, ground = 0) {
  const size = unpooled.shape[0] * unpooled.shape[1];
  const shown = new Array(size).fill(count > 0 ? ground : null);
  writes.slice(0, count).forEach((places, number) => {
    for (const place of places) shown[place] = pooled[number];
  });
  return asRows(shown, unpooled.shape);
}

// The picture's way: each pooled value is copied to its rows and columns, or goes to its place
// among zeros. Where it comes from that very place, the picture has it.
export function pictureTrip(picture, detail) {
  const { unpooled_size: size, places, rows, columns } = detail;
  const pooled = detail.pooled_picture ?? lookedUp(picture, places, detail.picture_size);
  if (!size) return { pooled };
  const up = Object.assign(new Uint8Array(size[0] * size[1]), { shape: size });
  const width = pooled.shape[1];
  if (places) pooled.forEach((code, i) => (up[places[i]] = code));
  else {
    for (let i = 0; i < up.length; i++) {
      up[i] = pooled[rows[Math.floor(i / size[1])] * width + columns[i % size[1]]];
    }
  }
  return { pooled, up };
}

function lookedUp(picture, places, [, width]) {
  const whole = picture.shape[1];
  const codes = Uint8Array.from(places, (place) =>
    picture[Math.floor(place / width) * whole + (place % width)]);
  return Object.assign(codes, { shape: places.shape });
}

function render(context) {
  const view = open(context, "Down and up again with a table of numbers");
  for (const name of ["down", "up"]) choice(view, name);
  const sliders = ["kernel_size", "rows", "columns"].map((name) => slider(view, name));
  // Short, so that they stand in one line of a projected page.
  for (const one of sliders) one.querySelector("input").style.width = "70px";
  toggle(view, "ceil_mode");
  const onlyWithIndices = choice(view, "indices").querySelector("select");
  choice(view, "output_size");
  const offered = !onlyWithIndices.disabled;
  view.onDraw(() => (onlyWithIndices.disabled = !offered || view.get("up") !== "max-unpooling"));
  const steps = () => 2 * view.trace().pooled.length;
  const walk = player(view, {
    steps,
    // Slow enough to check each number, and never longer than sixteen seconds.
    rate: () => Math.max(1, steps() / 16),
    name: (step) => `step ${step + 1} of ${steps()}`,
  });
  view.stage.append(tables(view, walk), thumbnails(view));
  view.onDraw(() => view.say(view.trace().say[at(view, walk)]));
  return view.close;
}

// Python's answer may have fewer steps than the last one had.
const at = (view, walk) => Math.min(walk.step, 2 * view.trace().pooled.length - 1);

function tables(view, walk) {
  const edit = (row, column, number) => {
    const values = typed(view);
    values[row][column] = number;
    view.ask({ values });
  };
  // A press goes to the step, on the way that is being walked, that makes or moves the number.
  const seek = (row, column) => {
    const { pooled } = view.trace();
    const { up } = phaseOf(view.trace(), at(view, walk));
    walk.seek(row * pooled.shape[1] + column + (up ? pooled.length : 0));
  };
  const input = numberTable({ label: "Input", onEdit: view.works("values") ? edit : undefined });
  const pooled = paintedTable(view, { label: "Pooled", onCell: seek });
  const saved = paintedTable(view, { label: "Saved index", onCell: seek });
  const output = paintedTable(view, { label: "Up again" });
  const sum = element("p", { class: "segviz-total" });
  view.onDraw(() => {
    const trace = view.trace();
    const step = at(view, walk);
    const phase = phaseOf(trace, step);
    writeInput(view, input, trace, phase);
    writeMiddle(pooled, saved, trace, phase);
    writeOutput(view, output, trace, phase);
    putText(sum, trace.written[step]);
  });
  const parts = [input, pooled, saved, output].map((one) => one.element);
  return element("div", { class: "segviz-tables" }, ...parts, sum);
}

// The table with what has been typed since Python's last answer.
function typed(view) {
  const values = view.get("values");
  const { table } = view.trace();
  return asRows(table, table.shape).map((line, r) =>
    line.map((number, c) => values[r]?.[c] ?? number));
}

// On the way down the window is framed; on the way up only the number that moves is lit.
function writeInput(view, input, trace, { up, number, row, column }) {
  const kernelSize = view.settled("kernel_size");
  const [rows, columns] = trace.table.shape;
  const reach = trace.starts.map((starts) => starts.at(-1) + kernelSize);
  const shown = [Math.max(rows, reach[0]), Math.max(columns, reach[1])];
  const inside = (r, c) => r < rows && c < columns;
  const [top, left] = [trace.starts[0][row], trace.starts[1][column]];
  const [bottom, right] = [trace.ends[0][row], trace.ends[1][column]];
  const kind = (r, c) => {
    if (!inside(r, c)) return "outside";
    if (trace.saved?.[number] === r * columns + c) return "lit";
    if (r >= reach[0] || c >= reach[1]) return "unread";
    return r >= top && r < bottom && c >= left && c < right && !up ? "seen" : "";
  };
  const numbers = typed(view);
  const values = Array.from({ length: shown[0] }, (_, r) =>
    Array.from({ length: shown[1] }, (_, c) => numbers[r]?.[c] ?? null));
  input.name(`input, ${rows} × ${columns}${view.works("values") ? " (editable)" : ""}`);
  const frame = { row: top, column: left, height: kernelSize, width: kernelSize };
  input.write(values, {
    kind, note: (r, c) => (inside(r, c) ? r * columns + c : ""), box: up ? undefined : frame,
  });
}

function writeMiddle(pooled, saved, trace, { up, number }) {
  const { shape } = trace.pooled;
  const until = up ? Infinity : number + 1;
  const kind = (r, c) => {
    const place = r * shape[1] + c;
    return place === number ? "lit" : place >= until ? "empty" : "";
  };
  pooled.name(`pooled, ${shape.join(" × ")}`);
  pooled.write(asRows(trace.pooled, shape, until), { kind });
  saved.element.hidden = !trace.saved;
  if (!trace.saved) return;
  const borrowed = up && trace.used && String(trace.used) !== String(trace.saved);
  saved.name(borrowed ? "index used" : "saved index");
  saved.write(asRows(borrowed ? trace.used : trace.saved, shape, until), { kind });
}

function writeOutput(view, output, trace, { up, number }) {
  const { shape } = trace.unpooled;
  // Copies cover everything; whatever else comes up is put into a map of zeros.
  const ground = view.settled("up") === "nearest" ? null : 0;
  const count = up ? number + 1 : 0;
  const before = new Set(trace.writes.slice(0, count).flat());
  const now = new Set(up ? trace.writes[number] : []);
  const kind = (r, c) => {
    const place = r * shape[1] + c;
    return now.has(place) ? "lit" : before.has(place) ? "seen" : up && ground === 0 ? "" : "empty";
  };
  output.name(`up again, ${shape.join(" × ")}`);
  output.write(soFar(trace, count, ground), { kind, note: (r, c) => r * shape[1] + c });
}

function thumbnails(view) {
  const { picture: codes } = view.scene;
  const [before, small, back] = ["picture", "pooled", "up again"].map((label) =>
    picture(view, { label }));
  const words = ["sizes", "outcome", "picture"].map(() => element("p"));
  const beside = element("div", { class: "segviz-lines" }, ...words);
  const row = element("div", { class: "segviz-pictures" },
    before.element, small.element, back.element, beside);
  Object.assign(row.style, { flex: "1 1 100%", maxWidth: "none" });
  Object.assign(beside.style, { flex: "1 1 240px", width: "auto", marginTop: "1.4em" });
  let known, trip;
  view.onDraw(() => {
    const { picture_size: size } = view.detail();
    if (known !== (known = view.detail())) trip = pictureTrip(codes, known);
    const { pooled, up } = trip;
    const fit = Math.max(...codes.shape) + 1;
    const paint = (made, name, image, [rows, columns]) => {
      made.name(`${name}, ${rows} × ${columns}`);
      made.paint({ codes: image, table: view.look.grey, rows, columns, fit });
    };
    // The picture is cut by the size of its canvas.
    paint(before, "picture", codes, size);
    paint(small, "pooled", pooled, pooled.shape);
    paint(back, up ? "up again" : "up again: none", up, up?.shape ?? size);
    const { sizes, outcome } = view.trace();
    const texts = [`${sizes.join("; ")}.`, `Table: ${outcome}`, view.detail().picture_outcome];
    texts.forEach((text, place) => putText(words[place], text));
  });
  return row;
}

export default { render };
