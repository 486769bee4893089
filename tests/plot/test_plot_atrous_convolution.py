"""The figures of atrous convolution show the arrays they were given and what follows from them."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.colors import to_hex

from segviz.plot import _style
from segviz.plot.atrous_convolution import (
    atrous_convolution_1d,
    atrous_convolution_2d,
    coverage,
)

X = np.array([3, 1, 4, 1, 5, 9])


def _numbers(axes):
    return [text.get_text() for text in axes.texts]


def test_taps_sum_and_output_up_to_the_step_are_written():
    left, right = atrous_convolution_1d(X, np.array([1, -2]), dilation=3, step=1)
    assert left.get_title("left") == "y[1] = 1·1 + (−2)·5 = −9"
    assert _numbers(left) == ["1", "−2", *map(str, X), "1", "−9"]
    assert right.get_title("left") == "matrix, 3 × 6, and the output"


def test_matrix_has_its_bands_and_zeros_between_them():
    right = atrous_convolution_1d(X, np.array([7, 8]), dilation=3, step=2)[1]
    rows = np.array(_numbers(right)).reshape(3, 7)
    assert rows[:, :6].astype(int).tolist() == [
        [7, 0, 0, 8, 0, 0],
        [0, 7, 0, 0, 8, 0],
        [0, 0, 7, 0, 0, 8],
    ]
    assert rows[:, 6].tolist() == ["29", "47", "100"]


def test_added_zeros_are_dashed_and_the_output_stands_below_its_window():
    left = atrous_convolution_1d(X, np.array([1, 1, 1]), dilation=2, padding=2, step=0)[0]
    cells = [patch for patch in left.patches if patch.get_height() == 1 and patch.get_fill()]
    dashed = [patch.get_x() + 0.5 for patch in cells if patch.get_linestyle() == "--"]
    assert dashed == [0, 1, 8, 9]
    outputs = [patch.get_x() + 0.5 for patch in cells if patch.get_y() == 3.5]
    assert outputs == [2, 3, 4, 5, 6, 7]


def test_a_kernel_that_fits_nowhere_is_refused():
    with pytest.raises(ValueError, match="fits nowhere"):
        atrous_convolution_1d(X, np.array([1, 1, 1]), dilation=3)


def _counts():
    counts = np.zeros((9, 9))
    counts[2:7:2, 2:7:2] = 1
    return counts


def test_seen_pixels_are_orange_and_the_field_is_framed():
    left, middle, right = atrous_convolution_2d(
        np.zeros((9, 9)), _counts(), -np.eye(9), at=(4, 4), field=5, rates=[2]
    )
    colours = np.asarray(left.images[0].get_array())
    orange = np.array([to_hex(colour) != "#000000" for colour in colours.reshape(-1, 3)])
    assert orange.reshape(9, 9).tolist() == (_counts() > 0).tolist()
    box = left.patches[-1].get_bbox()
    assert (box.x0, box.y0, box.width, box.height) == (1.5, 1.5, 5, 5)
    assert to_hex(left.patches[-1].get_edgecolor()) == _style.CYCLE[5]
    assert (middle.get_xlim(), middle.get_ylim()) == ((1.5, 6.5), (6.5, 1.5))
    assert middle.get_xlabel() == "5 × 5, of which 9 count"
    assert np.asarray(right.images[0].get_array()).tolist() == (-np.eye(9)).tolist()


def test_a_field_that_the_border_cuts_is_told_as_far_as_pixels_count():
    counts = np.zeros((9, 9))
    counts[:3:2, 2:7:2] = 1
    arrays = np.zeros((9, 9)), counts, np.eye(9)
    middle = atrous_convolution_2d(*arrays, at=(0, 4), field=5, rates=[2])[1]
    assert middle.get_xlabel() == "5 × 5 by formula, 3 × 5 here, of which 6 count"


def test_coverage_names_each_stack_and_counts_its_pixels():
    axes = coverage({"one": np.ones((3, 3)), "two": _counts()})
    assert [axis.get_title() for axis in axes] == ["one", "two"]
    assert [axis.get_xlabel() for axis in axes] == ["3 × 3, 9 count", "9 × 9, 9 count"]
    large = coverage({"all": np.ones((49, 49)), "one": [[0, 2]]})
    assert [axis.get_xlabel() for axis in large] == ["49 × 49, 2,401 count", "1 × 2, 1 counts"]
    assert np.asarray(axes[1].images[0].get_array()) == pytest.approx(np.log1p(_counts()))


@pytest.mark.parametrize(
    ("counts", "error", "words"),
    [
        ({}, ValueError, r"^counts=\{\} must name at least one stack\. Use \{\"rates 1-2"),
        ([np.ones((2, 2))], ValueError, r"must name at least one stack"),
        ({"one": np.ones(3)}, ValueError, r"^counts\['one'\] has shape \(3,\), but must have"),
        ({"one": "abc"}, TypeError, r"^counts\['one'\] has dtype"),
    ],
)
def test_coverage_of_nothing_or_of_no_picture_is_refused_in_words(counts, error, words):
    with pytest.raises(error, match=words):
        coverage(counts)
