"""The unpooling widget in a real JupyterLab, as a student uses it."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import cells_of
from number_tables import (
    assert_painted,
    kinds,
    looks_of,
    note_labels,
    scrubber,
    texts,
    wait_for_label,
)
from playwright.sync_api import expect

from segviz.widgets import Unpooling2D
from segviz.widgets.unpooling import GRID

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def notebook(open_notebook):
    return open_notebook("import segviz\nw = segviz.widgets.Unpooling2D()\nw")


@pytest.fixture
def root(notebook):
    """The view, set back from Python to a fresh widget's settings and the first step."""
    notebook.run(
        f"w.up = 'nearest'\nw.values = {GRID!r}\n"
        "for name in w.parameters[:-1][::-1]: setattr(w, name, w.trait_defaults(name))"
    )
    root = notebook.widget()
    scrubber(root).focus()
    notebook.page.keyboard.press("Home")
    return notebook.widget()


def _texts(values):
    return [f"{value:.2f}".rstrip("0").rstrip(".") for value in np.ravel(values)]


def _choose(notebook, root, **settings):
    for name, value in settings.items():
        control = root.get_by_label(name, exact=True)
        if isinstance(value, bool):
            control.set_checked(value)
        elif isinstance(value, int):
            control.fill(str(value))
        else:
            control.select_option(value)
    return notebook.widget()


def test_keyboard_alone_goes_down_and_up_and_each_step_is_said(notebook, root):
    press = notebook.page.keyboard.press
    said = []
    for step in range(8):
        expect(scrubber(root)).to_have_value(str(step))
        notebook.widget()
        said.append(root.locator(".segviz-readout").text_content())
        assert texts(root, 1) == ["4", "5", "1", "7"][: step + 1] + [""] * (3 - step)
        looks = looks_of(root.locator(".segviz-table").nth(1))
        assert looks.count("hatched") == max(0, 3 - step)
        press("ArrowRight")
    notebook.widget()
    assert said == Unpooling2D().trace["say"]
    assert texts(root, 2) == ["4", "7", "9", "10"]
    assert texts(root, 3) == _texts(Unpooling2D().trace["unpooled"])


def test_the_number_that_moves_is_lit_where_it_was_and_where_it_goes(notebook, root):
    for _ in range(5):
        notebook.page.keyboard.press("ArrowRight")
    notebook.widget()
    assert [kinds(root, "lit", table) for table in range(4)] == [[7], [1], [1], [7]]
    assert kinds(root, "seen", 3) == [4]
    assert texts(root, 3)[:8] == ["0", "0", "0", "0", "4", "0", "0", "5"]
    for table in (1, 2, 3):
        assert_painted(root.locator(".segviz-table").nth(table))
    expect(root).to_contain_text("index 7 = 1 × 4 + 3")


def test_nearest_fills_blocks_and_needs_no_index(notebook, root):
    _choose(notebook, root, up="nearest", down="average pooling")
    assert root.locator(".segviz-table").nth(2).is_hidden()
    assert root.get_by_label("indices").is_disabled()
    scrubber(root).focus()
    for _ in range(4):
        notebook.page.keyboard.press("ArrowRight")
    notebook.widget()
    assert kinds(root, "lit", 3) == [0, 1, 4, 5]
    assert texts(root, 3)[:4] == ["2.5", "2.5", "", ""]


def test_average_pooling_has_no_indices_and_says_what_to_do(notebook, root):
    root.get_by_label("down", exact=True).select_option("average pooling")
    alert = root.get_by_role("alert")
    expect(alert).to_contain_text("Average pooling saves no indices")
    assert texts(root, 1)[0] == "4"
    alert.get_by_role("button", name="Use up = 'nearest'").click()
    expect(alert).to_be_empty()
    notebook.widget()
    assert texts(root, 1)[0] == "2.5"


def test_a_size_left_out_shears_table_and_picture_alike(notebook, root):
    _choose(notebook, root, rows=5, columns=5, ceil_mode=True, output_size="left out")
    scrubber(root).focus()
    notebook.page.keyboard.press("End")
    notebook.widget()
    expected = Unpooling2D(rows=5, columns=5, ceil_mode=True, output_size="left out").trace
    assert texts(root, 3) == _texts(expected["unpooled"])
    expect(root).to_contain_text("5 rows and 5 columns → 3 → 6, not 5 (5 and 6 both give 3)")
    canvas = root.locator("canvas").last
    shown = cells_of(canvas, *expected["unpooled_picture"].shape)
    assert (shown == expected["unpooled_picture"][..., None]).all()


