"""A fully connected CRF on a small picture: a network's labels, iteration by iteration."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from segviz.datasets.camvid import CLASSES
from segviz.plot.dense_crf import CHANGE_COLOURS, changes, dense_crf
from segviz.plot.fcn import CLASS_COLOURS, coloured
from segviz.postprocessing._mean_field import MeanField
from segviz.widgets._base import TraceWidget
from segviz.widgets._fcn_input import VOID, colour, colours, true_classes
from segviz.widgets._fcn_rungs import plain
from segviz.widgets._parameters import Number, Whole

ITERATIONS = 10
_LARGEST = 8192  # pixels: all ten iterations are computed anew whenever a slider moves


class DenseCRF(TraceWidget):
    """A network's class map, and what a dense CRF makes of it with weights and sigmas to choose.

    Args:
        picture: shape ``(3, H, W)``, ``(H, W, 3)`` or ``(H, W)``, uint8 or in [0, 1], of at most
            8192 pixels. A drawn street scene, shrunk to a quarter of its rows and columns, with the
            probabilities of FCN-32s by default.
        probabilities: the network's softmax, shape ``(K, H, W)``, K up to 64.
        truth: class of each pixel, integers of shape ``(H, W)``, 255 = void.
        classes: K names; CamVid's eleven by default.
        palette: K colours (red, green, blue), 0 to 255.
        **settings: ``iteration`` (0 is the network alone), ``appearance_weight``,
            ``position_sigma`` (pixels), ``colour_sigma`` (grey levels), ``smoothness_weight``,
            ``smoothness_sigma`` (pixels); see ``segviz.postprocessing.dense_crf_steps``,
            whose ``method="lattice"`` this is.

    Raises:
        ValueError, TypeError: arrays or settings that do not fit each other.

    >>> probabilities = [[[0.9, 0.4, 0.9]], [[0.1, 0.6, 0.1]]]
    >>> widget = DenseCRF(np.zeros((1, 3)), probabilities, classes=("sky", "road"), iteration=1)
    >>> widget.labels(0).tolist(), widget.labels().tolist()
    ([[0, 1, 0]], [[0, 0, 0]])
    """

    iteration = Whole(0, 0, ITERATIONS)
    appearance_weight = Number(4, 0, 10, step=0.5)
    position_sigma = Number(17, 1, 40, step=1)
    colour_sigma = Number(3, 1, 60, step=1)
    smoothness_weight = Number(3, 0, 10, step=0.5)
    smoothness_sigma = Number(1, 0.5, 10, step=0.5)

    def __init__(
        self,
        picture: Any = None,
        probabilities: Any = None,
        *,
        truth: Any = None,
        classes: Sequence[str] = CLASSES,
        palette: Any = CLASS_COLOURS,
        **settings: Any,
    ) -> None:
        if (picture is None) != (probabilities is None):
            raise TypeError("picture and probabilities belong together. Give both, or neither.")
        if picture is None:
            picture, probabilities, truth = _street()
        self._picture = colour(picture)
        self._size = _small(self._picture.shape[:2])
        self._probabilities = np.asarray(plain(probabilities), np.float32)
        self._classes = tuple(classes)
        self._palette = colours(palette, self._classes, _class_count(self._probabilities))
        self._truth = None
        if truth is not None:
            self._truth = true_classes(truth, self._size, len(self._classes))
        self._mean_field = MeanField(
            self._probabilities, self._picture.transpose(2, 0, 1) / np.float32(255)
        )
        self._first = self._probabilities.argmax(axis=0).astype(np.uint8)
        super().__init__(**settings)

    def labels(self, iteration: int | None = None) -> np.ndarray:
        """Return the class of each pixel behind an iteration, by default the one that is shown.

        Returns:
            uint8 of shape (H, W); 0 is the network alone.

        Raises:
            ValueError, TypeError: ``iteration`` is no whole number from 0 to 10.
        """
        step = self.iteration if iteration is None else type(self).iteration.legal(iteration)
        now = self._first.copy()
        done = self.trace["ends"][step]
        for place, code in zip(
            self.trace["places"][:done], self.trace["codes"][:done], strict=True
        ):
            now.flat[place] = code & 63
        return now

    def _scene_arrays(self) -> dict[str, Any]:
        scene = {
            "picture": self._picture,
            "first": self._first,
            "first_kinds": changes(self._first, self._first, self._truth),
            "table": coloured(np.arange(256), self._palette),
            "kind_table": coloured(np.arange(256), CHANGE_COLOURS),
            "classes": list(self._classes),
        }
        if self._truth is not None:
            scene["truth"] = self._truth
        return scene

    def _compute(
        self,
        *,
        appearance_weight: float,
        position_sigma: float,
        colour_sigma: float,
        smoothness_weight: float,
        smoothness_sigma: float,
    ) -> dict[str, Any]:
        steps = self._mean_field.steps(
            ITERATIONS,
            appearance_weight=appearance_weight,
            position_sigma=position_sigma,
            colour_sigma=colour_sigma,
            smoothness_weight=smoothness_weight,
            smoothness_sigma=smoothness_sigma,
            method="lattice",  # a slider must not wait for all pairs
            few_pairs=True,  # nor for a lattice, where those that count are few
        )
        maps = [values.argmax(axis=0).astype(np.uint8) for values in steps]
        return self._moves(maps) | self._read_out(maps)

    def _moves(self, maps: list[np.ndarray]) -> dict[str, Any]:
        """What changes from map to map: few pixels, so these travel and not the maps.

        ``ends[t]`` of ``places`` and ``codes`` (class, and 64 times its kind of change) lie behind
        iteration t.
        """
        places, codes, ends = [], [], [0]
        for before, after in pairwise(maps):
            moved = np.flatnonzero(before != after)
            kinds = changes(self._first, after, self._truth)
            places.append(moved)
            codes.append(after.flat[moved] + 64 * kinds.flat[moved])
            ends.append(ends[-1] + len(moved))
        return {
            "places": np.concatenate(places).astype(np.uint16),
            "codes": np.concatenate(codes).astype(np.uint8),
            "ends": ends,
        }

    def _read_out(self, maps: list[np.ndarray]) -> dict[str, Any]:
        told: dict[str, Any] = {"changed": [int((one != self._first).sum()) for one in maps]}
        if self._truth is not None:
            known = self._truth != VOID
            right = [float((one == self._truth)[known].mean()) for one in maps]
            told |= {"right": right} if known.any() else {}
        return told

    def _still(self) -> Figure:
        return self._frame(self.iteration or ITERATIONS)

    def _frames(self) -> int:
        return ITERATIONS + 1

    def _frame(self, step: int) -> Figure:
        axes = dense_crf(
            self._picture,
            self._first,
            self.labels(step),
            truth=self._truth,
            classes=self._classes,
            palette=self._palette,
            iteration=step,
        )
        return axes[0].figure

    def _describe(self) -> str:
        step = self.iteration or ITERATIONS
        height, width = self._size
        return (
            f"A {height}x{width} picture, a network's class map, and the same map behind {step} "
            f"iterations of a dense CRF, in which {self.trace['changed'][step]} labels differ."
        )


def _small(size: tuple[int, ...]) -> tuple[int, ...]:
    if size[0] * size[1] > _LARGEST:
        raise ValueError(
            f"picture has {size[0]} x {size[1]} pixels, and at most {_LARGEST} can be followed by "
            "sliders. Thin picture, probabilities and truth out: [..., ::4, ::4]."
        )
    return size


def _class_count(probabilities: np.ndarray) -> int:
    if probabilities.ndim != 3 or not 2 <= len(probabilities) <= 64:
        raise ValueError(
            f"probabilities have shape {probabilities.shape}: give (classes, H, W), with 2 to 64 "
            "classes."
        )
    return len(probabilities)


@cache
def _street() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A drawn street, what FCN-32s makes of it, and the truth, in a quarter of rows and columns."""
    import torch

    from segviz.datasets.synthetic import streets
    from segviz.training import load_checkpoint

    [street] = streets(1, size=(192, 256), seed=5)
    model: Any = load_checkpoint("camvid_fcn32s", source="stand-in").model
    with torch.no_grad():
        probabilities = model(street.image[None])[0].softmax(0)
    picture, small = (_shrunk(np.asarray(one)) for one in (street.image, probabilities))
    return picture, small, np.asarray(street.mask)[2::4, 2::4]


def _shrunk(maps: np.ndarray) -> np.ndarray:
    """The mean of each block of 4 x 4."""
    channels, height, width = maps.shape
    return maps.reshape(channels, height // 4, 4, width // 4, 4).mean(axis=(2, 4))
