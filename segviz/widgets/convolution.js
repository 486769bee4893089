import { element, format, open, putText } from "./core.js";
import { button, choice, grid, player, slider, toggle } from "./controls.js";
import { colourBar, picture } from "./canvas.js";

// Blue below zero and orange above, faint enough for any theme's ink.
export function cellColour(number, largest) {
  const share = largest ? (0.45 * Math.abs(number)) / largest : 0;
  return [`rgba(${number < 0 ? "0, 114, 178" : "230, 159, 0"}, ${share.toFixed(2)})`];
}

export function sentence({ at, products, sum, result }, relu) {
  const count = products.length ** 2;
  const after = relu ? ` ReLU gives ${format(result)}.` : "";
  return `Output at row ${at[0]}, column ${at[1]}: the sum of ${count} product${count > 1 ? "s" : ""} `
    + `is ${format(sum)}.${after}`;
}

export function withCell(kernel, row, column, weight) {
  return kernel.map((line, r) => line.map((old, c) => (r === row && c === column ? weight : old)));
}

// The output pixel whose window has this input pixel nearest its centre.
export function outputAt(row, column, { stride, kernelSize, size }) {
  const along = (place, last) =>
    Math.max(0, Math.min(last, Math.round((place - (kernelSize - 1) / 2) / stride)));
  return [along(row, size[0] - 1), along(column, size[1] - 1)];
}

// The middle of the window of this output pixel, in the picture with its padding.
export function inputAt(at, { stride, kernelSize }) {
  return at.map((n) => n * stride + (kernelSize - 1) / 2);
}

function render(context) {
  const view = open(context, "Convolution of a picture");
  choice(view, "preset");
  choice(view, "kernel_size", { label: "kernel_size", options: [1, 3, 5] });
  slider(view, "stride");
  slider(view, "padding");
  toggle(view, "relu", { label: "ReLU" });
  const scan = player(view, {
    label: "scan",
    steps: () => view.trace().size[0] * view.trace().size[1],
    rate: () => (view.trace().size[0] * view.trace().size[1]) / 12,
    name: (step) => `output pixel ${step + 1}`,
  });
  scan.seek(Infinity);
  const go = view.works("cursor") && ((row, column) => {
    scan.seek(Infinity);
    view.ask({ cursor: [row, column] });
  });
  const place = pictures(view, scan, go);
  const formula = element("p");
  view.lines.append(formula);
  view.onDraw(() => {
    putText(formula, view.trace().formula.join(";  "));
    const [row, column] = place();
    // The numbers of a place that the scan passes are not asked for.
    const known = String(view.detail().at) === String([row, column]);
    view.say(known ? sentence(view.detail(), view.settled("relu"))
      : `Scan at row ${row}, column ${column} of the output.`);
  });
  return view.close;
}

function pictures(view, scan, go) {
  // Where the window is: with the cursor, or as far as the scan has come.
  const place = () => {
    const { size } = view.trace();
    const at = scan.atEnd ? view.get("cursor")
      : [Math.floor(scan.step / size[1]), scan.step % size[1]];
    return at.map((n, axis) => Math.max(0, Math.min(size[axis] - 1, n)));
  };
  const geometry = () => ({
    stride: view.settled("stride"), kernelSize: view.detail().patch.length,
    size: view.trace().size,
  });
  const input = picture(view, {
    label: "Picture",
    cursor: () => inputAt(place(), geometry()),
    onCell: go && ((row, column) => go(...outputAt(row, column, geometry()))),
  });
  const output = picture(view, { label: "Output", cursor: place, onCell: go });
  const bar = colourBar(view.look.signed);
  output.element.append(bar.element);
  view.stage.append(input.element, numbers(view, place), output.element);
  view.onDraw(() => paintInput(view, input, place(), geometry()));
  view.onDraw(() => paintOutput(view, output, bar, place(), scan));
  askWhereScanRests(view, scan, place);
  return place;
}

// While a scan plays nothing is asked; the numbers come where it stops.
function askWhereScanRests(view, scan, place) {
  if (!view.works("cursor")) return;
  let asked = "";
  view.onDraw(() => {
    if (scan.atEnd || scan.playing || String(place()) === asked) return;
    asked = String(place());
    view.ask({ cursor: place() });
  });
}

function paintInput(view, input, at, { stride, kernelSize }) {
  const codes = view.scene.picture;
  const [height, width] = codes.shape;
  const padding = view.settled("padding");
  const under = {
    row: at[0] * stride, column: at[1] * stride, height: kernelSize, width: kernelSize,
    colour: view.look.cursor,
  };
  const rim = { row: padding, column: padding, height, width, colour: view.look.cycle[5] };
  input.name(`Picture, ${height} × ${width}${padding ? `, and ${padding} of zeros around it` : ""}`);
  input.paint(
    { codes, table: view.look.grey, top: padding, left: padding, ground: "#000",
      rows: height + 2 * padding, columns: width + 2 * padding },
    padding ? [rim, under] : [under],
  );
}

