"""Houses: end wall, roof, chimneys and front, on a plot beside the street."""

from __future__ import annotations

import numpy as np

from .._fields import Field
from .canvas import BUILDING, Tag
from .facades import Facade, draw_facade, facade_colour, plain_wall
from .ground import Layout
from .plots import Plot
from .stage import Stage, mix, palette

_ROOFS = palette("4c4c54 6b4538 5c4f47 3d3d40")
_HOUSE = Tag(BUILDING)


def draw_house(stage: Stage, layout: Layout, plot: Plot) -> None:
    """End wall, roof and front of the house on a plot, hidden parts first."""
    facade = draw_facade(stage, plot.storeys)
    x = layout.wall(plot.side) + plot.side * plot.setback
    depth = stage.rng.uniform(7, 11)
    pitch = stage.rng.uniform(1.8, 3.6) if stage.rng.random() < 0.6 else 0.0
    if plot.start > 0.7:
        _end_wall(stage, facade, plot, x, depth, pitch)
    if pitch:
        _roof(stage, facade, plot, x, depth, pitch)
        _chimneys(stage, facade, plot, x + plot.side * depth / 2, pitch)
    _front(stage, facade, plot, x)


def _end_wall(
    stage: Stage, facade: Facade, plot: Plot, x: float, depth: float, pitch: float
) -> None:
    far, middle, z = x + plot.side * depth, x + plot.side * depth / 2, plot.start
    top = facade.height
    outline = [(x, 0, z), (x, top, z), (middle, top + pitch, z), (far, top, z), (far, 0, z)]
    shade = stage.light.shade((0, 0, -1))
    pixel = z / stage.camera.focal

    def paint(row: Field, column: Field) -> Field:
        across, up = stage.camera.front_wall(z, row, column)
        wall = plain_wall(stage, facade, across, up, np.full_like(up, pixel))
        return stage.light.haze(wall * shade, np.full_like(up, z))

    stage.face(np.array(outline, float), paint, _HOUSE)


def _front(stage: Stage, facade: Facade, plot: Plot, x: float) -> None:
    top, start, stop = facade.height, plot.start, plot.stop
    outline = [(x, 0, start), (x, top, start), (x, top, stop), (x, 0, stop)]
    shade = stage.light.shade((-plot.side, 0, 0))

    def paint(row: Field, column: Field) -> Field:
        z, up = stage.camera.side_wall(x, row, column)
        pixel = z / stage.camera.focal
        slant = np.maximum(z / abs(x), 1.0)
        wall = facade_colour(stage, facade, z - start, up, pixel * np.sqrt(slant))
        gutter = np.clip(1 - np.abs(z - start - 0.2) / (0.07 + pixel * slant), 0, 1)
        return stage.light.haze(mix(wall, 0.4 * facade.trim, 0.7 * gutter) * shade, z)

    stage.face(np.array(outline, float), paint, _HOUSE)


def _roof(stage: Stage, facade: Facade, plot: Plot, x: float, depth: float, pitch: float) -> None:
    eaves, ridge = x - plot.side * 0.3, x + plot.side * depth / 2
    low, high = facade.height - 0.1, facade.height + pitch
    outline = [
        *((eaves, low, plot.start), (ridge, high, plot.start)),
        *((ridge, high, plot.stop), (eaves, low, plot.stop)),
    ]
    tiles = stage.pick(_ROOFS)
    shade = stage.light.shade((-plot.side * pitch, depth / 2, 0))
    away = max((plot.start + plot.stop) / 2, 2.0)

    def paint(row: Field, column: Field) -> Field:
        scale = 0.02 * away
        rough = 1 + 0.10 * stage.grain(column * scale * 3, row * scale * 8 + facade.seed)
        return stage.light.haze(tiles * shade * rough[:, None], np.full_like(row, away))

    stage.face(np.array(outline, float), paint, _HOUSE)


def _chimneys(stage: Stage, facade: Facade, plot: Plot, x: float, pitch: float) -> None:
    bottom = facade.height + pitch - 0.5
    for z in (plot.stop - 0.8, plot.start + 0.8):
        if z < 3 or stage.rng.random() < 0.35:
            continue
        top = bottom + stage.rng.uniform(1.0, 1.9)
        for normal, corners in _box(x, z, 0.45, bottom, top, plot.side):
            brick = stage.lit(facade.wall * 0.9, normal, z)
            stage.face(corners, brick, _HOUSE)
            pots = corners.copy()
            pots[:, 1] = np.where(corners[:, 1] > bottom, top + 0.12, top - 0.1)
            stage.face(pots, 0.6 * brick, _HOUSE)


def _box(
    x: float, z: float, half: float, low: float, high: float, side: int
) -> list[tuple[tuple[int, int, int], Field]]:
    """The two faces of an upright box that the camera sees."""
    inner = x - side * half
    flank = [(inner, low, z - half), (inner, high, z - half), (inner, high, z + half)]
    front = [(x - half, low, z - half), (x - half, high, z - half), (x + half, high, z - half)]
    return [
        ((-side, 0, 0), np.array([*flank, (inner, low, z + half)])),
        ((0, 0, -1), np.array([*front, (x + half, low, z - half)])),
    ]
