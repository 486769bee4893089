"""Nuclei under the microscope, many of them touching: the stand-in for ``nuclei_dsb2018``."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ...ops._checks import shown
from ..samples import Sample
from ._blobs import Blobs, View, claim, scatter
from ._fields import (
    Field,
    Size,
    blurred_noise,
    check_request,
    fractal_noise,
    generator,
    smooth_noise,
    smoothstep,
    to_sample,
)

# Optical density per unit of stain in red, green and blue, near to what Ruifrok and Johnston
# (Anal. Quant. Cytol. Histol. 23, 2001) measured for haematoxylin, with a paler counterstain.
_NUCLEAR_STAIN = np.array([0.60, 0.80, 0.25])
_COUNTERSTAIN = np.array([0.30, 0.42, 0.14])


def touching_nuclei(
    n: int, size: tuple[int, int] = (256, 256), seed: int = 0, style: str = "fluorescence"
) -> list[Sample]:
    """Draw nuclei that press against each other, each with its own number.

    Outlines are ellipses bent by a few harmonics; a pixel belongs to the nucleus in which it lies
    deepest. Brightness, focus, texture and density differ from picture to picture; bright specks
    and blurred ghosts belong to the background.

    Args:
        n: number of pictures, from 1.
        size: ``(height, width)`` in pixels, each from 32.
        seed: from 0; picture i depends on ``(seed, i)``, ``size`` and ``style`` only, its labels
            not even on ``style``.
        style: ``"fluorescence"``, bright on black, or ``"stained"``, purple on lilac.

    Returns:
        n samples: image float32 (3, H, W) in 1/255 steps; mask int64 (H, W), 0 = background,
        1 = nucleus; instances int32 (H, W), each number one connected nucleus, 0 = background.

    Raises:
        TypeError: ``n``, ``size`` or ``seed`` is not made of ints.
        ValueError: ``n`` < 1, a side < 32, ``seed`` < 0, or an unknown ``style``.

    >>> one = touching_nuclei(1, size=(96, 96), seed=0)[0]
    >>> one.image.shape, bool(((one.instances > 0) == (one.mask == 1)).all())
    (torch.Size([3, 96, 96]), True)
    """
    n, size, seed = check_request(n, size, seed)
    if style not in ("fluorescence", "stained"):
        raise ValueError(
            f"style={shown(style)} is not known: there are two kinds of slide. "
            'Use "fluorescence" or "stained".'
        )
    paint = _fluorescence if style == "fluorescence" else _stained
    samples = []
    for index in range(n):
        rng = generator(seed, index)
        blobs, views, owner = _field_of_view(rng, size)
        picture = paint(rng, blobs, views, owner)
        samples.append(to_sample(f"nuclei-{seed}-{index}", picture, owner >= 0, owner + 1))
    return samples


def _field_of_view(
    rng: np.random.Generator, size: Size
) -> tuple[Blobs, list[View], NDArray[np.int64]]:
    """Small or large nuclei, few or many."""
    radius = float(np.exp(rng.uniform(np.log(7), np.log(22))))
    radius = min(radius, min(size) / 6)
    return claim(scatter(rng, size, radius, rng.uniform(0.1, 0.4)), size)


def _seam(views: list[View], index: int, owner: NDArray[np.int64], blobs: Blobs) -> Field:
    """Depth in pixels inside a nucleus, measured to its outline or to a neighbour's pixels."""
    view = views[index]
    others = (owner[view.window] >= 0) & (owner[view.window] != index)
    if not others.any():
        return view.depth
    own = ~others
    gap = ndimage.distance_transform_edt(own) - ndimage.distance_transform_edt(others)
    return np.asarray(np.minimum(view.depth, gap - np.sign(gap) * 0.5))


def _fluorescence(
    rng: np.random.Generator, blobs: Blobs, views: list[View], owner: NDArray[np.int64]
) -> Field:
    """Add up the light of the nuclei, in focus and out of it; then haze, specks and noise."""
    size: Size = owner.shape
    sharp, soft = np.zeros(size), np.zeros(size)
    texture = _chromatin(rng, size, float(blobs.radius.mean()))
    for index, view in enumerate(views):
        seam = _seam(views, index, owner, blobs)
        light = _glow(rng, seam, view.depth, float(blobs.radius[index]), texture[view.window])
        layer = soft if rng.random() < 0.18 else sharp
        layer[view.window] += light
    _specks(rng, sharp)
    light = ndimage.gaussian_filter(sharp, rng.uniform(0.6, 1.3))
    light += 0.8 * ndimage.gaussian_filter(soft, rng.uniform(1.8, 3.0))
    haze = ndimage.gaussian_filter(light, 1.2 * float(blobs.radius.mean()))
    light = light + rng.uniform(0.03, 0.2) * haze
    return _camera(rng, light)


def _chromatin(rng: np.random.Generator, size: Size, radius: float) -> Field:
    return 0.6 * blurred_noise(rng, size, max(1.0, radius / 7)) + 0.6 * fractal_noise(
        rng, size, max(2.0, radius / 2), octaves=3
    )


