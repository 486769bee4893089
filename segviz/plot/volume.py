"""Volumes: cuts along each axis with their labels, and the surfaces of what is labelled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb

from segviz.plot import _style

LABEL_COLOURS = (_style.CYCLE[4], _style.CYCLE[5], _style.CYCLE[2], _style.CYCLE[3])
_ANGLES = ((20, -60), (20, 30), (20, 120))  # degrees above the plane, and around


def volume_cuts(
    image: Any,
    labels: Any | None = None,
    *,
    at: Sequence[int],
    spacing: Sequence[float] = (1, 1, 1),
    titles: Sequence[str] = (),
) -> np.ndarray:
    """Draw the three cuts of a volume through one voxel, with outlines of what is labelled.

    Args:
        image: grey, shape ``(D, H, W)``, in [0, 1].
        labels: integers of the same shape, 0 is background; None for the volume alone. Several, of
            shape ``(n, D, H, W)``, are drawn one below the other.
        at: the voxel, one number for each axis.
        spacing: size of a voxel along each axis, in any unit.
        titles: one for each of several labels.

    Returns:
        The matplotlib Axes: one for each axis, in a row for each of several labels.

    >>> volume_cuts(np.zeros((4, 5, 6)), at=(1, 2, 3)).shape
    (3,)
    """
    image = np.asarray(image)
    sets = [None] if labels is None else list(np.asarray(labels).reshape(-1, *image.shape))
    figure = _style.figure(height=3.4 * len(sets))
    axes = figure.subplots(len(sets), 3, squeeze=False)
    for row, one in zip(axes, sets, strict=True):
        _cut_row(row, image, one, at, spacing)
    for row, title in zip(axes, titles, strict=False):
        row[0].set_ylabel(title, fontsize=11)
    return axes if np.ndim(labels) == 4 else axes[0]


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


def surfaces(
    labels: Any, *, spacing: Sequence[float] = (1, 1, 1), classes: Sequence[str] = ()
) -> np.ndarray:
    """Draw the surfaces of what is labelled in a volume, seen from three sides.

    Args:
        labels: integers of shape ``(D, H, W)``, 0 is background.
        spacing: size of a voxel along each axis, in any unit.
        classes: names, the background's first.

    Returns:
        The matplotlib Axes, one for each side.

    Raises:
        ValueError: nothing is labelled.

    Source of the surface: Lorensen and Cline, Marching cubes (1987), by scikit-image.

    >>> ball = np.pad(np.ones((2, 2, 2), int), 1)
    >>> surfaces(ball).shape
    (3,)
    """
    labels = np.pad(np.asarray(labels), 1)  # so that what touches the border is closed
    present = [int(one) for one in np.unique(labels) if one]
    if not present:
        raise ValueError("labels holds only 0, the background: give a volume with an object in it.")
    meshes = {one: _mesh(labels == one, spacing) for one in present}
    figure = _style.figure(height=3.6)
    axes = figure.subplots(1, len(_ANGLES), subplot_kw={"projection": "3d"})
    for axis, (above, around) in zip(axes, _ANGLES, strict=True):
        for one, (points, faces) in meshes.items():
            axis.plot_trisurf(
                *points.T, triangles=faces, color=LABEL_COLOURS[(one - 1) % len(LABEL_COLOURS)],
                label=classes[one] if one < len(classes) else str(one), linewidth=0,
            )  # fmt: skip
        axis.view_init(above, around)
        axis.set(xlabel="axis 0", ylabel="axis 1", zlabel="axis 2")
        axis.set_aspect("equal")
        axis.set_box_aspect(
            np.diff([axis.get_xlim3d(), axis.get_ylim3d(), axis.get_zlim3d()])[:, 0], zoom=0.8
        )
        axis.tick_params(labelsize=7)
        axis.locator_params(nbins=4)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return axes


def _mesh(inside: np.ndarray, spacing: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    from skimage.measure import marching_cubes

    points, faces, *_ = marching_cubes(inside.astype(np.float32), 0.5, spacing=tuple(spacing))
    return points, faces


def _outlines(axes: Axes, labels: np.ndarray) -> None:
    for one in (int(label) for label in np.unique(labels) if label):
        colour = to_rgb(LABEL_COLOURS[(one - 1) % len(LABEL_COLOURS)])
        axes.contour(labels == one, levels=[0.5], colors=[colour], linewidths=1.8)
