"""Pictures of what an exercise asks for: small tables of numbers, side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

_CELL = 0.52  # inches


def tables(parts: Mapping[str, Any], *, cell: float = _CELL) -> Any:
    """Draw tables of numbers side by side, all with cells of one size.

    Args:
        parts: what to write above each, and its numbers of shape ``(H, W)`` or ``(W,)``.
        cell: side of a cell in inches.

    Returns:
        One matplotlib Axes per table.

    >>> tables({"a row": [1, 2, 3], "two rows": [[1], [2]]}).shape
    (2,)
    """
    from segviz import plot
    from segviz.plot import _style

    values = [np.atleast_2d(np.asarray(one, dtype=float)) for one in parts.values()]
    widths = [max(one.shape[1], 3) for one in values]
    height = max(one.shape[0] for one in values) * cell + 0.5
    figure = _style.figure(height=height, width=sum(widths) * cell + 0.6 * len(values))
    axes = figure.subplots(1, len(values), width_ratios=widths, squeeze=False)[0]
    for axis, title, numbers in zip(axes, parts, values, strict=True):
        plot.number_axes(axis, numbers).set_title(title, fontsize=10)
    return axes


def frame(axes: Any, row: int, column: int, height: int, width: int) -> None:
    """Draw a strong frame around some cells of a table."""
    from matplotlib.patches import Rectangle

    from segviz.plot import _style

    corner = (column - 0.5, row - 0.5)
    axes.add_patch(
        Rectangle(corner, width, height, fill=False, edgecolor=_style.CYCLE[0], linewidth=3)
    )
