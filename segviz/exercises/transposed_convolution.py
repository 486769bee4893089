"""Visible checks of exercise 06: stamps that add up, the size that they fill, and the matrix.

The numbers were worked out by hand; the tests compare them with torch.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from segviz.exercises._checks import Case, run

_X, _KERNEL = np.array([1.0, 10.0]), np.array([1.0, 2.0, 3.0])

_FLIPPED = "The kernel is mirrored: did you flip it? A stamp keeps its order."
_OVERWRITTEN = "Where stamps overlap the last one wins: add to the output, don't assign to it."
_STRIDE_ONE = "This is the answer for stride=1: move each stamp by stride, not by one."
_CUT_OFF = "The last stamp is cut off: the output has (n - 1) * stride + k places."
_AVERAGED = "Overlaps are averaged: stamps add up, however many meet."
_TOO_LONG = "Zeros are left over at the end: the output has (n - 1) * stride + k places."
_NAILS_BEHIND = "Zeros stand behind the last input, too: stride - 1 of them go between two inputs."
_CROPPED = "A place is cropped at both ends: there is no padding, so every stamp is whole."
_TOO_FAR = "Stamps lie stride + 1 apart: between two inputs are stride - 1 zeros, not stride."
_PULLED_APART = "The kernel's taps lie stride apart: it is the stamps that do, y[i * stride + j]."
_LAST_STAMP = "Only the last stamp is there: begin with zeros once, before the loop."
_WHOLE = "The numbers were cut to whole ones: make the output with np.zeros(shape), without int."

_STAMP = (
    Case(
        "stamp",
        {"x": _X, "kernel": _KERNEL, "stride": 2},
        [1, 2, 13, 20, 30],
        {
            _FLIPPED: [3, 2, 31, 20, 10],
            _OVERWRITTEN: [1, 2, 10, 20, 30],
            _STRIDE_ONE: [1, 12, 23, 30],
            _CUT_OFF: [1, 2, 13, 20],
            _AVERAGED: [1, 2, 6.5, 20, 30],
            _TOO_LONG: [1, 2, 13, 20, 30, 0, 0],
            _NAILS_BEHIND: [1, 2, 13, 20, 30, 0],
            _CROPPED: [2, 13, 20],
            _TOO_FAR: [1, 2, 3, 10, 20, 30],
            _PULLED_APART: [1, 10, 2, 20, 3, 30],
            _LAST_STAMP: [0, 0, 10, 20, 30],
        },
    ),
    Case(
        "stamp",
        {"x": _X, "kernel": _KERNEL, "stride": 1},
        [1, 12, 23, 30],
        {_OVERWRITTEN: [1, 10, 20, 30], _FLIPPED: [3, 32, 21, 10], _CUT_OFF: [1, 12]},
    ),
    Case(
        "stamp",
        {"x": np.array([0.5, 1.5]), "kernel": _KERNEL, "stride": 4},
        [0.5, 1, 1.5, 0, 1.5, 3, 4.5],
        {
            _FLIPPED: [1.5, 1, 0.5, 0, 4.5, 3, 1.5],
            _TOO_LONG: [0.5, 1, 1.5, 0, 1.5, 3, 4.5, 0],
            _WHOLE: [0, 1, 1, 0, 1, 3, 4],
        },
    ),
)

_NO_DILATION = "This is the size for dilation=1: k taps reach over dilation * (k - 1) + 1 places."
_FORWARD = "This is the size after a convolution. A transposed one goes the other way."
_PADDING_ADDED = "padding was added: here it crops the output, once at each side."
_NO_OUTPUT_PADDING = "output_padding is missing: it adds places at the end."
_TIMES_STRIDE = "This counts n * stride; the last stamp begins at (n - 1) * stride."
_NO_ONE = "The + 1 is missing: d * (k - 1) is the way from the first tap to the last."
_NO_STRIDE = "The stride is missing: the last stamp begins at (n - 1) * stride."
_NO_KERNEL = "The kernel is missing: the last stamp reaches over d * (k - 1) + 1 places."
_SWAPPED = "stride and dilation are swapped: the stride goes with n - 1, the dilation with k - 1."
_WHOLE_REACH = "This counts d * k: from the first of k taps to the last are k - 1 steps."
_TAPS_TOO_FAR = "Taps lie d + 1 apart: at dilation d, d - 1 places are between two of them."
_PADDING_ONCE = "padding was taken off once: it crops the output at both ends, 2 * padding."
_PADDING_LOST = "padding is missing: it crops the output at both ends, 2 * padding."
_PADDING_TAKEN = "output_padding was taken off: it adds places at the end."
_PADDING_TWICE = "output_padding was added twice: it adds places at one end only."


def _size(right: int, mistakes: dict[str, int], **arguments: int) -> Case:
    defaults = {"stride": 1, "padding": 0, "output_padding": 0, "dilation": 1}
    sizes = {"n": arguments["n"], "kernel_size": arguments["kernel_size"]}
    return Case("output_size", sizes | defaults | arguments, right, mistakes)


_OUTPUT_SIZE = (
    _size(
        14,
        {
            _TIMES_STRIDE: 16,
            _FORWARD: 2,
            _NO_ONE: 13,
            _NO_STRIDE: 9,
            _NO_KERNEL: 11,
            _SWAPPED: 12,
            _WHOLE_REACH: 15,
            _TAPS_TOO_FAR: 17,
        },
        n=6,
        kernel_size=4,
        stride=2,
    ),
    _size(
        16,
        {_PADDING_ADDED: 24, _PADDING_ONCE: 18, _PADDING_LOST: 20, _FORWARD: 2},
        n=6,
        kernel_size=5,
        stride=3,
        padding=2,
    ),
    _size(
        8,
        {_NO_DILATION: 6, _FORWARD: 0, _WHOLE_REACH: 9, _TAPS_TOO_FAR: 10},
        n=4,
        kernel_size=3,
        dilation=2,
    ),
    _size(
        14,
        {_NO_OUTPUT_PADDING: 12, _PADDING_TAKEN: 10, _PADDING_TWICE: 16},
        n=4,
        kernel_size=3,
        stride=3,
        output_padding=2,
    ),
)

_MATRIX_FLIPPED = "The kernel is mirrored in every row: row i holds it in its own order."
_MATRIX_TRANSPOSED = "This is the transpose: one row per output, one column per input."
_MATRIX_STRIDE_ONE = "Every row moves by one: row i begins at column i * stride."
_MATRIX_ROUND = "Rows go on at the other end: leave out windows that run over the edge."
_MATRIX_CUT = "Windows that run over the edge are cut: leave them out."
_MATRIX_SHORT = (
    "The last row is missing: there are (n - k) // stride + 1, as the first needs no step."
)
_MATRIX_EVERY = "This is the matrix for stride=1: leave out rows, only every stride-th is there."
_MATRIX_APART = "The taps lie stride apart: the rows do, and a row's taps are neighbours."
_MATRIX_STUCK = "Every row begins at column 0: row i begins at column i * stride."

_MATRIX = (
    Case(
        "matrix",
        {"kernel": _KERNEL, "n": 5, "stride": 2},
        [[1, 2, 3, 0, 0], [0, 0, 1, 2, 3]],
        {
            _MATRIX_FLIPPED: [[3, 2, 1, 0, 0], [0, 0, 3, 2, 1]],
            _MATRIX_TRANSPOSED: [[1, 0], [2, 0], [3, 1], [0, 2], [0, 3]],
            _MATRIX_STRIDE_ONE: [[1, 2, 3, 0, 0], [0, 1, 2, 3, 0]],
            _MATRIX_ROUND: [[1, 2, 3, 0, 0], [0, 0, 1, 2, 3], [2, 3, 0, 0, 1]],
            _MATRIX_CUT: [[1, 2, 3, 0, 0], [0, 0, 1, 2, 3], [0, 0, 0, 0, 1]],
            _MATRIX_SHORT: [[1, 2, 3, 0, 0]],
            _MATRIX_EVERY: [[1, 2, 3, 0, 0], [0, 1, 2, 3, 0], [0, 0, 1, 2, 3]],
            _MATRIX_APART: [[1, 0, 2, 0, 3]],
            _MATRIX_STUCK: [[1, 2, 3, 0, 0], [1, 2, 3, 0, 0]],
        },
    ),
    Case(
        "matrix",
        {"kernel": np.array([0.5, 1.5, 2]), "n": 4, "stride": 1},
        [[0.5, 1.5, 2, 0], [0, 0.5, 1.5, 2]],
        {
            _MATRIX_FLIPPED: [[2, 1.5, 0.5, 0], [0, 2, 1.5, 0.5]],
            _MATRIX_SHORT: [[0.5, 1.5, 2, 0]],
            _WHOLE: [[0, 1, 2, 0], [0, 0, 1, 2]],
        },
    ),
    Case(
        "matrix",
        {"kernel": _KERNEL, "n": 6, "stride": 2},
        [[1, 2, 3, 0, 0, 0], [0, 0, 1, 2, 3, 0]],
        {_MATRIX_ROUND: [[1, 2, 3, 0, 0, 0], [0, 0, 1, 2, 3, 0], [3, 0, 0, 0, 1, 2]]},
    ),
)


def stamp(function: Callable[..., Any]) -> None:
    """Check a function ``(x, kernel, stride)`` that adds up stamps, and print what is wrong."""
    run("stamp", function, _STAMP)


def output_size(function: Callable[..., Any]) -> None:
    """Check a function that returns the size of a transposed convolution's output."""
    run("output_size", function, _OUTPUT_SIZE)


