"""Both atrous widgets in a real JupyterLab, as a student uses them."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import cells_of
from number_tables import ORANGE, assert_painted, is_like, looks_of, texts_of
from playwright.sync_api import expect

from segviz.plot._style import CYCLE
from segviz.widgets import AtrousConvolution1D, AtrousConvolution2D

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def notebook(open_notebook):
    return open_notebook(
        "import segviz\nrow = segviz.widgets.AtrousConvolution1D()\nrow",
        "picture = segviz.widgets.AtrousConvolution2D()\npicture",
    )


def _fresh(notebook, name):
    notebook.run(f"for one in {name}.parameters: setattr({name}, one, {name}.trait_defaults(one))")


@pytest.fixture
def row(notebook):
    _fresh(notebook, "row")
    root = notebook.widget(0)
    root.get_by_label("Step", exact=True).focus()
    notebook.page.keyboard.press("Home")
    return notebook.widget(0)


@pytest.fixture
def picture(notebook):
    _fresh(notebook, "picture")
    return notebook.widget(1)


def _table(root, name):
    return root.get_by_role("group", name=name, exact=True).first


def _numbers(root, name):
    """The texts of a table's cells, '' where there is none."""
    return texts_of(_table(root, name))


def test_steps_light_the_row_and_write_the_sum_out(notebook, row):
    expect(row).to_contain_text("y[0] = 1·3 + 2·4 + 3·5 = 26")
    assert _numbers(row, "Output") == ["26", "", "", "", ""]
    notebook.page.keyboard.press("ArrowRight")
    notebook.page.keyboard.press("ArrowRight")
    expect(row).to_contain_text(
        "Step 3 of 5: y[2] reads x[2], x[4] and x[6]: 1·4 + 2·5 + 3·2 = 20."
    )
    expected = AtrousConvolution1D().trace
    assert _numbers(row, "Matrix") == [str(n) for n in expected["matrix"].ravel()]
    assert _numbers(row, "Output")[:3] == [str(n) for n in expected["output"][:3]]
    results = row.get_by_role("group", name="Output", exact=True)
    for number in range(2):  # under the input and beside the matrix
        assert texts_of(results.nth(number)) == ["26", "30", "20", "", ""]
        looks = looks_of(results.nth(number))
        assert is_like(looks[2], ORANGE, 1)
        assert looks[:2] + looks[3:] == ["", "", "hatched", "hatched"]
        assert_painted(results.nth(number))


def _hue(tap):
    return tuple(bytes.fromhex(CYCLE[tap].removeprefix("#")))


def test_matrix_has_a_colour_for_each_tap_and_stripes_for_the_holes(notebook, row):
    notebook.page.keyboard.press("ArrowRight")
    notebook.arrived(0)
    trace = AtrousConvolution1D().trace
    looks = np.array(looks_of(_table(row, "Matrix")), dtype=object).reshape(trace["matrix"].shape)
    for step, taps in enumerate(trace["indices"]):
        for tap, place in enumerate(taps):
            assert is_like(looks[step, place], _hue(tap), 0.75 if step == 1 else 0.4)
        assert looks[step, taps[0] + 1 : taps[-1] : 2].tolist() == ["hatched"] * 2
        beside = [place for place in range(9) if not taps[0] <= place <= taps[-1]]
        assert set(looks[step, beside]) == {""}
    assert_painted(_table(row, "Matrix"))


def test_a_press_on_a_number_of_the_matrix_or_the_output_goes_to_its_step(notebook, row):
    scrub = row.get_by_label("Step", exact=True)
    matrix = _table(row, "Matrix").locator("canvas")
    box = matrix.bounding_box()
    matrix.click(position={"x": box["width"] - 5, "y": 0.7 * box["height"]})
    expect(scrub).to_have_value("3")
    output = _table(row, "Output").locator("canvas")
    output.click(position={"x": 0.3 * output.bounding_box()["width"], "y": 10})
    expect(scrub).to_have_value("1")


def _middle(box):
    return box["x"] + box["width"] / 2


@pytest.mark.parametrize("width", [1280, 390])
def test_taps_hang_below_their_inputs_and_end_at_the_output(notebook, row, width):
    notebook.run("row.kernel_size, row.input_size, row.padding = 5, 12, 'same'\nrow.dilation = 5")
    notebook.resize(width)
    row = notebook.arrived(0)
    inputs = _table(row, "Input").locator("canvas")
    places = inputs.bounding_box()
    cell = (places["width"] - 1) / 32
    circles = row.locator("svg circle")
    looks = looks_of(_table(row, "Input"))
    assert looks.count("") == 27
    for tap in range(5):
        middle = _middle(circles.nth(tap).bounding_box())
        assert places["x"] + (5 * tap + 0.5) * cell == pytest.approx(middle, abs=2)
        assert is_like(looks[5 * tap], _hue(tap), 0.45)
        if tap >= 2:  # the numbers to type in lie on their places, beyond ten zeros
            number = row.get_by_label(f"x[{5 * tap - 10}]", exact=True).bounding_box()
            assert _middle(number) == pytest.approx(middle, abs=2)
    output = _table(row, "Output").locator("canvas").bounding_box()
    assert output["x"] + cell / 2 == pytest.approx(_middle(circles.nth(2).bounding_box()), abs=2)
    notebook.resize(1280)


