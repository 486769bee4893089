"""Visible checks of exercise 05: max-pooling that saves indices, and the way back up.

The numbers were worked out by hand; the tests compare them with torch.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from segviz.exercises._checks import Case, run

_FLOOR = "This is floor mode: keep the last window, too, with the numbers that it still has."
_LAST_TIE = "At a tie the last one is saved: the first one counts, row by row."
_COLUMN_TIE = "At a tie the first one column by column is saved: go row by row."
_IN_WINDOW = "Indices are counted inside of each window: count in the whole table."
_TIMES_HEIGHT = "Indices are row * H + column: one row is W numbers long, so take row * W + column."
_BY_COLUMNS = "Indices are counted column by column: count row by row, row * W + column."
_ZEROS = "A window that juts out was filled up with zeros, and they win over numbers below zero."
_VALUES_ONLY = "Only the values come back: return values, indices."
_PARTS_SWAPPED = "The two are swapped: return values, indices."
_FROM_ONE = "Indices are counted from 1: the first place of the table is 0."
_OVERLAPPING = (
    "Windows overlap here: they stand side by side, the next one begins kernel_size further."
)
_AVERAGE = "The values are averages: take the largest number."
_SMALLEST = "These are the smallest numbers: take the largest."
_FROM_ZERO = "The search begins at 0, and no number below it can win. Begin at the window's first."
_CORNER = "Every index is that of its window's first place: save where the largest number stands."
_WIDER = "Indices are counted in a table that was made wider: a row of x is W numbers long."
_ANYWHERE = "The largest number was looked up in the whole table: search its own window alone."
_NARROW = "The last window is narrower than k: its rows are window.shape[1] numbers long."
_WHOLE = "The numbers were cut to whole ones: make the output with np.zeros(shape), without int."


def _pooling(
    x: list[list[float]], kernel_size: int, right: list[Any], mistakes: dict[str, list[Any]]
) -> Case:
    arguments = {"x": np.array(x, dtype=float), "kernel_size": kernel_size}
    return Case("max_pool", arguments, right, mistakes)


_MAX_POOL = (
    _pooling(
        [[1, 3, 2, 0], [4, 2, 1, 5]],
        2,
        [[[4, 5]], [[4, 7]]],
        {
            _IN_WINDOW: [[[4, 5]], [[2, 3]]],
            _TIMES_HEIGHT: [[[4, 5]], [[2, 5]]],
            _BY_COLUMNS: [[[4, 5]], [[1, 7]]],
            _VALUES_ONLY: [[4, 5]],
            _PARTS_SWAPPED: [[[4, 7]], [[4, 5]]],
            _FROM_ONE: [[[4, 5]], [[5, 8]]],
            _OVERLAPPING: [[[4, 3, 5]], [[4, 1, 7]]],
            _AVERAGE: [[[2.5, 2]], [[4, 7]]],
            _SMALLEST: [[[1, 0]], [[0, 3]]],
            _CORNER: [[[4, 5]], [[0, 2]]],
        },
    ),
    _pooling(
        [[0, 7, 7, 7], [7, 7, 0, 7]],
        2,
        [[[7, 7]], [[1, 2]]],
        {
            _LAST_TIE: [[[7, 7]], [[5, 7]]],
            _COLUMN_TIE: [[[7, 7]], [[4, 2]]],
            _ANYWHERE: [[[7, 7]], [[1, 1]]],
        },
    ),
    _pooling(
        [[-5, -3, -2], [-4, -9, -6], [-7, -8, -1]],
        2,
        [[[-3, -2], [-7, -1]], [[1, 2], [6, 8]]],
        {
            _FLOOR: [[[-3]], [[1]]],
            _ZEROS: [[[-3, 0], [0, 0]], [[1, 3], [9, 9]]],
            _FROM_ZERO: [[[0, 0], [0, 0]], [[0, 0], [0, 0]]],
            _WIDER: [[[-3, -2], [-7, -1]], [[1, 2], [8, 10]]],
        },
    ),
    _pooling(
        [[1, 2, 9.5, 4], [3, 8, 5, 6], [2, 1, 4, 7.5]],
        3,
        [[[9.5, 7.5]], [[2, 11]]],
        {
            _FLOOR: [[[9.5]], [[2]]],
            _WHOLE: [[[9, 7]], [[2, 11]]],
            _NARROW: [[[9.5, 7.5]], [[2, 5]]],
        },
    ),
)

_GUESSED = (
    "The size was guessed, as twice that of the values: use size, or an index means another place."
)
_GUESSED_ROW = (
    "Rows were counted as twice as long as those of the values: size says how long they are."
)
_NAILS = "This is a bed of nails: every value stands in the corner of its block, not at its index."
_NEAREST = (
    "This is the nearest value everywhere: only the place of the index gets it, the rest is 0."
)
_READ_BY_COLUMNS = "Indices were read column by column: row = index // W, column = index % W."
_ADDED = "Two windows saved the same place, and were added: put the value there, once."
_INDICES_PUT = "The indices stand where the values belong."
_LONG_ROW = "This is one long row: give it the shape `size`."
_PUT_FROM_ONE = "Every value stands one place too early: indices count from 0."
_TURNED = "Rows and columns of the output are swapped: size is (H, W), rows first."
_FIRST_ONLY = "Only the first value was put back: does return stand inside a loop?"
_ONES = "These are ones: put the values there."
_COPY = "Nothing was put back: flatten() makes a copy; use ravel() or flat."
_IN_ORDER = "The values fill the places one after the other: each belongs to its own index."

_MAX_UNPOOL = (
    Case(
        "max_unpool",
        {"values": np.array([[4.0, 5.0]]), "indices": np.array([[4, 7]]), "size": (2, 4)},
        [[0, 0, 0, 0], [4, 0, 0, 5]],
        {
            _NAILS: [[4, 0, 5, 0], [0, 0, 0, 0]],
            _NEAREST: [[4, 4, 5, 5], [4, 4, 5, 5]],
            _READ_BY_COLUMNS: [[0, 0, 4, 0], [0, 0, 0, 5]],
            _INDICES_PUT: [[0, 0, 0, 0], [4, 0, 0, 7]],
            _LONG_ROW: [0, 0, 0, 0, 4, 0, 0, 5],
            _PUT_FROM_ONE: [[0, 0, 0, 4], [0, 0, 5, 0]],
            _TURNED: [[0, 4], [0, 0], [0, 0], [0, 5]],
            _FIRST_ONLY: [[0, 0, 0, 0], [4, 0, 0, 0]],
            _ONES: [[0, 0, 0, 0], [1, 0, 0, 1]],
            _COPY: np.zeros((2, 4)),
        },
    ),
    Case(
        "max_unpool",
        {"values": np.array([[4.0, 5.0]]), "indices": np.array([[5, 7]]), "size": (3, 5)},
        [[0, 0, 0, 0, 0], [4, 0, 5, 0, 0], [0, 0, 0, 0, 0]],
        {
            _GUESSED: [[0, 0, 0, 0], [0, 4, 0, 5]],
            _GUESSED_ROW: [[0, 0, 0, 0, 0], [0, 4, 0, 5, 0], [0, 0, 0, 0, 0]],
        },
    ),
    Case(
        "max_unpool",
        {"values": np.array([[2.5, 2.5, 1.5]]), "indices": np.array([[3, 3, 0]]), "size": (1, 6)},
        [[1.5, 0, 0, 2.5, 0, 0]],
        {
            _ADDED: [[1.5, 0, 0, 5, 0, 0]],
            _IN_ORDER: [[2.5, 0, 0, 1.5, 0, 0]],
            _WHOLE: [[1, 0, 0, 2, 0, 0]],
        },
    ),
)


def max_pool(function: Callable[..., Any]) -> None:
    """Check a function ``(x, kernel_size)`` that returns values and indices, in ceil mode."""
    run("max_pool", function, _MAX_POOL)


def max_unpool(function: Callable[..., Any]) -> None:
    """Check a function ``(values, indices, size)`` that puts every value back to its index."""
    run("max_unpool", function, _MAX_UNPOOL)


def pooling_picture() -> Any:
    """Draw a table of 3 x 5, what 2x2 max-pooling in ceil mode leaves of it, and the indices."""
    from segviz.exercises._pictures import frame, tables

    x = [[1, 3, 2, 0, 6], [4, 2, 2, 5, 1], [0, 1, 7, 7, 8]]
    values, indices = [[4, 5, 6], [1, 7, 8]], [[5, 8, 4], [11, 12, 14]]
    axes = tables({"x": x, "values": values, "indices": indices})
    for row, column in np.ndindex(2, 3):
        frame(axes[0], 2 * row, 2 * column, 2 - row, 2 - column // 2)
    return axes


def unpooling_picture() -> Any:
    """Draw the values, the indices and the result of the second visible check."""
    from segviz.exercises._pictures import tables

    case = _MAX_UNPOOL[1]
    values, indices, size = case.arguments.values()
    return tables({"values": values, "indices": indices, f"size {size}": case.right})
