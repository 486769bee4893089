"""The pooling widget in a real JupyterLab, as a student uses it."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import cells_of
from number_tables import kinds, note_labels, scrubber, texts, wait_for_label
from playwright.sync_api import expect

from segviz.widgets import Pooling2D
from segviz.widgets.pooling import GRID

pytestmark = pytest.mark.browser


# Where the frame is before a step, at shares of its way, and when it has arrived.
GLIDE = """root => new Promise((resolve, reject) => {
  const frame = root.querySelector('.segviz-box');
  const place = () => frame.getBoundingClientRect().x;
  const [old, start] = [place(), frame.dataset.at];
  const look = () => {
    // Just told where to go; asking for the animations starts them.
    const glides = frame.getAnimations();
    if (!glides.length) return reject(new Error('the frame jumps'));
    const at = (share) => {
      for (const one of glides) {
        one.pause();
        one.currentTime = share * one.effect.getComputedTiming().duration;
      }
      return place();
    };
    const between = [0.1, 0.3, 0.5, 0.7, 0.9].map(at);
    for (const one of glides) one.finish();
    resolve([old, between, place()]);
  };
  new MutationObserver((_, observer) => {
    if (frame.dataset.at === start) return;
    observer.disconnect();
    look();
  }).observe(frame, { attributeFilter: ['data-at'] });
  setTimeout(() => reject(new Error('the frame stays')), 30000);
  root.querySelector('button[aria-label="Step on"]').click();
})"""


@pytest.fixture(scope="module")
def notebook(open_notebook):
    return open_notebook("import segviz\nw = segviz.widgets.Pooling2D()\nw", "w")


@pytest.fixture
def root(notebook):
    """The first view, set back from Python to a fresh widget's settings and the first step."""
    notebook.run(
        f"w.values = {GRID!r}\n"
        "for name in w.parameters[:-1]: setattr(w, name, w.trait_defaults(name))"
    )
    root = notebook.widget(0)
    scrubber(root).focus()
    notebook.page.keyboard.press("Home")
    return notebook.widget(0)


def _texts(values):
    return [f"{value:.2f}".rstrip("0").rstrip(".") for value in np.ravel(values)]


def test_steps_fill_in_the_result_and_light_the_largest(notebook, root):
    assert texts(root, 0) == _texts(GRID)
    assert texts(root, 1) == ["4", "", "", ""]
    assert (kinds(root, "seen"), kinds(root, "lit")) == ([0, 1, 5], [4])
    for _ in range(2):
        notebook.page.keyboard.press("ArrowRight")
    expect(root).to_contain_text(
        "Step 3 of 4: window rows 2 to 3, columns 0 to 1: largest is 1 (twice; the first counts), "
        "at row 2, column 1, index 9."
    )
    assert texts(root, 1) == ["4", "5", "1", ""]
    assert texts(root, 2) == ["4", "7", "9", ""]
    assert (kinds(root, "seen"), kinds(root, "lit")) == ([8, 12, 13], [9])
    assert kinds(root, "lit", 1) == [2]


def test_frame_stands_around_the_window_when_it_has_arrived(notebook, root):
    notebook.page.keyboard.press("End")
    notebook.arrived()
    cells = root.locator(".segviz-cell")
    first, last = cells.nth(10).bounding_box(), cells.nth(15).bounding_box()
    frame = root.locator(".segviz-box").first.bounding_box()
    assert frame["x"] == pytest.approx(first["x"], abs=2)
    assert frame["y"] == pytest.approx(first["y"], abs=2)
    assert frame["x"] + frame["width"] == pytest.approx(last["x"] + last["width"], abs=2)
    assert frame["y"] + frame["height"] == pytest.approx(last["y"] + last["height"], abs=2)


def test_average_writes_its_sum_out(notebook, root):
    root.get_by_label("mode", exact=True).select_option("average")
    notebook.widget()
    expect(root).to_contain_text("(1 + 3 + 4 + 2) / 4 = 2.5")
    notebook.page.keyboard.press("Tab")
    scrubber(root).focus()
    notebook.page.keyboard.press("End")
    notebook.widget()
    assert texts(root, 1) == ["2.5", "2.25", "0.5", "7"]
    assert texts(root, 2) == ["10", "9", "2", "28"]
    assert kinds(root, "lit") == []


def test_odd_sizes_leave_a_rest_or_let_the_last_window_jut_out(notebook, root):
    root.get_by_label("columns").fill("5")
    notebook.widget()
    assert kinds(root, "unread") == [4, 9, 14, 19]
    expect(root).to_contain_text("4 of 20 numbers are never read.")
    root.get_by_label("ceil_mode").check()
    notebook.widget()
    assert kinds(root, "unread") == []
    assert kinds(root, "outside") == [5, 11, 17, 23]
    expect(root).to_contain_text("columns = ⌈(n − k) / s⌉ + 1 = ⌈(5 − 2) / 2⌉ + 1 = 3")
    scrubber(root).focus()
    notebook.page.keyboard.press("End")
    notebook.widget()
    expected = Pooling2D(columns=5, ceil_mode=True).trace
    assert texts(root, 1) == _texts(expected["output"])
    assert texts(root, 2) == _texts(expected["indices"])


def test_cells_are_typed_in_and_walked_with_arrows(notebook, root):
    cell = root.get_by_label("Input, row 0, column 0")
    cell.focus()
    press = notebook.page.keyboard.press
    press("-")
    press("1")
    press("2")
    press("ArrowRight")
    press("ArrowDown")
    notebook.page.keyboard.type("31")
    notebook.widget()
    assert texts(root, 0)[:6] == ["−12", "3", "2", "0", "4", "31"]
    assert texts(root, 1)[0] == "31"
    expect(root).to_contain_text("max(−12, 3, 4, 31) = 31")
    notebook.run("assert w.table[1, 1] == 31 and w.table[0, 0] == -12")
    press("ArrowLeft")
    expect(root.get_by_label("Input, row 1, column 0")).to_be_focused()


