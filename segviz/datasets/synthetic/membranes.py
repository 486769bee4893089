"""Electron-microscopy sections of nerve tissue: the stand-in for ``em_isbi2012`` and ``em_vnc``."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ..samples import Sample
from ._cells import Partition, pack_cells, partition
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
from ._organelles import draw_organelles

_SMALLEST_CELL = 24  # pixels; what is left of a cell below this is taken for membrane


def membranes(n: int, size: tuple[int, int] = (512, 512), seed: int = 0) -> list[Sample]:
    """Draw sections of densely packed cells, with every membrane pixel known.

    Cells are discs and stadiums of four sizes, grown until they meet in warped space; membranes
    follow their borders with varying width and contrast. Mitochondria, vesicles and stain are as
    dark as membranes but belong to the inside, so grey values alone do not solve the task. One
    pixel stands for about 4 nm, at any size.

    Args:
        n: number of pictures, from 1.
        size: ``(height, width)`` in pixels, each from 32.
        seed: from 0; picture i depends on ``(seed, i)`` and ``size`` only.

    Returns:
        n samples: image float32 (1, H, W) in 1/255 steps; mask int64 (H, W), 0 = inside,
        1 = membrane; instances int32 (H, W), one number per cell profile, 0 = membrane.

    Raises:
        TypeError: ``n``, ``size`` or ``seed`` is not made of ints.
        ValueError: ``n`` < 1, a side < 32, or ``seed`` < 0.

    >>> one = membranes(1, size=(64, 96), seed=0)[0]
    >>> one.image.shape, one.mask.unique().tolist()
    (torch.Size([1, 64, 96]), [0, 1])
    >>> bool(((one.instances == 0) == (one.mask == 1)).all())
    True
    """
    n, size, seed = check_request(n, size, seed)
    return [_section(generator(seed, i), size, f"membranes-{seed}-{i}") for i in range(n)]


def _section(rng: np.random.Generator, size: Size, name: str) -> Sample:
    cells = pack_cells(rng, size)
    plan = partition(rng, size, cells)
    room = _room(plan.distance, _half_width(rng, size))
    instances = _number_profiles(plan.owner, room)
    room = np.where(instances > 0, room, np.minimum(room, 0.0))
    tissue = _cytoplasm(rng, plan.owner, len(cells.radius))
    draw_organelles(rng, tissue, plan, cells, room)
    _draw_membranes(rng, tissue, room)
    _draw_stain(rng, tissue, plan)
    return to_sample(name, _microscope(rng, tissue), instances == 0, instances)


def _room(distance: Field, half_width: Field, sigma: float = 2.2) -> Field:
    """Distance to the membrane, with the corners of the cells rounded by a blur.

    The blur lifts the valley floor as well; the root takes that off where the membrane ends.
    """
    rounded = ndimage.gaussian_filter(distance, sigma)
    lifted = rounded - np.sqrt(half_width**2 + 0.45 * sigma**2)
    return np.asarray(np.minimum(lifted, distance - half_width))


def _half_width(rng: np.random.Generator, size: Size) -> Field:
    """Half the membrane's width in pixels: two leaflets and the cleft between them."""
    typical = rng.uniform(2.0, 2.6)
    return np.asarray(typical * np.exp(0.22 * smooth_noise(rng, size, 40)))


def _number_profiles(owner: NDArray[np.int64], room: Field) -> NDArray[np.int32]:
    """Number the connected profiles of the cells, leaving out specks."""
    profiles, _ = ndimage.label(room >= 0)
    large = np.bincount(profiles.ravel()) >= _SMALLEST_CELL
    large[0] = False
    numbers = np.where(large, np.cumsum(large), 0)
    return np.asarray(numbers[profiles], dtype=np.int32)


def _cytoplasm(rng: np.random.Generator, owner: NDArray[np.int64], cells: int) -> Field:
    """Pale ground with dark grains, in a density that differs from cell to cell."""
    size: Size = owner.shape
    pale = np.append(rng.normal(0.65, 0.05, cells), 0.4)[owner]
    density = np.append(0.03 + 0.11 * rng.beta(1.2, 1.8, cells), 0.08)[owner]
    grains = 0.7 * blurred_noise(rng, size, 1.5) + 0.7 * blurred_noise(rng, size, 2.6)
    mottle = fractal_noise(rng, size, 16, octaves=3)
    return np.asarray(pale - density * np.maximum(grains, -0.4) + 0.06 * mottle)


def _draw_membranes(rng: np.random.Generator, tissue: Field, room: Field) -> None:
    """Darken the membranes; some fade, and where one is cut at a slant it smears out."""
    size: Size = room.shape
    strength = np.clip(0.86 + 0.26 * fractal_noise(rng, size, 36, octaves=2), 0.22, 1.0)
    dark = 0.29 + 0.05 * smooth_noise(rng, size, 6)
    core = smoothstep(-room, -1.6, 1.4)
    slanted = smoothstep(smooth_noise(rng, size, 55), 0.9, 2.0)
    smear = 0.55 * slanted * np.exp(-np.maximum(room, 0) / 5.0)
    tissue += np.maximum(strength * core, smear) * (dark - tissue)


def _draw_stain(rng: np.random.Generator, tissue: Field, plan: Partition) -> None:
    """Dark densities at a few contacts, as synapses have them, spreading into the cells."""
    for _ in range(rng.poisson(tissue.size / 45_000)):
        row, column = rng.random(2) * tissue.shape
        reach, strength = rng.uniform(5, 13), rng.uniform(0.2, 0.4)
        near = tuple(
            slice(max(int(at - 5 * reach), 0), int(at + 5 * reach)) for at in (row, column)
        )
        gap2 = (plan.row[near] - row) ** 2 + (plan.column[near] - column) ** 2
        spread = np.exp(-gap2 / (2 * reach**2)) * np.exp(-plan.distance[near] / 7)
        tissue[near] -= strength * spread


def _microscope(rng: np.random.Generator, tissue: Field) -> Field:
    """Blur of the beam, drift of contrast and brightness, noise of the detector."""
    size: Size = tissue.shape
    blurred = ndimage.gaussian_filter(tissue, rng.uniform(0.6, 0.9))
    gain = rng.uniform(0.95, 1.25) * (1 + 0.08 * smooth_noise(rng, size, 170))
    offset = rng.normal(-0.01, 0.03) + 0.03 * smooth_noise(rng, size, 130)
    noise = 0.05 * blurred_noise(rng, size, 0.8) + 0.02 * rng.standard_normal(size)
    return np.asarray(0.55 + gain * (blurred - 0.55) + offset + rng.uniform(0.7, 1.2) * noise)
