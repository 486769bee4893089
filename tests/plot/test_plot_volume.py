"""Cuts of a volume show the slices asked for."""

from __future__ import annotations

import numpy as np
import pytest

from segviz.plot.volume import volume_cuts

IMAGE = np.linspace(0, 1, 4 * 6 * 8).reshape(4, 6, 8)


def test_each_cut_is_a_slice_of_the_volume():
    first, second, third = volume_cuts(IMAGE, at=(1, 2, 3))
    np.testing.assert_array_equal(first.images[0].get_array(), IMAGE[1])
    np.testing.assert_array_equal(second.images[0].get_array(), IMAGE[:, 2])
    np.testing.assert_array_equal(third.images[0].get_array(), IMAGE[:, :, 3])


def test_voxels_are_drawn_as_long_as_they_are():
    assert volume_cuts(IMAGE, at=(1, 2, 3), spacing=(3, 1, 2))[1].get_aspect() == 1.5


def test_several_labels_are_outlined_one_below_the_other():
    axes = volume_cuts(IMAGE, np.stack([IMAGE > 0.5, IMAGE > 2]), at=(1, 2, 3), titles=["a", "b"])
    assert axes.shape == (2, 3)
    assert [row[0].get_ylabel() for row in axes] == ["a", "b"]
    assert [len(row[1].collections) for row in axes] == [1, 0]


def test_a_legend_names_the_labels_that_are_there():
    labels = (IMAGE > 0.9) * 2
    figure = volume_cuts(IMAGE, labels, at=(1, 2, 3), classes=("none", "head", "body"))[0].figure
    assert [text.get_text() for text in figure.legends[0].texts] == ["body"]
    colour = figure.legends[0].legend_handles[0].get_facecolor()[:3]
    cuts = volume_cuts(IMAGE, labels, at=(3, 5, 7), classes=("none", "head", "body"))
    assert np.allclose(cuts[0].collections[0].get_edgecolor()[0][:3], colour)
    assert volume_cuts(IMAGE, labels, at=(1, 2, 3))[0].figure.legends == []


@pytest.mark.parametrize("name", ["titles", "classes"])
def test_a_text_is_no_list_of_names(name):
    words = rf"^{name}='abc' must be a list with one name for each\. Use {name}=\["
    with pytest.raises(TypeError, match=words):
        volume_cuts(IMAGE, at=(1, 2, 3), **{name: "abc"})
