"""Visible checks of exercise 07: V-Net's Dice loss, U-Net's sizes, and the crop of a shortcut.

The numbers were worked out by hand; the tests compare them with the course's own networks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from segviz.exercises._checks import Case, run

_NO_SQUARES = "The squares are missing: below the line stand the sums of p^2 and g^2."
_COEFFICIENT = "This is D, which grows as the answer gets better: the loss is 1 - D."
_NO_TWO = "The factor 2 is missing: a perfect answer must give D = 1."
_UNION = "The overlap was taken off below: that is the IoU. Dice has 2 times the overlap above."
_HARD = "p was rounded to 0 or 1: then the loss has no gradient. Use p as it is."
_SMOOTHED = "1 was added above and below: V-Net adds nothing."
_SQUARED_SUMS = "The sums were squared: square every voxel's number, and then add up."
_OF_BOTH = "p + g was squared: square p and g apart, and then add up."
_PLAIN_UNION = "This is 1 - IoU: Dice has 2 times the overlap above, and squares below."
_NEGATIVE = "This is -D: the loss is 1 - D, and 0 for a perfect answer."
_PER_SLICE = "This is the mean over slices: the sums run over all voxels of the volume."
_MATRIX = "np.dot and @ multiply matrices here: p * g multiplies voxel by voxel."
_CLASS_MEAN = "This is the mean over object and background: V-Net's loss is that of the object."
_PER_VOXEL = "This is the mean over voxels: add up above and below first, and then divide."
_DIFFERENCE = "This is the mean of |p - g|: Dice divides sums of products and of squares."
_NO_BRACKETS = "Brackets are missing below: a / b + c divides by b alone, so write a / (b + c)."
_NO_BRACKETS_IN_D = "Brackets are missing below in D: a / b + c divides by b alone, not by b + c."
_FIRST_AXIS = "Only the first axis was added up, as Python's sum does: np.sum goes over all voxels."


def _dice(p: list[Any], g: list[Any], right: float, mistakes: dict[str, Any]) -> Case:
    given = {"p": np.array(p, dtype=float), "g": np.array(g, dtype=float)}
    return Case("dice_loss", given, right, mistakes)


_DICE_LOSS = (
    _dice(
        [0.5, 0.5, 0.5, 0],
        [0, 1, 1, 1],
        7 / 15,
        {
            _NO_SQUARES: 5 / 9,
            _COEFFICIENT: 8 / 15,
            _NO_TWO: 11 / 15,
            _UNION: 7 / 11,
            _HARD: 1 / 3,
            _SMOOTHED: 7 / 19,
            _SQUARED_SUMS: 37 / 45,
            _OF_BOTH: 15 / 23,
            _NEGATIVE: -8 / 15,
            _PLAIN_UNION: 5 / 7,
            _CLASS_MEAN: 91 / 165,
            _PER_VOXEL: 3 / 5,
            _DIFFERENCE: 5 / 8,
            _NO_BRACKETS: 4 / 3,
            _NO_BRACKETS_IN_D: -14 / 3,
        },
    ),
    _dice([0, 1, 1], [0, 1, 1], 0, {_COEFFICIENT: 1, _NO_TWO: 0.5}),
    _dice(
        [[1, 0], [0.5, 0.5]],
        [[1, 0], [0, 1]],
        1 / 7,
        {
            _FIRST_AXIS: [1 / 9, 1 / 5],
            _NO_SQUARES: 1 / 4,
            _PER_SLICE: 1 / 6,
            _MATRIX: [[3 / 7, 1], [5 / 7, 5 / 7]],
        },
    ),
)

_ODD = "An odd map was halved, and a row is lost: such a size does not fit, return 0."
_FIRST_MAP = "Only the first map is tested: every map must be even just before it is halved."
_USED_UP = "A map was used up on the way, and no size is below 0: return 0."
_NO_BOTTOM = "The two convolutions at the bottom are missing: they take 4 rows, too."
_NO_WAY_UP = "The convolutions of the way up are missing: after each doubling, 4 rows go."
_ONE_CONVOLUTION = "One convolution at each level was counted: there are two, which take 4 rows."
_PADDED = "This is the padded U-Net: here no convolution is padded, and each takes 2 rows."
_ONE_DEPTH = "n - 184 holds for depth 4 only: go level by level."
_FITS = "0 says that n does not fit, but it does: all maps are even just before they are halved."
_WRONG_SIDE = (
    "Convolutions come before the pooling, and after the up-convolution: one side is swapped."
)
_ONE_LESS = "One level is missing: there are depth levels above the bottom."
_ONE_MORE = "One level too many: the bottom is not one of the depth levels."
_BOTTOM = "These are the rows at the bottom: the way up is missing."
_FOUR_EACH = "8 rows were taken at each level: a 3x3 convolution takes 2, so two take 4."


def _size(n: int, depth: int, right: int, mistakes: dict[str, int]) -> Case:
    return Case("unet_size", {"n": n, "depth": depth}, right, mistakes)


_UNET_SIZE = (
    _size(
        204,
        2,
        164,
        {
            _NO_BOTTOM: 180,
            _NO_WAY_UP: 176,
            _PADDED: 204,
            _ONE_CONVOLUTION: 182,
            _ONE_DEPTH: 20,
            _FITS: 0,
            _WRONG_SIDE: 152,
            _ONE_LESS: 188,
            _ONE_MORE: 116,
            _BOTTOM: 44,
            _FOUR_EACH: 124,
        },
    ),
    _size(572, 4, 388, {_NO_BOTTOM: 452, _NO_WAY_UP: 448, _FITS: 0}),
    _size(573, 4, 0, {_ODD: 388}),
    _size(62, 2, 0, {_FIRST_MAP: 20}),
    _size(24, 2, 0, {_USED_UP: -16}),
    # One row is left at the bottom, and the way up uses it up.
    _size(32, 2, 0, {_USED_UP: -8}),
)

_UPPER_LEFT = "This is the upper left corner: the middle begins (H - h) // 2 rows further down."
_LOWER_RIGHT = "This is the lower right corner: as much has to go at the end as at the beginning."
_FROM_END = "Counted from the end: that fails where nothing or an odd number goes. Use t : t + h."
_ROUNDED_UP = "The margin was rounded up: if an odd number of rows has to go, one more goes below."
_ONE_MARGIN = "Rows and columns have the same margin here: they need their own, t and l."
_RESIZED = "The map was made smaller: a crop leaves the numbers side by side, as they stand."
_ONE_CHANNEL = "Only the first channel is left: all of them are cropped alike."
_TOO_SOON = "The slice ends at h: h rows from number t on end at t + h."
_AROUND = "h // 2 rows were kept on both sides of the middle: that loses one if h is odd."
_SIZE_TURNED = "h and w are swapped: size is (h, w), rows first."
_CHANNELS_LAST = "Axes were mixed up: skip has the shape (C, H, W), channels first."
_ALL_COLUMNS = "All columns are still there: crop the last two axes of (C, H, W), rows and columns."
_TO_REST = "The slice ends at H - t: if an odd number of rows goes, that keeps one too many."
_HALVED_APART = "H // 2 - h // 2 is not (H - h) // 2: subtract first, and then halve."
_ONE_FURTHER = "The crop begins one row and one column too far on: count from 0."


def _cropping(shape: tuple[int, ...], size: tuple[int, int], right: Any, mistakes: Any) -> Case:
    skip = np.arange(float(np.prod(shape))).reshape(shape)
    return Case("crop", {"skip": skip, "size": size}, right, mistakes)


_CROP = (
    _cropping(
        (1, 5, 6),
        (3, 2),
        [[[8, 9], [14, 15], [20, 21]]],
        {
            _UPPER_LEFT: [[[0, 1], [6, 7], [12, 13]]],
            _LOWER_RIGHT: [[[16, 17], [22, 23], [28, 29]]],
            _ONE_MARGIN: [[[7, 8], [13, 14], [19, 20]]],
            _RESIZED: [[[0, 3], [6, 9], [18, 21]]],
            _TOO_SOON: np.empty((1, 2, 0)),
            _AROUND: [[[8, 9], [14, 15]]],
            _SIZE_TURNED: [[[7, 8, 9], [13, 14, 15]]],
            # Not square, or these two would be one: each keeps whole rows.
            _CHANNELS_LAST: [np.arange(6, 18).reshape(2, 6)],
            _ALL_COLUMNS: [np.arange(6, 24).reshape(3, 6)],
            _ONE_FURTHER: [[[15, 16], [21, 22], [27, 28]]],
        },
    ),
    _cropping(
        (1, 2, 5),
        (2, 2),
        [[[1, 2], [6, 7]]],
        {
            _ROUNDED_UP: [[[2, 3], [7, 8]]],
            _FROM_END: np.empty((1, 0, 3)),
            _TO_REST: [[[1, 2, 3], [6, 7, 8]]],
        },
    ),
    _cropping(
        (2, 1, 4),
        (1, 2),
        [[[1, 2]], [[5, 6]]],
        {_ONE_CHANNEL: [[[1, 2]]]},
    ),
    # An odd number out of an even one: elsewhere, halving both first comes to the same.
    _cropping((1, 1, 4), (1, 1), [[[1]]], {_HALVED_APART: [[[2]]]}),
)


def dice_loss(function: Callable[..., Any]) -> None:
    """Check a function ``(p, g)`` that returns V-Net's Dice loss."""
    run("dice_loss", function, _DICE_LOSS)