def _glow(
    rng: np.random.Generator, seam: Field, depth: Field, radius: float, texture: Field
) -> Field:
    """Domed brightness with chromatin; one nucleus in ten has condensed and shines."""
    condensed = rng.random() < 0.1
    level = np.exp(rng.normal(0, 0.28)) * (1.9 if condensed else 1.0)
    dome = 0.72 + 0.28 * smoothstep(depth, 0, 0.8 * radius)
    seam_shadow = 1 - rng.uniform(0.1, 0.4) * np.exp(-((seam / 1.3) ** 2))
    grain = np.clip(1 + rng.uniform(0.08, 0.2) * texture, 0.4, None)
    return np.asarray(level * dome * grain * seam_shadow * smoothstep(seam, -0.8, 0.8))


def _specks(rng: np.random.Generator, light: Field) -> None:
    """Debris: small bright grains that are no nuclei."""
    for _ in range(rng.poisson(light.size / 25_000)):
        row, column = (rng.integers(1, side - 1) for side in light.shape)
        light[row - 1 : row + 1, column - 1 : column + 1] += rng.uniform(0.3, 2.0)


def _camera(rng: np.random.Generator, light: Field) -> Field:
    """Uneven lamp, exposure, photon and read-out noise; three equal channels."""
    size: Size = light.shape
    exposure = rng.uniform(0.22, 0.75)
    lamp = 1 + 0.1 * smooth_noise(rng, size, 150)
    dark = rng.uniform(0.015, 0.06)
    signal = exposure * lamp * light + dark * (1 + 0.2 * smooth_noise(rng, size, 100))
    noise = 0.035 * np.sqrt(np.maximum(signal, 0.0)) * blurred_noise(rng, size, 0.5)
    signal = signal + noise + 0.006 * rng.standard_normal(size)
    return np.repeat(np.tanh(np.maximum(signal, 0.0))[..., None], 3, axis=2)


def _stained(
    rng: np.random.Generator, blobs: Blobs, views: list[View], owner: NDArray[np.int64]
) -> Field:
    """Let white light through: each stain takes away its share of each colour (Beer-Lambert)."""
    size: Size = owner.shape
    nuclear = _ghosts(rng, size, float(blobs.radius.mean()))
    texture = _chromatin(rng, size, float(blobs.radius.mean()))
    for index, view in enumerate(views):
        seam = _seam(views, index, owner, blobs)
        nuclear[view.window] += _uptake(rng, seam, texture[view.window], nuclear[view.window])
    nuclear = ndimage.gaussian_filter(nuclear, rng.uniform(0.6, 1.1))
    counter = _fibres(rng, size) * rng.uniform(0.5, 1.1)
    tint = 1 + rng.normal(0, 0.08, 3)
    density = nuclear[..., None] * _NUCLEAR_STAIN * tint + counter[..., None] * _COUNTERSTAIN
    lamp = rng.uniform(0.9, 0.97) * (1 + 0.015 * smooth_noise(rng, size, 150))
    noise = 0.012 * np.stack([blurred_noise(rng, size, 0.6) for _ in range(3)], axis=2)
    return np.asarray(lamp[..., None] * np.exp(-density) + noise)


def _uptake(rng: np.random.Generator, seam: Field, texture: Field, below: Field) -> Field:
    """Stain of one nucleus: a dark rim, clumped chromatin, pale or dense as a whole."""
    dense = rng.gamma(8.0, 0.14)
    clumps = np.clip(1 + rng.uniform(0.15, 0.4) * texture, 0.3, None)
    rim = rng.uniform(0.1, 0.5) * np.exp(-(((seam - 1.2) / 1.3) ** 2))
    inside = smoothstep(seam, -0.9, 0.9)
    return np.asarray(inside * (dense * (0.75 * clumps + rim) - 0.5 * below))


def _fibres(rng: np.random.Generator, size: Size) -> Field:
    """Wavy strands of tissue, roughly along one direction."""
    angle = rng.uniform(0, np.pi)
    row, column = np.arange(size[0])[:, None], np.arange(size[1])[None, :]
    along = row * np.sin(angle) + column * np.cos(angle)
    bent = along + 9 * smooth_noise(rng, size, 40) + 3 * smooth_noise(rng, size, 12)
    strands = np.sin(2 * np.pi * bent / rng.uniform(12, 22)) * smooth_noise(rng, size, 30)
    cloud = fractal_noise(rng, size, 60, octaves=5)
    return np.asarray(np.clip(0.8 + 0.1 * strands + 0.16 * cloud, 0.15, None))


def _ghosts(rng: np.random.Generator, size: Size, radius: float) -> Field:
    """Nuclei of the layers above and below: blurred smudges that are not to be segmented."""
    stain = np.zeros(size)
    row, column = np.arange(size[0])[:, None], np.arange(size[1])[None, :]
    for _ in range(rng.poisson(2.5)):
        centre = rng.random(2) * size
        spread = radius * rng.uniform(0.5, 0.8, 2)
        far = ((row - centre[0]) / spread[0]) ** 2 + ((column - centre[1]) / spread[1]) ** 2
        stain += rng.uniform(0.15, 0.45) * np.exp(-0.5 * far)
    return stain
