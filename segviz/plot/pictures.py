"""Rows of pictures, class maps, feature maps and kernels, drawn to be projected."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from segviz.plot import _style

_ROW_HEIGHT = 2.6  # inches


def show(axes: Any, alt: str) -> None:
    """Show a figure in the notebook, together with a sentence for those who can't see it.

    Args:
        axes: one Axes, or an array of Axes of one figure.
        alt: what the figure shows; it is read out by screen readers and stands in for the figure
            where pictures are switched off.

    Raises:
        ValueError: ``alt`` is empty.
    """
    from IPython.display import display

    if not alt.strip():
        raise ValueError("alt='' says nothing: describe in one sentence what the figure shows.")
    figure = np.asarray(axes).flat[0].figure
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=_style.DPI)
    picture = {"text/plain": alt, "image/png": base64.b64encode(file.getvalue()).decode()}
    display(picture, raw=True, metadata={"image/png": {"alt": alt}})


def pictures(
    *images: Any,
    titles: Sequence[str] = (),
    signed: Sequence[int] = (),
    columns: int | None = None,
) -> np.ndarray:
    """Draw pictures side by side, every pixel as it is.

    Args:
        images: arrays or tensors of shape ``(H, W)`` (grey), ``(H, W, 3)`` or ``(3, H, W)``
            (colour, 0 to 1 or uint8).
        titles: one per picture.
        signed: positions of the pictures that have negative values: zero is black, positive is
            grey up to white, negative is blue; with a colour bar.
        columns: pictures per row; all in one row by default.

    Returns:
        The matplotlib Axes, shape ``(rows, columns)``.

    Raises:
        ValueError: no picture, or an array that is none.

    >>> pictures(np.zeros((2, 3)), np.ones((4, 4))).shape
    (1, 2)
    """
    if not images:
        raise ValueError("pictures() got no picture: give at least one array of shape (H, W).")
    shown = [_as_picture(image, place) for place, image in enumerate(images)]
    columns = min(len(shown), columns or len(shown))
    axes = _grid(-(-len(shown) // columns), columns, shown[0].shape[1] / shown[0].shape[0])
    for place, axis in enumerate(axes.flat):
        axis.set_axis_off()
        if place < len(shown):
            _draw(axis, shown[place], place in signed)
            axis.set_title(titles[place] if place < len(titles) else "", fontsize=11)
    return axes


def class_map(
    mask: Any, classes: Sequence[str], palette: Any, image: Any = None, axes: Axes | None = None
) -> Axes:
    """Draw a class map in the classes' colours, with the names of those that occur.

    Args:
        mask: integers of shape ``(H, W)``; values beyond the classes (255 = void) stay black.
        classes: K names.
        palette: uint8 of shape ``(K, 3)``.
        image: picture of the same size to show through at 40 %.
        axes: where to draw; a new figure by default.

    Returns:
        The matplotlib Axes.

    >>> class_map([[0, 1]], ["sky", "road"], [[0, 0, 255], [90, 90, 90]]).get_legend() is None
    False
    """
    mask, palette = np.asarray(mask), np.asarray(palette, dtype=np.uint8)
    if axes is None:
        axes = _grid(1, 1, mask.shape[1] / mask.shape[0])[0, 0]
    table = np.zeros((256, 3), np.uint8)
    table[: len(palette)] = palette
    colours = table[np.where((mask < 0) | (mask >= len(palette)), 255, mask)] / 255
    if image is not None:
        colours = 0.6 * colours + 0.4 * np.atleast_3d(_as_picture(image, 0))
    axes.imshow(colours, interpolation="nearest")
    axes.set_axis_off()
    present = [k for k in range(len(classes)) if (mask == k).any()]
    handles = [Patch(color=palette[k] / 255, label=classes[k]) for k in present]
    axes.legend(
        handles=handles, loc="center left", bbox_to_anchor=(1, 0.5), frameon=False, fontsize=9
    )
    return axes


def feature_maps(image: Any, rows: Mapping[str, Any]) -> np.ndarray:
    """Draw a few maps of several layers, one layer a row, the picture itself at the top left.

    Args:
        image: the picture, as in :func:`pictures`.
        rows: layer name -> maps of shape ``(M, H, W)``; each map is stretched to black and white.

    Returns:
        The matplotlib Axes, shape ``(len(rows), 1 + M)``.

    >>> feature_maps(np.zeros((4, 4)), {"stride 2": np.ones((3, 2, 2))}).shape
    (1, 4)
    """
    most = max(len(maps) for maps in rows.values())
    axes = _grid(len(rows), 1 + most, 1.0, height=1.1)
    for axis in axes.flat:
        axis.set_axis_off()
    _draw(axes[0, 0], _as_picture(image, 0), False)
    for row, (name, maps) in enumerate(rows.items()):
        first = axes[row, 1]
        first.text(-0.08, 0.5, name, rotation=90, ha="right", va="center", fontsize=10,
                   transform=first.transAxes)  # fmt: skip
        for axis, one in zip(axes[row, 1:], maps, strict=False):
            axis.imshow(one, cmap="gray", interpolation="nearest")
    return axes


def kernels(weights: Any, columns: int = 16) -> np.ndarray:
    """Draw the kernels of a first layer as small colour pictures.

    Args:
        weights: shape ``(output channels, 3, kh, kw)``; each kernel is stretched so that its
            largest magnitude is full colour and zero is grey.
        columns: kernels per row.

    Returns:
        The matplotlib Axes.

    >>> kernels(np.ones((4, 3, 3, 3)), columns=2).shape
    (2, 2)
    """
    weights = np.asarray(weights, dtype=float)
    largest = np.abs(weights).max(axis=(1, 2, 3), keepdims=True)
    stretched = 0.5 + 0.5 * weights / np.where(largest == 0, 1, largest)
    axes = _grid(-(-len(weights) // columns), columns, 1.0, height=0.7)
    for place, axis in enumerate(axes.flat):
        axis.set_axis_off()
        if place < len(weights):
            axis.imshow(stretched[place].transpose(1, 2, 0), interpolation="nearest")
    return axes


def _grid(rows: int, columns: int, aspect: float, height: float = _ROW_HEIGHT) -> np.ndarray:
    width = min(13.0, columns * height * aspect + 1)
    figure = _style.figure(rows * (height + 0.3), width)
    return figure.subplots(rows, columns, squeeze=False)


def _draw(axis: Axes, image: np.ndarray, signed: bool) -> None:
    if not signed:
        axis.imshow(image, cmap="gray", interpolation="nearest")
        return
    largest = float(np.abs(image).max()) or 1.0
    drawn = axis.imshow(
        image, cmap=_style.signed_map(), vmin=-largest, vmax=largest, interpolation="nearest"
    )
    axis.figure.colorbar(drawn, ax=axis, shrink=0.8)


def _as_picture(image: Any, place: int) -> np.ndarray:
    array = np.asarray(image)
    if array.ndim == 3 and array.shape[0] == 3 and array.shape[2] != 3:
        array = array.transpose(1, 2, 0)
    if array.ndim == 2 or (array.ndim == 3 and array.shape[2] == 3):
        return array / 255 if array.dtype == np.uint8 else array.astype(float)
    raise ValueError(
        f"Picture {place} has shape {array.shape}: give (H, W) for grey, or (3, H, W) or "
        "(H, W, 3) for colour."
    )