def matrix(function: Callable[..., Any]) -> None:
    """Check a function ``(kernel, n, stride)`` that returns the matrix of a convolution."""
    run("matrix", function, _MATRIX)


def stamps_picture() -> Any:
    """Draw the stamps of [1, 10] with the kernel [1, 2, 3] at stride 2, and their sum."""
    from segviz import plot

    stamps = np.array([[1.0, 2, 3, 0, 0], [0, 0, 10, 20, 30]])
    rows = np.vstack([stamps, stamps.sum(axis=0)])
    axes = plot.number_axes(_one_axes(), rows)
    axes.set(yticks=range(3), xticks=range(5))
    axes.set_yticklabels(["stamp of x[0] = 1", "stamp of x[1] = 10", "sum"])
    axes.axhline(1.5, color="black", linewidth=2)
    return axes


def matrix_picture() -> Any:
    """Draw the matrix of a convolution of 5 inputs with a kernel of 3, stride 2."""
    from segviz import plot

    axes = plot.number_axes(_one_axes(), np.array(_MATRIX[0].right, dtype=float))
    axes.set(xticks=range(5), yticks=range(2), xlabel="input", ylabel="output")
    return axes


def _one_axes() -> Any:
    from segviz.plot import _style

    return _style.figure(height=2.2).subplots()
