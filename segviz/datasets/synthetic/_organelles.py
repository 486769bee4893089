"""What floats inside a cell: mitochondria, vesicles, rings; dark, yet no membrane of a cell."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ._cells import Cells, Partition
from ._fields import Field, smooth_noise, smoothstep


@dataclass
class _Cell:
    """One cell, cut out: its disc or stadium, and what is known of each pixel around it."""

    start: Field
    end: Field
    radius: float
    row: Field  # coordinates in which the stadium is straight
    column: Field
    free: Field  # pixels to the nearest membrane or organelle; negative on either, and outside
    wobble: Field

    @property
    def length(self) -> float:
        return float(np.hypot(*(self.end - self.start)))


def draw_organelles(
    rng: np.random.Generator, tissue: Field, plan: Partition, cells: Cells, room: Field
) -> None:
    """Paint the contents of every cell into ``tissue``, in place."""
    wobble = smooth_noise(rng, (room.shape[0], room.shape[1]), 9)
    for index, window in enumerate(ndimage.find_objects(plan.owner + 1)):
        if window is None:
            continue
        cell = _Cell(
            *(cells.start[index], cells.end[index], float(cells.radius[index])),
            *(plan.row[window], plan.column[window]),
            np.where(plan.owner[window] == index, room[window], -1.0),
            wobble[window],
        )
        for _ in range(rng.poisson(_mitochondria_expected(cell))):
            _mitochondrion(rng, tissue[window], cell)
        _vesicles(rng, tissue[window], cell.free)


def _mitochondria_expected(cell: _Cell) -> float:
    """None in the smallest cells, about one in a large one, more in a long one."""
    return float(0.7 * smoothstep(cell.radius, 9.0, 26.0) * (1 + cell.length / 120))


def _mitochondrion(rng: np.random.Generator, tissue: Field, cell: _Cell) -> None:
    axis = cell.end - cell.start
    centre = cell.start + rng.random() * axis + rng.normal(0, 0.3, 2) * cell.radius
    along = axis + rng.normal(0, 3, 2)
    along = along / np.hypot(*along)
    row, column = cell.row - centre[0], cell.column - centre[1]
    width = float(np.clip(cell.radius * rng.uniform(0.4, 0.75), 6, 23))
    length = width * rng.uniform(1.1, 2.1)
    u = (row * along[0] + column * along[1]) / length
    v = (column * along[0] - row * along[1]) / width
    depth = (1 - np.sqrt(u * u + v * v) + 0.06 * cell.wobble) * width
    inside = smoothstep(np.minimum(depth, cell.free - 1.5), -0.9, 0.9)
    shade = _mitochondrion_shade(rng, depth, u * length, v * width, cell.wobble)
    tissue += inside * (shade - tissue)
    cell.free[...] = np.minimum(cell.free, -depth)


def _mitochondrion_shade(
    rng: np.random.Generator, depth: Field, u: Field, v: Field, wobble: Field
) -> Field:
    """Dark double outline around a grey matrix that is crossed by cristae."""
    matrix, contrast = rng.uniform(0.36, 0.48), rng.uniform(0.04, 0.11)
    turn, spacing = rng.normal(0, 0.5), rng.uniform(5.5, 8.0)
    across = u * np.sin(turn) + v * np.cos(turn)
    cristae = np.tanh(2.5 * np.sin(2 * np.pi * across / spacing + 1.8 * wobble))
    outline = np.exp(-(((depth - 1.2) / 1.3) ** 2))
    return np.asarray(matrix + contrast * cristae * smoothstep(depth, 2, 5) - 0.16 * outline)


def _vesicles(rng: np.random.Generator, tissue: Field, free: Field) -> None:
    """A loose cloud of small rings in some cells, and now and then a large ring on its own."""
    rooms = np.argwhere(free > 5.0)
    if len(rooms) == 0:
        return
    number = rng.poisson(min(len(rooms) / 160, 26.0) * (rng.random() < 0.7))
    cloud = rooms[rng.integers(len(rooms))]
    for _ in range(number):
        centre = cloud + rng.normal(0, 20, 2)
        _ring(rng, tissue, free, centre, rng.uniform(2.2, 4.2), rng.uniform(0.14, 0.32))
    if rng.random() < 0.3:
        centre = rooms[rng.integers(len(rooms))] + rng.random(2)
        _ring(rng, tissue, free, centre, rng.uniform(5.0, 11.0), rng.uniform(0.16, 0.28))


def _ring(
    rng: np.random.Generator,
    tissue: Field,
    free: Field,
    centre: NDArray[np.floating],
    radius: float,
    darkness: float,
) -> None:
    """Darken a circle; a tenth of them are filled with dark matter instead of pale."""
    middle = np.floor(centre).astype(int)
    if (middle < 0).any() or (middle >= free.shape).any() or free[tuple(middle)] < radius + 1.5:
        return
    reach = int(radius + 4)
    low, high = np.maximum(middle - reach, 0), middle + reach + 1
    window = slice(low[0], high[0]), slice(low[1], high[1])
    row, column = np.ogrid[window[0], window[1]]
    patch = tissue[window]
    row, column = row[: patch.shape[0]] + 0.5 - centre[0], column[:, : patch.shape[1]] + 0.5
    squeeze = rng.uniform(0.75, 1.0)
    distance = np.sqrt((row / squeeze) ** 2 + (column - centre[1]) ** 2) - radius
    core = -0.8 * darkness if rng.random() < 0.1 else 0.35 * darkness
    patch += core * smoothstep(-distance, -0.5, 1.5)
    patch -= darkness * np.exp(-((distance / 1.2) ** 2))