def unet_size(function: Callable[..., Any]) -> None:
    """Check a function ``(n, depth)`` that returns the rows that come out, or 0."""
    run("unet_size", function, _UNET_SIZE)


def crop(function: Callable[..., Any]) -> None:
    """Check a function ``(skip, size)`` that returns the middle of a map."""
    run("crop", function, _CROP)


def dice_picture() -> Any:
    """Draw the voxels of the first visible check, and the overlap voxel by voxel."""
    from segviz.exercises._pictures import tables

    p, g = _DICE_LOSS[0].arguments.values()
    return tables({"p": p, "g": g, "p · g": p * g})


def size_picture() -> Any:
    """Draw the rows of every map of a U-Net of depth 2, for 60 rows."""
    from segviz.exercises._pictures import frame, tables

    down = [[60, 58, 56], [28, 26, 24], [12, 10, 8]]
    axes = tables({"down, then the bottom": down, "up, from below": [[24, 22, 20], [16, 14, 12]]})
    frame(axes[0], 0, 0, 1, 1)
    frame(axes[1], 0, 2, 1, 1)
    return axes


def crop_picture() -> Any:
    """Draw the map and the crop of the first visible check."""
    from segviz.exercises._pictures import frame, tables

    case = _CROP[0]
    right = np.array(case.right)[0]
    axes = tables({"one channel of skip": case.arguments["skip"][0], "its middle": right})
    frame(axes[0], 1, 2, *right.shape)
    return axes
