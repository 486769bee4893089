"""The sliding window in a real JupyterLab, as a student uses it."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import cells_of
from playwright.sync_api import expect

from segviz.plot.sliding_window import _heat_table
from segviz.widgets import SlidingWindow

pytestmark = pytest.mark.browser


# Steps a second by the clock of the frames, be they many or few: between the first step that is
# drawn and the last of the next half second.
SPEED = """scrubber => new Promise((resolve) => {
  let first;
  const look = (now) => {
    const step = Number(scrubber.value);
    if (!first && step) first = { step, now };
    if (first && now > first.now + 500) resolve(1000 * (step - first.step) / (now - first.now));
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
})"""


@pytest.fixture(scope="module")
def notebook(open_notebook):
    return open_notebook("import segviz\nw = segviz.widgets.SlidingWindow()", "w")


@pytest.fixture(scope="module")
def widget():
    return SlidingWindow()


@pytest.fixture
def root(notebook):
    """The view, set back from Python to a fresh widget's settings."""
    notebook.widget()  # what the test before has told would come later otherwise
    notebook.run("w.layer, w.speed = 0, 'medium'")
    notebook.page.mouse.move(0, 0)
    return notebook.widget()


def _seek(notebook, root, step):
    scrubber = root.get_by_label("Step", exact=True)
    scrubber.fill(str(step))
    notebook.widget(told=False)
    expect(scrubber).to_have_value(str(step))


def _away_from(shape, row, column):
    """Where the frame round one cell does not reach."""
    away = np.ones(shape[:2], bool)
    away[max(0, row - 2) : row + 3, max(0, column - 2) : column + 3] = False
    return away


def test_heat_map_has_the_colour_of_every_count_in_every_layer(notebook, root, widget):
    heat = np.log1p(np.arange(widget._window**2 + 1)) / np.log1p(widget._window**2)
    for step in (0, 1234):
        _seek(notebook, root, step)
        for number, layer in enumerate(widget.layers):
            root.get_by_label("heat map of").fill(str(number))
            notebook.widget(told=False)
            size = widget._padded().shape
            shown = cells_of(root.locator("canvas").last, *size)
            counts = widget._so_far(layer, step)
            corner = (layer.receptive_field - 1) // 2
            inside = shown[corner : corner + len(counts), corner : corner + counts.shape[1]]
            expected = _heat_table()[np.rint(255 * heat[counts]).astype(int)]
            assert np.array_equal(inside, expected), (step, layer.name)


def test_class_map_fills_in_up_to_the_window(notebook, root, widget):
    height, width = widget._class_map.shape
    step = 31 * width + 17
    _seek(notebook, root, step)
    canvas = root.get_by_label("Class map")
    shown = cells_of(canvas, height, width)
    expected = widget._palette[widget._class_map]
    done = np.arange(height * width).reshape(height, width) <= step
    away = _away_from(shown.shape, 31, 17)
    assert np.array_equal(shown[done & away], expected[done & away])
    assert not (shown[~done & away] == expected[~done & away]).all()
    name = widget._classes[widget._class_map[31, 17]]
    expect(root).to_contain_text(f"Row 31, column 17: {name}. {step + 1:,} of {height * width:,}")


def test_bill_is_pythons(notebook, root, widget):
    height, width = widget._class_map.shape
    root.get_by_label("Step", exact=True).focus()
    notebook.page.keyboard.press("End")
    loop = sum(layer.in_the_loop((height, width)) for layer in widget.layers)
    once = sum(layer.each_once((height, width)) for layer in widget.layers)
    total = f"{loop / 1e9:#.3g} billion".replace(". ", " ")
    # The counter runs on to its end in the next frame.
    expect(root.locator("table td").first).to_have_text(total)
    cells = root.locator("table td").all_inner_texts()
    assert cells[0] == cells[1] == total
    assert cells[2] == cells[3]
    assert cells[4] == cells[5] == f"{loop / once:.1f} ×"


def test_pressed_pointer_and_arrows_move_the_window_a_passing_one_does_not(notebook, root, widget):
    canvas = root.get_by_label("Class map")
    box = canvas.bounding_box()
    cell = box["width"] / widget._class_map.shape[1]
    _seek(notebook, root, 0)
    place = (box["x"] + 30.5 * cell, box["y"] + 20.5 * cell)
    notebook.page.mouse.move(*place)
    notebook.widget(told=False)
    expect(root).to_contain_text("Row 0, column 0:")
    notebook.page.mouse.down()
    expect(root).to_contain_text("Row 20, column 30:")
    notebook.page.mouse.up()
    canvas.focus()
    notebook.page.keyboard.press("ArrowDown")
    notebook.page.keyboard.press("ArrowLeft")
    expect(root).to_contain_text("Row 21, column 29:")
    root.get_by_label("with mirrored rim").focus()
    notebook.page.keyboard.press("ArrowRight")
    expect(root).to_contain_text("Row 21, column 30:")
    notebook.page.keyboard.press("PageUp")
    expect(root).to_contain_text("Row 0, column 30:")


def test_heat_map_says_the_count_under_the_cursor(notebook, root, widget):
    root.get_by_label("Step", exact=True).focus()
    notebook.page.keyboard.press("End")
    canvas = root.locator("canvas").last
    canvas.focus()
    notebook.page.keyboard.press("ArrowRight")
    expect(root).to_contain_text(f"Under the cursor: read {widget._window**2:,} times.")
    notebook.page.keyboard.press("Home")
    notebook.page.keyboard.press("PageUp")
    expect(root).to_contain_text("Under the cursor: read 1 times.")
    root.get_by_label("heat map of").fill("7")
    expect(root).to_contain_text("Under the cursor: no value has its centre here.")


def test_plays_while_the_kernel_is_busy_and_layers_change_without_it(notebook, root, widget):
    _seek(notebook, root, 0)
    root.get_by_label("speed").select_option("fast")
    scrubber = root.get_by_label("Step", exact=True)
    gone_by = "([scrubber, step]) => Number(scrubber.value) > step"
    with notebook.busy():
        root.get_by_role("button", name="Play").click()
        notebook.page.wait_for_function(gone_by, arg=[scrubber.element_handle(), 0])
        root.get_by_label("heat map of").fill("3")
        expect(root).to_contain_text(f"{widget.layers[3].name}: how often computed")
        further = int(scrubber.input_value()) + 50
        notebook.page.wait_for_function(gone_by, arg=[scrubber.element_handle(), further])
        root.get_by_role("button", name="Pause").click()
    notebook.widget()
    notebook.run("w.layer += 1; w.speed = {'fast': 'slow'}.get(w.speed, 'medium')")
    expect(root).to_contain_text(f"{widget.layers[4].name}: how often computed")
    expect(root.get_by_label("speed")).to_have_value("slow")


def test_layer_that_is_not_there_is_explained_and_leaves_the_picture(notebook, root):
    notebook.run("w.layer = 31")
    root = notebook.widget()
    alert = root.get_by_role("alert")
    expect(alert).to_contain_text("layer=31 is beyond the last one of this classifier.")
    expect(root).to_contain_text("pixels: how often read")
    alert.get_by_role("button", name="Use layer = 8").click()
    expect(alert).to_be_empty()
    expect(root).to_contain_text("dense 2: how often computed")


def test_speeds_differ(notebook, root, widget):
    def speed(name):
        _seek(notebook, root, 0)
        root.get_by_label("speed").select_option(name)
        root.get_by_role("button", name="Play").click()
        measured = root.get_by_label("Step", exact=True).evaluate(SPEED)
        root.get_by_role("button", name="Pause").click()
        return measured

    slow, medium, fast = map(speed, ("slow", "medium", "fast"))
    assert slow < medium < fast


def test_keyboard_alone_plays_steps_and_pauses(notebook, root, widget):
    scrubber = root.get_by_label("Step", exact=True)
    scrubber.focus()
    press = notebook.page.keyboard.press
    press("Home")
    press("ArrowRight")
    expect(scrubber).to_have_value("1")
    press("Space")
    expect(root.get_by_role("button", name="Pause")).to_be_visible()
    press("Space")
    press("End")
    expect(scrubber).to_have_value(str(widget._class_map.size - 1))


def test_phone_and_projector_need_no_sideways_scrolling(notebook, root, pictures):
    for width, height in [(390, 844), (1280, 720)]:
        notebook.resize(width, height)
        assert root.evaluate("root => root.scrollWidth <= root.clientWidth")
        notebook.page.screenshot(path=pictures / f"SlidingWindow at {width}.png")


def test_nothing_was_said_in_the_console(notebook):
    assert notebook.problems == []
