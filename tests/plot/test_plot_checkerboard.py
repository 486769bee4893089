"""The table of overlaps against counts that are made by hand."""

from __future__ import annotations

import numpy as np
import pytest

from segviz.plot import overlap_table


def _text(axis):
    return axis.get_title(), axis.get_xlabel()


def test_each_map_stands_in_its_row_and_column_with_its_counts():
    uneven = np.array([[4, 2], [2, 1]])
    axes = overlap_table({(3, 2): uneven, (2, 2): np.ones((2, 2)), (2, 1): np.full((2, 2), 4)})
    assert axes.shape == (2, 2)
    assert _text(axes[0, 0]) == ("kernel 2, stride 1", "even: 4")
    assert _text(axes[1, 0]) == ("kernel 2, stride 2", "even: 1")
    assert _text(axes[1, 1]) == ("kernel 3, stride 2", "1 to 4")
    assert np.array_equal(axes[1, 1].images[0].get_array(), uneven)
    assert not axes[0, 1].axison  # kernel 3, stride 1 was not given


def test_only_even_ones_are_framed():
    axes = overlap_table({(2, 2): np.ones((2, 2)), (3, 2): np.array([[4, 2], [2, 1]])})
    even, uneven = (axis.spines["left"] for axis in axes[0])
    assert even.get_linewidth() > 2 * uneven.get_linewidth()
    assert even.get_edgecolor() != uneven.get_edgecolor()


def test_zeros_are_lightest_even_where_no_stamp_arrives():
    [[axis]] = overlap_table({(1, 2): np.array([[1, 0], [0, 0]])})
    assert axis.get_xlabel() == "0 to 1"
    assert axis.images[0].norm.vmin == 0


def test_nothing_to_draw():
    with pytest.raises(ValueError, match="has no map"):
        overlap_table({})
