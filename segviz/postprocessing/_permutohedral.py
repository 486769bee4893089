"""Gaussian filtering in many dimensions on the permutohedral lattice, as sparse matrices.

Source: Adams, Baek and Davis, Fast high-dimensional filtering using the permutohedral lattice
(2010). Each point hands its value to the d + 1 corners of the simplex around it (splat), the
corners are blurred along each of the d + 1 lattice directions, and each point reads its corners
again (slice). All three are matrices, so the same ones serve every iteration.

The authors blur with (1, 2, 1) / 4. Here the corners lie denser by a factor of the root of 1.5,
and the blur is a Gaussian at five places: the messages' error is about half as large.

Coordinates are rows here and points columns: each step then runs along whole rows of memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np

BLUR_VARIANCE = 5 / 6


@dataclass(frozen=True)
class Lattice:
    """The corners that some points use.

    ``corners``, ``shares``: (points, d + 1), which corner each point touches and its share in it.
    ``previous``, ``next``: (d + 1, size), each corner's neighbours along each direction, or -1.
    ``gain``: what splat, blurs and slice together multiply by.
    """

    corners: np.ndarray
    shares: np.ndarray
    previous: np.ndarray
    next: np.ndarray
    gain: float

    @property
    def size(self) -> int:
        """Number of corners."""
        return self.next.shape[1]

    @classmethod
    def of(cls, features: np.ndarray) -> Lattice | None:
        """Put points on the lattice: float (points, d), in units of the Gaussian's sigma.

        None if there are more corners than 64 bits can number.
        """
        d = features.shape[1]
        nearest, rank, shares = _simplex(_embedded(features))
        numbered = _packed(nearest, rank)
        if numbered is None:
            return None
        packed, simplex, steps = numbered
        keys = _grown(_distinct(_merged([*packed.T])), steps)
        corners = np.searchsorted(keys, packed).astype(np.int32)[simplex]
        previous, following = _neighbours(keys, steps)
        # A constant must come out as often as a Gaussian of height 1 counts it.
        gain = 1 / np.sqrt(d + 1) / (2 * np.pi) ** (d / 2)
        return cls(corners, shares, previous, following, float(gain))


def _embedded(features: np.ndarray) -> np.ndarray:
    """Scale d coordinates and turn them into the plane of sum 0 in d + 1 dimensions.

    The blur has variance 5/6, splat and slice together 1/6: 1 is to be one squared sigma.
    """
    d = features.shape[1]
    place = np.arange(1, d + 1)
    scale = (d + 1) / np.sqrt(place * (place + 1.0))
    rotation = np.triu(np.ones((d + 1, d)))
    rotation[place, place - 1] = -place
    return (rotation * scale).astype(features.dtype) @ features.T


def _simplex(elevated: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The nearest corner of remainder 0 over d + 1, the rank of each coordinate, the shares."""
    corners = len(elevated)
    nearest = np.rint(elevated / corners)
    difference = elevated - nearest * corners
    rank = np.zeros(elevated.shape, dtype=np.int16)
    for i, j in combinations(range(corners), 2):
        lower = difference[i] < difference[j]
        rank[i] += lower
        rank[j] += ~lower
    rank += nearest.sum(axis=0, dtype=np.float64).astype(np.int16)
    below, above = rank < 0, rank >= corners
    nearest += below
    nearest -= above
    rank += np.int16(corners) * below
    rank -= np.int16(corners) * above
    return nearest.astype(np.int64), rank, _shares(elevated / corners - nearest, rank)


def _shares(excess: np.ndarray, rank: np.ndarray) -> np.ndarray:
    """Barycentric coordinates, from what the coordinates exceed the corner by, in their order."""
    ordered = np.empty_like(excess)
    np.put_along_axis(ordered, rank.astype(np.intp), excess, axis=0)
    shares = np.empty(excess.shape[::-1], dtype=excess.dtype)
    shares[:, 1:] = (ordered[:-1] - ordered[1:])[::-1].T
    shares[:, 0] = 1.0 + ordered[-1] - ordered[0]
    return shares


def _packed(
    nearest: np.ndarray, rank: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """Each corner as one whole number: (simplices, d + 1), each once; each point's simplex; and
    what one step along each direction adds to a corner; None where the numbers are too large.

    The last coordinate follows from the others, whose sum it brings to 0.
    """
    corners, d = len(rank), len(rank) - 1
    first = corners * nearest[:d]
    low = first.min(axis=1) - 4 * corners  # room for steps from the outermost corners
    width = first.max(axis=1) + 4 * corners - low + 1
    if np.log2([*width.astype(float), *[corners] * d]).sum() >= 63:
        return None
    place = np.append(np.cumprod([1, *width[:-1]]), 0)
    base = place[:d] @ (first - low[:, None])
    order = corners ** np.arange(d) @ rank[:d].astype(np.int64)
    _, which, simplex = np.unique(base * corners**d + order, return_index=True, return_inverse=True)
    packed = np.empty((which.size, corners), dtype=np.int64)
    packed[:, 0] = base[which]
    at_rank = np.argsort(rank[:, which], axis=0)
    for corner in range(1, corners):
        # From corner to corner all coordinates grow by 1, and the next highest one by -d.
        step = place.sum() - corners * place[at_rank[corners - corner]]
        packed[:, corner] = packed[:, corner - 1] + step
    return packed, simplex, corners * place - place.sum()


def _grown(keys: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """Add the empty corners between two used ones: a blur must not lose what passes through them.

    The authors' code has none of them.
    """
    around = _merged([keys + step for step in (*steps, *-steps)])
    return _distinct(_merged([keys, _distinct(around[1:][around[1:] == around[:-1]])]))


def _merged(runs: list[np.ndarray]) -> np.ndarray:
    """What several arrays hold, sorted: a stable sort finds the runs in them and merges those."""
    return np.sort(np.concatenate(runs), kind="stable")


def _distinct(ordered: np.ndarray) -> np.ndarray:
    return ordered[np.append(True, ordered[1:] != ordered[:-1])]


def _neighbours(keys: np.ndarray, steps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The corner before and after each, along each direction; -1 where there is none."""
    previous = np.full((len(steps), keys.size), -1, dtype=np.int32)
    following = np.full((len(steps), keys.size), -1, dtype=np.int32)
    for direction, step in enumerate(steps):
        found = np.searchsorted(keys, keys + step)
        found[found == keys.size] = 0
        here = np.flatnonzero(keys[found] == keys + step)
        following[direction, here] = found[here]
        previous[direction, found[here]] = here
    return previous, following


def blurs(lattice: Lattice) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """For each direction, which corners each one reads and with which weights: (size, 5) both."""
    here = np.arange(lattice.size, dtype=np.int32)
    weights = np.exp(-(np.arange(-2, 3) ** 2) / (2 * BLUR_VARIANCE)).astype(np.float32)
    weights /= weights.sum()
    for before, after in zip(lattice.previous, lattice.next, strict=True):
        twice = (np.where(one < 0, -1, one[one]) for one in (before, after))
        columns = np.column_stack([before, here, after, *twice])
        yield np.maximum(columns, 0), np.where(columns < 0, 0, weights[[1, 2, 3, 0, 4]])
