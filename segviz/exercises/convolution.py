"""Visible checks of exercise 02: a convolution, the size of its result, and max-pooling.

The kernel 1000, 100, 10, 1 writes the digits of each window one behind the other, so that a result
tells which pixels were read, and in which order. The tests compare the numbers with torch.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from segviz.exercises._checks import Case, run
from segviz.exercises._pictures import frame, tables

_DIGITS = np.array([[1.0, 2, 3, 4], [5, 6, 7, 8], [9, 1, 2, 3]])
_SQUARE = np.array([[1.0, 2], [3, 4]])
_WRITER = np.array([[1000.0, 100], [10, 1]])

_FLIPPED = "The kernel is flipped: the formula has x[r + i, c + j], not x[r - i, c - j]."
_TRANSPOSED = "Rows and columns of the kernel are swapped: w[i, j] belongs to row r + i."
_SWAPPED = "Rows and columns of the result are swapped."
_TOO_SMALL = "The last row and column are missing: did you forget the + 1 in the size?"
_ONE_ROW = "Only the first row was computed: does return stand inside a loop?"
_ONE_VALUE = "Only the first value was computed: does return stand inside a loop?"
_JUTTING_OUT = (
    "Windows run over the border here: only whole windows count, zeros come from padding."
)
_STRETCHED = (
    "Windows that run over the border were kept, and numpy stretched them: take whole ones."
)
_ROWS_TWICE = "The kernel's height was taken for its width, too: a kernel need not be square."
_COLUMNS_TWICE = "The kernel's width was taken for its height, too: a kernel need not be square."
_EVERY_PLACE = "This is the result for stride=1: take a window at every stride-th place only."
_CLOSE_WINDOWS = "The size is right, but windows move by one: window [r, c] begins at r * stride."
_NO_PADDING = "This is the result for padding=0."
_HALF_PADDING = "Zeros are missing at the top and the left: padding is added on all four sides."
_COPIED = "The border's values are repeated: padding is zeros."

_CONV2D = (
    Case(
        "conv2d",
        {"x": _DIGITS, "kernel": _WRITER, "stride": 1, "padding": 0},
        [[1256, 2367, 3478], [5691, 6712, 7823]],
        {
            _FLIPPED: [[6521, 7632, 8743], [1965, 2176, 3287]],
            _TRANSPOSED: [[1526, 2637, 3748], [5961, 6172, 7283]],
            _SWAPPED: [[1256, 5691], [2367, 6712], [3478, 7823]],
            _TOO_SMALL: [[1256, 2367]],
            _ONE_ROW: [[1256, 2367, 3478], [0, 0, 0]],
            _ONE_VALUE: [[1256, 0, 0], [0, 0, 0]],
            _JUTTING_OUT: [
                [1256, 2367, 3478, 4080],
                [5691, 6712, 7823, 8030],
                [9100, 1200, 2300, 3000],
            ],
            _STRETCHED: [
                [1256, 2367, 3478, 4488],
                [5691, 6712, 7823, 8833],
                [9191, 1212, 2323, 3333],
            ],
        },
    ),
    Case(
        "conv2d",
        {"x": _DIGITS, "kernel": np.array([[100.0, 10, 1]]), "stride": 1, "padding": 0},
        [[123, 234], [567, 678], [912, 123]],
        {
            _ROWS_TWICE: 111 * _DIGITS,
            _COLUMNS_TWICE: [[1602, 1035]],
            _SWAPPED: [[123, 567, 912], [234, 678, 123]],
        },
    ),
    Case(
        "conv2d",
        {"x": _DIGITS, "kernel": _WRITER, "stride": 2, "padding": 0},
        [[1256, 3478]],
        {
            _EVERY_PLACE: [[1256, 2367, 3478], [5691, 6712, 7823]],
            _CLOSE_WINDOWS: [[1256, 2367]],
        },
    ),
    Case(
        "conv2d",
        {"x": _SQUARE, "kernel": _WRITER, "stride": 1, "padding": 1},
        [[1, 12, 20], [103, 1234, 2040], [300, 3400, 4000]],
        {
            _NO_PADDING: [[1234]],
            _HALF_PADDING: [[1234, 2040], [3400, 4000]],
            _COPIED: [[1111, 1212, 2222], [1133, 1234, 2244], [3333, 3434, 4444]],
        },
    ),
    Case(
        "conv2d",
        {"x": _DIGITS, "kernel": _WRITER, "stride": 2, "padding": 1},
        [[1, 23, 40], [509, 6712, 8030]],
        {_NO_PADDING: [[1256, 3478]]},
    ),
)

_ROUNDED_UP = "This is rounded up: a last step that doesn't fit is left out."
_FRACTION = "A size is a whole number: round down."
_PADDING_ONCE = "padding counts once here: it is added at both ends."
_NO_ONE = "The + 1 is missing: the first window needs no step."
_NO_KERNEL = "The kernel's own width is missing: the first window takes kernel_size places."
_PADDING_LOST = "This is the size for padding=0."


def _size(right: int, numbers: tuple[int, ...], mistakes: dict[str, float]) -> Case:
    arguments = dict(zip(("n", "kernel_size", "stride", "padding"), numbers, strict=True))
    return Case("output_size", arguments, right, mistakes)


_OUTPUT_SIZE = (
    _size(
        3,
        (8, 3, 2, 0),
        {_NO_ONE: 2, _NO_KERNEL: 5, _FRACTION: 3.5, _ROUNDED_UP: 4},
    ),
    _size(
        9,
        (9, 5, 1, 2),
        {_PADDING_LOST: 5, _PADDING_ONCE: 7, _NO_ONE: 8},
    ),
    _size(
        5,
        (10, 7, 2, 3),
        {_PADDING_LOST: 2, _PADDING_ONCE: 4, _ROUNDED_UP: 6, _NO_KERNEL: 9},
    ),
)

_POOLED = np.array(
    [[1.0, 5, 2, 0, 3, 3], [4, 2, 8, 1, 0, 3], [0, 6, 1, 1, 2, 9], [6, 0, 1, 1, 4, 7]]
)
_MAXIMA, _PLACES = [[5, 8, 3], [6, 1, 9]], [[1, 8, 4], [13, 14, 17]]

_VALUES_ONLY = "Only the values came back: return values, indices."
_WRONG_ORDER = "values and indices are swapped: return values, indices."
_IN_WINDOW = "The indices count within each window: count them in the whole of x."
_TIMES_HEIGHT = "The indices count r * H + c: a row of x has W places, so it is r * W + c."
_BY_COLUMNS = "The indices count column by column: count row by row, r * W + c."
_LAST_WINS = "At a tie the last one was remembered: the first one counts. Is it > or >=?"
_AVERAGE = "The values are averages, not maxima."
_TILES = "This is the result for stride=kernel_size: windows begin at every stride-th place."
_JUTTING = "Windows that run over the end were kept: only whole windows count."
_FROM_ZERO = "The search began at 0, so that no negative number can win. Begin at the first value."

_MAX_POOL = (
    Case(
        "max_pool",
        {"x": _POOLED, "kernel_size": 2, "stride": 2},
        [_MAXIMA, _PLACES],
        {
            _VALUES_ONLY: _MAXIMA,
            _WRONG_ORDER: [_PLACES, _MAXIMA],
            _IN_WINDOW: [_MAXIMA, [[1, 2, 0], [1, 0, 1]]],
            _TIMES_HEIGHT: [_MAXIMA, [[1, 6, 4], [9, 10, 13]]],
            _BY_COLUMNS: [_MAXIMA, [[4, 9, 16], [6, 10, 22]]],
            _LAST_WINS: [_MAXIMA, [[1, 8, 11], [18, 21, 17]]],
            _AVERAGE: [[[3, 2.75, 2.25], [3, 1, 5.5]], _PLACES],
        },
    ),
    Case(
        "max_pool",
        {"x": _POOLED, "kernel_size": 3, "stride": 1},
        [[[8, 8, 8, 9], [8, 8, 8, 9]], [[8, 8, 8, 17], [8, 8, 8, 17]]],
        {_TILES: [[[8, 9]], [[8, 17]]]},
    ),
    Case(
        "max_pool",
        {"x": np.array([[1.0, 2, 9], [3, 0, 4]]), "kernel_size": 2, "stride": 2},
        [[[3]], [[3]]],
        {_JUTTING: [[[3, 9]], [[3, 2]]]},
    ),
    Case(
        "max_pool",
        {"x": np.array([[-3.0, -1], [-2, -5]]), "kernel_size": 2, "stride": 2},
        [[[-1]], [[1]]],
        {_FROM_ZERO: [[[0]], [[0]]]},
    ),
)


def conv2d(function: Callable[..., Any]) -> None:
    """Check a function ``(x, kernel, stride, padding)`` that convolves, and print what is wrong."""
    run("conv2d", function, _CONV2D)


def output_size(function: Callable[..., Any]) -> None:
    """Check a function that returns the size of a convolution's result."""
    run("output_size", function, _OUTPUT_SIZE)


