"""Everything flat: road with its markings, kerbs, pavement, grass, and shadows on them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .._fields import Field, pixel_centres, smoothstep
from .canvas import PAVEMENT, ROAD, TREE
from .stage import Stage, cover, mix, palette

FAR = 500.0


@dataclass(frozen=True)
class Layout:
    """Where things are across the street, as x in metres, and along it, as z."""

    left: float  # edges of the road
    right: float
    left_wall: float  # building lines
    right_wall: float
    parking: tuple[float, float]  # width of the parking lane on the left and right, or 0
    junction: tuple[float, float]  # z range of a side road, empty if it starts beyond FAR
    end: float  # z at which the street ends

    @property
    def middle(self) -> float:
        """The line between the lanes."""
        return (self.left + self.parking[0] + self.right - self.parking[1]) / 2

    def lanes(self) -> tuple[float, float]:
        """Return the middle of our lane and of the other."""
        ours = (self.left + self.parking[0] + self.middle) / 2
        return ours, (self.middle + self.right - self.parking[1]) / 2

    def edge(self, side: int) -> float:
        """Return the edge of the road on one side, -1 = left, 1 = right."""
        return self.left if side < 0 else self.right

    def wall(self, side: int) -> float:
        """Return the building line on one side."""
        return self.left_wall if side < 0 else self.right_wall

    def open_at(self, z: float, margin: float = 1.0) -> bool:
        """Whether the side road passes here."""
        return self.junction[0] - margin < z < self.junction[1] + margin


@dataclass(frozen=True)
class _Spot:
    """Ground pixels: position in metres, and the size of a pixel across and along."""

    x: Field
    z: Field
    wide: Field
    long: Field

    def at(self, chosen: NDArray[np.bool_]) -> _Spot:
        """Return some of the pixels, as (M,)."""
        return _Spot(*(part[chosen] for part in (self.x, self.z, self.wide, self.long)))


@dataclass(frozen=True)
class Lawn:
    """A stretch of grass behind the pavement of one side."""

    side: int
    start: float
    stop: float


def draw_layout(rng: np.random.Generator) -> Layout:
    """Choose the widths: two lanes, perhaps with room to park; traffic keeps left."""
    parking = rng.choice([0.0, 2.2], size=2, p=[0.6, 0.4])
    left = -rng.uniform(1.7, 2.4) - parking[0]
    right = rng.uniform(4.6, 6.0) + parking[1]
    start = rng.uniform(14, 60) if rng.random() < 0.45 else 2 * FAR
    return Layout(
        *(left, right),
        left_wall=left - rng.uniform(1.6, 5.0),
        right_wall=right + rng.uniform(1.6, 5.0),
        parking=(float(parking[0]), float(parking[1])),
        junction=(start, start + rng.uniform(6, 11)),
        end=float(np.exp(rng.uniform(np.log(60), np.log(220)))),
    )


def draw_ground(stage: Stage, layout: Layout, lawns: list[Lawn]) -> None:
    """Paint and label all that lies below the horizon."""
    height, width = stage.canvas.size
    first = int(np.clip(np.ceil(stage.camera.horizon), 0, height))
    if first == height:
        return
    row, column = pixel_centres((height, width))
    x, z = stage.camera.ground(row[first:], column)
    wide = np.broadcast_to(z / stage.camera.focal, x.shape)
    spot = _Spot(x, np.broadcast_to(z, x.shape), wide, wide * z / stage.camera.height)
    road = _road_share(spot, layout)
    grass = _lawn_share(spot, layout, lawns)
    colour = np.zeros((*x.shape, 3))
    beside, green, middle = road < 1, (grass > 0) & (road < 1), road > 0
    colour[beside] = _paving(stage, spot.at(beside), layout)
    colour[green] = mix(colour[green], _grass(stage, spot.at(green)), grass[green])
    colour[middle] = mix(colour[middle], _asphalt(stage, spot.at(middle), layout), road[middle])
    colour = colour * stage.light.shade((0, 1, 0)) * _sun_patches(stage, spot, layout)[..., None]
    stage.canvas.colour[first:] = stage.light.haze(colour, spot.z)
    label = np.where(grass >= 0.5, TREE, PAVEMENT)
    stage.canvas.label[first:] = np.where(road >= 0.5, ROAD, label)


def _road_share(spot: _Spot, layout: Layout) -> Field:
    along = cover(spot.x, layout.left, layout.right, spot.wide)
    across = cover(spot.z, *layout.junction, spot.long)
    return np.maximum(along, across)


def _lawn_share(spot: _Spot, layout: Layout, lawns: list[Lawn]) -> Field:
    share = np.zeros(spot.x.shape)
    for lawn in lawns:
        beyond = cover(lawn.side * spot.x, abs(layout.wall(lawn.side)), FAR, spot.wide)
        share = np.maximum(share, beyond * cover(spot.z, lawn.start, lawn.stop, spot.long))
    return share


def _rough(stage: Stage, spot: _Spot, texel: float) -> Field:
    """Texture of ``texel`` metres a step, fading where a pixel covers many of them."""
    noise = stage.grain(spot.x / texel + 17, spot.z / texel)
    return noise / (1 + np.sqrt(spot.wide * spot.long) / (3 * texel))


def _asphalt(stage: Stage, spot: _Spot, layout: Layout) -> Field:
    rng = stage.rng
    worn = np.cos(2 * np.pi * (spot.x - layout.middle) / 1.9)
    level = rng.uniform(0.34, 0.52) * (
        1 + 0.07 * _rough(stage, spot, 0.005) + 0.06 * _rough(stage, spot, 0.11)
    )
    level = level * (1 + 0.03 * worn) + 0.10 * smoothstep(spot.z, 8, 120)
    for _ in range(rng.poisson(2.5)):
        level = level * (1 + rng.uniform(-0.22, 0.1) * _mend(rng, spot, layout))
    colour = level[..., None] * (1 + rng.normal(0, 0.015, 3))
    return _markings(stage, spot, layout, colour)


def _mend(rng: np.random.Generator, spot: _Spot, layout: Layout) -> Field:
    """A trench, a manhole or a repaired patch."""
    x, z = rng.uniform(layout.left, layout.right), np.exp(rng.uniform(np.log(3), np.log(35)))
    kind = rng.integers(3)
    if kind == 0:
        far = np.hypot((spot.x - x) / 0.3, (spot.z - z) / 0.3)
        return np.clip((1 - far) / (spot.long / 0.6 + 0.05), 0, 1) * 2
    width, length = ((0.4, 30.0), (1.8, 4.0))[kind - 1]
    return cover(spot.x, x, x + width, spot.wide) * cover(spot.z, z, z + length, spot.long)


def _markings(stage: Stage, spot: _Spot, layout: Layout, colour: Field) -> Field:
    rng = stage.rng
    white, yellow = np.array([0.86, 0.86, 0.83]), np.array([0.78, 0.66, 0.28])
    worn = np.clip(rng.uniform(0.55, 0.95) + 0.25 * _rough(stage, spot, 0.05), 0, 1)
    free = 1 - cover(spot.z, layout.junction[0] - 1, layout.junction[1] + 1, spot.long)
    line = _dashes(rng, spot) * cover(spot.x - layout.middle, -0.06, 0.06, spot.wide)
    colour = mix(colour, white, line * worn * free)
    if rng.random() < 0.5:
        for x in (layout.left + 0.3, layout.right - 0.3):
            pair = cover(spot.x, x - 0.14, x - 0.06, spot.wide)
            pair = pair + cover(spot.x, x + 0.06, x + 0.14, spot.wide)
            colour = mix(colour, yellow, np.clip(pair, 0, 1) * worn * free)
    if rng.random() < 0.3:
        colour = mix(colour, white, _zebra(rng, spot, layout) * worn)
    return colour


def _dashes(rng: np.random.Generator, spot: _Spot) -> Field:
    dash, gap = ((2.0, 4.0), (4.0, 2.0), (1.0, 0.0))[rng.choice(3, p=[0.5, 0.3, 0.2])]
    if gap == 0:
        return np.ones(spot.x.shape)
    place = np.mod(spot.z + rng.uniform(0, 6), dash + gap)
    return cover(place, 0, dash, np.minimum(spot.long, gap))


def _zebra(rng: np.random.Generator, spot: _Spot, layout: Layout) -> Field:
    start = rng.uniform(6, 26)
    stripe = cover(np.mod(spot.x, 1.1), 0, 0.55, spot.wide)
    inside = cover(spot.x, layout.left, layout.right, spot.wide)
    return stripe * inside * cover(spot.z, start, start + 2.8, spot.long)


def _paving(stage: Stage, spot: _Spot, layout: Layout) -> Field:
    """Slabs with dark joints, and the pale kerb beside the road."""
    rng = stage.rng
    base = stage.pick(palette("858078 948a80 737373"))
    slab = rng.uniform(0.4, 0.9)
    joints = cover(np.mod(spot.x, slab), 0, 0.02, spot.wide + 0.01)
    joints = np.maximum(joints, cover(np.mod(spot.z, slab), 0, 0.02, spot.long + 0.01))
    level = 1 - 0.25 * joints + 0.05 * _rough(stage, spot, 0.02) + 0.07 * _rough(stage, spot, 0.2)
    kerb = np.minimum(np.abs(spot.x - layout.left), np.abs(spot.x - layout.right))
    level = level + 0.22 * cover(kerb, -1, 0.14, spot.wide)
    return np.asarray(base * level[..., None])


def _grass(stage: Stage, spot: _Spot) -> Field:
    base = stage.pick(palette("455424 5c5c33 384d21"))
    level = 1 + 0.22 * _rough(stage, spot, 0.03) + 0.12 * _rough(stage, spot, 0.3)
    return np.asarray(base * level[..., None])


def _sun_patches(stage: Stage, spot: _Spot, layout: Layout) -> Field:
    """Shadow of the houses on the sunny side, with a ragged edge, when the sun shines."""
    sun, light = stage.light.sun, stage.light
    if light.direct < 0.2 or abs(sun[0]) < 0.15:
        return np.ones(spot.x.shape)
    side = 1 if sun[0] > 0 else -1
    reach = stage.rng.uniform(3.5, 9.0) * abs(sun[0]) / max(sun[1], 0.3)
    edge = reach + 1.1 * stage.grain(spot.z / 1.3, np.full(spot.x.shape, 3.0))
    inside = abs(layout.wall(side)) - side * spot.x
    shadow = cover(inside, -FAR, edge, spot.wide + 0.25)
    dark = light.ambient / (light.ambient + light.direct * max(sun[1], 0.2))
    return np.asarray(1 - shadow * (1 - dark))