@pytest.mark.parametrize("answering", [True, False])
def test_numbers_typed_while_the_kernel_is_busy_are_not_lost(notebook, root, answering):
    with notebook.busy(answering=answering):
        for column, number in enumerate(("11", "22", "33")):
            cell = root.get_by_label(f"Input, row 0, column {column}")
            cell.focus()
            notebook.page.keyboard.type(number)
    notebook.widget()
    assert texts(root, 0)[:4] == ["11", "22", "33", "0"]
    notebook.run("assert w.table[0].tolist() == [11, 22, 33, 0], w.table")


def test_fraction_is_refused_with_the_rule(notebook, root):
    root.get_by_label("Input, row 0, column 0").fill("1.5")
    expect(root.get_by_role("alert")).to_contain_text(
        "values holds 1.5, and this table takes whole numbers. Use 2."
    )
    # What the rule speaks of stands there until the reader leaves it; the picture keeps the 1.
    cell = root.get_by_label("Input, row 0, column 0")
    expect(cell).to_have_attribute("aria-invalid", "true")
    notebook.run("assert w.table[0, 0] == 1, w.table")
    assert texts(root, 1)[0] == "4"
    cell.press("Enter")
    expect(cell).to_have_value("1")
    expect(root.get_by_role("alert")).to_be_empty()
    cell.fill("2")
    expect(root.get_by_role("alert")).to_be_empty()
    notebook.widget()
    notebook.run("assert w.table[0, 0] == 2, w.table")


def test_window_too_large_shows_the_rule_and_the_way_out(notebook, root):
    root.get_by_label("rows").fill("3")
    notebook.widget()
    root.get_by_label("kernel_size").fill("4")
    alert = root.get_by_role("alert")
    expect(alert).to_contain_text("the window fits nowhere. Use a smaller kernel_size.")
    assert texts(root, 1)[0] == "4"
    alert.get_by_role("button", name="Use kernel_size = 3").click()
    expect(alert).to_be_empty()
    notebook.widget()
    expect(root).to_contain_text("rows = ⌊(n − k) / s⌋ + 1 = ⌊(3 − 3) / 2⌋ + 1 = 1")


def test_a_press_on_the_output_goes_to_its_step(notebook, root):
    root.locator(".segviz-table").nth(1).locator(".segviz-cell").nth(3).click()
    expect(scrubber(root)).to_have_value("3")
    expect(root).to_contain_text("largest is 7 (4 times; the first counts), at row 2, column 2")


def test_plays_to_the_end_while_the_kernel_is_busy(notebook, root):
    note_labels(root.get_by_role("button", name="Play"))
    with notebook.busy():
        root.get_by_role("button", name="Play").click()
        wait_for_label(notebook.page, "Pause")
        expect(scrubber(root)).to_have_value("3")
        assert texts(root, 1) == ["4", "5", "1", "7"]
        expect(root.get_by_role("button", name="Play")).to_be_visible()


def test_window_glides_from_step_to_step_while_the_kernel_is_busy(notebook, root):
    """In many small moves, not in one jump; looked at in the CSS's own time, not in seconds."""
    with notebook.busy():
        old, glide, new = notebook.arrived().evaluate(GLIDE)
    cells = root.locator(".segviz-cell")
    assert old == pytest.approx(cells.nth(0).bounding_box()["x"], abs=2)
    assert new == pytest.approx(cells.nth(2).bounding_box()["x"], abs=2)
    assert glide == sorted(set(glide))
    assert len(glide) >= 4
    assert old < glide[0]
    assert glide[-1] < new


def test_keyboard_alone_plays_pauses_and_steps(notebook, root):
    press = notebook.page.keyboard.press
    note_labels(root.get_by_role("button", name="Play"))
    press("Space")
    wait_for_label(notebook.page, "Pause")
    press("Space")
    wait_for_label(notebook.page, "Play")
    press("Home")
    press("ArrowRight")
    expect(scrubber(root)).to_have_value("1")
    press("ArrowLeft")
    expect(scrubber(root)).to_have_value("0")


def test_picture_is_pooled_alike(notebook, root):
    root.get_by_label("stride").fill("4")
    notebook.widget()
    expected = Pooling2D(stride=4).trace["pooled"]
    shown = cells_of(root.locator("canvas").last, *expected.shape)
    assert (shown == expected[..., None]).all()
    expect(root).to_contain_text("pooled alike, 20 × 20")


def test_second_view_shows_the_same_numbers(notebook, root):
    root.get_by_label("kernel_size").fill("3")
    notebook.widget(0)
    other = notebook.widget(1)
    expect(other.get_by_label("kernel_size")).to_have_value("3")
    assert texts(other, 0) == texts(root, 0)


def test_largest_table_needs_no_sideways_scrolling(notebook, root, pictures):
    for name, value in [("rows", "8"), ("columns", "8"), ("stride", "1")]:
        root.get_by_label(name).fill(value)
    notebook.widget()
    for width, height in [(390, 844), (1280, 720)]:
        notebook.resize(width, height)
        assert root.evaluate("root => root.scrollWidth <= root.clientWidth")
        notebook.page.screenshot(path=pictures / f"Pooling2D at {width}.png")


def test_nothing_was_said_in_the_console(notebook):
    assert notebook.problems == []
