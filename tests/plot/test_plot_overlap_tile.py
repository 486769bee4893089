"""The figure of overlapping tiles covers the picture and shows its mirror image around it."""

from __future__ import annotations

import numpy as np

from segviz.plot.overlap_tile import overlap_tile

PICTURE = np.arange(12 * 20).reshape(12, 20) / 240


def test_rim_is_the_mirror_image():
    rim = overlap_tile(PICTURE, tile_size=8, margin=3).images[0].get_array()
    np.testing.assert_array_equal(rim[:, 2], np.pad(PICTURE, 3, mode="reflect")[:, 2])
    np.testing.assert_array_equal(rim[3 - 2, 3:-3], PICTURE[2])


def test_tiles_cover_each_pixel_once():
    boxes = [
        box for box in overlap_tile(PICTURE, tile_size=8, margin=3).patches
        if box.get_label() == "tiles"
    ]  # fmt: skip
    covered = np.zeros(PICTURE.shape, int)
    for box in boxes:
        top, left = round(box.get_y() + 0.5), round(box.get_x() + 0.5)
        height, width = int(box.get_height()), int(box.get_width())
        covered[top : top + height, left : left + width] += 1
    assert (covered == 1).all()


def test_what_a_tile_needs_is_larger_by_the_margin():
    needed = overlap_tile(PICTURE, tile_size=8, margin=3).patches[-1]
    assert (needed.get_x(), needed.get_y(), needed.get_width()) == (-3.5, -3.5, 14)
