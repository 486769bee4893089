"""A bent body of two parts in a noisy volume: the stand-in for ``hippocampus``."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from ...ops._checks import shown, sizes
from ..samples import Sample
from ._fields import Field, check_count_and_seed, generator, smoothstep

SMALLEST, LARGEST = 16, 512**3 // 8
_ANTERIOR, _POSTERIOR = 1, 2
_POINTS = 96  # on the axis of the body
_FLUID, _GREY, _WHITE = 0.08, 0.5, 0.85


def volumes(n: int, size: tuple[int, int, int] = (36, 50, 36), seed: int = 0) -> list[Sample]:
    """Draw volumes with a bent body, thick in front and thin behind, among tissue like its own.

    The body is a tube of varying radius around a curve from back to front, cut in two across it:
    anterior and posterior. Tissue around it is fluid, grey or white, and the grey has the body's
    own brightness, so grey values alone do not solve the task. The scene scales with the size.

    Args:
        n: number of volumes, from 1.
        size: ``(depth, height, width)`` in voxels, each from 16.
        seed: from 0; volume i depends on ``(seed, i)`` and ``size`` only.

    Returns:
        n samples: image float32 (1, D, H, W) in 1/255 steps; mask int64 (D, H, W), 0 = background,
        1 = anterior, 2 = posterior; instances int32, 1 where the body is; spacing 1 mm.

    Raises:
        TypeError: ``n``, ``size`` or ``seed`` is not made of ints.
        ValueError: ``n`` < 1, a side < 16, more than 16 million voxels, or ``seed`` < 0.

    >>> one = volumes(1, size=(20, 24, 18), seed=0)[0]
    >>> one.image.shape, one.mask.unique().tolist(), one.spacing
    (torch.Size([1, 20, 24, 18]), [0, 1, 2], (1.0, 1.0, 1.0))
    """
    n, seed = check_count_and_seed(n, seed)
    shape = _volume_size(size)
    return [_volume(generator(seed, i), shape, f"volume-{seed}-{i}") for i in range(n)]


def _volume_size(size: Any) -> tuple[int, ...]:
    shape = sizes(size, "size", 3, SMALLEST)
    if int(np.prod([float(side) for side in shape])) > LARGEST:
        raise ValueError(
            f"size={shown(shape)} has more than {LARGEST:,} voxels, which no volume here needs. "
            "Use (depth, height, width) such as (36, 50, 36)."
        )
    return shape


def _volume(rng: np.random.Generator, size: tuple[int, ...], name: str) -> Sample:
    import torch

    depth_inside, along = _body(rng, size)
    mask = np.where(depth_inside > 0, np.where(along > 0, _ANTERIOR, _POSTERIOR), 0)
    image = _scanner(rng, _tissue(rng, size, depth_inside))
    return Sample(
        name,
        torch.from_numpy(image.astype(np.float32)[None]),
        torch.from_numpy(mask.astype(np.int64)),
        torch.from_numpy((mask > 0).astype(np.int32)),
        spacing=(1.0, 1.0, 1.0),
    )


def _body(rng: np.random.Generator, size: tuple[int, ...]) -> tuple[Field, Field]:
    """Voxels that each voxel lies inside the body, and how far in front of the cut it is."""
    axis, radius = _axis(rng, size)
    centres = np.stack(np.meshgrid(*(np.arange(side) + 0.5 for side in size), indexing="ij"), -1)
    centres += np.stack([0.9 * _noise(rng, size, 3.0) for _ in range(3)], -1)  # an uneven surface
    gap, nearest = cKDTree(axis).query(centres)
    cut = round(_POINTS * rng.uniform(0.5, 0.62))
    forward = axis[cut] - axis[cut - 1]
    along = (centres - axis[cut]) @ (forward / np.linalg.norm(forward))
    return _largest_piece(radius[nearest] - gap), along


def _axis(rng: np.random.Generator, size: tuple[int, ...]) -> tuple[Field, Field]:
    """Points from the tail, high and near the middle, down and forward to the thick head."""
    t = np.linspace(0, 1, _POINTS)
    scale = np.asarray(size) / (36, 50, 36)
    start = np.array([15.0, 7.0, 25.0]) + rng.normal(0, 1.0, 3)
    end = np.array([20.0, 42.0, 11.0]) + rng.normal(0, 1.0, 3)
    bend = np.array([2.0, 0.0, -5.0]) + rng.normal(0, 1.0, 3)
    points = start + t[:, None] * (end - start) + np.sin(np.pi * t)[:, None] * bend
    thick = rng.uniform(0.9, 1.15) * (4.0 + 3.4 * t**1.5 - 1.6 * t**8)
    return points * scale, thick * float(scale.min())


def _largest_piece(depth_inside: Field) -> Field:
    """The uneven surface may cut off crumbs; they are no part of the body."""
    pieces, count = ndimage.label(depth_inside > 0)
    if count < 2:
        return depth_inside
    largest = np.bincount(pieces.ravel())[1:].argmax() + 1
    return np.where((pieces == largest) | (depth_inside <= 0), depth_inside, -1.0)


def _tissue(rng: np.random.Generator, size: tuple[int, ...], depth_inside: Field) -> Field:
    """White matter with grey folds and fluid; under the body lies white, along it fluid."""
    folds, fluid = _noise(rng, size, 2.6), _noise(rng, size, 3.5)
    tissue = _GREY + (_WHITE - _GREY) * smoothstep(folds, -0.5, 0.3)
    tissue += (_FLUID - tissue) * smoothstep(fluid, 1.2, 1.6)
    side = _noise(rng, size, 6.0)
    for share, grey, far in ((smoothstep(side, -0.6, 0.6), _WHITE, 2.4),
                             (smoothstep(-side, 0.2, 1.2), _FLUID, 1.6)):  # fmt: skip
        tissue += share * np.exp(-(((depth_inside + far) / 1.5) ** 2)) * (grey - tissue)
    body = rng.uniform(0.44, 0.54) + 0.04 * _noise(rng, size, 2.0)
    return np.asarray(tissue + smoothstep(depth_inside, -0.6, 0.6) * (body - tissue))


def _scanner(rng: np.random.Generator, tissue: Field) -> NDArray[np.float64]:
    """Blur, an uneven coil, noise; rounded to 8 bits."""
    blurred = ndimage.gaussian_filter(tissue, rng.uniform(0.45, 0.65))
    coil = 1 + 0.07 * _noise(rng, tissue.shape, 14.0)
    noise = rng.uniform(0.02, 0.045) * rng.standard_normal(tissue.shape)
    return np.rint(np.clip(coil * blurred + noise, 0, 1) * 255) / 255


def _noise(rng: np.random.Generator, size: tuple[int, ...], sigma: float) -> Field:
    """White noise blurred by ``sigma`` voxels, scaled to unit variance."""
    noise = ndimage.gaussian_filter(rng.standard_normal(size), sigma, mode="wrap")
    return np.asarray(noise / max(float(noise.std()), 1e-9))
