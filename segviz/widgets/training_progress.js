import { element, format, open, putText } from "./core.js";
import { button, player } from "./controls.js";
import { picture } from "./canvas.js";

const [WIDTH, HEIGHT, MARGIN] = [320, 180, 8];

// Steps and losses as points of a path, 0 at the bottom, and the place of a step along it.
export function path({ points, curve }, steps) {
  const largest = Math.max(...curve, 1e-9);
  const x = (step) => MARGIN + ((WIDTH - 2 * MARGIN) * step) / Math.max(steps - 1, 1);
  const y = (loss) => HEIGHT - MARGIN - ((HEIGHT - 2 * MARGIN) * loss) / largest;
  const places = Array.from(points, (step, i) => `${x(step).toFixed(1)} ${y(curve[i]).toFixed(1)}`);
  return { line: places.length ? `M${places.join("L")}` : "", x, largest };
}

export function sentence({ steps, moments, at, loss, right }) {
  if (!moments) return "No step has been taken yet.";
  const share = right === undefined ? "" : ` ${(100 * right).toFixed(1)} % of the pixels are right.`;
  return `Behind step ${at} of ${steps} the loss is ${format(loss, 3)}.${share}`;
}

function render(context) {
  const view = open(context, "Training");
  const { scene } = view;
  const film = player(view, {
    label: "",
    steps: () => Math.max(1, view.trace().moments),
    name: (step) => `moment ${step + 1} of ${Math.max(1, view.trace().moments)}`,
  });
  const stop = button("Stop training", { onClick: () => view.ask({ stop: true }) });
  stop.disabled = !view.works("stop");
  view.controls.append(stop);
  const curve = lossCurve(view);
  const [rows, columns] = scene.picture.shape;
  const nothing = blank(rows, columns);
  const maps = [["Picture", scene.picture], ["Prediction"], ["Truth", scene.truth]]
    .filter(([name, codes]) => codes || name === "Prediction");
  const drawn = maps.map(([label]) => picture(view, { label }));
  view.stage.append(curve.element, ...drawn.map((one) => one.element));
  // The step clock and the parameter, kept in step: Python moves it on while it trains.
  let known = 0;
  const follow = ({ moments }) => {
    const asked = view.get("moment");
    if (asked !== known && asked < moments) film.seek(asked);
    known = film.step;
    if (asked !== known && moments) view.ask({ moment: known });
  };
  view.onDraw(() => {
    const trace = view.trace();
    follow(trace);
    maps.forEach(([, codes], i) => drawn[i].paint({
      codes: codes ?? trace.prediction ?? nothing, table: scene.table, rows, columns,
    }));
    curve.draw(trace);
    stop.setAttribute("aria-pressed", String(view.get("stop")));
    view.say(sentence(trace));
  });
  return view.close;
}

const blank = (rows, columns) =>
  Object.assign(new Uint8Array(rows * columns).fill(255), { shape: [rows, columns] });

// Its numbers are in the read-out; the curve itself is a picture.
function lossCurve(view) {
  const space = "http://www.w3.org/2000/svg";
  const make = (name, attributes) => {
    const made = document.createElementNS(space, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    return made;
  };
  const svg = make("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", width: "100%" });
  const line = make("path", { fill: "none", stroke: view.look.cycle[0], "stroke-width": 2 });
  const now = make("line", { y1: 0, y2: HEIGHT, stroke: view.look.cursor, "stroke-width": 2 });
  const ground = make("path", {
    d: `M${MARGIN} 0V${HEIGHT - MARGIN}H${WIDTH}`, fill: "none", stroke: "currentColor",
  });
  svg.append(ground, line, now);
  const caption = element("figcaption");
  return {
    element: element("figure", { class: "segviz-picture" }, caption, svg),
    draw(trace) {
      const { line: drawn, x, largest } = path(trace, trace.steps);
      line.setAttribute("d", drawn);
      const place = trace.moments ? x(trace.at - 1) : MARGIN;
      now.setAttribute("x1", place);
      now.setAttribute("x2", place);
      now.setAttribute("visibility", trace.moments ? "visible" : "hidden");
      const words = trace.steps ? `Loss, 0 to ${format(largest, 2)}, of ${trace.steps} steps`
        : "Loss, no step yet";
      putText(caption, words);
      svg.setAttribute("aria-label", words);
    },
  };
}

export default { render };
