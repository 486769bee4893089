"""A convolution as one figure: picture, kernel, output."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.patheffects import withStroke

from segviz.plot import _style


def convolution(
    picture: np.ndarray,
    kernel: np.ndarray,
    output: np.ndarray,
    *,
    relu: bool = False,
    at: Sequence[int] = (0, 0),
    corner: Sequence[int] = (0, 0),
    padding: int = 0,
    step: int | None = None,
) -> np.ndarray:
    """Draw a picture, a kernel and their convolution, with one window and the pixel it makes.

    Args:
        picture: grey, shape ``(H, W)``, in [0, 1].
        kernel: shape ``(kh, kw)``.
        output: shape ``(H', W')``, signed; black is zero, blue is below zero.
        relu: whether to show zero in place of what is below it.
        at: row and column of the output pixel to frame.
        corner: row and column of its window in the padded picture.
        padding: zeros drawn around the picture.
        step: the output pixel, counted row by row, after which nothing is filled in yet.

    Returns:
        Three matplotlib Axes, left to right.

    >>> convolution(np.eye(4), np.ones((1, 1)), np.eye(4)).shape
    (3,)
    """
    figure = _style.figure(height=3.5)
    axes = figure.subplots(1, 3, width_ratios=[1, 0.62, 1])
    left, middle, right = axes
    picture_axes(left, np.pad(picture, padding), 1.0)
    left.set_title("picture" if padding == 0 else f"picture and {padding} zeros around it")
    number_axes(middle, kernel)
    middle.set_title("kernel")
    limit = max(1.0, float(np.abs(output).max()))
    shown = np.maximum(output, 0) if relu else output
    if step is not None:
        shown = np.where(np.arange(output.size).reshape(output.shape) <= step, shown, np.nan)
    picture_axes(right, shown, limit)
    right.set_title("ReLU(output)" if relu else "output, blue below zero")
    _frame(left, corner, kernel.shape)
    _frame(right, at, (1, 1))
    return axes


def picture_axes(axes: Axes, values: np.ndarray, limit: float) -> Axes:
    """Draw signed values in the widgets' colours, every value one crisp square.

    Args:
        axes: where to draw.
        values: shape ``(H, W)``.
        limit: the value that is white; ``-limit`` is light blue, zero black.

    Returns:
        The same Axes, with its size in pixels below.
    """
    axes.imshow(values, cmap=_style.signed_map(), vmin=-limit, vmax=limit, interpolation="nearest")
    axes.set(xticks=[], yticks=[], xlabel=f"{values.shape[0]} × {values.shape[1]}")
    return axes


def number_axes(axes: Axes, values: np.ndarray) -> Axes:
    """Draw a small table of numbers on colour: blue below zero, orange above.

    Args:
        axes: where to draw.
        values: shape ``(H, W)``.

    Returns:
        The same Axes.
    """
    limit = float(np.abs(values).max()) or 1.0
    axes.imshow(values, cmap=_style.weight_map(), vmin=-limit, vmax=limit)
    for (row, column), value in np.ndenumerate(values):
        text = f"{value:.2f}".rstrip("0").rstrip(".").replace("-", "−")
        axes.text(column, row, text, ha="center", va="center", fontsize=11)
    axes.set(xticks=[], yticks=[])
    return axes


def _frame(axes: Axes, corner: Sequence[int], size: Sequence[int]) -> None:
    box = Rectangle(
        (corner[1] - 0.5, corner[0] - 0.5), size[1], size[0], fill=False,
        edgecolor=_style.CURSOR, linewidth=2,
    )  # fmt: skip
    box.set_path_effects([withStroke(linewidth=4, foreground="black")])
    axes.add_patch(box)
