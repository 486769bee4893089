"""Street furniture: lamps, bollards, fences, bins."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np

from ...samples import VOID
from .._fields import Field
from .canvas import FENCE, POLE, Tag
from .stage import Stage, Thing, cover, mix, palette

METAL = palette("383b3d 7a7d80 1f2421 9e9e99")
_WOOD = palette("5c4530 7a6b57 47382b")
_BINS = palette("0a1940 2e2e2c 630d0d 0d2c19 141414")
_STONE = palette("754c3d 8c785c 858078")
_MATERIALS = {"railings": METAL, "boards": _WOOD, "wall": _STONE}
_HEIGHTS = {"railings": 1.1, "boards": 1.7, "wall": 1.2}
_PIECE = 2.0  # metres of fence that are sorted in together


def draw_pole(
    stage: Stage, x: float, z: float, span: tuple[float, float], width: float, colour: Field
) -> None:
    """An upright post over a ``span`` of heights, never thinner than a pixel and a half."""
    ends = stage.camera.project(np.array([[x, span[0], z], [x, span[1], z]]))
    wide = max(width * stage.scale(z), 1.5)
    shade = stage.lit(colour, (0, 0, -1), z)
    stage.canvas.stroke(ends[0], ends[1], (wide, 0.8 * wide), shade, Tag(POLE))
    glint = ends + np.array([0, 0.2 * wide])
    stage.canvas.stroke(glint[0], glint[1], (0.3 * wide, 0.3 * wide), 1.3 * shade, None)


def draw_lamp_post(stage: Stage, x: float, z: float) -> None:
    """A tall post with an arm over the road, or a plain telegraph pole."""
    rng = stage.rng
    if rng.random() < 0.3:
        draw_pole(stage, x, z, (0, rng.uniform(6, 8)), 0.24, stage.pick(_WOOD))
        return
    colour, height = stage.pick(METAL), rng.uniform(5.5, 9)
    draw_pole(stage, x, z, (0, height), 0.16, colour)
    arm = -np.sign(x) * rng.uniform(0.7, 1.8)
    tip = np.array([x + arm, height + 0.35, z])
    ends = stage.camera.project(np.array([[x, height, z], tip]))
    wide = max(0.09 * stage.scale(z), 1.2)
    shade = stage.lit(colour, (0, 0, -1), z)
    stage.canvas.stroke(ends[0], ends[1], (wide, wide), shade, Tag(POLE))
    head = stage.scale(z) * np.array([0.1, 0.33])
    stage.canvas.ellipse(ends[1], np.maximum(head, 0.9), 0.8 * shade, Tag(POLE))


def draw_bollard(stage: Stage, x: float, z: float, colour: Field) -> None:
    """A short post at the kerb."""
    draw_pole(stage, x, z, (0, 1.0), 0.16, colour)


def draw_bin(stage: Stage, x: float, z: float) -> None:
    """A wheelie bin: none of the classes, so void."""
    colour = stage.lit(stage.pick(_BINS), (0, 0, -1), z)
    for low, high, shade in ((0.0, 1.0, 1.0), (0.95, 1.1, 1.3)):
        half = 0.28 * np.array([-0.9, -1, 1, 0.9])
        corners = [x + half, np.array([low, high, high, low]), np.full(4, z)]
        stage.face(np.stack(corners, axis=1), colour * shade, Tag(VOID))


def build_fence(stage: Stage, x: float, start: float, stop: float) -> list[Thing]:
    """Railings, boards or a wall along the street, in pieces that sort in by their distance.

    What is seen through the gaps counts as fence, as people label it.
    """
    rng = stage.rng
    kind = ("railings", "boards", "wall")[rng.choice(3, p=[0.45, 0.3, 0.25])]
    fence = _Fence(
        x,
        _HEIGHTS[kind] * rng.uniform(0.85, 1.25),
        kind,
        stage.pick(_MATERIALS[kind]),
        stage.light.shade((-np.sign(x), 0, -0.3)),
        float(rng.uniform(0, 256)),
    )
    edges = np.append(np.arange(start, stop - 0.5, _PIECE), stop)
    return [
        (float(low), partial(_draw_piece, stage, fence, float(low), float(high)))
        for low, high in pairwise(edges)
    ]


@dataclass(frozen=True)
class _Fence:
    x: float
    height: float
    kind: str
    colour: Field
    shade: Field
    seed: float


def _draw_piece(stage: Stage, fence: _Fence, start: float, stop: float) -> None:
    def paint(row: Field, column: Field) -> Field:
        z, up = stage.camera.side_wall(fence.x, row, column)
        pixel = z / stage.camera.focal
        along = pixel * np.maximum(z / abs(fence.x), 1)
        rough = 0.10 * stage.grain(z * 6 + fence.seed, up * 6) + 0.05 * stage.grain(z * 40, up * 40)
        near = stage.light.haze(fence.colour * fence.shade * (1 + rough)[:, None], z)
        if fence.kind == "railings":
            behind = stage.canvas.colour[row.astype(int), column.astype(int)]
            return mix(behind, near, _railing(z, up, fence.height, pixel, along))
        upright = cover(np.mod(z, 0.18), 0, 0.02, along + 0.01)
        courses = cover(np.mod(up, 0.15), 0, 0.02, pixel + 0.01)
        joints = upright if fence.kind == "boards" else courses
        return np.asarray(near * (1 - 0.45 * joints)[:, None])

    x, height = fence.x, fence.height
    corners = [(x, 0, start), (x, height, start), (x, height, stop), (x, 0, stop)]
    stage.face(np.array(corners, float), paint, Tag(FENCE), grow=0.3)


def _railing(z: Field, up: Field, height: float, pixel: Field, along: Field) -> Field:
    """Share of metal: upright bars, two rails, a post every two metres."""
    bars = cover(np.mod(z, 0.13), 0, 0.03, np.minimum(along, 0.1))
    bars = np.maximum(bars, np.clip(0.25 * along / 0.13, 0, 0.4))
    posts = cover(np.mod(z, 2.0), 0, 0.08, along)
    rails = np.maximum(cover(up, height - 0.07, height, pixel), cover(up, 0.12, 0.17, pixel))
    return np.maximum(np.maximum(bars, posts), rails)
