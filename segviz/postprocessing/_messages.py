"""What each pixel hears from all others: sums over pairs, on the lattice or exact."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from scipy import sparse

from segviz.postprocessing._permutohedral import Lattice, blurs

Message = Callable[[np.ndarray], np.ndarray]

DOUBTFUL = np.log(20)  # the best class is less than so many times as likely as the second


class RowSums:
    """A sparse matrix as columns and weights of each row, which torch multiplies in half of the
    time that scipy takes.

    >>> (RowSums(np.array([[1, 1], [0, 1]]), np.array([[2, 0], [1, 1]])) @ np.float32([[1], [3]])).T
    array([[6., 4.]], dtype=float32)
    """

    def __init__(
        self, columns: np.ndarray, weights: np.ndarray, ends: np.ndarray | None = None
    ) -> None:
        if ends is None:  # all rows have as many
            ends = np.arange(0, columns.size + 1, columns.shape[1])
        self._columns, self._ends, self._weights = (
            torch.from_numpy(part.astype(kind, copy=False).ravel())
            for part, kind in ((columns, np.int32), (ends, np.int32), (weights, np.float32))
        )

    def __matmul__(self, values: np.ndarray) -> np.ndarray:
        return torch.nn.functional.embedding_bag(
            self._columns, torch.from_numpy(values), self._ends, mode="sum",
            per_sample_weights=self._weights, include_last_offset=True,
        ).numpy()  # fmt: skip


@dataclass(frozen=True)
class LatticeKernel:
    """A kernel on its lattice, without its weight.

    ``blurs``: one for each direction; ``shares``: what a point reads of its ``corners``.
    """

    splat: RowSums
    blurs: list[RowSums]
    corners: np.ndarray
    shares: np.ndarray

    @classmethod
    def of(cls, lattice: Lattice, normalization: str) -> LatticeKernel:
        """Put the normalisation in the shares."""
        directions = [RowSums(*one) for one in blurs(lattice)]
        before, after = _divisors(_row_sums(lattice, directions), normalization)
        splat = _transposed(lattice.corners, lattice.shares / before[:, None], lattice.size)
        take = lattice.shares / (lattice.gain * after)[:, None]
        return cls(splat, directions, lattice.corners, take)

    def message(self, weight: float) -> Message:
        """What each point hears, times the weight."""
        slices = RowSums(self.corners, self.shares * np.float32(weight))
        return lambda values: slices @ _blurred(self.splat @ values, self.blurs)


def _blurred(on_corners: np.ndarray, directions: list[RowSums]) -> np.ndarray:
    for blur in directions:
        on_corners = blur @ on_corners
    return on_corners


def _row_sums(lattice: Lattice, directions: list[RowSums]) -> np.ndarray:
    """How much each point hears in all."""
    touched = np.bincount(lattice.corners.ravel(), lattice.shares.ravel(), lattice.size)
    blurred = _blurred(touched.astype(np.float32)[:, None], directions)[:, 0]
    return (lattice.shares * blurred[lattice.corners]).sum(axis=1) / lattice.gain


def _transposed(corners: np.ndarray, shares: np.ndarray, size: int) -> RowSums:
    """What the corners get from the points, of shares that the points have in them."""
    ends = np.arange(0, corners.size + 1, corners.shape[1], dtype=np.int32)
    matrix = sparse.csr_array((shares.ravel(), corners.ravel(), ends), (len(corners), size)).tocsc()
    return RowSums(matrix.indices, matrix.data, matrix.indptr)


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
    kernel: LatticeKernel, weight: float, features: np.ndarray, normalization: str
) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """One kernel's message, on the lattice but for the pixels that doubt, which get the exact one:
    where two classes are nearly level, the lattice's small error would decide between them.

    Takes the values and all other scores of each pixel; those tell who doubts.
    """
    on_lattice = kernel.message(weight)
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


def taken_apart(features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Two matrices whose product is -|f_i - f_j|^2 / 2 of all pairs.

    >>> ours, theirs = taken_apart(np.array([[0.0], [2.0]]))
    >>> (ours @ theirs).tolist()
    [[0.0, -2.0], [-2.0, 0.0]]
    """
    centred = features - features.mean(axis=0)
    half = (centred**2).sum(axis=1, keepdims=True) / 2
    one = np.ones_like(half)
    return np.hstack([centred, -half, one]), np.hstack([centred, one, -half]).T


def pair_sums(
    features: np.ndarray, values: np.ndarray, rows: np.ndarray | None = None, some: int = 32
) -> np.ndarray:
    """Sum over j of exp(-|f_i - f_j|^2 / 2) v_j for each i, or each of ``rows``, some at a time."""
    # In 64 bits: the squares are taken apart, and what is left of large ones must be right.
    ours, theirs = taken_apart(features.astype(np.float64))
    ours = ours if rows is None else ours[rows]
    out = np.empty((len(ours), values.shape[1]), dtype=values.dtype)
    for start in range(0, len(ours), some):
        kernel = (ours[start : start + some] @ theirs).astype(values.dtype)
        np.minimum(kernel, 0, out=kernel)
        out[start : start + some] = np.exp(kernel, out=kernel) @ values
    return out


def position_sums(size: tuple[int, int], sigma: float) -> Message:
    """The same sums where only places count: a Gaussian along columns, then one along rows.

    Each stops where its weights are below 1 / 250,000 of the largest, 5 sigmas away.
    """
    reach = [min(int(np.ceil(5 * sigma)), n - 1) for n in size]
    down, across = (
        torch.exp(-(torch.arange(-n, n + 1, dtype=torch.float64) ** 2) / (2 * sigma**2)).float()
        for n in reach
    )

    def sums(values: np.ndarray) -> np.ndarray:
        # In this order of memory torch takes all classes of a pixel at once.
        field = torch.from_numpy(values).view(1, *size, -1).permute(0, 3, 1, 2)
        for kernel, padding in ((down[:, None], (reach[0], 0)), (across[None], (0, reach[1]))):
            each = kernel.expand(values.shape[1], 1, *kernel.shape)
            field = torch.nn.functional.conv2d(field, each, padding=padding, groups=values.shape[1])
        return field.permute(0, 2, 3, 1).reshape(values.shape).numpy()

    return sums
