import { element, open, putText } from "./core.js";
import { choice, grid, player, slider } from "./controls.js";
import { cell, faintCells, frame, glider, sheet, textSize, write } from "./cells.js";
import { outputsAfter, product, rowsOf, sentence, stampOf } from "./transposed_words.js";
import { layOut1D, paint1D } from "./transposed_picture_1d.js";

const HEIGHT = 336;
const SIZES = ["n", "kernel_size", "stride", "padding", "output_padding", "dilation"];

function render(context) {
  const view = open(context, "Transposed convolution in 1-D");
  const selects = [choice(view, "direction"), choice(view, "reading", { quiet: true })];
  const walk = player(view, {
    steps: () => stepsOf(view),
    // Slow enough to check each number, and never longer than some fifteen seconds.
    rate: () => Math.max(1, stepsOf(view) / 15),
    name: (step) => `step ${step + 1} of ${stepsOf(view)}`,
  });
  walk.seek(Infinity);
  const sliders = Object.fromEntries(SIZES.map((name) => [name, slider(view, name)]));
  for (const one of Object.values(sliders)) one.classList.add("segviz-short");
  view.onDraw(() => {
    // A convolution has neither.
    const normal = view.get("direction") === "normal";
    const added = sliders.output_padding.querySelector("input");
    added.disabled = normal || !view.works("output_padding");
    selects[1].querySelector("select").disabled = normal;
  });
  view.stage.before(
    element("div", { class: "segviz-controls segviz-sizes" }, ...Object.values(sliders)), rows(view));
  view.stage.append(picture1D(view, walk), transpose(view, walk));
  lines(view, walk);
  return view.close;
}

// The reading needs no answer: the trace holds both.
const modeOf = (view) => (view.settled("direction") === "normal" ? "normal" : view.get("reading"));

function stepsOf(view) {
  return modeOf(view) === "gather" ? view.trace().output.length : rowsOf(view.trace());
}

const sizesOf = (view) => Object.fromEntries(SIZES.map((name) => [name, view.settled(name)]));

// Python's answer may have fewer steps than the last one had.
const at = (view, walk) => Math.min(walk.step, stepsOf(view) - 1);

// The input and the kernel to type in, with what was typed since Python's last answer.
function rows(view) {
  const parts = [["values", "x", "input x"], ["kernel", "kernel", "kernel w"]].map(
    ([name, traced, words]) => {
      const numbers = () => {
        const [typed] = view.get(name);
        return [...view.trace()[traced]].map((number, i) => typed[i] ?? number);
      };
      const edit = (_row, column, number) =>
        view.ask({ [name]: [numbers().map((old, i) => (i === column ? number : old))] });
      const table = grid({ label: words, step: 1, digits: 4, room: 44,
        onEdit: view.works(name) && edit });
      view.onDraw(() => {
        const { cycle } = view.look;
        const coloured = name === "values" && modeOf(view) !== "normal";
        table.write([numbers()], (_number, _row, column) => (coloured
          ? [`color-mix(in srgb, ${cycle[column % cycle.length]} 24%, var(--segviz-page))`] : null));
      });
      return element("div", { class: "segviz-field" }, element("span", {}, words), table.element);
    });
  return element("div", { class: "segviz-rows" }, ...parts);
}

function picture1D(view, walk) {
  const plan = (pen) => layOut1D(view.trace(), modeOf(view), sizesOf(view), pen.width, HEIGHT);
  const glide = glider(view);
  const made = sheet(view, {
    label: "Stamps and the matrix of the convolution", height: HEIGHT,
    onPlace: (x, y) => {
      const here = plan({ width: made.element.clientWidth });
      const step = here.mode === "gather" ? here.columnAt(x) : here.rowAt(y);
      if (step >= 0 && step < stepsOf(view)) walk.seek(step);
    },
  });
  view.onDraw(() => {
    const trace = view.trace();
    const step = at(view, walk);
    const part = { scatter: "stamps", gather: "the flipped kernel", normal: "windows" }[modeOf(view)];
    made.name(`${trace.x.length} → ${trace.output.length}: ${part}, and the matrix C of the convolution`);
    const moved = glide(step);
    made.paint((pen) => paint1D(pen, view, trace, step, plan(pen), moved), key(view, step, moved));
  });
  return made.element;
}