def test_a_size_that_cannot_be_guessed_is_refused_with_the_remedy(notebook, root):
    root.get_by_label("Input, row 3, column 3").fill("99")
    _choose(notebook, root, output_size="left out")
    for axis in ("rows", "columns"):
        root.get_by_label(axis, exact=True).fill("5")
    notebook.widget()
    alert = root.get_by_role("alert")
    expect(alert).to_contain_text("indices hold 18, but output_size=(4, 4) has no such pixel.")
    alert.get_by_role("button", name="Use output_size = 'kept'").click()
    expect(alert).to_be_empty()
    expect(notebook.widget()).to_contain_text("5 rows and 5 columns → 2 → 5")


@pytest.mark.parametrize(
    ("typed", "message"),
    [("999", "beyond 99"), ("-3.55", "holds -3.55, and"), ("2x", None), ("-", None)],
)
@pytest.mark.parametrize("leave", ["Enter", "Tab"])
def test_what_is_refused_is_said_and_put_back_whole(notebook, root, typed, message, leave):
    cell = root.get_by_label("Input, row 3, column 3")
    cell.focus()
    notebook.page.keyboard.type(typed, delay=60)
    notebook.widget()
    expect(cell).to_have_value(typed)
    expect(cell).to_have_attribute("aria-invalid", "true")
    assert cell.evaluate("cell => cell.validity.customError") == (typed == "2x")
    if message:
        expect(root.get_by_role("alert")).to_contain_text(message)
    notebook.page.keyboard.press(leave)
    expect(cell).to_have_value("7")
    expect(cell).to_have_attribute("aria-invalid", "false")
    expect(root.get_by_role("alert")).to_be_empty()
    notebook.widget()
    assert texts(root, 0)[-1] == "7"


def test_a_number_that_is_taken_stays(notebook, root):
    cell = root.get_by_label("Input, row 3, column 3")
    cell.focus()
    notebook.page.keyboard.type("-12")
    notebook.page.keyboard.press("ArrowUp")
    expect(cell).to_have_value("\u221212")
    expect(root.get_by_label("Input, row 2, column 3")).to_be_focused()
    expect(root.get_by_role("alert")).to_be_empty()


@pytest.mark.parametrize("indices", ["of another picture", "of the next layer"])
def test_borrowed_indices_are_shown_on_the_way_up(notebook, root, indices):
    _choose(notebook, root, indices=indices)
    assert texts(root, 2)[0] == "4"
    scrubber(root).focus()
    notebook.page.keyboard.press("End")
    notebook.widget()
    expected = Unpooling2D(indices=indices).trace
    expect(root.locator(".segviz-table").nth(2)).to_contain_text("index used")
    assert texts(root, 2) == _texts(expected["used"])
    assert texts(root, 3) == _texts(expected["unpooled"])


def test_plays_to_the_end_while_the_kernel_is_busy(notebook, root):
    note_labels(root.get_by_role("button", name="Play"))
    with notebook.busy():
        root.get_by_role("button", name="Play").click()
        wait_for_label(notebook.page, "Pause")
        expect(scrubber(root)).to_have_value("7")
        assert texts(root, 3) == _texts(Unpooling2D().trace["unpooled"])


def test_a_press_on_a_pooled_number_goes_to_its_step_on_the_way_that_is_walked(notebook, root):
    pooled = root.locator(".segviz-table").nth(1).locator("canvas")
    below = {"x": 20, "y": 0.75 * pooled.bounding_box()["height"]}  # the third of four numbers
    pooled.click(position=below)
    expect(scrubber(root)).to_have_value("2")
    scrubber(root).focus()
    notebook.page.keyboard.press("End")
    pooled.click(position=below)
    expect(scrubber(root)).to_have_value("6")


def test_nothing_was_said_in_the_console(notebook):
    assert notebook.problems == []