def max_pool(function: Callable[..., Any]) -> None:
    """Check a function ``(x, kernel_size, stride)`` that returns maxima and where they stood."""
    run("max_pool", function, _MAX_POOL)


def conv2d_picture() -> Any:
    """Draw x, the kernel that writes digits, and the result, with one window and its number."""
    case = _CONV2D[0]
    parts = {"x": _DIGITS, "kernel": _WRITER, "stride 1, padding 0": case.right}
    axes = tables(parts, cell=0.6)
    frame(axes[0], 1, 2, 2, 2)
    frame(axes[2], 1, 2, 1, 1)
    return axes


def output_size_picture() -> Any:
    """Draw the windows of kernel_size 3 and stride 2 on 8 places: three, and the last is unread."""
    windows = np.zeros((3, 8))
    for row in range(3):
        windows[row, 2 * row : 2 * row + 3] = 1
    axes = tables({"n = 8, kernel_size = 3, stride = 2": windows})
    axes[0].set(xticks=range(8), yticks=range(3), xlabel="place")
    axes[0].set_yticklabels([f"window {row}" for row in range(3)])
    axes[0].figure.set_size_inches(6.5, 2.4)
    return axes


def max_pool_picture() -> Any:
    """Draw x, its 2 x 2 maxima and their places, with one window and what it gives."""
    axes = tables({"x": _POOLED, "values": _MAXIMA, "indices": _PLACES})
    frame(axes[0], 2, 0, 2, 2)
    frame(axes[1], 1, 0, 1, 1)
    frame(axes[2], 1, 0, 1, 1)
    return axes
