"""Every widget in a real JupyterLab while its slider is dragged: no stale frame, no leak."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import AT_REST, DRAWN

import segviz.widgets

pytestmark = pytest.mark.browser

FILES = Path(segviz.widgets.__file__).parent
SLIDING = [
    name
    for name, stem in segviz.widgets._stems().items()
    if "slider(view" in (FILES / f"{stem}.js").read_text("utf-8")
]
VALUES = 3  # of a slider, from end to end
MOVES = 24
FEW, MANY = 100, 1000
# Browsers and Python keep some of what they have freed; a frame's picture alone is more than these.
MOST_HEAP, MOST_RSS = 2_000_000, 12_000_000

TOOLS = (
    f"""
const [drawn, atRest] = [{DRAWN}, {AT_REST}];
"""
    + """
// What the stage and the lines show: words, looks and pixels; ids differ from view to view.
const shown = (root) => {
  let hash = 5381;
  const add = (number) => (hash = (Math.imul(hash, 33) ^ number) | 0);
  for (const part of root.querySelectorAll('.segviz-stage, .segviz-lines')) {
    const text = part.outerHTML.replace(/segviz-\\w+-\\w{6}-\\d+/g, '');
    for (let i = 0; i < text.length; i++) add(text.charCodeAt(i));
  }
  for (const input of root.querySelectorAll('.segviz-stage input[type=text]')) {
    for (const letter of input.value) add(letter.charCodeAt(0));
  }
  for (const canvas of root.querySelectorAll('canvas')) {
    add(canvas.width);
    if (!canvas.width || !canvas.height) continue;
    const {data} = canvas.getContext('2d', {willReadFrequently: true})
      .getImageData(0, 0, canvas.width, canvas.height);
    const words = new Uint32Array(data.buffer);
    for (let i = 0; i < words.length; i++) add(words[i]);
  }
  return hash;
};
const frame = () => new Promise((done) => requestAnimationFrame(done));
const put = (slider, value) => {
  slider.value = value;
  slider.dispatchEvent(new Event('input', { bubbles: true }));
};
const settled = async (root) => {
  do await frame(); while (!drawn(root));
  for (let i = 0; i < 3; i++) await frame();
};
const sliderOf = (root) => [...root.querySelectorAll('.segviz-controls input[type=range]')].find(
  (one) => one.getAttribute('aria-label') !== 'Step' && one.min !== one.max);
