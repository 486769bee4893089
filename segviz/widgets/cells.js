// Tables of hundreds of small numbers on one canvas: stamps, matrices, vectors.
import { element, format, putAttribute, putText } from "./core.js";
import { widthOf } from "./drawing.js";

// A canvas of fixed height, so that nothing on the page jumps while sliders move.
//   keys: whether it takes the focus, so that followArrows can listen
//   paint(draw, key): draw(pen) if the key, the size or the theme has changed
//   onPlace(x, y): pressed or dragged over, in pixels; name(text): caption and what a reader hears
export function sheet(view, { label, height, onPlace, keys }) {
  const caption = element("figcaption", {}, label);
  const role = keys ? { role: "application", "aria-roledescription": "picture", tabindex: 0 }
    : { role: "img" };
  const canvas = element("canvas", { ...role, "aria-label": label });
  canvas.style.height = `${height}px`;
  const frame = element("figure", { class: "segviz-sheet" }, caption, canvas);
  const made = { element: frame, canvas };
  made.name = (text, spoken = text) => {
    putText(caption, text);
    putAttribute(canvas, "aria-label", spoken);
  };
  const [paint, room] = [painterOf(view, canvas), widthOf(view, frame)];
  made.paint = (draw, key) => paint(draw, key, [room(), height]);
  if (onPlace) followPress(canvas, onPlace);
  return made;
}

// Paints a canvas, when all texts are written, if the key, the size or the theme has changed.
//   paint(draw, key, [width, height]): draw(pen), in pixels of the page
export function painterOf(view, canvas) {
  let before;
  return (draw, key, [width, height]) => {
    const ratio = devicePixelRatio || 1;
    const inks = Object.fromEntries(["ink", "page", "line", "raised"].map((n) => [n, view.ink(n)]));
    const now = JSON.stringify([key, width, height, ratio, inks]);
    if (now === before) return;
    before = now;
    const size = [width, height].map((n) => Math.round(n * ratio));
    if (canvas.width !== size[0] || canvas.height !== size[1]) {
      Object.assign(canvas, { width: size[0], height: size[1] });
    }
    const context = canvas.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    view.paint(() => draw({ context, width, height, inks, family: view.family() }));
  };
}

function followPress(canvas, onPlace) {
  const tell = (event) => {
    const box = canvas.getBoundingClientRect();
    onPlace(event.clientX - box.left, event.clientY - box.top);
  };
  canvas.addEventListener("pointerdown", tell);
  canvas.addEventListener("pointermove", (event) => event.buttons && tell(event));
}

const SMALLEST_TEXT = 7;
// Long decimals do without their leading zero, as in print: ".1875" fits where "0.1875" does not.
export function shown(value) {
  if (typeof value !== "number") return value;
  const text = format(value, 4);
  return text.length > 5 ? text.replace(/^(−?)0\./, "$1.") : text;
}

// The size in which all of these numbers fit their cells, so that all are shown, or none: a table
// that lacks only its longest numbers would be read wrong.
export function textSize(pen, values, { width, height }) {
  const { context, family } = pen;
  setFont(pen, `700 10px ${family}`);
  const texts = [...new Set([...values].filter((one) => one != null).map(shown))];
  const widest = Math.max(1, ...texts.map((text) => context.measureText(text).width / 10));
  const size = Math.min(15, height * 0.78, (width - 1) / widest);
  return size < SMALLEST_TEXT ? 0 : size;
}

// The browser resolves a font each time it is set, be it the same.
function setFont(pen, font) {
  if (pen.font !== font) pen.context.font = pen.font = font;
}

// A number, or any text, in a box; left out where it would not fit.
export function write(pen, value, { x, y, width, height, align = "center", size = 15, bold, faint, ink }) {
  const text = shown(value);
  const { context, inks, family } = pen;
  const chosen = Math.min(size, height * 0.78);
  if (chosen < SMALLEST_TEXT) return;
  setFont(pen, `${bold ? "700 " : ""}${chosen.toFixed(1)}px ${family}`);
  context.fillStyle = ink ?? inks.ink;
  context.globalAlpha = faint ? 0.72 : 1;
  context.textAlign = align;
  context.textBaseline = "middle";
  const at = { left: x, center: x + width / 2, right: x + width }[align];
  context.fillText(text, at, y + height / 2 + chosen * 0.06);
  context.globalAlpha = 1;
}

