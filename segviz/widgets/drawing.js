// When a widget draws, how wide it may be, and in which colours.

// What is due is drawn as soon as the handler that asked for it is done, so that it is there for the
// next frame; whatever comes due after that is drawn in the frame. A setting that Python has yet to
// answer changes no picture, and leaves this for the answer.
//   answered(): the number of the last answer; onDue(): called whenever something is to be drawn;
//   onFrame(more): called in each frame after the drawing, with whether there is more to draw
//   redraw(): as described; inFrame(): only in the frame; changed(): as the model has changed
export function pacer({ answered, draw, onDue, onFrame, frame = requestAnimationFrame }) {
  let [scheduled, stale, known] = [0, false, answered()];
  // Not before the first frame: until then not all is there that is to be drawn.
  let early = true;
  const drawStale = () => {
    if (stale) draw((stale = false));
  };
  const atFrame = () => {
    scheduled = 0;
    // What the drawing itself asks for, a glide's next picture, say, is for the next frame.
    early = true;
    drawStale();
    early = false;
    onFrame(stale);
  };
  const inFrame = () => {
    stale = true;
    scheduled ||= frame(atFrame);
    onDue();
  };
  const redraw = () => {
    inFrame();
    if (early) return;
    early = true;
    queueMicrotask(drawStale);
  };
  const changed = () => (known === (known = answered()) ? inFrame() : redraw());
  return { redraw, inFrame, changed, stop: () => cancelAnimationFrame(scheduled) };
}

export function drawWhenChanged(view) {
  let frame = 0;
  const pace = pacer({
    answered: () => view.get("_answered"),
    draw: () => drawAll(view),
    // For whoever waits for a picture, and true at any moment: from an input on, asked is more than
    // drawn until its answer is drawn, telling is true until what was told is sent (and asked is
    // one more), and moving is true until there is no more to draw.
    onDue: () => putData(view.root, { ...view.due(), moving: true }),
    onFrame: (moving) => putData(view.root,
      { ...view.due(), drawn: view.get("_answered"), frame: (frame += 1), moving }),
  });
  Object.assign(view, { redraw: pace.redraw, redrawInFrame: pace.inFrame });
  // A setting that is what it was changes nothing, and is asked about all the same.
  view.noteDue = () => putData(view.root, view.due());
  view.model.on("change", pace.changed);
  widthOf(view, view.root);
  view.closers.push(() => {
    pace.stop();
    view.model.off("change", pace.changed);
  });
}

// Only what differs: each attribute that is written wakes up those who watch it.
function putData({ dataset }, words) {
  for (const [name, word] of Object.entries(words)) {
    if (dataset[name] !== String(word)) dataset[name] = word;
  }
}

// Texts first and canvases last: text on a canvas needs a layout, which any later text would undo.
function drawAll(view) {
  for (const one of view.drawers) one();
  for (const one of view.painters.splice(0)) one();
}

// The width of a node, as of the last layout: asking the node makes the browser lay out the page.
export function widthOf(view, node) {
  let width;
  const sized = new ResizeObserver(() => {
    if (width !== (width = node.clientWidth)) view.redrawInFrame();
  });
  sized.observe(node);
  view.closers.push(() => sized.disconnect());
  return () => width || node.clientWidth;
}

// A canvas does not follow the theme by itself.
export function followTheme(view) {
  let colours = {};
  const changed = () => {
    colours = {};
    view.redrawInFrame();
  };
  const style = getComputedStyle(view.root);
  view.ink = (name) => (colours[name] ??= style.getPropertyValue(`--segviz-${name}`).trim());
  view.family = () => (colours.family ??= style.fontFamily);
  const themed = new MutationObserver(changed);
  for (const node of [document.documentElement, document.body]) {
    themed.observe(node, { attributes: true });
  }
  const dark = matchMedia("(prefers-color-scheme: dark)");
  dark.addEventListener("change", changed);
  view.closers.push(() => {
    themed.disconnect();
    dark.removeEventListener("change", changed);
  });
}
