"""The figure of a convolution shows the arrays it was given, in the widgets' colours."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import segviz.plot
from segviz.plot import _style
from segviz.plot.convolution import convolution, number_axes, picture_axes

PICTURE = np.array([[0.0, 0.5], [1.0, 0.25]])
OUTPUT = np.array([[-2.0, 1.0]])


def _shown(axes):
    return np.asarray(axes.images[0].get_array())


def test_three_axes_show_picture_kernel_and_output():
    left, middle, right = convolution(PICTURE, np.array([[1.0, -0.5]]), OUTPUT)
    assert _shown(left).tolist() == PICTURE.tolist()
    assert [text.get_text() for text in middle.texts] == ["1", "−0.5"]
    assert _shown(right).tolist() == OUTPUT.tolist()
    assert right.images[0].get_clim() == (-2, 2)


def test_relu_hides_what_is_below_zero_and_keeps_the_scale():
    right = convolution(PICTURE, np.ones((1, 1)), OUTPUT, relu=True)[2]
    assert _shown(right).tolist() == [[0.0, 1.0]]
    assert right.images[0].get_clim() == (-2, 2)


def test_padding_is_drawn_and_the_window_framed():
    left, _, right = convolution(
        PICTURE, np.ones((1, 2)), np.zeros((4, 3)), padding=1, corner=(2, 1), at=(2, 1)
    )
    assert _shown(left).tolist() == np.pad(PICTURE, 1).tolist()
    frames = [(axes.patches[0].get_bbox().extents).tolist() for axes in (left, right)]
    assert frames == [[0.5, 1.5, 2.5, 2.5], [0.5, 1.5, 1.5, 2.5]]


def test_table_puts_zero_at_black_and_keeps_grey_grey():
    table = _style.signed_table()
    assert table.shape == (256, 3)
    assert table.dtype == np.uint8
    assert table[128].tolist() == [0, 0, 0]
    assert (table[128:] == table[128:, :1]).all()
    assert (np.diff(table[128:, 0].astype(int)) > 0).all()
    assert (table[1:128, 2] > table[1:128, 0]).all()


def test_below_zero_never_passes_for_above():
    """The blue side differs from every grey also for eyes without red or green cones."""
    table = _style.signed_table().astype(float)
    blueness = table[:, 2] - table[:, :2].mean(axis=1)
    assert blueness[128:].max() == 0
    assert blueness[1:112].min() > 10


@pytest.mark.parametrize("call", [picture_axes, number_axes])
def test_axes_are_returned(call):
    axes = _style.figure().subplots()
    assert call(axes, PICTURE, *((1.0,) if call is picture_axes else ())) is axes


def test_functions_are_found_by_name_without_loading_matplotlib():
    code = (
        "import sys, segviz.plot; names = dir(segviz.plot); "
        "print('matplotlib' in sys.modules, 'convolution' in names, 'pictures' in names)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True", "True"]


def test_a_function_keeps_its_name_when_its_module_is_imported():
    import segviz.plot.convolution as _

    assert callable(segviz.plot.convolution)
    with pytest.raises(AttributeError, match=r"segviz\.plot.* has no attribute 'nothing'"):
        _ = segviz.plot.nothing
