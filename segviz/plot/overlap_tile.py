"""A picture continued as in a mirror, and the tiles in which it is predicted."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.patheffects import withStroke

from segviz.plot import _style


def overlap_tile(picture: Any, *, tile_size: int, margin: int) -> Axes:
    """Draw a picture with its mirrored rim, its tiles, and all that the first of them needs.

    Args:
        picture: grey, shape ``(H, W)``, in [0, 1]; each side longer than the margin.
        tile_size: rows and columns of a tile.
        margin: pixels that the network needs around a tile, on each side.

    Returns:
        The matplotlib Axes, in the picture's pixels: its first one is at 0.

    Source: Ronneberger, Fischer, Brox, U-Net (2015), figure 2.

    >>> tuple(map(float, overlap_tile(np.zeros((20, 30)), tile_size=10, margin=4).get_xlim()))
    (-4.5, 33.5)
    """
    picture = np.asarray(picture)
    rows, columns = picture.shape
    figure = _style.figure(height=4.4, width=6.6)
    axes = figure.subplots()
    edges = (-margin - 0.5, columns + margin - 0.5, rows + margin - 0.5, -margin - 0.5)
    mirrored = np.pad(picture, margin, mode="reflect")
    axes.imshow(mirrored, cmap="gray", vmin=0, vmax=1, extent=edges, alpha=0.55)
    inner = (-0.5, columns - 0.5, rows - 0.5, -0.5)
    axes.imshow(picture, cmap="gray", vmin=0, vmax=1, extent=inner)
    axes.set(xlim=edges[:2], ylim=edges[2:], xticks=[], yticks=[])
    for top in range(0, rows, tile_size):
        for left in range(0, columns, tile_size):
            size = min(tile_size, columns - left), min(tile_size, rows - top)
            _frame(axes, left, top, size, "white", "--", "tiles")
    _frame(axes, 0, 0, (min(tile_size, columns), min(tile_size, rows)),
           _style.CURSOR, "-", "what is kept of the first")  # fmt: skip
    needed = tile_size + 2 * margin
    _frame(axes, -margin, -margin, (needed, needed), _style.CYCLE[5], "-", "what it needs")
    handles, labels = axes.get_legend_handles_labels()
    single = dict(zip(labels, handles, strict=True))
    figure.legend(
        single.values(), single.keys(), loc="outside right center",
        facecolor="#555555", labelcolor="white",
    )  # fmt: skip
    return axes


def _frame(
    axes: Axes, left: float, top: float, size: tuple[int, int], hue: str, line: str, label: str
) -> None:
    box = Rectangle(
        (left - 0.5, top - 0.5), *size, fill=False, edgecolor=hue, linestyle=line, linewidth=2.5,
        label=label,
    )  # fmt: skip
    box.set_path_effects([withStroke(linewidth=4.5, foreground="black")])
    axes.add_patch(box)
