"""The plan of a tissue section: which cell owns a pixel, and how far its border is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from ._fields import Field, Size, pixel_centres, smooth_noise

MARGIN = 60.0  # pixels around the picture that cells may lie in
_REACH = 16.0  # a cell grows by at most this many pixels to meet its neighbours
_DISCS = 5  # along each cell, to test whether two overlap
_SIZES = ((52.0, 0.3, 60.0), (26.0, 0.3, 6.0), (14.0, 0.3, 1.0), (7.0, 0.25, 0.6))
"""Radius in pixels, its spread, and thousands of pixels of tissue per cell tried of this size."""


@dataclass(frozen=True)
class Cells:
    """Cells as stadiums: a segment from ``start`` to ``end`` (M, 2), thickened by ``radius``."""

    start: Field
    end: Field
    radius: Field

    def offset(
        self, index: NDArray[np.int64] | int, row: Field, column: Field
    ) -> tuple[Field, Field]:
        """Return the vector from the nearest point of segment ``index`` to each position."""
        along = (self.end - self.start)[index]
        row = row - self.start[index, 0]
        column = column - self.start[index, 1]
        length = along[..., 0] ** 2 + along[..., 1] ** 2
        share = (row * along[..., 0] + column * along[..., 1]) / np.maximum(length, 1e-9)
        share = np.clip(share, 0.0, 1.0)
        return row - share * along[..., 0], column - share * along[..., 1]


@dataclass(frozen=True)
class Partition:
    """Owner of each pixel, -1 where no cell reaches, and distance to its border in pixels."""

    owner: NDArray[np.int64]
    distance: Field
    row: Field
    column: Field


def pack_cells(rng: np.random.Generator, size: Size) -> Cells:
    """Drop cells of four sizes, largest first, keeping those that overlap no earlier one."""
    low, extent = -MARGIN, np.asarray(size) + 2 * MARGIN
    grain = rng.uniform(0, np.pi)
    kept = np.empty((0, 5))
    for typical, spread, thousands in _SIZES:
        tries = max(1, int(np.prod(extent) / 1000 / thousands))
        radius = typical * np.exp(rng.normal(0, spread, tries))
        half = _half_axes(rng, grain, radius)
        centre = low + rng.random((tries, 2)) * extent
        drawn = np.column_stack([centre - half, centre + half, radius])
        kept = np.vstack([kept, _without_overlap(drawn, kept)])
    return Cells(kept[:, :2], kept[:, 2:4], kept[:, 4])


def _half_axes(rng: np.random.Generator, grain: float, radius: Field) -> Field:
    """Long cells are rare, and lie roughly along the grain of the tissue."""
    length = radius * np.minimum(rng.gamma(0.6, 0.8, len(radius)), 6.0)
    angle = grain + rng.normal(0, 0.5, len(radius))
    return length[:, None] * np.stack([np.sin(angle), np.cos(angle)], axis=1)


def _without_overlap(drawn: Field, kept: Field) -> Field:
    """Leave out what overlaps one of ``kept``, or an earlier one that was not left out itself."""
    blocked = np.zeros(len(drawn), dtype=bool)
    blocked[_overlaps(drawn, kept)[0]] = True
    free = drawn[~blocked]
    one, other = _overlaps(free, free)
    starts = np.searchsorted(one, np.arange(len(free) + 1))
    chosen = np.ones(len(free), dtype=bool)
    for index in range(len(free)):
        rivals = other[starts[index] : starts[index + 1]]
        chosen[rivals[rivals > index]] &= not chosen[index]
    return free[chosen]


def _overlaps(some: Field, others: Field) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pairs of stadiums (A, 5) and (B, 5) that overlap, sorted; tested on five discs along each."""
    if len(some) == 0 or len(others) == 0:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    trees = [cKDTree(_discs(stadiums)) for stadiums in (some, others)]
    farthest = 0.92 * (some[:, 4].max() + others[:, 4].max())
    near = trees[0].sparse_distance_matrix(trees[1], farthest, output_type="ndarray")
    one, other = near["i"] // _DISCS, near["j"] // _DISCS
    hit = near["v"] < 0.92 * (some[one, 4] + others[other, 4])
    pairs = np.unique(np.stack([one[hit], other[hit]], axis=1), axis=0)
    return pairs[:, 0], pairs[:, 1]


def _discs(stadiums: Field) -> Field:
    """Centres of discs along each stadium, five a piece: (5 M, 2)."""
    share = np.linspace(0, 1, _DISCS)[:, None]
    centres = stadiums[:, None, :2] + share * (stadiums[:, None, 2:4] - stadiums[:, None, :2])
    return np.asarray(centres.reshape(-1, 2))


def partition(rng: np.random.Generator, size: Size, cells: Cells) -> Partition:
    """Share the pixels out: each goes to the cell whose disc is nearest."""
    row, column, slack = _warped(rng, size)
    best = np.full((2, *size), _REACH)
    owner = np.full((2, *size), -1)
    for index in range(len(cells.radius)):
        window = _window(cells, index, size, slack)
        _claim(best, owner, window, index, cells, row[window], column[window])
    return Partition(owner[0], _border_distance(best, owner, cells, row, column), row, column)


def _warped(rng: np.random.Generator, size: Size) -> tuple[Field, Field, float]:
    """Pixel centres, displaced so that borders bend, and the largest displacement."""
    rows, columns = pixel_centres(size)
    shift = [
        7.0 * smooth_noise(rng, size, 45) + 1.6 * smooth_noise(rng, size, 11) for _ in range(2)
    ]
    slack = max(float(np.abs(s).max()) for s in shift)
    return rows + shift[0], columns + shift[1], slack


def _window(cells: Cells, index: int, size: Size, slack: float) -> tuple[slice, slice]:
    reach = _REACH + cells.radius[index] + slack
    ends = np.stack([cells.start[index], cells.end[index]])
    low = np.clip(np.floor(ends.min(0) - reach), 0, size).astype(int)
    high = np.clip(np.ceil(ends.max(0) + reach), 0, size).astype(int)
    return slice(low[0], high[0]), slice(low[1], high[1])


def _claim(
    best: Field,
    owner: NDArray[np.int64],
    window: tuple[slice, slice],
    index: int,
    cells: Cells,
    row: Field,
    column: Field,
) -> None:
    """Enter one cell into the two best scores of each pixel of its window."""
    dy, dx = cells.offset(index, row, column)
    score = np.sqrt(dy * dy + dx * dx) - cells.radius[index]
    (first, second), (own, other) = (a[(slice(None), *window)] for a in (best, owner))
    wins = score < first
    places = score < second
    second[...] = np.where(wins, first, np.where(places, score, second))
    other[...] = np.where(wins, own, np.where(places, index, other))
    first[...] = np.where(wins, score, first)
    own[...] = np.where(wins, index, own)


def _border_distance(
    best: Field, owner: NDArray[np.int64], cells: Cells, row: Field, column: Field
) -> Field:
    """Difference of the two best scores over the length of its gradient, to first order."""
    gradients = []
    for score, index in zip(best, owner, strict=True):
        dy, dx = cells.offset(index, row, column)
        length = np.maximum(score + cells.radius[index], 1e-3)
        gradients.append(np.where(index < 0, 0.0, np.stack([dy, dx]) / length))
    slope = np.sqrt(((gradients[0] - gradients[1]) ** 2).sum(0))
    distance = (best[1] - best[0]) / np.maximum(slope, 1e-6)
    return np.where(owner[0] < 0, 0.0, np.asarray(distance))
