import { element, open } from "./core.js";
import { player, slider } from "./controls.js";
import { legend } from "./volume_legend.js";

const STEP = 2; // degrees
const NUDGE = 6; // degrees of an arrow key
const DRAG = 0.6; // degrees of a pixel
const ROUNDING = 1e-9; // of shares: a pixel between two triangles must not fall between them
const WIDEST = 400; // pixels of the page that a picture takes
const FINER = 1.5; // than the screen it is computed, and then smoothed,
const FINEST = 640; // with at most so many pixels a side

// What is right, up and towards the reader, as rows in the volume's axes.
export function viewAxes(around, above) {
  const [sinAround, cosAround] = [Math.sin, Math.cos].map((wave) => wave((around * Math.PI) / 180));
  const [sinAbove, cosAbove] = [Math.sin, Math.cos].map((wave) => wave((above * Math.PI) / 180));
  return [
    [-sinAround, cosAround, 0],
    [-sinAbove * cosAround, -sinAbove * sinAround, cosAbove],
    [cosAbove * cosAround, cosAbove * sinAround, sinAbove],
  ];
}

// Where the corners of a mesh stand as seen along the axes, in pixels of a side, and how bright.
//   spot: {x, y, near, shade}, arrays to be filled, one number a corner
export function project({ corners, normals }, { spacing, centre, radius, light }, axes, side, spot) {
  const [right, up, towards] = axes;
  const [lightX, lightY, lightZ, ambient] = light;
  const scale = side / 2 / radius;
  for (let i = 0; i < spot.x.length; i++) {
    const a = corners[3 * i] * spacing[0] / 2 - centre[0];
    const b = corners[3 * i + 1] * spacing[1] / 2 - centre[1];
    const c = corners[3 * i + 2] * spacing[2] / 2 - centre[2];
    spot.x[i] = side / 2 + scale * (a * right[0] + b * right[1] + c * right[2]);
    spot.y[i] = side / 2 - scale * (a * up[0] + b * up[1] + c * up[2]);
    spot.near[i] = a * towards[0] + b * towards[1] + c * towards[2];
    let lit = 0;
    for (let n = 0; n < 3; n++) {
      const slope = lightX * right[n] + lightY * up[n] + lightZ * towards[n];
      lit += (normals[3 * i + n] / 127) * slope;
    }
    spot.shade[i] = ambient + (1 - ambient) * Math.min(1, Math.max(0, lit));
  }
}

// Fills pixels (RGBA, side x side) with the triangles; of two at one pixel the nearer one stays.
// Those that turn their back, which run the other way round, are behind others: left out.
export function fillTriangles({ faces, labels }, spot, colours, side, pixels, depth) {
  const { x, y, near, shade } = spot;
  const within = (place) => Math.max(0, Math.min(side, Math.ceil(place - 0.5)));
  pixels.fill(0);
  depth.fill(-Infinity);
  for (let face = 0; face < faces.length; face += 3) {
    const a = faces[face];
    const b = faces[face + 1];
    const c = faces[face + 2];
    const area = (x[b] - x[a]) * (y[c] - y[a]) - (x[c] - x[a]) * (y[b] - y[a]);
    if (area <= 0) continue;
    const hue = 3 * ((labels[a] - 1) % colours.shape[0]);
    const left = within(Math.min(x[a], x[b], x[c]));
    const right = within(Math.max(x[a], x[b], x[c]));
    const bottom = within(Math.max(y[a], y[b], y[c]));
    for (let row = within(Math.min(y[a], y[b], y[c])); row < bottom; row++) {
      // Shares of the three corners at a pixel's middle; on a row they change evenly.
      const [across, down] = [left + 0.5, row + 0.5];
      let first = ((x[b] - across) * (y[c] - down) - (x[c] - across) * (y[b] - down)) / area;
      let second = ((x[c] - across) * (y[a] - down) - (x[a] - across) * (y[c] - down)) / area;
      for (let column = left; column < right; column++) {
        const third = 1 - first - second;
        const here = first * near[a] + second * near[b] + third * near[c];
        const at = row * side + column;
        if (Math.min(first, second, third) >= -ROUNDING && here > depth[at]) {
          depth[at] = here;
          const tone = first * shade[a] + second * shade[b] + third * shade[c];
          for (let part = 0; part < 3; part++) pixels[4 * at + part] = tone * colours[hue + part];
          pixels[4 * at + 3] = 255;
        }
        first += (y[b] - y[c]) / area;
        second += (y[c] - y[a]) / area;
      }
    }
  }
}

// Degrees that the settings can have: once around and over, in steps.
export function legal(around, above) {
  const whole = (degrees) => STEP * Math.round(degrees / STEP);
  return {
    around: ((whole(around) % 360) + 360) % 360,
    above: Math.max(-90, Math.min(90, whole(above))),
  };
}

