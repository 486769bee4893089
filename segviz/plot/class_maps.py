"""A picture, and class maps of it by several networks, with one legend for all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from segviz.plot import _style
from segviz.plot.fcn import CLASS_COLOURS, _draw, _legend, coloured
from segviz.plot.pictures import _as_picture


def class_maps(
    image: Any,
    masks: Mapping[str, Any],
    classes: Sequence[str],
    *,
    palette: Any = CLASS_COLOURS,
    title: str = "picture",
    columns: int | None = None,
) -> np.ndarray:
    """Draw a picture and its class maps side by side, in colours that colour-blind eyes tell apart.

    Args:
        image: the picture, of shape ``(3, H, W)`` or ``(H, W, 3)``, 0 to 1 or uint8.
        masks: title -> integers of shape ``(h, w)``; 255 = void, drawn in grey.
        classes: K names; those that occur stand in the legend.
        palette: K colours (red, green, blue), 0 to 255.
        title: of the picture itself.
        columns: pictures per row; all in one row by default.

    Returns:
        The matplotlib Axes, shape ``(rows, columns)``.

    Raises:
        ValueError: ``image`` is no picture, or a mask is of a class that has no name.

    >>> class_maps(np.zeros((3, 4, 6)), {"truth": np.eye(4, 6, dtype=int)}, ["sky", "road"]).shape
    (1, 2)
    """
    picture = _as_picture(image, 0)
    maps = {name: _checked(mask, name, len(classes)) for name, mask in masks.items()}
    shown = {title: picture} | {name: coloured(mask, palette) for name, mask in maps.items()}
    columns = min(len(shown), columns or len(shown))
    rows = -(-len(shown) // columns)
    height = _style.WIDTH / columns * picture.shape[0] / picture.shape[1] + 0.35
    axes = _style.figure(height=rows * height + 0.6).subplots(rows, columns, squeeze=False)
    for axis in axes.flat[len(shown) :]:
        axis.set_axis_off()
    for axis, (name, drawn) in zip(axes.flat, shown.items(), strict=False):
        _draw(axis, drawn, name)
    _legend(axes.flat[0].figure, list(maps.values()), classes, palette)
    return axes


def _checked(mask: Any, name: str, count: int) -> np.ndarray:
    labels = np.asarray(mask)
    strangers = labels[(labels != 255) & ((labels < 0) | (labels >= count))]
    if strangers.size:
        raise ValueError(
            f"{name!r} holds class {strangers[0]}, but there are {count} names, of 0 to "
            f"{count - 1}. Give one name per class."
        )
    return labels
