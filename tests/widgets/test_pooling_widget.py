"""The pooling widget's numbers against torch and a pencil."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from segviz.widgets import Pooling2D
from segviz.widgets.pooling import GRID

PICTURE = np.random.default_rng(1).random((13, 10))


@st.composite
def _settings(draw):
    rows, columns = draw(st.integers(1, 8)), draw(st.integers(1, 8))
    row = st.lists(st.integers(-9, 9), min_size=columns, max_size=columns)
    return {
        "values": draw(st.lists(row, min_size=rows, max_size=rows)),
        "kernel_size": draw(st.integers(1, 4)),
        "stride": draw(st.integers(1, 4)),
        "ceil_mode": draw(st.booleans()),
    }


def _torch(x, mode, kernel_size, stride, ceil_mode):
    x = torch.tensor(np.array(x, dtype=float))[None]
    if mode == "max":
        pool = torch.nn.MaxPool2d(kernel_size, stride, ceil_mode=ceil_mode, return_indices=True)
        values, indices = pool(x)
        return values[0].numpy(), indices[0].numpy()
    return torch.nn.AvgPool2d(kernel_size, stride, ceil_mode=ceil_mode)(x)[0].numpy(), None


def _made(chosen, mode):
    """The widget, or its refusal where torch refuses as well."""
    x = chosen["values"]
    try:
        _torch(x, "max", **{name: chosen[name] for name in chosen if name != "values"})
    except RuntimeError:
        with pytest.raises(ValueError, match="the window fits nowhere"):
            Pooling2D(picture=PICTURE, mode=mode, **chosen)
        assume(False)
    return Pooling2D(picture=PICTURE, mode=mode, **chosen)


@given(_settings())
@settings(max_examples=60, deadline=None)
def test_maxima_and_saved_indices_are_torch_s(chosen):
    trace = _made(chosen, "max").trace
    x = chosen.pop("values")
    values, indices = _torch(x, "max", **chosen)
    assert trace["output"].tolist() == values.tolist()
    assert trace["indices"].tolist() == indices.tolist()
    assert trace["size"] == list(values.shape)


@given(_settings())
@settings(max_examples=60, deadline=None)
def test_averages_are_torch_s_and_sums_over_counts(chosen):
    trace = _made(chosen, "average").trace
    x = chosen.pop("values")
    values, _ = _torch(x, "average", **chosen)
    assert trace["output"] == pytest.approx(values)
    assert trace["sums"] / trace["counts"] == pytest.approx(values)
    assert "indices" not in trace


@given(_settings(), st.sampled_from(["max", "average"]))
@settings(max_examples=40, deadline=None)
def test_each_step_s_window_makes_its_number(chosen, mode):
    """Windows as the browser frames them: from starts to ends, row by row."""
    trace = _made(chosen, mode).trace
    table = trace["table"].astype(float)
    assert table.tolist() == np.array(chosen["values"]).tolist()
    reads = np.zeros(table.shape, int)
    for row, column in np.ndindex(*trace["size"]):
        place = tuple(
            slice(trace["starts"][axis][i], trace["ends"][axis][i])
            for axis, i in enumerate((row, column))
        )
        reads[place] += 1
        window, made = table[place], trace["output"][row, column]
        assert made == pytest.approx(window.max() if mode == "max" else window.mean())
        if mode == "max":
            assert trace["ties"][row, column] == (window == made).sum()
    assert trace["reads"].tolist() == reads.tolist()


@given(_settings(), st.sampled_from(["max", "average"]))
@settings(max_examples=20, deadline=None)
def test_picture_is_pooled_in_the_same_way(chosen, mode):
    widget = _made(chosen, mode)
    del chosen["values"]
    expected, _ = _torch(widget._picture, mode, **chosen)
    assert widget.trace["pooled"] / 255 == pytest.approx(expected, abs=0.5 / 255 + 1e-9)


def test_by_hand():
    trace = Pooling2D(GRID).trace
    assert trace["output"].tolist() == [[4, 5], [1, 7]]
    assert trace["indices"].tolist() == [[4, 7], [9, 10]]
    assert trace["ties"].tolist() == [[1, 1], [2, 4]]
    trace = Pooling2D(GRID, mode="average").trace
    assert trace["output"].tolist() == [[2.5, 2.25], [0.5, 7]]
    assert trace["sums"].tolist() == [[10, 9], [2, 28]]


@pytest.mark.parametrize(
    ("rows", "ceil_mode", "stride", "formula", "remarks"),
    [
        (4, False, 2, "⌊(n − k) / s⌋ + 1 = ⌊(4 − 2) / 2⌋ + 1 = 2", "Each number is read once."),
        (5, False, 2, "⌊(n − k) / s⌋ + 1 = ⌊(5 − 2) / 2⌋ + 1 = 2", "9 of 25 numbers are never"),
        (5, True, 2, "⌈(n − k) / s⌉ + 1 = ⌈(5 − 2) / 2⌉ + 1 = 3", "The last windows jut out"),
        (3, False, 1, "⌊(n − k) / s⌋ + 1 = ⌊(3 − 2) / 1⌋ + 1 = 2", "is read up to 4 times."),
        (
            3,
            True,
            4,
            "⌈(n − k) / s⌉ + 1 = ⌈(3 − 2) / 4⌉ + 1 − 1 (it would start outside) = 1",
            "5 of 9 numbers are never read.",
        ),
    ],
)
def test_formula_and_remarks_by_hand(rows, ceil_mode, stride, formula, remarks):
    trace = Pooling2D(rows=rows, columns=rows, ceil_mode=ceil_mode, stride=stride).trace
    assert trace["formula"] == [f"output size = {formula}"]
    assert remarks in trace["remarks"]


@given(_settings())
@settings(max_examples=60, deadline=None)
def test_formula_s_numbers_add_up(chosen):
    trace = _made(chosen, "max").trace
    for line in trace["formula"]:
        left, right = line.split(" = ")[-2:]
        left = left.replace(" (it would start outside)", "").replace("−", "-")
        left = re.sub(r"⌊(.*)⌋", r"np.floor(\1)", re.sub(r"⌈(.*)⌉", r"np.ceil(\1)", left))
        assert eval(left) == int(right)


def test_formula_has_two_lines_where_rows_and_columns_differ():
    formula = Pooling2D(rows=4, columns=7).trace["formula"]
    assert [line.split(" = ")[0] for line in formula] == ["rows", "columns"]
    assert [line.split(" = ")[-1] for line in formula] == ["2", "3"]


def test_stride_is_the_kernel_size_unless_it_is_given():
    assert Pooling2D(kernel_size=3).stride == 3
    assert Pooling2D(kernel_size=3, stride=1).stride == 1
    assert Pooling2D(stride=1).kernel_size == 2


def test_table_grows_and_shrinks_and_keeps_what_was_typed():
    widget = Pooling2D([[8, 9], [1, 2]])
    assert (widget.rows, widget.columns) == (2, 2)
    widget.columns = 5
    widget.rows = 3
    assert widget.table.shape == (3, 5)
    assert widget.table[:2, :2].tolist() == [[8, 9], [1, 2]]
    grown = widget.table
    widget.columns = 2
    widget.columns = 5
    assert widget.table.tolist() == grown.tolist()
    widget.values = [[1, 2, 3], [4, 5, 6]]
    assert widget.table.tolist() == [[1, 2, 3], [4, 5, 6]]
    assert widget.trace["output"].tolist() == [[5]]


def test_window_that_does_not_fit_is_explained_with_the_nearest_that_does():
    widget = Pooling2D(GRID, kernel_size=4)
    before = widget.trace["output"]
    widget.set_state({"rows": 2})
    assert widget.error.startswith("kernel_size=4 with dilation=1 spans 4 pixels")
    assert widget._error["remedy"] == {"rows": 4}
    assert widget.trace["output"] is before
    widget.set_state({"rows": 4})
    widget.set_state({"rows": 3, "columns": 3, "kernel_size": 2})
    widget.set_state({"kernel_size": 4})
    assert widget._error["remedy"] == {"kernel_size": 3}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"values": [[1.5]]}, "values holds 1.5, and this table takes whole numbers. Use 2."),
        ({"values": [[100]]}, "values holds a number beyond 99"),
        ({"values": np.zeros((9, 2))}, "values has shape (9, 2)"),
        ({"kernel_size": 5}, "kernel_size=5 is not offered"),
        ({"mode": "min"}, "mode='min' is not offered. Use 'max' or 'average'."),
        ({"values": [[1]], "kernel_size": 2}, "the window fits nowhere"),
    ],
)
def test_illegal_arguments_are_refused_in_words(options, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        Pooling2D(**options)


@pytest.mark.parametrize("mode", ["max", "average"])
def test_largest_answers_are_small(mode):
    """64 windows, and a picture that is not made smaller."""
    picture = np.random.default_rng(0).random((88, 88))
    widget = Pooling2D(picture=picture, kernel_size=1, rows=8, columns=8, mode=mode)
    for name in ("_trace", "_detail"):
        state = widget.get_state([name])
        assert len(json.dumps(state, default=lambda data: len(data) * "x")) <= 10_000


def test_description_says_what_the_still_shows():
    widget = Pooling2D([[1, 3, 2, 0], [4, 2, 2, 5]], np.zeros((8, 6)), mode="average")
    assert widget._describe() == (
        "A 2x4 table of numbers, its 1x2 average pooling with 2x2 windows at stride 2 "
        "(2.5, 2.25), and a 8x6 picture pooled to 4x3."
    )
    assert "(" not in Pooling2D(rows=8, columns=8, stride=1)._describe()
