"""Sums over the pairs that count alone, for small pictures and narrow kernels."""

from __future__ import annotations

import numpy as np

from segviz.postprocessing._messages import RowSums, taken_apart

LEAST_WEIGHT = 1 / 200  # of a pair that is kept; a pixel with itself has 1
MOST_PAIRS = 300  # of a point: with more, a lattice is faster
SAMPLED = 64  # points that tell how many pairs there will be
TOGETHER = 32  # points whose pairs with all others fit a processor's cache


def near_pairs(features: np.ndarray) -> RowSums | None:
    """Keep the pairs of float (points, d), in units of the sigma; None if these are many.

    >>> (near_pairs(np.float32([[0], [1], [9]])) @ np.float32([[1], [0], [1]])).T.round(3)
    array([[1.   , 0.607, 1.   ]], dtype=float32)
    """
    ours, theirs = taken_apart(features)
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
    return RowSums(np.concatenate(columns), weights, ends)
