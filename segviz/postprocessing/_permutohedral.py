"""Gaussian filtering in many dimensions on the permutohedral lattice, as sparse matrices.

Source: Adams, Baek and Davis, Fast high-dimensional filtering using the permutohedral lattice
(2010). Each point hands its value to the d + 1 corners of the simplex around it (splat), the
corners are blurred with (1/2, 1, 1/2) along each of the d + 1 lattice directions, and each point
reads its corners again (slice). All three are matrices, so the same ones serve every iteration.
A fine lattice has smaller simplices and blurs twice, which comes nearer to a Gaussian.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse


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
    def of(cls, features: np.ndarray, passes: int = 1) -> Lattice:
        """Put points on the lattice: float (points, d), in units of the Gaussian's sigma."""
        d = features.shape[1]
        fineness = _fineness(passes)
        remainder_0, rank, shares = _simplex(_embedded(features, fineness))
        packed, steps = _packed(remainder_0, rank, margin=passes + 1)
        keys = np.unique(packed)
        for _ in range(passes):
            keys = _grown(keys, steps, passes)
        corners = np.searchsorted(keys, packed).astype(np.int32)
        previous, following = _neighbours(keys, steps)
        # A constant must come out as often as a Gaussian of height 1 counts it.
        room = (np.sqrt(1.5) / fineness) ** d / np.sqrt(d + 1)
        gain = room * 2.0 ** (passes * (d + 1)) / (2 * np.pi) ** (d / 2)
        return cls(corners, shares, previous, following, float(gain))


def _fineness(passes: int) -> float:
    """Each pass of blurs has variance 1/2, splat and slice 1/6: in all it must be that of one."""
    return float(np.sqrt((passes / 2 + 1 / 6) / (2 / 3)))


def _embedded(features: np.ndarray, fineness: float) -> np.ndarray:
    """Scale d coordinates and turn them into the plane of sum 0 in d + 1 dimensions."""
    d = features.shape[1]
    place = np.arange(1, d + 1)
    scale = fineness * (d + 1) * np.sqrt(2.0 / 3.0) / np.sqrt(place * (place + 1.0))
    rotation = np.triu(np.ones((d + 1, d)))
    rotation[place, place - 1] = -place
    return features @ (rotation * scale).T.astype(features.dtype)


def _simplex(elevated: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The nearest corner of remainder 0, the rank of each coordinate, and the d + 1 shares."""
    points, corners = elevated.shape
    nearest = np.rint(elevated / corners)
    difference = elevated - nearest * corners
    rank = np.zeros((points, corners), dtype=np.int32)
    for i in range(corners):
        for j in range(i + 1, corners):
            lower = difference[:, i] < difference[:, j]
            rank[:, i] += lower
            rank[:, j] += ~lower
    excess = nearest.sum(axis=1, dtype=np.float64).astype(np.int32)[:, None]
    rank += excess
    below, above = rank < 0, rank >= corners
    nearest += below
    nearest -= above
    rank += corners * below
    rank -= corners * above
    return (corners * nearest).astype(np.int32), rank, _shares(elevated, nearest, rank)


def _shares(elevated: np.ndarray, nearest: np.ndarray, rank: np.ndarray) -> np.ndarray:
    """Barycentric coordinates, from the coordinates in the order of their ranks."""
    corners = elevated.shape[1]
    ordered = np.empty_like(elevated)
    np.put_along_axis(ordered, rank, elevated / corners - nearest, axis=1)
    shares = np.empty_like(elevated)
    shares[:, 1:] = (ordered[:, :-1] - ordered[:, 1:])[:, ::-1]
    shares[:, 0] = 1.0 + ordered[:, -1] - ordered[:, 0]
    return shares


def _packed(
    remainder_0: np.ndarray, rank: np.ndarray, margin: int
) -> tuple[np.ndarray, np.ndarray]:
    """Each corner as one whole number, and what one step along each direction adds to it.

    The last coordinate follows from the others, whose sum it brings to 0.
    """
    d = remainder_0.shape[1] - 1
    room = 2 * margin * (d + 1)
    low = remainder_0[:, :d].min(axis=0) - room
    width = remainder_0[:, :d].max(axis=0) + room - low + 1
    if np.log2(width.astype(float)).sum() >= 63:
        raise ValueError(
            "the sigmas are so small that the lattice has more corners than can be counted. "
            "Use larger sigmas."
        )
    place = np.cumprod(np.append(1, width[:-1]).astype(np.int64))
    base = (remainder_0[:, :d] - low) @ place
    packed = np.empty(rank.shape, dtype=np.int64)
    packed[:, 0] = base
    for corner in range(1, d + 1):
        # Corner r of a simplex adds r, and takes d + 1 off the coordinates of the highest ranks.
        high = rank[:, :d] > d - corner
        packed[:, corner] = base + corner * place.sum() - (d + 1) * (high @ place)
    steps = np.append((d + 1) * place, 0) - place.sum()
    return packed, steps


def _grown(keys: np.ndarray, steps: np.ndarray, passes: int) -> np.ndarray:
    """Add the empty corners around used ones: a blur must not lose what passes through them.

    With one pass only a corner between two used ones matters. The authors' code has none of them.
    """
    around = np.concatenate([keys + step for step in (*steps, *-steps)])
    corners, used = np.unique(around, return_counts=True)
    return np.union1d(keys, corners[used >= (2 if passes == 1 else 1)])


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


def blur_matrices(lattices: list[Lattice]) -> list[sparse.csr_array]:
    """One matrix per direction for several lattices side by side, those without it unchanged."""
    directions = max(len(lattice.next) for lattice in lattices)
    return [_blur_matrix(lattices, direction) for direction in range(directions)]


def _blur_matrix(lattices: list[Lattice], direction: int) -> sparse.csr_array:
    rows, start = [], 0
    for lattice in lattices:
        row = np.full((lattice.size, 3), -1, dtype=np.int32)
        row[:, 1] = np.arange(start, start + lattice.size)
        if direction < len(lattice.next):
            for column, near in ((0, lattice.previous), (2, lattice.next)):
                row[:, column] = np.where(near[direction] < 0, -1, near[direction] + start)
        rows.append(row)
        start += lattice.size
    columns = np.concatenate(rows)
    used = columns >= 0
    weights = np.broadcast_to(np.array([0.5, 1.0, 0.5], dtype=np.float32), columns.shape)[used]
    ends = np.append(0, np.cumsum(used.sum(axis=1)))
    return sparse.csr_array((weights, columns[used], ends), shape=(start, start))
