"""The FCN ladder in a real JupyterLab, as a student uses it."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import cells_of
from playwright.sync_api import expect

from segviz.plot._style import signed_table
from segviz.plot.fcn import lens_corner
from segviz.widgets import FCNLadder

pytestmark = pytest.mark.browser

STRIDES = (32, 16, 8)


@pytest.fixture(scope="module")
def notebook(open_notebook):
    return open_notebook("import segviz\nw = segviz.widgets.FCNLadder()", "w", "w")


@pytest.fixture(scope="module")
def widget():
    return FCNLadder()


@pytest.fixture
def root(notebook, widget):
    """The first view, set back from Python to a fresh widget's settings."""
    notebook.widget(0)  # what the test before has told would come later otherwise
    settings = {name: getattr(widget, name) for name in widget.parameters}
    notebook.run(f"for name, value in {settings!r}.items(): setattr(w, name, value)")
    notebook.page.mouse.move(0, 0)
    return notebook.widget(0)


def _sent(widget, name):
    packed = widget._scene[name]
    return np.frombuffer(packed["data"], packed["dtype"]).reshape(packed["shape"])


def _laid_on(widget, codes, table, opacity):
    colours = _sent(widget, table)[codes].astype(float)
    photo = _sent(widget, "picture").astype(float)
    share = opacity * colours[..., 3:] / 255
    return photo + share * (colours[..., :3] - photo)


def _assert_shows(canvas, expected, frame=None):
    """Every pixel has its colour, but for those under the lens's frame."""
    shown = cells_of(canvas, *expected.shape[:2]).astype(float)
    away = np.ones(expected.shape[:2], bool)
    if frame is not None:
        row, column, size = frame
        away[max(0, row - 3) : row + size + 3, max(0, column - 3) : column + size + 3] = False
    assert np.abs(shown - expected)[away].max() <= 1


def _frame(widget):
    size = widget.class_map.shape
    return (*lens_corner(widget.cursor, size, widget._lens), widget._lens)


def _map(root):
    return root.get_by_role("application").first


def test_each_rung_shows_its_class_map_at_any_opacity(notebook, root, widget):
    maps = _sent(widget, "class_maps")
    for place, stride in enumerate(STRIDES):
        root.get_by_role("button", name=f"{stride}s", exact=True).click()
        for opacity in ("1", "0.3"):
            root.get_by_label("opacity").fill(opacity)
            expect(root).to_contain_text(f"{float(opacity):.0%}".replace("%", " %"))
            notebook.widget(told=False)
            expected = _laid_on(widget, maps[place], "class_table", float(opacity))
            _assert_shows(_map(root), expected, _frame(widget))
        rows, columns = widget.table[place]["size"]
        expect(root).to_contain_text(f"FCN-{stride}s, from {rows} × {columns} scores")


def test_changes_and_mistakes_are_pythons(notebook, root, widget):
    found = _sent(widget, "verdicts")
    root.get_by_label("opacity").fill("1")
    for place, stride in enumerate(STRIDES):
        root.get_by_role("button", name=f"{stride}s", exact=True).click()
        for show, table in (
            ("what the skip changed", "changed_table"),
            ("mistakes", "mistakes_table"),
        ):
            root.get_by_label("show").select_option(show)
            notebook.widget(told=False)
            _assert_shows(_map(root), _laid_on(widget, found[place], table, 1.0), _frame(widget))


def test_lenses_enlarge_every_rung_and_the_truth(notebook, root, widget):
    row, column, lens = _frame(widget)
    part = np.s_[row : row + lens, column : column + lens]
    maps = dict(zip((f"{s}s" for s in STRIDES), _sent(widget, "class_maps"), strict=True))
    for name, codes in (maps | {"truth": _sent(widget, "truth")}).items():
        expected = _laid_on(widget, codes, "class_table", 1.0)[part]
        _assert_shows(root.get_by_role("img", name=name, exact=True), expected)
    photo = root.get_by_role("img", name="picture", exact=True)
    _assert_shows(photo, _sent(widget, "picture")[part].astype(float))


def test_score_maps_are_drawn_in_one_size(notebook, root, widget):
    for k in (0, 5):
        root.get_by_label("scores of").select_option(str(k))
        for place, stride in enumerate(STRIDES):
            root.get_by_role("button", name=f"{stride}s", exact=True).click()
            notebook.widget(told=False)
            canvas = root.get_by_role("img", name=f"= {stride}s")
            codes = _sent(widget, f"total{place}")[k]
            _assert_shows(canvas, signed_table()[codes].astype(float))
            assert canvas.bounding_box()["width"] == pytest.approx(
                root.get_by_role("img", name=f"stride {stride}").bounding_box()["width"]
            )
    codes = _sent(widget, "carried2")[5]
    _assert_shows(root.get_by_role("img", name="16s × 2"), signed_table()[codes].astype(float))
    expect(root).to_contain_text(f"score of {widget._classes[5]}")


