"""What each step down and up says, in words and written out in numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from segviz.ops.output_size import pool_output_size
from segviz.widgets._unpooling_steps import DOWN, UP, WEIGHTS, Trip, Way


def steps(way: Way, trip: Trip) -> list[tuple[str, str]]:
    """For each step, first all down and then all up: a sentence, and its arithmetic."""
    total = 2 * trip.pooled.size
    axes = windows(way, trip)
    made = [_down(way, trip, axes, j) for j in range(trip.pooled.size)]
    taken: set[int] = set()
    for j, places in enumerate(trip.writes()):
        made.append(_up(way, trip, j, places, taken))
        taken.update(places)
    return [
        (f"Step {number} of {total}, {words}", written)
        for number, (words, written) in enumerate(made, start=1)
    ]


def windows(way: Way, trip: Trip) -> list[tuple[list[int], list[int]]]:
    """For rows and for columns: where each window starts, and where what it sees ends."""
    axes = []
    for n, m in zip(trip.x.shape, trip.pooled.shape, strict=True):
        starts = way.kernel_size * np.arange(m)
        axes.append((starts.tolist(), np.minimum(starts + way.kernel_size, n).tolist()))
    return axes


def sizes(way: Way, trip: Trip) -> list[str]:
    """How large the pooled map and the output are, and which other sizes pool to the same."""
    changes: dict[str, list[str]] = {}
    for axis, name in enumerate(("rows", "columns")):
        n, m, size = trip.x.shape[axis], trip.pooled.shape[axis], trip.size[axis]
        *others, last = same_size(m, way.kernel_size, way.ceil_mode)
        both = (
            f"{', '.join(map(str, others))} and {last} {'all' if others[1:] else 'both'} give {m}"
        )
        wrong = "" if size == n else f", not {n}"
        changes.setdefault(f"→ {m} → {size}{wrong} ({both})", []).append(f"{n} {name}")
    return [f"{' and '.join(names)} {change}" for change, names in changes.items()]


def same_size(pooled: int, kernel_size: int, ceil_mode: bool) -> list[int]:
    """All sizes that pool to ``pooled``.

    >>> same_size(2, 2, False), same_size(2, 2, True)
    ([4, 5], [3, 4])
    """
    first = kernel_size * (pooled - 1) + 1
    return [
        n
        for n in range(first, first + 2 * kernel_size)
        if (ceil_mode or n >= kernel_size)
        and pool_output_size(n, kernel_size, ceil_mode=ceil_mode) == pooled
    ]


def outcome(trip: Trip) -> str:
    """How many numbers are where they were, and how many were lost on the way up.

    >>> outcome(Way("max-pooling", "nearest", 2, False, "saved", "kept").go(np.eye(2), np.eye(2)))
    '2 of 4 numbers are back where they stood.'
    """
    lost = trip.lost()
    words = f"{trip.back():,} of {trip.x.size:,} numbers are back where they stood."
    return words if not lost else f"{words} {lost:,} values were written over by a later one."


def _down(way: Way, trip: Trip, axes: list[tuple[list[int], list[int]]], j: int) -> tuple[str, str]:
    row, column = divmod(j, trip.pooled.shape[1])
    (tops, bottoms), (lefts, rights) = axes
    top, bottom, left, right = tops[row], bottoms[row], lefts[column], rights[column]
    seen = trip.x[top:bottom, left:right]
    value = number(trip.pooled[row, column])
    start = f"down: {span('row', top, bottom)}, {span('column', left, right)}: "
    if trip.own is not None:
        index = int(trip.own[row, column])
        r, c = divmod(index, trip.x.shape[1])
        ties = int((seen == trip.pooled[row, column]).sum())
        first = f" (there {ties} times; the first counts)" if ties > 1 else ""
        return (
            f"{start}the largest is {value}{first}. Index {index} is saved.",
            f"max({_listed(seen)}) = {value}, at row {r}, column {c}: "
            f"index {r} × {trip.x.shape[1]} + {c} = {index}",
        )
    if way.down == DOWN[1]:
        return (
            f"{start}the average is {_about(trip.pooled[row, column])}.",
            f"({_listed(seen, ' + ')}) / {seen.size} {_sign(trip.pooled[row, column])} {value}",
        )
    terms = [
        f"{number(weight)} × {_bracketed(x)}"
        for weight, x in zip(np.diag(WEIGHTS[way.kernel_size]), np.diag(seen), strict=True)
    ]
    return f"{start}kernel times window is {value}.", f"{' + '.join(terms)} = {value}"


def _up(way: Way, trip: Trip, j: int, places: list[int], taken: set[int]) -> tuple[str, str]:
    value, width = number(trip.pooled.ravel()[j]), trip.size[1]
    if way.up == UP[2]:
        return _copies(trip, places, value)
    r, c = divmod(places[0], width)
    over = " Another value stood there: it is lost." if places[0] in taken else ""
    if way.up == UP[1]:
        k = way.kernel_size
        return (
            f"up: {value} goes to row {r}, column {c}, the corner of its block.",
            f"row {k} × {r // k} = {r}, column {k} × {c // k} = {c}",
        )
    return (
        f"up: {value} goes to index {places[0]}: row {r}, column {c}.{over}",
        f"index {places[0]} = {r} × {width} + {c}",
    )


def _copies(trip: Trip, places: Sequence[int], value: str) -> tuple[str, str]:
    blocks, reasons = [], []
    cells = [divmod(place, trip.size[1]) for place in places]
    for axis, name in enumerate(("row", "column")):
        lines = sorted({cell[axis] for cell in cells})
        blocks.append(span(name, lines[0], lines[-1] + 1))
        m, n = trip.pooled.shape[axis], trip.size[axis]
        shares = " = ".join(f"⌊{line} × {m} / {n}⌋" for line in lines)
        reasons.append(f"{shares} = {lines[0] * m // n}")
    return f"up: {value} is copied to {', '.join(blocks)}.", f"rows {'; columns '.join(reasons)}"


def span(word: str, first: int, end: int) -> str:
    """Rows or columns from ``first`` up to, not including, ``end``.

    >>> span("row", 2, 3), span("column", 0, 2)
    ('row 2', 'columns 0 to 1')
    """
    return f"{word} {first}" if end - first == 1 else f"{word}s {first} to {end - 1}"


def number(value: Any) -> str:
    """A number as it stands in a table: two decimals at most, a true minus sign.

    >>> number(2.0), number(-2.25), number(1 / 3)
    ('2', '−2.25', '0.33')
    """
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text.replace("-", "−")


def _sign(value: float) -> str:
    return "=" if abs(round(100 * value) - 100 * value) < 1e-9 else "≈"


def _about(value: float) -> str:
    return number(value) if _sign(value) == "=" else f"about {number(value)}"


def _bracketed(value: Any) -> str:
    return f"({number(value)})" if value < 0 else number(value)


def _listed(values: np.ndarray, between: str = ", ") -> str:
    shown = number if between == ", " else _bracketed
    return between.join(shown(value) for value in values.ravel())
