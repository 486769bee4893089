"""The figure of ASPP marks the places that are read, and draws no map before its step."""

from __future__ import annotations

import numpy as np

from segviz.plot import _style
from segviz.plot.aspp import aspp

MAPS = {"rate 1": np.array([[0, 1], [1, 0]]), "fused": np.array([[1, 1], [0, 0]])}
OPTIONS = {"classes": ("a", "b"), "palette": [(9, 0, 0), (0, 9, 0)]}
TAPS = [[[0, 0], [1, 1]]]


def _squares(axes):
    return [path.get_extents().bounds for path in axes.collections[-1].get_paths()]


def test_taps_are_squares_of_as_many_pixels_as_a_place_has():
    axes = aspp(np.zeros((8, 8, 3)), MAPS, TAPS, pixels=4, at=(1, 0), **OPTIONS)
    assert _squares(axes[0, 0]) == [(-0.5, -0.5, 4, 4), (3.5, 3.5, 4, 4)]
    assert _squares(axes[0, 1]) == [(-0.5, 0.5, 1, 1)]
    assert axes[0, 1].images[0].get_array()[0].tolist() == [[9, 0, 0], [0, 9, 0]]
    [legend] = axes[0, 0].figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["a", "b"]


def test_a_branch_s_step_marks_its_own_taps_and_hides_the_fused_map():
    taps = [*TAPS, [[0, 1]]]
    maps = {"rate 1": MAPS["rate 1"], "rate 2": MAPS["rate 1"], "fused": MAPS["fused"]}
    first = aspp(np.zeros((2, 2, 3)), maps, taps, step=1, **OPTIONS)
    assert len(first[0, 0].collections) == 2  # black, and the colour upon it
    assert _squares(first[0, 0]) == [(0.5, -0.5, 1, 1)]
    assert [len(one.images) for one in first.flat] == [1, 1, 1, 0]
    whole = aspp(np.zeros((2, 2, 3)), maps, taps, **OPTIONS)
    assert len(whole[0, 0].collections) == 4


def test_scores_are_drawn_in_the_signed_colours():
    maps = {"rate 1": np.array([[-1.0, 0.0]]), "fused": np.array([[1.0, 0.0]])}
    axes = aspp(np.zeros((1, 2, 3)), maps, TAPS, truth=np.array([[0, 255]]), **OPTIONS)
    table = _style.signed_table()
    assert axes[0, 1].images[0].get_array()[0].tolist() == table[[1, 128]].tolist()
    assert axes[1, 0].images[0].get_array()[0].tolist() == table[[255, 128]].tolist()
    assert axes[1, 1].images[0].get_array()[0].tolist() == [[9, 0, 0], [160, 160, 160]]
