"""What each pixel hears from all others: sums over pairs, on the lattice or exact."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from segviz.postprocessing._permutohedral import Lattice, blur_matrices

Message = Callable[[np.ndarray], np.ndarray]

DOUBTFUL = np.log(20)  # the best class is less than so many times as likely as the second


@dataclass(frozen=True)
class LatticeKernels:
    """Several kernels on one lattice, without their weights.

    ``corners``: of all kernels side by side; ``shares``: of each kernel, what a point reads of
    them.
    """

    splat: sparse.csr_array
    blurs: list[sparse.csr_array]
    corners: np.ndarray
    shares: list[np.ndarray]

    @classmethod
    def of(cls, lattices: Sequence[Lattice], normalization: str) -> LatticeKernels:
        """Put the lattices side by side, with the normalisations in their shares."""
        starts = np.cumsum([0, *(lattice.size for lattice in lattices)])
        corners = np.hstack(
            [one.corners + start for one, start in zip(lattices, starts, strict=False)],
            dtype=np.int32,
        )
        blurs = blur_matrices(list(lattices))
        shares = np.hstack([one.shares for one in lattices])
        sums = _point_matrix(corners, shares, starts[-1]).sum(axis=0)
        for blur in blurs:
            sums = blur @ sums
        give, take = [], []
        for one, start in zip(lattices, starts, strict=False):
            row_sums = (one.shares * sums[one.corners + start]).sum(axis=1) / one.gain
            before, after = _divisors(row_sums, normalization)
            give.append(one.shares / before[:, None])
            take.append(one.shares / (one.gain * after)[:, None])
        splat = _point_matrix(corners, np.hstack(give), starts[-1]).T
        return cls(splat, blurs, corners, take)

    def message(self, weights: Sequence[float]) -> Message:
        """The sum of all kernels, each times its weight."""
        weighted = [one * np.float32(w) for one, w in zip(self.shares, weights, strict=True)]
        slices = _point_matrix(self.corners, np.hstack(weighted), self.splat.shape[0])

        def message(values: np.ndarray) -> np.ndarray:
            on_corners = self.splat @ values
            for blur in self.blurs:
                on_corners = blur @ on_corners
            return slices @ on_corners

        return message


def _point_matrix(corners: np.ndarray, shares: np.ndarray, size: int) -> sparse.csr_array:
    ends = np.arange(0, corners.size + 1, corners.shape[1], dtype=np.int32)
    data = shares.astype(np.float32, copy=False).ravel()
    columns = corners.astype(np.int32, copy=False).ravel()
    return sparse.csr_array((data, columns, ends), shape=(len(corners), size))


def _divisors(row_sums: np.ndarray, normalization: str) -> tuple[np.ndarray, np.ndarray]:
    """What values are divided by before they are summed, and the sums afterwards."""
    one = np.ones_like(row_sums)
    root = np.sqrt(row_sums)
    return {"none": (one, one), "after": (one, row_sums), "symmetric": (root, root)}[normalization]


def exact_message(sums: Message, pixels: int, weight: float, normalization: str) -> Message:
    """A kernel's message from its sums over all pairs."""
    row_sums = sums(np.ones((pixels, 1), dtype=np.float32))
    before, after = _divisors(row_sums, normalization)
    return lambda values: np.float32(weight) / after * sums(values / before)


def doubtful_message(
    kernels: LatticeKernels, weight: float, features: np.ndarray, normalization: str
) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """One kernel's message, on the lattice but for the pixels that doubt, which get the exact one:
    where two classes are nearly level, the lattice's small error would decide between them.

    Takes the values and all other scores of each pixel; those tell who doubts.
    """
    on_lattice = kernels.message([weight])
    ones = np.ones((len(features), 1), dtype=np.float32)
    row_sums = pair_sums(features, ones) if normalization == "symmetric" else ones
    before, _ = _divisors(row_sums, normalization)

    def message(values: np.ndarray, others: np.ndarray) -> np.ndarray:
        found = on_lattice(values)
        rows = _doubtful(others + found)
        sums = pair_sums(features, np.hstack([values / before, ones]), rows)
        _, after = _divisors(sums[:, -1:], normalization)
        found[rows] = np.float32(weight) / after * sums[:, :-1]
        return found

    return message


def _doubtful(scores: np.ndarray) -> np.ndarray:
    """The pixels whose two best classes are close to each other."""
    if scores.shape[1] == 1:
        return np.arange(0)
    best = np.partition(scores, -2, axis=1)[:, -2:]
    return np.flatnonzero(best[:, 1] - best[:, 0] < DOUBTFUL)


def pair_sums(
    features: np.ndarray, values: np.ndarray, rows: np.ndarray | None = None, some: int = 32
) -> np.ndarray:
    """Sum over j of exp(-|f_i - f_j|^2 / 2) v_j for each i, or each of ``rows``, some at a time."""
    features = features - features.mean(axis=0)  # small numbers: their squares are taken apart
    half = (features**2).sum(axis=1, keepdims=True) / 2
    one = np.ones_like(half)
    ours, theirs = np.hstack([features, -half, one]), np.hstack([features, one, -half]).T
    ours = ours if rows is None else ours[rows]
    out = np.empty((len(ours), values.shape[1]), dtype=values.dtype)
    for start in range(0, len(ours), some):
        kernel = ours[start : start + some] @ theirs
        out[start : start + some] = np.exp(kernel, out=kernel) @ values
    return out


def position_sums(size: tuple[int, int], sigma: float) -> Message:
    """The same sums where only places count: a Gaussian along columns, then one along rows."""
    down, across = (
        np.exp(-((np.arange(n)[:, None] - np.arange(n)) ** 2) / (2 * sigma**2), dtype=np.float32)
        for n in size
    )

    def sums(values: np.ndarray) -> np.ndarray:
        field = values.reshape(*size, -1)
        return (across @ np.tensordot(down, field, 1)).reshape(values.shape)

    return sums
