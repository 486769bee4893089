"""Down and up again: the tables of a pooling and of its unpooling, and a picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from segviz.plot import _style
from segviz.plot.pooling import number_table

_CELL, _PICTURE, _TITLE = 0.4, 1.9, 1.45  # inches; a title needs as much
_GAP, _NAME = 0.35, 0.3
_FRAME = "#d55e00"


def unpooling(
    values: np.ndarray,
    pooled: np.ndarray,
    unpooled: np.ndarray,
    indices: np.ndarray | None = None,
    *,
    kernel_size: int,
    writes: Sequence[Sequence[int]],
    used: np.ndarray | None = None,
    step: int | None = None,
    pictures: Sequence[np.ndarray | None] = (),
) -> np.ndarray:
    """Draw a small table that goes down and up again, whole or at one step.

    Args:
        values: the table, shape ``(H, W)``, each cell with its index in the corner.
        pooled: what is left of it, shape ``(h, w)``.
        unpooled: the table that comes up again, any shape.
        indices: saved positions row * W + column, shape ``(h, w)``; None where none are saved.
        kernel_size: of the windows, which is their stride as well.
        writes: for each pooled value, row by row, the places of ``unpooled`` that it goes to.
        used: the indices that the way up went by, if they are others than the saved ones.
        step: 0 to 2 h w - 1, first all windows down and then all values up; None shows the end.
        pictures: grey pictures in [0, 1], drawn to one scale: before, pooled, up again; None
            leaves a place empty.

    Returns:
        The matplotlib Axes, left to right: the tables, then the pictures.

    Raises:
        ValueError: a step that is not there.

    >>> unpooling(np.array([[1, 2], [3, 4]]), np.array([[4]]), np.array([[0, 0], [0, 4]]),
    ...           np.array([[3]]), kernel_size=2, writes=[[3]]).shape
    (4,)
    """
    last = 2 * pooled.size - 1
    if step is not None and not 0 <= step <= last:
        raise ValueError(f"step={step} is not there: use 0 to {last}, or None for the end.")
    down = pooled.size - 1 if step is None else min(step, pooled.size - 1)
    up = pooled.size - 1 if step is None else step - pooled.size
    tables = [values, pooled] + ([] if indices is None else [indices]) + [unpooled]
    cells = [max(_TITLE / _CELL, table.shape[1]) for table in tables]
    reach = [max(n, kernel_size * m) for n, m in zip(values.shape, pooled.shape, strict=True)]
    cells[0] = max(cells[0], reach[1])
    axes = _layout(cells, max(reach[0], len(unpooled)), len(pictures))
    _input(axes[0], values, pooled.shape, indices, kernel_size, None if step is None else step)
    middle = [("pooled", pooled)]
    if indices is not None:
        going_up = step is None or up >= 0
        middle += [
            ("saved index", indices) if used is None or not going_up else ("index used", used)
        ]
    for axis, (title, table) in zip(axes[1:], middle, strict=False):
        lit = _one(table.shape, down if up < 0 else up) if step is not None else None
        number_table(axis, _until(table, down), title=title, lit=lit)
    _output(axes[len(tables) - 1], unpooled, writes, up, step is not None)
    for axis, width in zip(axes, cells, strict=False):
        axis.set_xlim(-0.6, width - 0.4)  # so that all cells are equal
    axes[0].set_ylim(reach[0] - 0.4, -0.6)
    _pictures(axes[len(tables) :], pictures)
    return axes


def _layout(cells: Sequence[float], rows: int, pictures: int) -> np.ndarray:
    """Tables of so many cells in a row on top, pictures in a row below."""
    widths = [_CELL * (count + 0.2) for count in cells]
    heights = [_CELL * (rows + 0.2) + _NAME] + ([_PICTURE + _NAME] if pictures else [])
    below = [_PICTURE + _GAP] * pictures
    wide = max(sum(widths) + _GAP * len(widths), sum(below)) + _GAP
    figure = _style.figure(height=sum(heights) + 0.2, width=wide)
    parts = np.atleast_1d(np.asarray(figure.subfigures(len(heights), 1, height_ratios=heights)))
    axes = _row(parts[0], [*widths, wide - sum(widths)])
    if pictures:
        axes += _row(parts[1], [*below, wide - sum(below)])
    return np.array(axes)


def _row(part: Any, widths: Sequence[float]) -> list[Axes]:
    """Axes of these widths in inches; the last width stays empty."""
    *axes, rest = part.subplots(1, len(widths), width_ratios=widths, squeeze=False)[0]
    rest.set_axis_off()
    return axes


def _input(
    axes: Axes,
    values: np.ndarray,
    pooled: tuple[int, ...],
    indices: np.ndarray | None,
    kernel_size: int,
    step: int | None,
) -> None:
    positions = np.arange(values.size).reshape(values.shape)
    seen = np.zeros(values.shape, dtype=bool)
    seen[: pooled[0] * kernel_size, : pooled[1] * kernel_size] = True
    windows = list(np.ndindex(*pooled))
    going_up = step is not None and step >= len(windows)
    shown = windows if step is None else [] if going_up else [windows[step]]
    lit = None
    if indices is not None:
        found = indices.ravel()
        lit = np.isin(positions, found if step is None else found[step % found.size])
    number_table(axes, values, title="input", lit=lit, unread=~seen, notes=positions)
    for row, column in shown:
        corner = (column * kernel_size - 0.5, row * kernel_size - 0.5)
        axes.add_patch(
            Rectangle(corner, kernel_size, kernel_size, fill=False, edgecolor=_FRAME, linewidth=2)
        )


def _output(
    axes: Axes, unpooled: np.ndarray, writes: Sequence[Sequence[int]], up: int, one: bool
) -> None:
    """The output so far: zeros are there from the first step up."""
    positions = np.arange(unpooled.size).reshape(unpooled.shape)
    places = [place for some in writes[: up + 1] for place in some]
    written = np.isin(positions, places)
    shown = np.where(written, unpooled, 0.0)
    if up < 0:
        shown[:] = np.nan
    lit = np.isin(positions, writes[up] if up >= 0 else []) if one else written
    number_table(axes, shown, title="up again", lit=lit, notes=positions)


def _one(shape: tuple[int, ...], place: int) -> np.ndarray:
    return np.arange(shape[0] * shape[1]).reshape(shape) == place


def _until(table: np.ndarray, last: int) -> np.ndarray:
    """The table up to a place, and NaN beyond it."""
    places = np.arange(table.size).reshape(table.shape)
    return np.where(places <= last, table, np.nan)


def _pictures(axes: np.ndarray, pictures: Sequence[np.ndarray | None]) -> None:
    shown = [picture for picture in pictures if picture is not None]
    largest = max((max(picture.shape) for picture in shown), default=0)
    names = ("picture", "pooled", "up again")
    for axis, picture, name in zip(axes, pictures, names, strict=False):
        axis.set(xlim=(-0.5, largest - 0.5), ylim=(largest - 0.5, -0.5), aspect="equal")
        axis.set_anchor("NW")
        axis.set_axis_off()
        if picture is None:
            axis.set_title(f"{name}: none", fontsize=10, loc="left")
            continue
        extent = (-0.5, picture.shape[1] - 0.5, picture.shape[0] - 0.5, -0.5)
        axis.imshow(picture, cmap="gray", vmin=0, vmax=1, interpolation="nearest", extent=extent)
        axis.set(xlim=(-0.5, largest - 0.5), ylim=(largest - 0.5, -0.5))
        axis.set_title(f"{name}, {picture.shape[0]} × {picture.shape[1]}", fontsize=10, loc="left")
