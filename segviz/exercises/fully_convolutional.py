"""Visible checks of exercise 04: a dense layer at all places, two bills, a rung of the ladder.

The numbers were worked out by hand; the tests compare them with torch and with the library.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from segviz.exercises._checks import Case, run
from segviz.exercises._pictures import frame, tables

# The first output picks channel 0, lower left; the second one channel 1, upper left.
_WEIGHT = np.array([[0.0, 0, 1, 0, 0, 0, 0, 0], [0, 0, 0, 0, 1, 0, 0, 0]])
_BIAS = np.array([1000.0, 2000.0])
_MAPS = np.array([np.arange(1.0, 13), np.arange(101.0, 113)]).reshape(2, 3, 4)

_BIAS_LOST = "The bias is missing: each output has one, the same at every place."
_BIAS_TWICE = "The bias was added once for each channel: add it once for each output."
_LAST_CHANNEL = "Only the last channel was counted: add up all channels."
_CHANNELS_LAST = "The weights were read with the channel last: flat order is channel, row, column."
_FLIPPED = "The kernel is flipped: weight [c, i, j] belongs to row r + i and column s + j."
_TURNED = "Rows and columns of the kernel are swapped: flat order is channel, row, column."
_ONE_PLACE = "This is what the dense layer says at the first place: go to all places."
_FLAT = "The numbers are right; return a map for each output, shape (K, H', W'), here (2, 1, 1)."
_OUTPUTS_LAST = "The outputs come last: their axis comes first, shape (K, H', W')."
_TILES = "The window moves by its own width: move it one place at a time."

_DENSE_EVERYWHERE = (
    Case(
        "dense_everywhere",
        {"weight": _WEIGHT, "bias": _BIAS, "maps": _MAPS, "kernel_size": 2},
        [[[1005, 1006, 1007], [1009, 1010, 1011]], [[2101, 2102, 2103], [2105, 2106, 2107]]],
        {
            _BIAS_LOST: [[[5, 6, 7], [9, 10, 11]], [[101, 102, 103], [105, 106, 107]]],
            _CHANNELS_LAST: [
                [[1002, 1003, 1004], [1006, 1007, 1008]],
                [[2005, 2006, 2007], [2009, 2010, 2011]],
            ],
            _FLIPPED: [
                [[1002, 1003, 1004], [1006, 1007, 1008]],
                [[2106, 2107, 2108], [2110, 2111, 2112]],
            ],
            _TURNED: [
                [[1002, 1003, 1004], [1006, 1007, 1008]],
                [[2101, 2102, 2103], [2105, 2106, 2107]],
            ],
            _OUTPUTS_LAST: [
                [[1005, 2101], [1006, 2102], [1007, 2103]],
                [[1009, 2105], [1010, 2106], [1011, 2107]],
            ],
            _ONE_PLACE: [1005, 2101],
            _LAST_CHANNEL: [
                [[1000, 1000, 1000], [1000, 1000, 1000]],
                [[2101, 2102, 2103], [2105, 2106, 2107]],
            ],
            _BIAS_TWICE: [
                [[2005, 2006, 2007], [2009, 2010, 2011]],
                [[4101, 4102, 4103], [4105, 4106, 4107]],
            ],
            _TILES: [[[1005, 1007]], [[2101, 2103]]],
        },
    ),
    Case(
        "dense_everywhere",
        {
            "weight": np.array([np.arange(18.0), np.ones(18)]),
            "bias": np.array([100.0, 200.0]),
            "maps": np.array(
                [[[1.0, 0, 0], [0, 1, 0], [0, 0, 1]], [[0, 0, 0], [0, 0, 0], [1, 0, 0]]]
            ),
            "kernel_size": 3,
        },
        [[[127]], [[204]]],
        {_FLAT: [127, 204]},
    ),
)

_BILLS_SWAPPED = "The bills are swapped: return the loop's first, then that of each value once."
_LOOP_ALONE = "Only the loop's bill came back: return both, loop, once."
_ONCE_ALONE = "Only the bill of each value once came back: return both, loop, once."
_NOT_SQUARED = "The loop's bill has outputs once: a window is outputs x outputs values."
_RIM_LOST = "Values once: the map is larger than H x W, the windows at the border reach beyond it."
_ONE_TOO_MANY = "Values once: it is (outputs - 1) * stride, not outputs * stride."
_ONLY_VALUES = "These are values, not multiply-adds: each of them costs m of them."
_STRIDE_LOST = (
    "Values once: stride is missing, the last value stands (outputs - 1) * stride further."
)
_LAST_LAYER = "Only the last layer was counted: add up all of them."
_FIRST_LAYER = "Only the first layer was counted: add up all of them."


def _bill(right: Any, mistakes: dict[str, Any], layers: list[tuple[int, int, int]]) -> Case:
    arguments = {"height": 4, "width": 6, "layers": layers}
    return Case("multiply_adds", arguments, right, mistakes)


_MULTIPLY_ADDS = (
    _bill(
        [1944, 432],
        {
            _BILLS_SWAPPED: [432, 1944],
            _LOOP_ALONE: 1944,
            _ONCE_ALONE: 432,
            _NOT_SQUARED: [648, 432],
            _RIM_LOST: [1944, 216],
            _ONE_TOO_MANY: [1944, 567],
            _ONLY_VALUES: [216, 48],
        },
        [(3, 1, 9)],
    ),
    _bill([480, 315], {_STRIDE_LOST: [480, 175], _RIM_LOST: [480, 120]}, [(2, 3, 5)]),
    _bill(
        [2040, 528],
        {_LAST_LAYER: [96, 96], _FIRST_LAYER: [1944, 432]},
        [(3, 1, 9), (1, 2, 4)],
    ),
)

_COARSE = np.array([[[0.0, 4]]])
_SKIP = np.array([[[10.0, 20, 30, 40], [50, 60, 70, 80]]])

_NO_SKIP = "The skip is missing: add it to the enlarged scores."
_REPEATED = "Each score was only repeated: mix 3/4 of it with 1/4 of its neighbour."
_ROWS_REPEATED = "The rows were only repeated: mix them as the columns, 3/4 and 1/4."
_CORNERS = (
    "Here the outermost scores stay at the corners (align_corners): use 3/4 and 1/4 throughout."
)
_NAILS = "Zeros were put between the scores: mix 3/4 of a score with 1/4 of its neighbour."
_DARK_RIM = "Beyond the border there are zeros: the outermost score goes on."
_FAR_MORE = "The neighbour got the 3/4: they belong to the score itself."
_WRONG_SIDE = (
    "Left and right neighbours are swapped: y[2i] leans to x[i - 1], y[2i + 1] to x[i + 1]."
)
_MEAN = "This is the mean of both: add them."
_STACKED = "The skip was put beside the scores as more classes: add it, class by class."

_FUSE = (
    Case(
        "fuse",
        {"coarse": _COARSE, "skip": _SKIP},
        [[[10, 21, 33, 44], [50, 61, 73, 84]]],
        {
            _NO_SKIP: [[[0, 1, 3, 4], [0, 1, 3, 4]]],
            _REPEATED: [[[10, 20, 34, 44], [50, 60, 74, 84]]],
            _CORNERS: [[[10, 20 + 4 / 3, 30 + 8 / 3, 44], [50, 60 + 4 / 3, 70 + 8 / 3, 84]]],
            _NAILS: [[[10, 20, 34, 40], [50, 60, 70, 80]]],
            _DARK_RIM: [[[10, 20.75, 32.25, 42.25], [50, 60.75, 72.25, 82.25]]],
            _FAR_MORE: [[[10, 23, 31, 44], [50, 63, 71, 84]]],
            _WRONG_SIDE: [[[11, 20, 34, 43], [51, 60, 74, 83]]],
            _MEAN: [[[5, 10.5, 16.5, 22], [25, 30.5, 36.5, 42]]],
            _STACKED: [[[0, 1, 3, 4], [0, 1, 3, 4]], *_SKIP.tolist()],
        },
    ),
    Case(
        "fuse",
        {
            "coarse": np.array([[[0.0, 4], [8, 12]], [[16, 0], [0, 0]]]),
            "skip": np.zeros((2, 4, 4)),
        },
        [
            [[0, 1, 3, 4], [2, 3, 5, 6], [6, 7, 9, 10], [8, 9, 11, 12]],
            [[16, 12, 4, 0], [12, 9, 3, 0], [4, 3, 1, 0], [0, 0, 0, 0]],
        ],
        {
            _ROWS_REPEATED: [
                [[0, 1, 3, 4], [0, 1, 3, 4], [8, 9, 11, 12], [8, 9, 11, 12]],
                [[16, 12, 4, 0], [16, 12, 4, 0], [0, 0, 0, 0], [0, 0, 0, 0]],
            ],
        },
    ),
)


def dense_everywhere(function: Callable[..., Any]) -> None:
    """Check a function ``(weight, bias, maps, kernel_size)``: a dense layer at all places."""
    run("dense_everywhere", function, _DENSE_EVERYWHERE)


def multiply_adds(function: Callable[..., Any]) -> None:
    """Check a function ``(height, width, layers)`` that returns the bills of two ways."""
    run("multiply_adds", function, _MULTIPLY_ADDS)


def fuse(function: Callable[..., Any]) -> None:
    """Check a function ``(coarse, skip)`` that enlarges scores two times and adds a skip."""
    run("fuse", function, _FUSE)


def dense_everywhere_picture() -> Any:
    """Draw two channels, the weights of the first output as a kernel, and its map of answers."""
    kernel = _WEIGHT[0].reshape(2, 2, 2)
    parts = {
        "maps[0]": _MAPS[0],
        "maps[1]": _MAPS[1],
        "w[0, 0]": kernel[0],
        "w[0, 1]": kernel[1],
        "y[0], bias 1000": _DENSE_EVERYWHERE[0].right[0],
    }
    axes = tables(parts)
    for axis in axes[:2]:
        frame(axis, 1, 2, 2, 2)
    frame(axes[4], 1, 2, 1, 1)
    return axes


def multiply_adds_picture() -> Any:
    """Draw how often the loop computes each value, for 4 x 6 pixels and 3 x 3 values a window."""
    down, right = (np.convolve(np.ones(places), np.ones(3)) for places in (4, 6))
    return tables({"how often the loop computes each value": np.outer(down, right)})


def fuse_picture() -> Any:
    """Draw coarse scores, the same enlarged, the skip, and the sum."""
    enlarged, right = _FUSE[0].mistakes[_NO_SKIP], _FUSE[0].right
    parts = {"coarse": _COARSE[0], "enlarged": enlarged[0], "skip": _SKIP[0], "sum": right[0]}
    return tables(parts)
