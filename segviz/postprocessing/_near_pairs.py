"""A kernel as a sparse matrix of the pairs that count, for small pictures and narrow kernels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from segviz.postprocessing._messages import Message, RowSums, divisors

LEAST_WEIGHT = 1 / 200  # of a pair that is kept; a pixel with itself has 1
MOST_PAIRS = 300  # of a point: with more, a lattice is faster
SAMPLED = 64  # points that tell how many pairs there will be
TOGETHER = 32  # points whose pairs with all others fit a processor's cache


@dataclass(frozen=True)
class PairKernel:
    """What each point hears from the points near it, without the kernel's weight."""

    sums: RowSums
    before: np.ndarray
    after: np.ndarray

    @classmethod
    def of(cls, features: np.ndarray, normalization: str) -> PairKernel | None:
        """Keep the pairs of float (points, d), in units of the sigma; None if these are many.

        >>> kernel = PairKernel.of(np.float32([[0], [1], [9]]), "none")
        >>> kernel.message(1.0)(np.float32([[1], [0], [1]])).T.round(3)
        array([[1.   , 0.607, 1.   ]], dtype=float32)
        """
        centred = features - features.mean(axis=0)
        half = (centred**2).sum(axis=1, keepdims=True) / 2
        one = np.ones_like(half)
        ours, theirs = np.hstack([centred, -half, one]), np.hstack([centred, one, -half]).T
        least = np.float32(np.log(LEAST_WEIGHT))
        some = ours[:: len(ours) // SAMPLED + 1]
        if np.count_nonzero(some @ theirs > least) > MOST_PAIRS * len(some):
            return None
        rows, columns, powers = [], [], []
        for start in range(0, len(ours), TOGETHER):
            power = ours[start : start + TOGETHER] @ theirs
            row, column = np.nonzero(power > least)
            rows.append(row + start)
            columns.append(column)
            powers.append(power[row, column])
        weights = np.exp(np.minimum(np.concatenate(powers), 0))
        ends = np.searchsorted(np.concatenate(rows), np.arange(len(ours) + 1))
        sums = RowSums(np.concatenate(columns), weights, ends)
        return cls(sums, *divisors((sums @ one)[:, 0], normalization))

    def message(self, weight: float) -> Message:
        """What each point hears, times the weight."""
        after = (np.float32(weight) / self.after)[:, None]
        return lambda values: after * (self.sums @ (values / self.before[:, None]))
