"""Volumes: cuts along each axis, with outlines of what is labelled."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from segviz.ops._checks import shown
from segviz.plot import _style

LABEL_COLOURS = (_style.CYCLE[4], _style.CYCLE[5], _style.CYCLE[2], _style.CYCLE[3])


def volume_cuts(
    image: Any,
    labels: Any | None = None,
    *,
    at: Sequence[int],
    spacing: Sequence[float] = (1, 1, 1),
    titles: Sequence[str] = (),
    classes: Sequence[str] = (),
) -> np.ndarray:
    """Draw the three cuts of a volume through one voxel, with outlines of what is labelled.

    Args:
        image: grey, shape ``(D, H, W)``, in [0, 1].
        labels: integers of the same shape, 0 is background; None for the volume alone. Several, of
            shape ``(n, D, H, W)``, are drawn one below the other.
        at: the voxel, one number for each axis.
        spacing: size of a voxel along each axis, in any unit.
        titles: one for each of several labels.
        classes: names of the labels, the background's first; none for no legend.

    Returns:
        The matplotlib Axes: one for each axis, in a row for each of several labels.

    Raises:
        TypeError: titles or classes that are no list of names.

    >>> volume_cuts(np.zeros((4, 5, 6)), at=(1, 2, 3)).shape
    (3,)
    """
    image = np.asarray(image)
    titles, classes = checked_names(titles, "titles"), checked_names(classes, "classes")
    sets = [None] if labels is None else list(np.asarray(labels).reshape(-1, *image.shape))
    # Smaller in several rows: a still of few bytes has the colours of small things only if it is.
    figure = _style.figure(height=3.4 if len(sets) == 1 else 2.3 * len(sets))
    axes = figure.subplots(len(sets), 3, squeeze=False)
    for row, one in zip(axes, sets, strict=True):
        _cut_row(row, image, one, at, spacing)
    for row, title in zip(axes, titles, strict=False):
        row[0].set_ylabel(title, fontsize=11)
    if classes and labels is not None:
        _legend(figure, np.unique(labels), classes)
    return axes[0] if labels is None or np.ndim(labels) == 3 else axes


def checked_names(names: Iterable[str], what: str) -> tuple[str, ...]:
    """The names one by one; a single text is no list of its letters."""
    if isinstance(names, str) or not isinstance(names, Iterable):
        raise TypeError(
            f"{what}={shown(names)} must be a list with one name for each. "
            f'Use {what}=["first", "second"].'
        )
    return tuple(names)


def _cut_row(
    axes: np.ndarray,
    image: np.ndarray,
    labels: np.ndarray | None,
    at: Sequence[int],
    spacing: Sequence[float],
) -> None:
    for axis, place in enumerate(at):
        rows, columns = (n for n in range(3) if n != axis)
        shape = {"cmap": "gray", "vmin": 0, "vmax": 1, "aspect": spacing[rows] / spacing[columns]}
        axes[axis].imshow(image.take(place, axis), interpolation="nearest", **shape)
        if labels is not None:
            _outlines(axes[axis], labels.take(place, axis))
        others = (at[columns], at[rows])
        axes[axis].axvline(others[0], color="white", linewidth=0.6, alpha=0.6)
        axes[axis].axhline(others[1], color="white", linewidth=0.6, alpha=0.6)
        axes[axis].set(xticks=[], yticks=[])
        axes[axis].set_title(
            f"axis {axis}, slice {place} of 0 to {image.shape[axis] - 1}", fontsize=10
        )


def _outlines(axes: Axes, labels: np.ndarray) -> None:
    for one in (int(label) for label in np.unique(labels) if label):
        axes.contour(labels == one, levels=[0.5], colors=[_label_colour(one)], linewidths=1.8)


def _label_colour(label: int) -> tuple[float, float, float]:
    return to_rgb(LABEL_COLOURS[(int(label) - 1) % len(LABEL_COLOURS)])


def _legend(figure: Figure, labels: Any, classes: Sequence[str]) -> None:
    """Name the labels that are there, but for the background, below the pictures."""
    handles = [
        Patch(color=_label_colour(one), label=classes[one] if one < len(classes) else str(one))
        for one in sorted({int(label) for label in labels} - {0})
    ]
    if handles:
        figure.legend(handles=handles, loc="outside lower center", ncols=4)
