"""Every pixel's colour and the legend's entries, against the masks."""

import numpy as np
import pytest
import torch

from segviz.plot import class_maps
from segviz.plot.fcn import CLASS_COLOURS

CLASSES = ["sky", "road", "tree"]


def masks():
    found = np.array([[0, 1], [1, 0]])
    return {"found": found, "truth": torch.tensor([[0, 0], [2, 255]])}


def test_each_pixel_has_the_colour_of_its_class():
    axes = class_maps(torch.rand(3, 2, 2), masks(), CLASSES, title="street")
    assert [axis.get_title() for axis in axes.flat] == ["street", "found", "truth"]
    for axis, mask in zip(axes.flat[1:], masks().values(), strict=True):
        drawn = axis.images[0].get_array()
        for place, label in np.ndenumerate(np.asarray(mask)):
            wanted = (160, 160, 160) if label == 255 else CLASS_COLOURS[label]
            assert tuple(drawn[place]) == wanted


def test_the_legend_names_the_classes_that_occur_and_void():
    figure = class_maps(np.zeros((2, 2, 3)), masks(), CLASSES).flat[0].figure
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["sky", "road", "tree", "void"]
    without = class_maps(np.zeros((2, 2, 3)), {"found": masks()["found"]}, CLASSES).flat[0].figure
    assert [text.get_text() for text in without.legends[0].get_texts()] == ["sky", "road"]


def test_rows_are_filled_and_what_is_left_over_is_empty():
    axes = class_maps(np.zeros((2, 3, 3)), {str(i): np.zeros((2, 3), int) for i in range(4)},
                      CLASSES, columns=3)  # fmt: skip
    assert axes.shape == (2, 3)
    assert not axes[1, 2].axison
    assert axes[1, 1].axison


def test_a_class_without_a_name_is_refused():
    with pytest.raises(ValueError, match="'found' holds class 7, but there are 3 names"):
        class_maps(np.zeros((2, 2, 3)), {"found": np.array([[0, 7]])}, CLASSES)
