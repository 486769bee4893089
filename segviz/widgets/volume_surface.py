"""The surfaces of what is labelled in volumes, which the reader turns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from segviz.ops._checks import shown
from segviz.plot._surface_mesh import (
    AMBIENT,
    LIGHT,
    Mesh,
    ball_around,
    surface_mesh,
    view_axes,
)
from segviz.plot.volume import LABEL_COLOURS, checked_names
from segviz.plot.volume_surface import _side_views
from segviz.widgets._base import TraceWidget
from segviz.widgets._parameters import Whole, as_numbers
from segviz.widgets.volume import CLASSES, LARGEST, _drawn_volume, _within

_STEP = 2  # degrees


class VolumeSurface(TraceWidget):
    """The surfaces of what is labelled in volumes, all turned together by mouse or arrow keys.

    Args:
        volumes: integers of shape ``(D, H, W)``, one shape for all, each axis up to 96 long; 0 is
            background. A drawn volume by default.
        titles: one per volume, such as "truth" and "network".
        classes: names of the labels, the background's first.
        spacing: size of a voxel along each axis, in any unit.
        **settings: ``around`` and ``above``, the degrees from which it is seen: about axis 2, and
            over the plane of the two others.

    Raises:
        ValueError, TypeError: arrays or settings that do not fit each other.

    >>> ball = np.pad(np.ones((2, 2, 2), int), 1)
    >>> widget = VolumeSurface(ball, classes=("outside", "ball"))
    >>> widget, widget.trace["voxels"].tolist()
    (VolumeSurface(around=0, above=20), [[8]])
    """

    around = Whole(0, 0, 360 - _STEP, step=_STEP)
    above = Whole(20, -90, 90, step=_STEP)

    def __init__(
        self,
        *volumes: Any,
        titles: Sequence[str] = (),
        classes: Sequence[str] = CLASSES,
        spacing: Sequence[float] = (1, 1, 1),
        **settings: Any,
    ) -> None:
        volumes = volumes or (_drawn_volume()[1],)
        self._classes, self._spacing = checked_names(classes, "classes"), _checked_spacing(spacing)
        self._labels = [_checked_labels(one, len(self._classes)) for one in volumes]
        self._titles = _checked_titles(titles, self._labels)
        self._meshes = [surface_mesh(labels, self._spacing) for labels in self._labels]
        self._ball = ball_around(self._meshes, self._labels[0].shape, self._spacing)
        super().__init__(**settings)

    def _scene_arrays(self) -> dict[str, Any]:
        colours = np.array([to_rgb(hue) for hue in LABEL_COLOURS]) * 255
        meshes = {
            f"{name}_{number}": array
            for number, mesh in enumerate(self._meshes)
            for name, array in _as_bytes(mesh).items()
        }
        return {
            **meshes,
            "titles": list(self._titles),
            "classes": list(self._classes),
            "colours": np.rint(colours).astype(np.uint8),
            "spacing": list(self._spacing),
            "centre": self._ball[0].tolist(),
            "radius": self._ball[1],
            "light": [*LIGHT, AMBIENT],
        }

    def _compute(self) -> dict[str, Any]:
        counts = [np.bincount(one.ravel(), minlength=len(self._classes)) for one in self._labels]
        return {"voxels": np.array(counts, np.int32)[:, 1:]}

    def _still(self) -> Figure:
        return self._seen_from(self._settled["around"])

    def _frames(self) -> int:
        return 360 // _STEP

    def _frame(self, step: int) -> Figure:
        return self._seen_from(_STEP * step)

    def _seen_from(self, around: int) -> Figure:
        side = view_axes(around, self._settled["above"])
        return _side_views(
            self._meshes, self._ball, side,
            spacing=self._spacing, titles=self._titles, classes=self._classes,
        )[0].figure  # fmt: skip

    def _describe(self) -> str:
        around, above = self._settled["around"], self._settled["above"]
        return (
            f"Surfaces of {' and '.join(self._classes[1:])} in {' and '.join(self._titles)}, "
            f"seen from {around} degrees around and {above} above."
        )


def _as_bytes(mesh: Mesh) -> dict[str, np.ndarray]:
    """Half voxels of up to 96 voxels fit into a byte, and so does a normal."""
    place = np.uint16 if len(mesh.corners) < 2**16 else np.int32
    return {
        "corners": mesh.corners.astype(np.uint8),
        "normals": np.rint(127 * mesh.normals).astype(np.int8),
        "labels": mesh.labels.astype(np.uint8),
        "faces": mesh.faces.astype(place),
    }


def _checked_labels(labels: Any, classes: int) -> np.ndarray:
    array = np.asarray(labels)
    if array.ndim != 3 or not 2 <= min(array.shape) <= max(array.shape) <= LARGEST:
        raise ValueError(
            f"a volume of shape {array.shape} is given: it must be (D, H, W), each from 2 to "
            f"{LARGEST}. Cut a part out of a larger one."
        )
    if array.dtype.kind not in "iu":
        raise TypeError(
            f"a volume of {array.dtype} is given: labels are integers. Use scores.argmax(1)[0]."
        )
    return _within(array, classes)


def _checked_titles(given: Sequence[str], volumes: Sequence[np.ndarray]) -> tuple[str, ...]:
    titles = checked_names(given, "titles")
    shapes = sorted({volume.shape for volume in volumes})
    if len(shapes) > 1:
        raise ValueError(
            f"volumes of shapes {' and '.join(map(str, shapes))} cannot be turned together. "
            "Give volumes of one shape."
        )
    if titles and len(titles) != len(volumes):
        raise ValueError(
            f"{len(titles)} titles for {len(volumes)} volumes: give one for each, or none."
        )
    return titles or tuple(f"volume {number + 1}" for number in range(len(volumes)))


def _checked_spacing(spacing: Sequence[float]) -> tuple[float, ...]:
    try:
        sizes = as_numbers(spacing)
    except (TypeError, ValueError):  # text, or nothing: refused like other sizes that are none
        sizes = np.empty(0)
    if sizes.shape != (3,) or not all(0 < size < float("inf") for size in sizes):
        raise ValueError(
            f"spacing={shown(spacing)} must be three positive numbers, the size of a voxel along "
            "each axis. Use (1, 1, 1)."
        )
    return tuple(sizes.tolist())
