"""Visible checks of exercise 08: a kernel with holes, how far a stack sees, and what it leaves out.

The numbers were worked out by hand; the tests compare them with torch.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from segviz.exercises._checks import Case, run

_FLIPPED = "The kernel is mirrored: the first weight reads the first pixel, image[r, c]."
_SWAPPED = "The kernel's axes are swapped: i counts its rows and goes with the rows of the picture."
_RATE_ONE = "This is the answer for rate=1: neighbouring weights read pixels that lie rate apart."
_TOO_FAR = "The taps lie rate + 1 apart: between them are rate - 1 pixels, not rate."
_STRIDE = (
    "This is a stride: it leaves outputs out. A rate pulls the taps apart, and r and c move by one."
)
_PADDED = "Zeros were added around the picture: count only outputs where the whole kernel fits."
_ONE_SHORT = "The last row and column are missing: there are H - rate * (k - 1) rows."
_ROWS_ONLY = "The rate pulls the rows apart, but not the columns: both have it."
_COLUMNS_ONLY = "The rate pulls the columns apart, but not the rows: both have it."
_TURNED = "Rows and columns of the result are swapped."
_ENLARGED = "Every weight was repeated: what lies between two weights is not read."
_THINNED = "The picture was thinned out first: outputs lie one pixel apart, taps rate apart."
_AT_THE_END = "Zeros were added behind the picture: count only outputs where the whole kernel fits."
_LAST_WEIGHT = "Only the last weight's products are left: add them up with +=, not =."
_ROUND = "The picture goes on at its other end here: count only outputs where the kernel fits."
_SQUARE_KERNEL = "The kernel was taken for a square: count its columns apart from its rows."
_WHOLE = "The numbers were cut to whole ones: make the output with np.zeros(shape), without int."

Table = list[list[float]]


def _atrous2d(
    image: Table, kernel: Table, rate: int, right: Table, mistakes: dict[str, Table]
) -> Case:
    tables = {"image": np.array(image, dtype=float), "kernel": np.array(kernel, dtype=float)}
    return Case("atrous2d", tables | {"rate": rate}, right, mistakes)


_IMAGE: Table = [[3, 1, 4, 1, 5, 9], [9, 2, 6, 5, 3, 5], [5, 8, 9, 7, 9, 3], [3, 2, 3, 8, 4, 2]]
_SQUARE: Table = [[1, 2], [3, 4]]

_ATROUS = (
    _atrous2d(
        [row[:5] for row in _IMAGE],
        _SQUARE,
        2,
        [[62, 55, 77], [42, 50, 37]],
        {
            _FLIPPED: [[43, 30, 58], [63, 35, 43]],
            _SWAPPED: [[61, 48, 73], [45, 53, 37]],
            _RATE_ONE: [[40, 39, 44, 38], [60, 74, 71, 68], [38, 44, 64, 65]],
            _TOO_FAR: [[46, 33]],
            _STRIDE: [[40, 44], [38, 64]],
            _PADDED: [[8, 51, 26, 30, 15], [34, 62, 55, 77, 22], [12, 42, 50, 37, 29],
                      [16, 23, 22, 27, 7]],
            _ONE_SHORT: [[62, 55]],
            _ROWS_ONLY: [[52, 69, 61, 68], [30, 32, 57, 51]],
            _COLUMNS_ONLY: [[62, 29, 44], [72, 64, 75], [44, 60, 52]],
            _TURNED: [[62, 42], [55, 50], [77, 37]],
            _ENLARGED: [[209, 219]],
            _THINNED: [[62, 77]],
            _LAST_WEIGHT: [[36, 28, 36], [12, 32, 16]],
            _AT_THE_END: [[62, 55, 77, 22, 32], [42, 50, 37, 29, 15], [23, 22, 27, 7, 9],
                          [9, 18, 11, 8, 4]],
            _ROUND: [[62, 55, 77, 48, 66], [42, 50, 37, 59, 27], [48, 29, 59, 32, 44],
                     [60, 44, 41, 65, 25]],
        },
    ),
    _atrous2d(
        [[3.5, 1, 4, 1], [5, 9, 2, 6], [5, 3, 5, 8]],
        [[1, 2, 3], [4, 5, 6]],
        1,
        [[94.5, 94], [94, 116]],
        {
            _FLIPPED: [[77, 67], [109, 115]],
            _SWAPPED: [[95.5, 84, 105]],
            _ONE_SHORT: [[94.5]],
            _SQUARE_KERNEL: [[70.5, 55, 44], [58, 50, 74]],
            _WHOLE: [[94, 94], [94, 116]],
        },
    ),
    _atrous2d(
        _IMAGE,
        _SQUARE,
        3,
        [[46, 33, 39]],
        {_FLIPPED: [[29, 27, 51]], _STRIDE: [[40, 38]], _ROWS_ONLY: [[22, 27, 47, 51, 43]]},
    ),
)  # fmt: skip

_NO_RATES = "The rates are missing: k taps reach over d * (k - 1) + 1 places."
_NO_STRIDES = "The strides are missing: behind a stride of 2, a step is 2 inputs long."
_TOO_EARLY = "A layer's own stride is counted too early: it lengthens the steps behind the layer."
_ONE_STRIDE = "Only the stride just before is counted: all strides before multiply."
_REVERSED = "The layers were taken from last to first: the first one reads the input."
_WHOLE_REACH = "Each layer adds k * d; but the first of its taps is there already: (k - 1) * d."
_FROM_ZERO = "Begin with one input: without any layer, a unit sees itself."
_RATE_FIRST = "Stride and rate are swapped: a layer is (kernel_size, stride, rate)."
_SPANS = "Each layer adds (k - 1) * d + 1; but the first of its taps is there already: (k - 1) * d."
_MULTIPLIED = "What the layers reach over was multiplied: it adds up, (k - 1) * d for each."
_RATE_JUMPS = "A rate was counted as a stride: it does not lengthen the steps behind its layer."
_LAST_LEFT_OUT = "The last layer is missing."
_FIRST_LEFT_OUT = "The first layer is missing."
_BACKWARDS = "One input is missing at each layer: backwards, r = (r - 1) * s + (k - 1) * d + 1."
_SUMMED = "The strides were added up: jumps multiply."


def _field(layers: list[tuple[int, int, int]], right: int, mistakes: dict[str, int]) -> Case:
    return Case("receptive_field", {"layers": layers}, right, mistakes)


_RECEPTIVE_FIELD = (
    _field(
        [(3, 1, 4), (3, 1, 3)],
        15,
        {
            _NO_RATES: 5,
            _WHOLE_REACH: 22,
            _FROM_ZERO: 14,
            _RATE_FIRST: 11,
            _SPANS: 17,
            _SUMMED: 21,
            _MULTIPLIED: 63,
            _RATE_JUMPS: 33,
            _LAST_LEFT_OUT: 9,
            _FIRST_LEFT_OUT: 7,
            _BACKWARDS: 13,
        },
    ),
    _field(
        [(3, 3, 1), (2, 2, 1), (3, 1, 1)],
        18,
        {_NO_STRIDES: 6, _TOO_EARLY: 25, _ONE_STRIDE: 10, _REVERSED: 8, _SUMMED: 19},
    ),
    _field([(3, 2, 2), (3, 1, 4)], 21, {_NO_STRIDES: 13, _NO_RATES: 7}),
)

_WHOLE_FIELD = "This is the whole field: which of these inputs can be reached by such steps?"
_WAYS = "These are the numbers of ways: an input is seen or not, True or False."
_BY_ITSELF = "Every layer is taken by itself: steps of all layers follow each other, and add up."
_NO_MIDDLE = "The middle tap is missing: a layer steps by -d, 0 or +d."
_FACTOR = "This looks for a common factor only: rates that grow too fast leave gaps as well."
_PLACES = "These are the places: return True or False for each input of the field."
_STEPS = "These are steps from the middle: return True or False for each input of the field."
_ONE_SIDE = "Only steps of 0 and +d were taken: a layer steps by -d, 0 or +d."
_HALF = "This is half of the field: it reaches sum(rates) inputs to both sides of the unit."
_UNSEEN = "This is True where the unit sees nothing: turn it round."
_COUNTED = "This is how many inputs are seen: return True or False for each input of the field."
_SHORT = "The last input is missing: the field has 2 * sum(rates) + 1."


def _seeing(rates: list[int], right: list[int], mistakes: dict[str, Any]) -> Case:
    return Case("seen", {"rates": rates}, right, mistakes)


_SEEN = (
    _seeing(
        [2],
        [1, 0, 1, 0, 1],
        {
            _WHOLE_FIELD: [1, 1, 1, 1, 1],
            _NO_MIDDLE: [1, 0, 0, 0, 1],
            _PLACES: [0, 2, 4],
            _STEPS: [-2, 0, 2],
            _ONE_SIDE: [0, 0, 1, 0, 1],
            _HALF: [1, 0, 1],
            _UNSEEN: [0, 1, 0, 1, 0],
            _COUNTED: 3,
            _SHORT: [1, 0, 1, 0],
        },
    ),
    _seeing(
        [2, 2],
        [1, 0, 1, 0, 1, 0, 1, 0, 1],
        {
            _WAYS: [1, 0, 2, 0, 3, 0, 2, 0, 1],
            _BY_ITSELF: [0, 0, 1, 0, 1, 0, 1, 0, 0],
            _WHOLE_FIELD: [1, 1, 1, 1, 1, 1, 1, 1, 1],
        },
    ),
    _seeing(
        [1, 4],
        [1, 1, 1, 0, 1, 1, 1, 0, 1, 1, 1],
        {
            _FACTOR: [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1],
            _BY_ITSELF: [0, 1, 0, 0, 1, 1, 1, 0, 0, 1, 0],
        },
    ),
    _seeing([1, 2], [1, 1, 1, 1, 1, 1, 1], {_BY_ITSELF: [0, 1, 1, 1, 1, 1, 0]}),
)


def atrous2d(function: Callable[..., Any]) -> None:
    """Check a function ``(image, kernel, rate)`` that convolves with holes."""
    run("atrous2d", function, _ATROUS)


def receptive_field(function: Callable[..., Any]) -> None:
    """Check a function of layers that returns how many inputs a unit behind them sees."""
    run("receptive_field", function, _RECEPTIVE_FIELD)


def seen(function: Callable[..., Any]) -> None:
    """Check a function of rates that tells which inputs of the field a unit sees."""
    run("seen", function, _SEEN)


def atrous_picture() -> Any:
    """Draw the first visible check, with frames around the pixels of the first output."""
    from segviz.exercises._pictures import frame, tables

    case = _ATROUS[0]
    image, kernel, rate = case.arguments.values()
    holes = np.zeros(rate * (np.array(kernel.shape) - 1) + 1)
    holes[::rate, ::rate] = kernel
    axes = tables({"image": image, f"kernel at rate {rate}": holes, "y": case.right})
    for row, column in np.ndindex(kernel.shape):
        frame(axes[0], row * rate, column * rate, 1, 1)
    frame(axes[2], 0, 0, 1, 1)
    return axes


def field_picture() -> Any:
    """Draw who reads whom behind a layer of kernel 3 and stride 2, and another of kernel 3."""
    from segviz.plot import _style

    axes = _style.figure(height=2.2, width=5.5).subplots()
    levels = [[0, 1, 2, 3, 4, 5, 6], [1, 3, 5], [3]]
    for level, reach in ((1, 1), (2, 2)):
        for place in levels[level]:
            for tap in (place - reach, place, place + reach):
                axes.plot([place, tap], [level, level - 1], color=_style.CYCLE[0], linewidth=1.5)
    for level, places in enumerate(levels):
        axes.plot(places, [level] * len(places), "o", color=_style.CYCLE[1], markersize=13)
    axes.set(xticks=levels[0], yticks=range(3), xlabel="input", ylim=(-0.4, 2.4))
    axes.set_yticklabels(["input", "behind kernel 3, stride 2", "behind kernel 3"])
    axes.spines[:].set_visible(False)
    return axes


def seen_picture() -> Any:
    """Draw which inputs two stacks see: 1 for those that they do."""
    from segviz.exercises._pictures import tables

    shown = {f"seen({case.arguments['rates']})": case.right for case in _SEEN[1:3]}
    return tables(shown, cell=0.4)
