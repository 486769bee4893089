"""The convolution widget in a real JupyterLab, as a student uses it."""

from __future__ import annotations

import re

import numpy as np
import pytest
from conftest import cells_of
from nbconvert import HTMLExporter
from playwright.sync_api import expect

from segviz.plot._style import signed_table
from segviz.widgets import Convolution2D
from segviz.widgets._base import codes

pytestmark = pytest.mark.browser


# The steps at which a scrubber has stood from now on, until it has gone on by so many.
GOES_ON = """(scrubber, many) => new Promise((resolve) => {
  const steps = [Number(scrubber.value)];
  const look = () => {
    if (Number(scrubber.value) !== steps.at(-1)) steps.push(Number(scrubber.value));
    if (steps.at(-1) > steps[0] + many) resolve(steps);
    else requestAnimationFrame(look);
  };
  look();
})"""


@pytest.fixture(scope="module")
def notebook(open_notebook):
    return open_notebook("import segviz\nw = segviz.widgets.Convolution2D()", "w", "w")


@pytest.fixture
def root(notebook):
    """The first view, set back from Python to a fresh widget's settings."""
    notebook.run(
        "for name in w.parameters: setattr(w, name, w.trait_defaults(name))\n"
        "w.preset = 'vertical edges (Sobel)'"
    )
    notebook.page.mouse.move(0, 0)
    return notebook.widget(0)


def _expected(widget):
    output = widget.output
    return signed_table()[codes(output, widget.trace["limit"])]


def _assert_shows(root, widget):
    """Every output pixel has its value's colour, but for those under the cursor's frame."""
    expected = _expected(widget)
    shown = cells_of(root.locator("canvas").last, *expected.shape[:2])
    row, column = widget.trace["at"]
    away = np.ones(expected.shape[:2], bool)
    away[max(0, row - 2) : row + 3, max(0, column - 2) : column + 3] = False
    assert np.array_equal(shown[away], expected[away])


def test_pixels_follow_the_controls_and_are_right(notebook, root):
    _assert_shows(root, Convolution2D())
    root.get_by_label("stride").fill("2")
    notebook.widget()
    _assert_shows(root, Convolution2D(stride=2))
    root.get_by_label("ReLU").check()
    root.get_by_label("preset").select_option("sharpen")
    notebook.widget()
    _assert_shows(root, Convolution2D(stride=2, relu=True, preset="sharpen"))
    expect(root).to_contain_text("⌊(80 + 2·0 − 3) / 2⌋ + 1 = 39")


def test_second_view_shows_the_same(notebook, root):
    root.get_by_label("stride").fill("3")
    notebook.widget()
    other = notebook.widget(1)
    expect(other.get_by_label("stride")).to_have_value("3")
    first, second = (cells_of(view.locator("canvas").last, 26, 26) for view in (root, other))
    assert np.array_equal(first, second)


def test_kernel_is_typed_and_painted(notebook, root):
    root.get_by_role("button", name="clear").click()
    notebook.widget()
    start, end = (
        root.get_by_label(f"Kernel, row 2, column {column}").bounding_box() for column in (1, 3)
    )
    mouse = notebook.page.mouse
    mouse.move(start["x"] + 9, start["y"] + 9)
    mouse.down()
    mouse.move(end["x"] + 9, end["y"] + 9, steps=12)
    mouse.up()
    root.get_by_label("Kernel, row 1, column 1").fill("−2,5")
    notebook.widget()
    expect(root.get_by_label("preset")).to_have_value("drawn by hand")
    _assert_shows(root, Convolution2D(kernel=[[-2.5, 0, 0], [1, 1, 1], [0, 0, 0]]))


def test_illegal_setting_shows_the_rule_and_the_way_out(notebook, root):
    root.get_by_label("preset").select_option("all edges (Laplacian)")
    notebook.widget()
    root.get_by_label("kernel_size").select_option("1")
    alert = root.get_by_role("alert")
    expect(alert).to_contain_text("a 1x1 kernel sees none. Use 3 or 5.")
    _assert_shows(root, Convolution2D(preset="all edges (Laplacian)"))
    alert.get_by_role("button", name="Use kernel_size = 3").click()
    expect(alert).to_be_empty()
    expect(root.get_by_label("kernel_size")).to_have_value("3")