// All that a picture depends on.
const key = (view, step, moved) => [step, moved, view.model.get("_answered"), modeOf(view), sizesOf(view)];

// The transpose: x stands above its columns, y at the end of its rows.
function transpose(view, walk) {
  const plan = (width) => {
    const { targets: { shape: [columns] }, grid: rows } = view.trace();
    const across = Math.min(44, (width - 4) / (columns + 1.5));
    const down = Math.min(30, (HEIGHT - 24) / (rows + 1));
    return { rows, columns, across, down, box: (row, column) => (
      { x: 1 + column * across, y: (row < 0 ? 1 : 10) + Math.max(0, row + 1) * down,
        width: across, height: down }) };
  };
  const made = sheet(view, {
    label: "The transpose", height: HEIGHT,
    onPlace: (x, y) => {
      const { across, down } = plan(made.element.clientWidth);
      const step = modeOf(view) === "gather" ? Math.floor((y - 10) / down) - 1
        : Math.floor((x - 1) / across);
      if (step >= 0 && step < stepsOf(view)) walk.seek(step);
    },
  });
  made.element.classList.add("segviz-beside");
  const glide = glider(view);
  view.onDraw(() => {
    const step = at(view, walk);
    const { rows, columns } = plan(100);
    made.name(`Cᵀ, ${rows} × ${columns}${modeOf(view) === "normal" ? "" : ": y = Cᵀ x"}`);
    const moved = glide(step);
    made.paint((pen) => paintTranspose(pen, view, step, plan(pen.width), moved),
      key(view, step, moved));
  });
  return made.element;
}

function paintTranspose(pen, view, step, { rows, columns, box }, { at: glidden }) {
  const trace = view.trace();
  const mode = modeOf(view);
  const hue = (i) => view.look.cycle[i % view.look.cycle.length];
  const size = textSize(pen, [0, ...trace.kernel], box(0, 0));
  faintCells(pen, [rows, columns], box, { value: 0, size });
  for (let i = 0; i < columns; i++) {
    for (const { tap, target } of stampOf(trace, i)) {
      if (target < 0) continue;
      const strong = mode === "gather" ? target === step : i === step;
      const here = box(target, i);
      pen.context.clearRect(here.x + 1, here.y + 1, here.width - 1, here.height - 1);
      cell(pen, here, { value: trace.kernel[tap], size, hue: hue(i), strong });
    }
  }
  const lit = mode === "gather" ? { ...box(glidden, 0), width: columns * box(0, 0).width }
    : { ...box(0, glidden), height: rows * box(0, 0).height };
  frame(pen, lit);
  if (mode !== "normal") paintVectors(pen, trace, step, mode, { rows, columns, box, hue });
}

function paintVectors(pen, trace, step, mode, { rows, columns, box, hue }) {
  const scatter = mode === "scatter";
  const [across, down] = [trace.x, [...trace.output, ...trace.after]].map(
    (numbers) => textSize(pen, numbers, box(0, 0)));
  const values = scatter ? outputsAfter(trace, step) : [...trace.output];
  for (let i = 0; i < columns; i++) {
    const lit = scatter && i === step;
    cell(pen, box(-1, i), { value: trace.x[i], size: across, hue: hue(i), strong: lit || !scatter, lit });
  }
  write(pen, "x", { ...box(-1, columns + 0.1), align: "left", size: 13 });
  const met = new Set(scatter ? stampOf(trace, step).map(({ target }) => target) : [step]);
  for (let row = 0; row < rows; row++) {
    const come = scatter || row <= step;
    cell(pen, box(row, columns + 0.5), { value: come ? values[row] : null, size: down, lit: met.has(row) });
  }
}

function lines(view, walk) {
  const written = element("p", { class: "segviz-written" });
  const [formula, check, remark] = ["p", "p", "p"].map((tag) => element(tag));
  // Below the picture, so that a rule does not push it down.
  view.lines.append(view.error, written, view.readout,
    element("div", { class: "segviz-pair" }, formula, check), remark);
  view.onDraw(() => {
    const trace = view.trace();
    const step = at(view, walk);
    putText(written, product(trace, step, modeOf(view), sizesOf(view)));
    putText(formula, trace.formula);
    putText(check, trace.check);
    putText(remark, trace.remark);
    view.say(sentence(trace, step, modeOf(view), sizesOf(view)));
  });
}

export default { render };