function paintOutput(view, output, bar, at, scan) {
  const { size: [rows, columns], output: codes, limit } = view.trace();
  const [height, width] = view.scene.picture.shape;
  const relu = view.settled("relu");
  output.name(`${relu ? "ReLU of the output" : "Output"}, ${rows} × ${columns}`);
  bar.write({ from: relu ? 128 : 0,
    texts: relu ? ["0", format(limit)] : [format(-limit), "0", format(limit)] });
  output.paint(
    { codes, table: view.look.signed, rows, columns,
      // The picture's own scale, so that a stride visibly shrinks it.
      fit: Math.max(height, width) + 2 * view.settled("padding"),
      until: scan.atEnd ? undefined : scan.step + 1 },
    [{ row: at[0], column: at[1], colour: view.look.cursor }],
  );
}

function numbers(view, place) {
  const cell = { row: 1, column: 1 };
  const own = view.get("_controls").preset.options.at(-1);
  const set = (row, column, weight) =>
    view.ask({ kernel: withCell(view.get("kernel"), row, column, weight), preset: own });
  const works = view.works("kernel");
  const kernel = grid({
    label: "Kernel", onEdit: works && set,
    onSelect: (row, column) => {
      Object.assign(cell, { row, column });
      view.redraw();
    },
  });
  const weight = weightSlider(view, cell, set);
  if (works) paintByDragging(kernel, set, () => weight.brush);
  const clear = button("clear", {
    onClick: () => {
      weight.brush = 1;
      view.ask({ kernel: view.get("kernel").map((row) => row.map(() => 0)), preset: own });
    },
  });
  weight.element.append(clear);
  const box = element("div", { class: "segviz-numbers" },
    caption(works ? "Kernel (type, or drag to paint)" : "Kernel"), kernel.element,
    works ? weight.element : "");
  const products = dotProduct(view, place);
  view.onDraw(() => {
    colourIn(kernel, view.get("kernel"));
    // Two 5 x 5 tables are too wide for the middle of a projected page.
    const home = view.detail().patch.length > 3 ? view.stage : box;
    if (products.parentNode !== home) home.append(products);
  });
  return box;
}

function dotProduct(view, place) {
  const patch = grid({ label: "Picture under the window" });
  const products = grid({ label: "Products" });
  const total = element("p", { class: "segviz-total" });
  const pair = element("div", { class: "segviz-pair" },
    element("div", {}, caption("picture"), patch.element),
    element("div", {}, caption("× kernel"), products.element), total);
  view.onDraw(() => {
    const detail = view.detail();
    colourIn(patch, detail.patch, 1);
    colourIn(products, detail.products);
    pair.classList.toggle("segviz-stale", String(detail.at) !== String(place()));
    putText(total, `sum = ${format(detail.sum)}`
      + (view.settled("relu") ? `, ReLU → ${format(detail.result)}` : ""));
  });
  return pair;
}

const caption = (text) => element("p", { class: "segviz-caption" }, text);

function colourIn(table, rows, largest = Math.max(...rows.flat().map(Math.abs))) {
  table.write(rows, (number) => cellColour(number, largest));
}

// The slider holds the chosen cell's weight, and is the brush that a drag paints with.
function weightSlider(view, cell, set) {
  const input = element("input", { type: "range", min: -4, max: 4, step: 0.1 });
  const value = element("output");
  const made = {
    element: element("div", { class: "segviz-field" }, element("span", {}, "weight"), input, value),
    brush: 1,
  };
  input.addEventListener("input", () => {
    made.brush = Number(input.value);
    set(cell.row, cell.column, made.brush);
  });
  view.onDraw(() => {
    const kernel = view.get("kernel");
    cell.row = Math.min(cell.row, kernel.length - 1);
    cell.column = Math.min(cell.column, kernel.length - 1);
    const weight = kernel[cell.row][cell.column];
    if (Number(input.value) !== weight) input.value = weight;
    putText(value, format(weight));
    input.setAttribute("aria-label", `weight at row ${cell.row + 1}, column ${cell.column + 1}`);
  });
  return made;
}

function paintByDragging(kernel, set, brush) {
  let start = null;
  const under = (event) =>
    kernel.cells().find((one) => one === document.elementFromPoint(event.clientX, event.clientY));
  kernel.element.addEventListener("pointerdown", (event) => (start = under(event)));
  kernel.element.addEventListener("pointermove", (event) => {
    const here = under(event);
    if (!event.buttons || !start || !here || here === start) return;
    event.preventDefault();
    document.activeElement?.blur();
    if (start.row !== undefined) set(start.row, start.column, brush());
    set(here.row, here.column, brush());
    start = here;
  });
}

export default { render };
