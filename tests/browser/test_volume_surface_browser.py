"""Surfaces of volumes in a real JupyterLab, turned by mouse, keys, player and Python."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

# Label 1 lies at the low end of axis 1, label 2 at its high end: left and right from around = 0.
CELL = """
import numpy as np, segviz
labels = np.zeros((8, 12, 8), int)
labels[2:6, 1:5, 2:6], labels[2:6, 7:11, 2:6] = 1, 2
w = segviz.widgets.VolumeSurface(labels, labels * 0, titles=("truth", "network"), above=0)
w"""
# How much more blue (label 2) than orange (label 1) there is, on the left and on the right half.
HALVES = """canvas => {
  const { width, height } = canvas;
  const { data } = canvas.getContext('2d').getImageData(0, 0, width, height);
  const blue = [0, 0];
  for (let at = 0; at < data.length; at += 4) {
    const colour = data[at + 3] && data[at] !== data[at + 2];
    if (colour) blue[(at / 4) % width < width / 2 ? 0 : 1] += data[at + 2] > data[at] ? 1 : -1;
  }
  return blue;
}"""


@pytest.fixture(scope="module")
def notebook(open_notebook):
    return open_notebook(CELL)


@pytest.fixture
def root(notebook):
    notebook.widget(0)  # what the test before has told would come later otherwise
    notebook.run("w.around, w.above = 0, 0")
    root = notebook.widget(0)
    _seen_from(root, 0, 0)
    return root


def _seen_from(root, around, above):
    """Wait until the read-out says so, and return the whole of it."""
    words = re.compile(rf"Seen from {around}° around, {above}° above\.")
    readout = root.locator(".segviz-readout")
    expect(readout).to_have_text(words)
    return readout.text_content()


def test_each_label_is_where_it_is_and_the_empty_volume_is_empty(root):
    left, right = root.locator("canvas").nth(0).evaluate(HALVES)
    assert left < -1000
    assert right > 1000
    assert root.locator("canvas").nth(1).evaluate(HALVES) == [0, 0]


def test_half_a_turn_swaps_the_sides_and_python_may_ask_for_it(notebook, root):
    notebook.run("w.around = 180")
    _seen_from(root, 180, 0)
    left, right = root.locator("canvas").nth(0).evaluate(HALVES)
    assert left > 1000
    assert right < -1000


def test_what_is_near_follows_the_mouse(notebook, root):
    box = root.locator("canvas").nth(0).bounding_box()
    mouse = notebook.page.mouse
    mouse.move(box["x"] + 150, box["y"] + 150)
    mouse.down()
    mouse.move(box["x"] + 100, box["y"] + 200, steps=4)
    mouse.up()
    _seen_from(root, 30, 30)
    mouse.move(box["x"] + 10, box["y"] + 10)  # without the button
    notebook.widget(0)
    assert "Seen from 30° around, 30° above." in _seen_from(root, 30, 30)
    notebook.run("assert (w.around, w.above) == (30, 30)")


def test_arrow_keys_turn_as_the_same_drag_would(notebook, root):
    root.locator("canvas").nth(1).focus()
    for key in ("ArrowLeft", "ArrowLeft", "ArrowRight", "ArrowDown"):
        notebook.page.keyboard.press(key)
    _seen_from(root, 6, 6)
    for key in ("ArrowRight", "ArrowRight", "ArrowUp", "ArrowUp"):
        notebook.page.keyboard.press(key)
    assert "Seen from 354° around, -6° above." in _seen_from(root, 354, -6)


def test_play_turns_both_once_around(root):
    start = root.locator("canvas").nth(0).evaluate("one => one.toDataURL()")
    root.get_by_role("button", name="Play").click()
    expect(root.locator(".segviz-readout")).not_to_contain_text("Seen from 0°")
    assert root.locator("canvas").nth(0).evaluate("one => one.toDataURL()") != start
    _seen_from(root, 358, 0)


def test_nothing_was_said_in_the_console(notebook):
    assert notebook.problems == []
