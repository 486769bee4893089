// Controls made of native elements, bound to one parameter each; ranges come from Python.
// With {quiet: true} a control tells Python and waits for no answer; see open() in core.js.
// What only Python could answer is greyed where there is none.
import { element, format, putAttribute, putText, uniqueId } from "./core.js";
import { typedNumber } from "./editing.js";

// slider(view, "stride"): label, native range input and the value beside it.
export function slider(view, name, { label = name, show = String, quiet } = {}) {
  const range = view.get("_controls")[name];
  const id = uniqueId(name);
  const disabled = greyed(view, name, quiet);
  const input = element("input", { type: "range", id, ...range, disabled });
  const value = element("output", { for: id });
  const send = quiet ? view.tell : view.ask;
  input.addEventListener("input", () => send({ [name]: Number(input.value) }));
  view.onDraw(() => {
    // Only when it differs: writing a range's value while it is dragged makes the thumb stutter.
    if (Number(input.value) !== view.get(name)) input.value = view.get(name);
    const text = String(show(view.get(name)));
    putText(value, text);
    putAttribute(input, "aria-valuetext", text);
  });
  return field(view, label, input, id, value);
}

// choice(view, "preset"): a drop-down list of the names that Python offers.
export function choice(view, name, { label = name, options, quiet } = {}) {
  const id = uniqueId(name);
  const offered = options ?? view.get("_controls")[name].options;
  const input = element("select", { id, disabled: greyed(view, name, quiet) },
    ...offered.map((one) => element("option", { value: one }, String(one))));
  const value = (text) => (typeof offered[0] === "number" ? Number(text) : text);
  const send = quiet ? view.tell : view.ask;
  input.addEventListener("change", () => send({ [name]: value(input.value) }));
  view.onDraw(() => {
    if (value(input.value) !== view.get(name)) input.value = view.get(name);
  });
  return field(view, label, input, id);
}

// toggle(view, "relu"): a checkbox.
export function toggle(view, name, { label = name, quiet } = {}) {
  const id = uniqueId(name);
  const input = element("input", { type: "checkbox", id, disabled: greyed(view, name, quiet) });
  const send = quiet ? view.tell : view.ask;
  input.addEventListener("change", () => send({ [name]: input.checked }));
  view.onDraw(() => (input.checked = view.get(name)));
  return field(view, label, input, id);
}

const greyed = (view, name, quiet) => !quiet && !view.works(name);

function field(view, label, input, id, ...more) {
  const made = element("div", { class: "segviz-field" },
    element("label", { for: id }, label), input, ...more);
  view.controls.append(made);
  return made;
}

// Media symbols are boxes where no emoji font is installed, so they are drawn.
const ICONS = {
  play: "M4 2 L14 8 L4 14 Z",
  pause: "M3 2 H7 V14 H3 Z M9 2 H13 V14 H9 Z",
  back: "M12 2 L5 8 L12 14 Z M3 2 H5 V14 H3 Z",
  forward: "M4 2 L11 8 L4 14 Z M11 2 H13 V14 H11 Z",
};

export function button(label, { icon, onClick } = {}) {
  const made = element("button", { type: "button", title: label, "aria-label": label });
  if (icon) setIcon(made, icon);
  else made.append(label);
  made.addEventListener("click", onClick);
  return made;
}

function setIcon(made, icon) {
  made.innerHTML =
    `<svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true"><path d="${ICONS[icon]}"/></svg>`;
}

// A table of number cells. Editable ones are text inputs: type, or press up and down.
//   write(rows, colours): show numbers, with a background per cell
//   onEdit(row, column, value), onSelect(row, column); cells are reached with Tab or the mouse
//   room: how wide a cell is at least, in pixels, so that long numbers get small enough
export function grid({ label, onEdit, onSelect, step = 0.5, digits = 2, room = 56 }) {
  const table = element("div", { class: "segviz-grid", role: "group", "aria-label": label });
  let cells = [];
  let shape = "";
  const nudge = (event) => {
    const direction = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (!direction) return;
    event.preventDefault();
    const { row, column, number, typed } = event.target;
    typed.drop();
    onEdit(row, column, Number((number + direction * step).toFixed(digits)));
  };
  const cellAt = (row, column) => {
    const name = `${label}, row ${row + 1}, column ${column + 1}`;
    if (!onEdit) return Object.assign(element("span", {}), { row, column });
    const cell = element("input", { type: "text", inputmode: "decimal", "aria-label": name });
    const typed = typedNumber(cell, { digits, onNumber: (value) => onEdit(row, column, value) });
    cell.addEventListener("keydown", nudge);
    cell.addEventListener("focus", () => onSelect?.(row, column));
    return Object.assign(cell, { row, column, typed });
  };
  const build = (rows, columns) => {
    cells = [];
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) cells.push(cellAt(row, column));
    }
    table.style.setProperty("--columns", columns);
    table.replaceChildren(...cells);
  };
  const put = (cell, number, colour) => {
    if (cell.number !== (cell.number = number)) {
      const size = (room - 6) / (0.62 * format(number, digits).length);
      cell.style.fontSize = size < 14 ? `${size.toFixed(1)}px` : "";
    }
    if (cell.typed) cell.typed.put(number);
    else putText(cell, format(number, digits));
    const [background = "", ink = ""] = colour ?? [];
    if (cell.colours === (cell.colours = background + ink)) return;
    Object.assign(cell.style, { background, color: ink });
  };
  const write = (rows, colour) => {
    if (shape !== (shape = `${rows.length} ${rows[0].length}`)) build(rows.length, rows[0].length);
    for (const cell of cells) {
      const number = rows[cell.row][cell.column];
      put(cell, number, colour?.(number, cell.row, cell.column));
    }
  };
  return { element: table, write, cells: () => cells };
}

