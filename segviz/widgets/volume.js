import { element, format, open } from "./core.js";
import { player, slider, toggle } from "./controls.js";
import { picture } from "./canvas.js";
import { legend } from "./volume_legend.js";

// The two axes that a cut across one axis shows: rows and columns.
export const shownAxes = (axis) => [0, 1, 2].filter((one) => one !== axis);

// Where the voxel (row, column) of a cut stands in the volume's array.
export function indexOf(shape, axis, place, row, column) {
  const voxel = [0, 0, 0];
  const [down, along] = shownAxes(axis);
  Object.assign(voxel, { [axis]: place, [down]: row, [along]: column });
  return (voxel[0] * shape[1] + voxel[1]) * shape[2] + voxel[2];
}

// A cut as colours: grey, with a veil of the label's colour over what is labelled.
export function cut({ image, labels, colours }, axis, place, labelled) {
  const { shape } = image;
  const [rows, columns] = shownAxes(axis).map((one) => shape[one]);
  const pixels = new Uint8Array(rows * columns * 3);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const from = indexOf(shape, axis, place, row, column);
      const label = labelled ? labels[from] : 0;
      for (let part = 0; part < 3; part++) {
        const hue = colours[3 * ((label - 1) % colours.shape[0]) + part];
        const grey = image[from];
        pixels[3 * (row * columns + column) + part] = label ? 0.55 * grey + 0.45 * hue : grey;
      }
    }
  }
  return Object.assign(pixels, { shape: [rows, columns, 3] });
}

function render(context) {
  const view = open(context, "Cuts through a volume");
  const { shape } = view.scene.image;
  const walk = player(view, {
    label: "axis_0", steps: () => shape[0], rate: () => 8,
    name: (step) => `slice ${step} of 0 to ${shape[0] - 1}`,
  });
  walk.seek(view.get("axis_0"));
  slider(view, "axis_1", { quiet: true });
  slider(view, "axis_2", { quiet: true });
  toggle(view, "labelled", { label: "labels", quiet: true });
  view.onDraw(() => {
    if (walk.step !== view.get("axis_0")) view.tell({ axis_0: walk.step });
  });
  const voxel = () => [walk.step, view.get("axis_1"), view.get("axis_2")];
  const move = (axis, row, column) => {
    const [down, along] = shownAxes(axis);
    const wanted = { [`axis_${down}`]: row, [`axis_${along}`]: column };
    if ("axis_0" in wanted) walk.seek(wanted.axis_0);
    view.tell(wanted);
  };
  const rows = labelSets(view.scene).map((labels, number) => {
    const cuts = [0, 1, 2].map((axis) => drawnCut(view, labels, axis, voxel, move));
    return view.scene.titles.length ? titled(view.scene.titles[number], cuts) : cuts;
  });
  view.stage.append(...rows.flat(), legend(view));
  view.onDraw(() => view.say(sentence(view.scene, voxel())));
  return view.close;
}

// The labels one after another, each as long as the volume.
export function labelSets({ image, labels }) {
  const count = labels.length / image.length;
  return Array.from({ length: count }, (_, number) =>
    labels.subarray(number * image.length, (number + 1) * image.length));
}

export function sentence(scene, [first, second, third]) {
  const { image, classes, titles } = scene;
  const at = indexOf(image.shape, 0, first, second, third);
  const names = labelSets(scene).map((labels, number) =>
    (titles.length ? `${titles[number]}: ` : "") + classes[labels[at]]);
  return `Voxel ${first}, ${second}, ${third}: grey ${format(image[at] / 255)}, `
    + `${names.join(", ")}.`;
}

function titled(title, cuts) {
  const row = element("div", { class: "segviz-stage" }, ...cuts);
  row.style.margin = "0";
  return element("div", { class: "segviz-whole" }, element("p", { class: "segviz-caption" }, title), row);
}

function drawnCut(view, labels, axis, voxel, move) {
  const { image, colours } = view.scene;
  const [down, along] = shownAxes(axis);
  const made = picture(view, {
    label: `axis ${axis}`,
    cursor: () => [voxel()[down], voxel()[along]],
    onCell: (row, column) => move(axis, row, column),
  });
  made.element.style.flex = "1 1 220px";
  // Two rows of cuts fit on a projected page.
  if (view.scene.titles.length > 1) made.element.style.maxWidth = "260px";
  let key, pixels;
  view.onDraw(() => {
    const at = voxel();
    const now = `${at[axis]} ${view.get("labelled")}`;
    if (key !== now) {
      pixels = cut({ image, labels, colours }, axis, at[axis], view.get("labelled"));
    }
    key = now;
    made.name(`across axis ${axis}, slice ${at[axis]}`);
    const [rows, columns] = [image.shape[down], image.shape[along]];
    made.paint({ codes: pixels, rows, columns, fit: Math.max(...image.shape) },
      [{ row: at[down], column: at[along], colour: "#fff" }]);
  });
  return made.element;
}

export default { render };