function render(context) {
  const view = open(context, "Surfaces of a volume, turnable");
  const walk = player(view, {
    label: "turn", steps: () => 360 / STEP, rate: () => 45,
    name: (step) => `from ${STEP * step} degrees`,
  });
  slider(view, "above", { quiet: true, show: (above) => `${above}°` });
  let known = view.get("around");
  walk.seek(known / STEP);
  view.onDraw(() => {
    // Python may have turned it; otherwise it is told where the player stands.
    if (view.get("around") !== known) walk.seek(view.get("around") / STEP);
    else if (STEP * walk.step !== known) view.tell({ around: STEP * walk.step });
    known = view.get("around");
  });
  const turnTo = (around, above) => {
    const wanted = legal(around, above);
    walk.seek(wanted.around / STEP);
    view.tell(wanted);
  };
  const pictures = view.scene.titles.map((title, number) => drawnSurface(view, number, turnTo));
  view.stage.append(...pictures, legend(view));
  view.onDraw(() => view.say(sentence(view)));
  return view.close;
}

function sentence(view) {
  const { titles, classes } = view.scene;
  const { voxels } = view.trace();
  const names = classes.slice(1);
  const counts = titles.map((title, i) =>
    `${title}: ${names.map((name, k) => `${name} ${voxels[i * names.length + k]}`).join(", ")}`);
  return `Seen from ${view.get("around")}° around, ${view.get("above")}° above. `
    + `Voxels in ${counts.join("; ")}.`;
}

function drawnSurface(view, number, turnTo) {
  const mesh = Object.fromEntries(["corners", "normals", "labels", "faces"].map(
    (name) => [name, view.scene[`${name}_${number}`]]));
  const title = view.scene.titles[number];
  const canvas = element("canvas", {
    tabindex: 0, role: "application", "aria-roledescription": "surface",
    "aria-label": `${title}. The arrow keys turn it.`,
  });
  Object.assign(canvas.style, { cursor: "grab", touchAction: "pan-y" });
  const frame = element("figure", { class: "segviz-picture" },
    element("figcaption", {}, title), canvas);
  followDrag(view, canvas, turnTo);
  followKeys(view, canvas, turnTo);
  let before;
  const paint = painter(view, mesh, canvas);
  view.onDraw(() => {
    const wide = Math.max(1, Math.min(WIDEST, frame.clientWidth));
    const ratio = devicePixelRatio || 1;
    const seen = [view.get("around"), view.get("above"), wide, ratio, view.ink("ink")];
    if (before === (before = seen.join(" "))) return;
    paint(...seen);
  });
  return frame;
}

function painter(view, mesh, canvas) {
  const spot = Object.fromEntries(["x", "y", "near", "shade"].map(
    (name) => [name, new Float32Array(mesh.labels.length)]));
  const hidden = element("canvas");
  let image, depth;
  return (around, above, wide, ratio, ink) => {
    const side = Math.min(FINEST, Math.round(FINER * wide * ratio));
    if (hidden.width !== side || !image) {
      Object.assign(hidden, { width: side, height: side });
      [image, depth] = [new ImageData(side, side), new Float32Array(side * side)];
    }
    const axes = viewAxes(around, above);
    project(mesh, view.scene, axes, side, spot);
    fillTriangles(mesh, spot, view.scene.colours, side, image.data, depth);
    hidden.getContext("2d").putImageData(image, 0, 0);
    const size = Math.round(wide * ratio);
    if (canvas.width !== size) {
      Object.assign(canvas, { width: size, height: size });
      Object.assign(canvas.style, { width: `${wide}px`, height: `${wide}px` });
    }
    const pen = canvas.getContext("2d");
    pen.clearRect(0, 0, size, size);
    pen.drawImage(hidden, 0, 0, size, size);
    cross(pen, axes, size, ratio, ink);
  };
}

// The volume's three axes, small, in the lower left corner.
function cross(pen, axes, size, ratio, ink) {
  const [left, low, long] = [34 * ratio, size - 34 * ratio, 22 * ratio];
  Object.assign(pen, { strokeStyle: ink, fillStyle: ink, lineWidth: 1.5 * ratio });
  Object.assign(pen, { font: `${12 * ratio}px sans-serif`, textAlign: "center", textBaseline: "middle" });
  for (let axis = 0; axis < 3; axis++) {
    const [along, down] = [long * axes[0][axis], -long * axes[1][axis]];
    pen.beginPath();
    pen.moveTo(left, low);
    pen.lineTo(left + along, low + down);
    pen.stroke();
    pen.fillText(String(axis), left + 1.35 * along, low + 1.35 * down);
  }
}

function followDrag(view, canvas, turnTo) {
  let from;
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    from = { x: event.clientX, y: event.clientY, around: view.get("around"), above: view.get("above") };
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!canvas.hasPointerCapture(event.pointerId)) return;
    // What is near follows the pointer.
    turnTo(from.around - DRAG * (event.clientX - from.x), from.above + DRAG * (event.clientY - from.y));
  });
}

const TURNS = {
  ArrowLeft: [NUDGE, 0], ArrowRight: [-NUDGE, 0], ArrowUp: [0, -NUDGE], ArrowDown: [0, NUDGE],
};

// The arrows turn as the same drag would.
function followKeys(view, canvas, turnTo) {
  canvas.addEventListener("keydown", (event) => {
    const turn = TURNS[event.key];
    if (!turn) return;
    event.preventDefault();
    turnTo(view.get("around") + turn[0], view.get("above") + turn[1]);
  });
}

export default { render };
