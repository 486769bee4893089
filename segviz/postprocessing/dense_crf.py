"""The fully connected CRF: labels sharpened by comparing every pixel with every other.

Source: Krähenbühl and Koltun, Efficient inference in fully connected CRFs with Gaussian edge
potentials (2011); as used by DeepLab (Chen et al. 2017, equations 2 and 3).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from scipy import sparse

from segviz.ops._checks import shown, whole_number
from segviz.postprocessing._permutohedral import Lattice, blur_matrices

NORMALIZATIONS = ("after", "symmetric", "none")
METHODS = ("lattice", "fine", "exact")
LARGEST_EXACT = 128 * 128

Message = Callable[[np.ndarray], np.ndarray]


def dense_crf(probabilities: Any, image: Any, *, iterations: int = 10, **settings: Any) -> Any:
    """Return the class probabilities after mean-field iterations; argmax gives the labels.

    Parameters
    ----------
    probabilities : array or tensor
        (K, H, W), a network's softmax: positive or 0, of sum 1 at each pixel.
    image : array or tensor
        (C, H, W) in [0, 1].
    iterations : int
        0 gives the probabilities back.
    **settings
        Those of :func:`dense_crf_steps`.

    Returns
    -------
    ndarray
        float32 (K, H, W).

    Raises
    ------
    ValueError, TypeError
        If a shape, a value or a setting is not legal, or method="exact" meets a large picture.

    Examples
    --------
    The middle pixel doubts; its neighbours on both sides of equal brightness do not:

    >>> probabilities = np.array([[[0.9, 0.4, 0.9]], [[0.1, 0.6, 0.1]]])
    >>> dense_crf(probabilities, np.zeros((1, 1, 3))).argmax(axis=0)
    array([[0, 0, 0]])
    """
    *_, last = dense_crf_steps(probabilities, image, iterations=iterations, **settings)
    return np.ascontiguousarray(last)


def dense_crf_steps(
    probabilities: Any,
    image: Any,
    *,
    iterations: int = 10,
    appearance_weight: float = 4.0,
    position_sigma: float = 67.0,
    colour_sigma: float = 3.0,
    smoothness_weight: float = 3.0,
    smoothness_sigma: float = 1.0,
    normalization: str = "after",
    method: str = "lattice",
) -> Iterator[np.ndarray]:
    """Yield the probabilities before the first iteration and after each; see :func:`dense_crf`.

    Parameters
    ----------
    probabilities, image, iterations
        As for :func:`dense_crf`.
    appearance_weight, position_sigma, colour_sigma : float
        The kernel that likes equal labels on near pixels of near colour. Positions in pixels,
        colours in grey levels from 0 to 255, as in the papers; the defaults are those of
        DeepLab's ResNet-101.
    smoothness_weight, smoothness_sigma : float
        The kernel that likes equal labels on near pixels.
    normalization : str
        What each kernel's sums are divided by: "after", the sum of the pixel's own row, as the
        authors' code does; "symmetric", the roots of both rows' sums, as pydensecrf does;
        "none", as the formula says.
    method : str
        "lattice"; "fine" for a finer one, some four times slower; "exact" for sums over all pairs,
        up to 128 x 128 pixels. All count the pair of a pixel with itself, as the authors' code
        does and the formula does not.
    """
    unary, colours, size = _checked(probabilities, image)
    sigmas = {"position_sigma": position_sigma, "colour_sigma": colour_sigma}
    sigmas["smoothness_sigma"] = smoothness_sigma
    weights = {"appearance_weight": appearance_weight, "smoothness_weight": smoothness_weight}
    _check_settings(sigmas, weights, normalization, method, size)
    whole_number(iterations, "iterations", 0)
    place = np.indices(size, dtype=np.float32).reshape(2, -1).T
    near = place / np.float32(smoothness_sigma)
    alike = np.hstack([place / np.float32(position_sigma), colours / np.float32(colour_sigma)])
    kernels = [(near, smoothness_weight), (alike, appearance_weight)]
    if method == "exact":
        message = _exact_message(kernels, normalization)
    else:
        message = _lattice_message(kernels, normalization, passes=2 if method == "fine" else 1)
    return _iterations(unary, message, iterations, size)


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
    return torch.softmax(torch.from_numpy(scores), dim=1).numpy()


def _as_picture(values: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    return values.T.reshape(-1, *size)


def _lattice_message(
    kernels: list[tuple[np.ndarray, float]], normalization: str, passes: int
) -> Message:
    """All kernels on one lattice, their weights and normalisations in its shares."""
    lattices = [Lattice.of(features, passes) for features, _ in kernels]
    starts = np.cumsum([0, *(lattice.size for lattice in lattices)])
    corners = np.hstack([one.corners + start for one, start in zip(lattices, starts, strict=False)])
    blurs = passes * blur_matrices(lattices)
    shares = np.hstack([one.shares for one in lattices])
    sums = _point_matrix(corners, shares, starts[-1]).sum(axis=0)
    for blur in blurs:
        sums = blur @ sums
    give, take = [], []
    for (_, weight), one, start in zip(kernels, lattices, starts, strict=False):
        row_sums = (one.shares * sums[one.corners + start]).sum(axis=1) / one.gain
        before, after = _divisors(row_sums, normalization)
        give.append(one.shares / before[:, None])
        take.append(one.shares * (weight / one.gain / after)[:, None])
    splat = _point_matrix(corners, np.hstack(give), starts[-1]).T
    slices = _point_matrix(corners, np.hstack(take), starts[-1])

    def message(values: np.ndarray) -> np.ndarray:
        on_corners = splat @ values
        for blur in blurs:
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


def _exact_message(kernels: list[tuple[np.ndarray, float]], normalization: str) -> Message:
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
            f"probabilities must be >= 0 and sum to 1 at each pixel; the sums go from "
            f"{sums.min():.3g} to {sums.max():.3g}. Take the softmax of the scores first."
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
            f"{name} must be numbers of shape (channels, H, W) on the CPU; this is a "
            f"{type(value).__name__}. For a tensor: .detach().cpu()"
        ) from None
    if array.ndim != 3 or 0 in array.shape:
        raise ValueError(f"{name} has shape {array.shape}: give (channels, H, W), none of them 0.")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} holds nan or infinite values. Give finite ones.")
    return array


def _check_settings(
    sigmas: dict[str, float], weights: dict[str, float], normalization: str, method: str, size: Any
) -> None:
    for name, value in {**sigmas, **weights}.items():
        if isinstance(value, bool) or not isinstance(value, int | float | np.number):
            raise TypeError(f"{name}={shown(value)} must be a number. Use 3.0.")
        if not (0 < value < np.inf or (value == 0 and name in weights)):
            rule = "at least 0" if name in weights else "above 0"
            raise ValueError(f"{name}={shown(value)} must be {rule} and finite. Use 3.0.")
    choices = {"normalization": (normalization, NORMALIZATIONS), "method": (method, METHODS)}
    for name, (chosen, known) in choices.items():
        if chosen not in known:
            raise ValueError(f"{name}={shown(chosen)} is unknown. Use {' or '.join(known)}.")
    if method == "exact" and size[0] * size[1] > LARGEST_EXACT:
        raise ValueError(
            f"method='exact' sums over all pairs, {(size[0] * size[1]) ** 2 / 1e9:.1f} thousand "
            f"million for {size[0]} x {size[1]}: it is for pictures up to 128 x 128. "
            "Use method='lattice'."
        )
