// Tables of numbers with a window framed in them; some can be edited like a spreadsheet.
// Large ones that nobody types in are faster painted: painted_tables.js.
import { element, format, putAttribute, putText } from "./core.js";
import { typedNumber } from "./editing.js";

// numberTable({label, onEdit, onCell})
//   write(rows, {kind, note, box}): the numbers, one list a row, with null where there is none;
//     kind(row, column): names the look, "lit", "seen", "unread", "outside", "empty" or nothing
//     note(row, column): what stands small in the corner; box: {row, column, height, width}
//   name(text): the caption
//   onEdit(row, column, number): makes cells to type in; the arrow keys go from one to the next
//   onCell(row, column): a cell was pressed; offer the same by keyboard elsewhere
export function numberTable({ label, onEdit, onCell }) {
  const caption = element("figcaption", {}, label);
  const sheet = element("div", { class: "segviz-cells" });
  const frame = element("div", { class: "segviz-box", hidden: true });
  const made = {
    element: element("figure", { class: "segviz-table", role: "group", "aria-label": label },
      caption, sheet),
    cells: [],
    name: (text) => putText(caption, text),
  };
  let shape = "";
  sheet.append(frame);
  // Cells stay when the table grows or shrinks: new ones cost more than all else that is drawn.
  const build = (rows, columns) => {
    const count = rows * columns;
    for (const one of made.cells.splice(count)) one.element.remove();
    while (made.cells.length < count) {
      made.cells.push(tableCell({ label, onEdit, onCell }));
      frame.before(made.cells.at(-1).element);
    }
    made.cells.forEach((one, i) => one.move([Math.floor(i / columns), i % columns]));
    sheet.style.setProperty("--rows", rows);
    sheet.style.setProperty("--columns", columns);
  };
  made.write = (rows, { kind, note, box } = {}) => {
    const size = [rows.length, rows[0].length];
    if (shape !== (shape = String(size))) build(...size);
    for (const cell of made.cells) {
      const [row, column] = cell.at;
      cell.put(rows[row][column], kind?.(row, column), note?.(row, column));
    }
    placeFrame(frame, box, size);
  };
  if (onEdit) walkWithArrows(made, sheet);
  return made;
}

function tableCell({ label, onEdit, onCell }) {
  const small = element("small", { "aria-hidden": "true" });
  const value = onEdit
    ? element("input", { type: "text", inputmode: "numeric", tabindex: -1, maxlength: 8 })
    : element("span");
  const box = element("div", { class: "segviz-cell" }, small, value);
  const cell = { at: [], element: box, value, input: onEdit ? value : null };
  const typed = onEdit && typedNumber(value, { onNumber: (number) => onEdit(...cell.at, number) });
  let before = "";
  cell.move = (at) => {
    cell.at = at;
    if (onEdit) putAttribute(value, "aria-label", `${label}, row ${at[0]}, column ${at[1]}`);
  };
  cell.put = (number, kind = "", note = "") => {
    const text = number == null ? "" : format(number);
    if (before !== (before = `${kind}|${note}|${text}`)) {
      putText(small, String(note));
      if (box.dataset.kind !== kind) box.dataset.kind = kind;
      box.classList.toggle("segviz-long", text.length > 3);
      if (!onEdit) putText(value, text);
    }
    if (!onEdit) return;
    value.disabled = number == null;
    typed.put(number);
    box.classList.toggle("segviz-long", value.value.length > 3);
  };
  if (onEdit) {
    value.addEventListener("focus", () => value.select());
    value.addEventListener("input", () => box.classList.toggle("segviz-long", value.value.length > 3));
  }
  if (onCell) box.addEventListener("pointerdown", () => onCell(...cell.at));
  return cell;
}

// One stop for Tab, the arrows within: a table of 64 cells would be 64 stops.
function walkWithArrows(made, sheet) {
  let stop;
  const settle = (input) => {
    if (stop && stop !== input) stop.tabIndex = -1;
    stop = input;
    stop.tabIndex = 0;
  };
  const inputs = () => made.cells.filter((one) => one.input && !one.input.disabled);
  sheet.addEventListener("focusin", (event) => settle(event.target));
  sheet.addEventListener("keydown", (event) => {
    const here = made.cells.find((one) => one.input === event.target);
    const step = here && TABLE_STEPS[event.key];
    if (!step) return;
    event.preventDefault();
    const to = here.at.map((n, axis) => n + step[axis]);
    inputs().find((one) => String(one.at) === String(to))?.input.focus();
  });
  const write = made.write;
  let count;
  made.write = (...given) => {
    write(...given);
    const moved = count !== (count = made.cells.length) && stop !== document.activeElement;
    if (moved || !stop?.isConnected || stop.disabled) settle(inputs()[0].input);
  };
}

const TABLE_STEPS = {
  ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1], Enter: [1, 0],
};

// In shares of the table, so that it needs no measuring and glides by itself.
export function placeFrame(frame, box, [rows, columns]) {
  frame.hidden = !box;
  if (!box) return;
  const share = (part, whole) => `${(100 * part) / whole}%`;
  const place = {
    top: share(box.row, rows), left: share(box.column, columns),
    height: share(box.height ?? 1, rows), width: share(box.width ?? 1, columns),
  };
  if (frame.dataset.at === (frame.dataset.at = Object.values(place).join())) return;
  Object.assign(frame.style, place);
}
