"""The ASPP widget in a real JupyterLab, as a student uses it."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import cells_of
from playwright.sync_api import expect

from segviz.plot.fcn import CLASS_COLOURS
from segviz.widgets import ASPP

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def notebook(open_notebook):
    return open_notebook("import segviz\nw = segviz.widgets.ASPP()\nw")


@pytest.fixture
def root(notebook):
    notebook.run("w.head, w.fusion, w.show, w.cursor = 'ASPP-S', 'sum', 'classes', (12, 16)")
    root = notebook.widget()
    root.get_by_label("Step", exact=True).focus()
    notebook.page.keyboard.press("End")
    return notebook.widget()


def _painted(root, position):
    """A map's cells, but for those near the cursor's frame."""
    cells = cells_of(root.locator("canvas").nth(position), 24, 32).astype(int)
    cells[10:15, 14:19] = 0
    return cells


def test_maps_are_painted_in_the_classes_colours(root):
    trace, palette = ASPP().trace, np.array(CLASS_COLOURS)
    for position, codes in [(1, trace["fused"]), (2, trace["branches"][0])]:
        expected = palette[codes]
        expected[10:15, 14:19] = 0
        assert np.abs(_painted(root, position) - expected).max() <= 1


def test_steps_go_from_branch_to_branch_and_later_maps_are_not_there_yet(notebook, root):
    notebook.page.keyboard.press("Home")
    expect(root).to_contain_text("Branch 1 of 4, rate 2: for the unit at row 12, column 16")
    expect(root).to_contain_text("Read for one unit by rate 2")
    shown = [len(np.unique(_painted(root, n).reshape(-1, 3), axis=0)) for n in (2, 3)]
    assert shown[0] > shown[1]
    root.get_by_role("button", name="rate 8").click()
    expect(root.get_by_label("Step", exact=True)).to_have_value("2")


def test_shares_that_are_right_tell_the_fusions_apart(notebook, root):
    shares = {}
    for fusion in ("sum", "maximum"):
        notebook.run(f"w.fusion = {fusion!r}")
        notebook.widget()
        shares[fusion] = root.locator("tr:visible td:last-child").all_inner_texts()
        expected = [f"{100 * one:.1f} %" for one in ASPP(fusion=fusion).trace["right"]]
        assert shares[fusion] == expected
    assert shares["sum"][-1] != shares["maximum"][-1]


def test_another_head_and_fusion_write_the_sum_out(notebook, root):
    root.get_by_label("head").select_option("DeepLab v3+")
    root.get_by_label("fusion").select_option("maximum")
    notebook.widget()
    expect(root.locator("tr:visible")).to_have_count(7)
    numbers = ASPP(head="DeepLab v3+", fusion="maximum").trace["scores"]
    expect(root.locator(".segviz-written")).to_contain_text(f" is {numbers[-1]:g}")


def test_arrow_keys_and_the_picture_move_the_unit(notebook, root):
    root.locator("canvas").nth(1).focus()
    notebook.page.keyboard.press("PageUp")
    notebook.page.keyboard.press("ArrowRight")
    notebook.widget()
    expect(root).to_contain_text("for the unit at row 0, column 17")
    box = root.locator("canvas").first.bounding_box()
    notebook.page.mouse.move(box["x"] + 1, box["y"] + box["height"] - 1)
    notebook.widget()
    expect(root).to_contain_text("for the unit at row 23, column 0")
    root.get_by_label("head").select_option("ASPP-L")
    root.get_by_role("button", name="rate 24").click()
    notebook.widget()
    expect(root).to_contain_text("it reads 2 of 9 taps.")


def test_plays_while_the_kernel_is_busy(notebook, root):
    notebook.page.keyboard.press("Home")
    expect(root.get_by_label("Step", exact=True)).to_have_value("0")
    with notebook.busy():
        root.get_by_role("button", name="Play").click()
        expect(root.get_by_label("Step", exact=True)).to_have_value("4")


def test_nothing_scrolls_sideways_on_a_phone(notebook, root):
    notebook.resize(390, 844)
    assert root.evaluate("root => root.scrollWidth <= root.clientWidth")
    notebook.resize(1280)


def test_nothing_was_said_in_the_console(notebook):
    assert notebook.problems == []
