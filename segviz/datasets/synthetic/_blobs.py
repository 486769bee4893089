"""Where nuclei lie and what shape they have: smooth outlines, many of them touching."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ._fields import Field, Size

_HARMONICS = np.arange(2, 6)


@dataclass(frozen=True)
class Blobs:
    """Star-shaped outlines: ellipses of ``radius`` x ``radius * stretch``, bent by harmonics."""

    centre: Field  # (M, 2), row and column
    radius: Field  # (M,)
    stretch: Field  # (M,)
    angle: Field  # (M,)
    bend: NDArray[np.complex128]  # (M, 4), amplitude and phase of each harmonic

    def __len__(self) -> int:
        return len(self.radius)

    def pick(self, index: NDArray[np.int64] | NDArray[np.bool_] | list[int]) -> Blobs:
        """Return the chosen ones."""
        return Blobs(*(getattr(self, f.name)[index] for f in fields(self)))

    def span(self, index: int | NDArray[np.int64]) -> Field:
        """Return a distance from the centre that the outline hardly ever passes."""
        return np.asarray(1.25 * self.radius[index] * np.maximum(self.stretch[index], 1.0))

    def outline(self, index: int, direction: Field) -> Field:
        """Return the distance from the centre to the outline along ``direction`` in radians."""
        turned = direction - self.angle[index]
        wave = np.exp(1j * turned)
        bent = np.ones_like(turned)
        for harmonic, bend in zip(_HARMONICS, self.bend[index], strict=True):
            bent = bent + (bend * wave**harmonic).real
        stretch = self.stretch[index]
        ellipse = stretch / np.sqrt((stretch * wave.imag) ** 2 + wave.real**2)
        return np.asarray(self.radius[index] * ellipse * bent)


@dataclass(frozen=True)
class View:
    """One blob as its pixels see it: a window, the depth inside its outline, and that over
    the distance from centre to outline (negative outside)."""

    window: tuple[slice, slice]
    depth: Field
    share: Field


def scatter(rng: np.random.Generator, size: Size, radius: float, fill: float) -> Blobs:
    """Place blobs of about ``radius`` until ``fill`` of the picture is covered.

    More than half of them are set against one that is there already.
    """
    wanted = max(2, round(fill * size[0] * size[1] / (np.pi * radius**2)))
    drawn = _draw_shapes(rng, 40 + 3 * wanted, radius)
    placed: list[int] = []
    for index in range(len(drawn)):
        drawn.centre[index] = _propose(rng, size, drawn, index, placed)
        if _keeps_off(drawn, index, placed):
            placed.append(index)
        if len(placed) == wanted:
            break
    return drawn.pick(placed)


def _draw_shapes(rng: np.random.Generator, count: int, radius: float) -> Blobs:
    long = rng.choice([1.1, 1.4, 2.4], p=[0.35, 0.4, 0.25])
    grain = rng.uniform(0, np.pi)
    bend = rng.normal(0, 1, (count, 4)) + 1j * rng.normal(0, 1, (count, 4))
    return Blobs(
        centre=np.zeros((count, 2)),
        radius=radius * np.exp(rng.normal(0, 0.16, count)) / np.sqrt(long),
        stretch=1 + (long - 1) * rng.gamma(4, 0.25, count),
        angle=grain + rng.normal(0, 0.25 if long > 2 else 2.0, count),
        bend=bend * np.array([0.05, 0.035, 0.018, 0.01]),
    )


def _propose(
    rng: np.random.Generator, size: Size, blobs: Blobs, index: int, placed: list[int]
) -> Field:
    """A free spot in the picture, or the flank of a blob."""
    if not placed:
        return rng.uniform(0.3, 0.7, 2) * size
    if rng.random() < 0.4:
        return rng.uniform(-0.02, 1.02, 2) * size
    host = placed[rng.integers(len(placed))]
    direction = rng.uniform(-np.pi, np.pi)
    gap = rng.uniform(0.9, 1.0) * _reach(blobs, host, index, direction)
    spot = blobs.centre[host] + gap * np.array([np.sin(direction), np.cos(direction)])
    return np.asarray(np.clip(spot, 0, size))


def _reach(blobs: Blobs, one: int, other: int, direction: float) -> float:
    """Distance of two centres along ``direction`` at which the outlines meet on that line."""
    there = blobs.outline(one, np.array(direction))
    back = blobs.outline(other, np.array(direction + np.pi))
    return float(there + back)


def _keeps_off(blobs: Blobs, index: int, placed: list[int]) -> bool:
    """Whether a blob overlaps none of the others by more than a little."""
    offset = blobs.centre[index] - blobs.centre[placed]
    gap = np.hypot(offset[:, 0], offset[:, 1])
    near = np.nonzero(gap < blobs.span(index) + blobs.span(np.array(placed, dtype=int)))[0]
    direction = np.arctan2(offset[:, 0], offset[:, 1])
    return all(gap[k] >= 0.88 * _reach(blobs, placed[k], index, float(direction[k])) for k in near)


def claim(blobs: Blobs, size: Size) -> tuple[Blobs, list[View], NDArray[np.int64]]:
    """Give each pixel to the blob that it lies deepest in; -1 = none.

    Returns the blobs that are visible and in one piece, their views, and the owner (H, W).
    """
    while True:
        views = [_view(blobs, index, size) for index in range(len(blobs))]
        owner = _deepest(views, size)
        pieces = [_pieces(owner[v.window] == index) for index, v in enumerate(views)]
        if all(count == 1 for count in pieces):
            return blobs, views, owner
        blobs = blobs.pick(np.array(pieces) == 1)


def _view(blobs: Blobs, index: int, size: Size, margin: float = 4.0) -> View:
    centre = blobs.centre[index]
    reach = blobs.span(index) + margin
    low = np.clip(np.floor(centre - reach), 0, size).astype(int)
    high = np.clip(np.ceil(centre + reach), 0, size).astype(int)
    row = np.arange(low[0], high[0])[:, None] + 0.5 - centre[0]
    column = np.arange(low[1], high[1])[None, :] + 0.5 - centre[1]
    edge = blobs.outline(index, np.arctan2(row, column))
    depth = edge - np.sqrt(row * row + column * column)
    return View((slice(low[0], high[0]), slice(low[1], high[1])), depth, depth / edge)


def _deepest(views: list[View], size: Size) -> NDArray[np.int64]:
    best = np.zeros(size)
    owner = np.full(size, -1)
    for index, view in enumerate(views):
        wins = view.share > best[view.window]
        owner[view.window][wins] = index
        best[view.window][wins] = view.share[wins]
    return owner


def _pieces(region: NDArray[np.bool_]) -> int:
    return int(ndimage.label(region)[1])
