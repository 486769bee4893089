"""The figures of unpooling hold the numbers they are given, where they belong."""

from __future__ import annotations

import io

import numpy as np
import pytest
from matplotlib.colors import to_hex

from segviz.ops import max_pool2d, max_unpool2d
from segviz.plot import unpooling

VALUES = np.array([[1, 3, 2], [4, 2, -2], [0, 5, 6]])
POOLED, INDICES = max_pool2d(VALUES, 2, ceil_mode=True)
BACK = max_unpool2d(POOLED, INDICES, (3, 3))
WRITES = [[int(index)] for index in INDICES.ravel()]
LIT = "#e69f00"


def _drawn(**options):
    return unpooling(VALUES, POOLED, BACK, INDICES, kernel_size=2, writes=WRITES, **options)


def _numbers(axes):
    return [text.get_text() for text in axes.texts if text.get_ha() == "center"]


def _lit(axes):
    cells = [patch for patch in axes.patches if patch.get_fill()]
    return [i for i, cell in enumerate(cells) if to_hex(cell.get_facecolor()) == LIT]


def _frames(axes):
    boxes = [patch.get_bbox() for patch in axes.patches if not patch.get_fill()]
    return [(box.y0, box.x0, box.height, box.width) for box in boxes]


def test_at_the_end_everything_is_there_and_every_maximum_is_lit_twice():
    given, pooled, saved, back = _drawn()
    assert _numbers(given) == ["1", "3", "2", "4", "2", "−2", "0", "5", "6"]
    assert _numbers(pooled) == ["4", "2", "5", "6"]
    assert _numbers(saved) == ["3", "2", "7", "8"]
    assert _numbers(back) == ["0", "0", "2", "4", "0", "0", "0", "5", "6"]
    assert _lit(given) == _lit(back) == [2, 3, 7, 8]
    assert len(_frames(given)) == 4


def test_on_the_way_down_one_window_is_framed_and_nothing_is_up():
    given, pooled, saved, back = _drawn(step=1)
    assert _frames(given) == [(-0.5, 1.5, 2, 2)]
    assert _numbers(pooled) == ["4", "2", "", ""]
    assert _numbers(saved) == ["3", "2", "", ""]
    assert _numbers(back) == [""] * 9
    assert (_lit(given), _lit(pooled), _lit(saved), _lit(back)) == ([2], [1], [1], [])


def test_on_the_way_up_one_value_moves_into_zeros():
    given, pooled, _, back = _drawn(step=6)
    assert _frames(given) == []
    assert _numbers(back) == ["0", "0", "2", "4", "0", "0", "0", "5", "0"]
    assert (_lit(given), _lit(pooled), _lit(back)) == ([7], [2], [7])


def test_borrowed_indices_are_shown_instead_of_the_saved_ones_on_the_way_up_only():
    used = np.array([[0, 1], [2, 3]])
    assert _drawn(used=used)[2].get_title("left") == "index used, 2 × 2"
    assert _numbers(_drawn(used=used, step=4)[2]) == ["0", "1", "2", "3"]
    assert _drawn(used=used, step=0)[2].get_title("left") == "saved index, 2 × 2"


def test_what_saves_no_index_has_no_table_for_it():
    axes = unpooling(VALUES, POOLED, BACK, kernel_size=2, writes=WRITES)
    assert len(axes) == 3
    assert _lit(axes[0]) == []


def test_cells_of_all_tables_have_one_size_and_all_steps_one_figure():
    axes = _drawn()
    figure = axes[0].figure.get_figure(root=True)
    figure.savefig(io.BytesIO(), format="png")
    sizes = []
    for axis in axes:
        (x0, y0), (x1, y1) = axis.transData.transform([(0, 0), (1, 1)])
        sizes.append((x1 - x0, y0 - y1))
    np.testing.assert_allclose(sizes, [sizes[0]] * 4, rtol=0.05)
    size = _drawn(step=3)[0].figure.get_figure(root=True).get_size_inches()
    assert size.tolist() == figure.get_size_inches().tolist()


def test_step_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match="step=8 is not there: use 0 to 7, or None for the end"):
        _drawn(step=8)


def test_pictures_are_drawn_to_one_scale_and_a_missing_one_is_named():
    axes = _drawn(pictures=(np.eye(6), np.full((3, 2), 0.5), None))[4:]
    assert [axis.get_xlim() for axis in axes] == [(-0.5, 5.5)] * 3
    assert axes[2].get_title("left") == "up again: none"
    assert np.asarray(axes[1].images[0].get_array()).tolist() == [[0.5, 0.5]] * 3
