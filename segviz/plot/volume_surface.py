"""Surfaces of what is labelled in volumes, seen from any side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection

from segviz.plot import _style
from segviz.plot._surface_mesh import Mesh, ball_around, brightness, surface_mesh, view_axes
from segviz.plot.volume import _label_colour, _legend, checked_names

_CORNER = 0.82  # of the picture's half width: where the three axes are drawn, to the left and below


def volume_surface(
    *volumes: Any,
    around: float = 0,
    above: float = 20,
    spacing: Sequence[float] = (1, 1, 1),
    titles: Sequence[str] = (),
    classes: Sequence[str] = (),
) -> np.ndarray:
    """Draw the surfaces of what is labelled in volumes, all from one side and in one scale.

    Args:
        volumes: integers of shape ``(D, H, W)``, one shape for all; 0 is background.
        around: degrees about axis 2 from which it is seen, counted from axis 0 towards axis 1.
        above: degrees over the plane of axes 0 and 1.
        spacing: size of a voxel along each axis, in any unit.
        titles: one per volume.
        classes: names of the labels, the background's first.

    Returns:
        The matplotlib Axes, one for each volume.

    Raises:
        ValueError: no volume, or volumes that are not of one shape with three axes.
        TypeError: titles or classes that are no list of names.

    Source of the surface: Lorensen and Cline, Marching cubes (1987), by scikit-image.

    >>> ball = np.pad(np.ones((2, 2, 2), int), 1)
    >>> volume_surface(ball, titles=["a ball"])[0].get_title()
    'a ball'
    """
    titles, classes = checked_names(titles, "titles"), checked_names(classes, "classes")
    arrays = [np.asarray(volume) for volume in volumes]
    shapes = {array.shape for array in arrays}
    if len(shapes) != 1 or len(next(iter(shapes))) != 3:
        found = " and ".join(str(array.shape) for array in arrays) or "nothing"
        raise ValueError(f"volumes of one shape (D, H, W) are drawn, not {found}. Give masks.")
    meshes = [surface_mesh(array, spacing) for array in arrays]
    return _side_views(
        meshes, ball_around(meshes, arrays[0].shape, spacing), view_axes(around, above),
        spacing=spacing, titles=titles, classes=classes,
    )  # fmt: skip


def _side_views(
    meshes: Sequence[Mesh],
    ball: tuple[np.ndarray, float],
    side: np.ndarray,
    *,
    spacing: Sequence[float],
    titles: Sequence[str],
    classes: Sequence[str],
) -> np.ndarray:
    centre, radius = ball
    figure = _style.figure(height=4.4)
    axes = figure.subplots(1, len(meshes), squeeze=False)[0]
    for number, (axis, mesh) in enumerate(zip(axes, meshes, strict=True)):
        if len(mesh.faces):
            axis.add_collection(_triangles(mesh, mesh.centred(centre, spacing), side))
        _cross(axis, side, radius)
        axis.set(xlim=(-radius, radius), ylim=(-radius, radius), aspect="equal")
        axis.set_axis_off()
        axis.set_title(titles[number] if number < len(titles) else "", fontsize=11)
    _legend(figure, np.concatenate([mesh.labels for mesh in meshes]), classes)
    return axes


def _triangles(mesh: Mesh, points: np.ndarray, side: np.ndarray) -> PolyCollection:
    """What is near is drawn last, and hides what is behind it."""
    seen = points @ side.T
    order = np.argsort(seen[mesh.faces, 2].mean(1))
    faces = mesh.faces[order]
    light = brightness(mesh.normals, side)[faces].mean(1, keepdims=True)
    colours = np.array([_label_colour(one) for one in mesh.labels[faces[:, 0]]]) * light
    # Lines of the triangles' own colour close the gaps between them.
    return PolyCollection(
        seen[faces, :2], facecolors=colours, edgecolors=colours, linewidths=0.3, rasterized=True
    )


def _cross(axis: Axes, side: np.ndarray, radius: float) -> None:
    """The volume's three axes, small, in the lower left corner."""
    corner = np.array([-_CORNER, -_CORNER]) * radius
    for number, tip in enumerate(0.13 * radius * side[:2].T):
        axis.plot(*zip(corner, corner + tip, strict=True), color="black", linewidth=1)
        across, up = corner + 1.35 * tip
        axis.text(across, up, str(number), fontsize=8, ha="center", va="center")
