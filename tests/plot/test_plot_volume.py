"""Cuts of a volume show the slices asked for."""

from __future__ import annotations

import numpy as np

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
