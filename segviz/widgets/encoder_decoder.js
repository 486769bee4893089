import { element, open, putText, uniqueId } from "./core.js";
import { typedNumber } from "./editing.js";
import { button, player, slider, toggle } from "./controls.js";
import { painterOf, sheet } from "./cells.js";
import { widthOf } from "./drawing.js";
import { layerAt, layOutU, paintU } from "./unet_picture.js";

// Where numbers are turned they take more room, and the legend lies below the U. It depends on the
// width alone, so that no slider moves what is below.
export const heightOf = (width) => (width < 680 ? 540 : 420);

function render(context) {
  const view = open(context, "Sizes in a U-Net");
  const one = slider(view, "size", { show: () => "" });
  one.querySelector("input").style.width = "clamp(80px, 14vw, 180px)";
  one.querySelector("output").replaceWith(typed(view, "size"));
  slider(view, "depth");
  toggle(view, "padded");
  const steps = () => view.trace().words.length;
  const walk = player(view, {
    steps, rate: () => 2.5, name: (step) => `layer ${step + 1} of ${steps()}`,
  });
  view.stage.before(verdict(view));
  view.stage.append(drawnU(view, walk, steps));
  const rule = element("p");
  view.lines.append(rule);
  view.onDraw(() => {
    putText(rule, view.trace().rule);
    const at = Math.min(walk.step, steps() - 1);
    view.say(`Layer ${at + 1} of ${steps()}: ${view.trace().words[at]}`);
  });
  return view.close;
}

// A size typed in is asked for as it stands; Python says which rule an illegal one breaks.
function typed(view, name) {
  const input = element("input", {
    type: "number", ...view.get("_controls")[name], id: uniqueId(name),
    "aria-label": `${name}, typed`, disabled: !view.works(name),
  });
  Object.assign(input.style, { width: "72px", font: "inherit" });
  const number = typedNumber(input, { onNumber: (size) => view.ask({ [name]: size }) });
  const frame = () => {
    const wrong = input.getAttribute("aria-invalid") === "true";
    input.style.border = wrong ? "2px dashed #d55e00" : "";
  };
  for (const kind of ["input", "blur"]) input.addEventListener(kind, frame);
  view.onDraw(() => {
    number.put(view.get(name));
    frame();
  });
  return input;
}

// What comes out, or why nothing does and the sizes that fit, in a place that is always there.
function verdict(view) {
  const words = element("span");
  const uses = [0, 1].map((which) =>
    button("Use", { onClick: () => view.ask({ size: view.trace().nearest[which] }) }));
  view.onDraw(() => {
    const { verdict: text, nearest } = view.trace();
    putText(words, text);
    uses.forEach((use, which) => {
      use.hidden = nearest[which] === undefined || !view.works("size");
      if (use.hidden) return;
      putText(use, `Use ${nearest[which]}`);
      use.title = `The nearest size that fits: ${nearest[which]}`;
      use.setAttribute("aria-label", use.textContent);
    });
  });
  const line = element("p", { class: "segviz-caption" }, words, " ", ...uses);
  Object.assign(line.style, {
    minHeight: "32px", margin: "8px 0 0", display: "flex", flexWrap: "wrap", gap: "4px 10px",
    alignItems: "center",
  });
  return line;
}

function drawnU(view, walk, steps) {
  let plan;
  const made = sheet(view, {
    label: "U-Net", height: heightOf(Infinity), onPlace: (x, y) => walk.seek(Math.max(0, layerAt(plan, x, y))),
  });
  made.canvas.style.cursor = "pointer";
  made.element.classList.add("segviz-whole");
  const [paint, room] = [painterOf(view, made.canvas), widthOf(view, made.element)];
  view.onDraw(() => {
    const trace = view.trace();
    const step = Math.min(walk.step, steps() - 1);
    const kind = view.settled("padded") ? "padded" : "unpadded";
    made.name("Above each map its channels, below it its rows",
      `${kind === "padded" ? "A" : "An"} ${kind} U-Net drawn as the letter U. ${trace.verdict}`);
    const size = [room(), heightOf(room())];
    made.canvas.style.height = `${size[1]}px`;
    paint((pen) => {
      plan = layOutU(trace, pen.width, pen.height);
      paintU(pen, view, trace, step, plan);
    }, [trace.verdict, view.settled("depth"), step], size);
  });
  return made.element;
}

export default { render };
