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
_CUT_OFF = "The last stamp is cut off: the output has (n - 1) * stride + k places, not n * stride."
_AVERAGED = "Overlaps are averaged: stamps add up, however many meet."

_STAMP = (
    Case(
        "stamp([1, 10], [1, 2, 3], stride=2)",
        {"x": _X, "kernel": _KERNEL, "stride": 2},
        [1, 2, 13, 20, 30],
        {
            _FLIPPED: [3, 2, 31, 20, 10],
            _OVERWRITTEN: [1, 2, 10, 20, 30],
            _STRIDE_ONE: [1, 12, 23, 30],
            _CUT_OFF: [1, 2, 13, 20],
            _AVERAGED: [1, 2, 6.5, 20, 30],
        },
    ),
    Case(
        "stamp([1, 10], [1, 2, 3], stride=1)",
        {"x": _X, "kernel": _KERNEL, "stride": 1},
        [1, 12, 23, 30],
        {_OVERWRITTEN: [1, 10, 20, 30], _FLIPPED: [3, 32, 21, 10], _CUT_OFF: [1, 12]},
    ),
    Case(
        "stamp([1, 10], [1, 2, 3], stride=4)",
        {"x": _X, "kernel": _KERNEL, "stride": 4},
        [1, 2, 3, 0, 10, 20, 30],
        {_FLIPPED: [3, 2, 1, 0, 30, 20, 10], _CUT_OFF: [1, 2, 3, 0, 10, 20, 30, 0]},
    ),
)

_NO_DILATION = "This is the size for dilation=1: k taps reach over dilation * (k - 1) + 1 places."
_FORWARD = "This is the size after a convolution. A transposed one goes the other way."
_PADDING_ADDED = "padding was added: here it crops the output, once at each side."
_NO_OUTPUT_PADDING = "output_padding is missing: it adds places at the end."
_TIMES_STRIDE = "This counts n * stride; the last stamp begins at (n - 1) * stride."


def _size(right: int, mistakes: dict[str, int], **arguments: int) -> Case:
    call = ", ".join(f"{name}={value}" for name, value in arguments.items())
    defaults = {"stride": 1, "padding": 0, "output_padding": 0, "dilation": 1}
    return Case(f"output_size({call})", {**defaults, **arguments}, right, mistakes)


_OUTPUT_SIZE = (
    _size(
        *(9, {_TIMES_STRIDE: 11, _FORWARD: 1}),
        n=4,
        kernel_size=3,
        stride=2,
    ),
    _size(
        *(7, {_PADDING_ADDED: 11, _FORWARD: 2, _TIMES_STRIDE: 9}),
        n=4,
        kernel_size=3,
        stride=2,
        padding=1,
    ),
    _size(
        *(8, {_NO_DILATION: 6, _FORWARD: 0}),
        n=4,
        kernel_size=3,
        dilation=2,
    ),
    _size(
        *(10, {_NO_OUTPUT_PADDING: 9}),
        n=4,
        kernel_size=3,
        stride=2,
        output_padding=1,
    ),
)

_MATRIX_FLIPPED = "The kernel is mirrored in every row: row i holds it in its own order."
_MATRIX_TRANSPOSED = "This is the transpose: one row per output, one column per input."
_MATRIX_STRIDE_ONE = "Every row moves by one: row i begins at column i * stride."
_MATRIX_ROUND = "Rows go on at the other end: leave out windows that run over the edge."

_MATRIX = (
    Case(
        "matrix([1, 2, 3], n=5, stride=2)",
        {"kernel": _KERNEL, "n": 5, "stride": 2},
        [[1, 2, 3, 0, 0], [0, 0, 1, 2, 3]],
        {
            _MATRIX_FLIPPED: [[3, 2, 1, 0, 0], [0, 0, 3, 2, 1]],
            _MATRIX_TRANSPOSED: [[1, 0], [2, 0], [3, 1], [0, 2], [0, 3]],
            _MATRIX_STRIDE_ONE: [[1, 2, 3, 0, 0], [0, 1, 2, 3, 0]],
            _MATRIX_ROUND: [[1, 2, 3, 0, 0], [0, 0, 1, 2, 3], [2, 3, 0, 0, 1]],
        },
    ),
    Case(
        "matrix([1, 2, 3], n=4, stride=1)",
        {"kernel": _KERNEL, "n": 4, "stride": 1},
        [[1, 2, 3, 0], [0, 1, 2, 3]],
        {_MATRIX_FLIPPED: [[3, 2, 1, 0], [0, 3, 2, 1]]},
    ),
    Case(
        "matrix([1, 2, 3], n=6, stride=2)",
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
