"""Pooling as one figure: the table of numbers, what is left of it, and a picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from segviz.plot import _style

_CELL, _PICTURE = 0.4, 2.1  # inches
_LIT = "#e69f00"
_UNREAD = "#d9d9d9"


def pooling(
    values: np.ndarray,
    output: np.ndarray,
    indices: np.ndarray | None = None,
    *,
    kernel_size: int,
    stride: int,
    pictures: Sequence[np.ndarray] = (),
    step: int | None = None,
) -> np.ndarray:
    """Draw a small table, its pooling and, for max-pooling, where each maximum stood.

    Args:
        values: the table, shape ``(H, W)``; what no window reads is grey. The windows are framed,
            or the first of them if they overlap.
        output: its pooling, shape ``(H', W')``.
        indices: positions row * W + column of the maxima, shape ``(H', W')``; they are lit in
            the table. None for average pooling.
        kernel_size, stride: of the windows, in numbers.
        pictures: grey pictures in [0, 1], drawn to one scale: before pooling and after.
        step: the window, counted row by row, after which nothing is filled in yet; it is framed.

    Returns:
        The matplotlib Axes, left to right.

    >>> pooling(np.array([[1, 2], [3, 4]]), np.array([[4]]), np.array([[3]]),
    ...         kernel_size=2, stride=2).shape
    (3,)
    """
    tables = [_so_far(table, step) for table in (output, indices) if table is not None]
    reach = _reach(values.shape, output.shape, kernel_size, stride)
    # No table is narrower than its title.
    widths = [_CELL * reach[1], *(max(1.3, _CELL * table.shape[1]) for table in tables)]
    widths += [_PICTURE] * len(pictures)
    figure = _style.figure(
        height=max(_CELL * reach[0], _PICTURE if pictures else 0) + 0.5,
        width=max(6.5, sum(widths) + 0.35 * len(widths)),
    )
    axes = figure.subplots(1, len(widths), width_ratios=widths, squeeze=False)[0]
    _draw_input(axes[0], values, output.shape, indices, kernel_size, stride, step)
    titles = ["average"] if indices is None else ["largest", "saved index"]
    for axis, table, title, width in zip(axes[1:], tables, titles, widths[1:], strict=False):
        number_table(axis, table, title=title)
        axis.set_xlim(-0.55, width / _CELL - 0.45)  # so that all cells are equal
    _draw_pictures(axes[1 + len(tables) :], pictures)
    return axes


def number_table(
    axes: Axes,
    values: np.ndarray,
    *,
    title: str = "",
    lit: np.ndarray | None = None,
    unread: np.ndarray | None = None,
    notes: np.ndarray | None = None,
) -> Axes:
    """Draw a small table of numbers in squares.

    Args:
        axes: where to draw.
        values: shape ``(H, W)``; NaN leaves a cell empty.
        title: what stands above it, before its size.
        lit, unread: bool of shape ``(H, W)``: cells in orange, cells in grey.
        notes: what stands small in the cells' corners, shape ``(H, W)``.

    Returns:
        The same Axes.
    """
    rows, columns = values.shape
    for (row, column), value in np.ndenumerate(values):
        colour = "white" if unread is None or not unread[row, column] else _UNREAD
        if lit is not None and lit[row, column]:
            colour = _LIT
        corner = (column - 0.5, row - 0.5)
        # add_patch would look for new limits, and they are set below.
        axes.add_artist(Rectangle(corner, 1, 1, facecolor=colour, edgecolor="#767676"))
        text = f"{value:.2f}".rstrip("0").rstrip(".") if value % 1 else f"{value:.0f}"
        text = "" if np.isnan(value) else text
        middle: dict[str, Any] = {"ha": "center", "va": "center", "in_layout": False}
        size = 11 if len(text) < 4 else 9
        down = 0.14 if notes is not None and len(text) > 2 else 0  # below the note
        axes.text(column, row + down, text.replace("-", "−"), fontsize=size, **middle)
        if notes is not None:
            note = str(notes[row, column])
            corner_of: dict[str, Any] = {"ha": "left", "va": "top", "in_layout": False}
            axes.text(column - 0.44, row - 0.42, note, fontsize=7, **corner_of)
    by = f"{rows} × {columns}"
    axes.set_title(f"{title}, {by}" if title else by, fontsize=10, loc="left")
    axes.set(xlim=(-0.55, columns - 0.45), ylim=(rows - 0.45, -0.55), aspect="equal")
    axes.set_anchor("NW")
    axes.set_axis_off()
    return axes


def _reach(size: Sequence[int], output: Sequence[int], kernel_size: int, stride: int) -> list[int]:
    """Rows and columns that the table or its last window takes."""
    return [max(n, (m - 1) * stride + kernel_size) for n, m in zip(size, output, strict=True)]


def _so_far(table: np.ndarray, step: int | None) -> np.ndarray:
    """The table up to a place, counted row by row; NaN behind it."""
    later = step is not None and np.arange(table.size).reshape(table.shape) > step
    return np.where(later, np.nan, table) if np.any(later) else table


def _draw_input(
    axes: Axes,
    values: np.ndarray,
    output: Sequence[int],
    indices: np.ndarray | None,
    kernel_size: int,
    stride: int,
    step: int | None,
) -> None:
    positions = np.arange(values.size).reshape(values.shape)
    unread = np.ones(values.shape, dtype=bool)
    corners = [(stride * row, stride * column) for row, column in np.ndindex(*output)]
    for top, left in corners:
        unread[top : top + kernel_size, left : left + kernel_size] = False
    shown = slice(None) if step is None else slice(step, step + 1)
    lit = None if indices is None else np.isin(positions, indices.ravel()[shown])
    number_table(axes, values, title="input", lit=lit, unread=unread, notes=positions)
    # Frames that overlap hide each other: then one of them shows the window.
    framed = corners[shown] if step is not None or stride >= kernel_size else corners[:1]
    for top, left in framed:
        axes.add_patch(
            Rectangle((left - 0.5, top - 0.5), kernel_size, kernel_size, fill=False,
                      edgecolor="#d55e00", linewidth=2)
        )  # fmt: skip
    rows, columns = _reach(values.shape, output, kernel_size, stride)
    axes.set(xlim=(-0.6, columns - 0.4), ylim=(rows - 0.4, -0.6))


def _draw_pictures(axes: np.ndarray, pictures: Sequence[np.ndarray]) -> None:
    largest = max((max(picture.shape) for picture in pictures), default=0)
    for axis, picture, title in zip(axes, pictures, ("picture", "pooled"), strict=False):
        axis.imshow(picture, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
        axis.set(xlim=(-0.5, largest - 0.5), ylim=(largest - 0.5, -0.5), anchor="NW")
        axis.set_title(f"{title}, {picture.shape[0]} × {picture.shape[1]}", fontsize=10, loc="left")
        axis.set_axis_off()
