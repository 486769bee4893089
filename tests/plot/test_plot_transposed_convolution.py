"""The figures of transposed convolution show the numbers of torch, and light what they say."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from torch.nn.functional import conv1d, conv_transpose1d, conv_transpose2d

from segviz.ops import convolution_matrix_1d, convolution_matrix_2d
from segviz.plot import (
    doubly_blocked_matrix,
    matrix_pair,
    overlap_counts,
    transposed_convolution_1d,
    transposed_convolution_2d,
)
from segviz.plot._cells import hue

X, W = np.array([1.0, 3, 2, -1]), np.array([1.0, 2, -1])


def _at(axes):
    """Numbers by their place: {(column, row): text}, in whole and half cells."""
    return {
        (round(text.get_position()[0] - 0.5, 3), round(text.get_position()[1] - 0.5, 3)):
            text.get_text()
        for text in axes.texts if text.get_ha() == "center"
    }  # fmt: skip


def _row(axes, y):
    """The numbers of one row of cells, from left to right."""
    found = sorted(
        (column, text) for (column, row), text in _at(axes).items() if row == round(y, 3)
    )
    return [float(text.replace("−", "-")) for _, text in found]


def _boxes(axes, width=1.8):
    """Strong frames as (column, row, width, height)."""
    return [
        tuple(round(float(one), 3) for one in patch.get_bbox().bounds)
        for patch in axes.patches if patch.get_linewidth() == width
    ]  # fmt: skip


def _torch(function, x, kernel, **sizes):
    tensors = (torch.tensor(one)[None, None] for one in (x, kernel))
    return function(*tensors, **sizes)[0, 0].numpy()


@pytest.mark.parametrize(
    "sizes",
    [{}, {"stride": 2}, {"stride": 2, "padding": 1, "output_padding": 1}, {"dilation": 2},
     {"stride": 3, "padding": 2}, {"stride": 3, "padding": 1, "output_padding": 2}],
)  # fmt: skip
def test_all_stamps_add_up_to_torch_s_output(sizes):
    left, right = transposed_convolution_1d(X, W, **sizes)
    expected = _torch(conv_transpose1d, X, W, **sizes).tolist()
    below = 3.4 + len(X)
    assert _row(left, below) == expected
    steps = {name: one for name, one in sizes.items() if name != "output_padding"}
    matrix = convolution_matrix_1d(W, len(expected), **steps)
    for row in range(len(X)):
        assert _row(left, 5.4 + len(X) + row) == matrix[row].tolist()
    for row, line in enumerate(matrix.T):
        assert _row(right, 2.2 + row)[: len(X)] == line.tolist()


def test_a_step_shows_what_has_come_and_lights_it():
    left, right = transposed_convolution_1d(X, W, stride=2, step=1)
    assert _row(left, 2.6) == [1, 2, -1]
    assert _row(left, 3.6) == [3, 6, -3]
    assert _row(left, 4.6) == []
    assert _row(left, 7.4) == [1, 2, 2, 6, -3]
    assert (1, 2.2, 1, 9) in _boxes(right)
    assert (4, 10.4, 9, 1) in _boxes(left)


@pytest.mark.parametrize(
    ("kernel", "sizes", "words"),
    [
        (W, {"stride": 2}, "input x with zeros inserted and a border of zeros"),
        (W, {}, "input x with a border of zeros"),
        ([2.0], {"stride": 2}, "input x with zeros inserted"),
        ([2.0], {}, "input x"),
        (W, {"stride": 3, "output_padding": 2}, "output y; the last 2 of it: output_padding"),
    ],
)
def test_titles_name_only_the_zeros_that_are_there(kernel, sizes, words):
    left, _ = transposed_convolution_1d(X, kernel, reading="gather", **sizes)
    assert words in [text.get_text() for text in left.texts]


def test_gathering_shows_the_window_and_lights_a_row_of_the_transpose():
    left, right = transposed_convolution_1d(X, W, stride=2, step=2, reading="gather")
    assert _row(left, 0.8) == [0, 0, 1, 0, 3, 0, 2, 0, -1, 0, 0]
    assert _row(left, 2.6) == [-1, 2, 1]
    assert _row(left, 3.6) == [-1, 0, 3]
    assert _row(left, 7.4) == [1, 2, 2]
    assert (0, 4.2, 4, 1) in _boxes(right)
    assert (6, 9.4, 1, 4) in _boxes(left)


@pytest.mark.parametrize("sizes", [{}, {"stride": 2, "padding": 1}, {"dilation": 3, "padding": 2}])
def test_normal_convolution_is_torch_s(sizes):
    x = np.array([1.0, 3, 2, -1, 2, 1])
    left, _ = transposed_convolution_1d(x, W, direction="normal", **sizes)
    expected = _torch(conv1d, x, W, **sizes).tolist()
    assert _row(left, 3.4 + len(expected)) == expected
    extended = np.pad(x, sizes.get("padding", 0))
    assert _row(left, 0.8) == extended.tolist()


def test_cropped_numbers_are_hatched_and_without_hue():
    left, _ = transposed_convolution_1d(X, W, stride=2, padding=1)
    hatched = [patch for patch in left.patches if patch.get_hatch()]
    # The first tap of the first stamp, the last of the last, and one output on each side.
    assert len(hatched) == 4


@pytest.mark.parametrize(("added", "hatched"), [(0, 4), (1, 3), (2, 2), (3, 2)])
def test_output_padding_gives_back_what_the_padding_cropped_at_the_end(added, hatched):
    left, _ = transposed_convolution_1d(X, [1], stride=4, padding=2, output_padding=added)
    row = 3.4 + len(X)
    shown = [p for p in left.patches if p.get_hatch() and round(p.get_y(), 3) == round(row, 3)]
    assert len(shown) == hatched


@pytest.mark.parametrize("n", [4, 8, 12])
def test_titles_stand_clear_of_the_cells(n):
    """Whatever the size of the cells: a title's box meets no number."""
    left, right = transposed_convolution_1d(np.ones(n), W, stride=4, output_padding=1)
    figure = left.figure
    renderer = FigureCanvasAgg(figure).get_renderer()
    for axes in (left, right):
        boxes = [text.get_window_extent(renderer) for text in axes.texts]
        titles = [b for b, t in zip(boxes, axes.texts, strict=True) if t.get_fontsize() == 9]
        numbers = [b for b, t in zip(boxes, axes.texts, strict=True) if t.get_fontsize() != 9]
        assert titles
        assert all(box.y1 <= figure.bbox.height for box in titles)
        assert not any(title.overlaps(box) for title in titles for box in numbers)


