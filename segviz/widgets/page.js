// A widget's model where no kernel runs: it brings answers along, for every combination of a few
// settings, and says of the others that they need the notebook.

// Bytes of a page to {state, values, entries, answers}, with arrays as core.js unpacks them.
export function unfolded(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = 4 + view.getUint32(0, true);
  const text = new TextDecoder().decode(bytes.subarray(4, start));
  return JSON.parse(text, (_, value) => {
    if (!value?.dtype || !Array.isArray(value.data)) return value;
    const [from, length] = value.data;
    return { ...value, data: new DataView(bytes.buffer, bytes.byteOffset + start + from, length) };
  });
}

// What a widget's render() needs of a model: get, set, save_changes, on, off; and works().
//   entries: one for each combination of values, the last name's fastest: the rule that it breaks,
//     or [trace, detail, what else was set], the first two as numbers of answers
export function pageModel({ state: start, values, entries, answers }) {
  const state = { ...start };
  const settings = Object.keys(state._settled);
  const offline = Object.keys(values);
  const fixed = new Set();
  let listeners = [];
  const changed = () => listeners.forEach((listener) => listener());
  const entry = (given) => entries[offline.reduce((at, name) =>
    at * values[name].length + values[name].indexOf(given[name]), 0)];
  const isLegal = (given) => Array.isArray(entry(given));
  const settle = () =>
    (state._settled = Object.fromEntries(settings.map((name) => [name, state[name]])));

  const refuse = (message) => {
    const remedy = nearest(state, state._settled, offline, values, isLegal);
    const words = Object.entries(remedy).map(([name, value]) => `${name} = ${asPython(value)}`);
    state._error = { message, remedy, label: `Use ${words.join(", ")}` };
  };
  const answer = () => {
    const found = entry(state);
    state._answered = state._asked;
    if (!Array.isArray(found)) return refuse(found);
    const [trace, detail, others] = found;
    Object.assign(state, others, { _trace: answers[trace], _detail: answers[detail], _error: {} });
    settle();
  };

  return {
    get: (name) => state[name],
    set: (name, value) => {
      state[name] = value;
      changed();
    },
    save_changes: () => {
      if (state._asked === state._answered) settle();
      else answer();
      changed();
    },
    on: (_event, listener) => listeners.push(listener),
    off: (_event, listener) => (listeners = listeners.filter((one) => one !== listener)),
    works: (name) => offline.includes(name) || !fixed.add(name),
    fixed: () => [...fixed],
  };
}

// The smallest change that makes the settings legal: one of them, or all back; as Python has it.
function nearest(state, settled, offline, values, isLegal) {
  const moved = offline.filter((name) => state[name] !== settled[name]);
  for (const name of moved.filter((one) => typeof state[one] === "number")) {
    const away = (value) => Math.abs(value - state[name]);
    const found = values[name].toSorted((one, other) => away(one) - away(other))
      .find((value) => isLegal({ ...state, [name]: value }));
    if (found !== undefined) return { [name]: found };
  }
  return Object.fromEntries(moved.map((name) => [name, settled[name]]));
}

const asPython = (value) =>
  ({ string: `'${value}'`, boolean: value ? "True" : "False" })[typeof value] ?? String(value);

// Which settings stay as they are, and why: as their controls call them, then as Python does.
export function sentenceOnFixed(names, labelOf = (name) => name) {
  if (!names.length) return "";
  const called = names.map((name) =>
    (labelOf(name) === name ? name : `“${labelOf(name)}” (${name})`));
  return `Fixed on this page: ${called.join(", ")}. Each of their values is computed by Python, so `
    + "to change them, open the notebook.";
}

// What a setting's control is called; a setting without one has its own name.
const labelIn = (main) => (name) =>
  main.querySelector(`label[for^="segviz-${name}-"]`)?.textContent ?? name;

// What is wider than the page gets the focus while it is, so that the arrow keys scroll it.
function scrollByKeyboard(main) {
  const regions = [...main.querySelectorAll("div")]
    .filter((one) => getComputedStyle(one).overflowX === "auto");
  const mark = (region) => {
    const wide = region.scrollWidth > region.clientWidth;
    region.classList.toggle("segviz-wide", wide);
    const marks = { tabindex: "0", role: "group", "aria-label": "Scrolls sideways" };
    for (const [name, text] of Object.entries(marks)) {
      if (wide) putAttribute(region, name, text);
      else region.removeAttribute(name);
    }
  };
  const observer = new ResizeObserver(() => regions.forEach(mark));
  const parts = regions.flatMap((region) => [region, ...region.children]);
  for (const part of parts) observer.observe(part);
}

export async function show(render) {
  const model = pageModel(unfolded(await globalThis.segvizInflate("segviz-state")));
  const main = document.querySelector("main");
  render({ model, el: main });
  const fixed = sentenceOnFixed(model.fixed(), labelIn(main));
  main.append(element("p", { class: "segviz-note" }, fixed));
  scrollByKeyboard(main);
  if (parent === window) return;
  // The page around this one gives it the height that it needs.
  const tell = () => parent.postMessage({ segvizHeight: main.offsetHeight }, "*");
  new ResizeObserver(tell).observe(main);
}