def test_keys_step_through_the_ladder_and_python_follows(notebook, root):
    scrubber = root.get_by_label("Step", exact=True)
    scrubber.focus()
    press = notebook.page.keyboard.press
    press("Home")
    expect(root).to_contain_text("FCN-32s, from")
    press("ArrowRight")
    expect(root).to_contain_text("FCN-16s, from")
    press("End")
    expect(root).to_contain_text("FCN-8s, from")
    expect(root.get_by_role("button", name="8s", exact=True)).to_have_attribute(
        "aria-pressed", "true"
    )
    expect(notebook.widget(1)).to_contain_text("FCN-8s, from")
    notebook.widget(0)
    notebook.run("assert w.finest_stride == 8, w.finest_stride")
    notebook.run("w.finest_stride = 16")
    expect(root).to_contain_text("FCN-16s, from")


def test_plays_and_switches_while_the_kernel_is_busy(notebook, root):
    with notebook.busy():
        root.get_by_label("Step", exact=True).focus()
        notebook.page.keyboard.press("Home")
        expect(root).to_contain_text("FCN-32s, from")
        root.get_by_role("button", name="Play").click()
        expect(root).to_contain_text("FCN-8s, from")
        root.get_by_label("show").select_option("mistakes")
        expect(root.get_by_text("wrong", exact=True)).to_be_visible()
    notebook.widget()
    notebook.run("assert (w.finest_stride, w.show) == (8, 'mistakes')")


def test_hovering_names_a_pixel_and_pressing_moves_the_lens(notebook, root, widget):
    canvas = _map(root)
    box = canvas.bounding_box()
    cell = box["width"] / widget.class_map.shape[1]
    mouse = notebook.page.mouse
    mouse.move(box["x"] + 200.5 * cell, box["y"] + 100.5 * cell)
    maps, truth = _sent(widget, "class_maps"), _sent(widget, "truth")
    names = ", ".join(
        f"{s}s {widget._classes[k]}" for s, k in zip(STRIDES, maps[:, 100, 200], strict=True)
    )
    true = "void" if truth[100, 200] == 255 else widget._classes[truth[100, 200]]
    expect(root).to_contain_text(f"Row 100, column 200: {names}; truth: {true}.")
    before = cells_of(root.get_by_role("img", name="picture", exact=True), 32, 32)
    mouse.down()
    mouse.up()
    mouse.move(0, 0)
    notebook.widget(0)
    row, column = lens_corner((100, 200), widget.class_map.shape, 32)
    expected = _sent(widget, "picture")[row : row + 32, column : column + 32].astype(float)
    expect(root).to_contain_text("Row 100, column 200:")
    after = root.get_by_role("img", name="picture", exact=True)
    _assert_shows(after, expected)
    assert not np.array_equal(before, cells_of(after, 32, 32))
    canvas.focus()
    notebook.page.keyboard.press("ArrowDown")
    notebook.page.keyboard.press("ArrowLeft")
    expect(root).to_contain_text("Row 101, column 199:")


def test_an_illegal_setting_from_python_keeps_the_picture_and_shows_the_rule(
    notebook, root, widget
):
    notebook.run("w.class_index = 40")
    expect(root.get_by_role("alert")).to_contain_text("class_index=40 is beyond the last class")
    expect(root).to_contain_text(f"score of {widget._classes[widget.class_index]}")
    root.get_by_role("alert").get_by_role("button").click()
    expect(root.get_by_role("alert")).to_be_empty()
    notebook.run("w.cursor = (9999, -5)")
    expect(root).to_contain_text("Row 191, column 0:")


def test_nothing_jumps_when_the_controls_change(notebook, root):
    def places():
        canvases = [one.bounding_box() for one in root.locator("canvas").all()]
        return [root.bounding_box()["height"], *((one["x"], one["y"]) for one in canvases)]

    before = places()
    for show in ("what the skip changed", "mistakes", "classes"):
        root.get_by_label("show").select_option(show)
        for stride in STRIDES:
            root.get_by_role("button", name=f"{stride}s", exact=True).click()
            notebook.widget(told=False)
            assert places() == before


def test_phone_and_projector_need_no_sideways_scrolling(notebook, root, pictures):
    for width, height in [(390, 844), (1280, 720)]:
        notebook.resize(width, height)
        assert root.evaluate("root => root.scrollWidth <= root.clientWidth")
        notebook.page.screenshot(path=pictures / f"FCNLadder at {width}.png")


def test_without_truth_there_are_no_scores_and_no_mistakes(open_notebook):
    notebook = open_notebook(
        "import numpy as np, segviz\n"
        "segviz.widgets.FCNLadder(np.zeros((3, 4)), {2: np.eye(4)[:2].reshape(2, 2, 2)},\n"
        "                         classes=('a', 'b'))"
    )
    root = notebook.widget()
    offered = root.get_by_label("show").locator("option").all_inner_texts()
    assert offered == ["classes", "what the skip changed"]
    expect(root).not_to_contain_text("mIoU")
    expect(root).to_contain_text("Row 1, column 2: 2s b.")
    assert notebook.problems == []


def test_nothing_was_said_in_the_console(notebook):
    assert notebook.problems == []
