"""Both widgets of transposed convolution in a real JupyterLab, as a student uses them."""

from __future__ import annotations

import pytest
from conftest import pixels_of
from number_tables import note_labels, wait_for_label
from playwright.sync_api import expect

from segviz.widgets import TransposedConvolution1D, TransposedConvolution2D

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def notebook(open_notebook):
    return open_notebook(
        "import segviz",
        "one = segviz.widgets.TransposedConvolution1D()\none",
        "two = segviz.widgets.TransposedConvolution2D()\ntwo",
    )


def _reset(notebook, name, position):
    notebook.run(
        f"for name in {name}.parameters[::-1]:\n"
        f"    setattr({name}, name, {name}.trait_defaults(name))"
    )
    root = notebook.widget(position)
    _scrubber(root).focus()
    notebook.page.keyboard.press("Home")
    return notebook.widget(position)


@pytest.fixture
def one(notebook):
    return _reset(notebook, "one", 0)


@pytest.fixture
def two(notebook):
    return _reset(notebook, "two", 1)


def _scrubber(root):
    return root.get_by_label("Step", exact=True)


def _slide(notebook, root, position, **sizes):
    for name, value in sizes.items():
        root.get_by_label(name, exact=True).fill(str(value))
    notebook.widget(position)


def test_keyboard_alone_goes_through_the_steps(notebook, one):
    press = notebook.page.keyboard.press
    expect(one).to_contain_text(
        "Step 1 of 4: input 1 times kernel (1, 2, −1) is added to outputs 0 to 2."
    )
    press("ArrowRight")
    expect(one).to_contain_text(
        "3 · (1, 2, −1) = (3, 6, −3)  →  y[2] = −1 + 3 = 2,  y[3] = 6,  y[4] = −3"
    )
    press("End")
    expect(one).to_contain_text("Step 4 of 4: input −1 times kernel (1, 2, −1)")
    note_labels(one.get_by_role("button", name="Play"))
    press("Space")
    wait_for_label(notebook.page, "Pause")
    press("Space")
    wait_for_label(notebook.page, "Play")


def test_sliders_change_the_numbers_and_torch_agrees(notebook, one):
    _slide(notebook, one, 0, n=5, stride=3, padding=1, output_padding=2)
    expect(one).to_contain_text("(5 − 1)·3 − 2·1 + 1·(3 − 1) + 2 + 1 = 15")
    expect(one).to_contain_text("torch's conv_transpose1d: same 15 numbers, difference 0")
    _scrubber(one).focus()
    notebook.page.keyboard.press("End")
    expect(one).to_contain_text("Step 5 of 5: input 2 times kernel (1, 2, −1)")


def test_readings_have_their_own_steps_and_need_no_kernel(notebook, one):
    with notebook.busy():
        one.get_by_label("reading").select_option("gather")
        expect(one).to_contain_text("Step 1 of 9: the flipped kernel (−1, 2, 1) on (0, 0, 1) gives")
        _scrubber(one).focus()
        for _ in range(2):
            notebook.page.keyboard.press("ArrowRight")
        expect(one).to_contain_text("y[2] = −1·1 + 2·0 + 1·3 = 2")


def test_normal_direction_greys_what_it_does_not_have(notebook, one):
    _slide(notebook, one, 0, n=6, padding=1)
    one.get_by_label("direction").select_option("normal")
    notebook.widget(0)
    expect(one).to_contain_text("kernel (1, 2, −1) on inputs 0 and 1 and 1 zero of the padding")
    expect(one.get_by_label("output_padding", exact=True)).to_be_disabled()
    expect(one.get_by_label("reading")).to_be_disabled()
    one.get_by_label("direction").select_option("transposed")
    notebook.widget(0)
    expect(one.get_by_label("output_padding", exact=True)).to_be_enabled()


def test_illegal_setting_keeps_the_picture_and_offers_a_way_out(notebook, one):
    before = pixels_of(one.locator("canvas").first), one.locator("canvas").first.bounding_box()["y"]
    one.get_by_label("output_padding", exact=True).fill("3")
    alert = one.get_by_role("alert")
    expect(alert).to_contain_text("output_padding=3 must be smaller than stride=2 or dilation=1")
    notebook.widget(0)
    after = pixels_of(one.locator("canvas").first), one.locator("canvas").first.bounding_box()["y"]
    assert (after[0] == before[0]).all()
    assert after[1] == before[1]
    alert.get_by_role("button", name="Use output_padding = 1").click()
    expect(alert).to_be_empty()
    expect(one).to_contain_text("takes 9 and 10 to the same size")


