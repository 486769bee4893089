"""Random fields, request checks and the last step of every project-made picture.

Everything is float64 until the picture is rounded to 8 bits: machines that differ in the last bit
of a sine then still agree on every pixel.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, sparse

from ...ops._checks import shown
from ..samples import Sample

Field = NDArray[np.float64]
Size = tuple[int, int]

SMALLEST = 32
LARGEST = 4096 * 4096


def check_request(n: Any, size: Any, seed: Any) -> tuple[int, Size, int]:
    """Return ``(n, size, seed)`` as plain ints, or say which of them breaks its rule."""
    count, seed = check_count_and_seed(n, seed)
    return count, _picture_size(size), seed


def check_count_and_seed(n: Any, seed: Any) -> tuple[int, int]:
    """Return ``(n, seed)`` as plain ints, or say which of them breaks its rule."""
    count = _integer("n", n, "Use 1 or more, such as n=4.")
    if count < 1:
        raise ValueError(f"n={shown(count)} must be at least 1: it counts the pictures. Use n=4.")
    return count, _seed(seed)


def _integer(name: str, value: Any, remedy: str) -> int:
    try:
        if isinstance(value, bool | np.bool_):
            raise TypeError
        return operator.index(value)
    except TypeError:
        raise TypeError(f"{name}={shown(value)} must be a whole number. {remedy}") from None


def _picture_size(size: Any) -> Size:
    remedy = "Use (height, width) such as (360, 480)."
    if not isinstance(size, tuple | list) or len(size) != 2:
        raise TypeError(f"size={shown(size)} must be a pair of whole numbers. {remedy}")
    height, width = (_integer("size", side, remedy) for side in size)
    if min(height, width) < SMALLEST:
        raise ValueError(
            f"size=({shown(height)}, {shown(width)}) must be at least ({SMALLEST}, {SMALLEST}): "
            f"a smaller picture holds no scene. {remedy}"
        )
    if height * width > LARGEST:
        raise ValueError(
            f"size=({shown(height)}, {shown(width)}) has more than {LARGEST:,} pixels, which no "
            f"picture here needs. {remedy}"
        )
    return height, width


def _seed(seed: Any) -> int:
    value = _integer("seed", seed, "Use 0 or more, such as seed=0.")
    if value < 0:
        raise ValueError(
            f"seed={shown(value)} must not be negative: SeedSequence takes whole numbers from 0. "
            "Use seed=0."
        )
    return value


def generator(seed: int, index: int) -> np.random.Generator:
    """Return the random numbers of picture ``index``, the same whatever ``n`` was asked for."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, index])))


def pixel_centres(size: Size) -> tuple[Field, Field]:
    """Return row (H, 1) and column (1, W) coordinates of the pixel centres."""
    rows, columns = (np.arange(side, dtype=np.float64) + 0.5 for side in size)
    return rows[:, None], columns[None, :]


def smooth_noise(rng: np.random.Generator, size: Size, spacing: float) -> Field:
    """Return normal noise of about unit variance that varies over ``spacing`` pixels."""
    rows, columns = (_spline_matrix(length, spacing) for length in size)
    knots = rng.standard_normal((rows.shape[1], columns.shape[1]))
    return np.asarray((columns @ (rows @ knots).T).T) / _SPLINE_SPREAD


# Cubic B-splines average their knots; this is the standard deviation that is left per picture.
_SPLINE_SPREAD = 0.479


def _spline_matrix(length: int, spacing: float) -> sparse.csr_array:
    """Cubic B-splines on knots ``spacing`` pixels apart, as a (length, knots) matrix."""
    position = np.arange(length) / max(spacing, 1.0)
    first = position.astype(np.int64)
    t = position - first
    weights = [(1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, -3 * t**3 + 3 * t**2 + 3 * t + 1, t**3]
    rows = np.repeat(np.arange(length), 4)
    columns = (first[:, None] + np.arange(4)).ravel()
    values = np.stack(weights, axis=1).ravel() / 6
    return sparse.csr_array((values, (rows, columns)), shape=(length, int(first[-1]) + 4))


def fractal_noise(rng: np.random.Generator, size: Size, spacing: float, octaves: int = 4) -> Field:
    """Return unit-variance noise whose detail halves in size and strength with each octave."""
    total = np.zeros(size)
    for octave in range(octaves):
        total += 0.5**octave * smooth_noise(rng, size, spacing / 2**octave)
    return total / np.sqrt(sum(0.25**octave for octave in range(octaves)))


def blurred_noise(rng: np.random.Generator, size: Size, sigma: float) -> Field:
    """Return white noise blurred by a Gaussian of ``sigma`` pixels, scaled to unit variance."""
    noise = ndimage.gaussian_filter(rng.standard_normal(size), sigma, mode="wrap")
    return noise / max(float(noise.std()), 1e-9)


def smoothstep(value: Any, low: Any, high: Any) -> Any:
    """Return the ramp 0 below ``low``, 1 above ``high``, with a smooth S between."""
    t = np.clip((value - low) / (high - low), 0.0, 1.0)
    return t * t * (3 - 2 * t)


def to_sample(name: str, colour: Field, mask: NDArray[Any], instances: NDArray[Any]) -> Sample:
    """Round ``colour`` (H, W) or (H, W, 3) in [0, 1] to 8 bits and pack the sample."""
    import torch

    levels = np.rint(np.clip(colour, 0.0, 1.0) * 255).astype(np.float32) / 255
    channels = levels[None] if levels.ndim == 2 else np.moveaxis(levels, -1, 0)
    return Sample(
        name=name,
        image=torch.from_numpy(np.ascontiguousarray(channels)),
        mask=torch.from_numpy(mask.astype(np.int64)),
        instances=torch.from_numpy(instances.astype(np.int32)),
    )
