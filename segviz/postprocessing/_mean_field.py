"""Mean field on a dense CRF: what is prepared once per picture, and the iterations."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NoReturn

import numpy as np

from segviz.ops._checks import shown, whole_number
from segviz.postprocessing._checks import LARGEST_EXACT, check_settings, checked
from segviz.postprocessing._messages import (
    LatticeKernel,
    Message,
    RowSums,
    doubtful_message,
    exact_message,
    pair_sums,
    position_sums,
)
from segviz.postprocessing._near_pairs import near_pairs
from segviz.postprocessing._permutohedral import Lattice

LARGEST_SIGMA = 2  # of sums over positions in a large picture: wider ones are faster on a lattice
LARGEST_POWER = 80  # exp of it and of its negative are normal numbers of 32 bits
MOST_CHANNELS = 4  # more dimensions have too many corners at any sigma
MOST_KEPT = 8  # lattices, of a few megabytes each for a picture as small as a widget's


class MeanField:
    """A picture and a network's probabilities; what other weights leave as it is, is kept.

    Parameters
    ----------
    probabilities, image
        As for :func:`segviz.postprocessing.dense_crf`.
    """

    def __init__(self, probabilities: Any, image: Any) -> None:
        self._unary, self._colours, self._size = checked(probabilities, image)
        self._lattices: dict[Any, Lattice | None] = {}
        self._kernels: dict[Any, LatticeKernel] = {}
        self._pairs: dict[Any, RowSums | None] = {}

    def steps(
        self,
        iterations: int,
        *,
        appearance_weight: float,
        position_sigma: float,
        colour_sigma: float,
        smoothness_weight: float,
        smoothness_sigma: float,
        normalization: str = "after",
        method: str = "auto",
        few_pairs: bool = False,
    ) -> Iterator[np.ndarray]:
        """Yield what :func:`segviz.postprocessing.dense_crf_steps` yields.

        With ``few_pairs``, sums over the pairs that count take the lattice's place where these are
        few: in a picture as small as a widget's they are faster, and nearer to the exact ones.
        """
        sigmas = {"position_sigma": position_sigma, "colour_sigma": colour_sigma}
        sigmas["smoothness_sigma"] = smoothness_sigma
        weights = {"smoothness_weight": smoothness_weight, "appearance_weight": appearance_weight}
        check_settings(sigmas, weights, normalization, method, self._size)
        whole_number(iterations, "iterations", 0)
        near = self._near(smoothness_sigma, smoothness_weight, normalization)
        alike = (position_sigma, colour_sigma)
        pairs = self._near_pairs(alike) if few_pairs else None
        if pairs is None:
            message = self._message(near, alike, appearance_weight, normalization, method)
        else:
            far = self._summed(pairs.__matmul__, appearance_weight, normalization)
            message = _both(near, far)
        return _iterations(self._unary, message, iterations, self._size)

    def _is_small(self) -> bool:
        return self._size[0] * self._size[1] <= LARGEST_EXACT

    def _near(self, sigma: float, weight: float, normalization: str) -> Message:
        """The sums over positions: exact, but for what would take long."""
        if self._is_small() or sigma <= LARGEST_SIGMA:
            return self._summed(position_sums(self._size, sigma), weight, normalization)
        return self._kernel((sigma, None), normalization).message(weight)

    def _message(
        self, near: Message, alike: Any, weight: float, normalization: str, method: str
    ) -> Message:
        """Those, and the sums over positions and colours as asked for."""
        if method == "auto":
            small = self._is_small()
            method = ("exact" if self._lattice(alike) is None else "fine") if small else "lattice"
        if method == "exact":
            sums = partial(pair_sums, self._features(*alike))
            return _both(near, self._summed(sums, weight, normalization))
        kernel = self._kernel(alike, normalization)
        if method == "lattice":
            return _both(near, kernel.message(weight))
        some = doubtful_message(kernel, weight, self._features(*alike), normalization)

        def message(values: np.ndarray) -> np.ndarray:
            heard = near(values)
            return heard + some(values, heard + self._unary)

        return message

    def _features(self, position_sigma: float, colour_sigma: float | None) -> np.ndarray:
        """Places, and colours too unless they do not count, in units of their sigmas."""
        place = np.indices(self._size, dtype=np.float32).reshape(2, -1).T
        near = place / np.float32(position_sigma)
        if colour_sigma is None:
            return near
        return np.hstack([near, self._colours / np.float32(colour_sigma)])

    def _kernel(self, pair: Any, normalization: str) -> LatticeKernel:
        def make() -> LatticeKernel:
            lattice = self._lattice(pair)
            if lattice is None:
                self._refuse(*pair)
            return LatticeKernel.of(lattice, normalization)

        return _kept(self._kernels, (*pair, normalization), make)

    def _summed(self, sums: Message, weight: float, normalization: str) -> Message:
        return exact_message(sums, len(self._unary), weight, normalization)

    def _near_pairs(self, pair: Any) -> RowSums | None:
        return _kept(self._pairs, pair, lambda: near_pairs(self._features(*pair)))

    def _lattice(self, pair: Any) -> Lattice | None:
        return _kept(self._lattices, pair, lambda: Lattice.of(self._features(*pair)))

    def _refuse(self, position_sigma: float, colour_sigma: float) -> NoReturn:
        """Name the sigma that the picture is most times as large as."""
        exact = ", or method='exact'" if self._is_small() else ""
        channels = self._colours.shape[1]
        if channels > MOST_CHANNELS:
            raise ValueError(
                f"image has {channels} channels: the lattice has more corners than can be "
                f"counted. Use at most {MOST_CHANNELS} of them{exact}."
            )
        far = np.ptp(self._colours) / colour_sigma > max(self._size) / position_sigma
        name, value = ("colour_sigma", colour_sigma) if far else ("position_sigma", position_sigma)
        raise ValueError(
            f"{name}={shown(value)} is so small that the lattice has more corners than can be "
            f"counted. Use a larger one{exact}."
        )


def _both(near: Message, far: Message) -> Message:
    return lambda values: near(values) + far(values)


def _kept(known: dict[Any, Any], key: Any, make: Callable[[], Any]) -> Any:
    """What was made for the key, or is made now; of the others the last few stay."""
    if key not in known:
        known[key] = make()
        while len(known) > MOST_KEPT:
            del known[next(iter(known))]
    return known[key]


def _iterations(
    unary: np.ndarray, message: Message, iterations: int, size: tuple[int, int]
) -> Iterator[np.ndarray]:
    current = _softmax(unary)
    yield _as_picture(current, size)
    for _ in range(iterations):
        scores = message(current)
        scores += unary
        current = _softmax(scores)
        yield _as_picture(current, size)


def _softmax(scores: np.ndarray) -> np.ndarray:
    # The best score of a row is subtracted only where powers would leave 32 bits: it takes longer
    # than all else here.
    if max(scores.max(), -scores.min()) > LARGEST_POWER:
        scores = scores - scores.max(axis=1, keepdims=True)
    powers = np.exp(scores)
    powers /= powers @ np.ones((scores.shape[1], 1), dtype=np.float32)
    return powers


def _as_picture(values: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    return values.T.reshape(-1, *size)
