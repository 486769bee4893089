"""Atrous spatial pyramid pooling: where each branch reads, what it says, and what comes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection
from matplotlib.patches import Patch, Rectangle

from segviz.plot import _style
from segviz.plot.fcn import CLASS_COLOURS, _hex, coloured


def aspp(
    picture: np.ndarray,
    maps: Mapping[str, np.ndarray],
    taps: Sequence[Sequence[Sequence[int]]],
    *,
    classes: Sequence[str],
    truth: np.ndarray | None = None,
    palette: Any = CLASS_COLOURS,
    at: Sequence[int] = (0, 0),
    pixels: int = 1,
    step: int | None = None,
) -> np.ndarray:
    """Draw a picture with the places that each branch reads, the branches' maps and their fusion.

    Args:
        picture: uint8 or in [0, 1], shape ``(H, W, 3)``.
        maps: name -> map of shape ``(h, w)``, the fused one last: classes as integers, or scores
            from -1 to 1.
        taps: of each branch, (row, column) of the places that the unit at ``at`` reads; none for
            one that reads them all.
        classes: K names.
        truth: classes, shape ``(h, w)``; 255 = void, drawn in grey.
        palette: K colours (red, green, blue), 0 to 255.
        at: row and column of the unit.
        pixels: of the picture per place, a side.
        step: the map, from 0, after which nothing is drawn yet; only its branch's places are shown,
            or those of all for the fused one.

    Returns:
        The matplotlib Axes, shape ``(2, columns)``.

    >>> aspp(np.zeros((4, 4, 3)), {"rate 1": np.eye(4), "fused": np.eye(4)}, [[[0, 0]]],
    ...      classes=("a", "b")).shape
    (2, 2)
    """
    last = len(maps) - 1
    step = last if step is None else step
    count = 1 + len(maps) + (truth is not None)
    columns = -(-count // 2)
    height = _style.WIDTH / columns * picture.shape[0] / picture.shape[1] + 0.35
    axes = _style.figure(height=2 * height + 0.6).subplots(2, columns, squeeze=False)
    for axis in axes.flat:
        axis.set_axis_off()
    _draw(axes.flat[0], picture, "what is read for one unit")
    for branch, places in enumerate(taps):
        if step in (branch, last):
            _mark(axes.flat[0], places, pixels, _style.CYCLE[branch])
    for place, (name, values) in enumerate(maps.items()):
        if place <= step:
            _draw(axes.flat[place + 1], _painted(values, palette), name)
            _mark(axes.flat[place + 1], [at], 1, "white")
    if truth is not None:
        _draw(axes.flat[count - 1], coloured(truth, palette), "truth")
    named = [one for one in (*maps.values(), truth) if one is not None and one.dtype.kind in "iu"]
    _legend(axes.flat[0].figure, named, classes, palette)
    return axes


def _painted(values: np.ndarray, palette: Any) -> np.ndarray:
    if values.dtype.kind in "iu":
        return coloured(values, palette)
    return _style.signed_table()[np.rint(values * 127 + 128).astype(int)]


def _draw(axes: Axes, image: np.ndarray, title: str) -> None:
    axes.imshow(image, interpolation="nearest")
    axes.set(xticks=[], yticks=[])
    axes.set_axis_on()
    axes.set_title(title, fontsize=10)


def _mark(axes: Axes, places: Sequence[Sequence[int]], pixels: int, colour: str) -> None:
    """Squares around places, in a colour within black, so that they show on any picture."""
    squares = [
        Rectangle((pixels * column - 0.5, pixels * row - 0.5), pixels, pixels)
        for row, column in places
    ]
    for ink, width in (("black", 3.5), (colour, 1.8)):
        axes.add_collection(
            PatchCollection(squares, facecolor="none", edgecolor=ink, linewidth=width)
        )


def _legend(figure: Any, maps: Sequence[np.ndarray], classes: Sequence[str], palette: Any) -> None:
    present = [k for k in range(len(classes)) if any((one == k).any() for one in maps)]
    handles = [
        Patch(facecolor=_hex(palette[k]), edgecolor="#767676", label=classes[k]) for k in present
    ]
    if handles:
        figure.legend(
            handles=handles, loc="outside lower center", ncols=7, frameon=False, fontsize=9,
            columnspacing=1.2, handlelength=1.2,
        )  # fmt: skip
