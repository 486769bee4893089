"""What each pixel hears from all others: sums over pairs, on the lattice or exact."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from segviz.postprocessing._permutohedral import Lattice, blur_matrices

Message = Callable[[np.ndarray], np.ndarray]


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
    def of(cls, lattices: Sequence[Lattice], normalization: str, passes: int) -> LatticeKernels:
        """Put the lattices side by side, with the normalisations in their shares."""
        starts = np.cumsum([0, *(lattice.size for lattice in lattices)])
        corners = np.hstack(
            [one.corners + start for one, start in zip(lattices, starts, strict=False)]
        )
        blurs = passes * blur_matrices(list(lattices))
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


def exact_message(kernels: list[tuple[np.ndarray, float]], normalization: str) -> Message:
    prepared = []
    for features, weight in kernels:
        ones = np.ones((len(features), 1), dtype=np.float32)
        before, after = _divisors(_all_pairs(features, ones)[:, 0], normalization)
        prepared.append((features, before[:, None], weight / after[:, None]))

    def message(values: np.ndarray) -> np.ndarray:
        parts = (scale * _all_pairs(f, values / before) for f, before, scale in prepared)
        return sum(parts, np.zeros_like(values))

    return message


def _all_pairs(features: np.ndarray, values: np.ndarray, rows: int = 32) -> np.ndarray:
    """Sum over j of exp(-|f_i - f_j|^2 / 2) v_j for each i, some rows at a time."""
    half = (features**2).sum(axis=1) / 2
    out = np.empty_like(values)
    for start in range(0, len(features), rows):
        part = slice(start, start + rows)
        exponents = features[part] @ features.T - half[part, None] - half
        out[part] = np.exp(np.minimum(exponents, 0)) @ values
    return out
