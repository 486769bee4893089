"""Curves and slabs against the numbers that they draw."""

from __future__ import annotations

import io
import itertools

import numpy as np
import pytest
from matplotlib.colors import to_hex
from PIL import Image

from segviz.plot import cost_curves, feature_stack
from segviz.plot.cost import _BYTES, _shown

SIDES = [128, 256, 512]
COUNTS = {"stack": [1e9, 4e9, 16e9], "down and up": [2e8, 8e8, 32e8]}
MEMORY = {"stack": [2**26, 2**28, 2**30], "down and up": [2**22, 2**24, 2**26]}


def _pixels(axes):
    file = io.BytesIO()
    axes[0].figure.savefig(file, format="png", dpi=50)
    return np.asarray(Image.open(file).convert("RGB"))


def test_curves_hold_the_numbers_and_a_quadratic_one_is_straight():
    axes = cost_curves(SIDES, COUNTS, MEMORY, limits={"this machine": 2**29})
    for axis, curves in zip(axes, (COUNTS, MEMORY), strict=True):
        for line, (name, values) in zip(axis.lines, curves.items(), strict=False):
            assert line.get_label() == name
            assert line.get_xdata().tolist() == SIDES
            assert line.get_ydata().tolist() == values
            x, y = axis.transData.transform(np.column_stack([SIDES, values])).T
            assert (y[1] - y[0]) / (x[1] - x[0]) == pytest.approx((y[2] - y[1]) / (x[2] - x[1]))
    assert axes[1].lines[2].get_ydata() == [2**29, 2**29]
    assert [text.get_text() for text in axes[1].texts] == ["this machine"]
    assert len(axes[0].lines) == 2


def test_networks_have_one_colour_and_mark_in_both_panels():
    left, right = cost_curves(SIDES, COUNTS, MEMORY)
    for one, other in zip(left.lines, right.lines, strict=True):
        assert (one.get_color(), one.get_marker()) == (other.get_color(), other.get_marker())
    assert left.lines[0].get_marker() != left.lines[1].get_marker()


def test_ticks_name_sides_and_units():
    axes = cost_curves(SIDES, COUNTS, MEMORY)
    axes[0].figure.canvas.draw()
    texts = [[one.get_text() for one in axis.get_yticklabels()] for axis in axes]
    assert "1 G" in texts[0]
    assert "128 MiB" in texts[1]
    assert [one.get_text() for one in axes[0].get_xticklabels()] == ["128", "256", "512"]
    assert _shown(512, _BYTES) == "512"


def test_a_value_is_missing():
    with pytest.raises(ValueError, match="'stack' has 2 values for 3 sides"):
        cost_curves(SIDES, {"stack": [1, 2]}, MEMORY)


def test_slabs_are_as_high_as_the_maps_and_thicker_with_more_channels():
    sizes = [(3, 64, 64), (16, 64, 64), (64, 32, 32), (64, 16, 16)]
    axes = feature_stack({"small": sizes[:2], "large": sizes})
    fronts = [patch.get_xy() for patch in axes[1].patches[::3]]
    heights = [np.ptp(front[:, 1]) for front in fronts]
    assert heights == pytest.approx([1, 1, 0.5, 0.25])
    thick = [np.ptp(front[:, 0]) for front in fronts]
    assert thick[0] < thick[1] < thick[2]
    assert thick[2] == pytest.approx(thick[3])
    texts = [text.get_text() for text in axes[1].texts]
    assert texts == ["3", "64 × 64", "16", "64", "32 × 32", "64", "16 × 16"]


def test_slabs_stand_one_after_the_other_on_one_scale():
    sizes = [(3, 64, 64), (16, 32, 32), (16, 32, 32), (1, 64, 64)]
    axes = feature_stack({"a": sizes, "b": [(3, 128, 128)]})
    assert axes[0].get_xlim() == axes[1].get_xlim()
    boxes = [axes[0].patches[3 * i : 3 * i + 3] for i in range(4)]
    spans = [np.concatenate([face.get_xy()[:, 0] for face in box]) for box in boxes]
    assert all(one.max() < two.min() for one, two in itertools.pairwise(spans))
    assert to_hex(boxes[0][0].get_facecolor()) != to_hex(boxes[1][0].get_facecolor())
    assert np.ptp(boxes[0][0].get_xy()[:, 1]) == pytest.approx(0.5)


def test_figures_have_ink():
    for axes in (cost_curves(SIDES, COUNTS, MEMORY), feature_stack({"a": [(3, 8, 8)]})):
        assert len(np.unique(_pixels(axes).reshape(-1, 3), axis=0)) > 5
