"""A picture with its labels: every shape is drawn into both at once.

A pixel's colour is mixed by how much of it a shape covers; its label changes when the shape covers
at least half, which for a straight edge means: when the pixel's centre lies inside.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._fields import Field, Size

SKY, BUILDING, POLE, ROAD, PAVEMENT, TREE, SIGN, FENCE, CAR, PEDESTRIAN, BICYCLIST = range(11)

Paint = Field | Callable[[Field, Field], Field]
"""A colour (3,), or a function of pixel rows and columns (M,) that returns colours (M, 3)."""
Window = tuple[slice, slice]


@dataclass(frozen=True)
class Tag:
    """What a shape is: its class, and its number if it is an object; none = a mere stain."""

    label: int
    instance: int = 0


@dataclass
class Canvas:
    """Colour (H, W, 3) in [0, 1], class (H, W) and instance (H, W) of every pixel."""

    colour: Field
    label: NDArray[np.int64]
    instances: NDArray[np.int32]

    @classmethod
    def blank(cls, size: Size) -> Canvas:
        """Return an all-black sky."""
        return cls(np.zeros((*size, 3)), np.full(size, SKY), np.zeros(size, np.int32))

    @property
    def size(self) -> Size:
        return self.label.shape[0], self.label.shape[1]

    def polygon(
        self,
        corners: Field,
        paint: Paint,
        tag: Tag | None,
        opacity: float = 1.0,
        grow: float = 0.0,
    ) -> None:
        """Fill a convex polygon with ``corners`` (P, 2), row and column, in either direction.

        ``grow`` moves its edges out by some pixels, so that neighbours leave no gap.
        """
        if len(corners) < 3:
            return
        window = self._window(corners.min(0), corners.max(0))
        if window is not None:
            row, column = _centres(window)
            self.fill(window, _inside_polygon(corners, row, column, grow), paint, tag, opacity)

    def ellipse(
        self, centre: ArrayLike, radii: ArrayLike, paint: Paint, tag: Tag | None, opacity: float = 1
    ) -> None:
        """Fill an ellipse with upright axes; ``centre`` and ``radii`` are row and column."""
        middle, axes = np.asarray(centre, float), np.maximum(np.asarray(radii, float), 0.3)
        window = self._window(middle - axes, middle + axes)
        if window is not None:
            row, column = _centres(window)
            far = np.hypot((row - middle[0]) / axes[0], (column - middle[1]) / axes[1])
            slope = np.hypot((row - middle[0]) / axes[0] ** 2, (column - middle[1]) / axes[1] ** 2)
            depth = (1 - far) * np.maximum(far, 1e-6) / np.maximum(slope, 1e-6)
            depth = np.where(far < 1e-6, axes.min(), depth)
            self.fill(window, _unit(depth + 0.5), paint, tag, opacity)

    def stroke(
        self, start: ArrayLike, end: ArrayLike, widths: ArrayLike, paint: Paint, tag: Tag | None
    ) -> None:
        """Draw a line with round ends whose width goes from ``widths[0]`` to ``widths[1]``."""
        one, two = np.asarray(start, float), np.asarray(end, float)
        wide = np.asarray(widths, float) / 2
        window = self._window(
            np.minimum(one - wide[0], two - wide[1]), np.maximum(one + wide[0], two + wide[1])
        )
        if window is not None:
            row, column = _centres(window)
            along = two - one
            share = (row - one[0]) * along[0] + (column - one[1]) * along[1]
            share = _unit(share / max(float(along @ along), 1e-9))
            gap = np.hypot(row - one[0] - share * along[0], column - one[1] - share * along[1])
            depth = wide[0] + share * (wide[1] - wide[0]) - gap
            self.fill(window, _unit(depth + 0.5), paint, tag)

    def fill(
        self, window: Window, coverage: Field, paint: Paint, tag: Tag | None, opacity: float = 1.0
    ) -> None:
        """Lay paint over a window; ``coverage`` in [0, 1] is the share of each pixel hit."""
        patch = self.colour[window]
        if callable(paint):
            touched = np.nonzero(coverage > 0)
            colour = paint(window[0].start + touched[0] + 0.5, window[1].start + touched[1] + 0.5)
            patch[touched] += opacity * coverage[touched][:, None] * (colour - patch[touched])
        else:
            patch += opacity * coverage[..., None] * (paint - patch)
        if tag is not None:
            hit = coverage >= 0.5
            self.label[window][hit] = tag.label
            self.instances[window][hit] = tag.instance

    def window(self, low: ArrayLike, high: ArrayLike) -> tuple[Window, Field, Field] | None:
        """Return the window between two corners with its pixel centres, None if off-canvas."""
        window = self._window(np.asarray(low, float), np.asarray(high, float))
        return None if window is None else (window, *_centres(window))

    def _window(self, low: Field, high: Field) -> Window | None:
        parts = []
        for start, stop, side in zip(low, high, self.size, strict=True):
            first, last = max(math.floor(start) - 1, 0), min(math.ceil(stop) + 1, side)
            if last <= first:
                return None
            parts.append(slice(first, last))
        return parts[0], parts[1]


def _centres(window: Window) -> tuple[Field, Field]:
    rows, columns = (np.arange(part.start, part.stop, dtype=np.float64) + 0.5 for part in window)
    return rows[:, None], columns[None, :]


def _inside_polygon(corners: Field, row: Field, column: Field, grow: float) -> Field:
    """Share of each pixel inside, from its distance to each edge: exact away from corners."""
    edges = np.concatenate([corners[1:], corners[:1]]) - corners
    length = np.sqrt((edges**2).sum(axis=1))
    turn = corners[:, 1] @ edges[:, 0] - corners[:, 0] @ edges[:, 1]
    kept = length > 1e-6
    unit = (edges[kept] / length[kept, None])[:, :, None, None] * (1.0 if turn > 0 else -1.0)
    start = corners[kept][:, :, None, None]
    outside = (column - start[:, 1]) * unit[:, 0] - (row - start[:, 0]) * unit[:, 1] - grow
    return _unit(1 - _unit(outside + 0.5).sum(axis=0))


def _unit(value: Field) -> Field:
    """Cut to [0, 1]; on small arrays several times faster than np.clip."""
    return np.minimum(np.maximum(value, 0.0), 1.0)
