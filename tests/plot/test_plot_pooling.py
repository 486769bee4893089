"""The figure of a pooling shows the arrays it was given, lights the maxima, greys the unread."""

from __future__ import annotations

import numpy as np
from matplotlib.colors import to_hex

from segviz.plot import _style
from segviz.plot.pooling import number_table, pooling

VALUES = np.array([[1, 3, 2], [4, 2, -2], [0, 5, 6]])


def _numbers(axes):
    return [text.get_text() for text in axes.texts if text.get_ha() == "center"]


def _colours(axes, count):
    return [to_hex(patch.get_facecolor()) for patch in axes.patches[:count]]


def test_input_output_and_saved_index_are_shown_as_numbers():
    left, middle, right = pooling(VALUES, np.array([[4]]), np.array([[3]]), kernel_size=2, stride=2)
    assert _numbers(left) == ["1", "3", "2", "4", "2", "−2", "0", "5", "6"]
    assert _numbers(middle) == ["4"]
    assert _numbers(right) == ["3"]
    assert right.get_title("left") == "saved index, 1 × 1"


def test_maximum_is_lit_and_what_no_window_reads_is_grey():
    left = pooling(VALUES, np.array([[4]]), np.array([[3]]), kernel_size=2, stride=2)[0]
    white, grey, lit = "#ffffff", "#d9d9d9", "#e69f00"
    assert _colours(left, 9) == [white, white, grey, lit, white, *[grey] * 4]


def test_cells_carry_their_index():
    left = pooling(VALUES, np.array([[4]]), np.array([[3]]), kernel_size=2, stride=2)[0]
    notes = [text.get_text() for text in left.texts if text.get_ha() == "left"]
    assert notes == [str(n) for n in range(9)]


def _frames(axes):
    boxes = [patch.get_bbox() for patch in axes.patches if not patch.get_fill()]
    return [(box.y0, box.x0, box.height, box.width) for box in boxes]


def test_windows_are_framed_where_they_stand_even_beyond_the_end():
    left = pooling(VALUES, np.zeros((2, 2)), kernel_size=2, stride=2)[0]
    half = [(-0.5, -0.5), (-0.5, 1.5), (1.5, -0.5), (1.5, 1.5)]
    assert _frames(left) == [(*corner, 2, 2) for corner in half]
    assert left.get_xlim()[1] > 3.5
    assert left.get_ylim()[0] > 3.5


def test_of_windows_that_overlap_one_is_framed():
    left = pooling(VALUES, np.zeros((2, 2)), kernel_size=2, stride=1)[0]
    assert _frames(left) == [(-0.5, -0.5, 2, 2)]


def test_average_has_no_index_and_short_decimals():
    axes = pooling(VALUES, np.array([[2.5, 1 / 3]]), kernel_size=2, stride=1)
    assert len(axes) == 2
    assert _numbers(axes[1]) == ["2.5", "0.33"]


def test_pictures_are_drawn_to_one_scale():
    axes = pooling(
        VALUES, np.array([[4]]), kernel_size=2, stride=2,
        pictures=(np.eye(6), np.full((3, 2), 0.5)),
    )  # fmt: skip
    assert [axis.get_xlim() for axis in axes[2:]] == [(-0.5, 5.5)] * 2
    assert np.asarray(axes[3].images[0].get_array()).tolist() == [[0.5, 0.5]] * 3
    assert axes[3].images[0].get_clim() == (0, 1)


def test_number_table_returns_its_axes():
    axes = _style.figure().subplots()
    assert number_table(axes, np.eye(2)) is axes
    assert axes.get_title("left") == "2 × 2"
