import { element, format, open, putText } from "./core.js";
import { button, choice, player, slider } from "./controls.js";
import { colourBar, picture } from "./canvas.js";

// Grey codes as RGB, with the pixels that count (rows x columns of ways) in orange.
export function marked(codes, rows, columns, [red, green, blue]) {
  const [height, width] = codes.shape;
  const pixels = Object.assign(new Uint8Array(3 * codes.length), { shape: [height, width, 3] });
  for (let i = 0; i < codes.length; i++) {
    const seen = rows[Math.floor(i / width)] * columns[i % width] > 0;
    const grey = seen ? 0.3 * codes[i] : codes[i];
    pixels[3 * i] = seen ? grey + 0.7 * red : grey;
    pixels[3 * i + 1] = seen ? grey + 0.7 * green : grey;
    pixels[3 * i + 2] = seen ? grey + 0.7 * blue : grey;
  }
  return pixels;
}

// How often each pixel counts, as colour codes through Python's table.
export function heatMap(rows, columns, table) {
  const width = columns.length;
  const map = Object.assign(new Uint8Array(rows.length * width), { shape: [rows.length, width] });
  for (let i = 0; i < map.length; i++) map[i] = table[rows[Math.floor(i / width)] * columns[i % width]];
  return map;
}

// The field is enlarged where its pixels are larger than the picture's.
export const fieldName = (field, zoomed, plain) =>
  `Its field, ${field} × ${field}${zoomed > plain ? ", enlarged" : ""}`;

export const length = ([first, last]) => last - first + 1;
const grouped = (number) => number.toLocaleString("en");

// What one layer adds to the field: 5 + 2·2 = 9.
export function byFormula({ rates, fields }, layer) {
  return `${layer ? fields[layer - 1] : 1} + 2·${rates[layer]} = ${fields[layer]}`;
}

export function sentence({ rates, fields }, { at, seen, spans }, layer) {
  const [rows, columns] = spans[layer].map(length);
  const count = rows * columns === 1 ? "this one counts"
    : `${grouped(seen[layer])} of these ${grouped(rows * columns)} count`;
  return `Layer ${layer + 1} of ${rates.length}, unit at row ${at[0]}, column ${at[1]}: it sees `
    + `${fields[layer]} × ${fields[layer]} pixels by formula, ${rows} × ${columns} by gradient; `
    + `${count}.`;
}

// Holes, a border, or a rate that is too large: what the numbers mean.
export function remark({ rates, fields }, { seen, spans, taps }, layer) {
  const [rows, columns] = spans[layer].map(length);
  const alone = taps[layer].indexOf(1);
  if (alone >= 0) {
    return `Rate ${rates[alone]} is too large here: only the centre tap of layer ${alone + 1} `
      + "stands inside the picture, the other eight on added zeros. It acts as a 1 × 1 convolution.";
  }
  const holes = rows * columns - seen[layer];
  const cut = rows < fields[layer] || columns < fields[layer] ? " The border cuts the field." : "";
  if (!holes) return `Every pixel of the field is seen.${cut}`;
  const many = holes === 1 ? "One pixel of the field is"
    : `${grouped(holes)} pixels of the field are`;
  return `${many} never seen.${cut}`;
}

// What the stripes of the enlarged field are, where there are any.
export const outsideField = ({ fields }, { spans }, layer) =>
  (spans[layer].some((span) => length(span) < fields[layer])
    ? " Hatched: outside of the picture." : "");

const NONE = "no layer";
const STACKS = [["one layer", 2, 0, 0], ["1-1-1", 1, 1, 1], ["2-2-2", 2, 2, 2], ["1-2-5", 1, 2, 5]];

function render(context) {
  const view = open(context, "Atrous convolution of a picture");
  slider(view, "rate", { label: "rate of layer 1" });
  slider(view, "second_rate", { label: "rate of layer 2", show: (rate) => rate || NONE });
  slider(view, "third_rate", { label: "rate of layer 3", show: (rate) => rate || NONE });
  for (const output of view.controls.querySelectorAll("output")) output.style.minWidth = "7ch";
  stacks(view);
  choice(view, "kernel");
  const layers = () => view.trace().rates.length;
  const walk = player(view, {
    label: "field of", steps: layers, rate: () => 1,
    name: (step) => `layer ${step + 1} of ${layers()}`,
  });
  walk.seek(Infinity);
  view.stage.append(...pictures(view, walk));
  lines(view, walk);
  return view.close;
}

function stacks(view) {
  const group = element("div", { class: "segviz-field", role: "group", "aria-label": "Rates" });
  for (const [name, rate, second_rate, third_rate] of STACKS) {
    const made = button(name, { onClick: () => view.ask({ rate, second_rate, third_rate }) });
    made.disabled = !view.works("second_rate");
    group.append(made);
  }
  view.controls.append(group);
}

// Python's answer may have fewer layers than the last one had.
const at = (view, walk) => Math.min(walk.step, view.trace().rates.length - 1);