const valuesOf = ({min, max, step}, count) => {
  const steps = Math.round((max - min) / (step || 1));
  const all = Array.from({length: Math.min(count, steps + 1)}, (_, i) =>
    Number(min) + Math.round(i * steps / Math.max(1, Math.min(count, steps + 1) - 1)) * step);
  return [...new Set(all.map((one) => Number(one.toFixed(6))))];
};
"""
)

# Hashes at rest, one a value, and of every frame while the slider goes back and forth.
DRAG = (
    "async (root, [count, moves]) => {"
    + TOOLS
    + """
  const slider = sliderOf(root);
  const start = slider.value;
  const values = valuesOf(slider, count);
  const rest = {};
  let early = false;
  const walk = root.querySelector('input[aria-label=Step]');
  const look = async () => {
    for (const value of [...values, ...values.toReversed()]) {
      put(slider, value);
      early ||= atRest(root);
      await settled(root);
      (rest[value] = rest[value] ?? new Set()).add(shown(root));
    }
    return new Set(Object.values(rest).flatMap((one) => [...one]));
  };
  let there = await look();
  if (there.size === 1 && walk) {  // the first step may be the same at every setting
    put(walk, walk.max);
    await settled(root);
    for (const value of values) delete rest[value];
    there = await look();
  }
  const others = new Map();
  let frames = 0;
  const seen = new MutationObserver(() => {
    frames += 1;
    const hash = shown(root);
    if (!there.has(hash)) others.set(hash, walk?.value);
  });
  seen.observe(root, { attributes: true, attributeFilter: ['data-frame'] });
  const path = [...values, ...values.slice(1, -1).toReversed()];
  for (let i = 0; i < moves; i++) {
    put(slider, path[i % path.length]);
    await frame();
  }
  await settled(root);
  seen.disconnect();
  // Fewer steps may have moved the clock on the way: then it is that step's picture at rest.
  const strange = [];
  for (const [hash, step] of others) {
    let known = false;
    for (const value of values) {
      put(slider, value);
      await settled(root);
      if (walk) put(walk, step);
      await settled(root);
      known ||= shown(root) === hash;
    }
    if (!known) strange.push(step);
  }
  put(slider, start);
  await settled(root);
  return { settings: values.length, pictures: there.size, frames, early, strange };
}"""
)

# In turn: a thousand moves of each would take many minutes.
MOVE_ALL = (
    "async (moves) => {"
    + TOOLS
    + """
  const all = [...document.querySelectorAll('.segviz')];
  const roots = all.filter(sliderOf);
  const sliders = roots.map(sliderOf);
  const values = sliders.map((one) => valuesOf(one, 5));
  for (let i = 0; i < moves; i++) {
    const [n, turn] = [i % roots.length, Math.floor(i / roots.length)];
    put(sliders[n], values[n][turn % values[n].length]);
    // Each move is drawn before the next, so that none is left out.
    do await frame(); while (!drawn(roots[n]));
  }
  return all.filter((root) => !sliderOf(root)).map((root) => root.ariaLabel);
}"""
)


@pytest.fixture(scope="module")
def notebook(open_notebook):
    """All widgets, without glides: their pictures are between two steps, and meant to be."""
    notebook = open_notebook("import segviz", *[f"segviz.widgets.{name}()" for name in SLIDING])
    notebook.page.emulate_media(reduced_motion="reduce")
    return notebook


@pytest.mark.parametrize("name", SLIDING)
def test_each_frame_of_a_drag_is_the_picture_of_one_setting_at_rest(notebook, name):
    """Neither half old and half new, nor blank, nor of a setting that was never chosen."""
    root = notebook.widget(SLIDING.index(name))
    root.scroll_into_view_if_needed()
    found = root.evaluate(DRAG, [VALUES, MOVES])
    assert found["strange"] == []
    assert not found["early"]  # a move just made is not at rest
    assert found["settings"] > 1
    assert found["pictures"] > 1
    assert found["frames"] >= MOVES / 4


def _memory(notebook, folder):
    """Bytes in use: the page's JavaScript after a collection, and the kernel's process."""
    session = notebook.page.context.new_cdp_session(notebook.page)
    session.send("HeapProfiler.collectGarbage")
    session.send("Performance.enable")
    metrics = session.send("Performance.getMetrics")["metrics"]
    session.detach()
    file = folder / "rss.txt"
    notebook.run(
        "import gc, pathlib, psutil\n"
        "gc.collect()\n"
        f"pathlib.Path({str(file)!r}).write_text(str(psutil.Process().memory_info().rss))"
    )
    heap = next(one["value"] for one in metrics if one["name"] == "JSHeapUsedSize")
    return heap, int(file.read_text())


def test_memory_is_flat_over_a_thousand_moves(notebook, tmp_path):
    for position in range(len(SLIDING)):
        notebook.widget(position)
    assert notebook.page.evaluate(MOVE_ALL, FEW) == []  # none is without a slider
    heap, rss = _memory(notebook, tmp_path)
    notebook.page.evaluate(MOVE_ALL, MANY - FEW)
    heap_then, rss_then = _memory(notebook, tmp_path)
    print(f"\nafter {FEW} and {MANY} moves: heap {heap / 1e6:.1f} and {heap_then / 1e6:.1f} MB,")
    print(f"kernel {rss / 1e6:.1f} and {rss_then / 1e6:.1f} MB")
    assert heap_then - heap < MOST_HEAP
    assert rss_then - rss < MOST_RSS


def test_nothing_was_said_in_the_console(notebook):
    assert notebook.problems == []