// One cell: {value, size, hue, strong, lit, hatched, dashed, faint, stripes}
//   size: of the text, from textSize; hue: its colour, faint enough for text, more of it when strong; lit: a frame in the ink
//   stripes: hues of what it is made of, side by side along its lower edge
export function cell(pen, box, { value, size = 15, hue, strong, lit, hatched, dashed, faint, stripes = [] }) {
  const { context, inks } = pen;
  const { x, y, width, height } = box;
  if (hue) {
    context.globalAlpha = strong ? 0.62 : 0.24;
    context.fillStyle = hue;
    context.fillRect(x, y, width, height);
    context.globalAlpha = 1;
  }
  if (hatched) hatchCell(pen, box);
  stripes.forEach((stripe, i) => {
    const part = width / stripes.length;
    context.fillStyle = stripe;
    context.fillRect(x + i * part, y + height - Math.min(5, height / 4), part, Math.min(5, height / 4));
  });
  context.strokeStyle = inks.line;
  context.globalAlpha = width < 12 || height < 12 || faint ? 0.35 : 0.75;
  context.lineWidth = 1;
  if (dashed) context.setLineDash([3, 3]);
  context.strokeRect(x + 0.5, y + 0.5, width, height);
  if (dashed) context.setLineDash([]);
  context.globalAlpha = 1;
  if (value != null) write(pen, value, { ...box, size, bold: lit, faint });
  if (lit) frame(pen, box);
}

// A table of faint cells with one value in all of them. Two strokes draw them all, like squares of
// a chessboard, so that an edge which two of them share is as dark as cell() would make it.
export function faintCells(pen, [rows, columns], box, { value, size }) {
  const { context, inks } = pen;
  context.strokeStyle = inks.line;
  context.globalAlpha = 0.35;
  context.lineWidth = 1;
  for (const odd of [0, 1]) {
    context.beginPath();
    for (let row = 0; row < rows; row++) {
      for (let column = (row + odd) % 2; column < columns; column += 2) {
        const { x, y, width, height } = box(row, column);
        context.rect(x + 0.5, y + 0.5, width, height);
      }
    }
    context.stroke();
  }
  context.globalAlpha = 1;
  if (!size || value == null) return;
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      write(pen, value, { ...box(row, column), size, faint: true });
    }
  }
}

export function frame({ context, inks }, { x, y, width, height }, colour = inks.ink) {
  const thick = Math.min(width, height) < 12 ? 1.5 : 2.5;
  context.strokeStyle = colour;
  context.lineWidth = thick;
  context.strokeRect(x + 0.5, y + 0.5, width, height);
}

function hatchCell({ context, inks }, { x, y, width, height }) {
  context.save();
  context.beginPath();
  context.rect(x, y, width, height);
  context.clip();
  context.strokeStyle = inks.line;
  context.globalAlpha = 0.45;
  context.lineWidth = 1;
  context.beginPath();
  for (let at = -height; at < width; at += 6) {
    context.moveTo(x + at, y + height);
    context.lineTo(x + at + height, y);
  }
  context.stroke();
  context.restore();
}

// Follows a step smoothly: {at, share}, where the picture is between the last step and this one.
export function glider(view) {
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  let from, to, since = -Infinity;
  return (step) => {
    const now = performance.now();
    const share = () => (still.matches ? 1 : Math.min(1, (now - since) / 280));
    if (step !== to) {
      from = to === undefined ? step : from + (to - from) * share();
      [to, since] = [step, from === step ? -Infinity : now];
    }
    if (share() < 1) view.redraw();
    const eased = 1 - (1 - share()) ** 3;
    return { at: from + (to - from) * eased, share: to > from ? eased : 1 };
  };
}

// A veil between two edges, [from, to] above and below: what becomes of what.
export function veil({ context }, top, above, bottom, below, hue) {
  context.globalAlpha = 0.14;
  context.fillStyle = hue;
  context.beginPath();
  context.moveTo(above[0], top);
  context.lineTo(above[1], top);
  context.lineTo(below[1], bottom);
  context.lineTo(below[0], bottom);
  context.fill();
  context.globalAlpha = 1;
}
