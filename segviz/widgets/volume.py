"""A volume cut along its three axes through one voxel, which the reader moves."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from segviz.ops._checks import shown
from segviz.plot.volume import LABEL_COLOURS, checked_names, volume_cuts
from segviz.widgets._base import TraceWidget
from segviz.widgets._parameters import Flag, Whole

LARGEST = 96
CLASSES = ("background", "anterior", "posterior")


class VolumeSlices(TraceWidget):
    """Three cuts of a volume through one voxel, with what is labelled in colour.

    Args:
        image: grey, shape ``(D, H, W)`` or ``(1, D, H, W)``, in [0, 1], each axis up to 96 long; a
            drawn volume by default.
        labels: integers of shape ``(D, H, W)``, 0 is background; several are cut side by side.
        titles: one for each of the labels, such as "truth" and "network".
        classes: names of the labels, the background's first.
        **settings: ``axis_0``, ``axis_1``, ``axis_2`` (the voxel; by default a labelled one in the
            middle of what is labelled), ``labelled`` (whether the labels are shown).

    Raises:
        ValueError, TypeError: arrays or settings that do not fit each other.

    >>> widget = VolumeSlices(np.zeros((4, 6, 8)), np.ones((4, 6, 8), int), classes=("a", "b"))
    >>> widget, widget.trace["labels"]
    (VolumeSlices(axis_0=2, axis_1=3, axis_2=4, labelled=True), ['b'])
    """

    axis_0 = Whole(0, 0, LARGEST - 1)
    axis_1 = Whole(0, 0, LARGEST - 1)
    axis_2 = Whole(0, 0, LARGEST - 1)
    labelled = Flag(True)

    def __init__(
        self,
        image: Any = None,
        *labels: Any,
        titles: Sequence[str] = (),
        classes: Sequence[str] = CLASSES,
        **settings: Any,
    ) -> None:
        if image is None:
            image, labels = _drawn_volume()[0], _drawn_volume()[1:]
        self._image, self._classes = _grey_volume(image), checked_names(classes, "classes")
        sets = [_labels(one, self._image.shape, len(self._classes)) for one in labels or (None,)]
        self._labels = np.stack(sets)
        self._titles = _titles(titles, len(sets))
        middle = {f"axis_{axis}": n for axis, n in enumerate(_middle(self._labels))}
        super().__init__(**{**middle, **settings})
        # The sliders end where this volume does.
        self._controls = {
            name: {**control, "max": self._image.shape[int(name[-1])] - 1}
            if name.startswith("axis_") else control
            for name, control in self._controls.items()
        }  # fmt: skip

    def _scene_arrays(self) -> dict[str, Any]:
        colours = np.array([to_rgb(hue) for hue in LABEL_COLOURS]) * 255
        return {
            "image": np.rint(self._image * 255).astype(np.uint8),
            "labels": self._labels,
            "titles": list(self._titles),
            "classes": list(self._classes),
            "colours": np.rint(colours).astype(np.uint8),
        }

    def _compute(self, *, axis_0: int, axis_1: int, axis_2: int) -> dict[str, Any]:
        voxel = (axis_0, axis_1, axis_2)
        for axis, (place, n) in enumerate(zip(voxel, self._image.shape, strict=True)):
            if place >= n:
                raise ValueError(
                    f"axis_{axis}={place} lies behind the volume, which has {n} slices along "
                    f"axis {axis}. Use 0 to {n - 1}."
                )
        return {
            "grey": float(self._image[voxel]),
            "labels": [self._classes[labels[voxel]] for labels in self._labels],
        }

    def _still(self) -> Figure:
        return self._frame(self._settled["axis_0"])

    def _frames(self) -> int:
        return self._image.shape[0]

    def _frame(self, step: int) -> Figure:
        at = (step, self._settled["axis_1"], self._settled["axis_2"])
        labels = self._labels if self.labelled else None
        axes = volume_cuts(self._image, labels, at=at, titles=self._titles, classes=self._classes)
        return axes.flat[0].figure

    def _describe(self) -> str:
        at = ", ".join(str(self._settled[f"axis_{axis}"]) for axis in range(3))
        size = " x ".join(map(str, self._image.shape))
        names = " and ".join(self._classes[1:])
        twice = f", in {' and '.join(self._titles)}" if self._titles else ""
        return (
            f"A volume of {size} voxels cut in three directions at voxel {at}; "
            f"labelled: {names}{twice}."
        )


def _grey_volume(image: Any) -> np.ndarray:
    array = np.asarray(image, dtype=float)
    if array.ndim == 4 and array.shape[0] == 1:
        array = array[0]
    if array.ndim != 3 or not 2 <= min(array.shape) <= max(array.shape) <= LARGEST:
        raise ValueError(
            f"image has shape {array.shape}: give (D, H, W), each from 2 to {LARGEST}. "
            "Cut a part out of a larger volume."
        )
    if not (array >= 0).all() or not (array <= 1).all():
        raise ValueError("image must be in [0, 1]. Divide 8-bit values by 255.")
    return array


def _labels(labels: Any, size: tuple[int, ...], classes: int) -> np.ndarray:
    if labels is None:
        return np.zeros(size, np.uint8)
    array = np.asarray(labels)
    if array.shape != size or array.dtype.kind not in "iu":
        raise ValueError(
            f"labels must be integers of the image's shape {size}, not {array.dtype} of shape "
            f"{array.shape}. Use the mask of the same volume."
        )
    return _within(array, classes)


def _within(labels: np.ndarray, classes: int) -> np.ndarray:
    """The labels as bytes, each of them a class's number."""
    if labels.min() < 0 or labels.max() >= classes:
        raise ValueError(
            f"labels go from {shown(int(labels.min()))} to {shown(int(labels.max()))}, but there "
            f"are {classes} classes. Use 0 to {classes - 1}, or give more names."
        )
    return labels.astype(np.uint8)


def _middle(sets: np.ndarray) -> list[int]:
    """The voxel next to the centroid of what the first of the labels, such as the truth, marks.

    >>> corner = np.zeros((1, 4, 6, 8), int)
    >>> corner[0, :2, :2, 3:6] = 1
    >>> _middle(corner), _middle(0 * corner)
    ([1, 1, 4], [2, 3, 4])
    """
    places = next((np.argwhere(one) for one in sets if one.any()), None)
    if places is None:
        return [n // 2 for n in sets.shape[1:]]
    centroid = np.floor(places.mean(axis=0) + 0.5)
    found: list[int] = places[((places - centroid) ** 2).sum(axis=1).argmin()].tolist()
    return found


def _titles(given: Sequence[str], count: int) -> tuple[str, ...]:
    titles = checked_names(given, "titles")
    if titles and len(titles) != count:
        raise ValueError(f"{len(titles)} titles for {count} labels: give one for each, or none.")
    if count == 1:
        return titles
    return titles or tuple(f"labels {number + 1}" for number in range(count))


@cache
def _drawn_volume() -> tuple[Any, Any]:
    from segviz.datasets.synthetic import volumes

    [sample] = volumes(1, size=(32, 44, 32))
    return sample.image, sample.mask
