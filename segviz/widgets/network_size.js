import { element, open, putText } from "./core.js";
import { choice, slider } from "./controls.js";
import { widthOf } from "./drawing.js";

const WIDEST = 1.25; // cards that a bar has room for
const PARTS = ["weights", "gradients and optimizer", "activations"];
// Memory and whether it fits come first: on a phone the others are reached by scrolling.
const HEADS = ["network", "memory", "", "parameters", "multiply-adds", "sees"];
const NUMBERS = ["memory", "parameters", "multiply-adds"];

// Where the parts of a bar begin and end, in percent of its room; what is too long is cut off.
export function pieces(parts, widest = WIDEST) {
  let from = 0;
  return parts.map((part) => {
    const start = Math.min(from, widest);
    from += part;
    const end = Math.min(from, widest);
    return { left: (100 * start) / widest, width: (100 * (end - start)) / widest };
  });
}

// The barShape of a bar that goes on beyond its room: its end is a point.
export const barShape = (parts, widest = WIDEST) =>
  (parts.reduce((sum, part) => sum + part, 0) > widest
    ? "polygon(0 0, calc(100% - 10px) 0, 100% 50%, calc(100% - 10px) 100%, 0 100%)" : "none");

export const percent = (share) => (share < 0.001 ? "under 0.1 %" : `${(100 * share).toFixed(1)} %`);

export function sentence({ pictures, rows, verdicts }, names, chosen, { use, card }) {
  const at = names.indexOf(chosen);
  const many = verdicts.filter((one) => !one.startsWith("no")).length;
  const [parameters, products, memory] = rows[at];
  return `${chosen} on ${pictures[at]}: ${parameters} parameters, ${products} multiply-adds for one `
    + `picture, ${memory} for ${use}: ${verdicts[at].replace(":", ",")}. `
    + `Networks within ${card}: ${many} of ${names.length}.`;
}

function render(context) {
  const view = open(context, "Size of seven networks");
  choice(view, "network");
  slider(view, "side", { label: "side of the picture" });
  choice(view, "width", { label: "channels" });
  slider(view, "batch");
  choice(view, "use");
  choice(view, "card");
  const parts = element("div", { style: "flex: 1 0 100%; overflow-x: auto" }, overview(view));
  view.stage.append(parts, bills(view));
  view.lines.append(legend(view));
  view.onDraw(() => {
    const settings = { use: view.settled("use"), card: view.settled("card") };
    view.say(sentence(view.trace(), view.scene.names, view.settled("network"), settings));
  });
  return view.close;
}

// Room for the longest name, "DeepLab v3+ 1025 × 1025", and the dearest, "no: 3,869 cards".
const COLUMNS = ["clamp(130px, 19vw, 232px)", "92px", "auto", "108px", "124px", "248px"];
// Where the bar stands above the verdict, all columns are so wide; else there is room for both.
const [PHONE, NARROWEST, WIDE] = [700, 130 + 92 + 142 + 108 + 124 + 248, 1080];
const VERDICT = "130px";
const CELL = "padding: 3px 14px 3px 0; font-weight: inherit; white-space: nowrap; "
  + "border-top: 1px solid color-mix(in srgb, var(--segviz-line) 40%, transparent)";

// One row a network; the bar shows its memory against the card.
function overview(view) {
  const head = HEADS.map((text, i) => element(text ? "th" : "td", { scope: text ? "col" : null,
    style: `text-align: ${NUMBERS.includes(text) ? "right" : "left"}; padding: 0 14px 3px 0; `
      + "vertical-align: bottom" },
  text));
  const lines = view.scene.names.map((name) => networkRow(view, name));
  const room = widthOf(view, view.stage);
  view.onDraw(() => {
    const trace = view.trace();
    table.style.minWidth = `${room() < PHONE ? NARROWEST : WIDE}px`;
    putText(head[2], `dashed: the card, ${view.settled("card")}`);
    lines.forEach((line, i) => line.write(trace, i, view.settled("network")));
  });
  // Columns of fixed width: nothing moves but the numbers and the bars.
  const columns = COLUMNS.map((width) => element("col", { style: `width: ${width}` }));
  const table = element("table", { style: "border-collapse: separate; border-spacing: 0; width: 100%; "
    + "table-layout: fixed; font-variant-numeric: tabular-nums" },
  element("colgroup", {}, ...columns),
  element("thead", {}, element("tr", {}, ...head)),
  element("tbody", {}, ...lines.map((line) => line.element)));
  return table;
}