def test_numbers_are_typed_and_nudged(notebook, one):
    one.get_by_label("input x, row 1, column 1").fill("5")
    notebook.widget(0)
    expect(one).to_contain_text("5 · (1, 2, −1) = (5, 10, −5)")
    one.get_by_label("kernel w, row 1, column 3").focus()
    notebook.page.keyboard.press("ArrowUp")
    notebook.widget(0)
    expect(one).to_contain_text("5 · (1, 2, 0) = (5, 10, 0)")
    notebook.run("assert one.trace['x'][0] == 5 and one.trace['kernel'].tolist() == [1, 2, 0]")


def test_nothing_jumps_while_sliders_move(notebook, one):
    """From the smallest picture to the largest, both canvases stay where and as they are."""
    boxes = set()
    for sizes in ({}, {"n": 12, "kernel_size": 7, "dilation": 3}, {"stride": 4}, {"padding": 6}):
        _slide(notebook, one, 0, **sizes)
        found = [canvas.bounding_box() for canvas in one.locator("canvas").all()]
        boxes.add(tuple((box["x"], box["y"], box["width"], box["height"]) for box in found))
    assert len(boxes) == 1


def test_a_press_on_a_stamp_or_a_column_goes_to_its_step(notebook, one):
    box = one.locator("canvas").nth(1).bounding_box()
    notebook.page.mouse.click(box["x"] + 44 * 2.5, box["y"] + 100)
    expect(_scrubber(one)).to_have_value("2")
    expect(one).to_contain_text("Step 3 of 4: input 2")


def test_stamp_comes_down_in_many_pictures_while_the_kernel_is_busy(notebook, one):
    with notebook.busy():
        pictures = one.evaluate(
            """root => new Promise((resolve) => {
                 // 40 ms in each frame, however long a busy machine takes to draw it.
                 let now = performance.now(), left = 12;
                 performance.now = () => now;
                 root.querySelector('button[aria-label="Step on"]').click();
                 const canvas = root.querySelector('canvas'), seen = new Set();
                 const look = () => {
                   seen.add(canvas.toDataURL());
                   now += 40;
                   if ((left -= 1)) return requestAnimationFrame(look);
                   delete performance.now;
                   resolve(seen.size);
                 };
                 requestAnimationFrame(look);
               })"""
        )
    assert pictures >= 4


def test_pixel_says_who_made_it_by_pointer_and_by_arrows(notebook, two):
    notebook.page.keyboard.press("End")
    output = two.locator("canvas").nth(1)
    output.focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowDown", "ArrowDown"):
        notebook.page.keyboard.press(key)
    trace = TransposedConvolution2D().trace
    expect(two).to_contain_text("y(2, 2) = x(0, 0) w(2, 2) + x(0, 1) w(2, 0) + x(1, 0) w(0, 2)")
    value = f"{trace['output'][2, 2]:g}".replace("-", "−")
    expect(two).to_contain_text(f"is made by inputs (0, 0), (0, 1), (1, 0), (1, 1): {value}.")
    output.blur()
    expect(two).to_contain_text("Step 9 of 9")
    box = output.bounding_box()
    notebook.page.mouse.move(box["x"] + 10, box["y"] + 10)
    expect(two).to_contain_text("output (0, 0) is made by input (0, 0): 1.")
    notebook.page.mouse.move(box["x"] - 10, box["y"] - 40)
    expect(two).to_contain_text("Step 9 of 9")


def test_largest_pictures_need_no_sideways_scrolling(notebook, one, two, pictures):
    _slide(notebook, one, 0, n=12, kernel_size=7, stride=4, dilation=3, output_padding=3)
    _slide(notebook, two, 1, n=5, kernel_size=4, stride=3, dilation=2, output_padding=2)
    for width, height in [(390, 844), (1280, 720)]:
        notebook.resize(width, height, positions=(0, 1))
        for root, name in ((one, "1D"), (two, "2D")):
            assert root.evaluate("root => root.scrollWidth <= root.clientWidth")
            root.screenshot(path=pictures / f"TransposedConvolution{name} at {width}.png")


def test_shown_numbers_are_the_trace_s():
    """What the tests above read stands in the trace that torch has checked."""
    assert TransposedConvolution1D().trace["output"].tolist() == [1, 2, 2, 6, -1, 4, -3, -2, 1]


def test_nothing_was_said_in_the_console(notebook):
    assert notebook.problems == []