def test_input_and_kernel_are_typed_in(notebook, row):
    row.get_by_label("x[0]", exact=True).fill("-7")
    row.get_by_label("Kernel, row 0, column 1").fill("10")
    notebook.widget(0)
    expect(row).to_contain_text("y[0] = 1·(−7) + 10·4 + 3·5 = 48")
    notebook.run("assert row.trace['x'][0] == -7 and row.trace['kernel'].tolist() == [1, 10, 3]")


def test_a_rate_that_does_not_fit_shows_the_rule_and_keeps_the_picture(notebook, row):
    row.get_by_label("dilation (rate)").fill("5")
    alert = row.get_by_role("alert")
    expect(alert).to_contain_text("reaches over 11 inputs, and input_size=9: it fits nowhere.")
    assert _numbers(row, "Output")[0] == "26"
    alert.get_by_role("button", name="Use dilation = 4").click()
    expect(alert).to_be_empty()
    notebook.widget(0)
    expect(row).to_contain_text("output size = n + 2p − d(k − 1) = 9 + 2·0 − 4·(3 − 1) = 1")


def test_plays_to_the_end_while_the_kernel_is_busy(notebook, row):
    with notebook.busy():
        row.get_by_role("button", name="Play").click()
        expect(row.get_by_label("Step", exact=True)).to_have_value("4")
        expect(row).to_contain_text("y[4] = 1·5 + 2·2 + 3·5 = 24")


def test_buttons_set_the_rates_and_the_table_holds_formula_beside_gradient(notebook, picture):
    picture.get_by_role("button", name="2-2-2").click()
    notebook.widget(1)
    expect(picture.locator("tr").nth(3)).to_have_text("329 + 2·2 = 1313 × 1349 of 16927")
    expect(picture).to_contain_text("120 pixels of the field are never seen.")
    picture.get_by_role("button", name="1-2-5").click()
    notebook.widget(1)
    expect(picture).to_contain_text("Every pixel of the field is seen.")
    notebook.run("assert (picture.rate, picture.second_rate, picture.third_rate) == (1, 2, 5)")


def test_enlarged_field_shows_what_counts_in_the_colours_of_the_counts(notebook, picture):
    picture.get_by_role("button", name="2-2-2").click()
    notebook.widget(1)
    picture.get_by_label("Step", exact=True).focus()
    notebook.page.keyboard.press("End")
    notebook.widget(1)
    shown = cells_of(picture.locator("canvas").nth(1), 13, 13).sum(axis=-1) > 12
    trace = AtrousConvolution2D(rate=2, second_rate=2, third_rate=2).trace
    ways = np.outer(trace["rows"][2], trace["columns"][2])[26:39, 26:39]
    assert (shown == (ways > 0)).all()


def test_a_field_beyond_the_picture_is_not_called_enlarged(notebook, picture):
    notebook.run("picture.rate, picture.second_rate, picture.third_rate = 36, 12, 12")
    picture = notebook.arrived(1)
    expect(picture.locator("figcaption").nth(1)).to_have_text("Its field, 121 × 121")
    notebook.run("picture.rate, picture.second_rate, picture.third_rate = 2, 2, 2")
    picture = notebook.arrived(1)
    expect(picture.locator("figcaption").nth(1)).to_have_text("Its field, 13 × 13, enlarged")


def test_a_rate_too_large_leaves_the_centre_tap(notebook, picture):
    picture.get_by_role("button", name="one layer").click()
    notebook.widget(1)
    picture.get_by_label("rate of layer 1").fill("33")
    notebook.widget(1)
    expect(picture).to_contain_text("only the centre tap of layer 1 stands inside the picture")
    expect(picture.locator("tr").nth(1)).to_contain_text("1 + 2·33 = 671 × 11 of 1")


def test_arrow_keys_move_the_unit(notebook, picture):
    picture.get_by_role("button", name="one layer").click()
    notebook.widget(1)
    picture.locator("canvas").first.focus()
    notebook.page.keyboard.press("ArrowRight")
    notebook.page.keyboard.press("PageUp")
    notebook.widget(1)
    expect(picture).to_contain_text(
        "unit at row 0, column 33: it sees 5 × 5 pixels by formula, 3 × 5"
    )
    expect(picture).to_contain_text("The border cuts the field.")


def test_nothing_scrolls_sideways_on_a_phone(notebook, row, picture):
    notebook.resize(390, 844, positions=(0, 1))
    for root in (row, picture):
        assert root.evaluate("root => root.scrollWidth <= root.clientWidth")
    notebook.resize(1280, positions=(0, 1))


def test_nothing_was_said_in_the_console(notebook):
    assert notebook.problems == []
