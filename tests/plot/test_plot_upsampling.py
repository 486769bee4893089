"""The stamps' curves against the transposed convolution that they add up to."""

from __future__ import annotations

import numpy as np
import pytest

from segviz.ops import bilinear_kernel, conv_transpose1d
from segviz.plot import stamp_curves


@pytest.mark.parametrize(("k", "stride", "padding"), [(4, 2, 1), (3, 2, 0), (2, 3, 0), (5, 1, 2)])
def test_dots_are_the_output_and_curves_are_the_stamps(k, stride, padding):
    x, kernel = np.array([3.0, -1.0, 2.0]), bilinear_kernel(k)
    axes = stamp_curves(x, kernel, stride=stride, padding=padding)
    *stamps, total = axes.lines[: len(x) + 1]
    expected = conv_transpose1d(x, kernel, stride=stride, padding=padding)
    assert np.array_equal(total.get_xdata(), np.arange(len(expected)))
    assert np.allclose(total.get_ydata(), expected, atol=1e-12)
    for place, curve in enumerate(stamps):
        assert np.array_equal(curve.get_ydata()[1:-1], x[place] * kernel)
        assert curve.get_xdata()[1] == place * stride - padding


def test_cropped_pixels_are_drawn_apart():
    axes = stamp_curves([4, 8], [0.25, 0.75, 0.75, 0.25], stride=2, padding=1)
    cropped = axes.lines[-1]
    assert cropped.get_xdata().tolist() == [-1, 4]
    assert cropped.get_ydata().tolist() == [1, 2]
    labels = [text.get_text() for text in axes.get_legend().texts]
    assert labels == ["their sum", "cropped away"]


def test_a_padding_that_leaves_nothing_is_refused():
    with pytest.raises(ValueError, match=r"padding=2 crops all 3 pixels\. Use 1\."):
        stamp_curves([1], [1, 1, 1], stride=2, padding=2)