function networkRow(view, name) {
  const size = element("span", { style: "font-weight: 400; white-space: nowrap" });
  const [memory, parameters, products] = NUMBERS.map(() => element("td", { style: `${CELL}; text-align: right` }));
  const bar = memoryBar(view);
  const verdict = element("span", { style: `flex: 0 0 ${VERDICT}; white-space: nowrap` });
  const sees = element("td", { style: CELL });
  const fit = element("div", { style: "display: flex; flex-wrap: wrap; gap: 0 10px; align-items: center" },
    bar.element, verdict);
  const head = element("th", { scope: "row", style: `${CELL}; white-space: normal; text-align: left; `
    + "position: sticky; left: 0; z-index: 1; background: inherit" }, `${name} `, size);
  const row = element("tr", {},
    head,
    memory, element("td", { style: CELL }, fit), parameters, products, sees);
  return {
    element: row,
    write({ pictures, rows, parts, verdicts }, i, chosen) {
      putText(size, pictures[i]);
      [parameters, products, memory].forEach((cell, at) => putText(cell, rows[i][at]));
      putText(sees, rows[i][3]);
      putText(verdict, verdicts[i]);
      verdict.style.fontWeight = verdicts[i].startsWith("no") ? 700 : 400;
      bar.write(Array.from(parts.subarray(3 * i, 3 * i + 3)));
      const lit = name === chosen;
      head.style.fontWeight = lit ? 600 : 400;
      row.style.background = `var(--segviz-${lit ? "raised" : "page"})`;
    },
  };
}

// A picture of numbers that stand beside it, so a screen reader may pass it by.
function memoryBar(view) {
  const parts = PARTS.map((_, i) => element("div", {
    style: `position: absolute; top: 2px; bottom: 2px; background: ${view.look.cycle[i]}` }));
  const end = element("div", { style: `position: absolute; top: 0; bottom: 0; left: ${100 / WIDEST}%; `
    + "border-left: 2px dashed var(--segviz-ink)" });
  const made = element("div", { "aria-hidden": "true",
    style: "position: relative; flex: 1 1 120px; height: 18px; overflow: hidden" },
  ...parts, end);
  return {
    element: made,
    write: (shares) => {
      made.style.clipPath = barShape(shares);
      pieces(shares).forEach(({ left, width }, i) => Object.assign(parts[i].style,
        { left: `${left}%`, width: `${width}%`, minWidth: shares[i] ? "2px" : "0" }));
    },
  };
}

function legend(view) {
  const line = element("p", { style: "display: flex; flex-wrap: wrap; gap: 4px 18px" });
  for (const [i, name] of PARTS.entries()) {
    const patch = element("span", { style: "display: inline-block; width: 14px; height: 14px; "
      + `vertical-align: -2px; margin-right: 6px; background: ${view.look.cycle[i]}` });
    line.append(element("span", {}, patch, name));
  }
  line.append(element("span", {}, "tight: over 80 % of the card"),
    element("span", {}, `ends in a point: goes on, beyond ${WIDEST} cards`));
  return line;
}

// The three layers of the chosen network that take most of each bill.
function bills(view) {
  const title = element("div", { style: "font-weight: 600; flex: 1 0 100%" });
  const columns = [0, 1, 2].map(() => billOf());
  view.onDraw(() => {
    putText(title, `Dearest layers of ${view.settled("network")}`);
    view.detail().bills.forEach((bill, i) => columns[i].write(bill));
  });
  return element("div", { style: "flex: 1 0 100%; display: flex; flex-wrap: wrap; gap: 4px 28px" },
    title, ...columns.map((one) => one.element));
}

function billOf() {
  const caption = element("caption", { style: "text-align: left; font-style: italic" });
  const lines = [0, 1, 2].map(() => [
    element("th", { scope: "row", style: "text-align: left; font-weight: 400; overflow-wrap: anywhere; "
      + "padding-right: 12px" }),
    element("td", { style: "text-align: right; white-space: nowrap; vertical-align: top" })]);
  const made = element("table", { style: "border-collapse: collapse; flex: 1 1 240px; "
    + "font-variant-numeric: tabular-nums" }, caption,
  element("tbody", {}, ...lines.map((cells) => element("tr", {}, ...cells))));
  return {
    element: made,
    write([title, layers]) {
      putText(caption, title);
      layers.forEach(([name, share], i) => {
        putText(lines[i][0], name.replaceAll(".", ".\u200b")); // may break after a dot
        putText(lines[i][1], percent(share));
      });
    },
  };
}

export default { render };
