"""Triangles between inside and outside of what is labelled, and how they look from a side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

MOST_FACES = 16_000  # of a volume: a browser turns so many without a stutter
LIGHT = (-0.4, 0.5, 0.77)  # to the right, up and towards the reader: from over the left shoulder
AMBIENT = 0.35  # the light that comes from everywhere
_STEPS = (1, 2, 4, 8)  # voxels, along each axis, that become one where there are too many faces


@dataclass(frozen=True)
class Mesh:
    """Triangles of one volume: corners, what they are labelled, and which three belong together.

    ``corners`` (n, 3) counts half voxels from the volume's own corner: the surface lies half-way
    between the middles of voxels. ``normals`` (n, 3) are of length 1 and point out of the object,
    ``labels`` is (n,), ``faces`` (m, 3) holds positions of corners.
    """

    corners: np.ndarray
    normals: np.ndarray
    labels: np.ndarray
    faces: np.ndarray

    def centred(self, centre: np.ndarray, spacing: Sequence[float]) -> np.ndarray:
        """The corners in the units of the spacing, seen from ``centre``."""
        return self.corners * (np.asarray(spacing) / 2) - centre


def surface_mesh(labels: Any, spacing: Sequence[float] = (1, 1, 1)) -> Mesh:
    """Return the surfaces of all labels of a volume (D, H, W) but 0, the background.

    The surface runs half-way between the voxels. Its normals are those of a smoother one, or the
    light would show every step of it. A volume with too many triangles is seen in
    blocks, each labelled if one of its voxels is.

    Source: Lorensen and Cline, Marching cubes (1987), by scikit-image.

    >>> labels = np.zeros((4, 4, 4), int)
    >>> labels[1:3, 1:3, 1:3] = 1
    >>> mesh = surface_mesh(labels)
    >>> mesh.corners.min(0).tolist(), mesh.corners.max(0).tolist(), mesh.faces.shape
    ([2, 2, 2], [6, 6, 6], (44, 3))
    """
    labels = np.asarray(labels)
    present = [int(one) for one in np.unique(labels) if one]
    for step in _STEPS:
        parts = [_mesh_of(labels == one, one, step, spacing) for one in present]
        if sum(len(part.faces) for part in parts) <= MOST_FACES:
            break
    return _joined(parts)


def _mesh_of(inside: np.ndarray, label: int, step: int, spacing: Sequence[float]) -> Mesh:
    from scipy.ndimage import gaussian_filter, map_coordinates
    from skimage.measure import block_reduce, marching_cubes

    # Two blocks of background all around: what touches the border is closed there.
    blocks = np.pad(block_reduce(inside, step, np.max), 2).astype(np.float32)
    points, faces, *_ = marching_cubes(blocks, 0.5)
    slopes = np.gradient(gaussian_filter(blocks, 1.0))
    outward = np.stack([-map_coordinates(one, points.T, order=1) for one in slopes], 1)
    outward /= np.asarray(spacing, np.float32)
    lengths = np.linalg.norm(outward, axis=1, keepdims=True)
    corners = np.rint(2 * step * (points - 2) + step).astype(np.int64)
    normals = outward / np.maximum(lengths, 1e-12)
    return Mesh(corners, normals, np.full(len(corners), label), faces.astype(np.int64))


def _joined(parts: Sequence[Mesh]) -> Mesh:
    starts = np.cumsum([0, *(len(part.corners) for part in parts)])
    shifted = [part.faces + start for part, start in zip(parts, starts, strict=False)]
    none = np.zeros((0, 3), np.int64)
    return Mesh(
        np.concatenate([none, *(part.corners for part in parts)]),
        np.concatenate([none.astype(float), *(part.normals for part in parts)]),
        np.concatenate([none[:, 0], *(part.labels for part in parts)]),
        np.concatenate([none, *shifted]),
    )


def ball_around(
    meshes: Sequence[Mesh], shape: Sequence[int], spacing: Sequence[float]
) -> tuple[np.ndarray, float]:
    """Return centre and radius of a ball that holds all meshes, or the volume if they are empty."""
    scale = np.asarray(spacing) / 2
    every = np.concatenate([mesh.corners for mesh in meshes])
    corners = every if len(every) else np.stack([np.zeros(3, int), 2 * np.asarray(shape)])
    centre = (corners.min(0) + corners.max(0)) / 2 * scale
    return centre, float(np.linalg.norm(corners * scale - centre, axis=1).max())


def view_axes(around: float, above: float) -> np.ndarray:
    """Return what is right, up and towards the reader, as rows in the volume's axes.

    The reader looks from ``around`` degrees about axis 2, counted from axis 0 towards axis 1, and
    ``above`` degrees over the plane of the two.

    >>> view_axes(0, 0).round(6) + 0  # from the far end of axis 0: axis 1 to the right, 2 up
    array([[0., 1., 0.],
           [0., 0., 1.],
           [1., 0., 0.]])
    """
    (sin_around, sin_above), (cos_around, cos_above) = (
        wave(np.radians([around, above])) for wave in (np.sin, np.cos)
    )
    return np.array(
        [
            [-sin_around, cos_around, 0],
            [-sin_above * cos_around, -sin_above * sin_around, cos_above],
            [cos_above * cos_around, cos_above * sin_around, sin_above],
        ]
    )


def brightness(normals: np.ndarray, axes: np.ndarray) -> np.ndarray:
    """Return how bright corners are, AMBIENT to 1, in a light that moves with the reader."""
    return AMBIENT + (1 - AMBIENT) * np.clip(normals @ axes.T @ np.asarray(LIGHT), 0, 1)
