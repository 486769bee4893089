"""The figure of an encoder and its decoder pairs each pooling with its unpooling."""

from __future__ import annotations

import pytest
from matplotlib.patches import FancyArrowPatch, Rectangle

from segviz.plot import pooling_pairs

SIZES = [(360, 480), (180, 240), (90, 120), (45, 60), (23, 30)]


def test_pairs_stand_at_one_height_with_the_size_that_is_handed_over():
    axes = pooling_pairs(SIZES, [[64], [128], [256], [512]], [[11], [64], [128], [256]])
    texts = {text.get_text(): text.get_position() for text in axes.texts}
    for stage, (rows, columns) in enumerate(SIZES[:-1]):
        assert f"indices {stage + 1}, size {rows} × {columns}" in texts
        heights = [t.get_position()[1] for t in axes.texts if t.get_text() == f"{rows} × {columns}"]
        assert heights[0] == heights[1] == pytest.approx(stage, abs=0.1)
    assert texts["odd: 45 rows"][1] == pytest.approx(3, abs=0.1)
    assert sum(isinstance(one, FancyArrowPatch) for one in axes.patches) == 3 * 4
    assert sum(isinstance(one, Rectangle) for one in axes.patches) == 2 * 4 + 1
    assert axes.get_title("left") == "4 poolings, 4 unpoolings"


def test_stages_must_agree():
    with pytest.raises(ValueError, match="3 sizes, 1 stages down and 1 up do not agree"):
        pooling_pairs(SIZES[:3], [[64]], [[11]])