// The step clock, without a page: play, pause, step and scrub over 0 .. steps - 1.
export function clock({ steps, rate, onStep, frame = requestAnimationFrame }) {
  const state = { step: 0, playing: false, atEnd: false };
  let exact = 0;
  let before;
  const go = (step) => {
    const now = Math.max(0, Math.min(steps() - 1, Math.floor(step)));
    state.atEnd = now === steps() - 1;
    if (now === state.step) return;
    state.step = now;
    onStep(now);
  };
  const tick = (time) => {
    if (!state.playing) return;
    exact += ((time - (before ?? time)) * rate()) / 1000;
    before = time;
    go(exact);
    if (state.step >= steps() - 1) state.pause();
    else frame(tick);
  };
  state.play = () => {
    if (state.playing) return;
    exact = state.step >= steps() - 1 ? 0 : state.step;
    before = undefined;
    state.playing = true;
    state.atEnd = false;
    state.step = exact;
    onStep(state.step);
    frame(tick);
  };
  state.pause = () => {
    if (!state.playing) return;
    state.playing = false;
    onStep(state.step);
  };
  state.seek = (step) => {
    state.pause();
    go(step);
  };
  // When the number of steps changes, the end stays the end.
  state.follow = () => {
    if (state.atEnd || state.step >= steps()) state.step = steps() - 1;
  };
  return state;
}

const stepName = (step) => `step ${step + 1}`;

const PLAYER_KEYS = {
  ArrowLeft: (at) => at - 1, ArrowRight: (at) => at + 1, Home: () => 0, End: () => Infinity,
};

// Play, step back, step on and a scrubber; space plays, arrows step, Home and End go to the ends.
//   steps(), rate(): numbers, read afresh; name(step): the step in words; label: what is played
export function player(view, { label = "", steps, rate = () => 10, name = stepName }) {
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  let drawnAt = -Infinity;
  const made = clock({
    steps, rate,
    onStep: () => {
      // Reduced motion: the same pace in two pictures a second.
      if (still.matches && made.playing && performance.now() - drawnAt < 500) return;
      drawnAt = performance.now();
      view.redraw();
    },
  });
  const flip = () => (made.playing ? made.pause() : made.play());
  const main = button("Play", { icon: "play", onClick: flip });
  const scrub = element("input", { type: "range", min: 0, "aria-label": "Step" });
  scrub.addEventListener("input", () => made.seek(Number(scrub.value)));
  const bar = element("div",
    { class: "segviz-player", role: "group", "aria-label": label || "Player" }, label, button("Step back", { icon: "back", onClick: () => made.seek(made.step - 1) }), main,
    button("Step on", { icon: "forward", onClick: () => made.seek(made.step + 1) }), scrub);
  bar.addEventListener("keydown", (event) => {
    const move = PLAYER_KEYS[event.key];
    if (event.key === " " && event.target === scrub) flip();
    else if (move) made.seek(move(made.step));
    else return;
    event.preventDefault();
  });
  view.onDraw(() => {
    made.follow();
    putAttribute(scrub, "max", String(steps() - 1));
    if (Number(scrub.value) !== made.step) scrub.value = made.step;
    putAttribute(scrub, "aria-valuetext", name(made.step));
    const label = made.playing ? "Pause" : "Play";
    if (main.title === label) return;
    main.title = label;
    main.setAttribute("aria-label", label);
    setIcon(main, label.toLowerCase());
  });
  view.closers.push(made.pause);
  view.controls.append(bar);
  return made;
}