const rowOf = (array, row) => array.subarray(row * array.shape[1], (row + 1) * array.shape[1]);

function pictures(view, walk) {
  const { scene, look } = view;
  const [rows, columns] = scene.picture.shape;
  const go = view.works("cursor") && ((row, column) => view.ask({ cursor: [row, column] }));
  // Where the reader is, which Python's last answer need not know yet.
  const cursor = () => view.get("cursor").map((place, axis) =>
    Math.max(0, Math.min(scene.picture.shape[axis] - 1, place)));
  const input = picture(view, { label: "Picture", cursor, onCell: go });
  const zoom = picture(view, { label: "How often each pixel counts" });
  const output = picture(view, { label: "Output", cursor, onCell: go });
  const bar = colourBar(scene.heat_table);
  const signed = colourBar(look.signed);
  zoom.element.append(bar.element);
  output.element.append(signed.element);
  const drawn = seen(view, walk);
  const orange = { colour: look.cursor };
  view.onDraw(() => {
    const layer = at(view, walk);
    const { fields, output: codes, limit } = view.trace();
    const [row, column] = view.detail().at;
    const field = fields[layer];
    const corner = { row: row - (field - 1) / 2, column: column - (field - 1) / 2 };
    const { marks, heat } = drawn(layer);
    input.name("What the unit sees (orange)");
    input.paint({ codes: marks, rows, columns },
      [{ ...corner, height: field, width: field, colour: look.cycle[5] }]);
    zoom.paint({ codes: heat, table: scene.heat_table, rows: field, columns: field,
      top: -corner.row, left: -corner.column });
    zoom.name(fieldName(field, zoom.cell, input.cell));
    bar.write({ texts: ["never counts", times(view.detail().largest[layer])] });
    output.name(`Output, ${rows} × ${columns}`);
    signed.write({ texts: [format(-limit), "0", format(limit)] });
    output.paint({ codes, table: look.signed, rows, columns }, [{ row, column, ...orange }]);
  });
  // Low enough for a projected page, together with the table below.
  for (const one of [input, zoom, output]) one.element.style.maxWidth = "max(286px, 26%)";
  return [input, zoom, output].map((one) => one.element);
}

const times = (count) => (count === 1 ? "counts once" : `counts ${count} times`);

// The marked picture and the heat map, made anew only where Python's answer or the layer is new.
function seen(view, walk) {
  let made = {};
  const orange = view.look.cursor.match(/\w\w/g).map((part) => parseInt(part, 16));
  return (layer) => {
    const detail = view.detail();
    if (made.detail === detail && made.layer === layer) return made;
    const ways = [rowOf(detail.rows, layer), rowOf(detail.columns, layer)];
    made = {
      detail, layer, marks: marked(view.scene.picture, ...ways, orange),
      heat: heatMap(...ways, rowOf(detail.heat, layer)),
    };
    return made;
  };
}

function lines(view, walk) {
  const table = layerTable(view, walk);
  const [holes, cost] = [0, 1].map(() => element("p"));
  view.lines.append(table, holes, cost);
  view.onDraw(() => {
    const layer = at(view, walk);
    putText(holes, remark(view.trace(), view.detail(), layer)
      + outsideField(view.trace(), view.detail(), layer));
    putText(cost, view.trace().cost);
    view.say(sentence(view.trace(), view.detail(), layer));
  });
}

// One row a layer: the field by formula and by gradient, side by side. There is room for three.
function layerTable(view, walk) {
  const heads = ["layer", "rate", "field by formula", "by gradient", "seen", "weights"];
  const cell = "text-align: left; padding: 1px 14px 1px 0; font-weight: inherit; height: 1.5em";
  const row = (kind, texts) => element("tr", {},
    ...texts.map((text) => element(kind, { style: cell, scope: kind === "th" ? "col" : null }, text)));
  const body = [0, 1, 2].map(() => row("td", heads.map(() => "")));
  const head = row("th", heads);
  head.style.fontWeight = "600";
  view.onDraw(() => {
    const [trace, detail] = [view.trace(), view.detail()];
    body.forEach((line, layer) => {
      const there = layer < trace.rates.length;
      line.style.fontWeight = layer === at(view, walk) ? "700" : "";
      const [rows, columns] = there ? detail.spans[layer].map(length) : [];
      const texts = there ? [layer + 1, trace.rates[layer], byFormula(trace, layer),
        `${rows} × ${columns}`, `${grouped(detail.seen[layer])} of ${grouped(rows * columns)}`,
        9 * (layer + 1)]
        : heads.map(() => "");
      texts.forEach((text, i) => putText(line.children[i], String(text)));
    });
  });
  const table = element("table", { style: "border-spacing: 0; font-variant-numeric: tabular-nums" },
    head, ...body);
  return element("div", { style: "overflow-x: auto" }, table);
}

export default { render };