def test_cursor_follows_pointer_and_arrows_and_the_numbers_are_exact(notebook, root):
    root.get_by_label("preset").select_option("all edges (Laplacian)")
    output = root.locator("canvas").last
    box = output.bounding_box()
    cell = box["width"] / 78
    notebook.page.mouse.move(box["x"] + 30.5 * cell, box["y"] + 20.5 * cell)
    output.focus()
    notebook.page.keyboard.press("ArrowDown")
    notebook.widget()
    expected = Convolution2D(preset="all edges (Laplacian)", cursor=(21, 30))
    total = f"{expected.output[21, 30]:.2f}".replace("-", "−")
    expect(root).to_contain_text(f"Output at row 21, column 30: the sum of 9 products is {total}.")
    products = root.get_by_role("group", name="Products").locator("span").all_inner_texts()
    shown = [float(text.replace("−", "-")) for text in products]
    assert shown == pytest.approx(np.ravel(expected.trace["products"]), abs=0.005)
    notebook.page.keyboard.press("Home")
    expect(root).to_contain_text("Output at row 21, column 0:")


def test_scan_plays_while_a_cell_keeps_the_kernel_busy(notebook, root):
    scrubber = root.get_by_label("Step", exact=True)
    with notebook.busy():
        root.get_by_role("button", name="Play").click()
        pause = root.get_by_role("button", name="Pause")
        expect(pause).to_be_visible()  # until then the scrubber stands at the end, where it was
        went = scrubber.evaluate(GOES_ON, 50)
        pause.click()
    assert went == sorted(set(went))
    notebook.widget()
    row, column = divmod(int(scrubber.input_value()), 78)
    expect(root).to_contain_text(f"Output at row {row}, column {column}:")


def test_keyboard_alone_plays_steps_and_pauses(notebook, root):
    scrubber = root.get_by_label("Step", exact=True)
    scrubber.focus()
    press = notebook.page.keyboard.press
    press("Home")
    press("ArrowRight")
    press("ArrowRight")
    expect(scrubber).to_have_value("2")
    press("Space")
    expect(root.get_by_role("button", name="Pause")).to_be_visible()
    press("Space")
    press("End")
    expect(scrubber).to_have_value(str(78 * 78 - 1))


def test_phone_and_projector_need_no_sideways_scrolling(notebook, root, pictures):
    for width, height in [(390, 844), (1280, 720)]:
        notebook.resize(width, height)
        assert root.evaluate("root => root.scrollWidth <= root.clientWidth")
        notebook.page.screenshot(path=pictures / f"Convolution2D at {width}.png")


def test_still_stands_in_the_html_page_with_its_text(notebook, lab):
    notebook.command("docmanager:save")
    path = next(lab.notebooks.glob("test_convolution_in_lab-0.ipynb"))
    page, _ = HTMLExporter().from_filename(str(path))
    assert len(re.findall(r'<img [^>]*src="data:image/png;base64,', page)) == 2
    assert "Convolution2D(" not in re.sub(r"<img [^>]*>|<script.*?</script>", "", page)
    # nbconvert's own default template leaves alternative texts out; this one keeps them.
    page, _ = HTMLExporter(template_name="classic").from_filename(str(path))
    assert len(re.findall(r'alt="A 80x80 grey picture, the 3x3 kernel', page)) == 2


def test_restarted_kernel_and_rerun_cells_give_a_living_widget(notebook):
    notebook.page.evaluate("jupyterapp.shell.currentWidget.sessionContext.restartKernel()")
    notebook.wait_for_kernel()
    notebook.run_all()
    root = notebook.widget(0)
    root.get_by_label("stride").fill("2")
    notebook.widget(0)
    _assert_shows(root, Convolution2D(stride=2))


def test_nothing_was_said_in_the_console(notebook):
    assert notebook.problems == []
