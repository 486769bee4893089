"""Mean field on a dense CRF: what is prepared once per picture, and the iterations."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NoReturn

import numpy as np
import torch

from segviz.ops._checks import shown, whole_number
from segviz.postprocessing._messages import (
    LatticeKernels,
    Message,
    doubtful_message,
    exact_message,
    pair_sums,
    position_sums,
)
from segviz.postprocessing._permutohedral import Lattice

NORMALIZATIONS = ("after", "symmetric", "none")
METHODS = ("auto", "lattice", "fine", "exact")
LARGEST_EXACT = 128 * 128
SMALLEST_SIGMA = 0.001  # below, the squares of distances are more than 64 bits tell apart
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
        self._unary, self._colours, self._size = _checked(probabilities, image)
        self._lattices: dict[Any, Lattice | None] = {}
        self._kernels: dict[Any, LatticeKernels] = {}

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
    ) -> Iterator[np.ndarray]:
        """Yield what :func:`segviz.postprocessing.dense_crf_steps` yields."""
        sigmas = {"position_sigma": position_sigma, "colour_sigma": colour_sigma}
        sigmas["smoothness_sigma"] = smoothness_sigma
        weights = {"smoothness_weight": smoothness_weight, "appearance_weight": appearance_weight}
        _check_settings(sigmas, weights, normalization, method, self._size)
        whole_number(iterations, "iterations", 0)
        near, alike = (smoothness_sigma, None), (position_sigma, colour_sigma)
        if method in ("auto", "lattice") and not self._is_small():
            kernels = self._kernels_of([near, alike], normalization)
            message = kernels.message([*weights.values()])
        else:
            message = self._message(near[0], alike, [*weights.values()], normalization, method)
        return _iterations(self._unary, message, iterations, self._size)

    def _is_small(self) -> bool:
        return self._size[0] * self._size[1] <= LARGEST_EXACT

    def _message(
        self, sigma: float, alike: Any, weights: list[float], normalization: str, method: str
    ) -> Message:
        """The exact sums over positions, by rows and columns; those over colours as asked."""
        features, pixels = self._features(*alike), len(self._unary)
        if method == "auto" and self._lattice(alike) is None:
            method = "exact"
        near = exact_message(position_sums(self._size, sigma), pixels, weights[0], normalization)
        if method == "exact":
            sums = partial(pair_sums, features)
            far = exact_message(sums, pixels, weights[1], normalization)
            return lambda values: near(values) + far(values)
        kernels = self._kernels_of([alike], normalization)
        if method == "lattice":
            far = kernels.message(weights[1:])
            return lambda values: near(values) + far(values)
        some = doubtful_message(kernels, weights[1], features, normalization)

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

    def _kernels_of(self, pairs: Any, normalization: str) -> LatticeKernels:
        def make() -> LatticeKernels:
            found = {pair: self._lattice(pair) for pair in pairs}
            lattices = [lattice for lattice in found.values() if lattice is not None]
            if len(lattices) < len(found):
                self._refuse(*next(pair for pair in found if found[pair] is None))
            return LatticeKernels.of(lattices, normalization)

        return _kept(self._kernels, (*pairs, normalization), make)

    def _lattice(self, pair: Any) -> Lattice | None:
        return _kept(self._lattices, pair, lambda: Lattice.of(self._features(*pair)))

    def _refuse(self, position_sigma: float, colour_sigma: float | None) -> NoReturn:
        """Name the sigma that the picture is most times as large as."""
        exact = ", or method='exact'" if self._is_small() else ""
        channels, name, value = self._colours.shape[1], "smoothness_sigma", position_sigma
        if colour_sigma is not None:
            if channels > MOST_CHANNELS:
                raise ValueError(
                    f"image has {channels} channels: the lattice has more corners than can be "
                    f"counted. Use at most {MOST_CHANNELS} of them{exact}."
                )
            far = np.ptp(self._colours) / colour_sigma > max(self._size) / position_sigma
            name, value = ("colour_sigma", colour_sigma) if far else ("position_sigma", value)
        raise ValueError(
            f"{name}={shown(value)} is so small that the lattice has more corners than can be "
            f"counted. Use a larger one{exact}."
        )


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
    if scores.shape[1] >= 16:
        return torch.softmax(torch.from_numpy(scores), dim=1).numpy()
    # Rows shorter than a vector register are slow in torch; numpy takes all pixels of a class.
    powers = np.ascontiguousarray(scores.T)
    powers -= powers.max(axis=0)
    np.exp(powers, out=powers)
    powers /= powers.sum(axis=0)
    return np.ascontiguousarray(powers.T)


def _as_picture(values: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    return values.T.reshape(-1, *size)


def _checked(probabilities: Any, image: Any) -> tuple[np.ndarray, np.ndarray, tuple[int, int]]:
    """Unary scores (pixels, K), colours (pixels, C) from 0 to 255, and height and width."""
    given, picture = (
        _numbers(value, name)
        for value, name in ((probabilities, "probabilities"), (image, "image"))
    )
    if given.shape[1:] != picture.shape[1:]:
        raise ValueError(
            f"probabilities are {given.shape[1:]} pixels and image is {picture.shape[1:]}: both "
            "must be of one size. Resize the probabilities first."
        )
    sums = given.sum(axis=0)
    if given.min() < 0 or np.abs(sums - 1).max() > 1e-3:
        raise ValueError(
            "probabilities must be >= 0 and sum to 1 at each pixel; the sums go from "
            f"{sums.min():.3g} to {sums.max():.3g}. Take the softmax of the scores first, in "
            "float32."
        )
    if picture.min() < 0 or picture.max() > 1:
        raise ValueError(
            f"image goes from {picture.min():.3g} to {picture.max():.3g} and must lie in [0, 1]. "
            "Divide grey levels by 255."
        )
    # A class that is ruled out stays so, without an infinite score.
    unary = np.log(np.maximum(given, 1e-20).reshape(len(given), -1).T, order="C")
    colours = 255 * picture.reshape(len(picture), -1).T
    return unary, colours, given.shape[1:]


def _numbers(value: Any, name: str) -> np.ndarray:
    try:
        array = np.asarray(value, dtype=np.float32)
    except (TypeError, ValueError, RuntimeError):
        raise TypeError(
            f"{name} must be numbers of shape (channels, H, W) that numpy can read; this is a "
            f"{type(value).__name__}{_kind(value)}. For a tensor: .detach().cpu().float()"
        ) from None
    if array.ndim != 3 or 0 in array.shape:
        raise ValueError(f"{name} has shape {array.shape}: give (channels, H, W), none of them 0.")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} holds nan or infinite values. Give finite ones.")
    return array


def _kind(value: Any) -> str:
    return f" of {value.dtype} on {value.device}" if isinstance(value, torch.Tensor) else ""


def _check_settings(
    sigmas: dict[str, float], weights: dict[str, float], normalization: str, method: str, size: Any
) -> None:
    for name, value in {**sigmas, **weights}.items():
        if isinstance(value, bool) or not isinstance(value, int | float | np.number):
            raise TypeError(f"{name}={shown(value)} must be a number. Use 3.0.")
        if not (0 < value < np.inf or (value == 0 and name in weights)):
            rule = "at least 0" if name in weights else "above 0"
            raise ValueError(f"{name}={shown(value)} must be {rule} and finite. Use 3.0.")
        if name in sigmas and value < SMALLEST_SIGMA:
            raise ValueError(
                f"{name}={shown(value)} must be at least {SMALLEST_SIGMA}: it counts pixels or "
                "grey levels from 0 to 255, and no two of them are as near as that. Use 3.0."
            )
    choices = {"normalization": (normalization, NORMALIZATIONS), "method": (method, METHODS)}
    for name, (chosen, known) in choices.items():
        if not isinstance(chosen, str) or chosen not in known:
            raise ValueError(f"{name}={shown(chosen)} is unknown. Use {' or '.join(known)}.")
    if method == "exact" and size[0] * size[1] > LARGEST_EXACT:
        raise ValueError(
            f"method='exact' sums over all pairs, {(size[0] * size[1]) ** 2 / 1e9:.1f} thousand "
            f"million for {size[0]} x {size[1]}: it is for pictures up to 128 x 128. "
            "Use method='fine'."
        )