@pytest.mark.parametrize("step", [-1, 4])
def test_step_that_is_none_is_refused(step):
    with pytest.raises(ValueError, match=rf"step={step} is not one of the 4 steps\. Use 0 to 3\."):
        transposed_convolution_1d(X, W, step=step)
    with pytest.raises(ValueError, match=rf"step={step} is not one of the 4 steps"):
        transposed_convolution_2d(np.ones((2, 2)), np.ones((1, 1)), step=step)


@pytest.mark.parametrize("reading", ["scatter", "gather"])
@pytest.mark.parametrize(
    "sizes", [{"stride": 2}, {"padding": 1}, {"stride": 3, "output_padding": 2}]
)
def test_picture_in_2d_ends_at_torch_s_output(reading, sizes):
    x, kernel = np.array([[1.0, 2], [3, -4]]), np.array([[1.0, 10, 2], [0, 1, 1], [2, 0, 5]])
    _, middle, right, _ = transposed_convolution_2d(x, kernel, reading=reading, **sizes)
    expected = _torch(conv_transpose2d, x, kernel, **sizes)
    for row, line in enumerate(expected):
        assert _row(right, row) == line.tolist()
    if reading == "scatter" and not sizes.get("padding"):
        at = sizes["stride"]
        assert _row(middle, at) == (-4 * kernel[0]).tolist()


def test_matrix_pair_holds_both_and_lights_the_same_number():
    matrix = convolution_matrix_1d([1, 2], 4)
    left, right = matrix_pair(matrix, row=1)
    assert [_row(left, 0.8 + row) for row in range(3)] == matrix.tolist()
    assert [_row(right, 0.8 + row) for row in range(4)] == matrix.T.tolist()
    assert _boxes(left) == [(0, 1.8, 4, 1)]
    assert _boxes(right) == [(1, 0.8, 1, 4)]


def test_overlaps_are_counted():
    axes = overlap_counts(_torch(conv_transpose1d, np.ones(3), np.ones(3), stride=2))
    assert _row(axes, 0.9) == [1, 1, 2, 1, 2, 1, 1]
    assert axes.get_title("left") == "stamps on each output, 1 to 2"
    shades = [patch.get_facecolor()[0] for patch in axes.patches if patch.get_fill()]
    assert shades[2] < shades[1]


def test_doubly_blocked_matrix_is_coloured_where_a_weight_stands():
    matrix = convolution_matrix_2d([[1, 2], [3, 4]], 3, dense=True)
    axes = doubly_blocked_matrix(matrix, (2, 3), row=2)
    picture = np.asarray(axes.images[0].get_array())
    assert ((picture < 1).any(axis=2) == (matrix != 0)).all()
    faint, strong = picture[3][matrix[3] != 0][0], picture[2][matrix[2] != 0][0]
    assert strong.min() < faint.min() + 0.2
    assert _boxes(axes) == [(0, 2, 9, 1)]
    assert axes.get_title("left") == "C, 4 × 9"


def test_hues_go_round():
    assert to_hex(hue(0)) == to_hex(hue(6)) != to_hex(hue(1))
