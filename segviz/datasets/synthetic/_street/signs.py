"""Traffic signs, boards with writing, traffic lights; their posts are poles."""

from __future__ import annotations

import numpy as np

from .._fields import Field
from .canvas import SIGN, Tag
from .furniture import METAL, draw_pole
from .stage import Stage, cover, mix, palette

_PLATES = palette("143380 d9d9d4 c71a1a 1a5933 e0b81f 29292e 998c7a")
_RED, _WHITE = np.array([0.75, 0.08, 0.08]), np.array([0.88, 0.88, 0.86])


def draw_sign(stage: Stage, x: float, z: float) -> None:
    """A traffic sign on its post: round, triangular or rectangular, one or two plates."""
    rng = stage.rng
    height = rng.uniform(2.2, 2.9)
    draw_pole(stage, x, z, (0, height + 0.3), 0.09, stage.pick(METAL))
    for _ in range(int(rng.integers(1, 3))):
        kind = rng.choice(["round", "triangle", "plate"], p=[0.4, 0.25, 0.35])
        radius = rng.uniform(0.28, 0.42)
        _TRAFFIC[kind](stage, x, height, z, radius)
        height -= 2.1 * radius


def _round_sign(stage: Stage, x: float, y: float, z: float, radius: float) -> None:
    centre = stage.camera.project(np.array([x, y, z]))
    size = max(radius * stage.scale(z), 1.3)
    inner = _WHITE if stage.rng.random() < 0.6 else _PLATES[0]
    rim = _RED if inner is _WHITE else _PLATES[0]
    for share, colour in ((1.0, rim), (0.76, inner)):
        shade = stage.lit(colour, (0, 0, -1), z)
        stage.canvas.ellipse(centre, (size * share, size * share), shade, Tag(SIGN))
    mark = size * np.array([0.42, 0.12])
    stage.canvas.ellipse(centre, mark, stage.lit(_PLATES[5], (0, 0, -1), z), None, 0.8)


def _triangle(stage: Stage, x: float, y: float, z: float, radius: float) -> None:
    radius = max(radius, 1.6 / stage.scale(z))
    for share, colour in ((1.25, _RED), (0.82, _WHITE)):
        turn = np.pi / 2 + np.arange(3) * 2 * np.pi / 3
        across, up = x + share * radius * np.cos(turn), y + share * radius * np.sin(turn)
        corners = np.stack([across, up, np.full(3, z)], axis=1)
        stage.face(corners, stage.lit(colour, (0, 0, -1), z), Tag(SIGN))
    mark = stage.camera.project(np.array([x, y, z]))
    size = radius * stage.scale(z) * np.array([0.3, 0.08])
    stage.canvas.ellipse(mark, size, stage.lit(_PLATES[5], (0, 0, -1), z), None, 0.8)


def _small_plate(stage: Stage, x: float, y: float, z: float, radius: float) -> None:
    draw_board(stage, x, y, z, 2 * radius * stage.rng.uniform(0.7, 1.5), 1.6 * radius)


_TRAFFIC = {"round": _round_sign, "triangle": _triangle, "plate": _small_plate}


def draw_board(stage: Stage, x: float, y: float, z: float, width: float, height: float) -> None:
    """A written board that faces the traffic, centred on (x, y, z)."""
    colour, pixel = stage.pick(_PLATES), 1 / stage.scale(z)
    ink = _WHITE if colour.mean() < 0.5 else _PLATES[5]
    line = height / stage.rng.integers(3, 6)
    start = stage.rng.uniform(0, 256)

    def paint(row: Field, column: Field) -> Field:
        across, up = stage.camera.front_wall(z, row, column)
        rows = cover(np.mod(up - y, line), 0.3 * line, 0.8 * line, pixel)
        inside = cover(across - x, -0.42 * width, 0.42 * width, pixel)
        letters = stage.grain(across * 60 / height + start, np.floor(up / line) * 17.0) > -0.1
        written = mix(np.broadcast_to(colour, (len(row), 3)), ink, 0.75 * rows * inside * letters)
        rim = 1 - cover(np.abs(across - x), -1, width / 2 - 0.04 * height, pixel)
        return stage.light.haze(mix(written, ink, 0.7 * rim) * shade, np.full(len(row), z))

    shade = stage.light.shade((0, 0, -1))
    half = np.array([-0.5, -0.5, 0.5, 0.5])
    corners = [x + width * half, y + height * np.array([-0.5, 0.5, 0.5, -0.5]), np.full(4, z)]
    stage.face(np.stack(corners, axis=1), paint, Tag(SIGN))


def draw_direction_sign(stage: Stage, x: float, z: float) -> None:
    """A large board on two posts."""
    rng = stage.rng
    width, height, low = rng.uniform(1.2, 2.6), rng.uniform(0.9, 1.7), rng.uniform(1.2, 2.2)
    metal = stage.pick(METAL)
    for side in (-0.35, 0.35):
        draw_pole(stage, x + side * width, z, (0, low + height), 0.1, metal)
    draw_board(stage, x, low + height / 2, z, width, height)


def draw_traffic_light(stage: Stage, x: float, z: float) -> None:
    """A post with three lamps, one of them lit."""
    draw_pole(stage, x, z, (0, 3.3), 0.12, stage.pick(METAL))
    half, low, high = 0.2, 2.2, 3.25
    for wide, tall in ((1.5, 0.15), (1.0, 0.0)):
        corners = [(-half * wide, low - tall), (-half * wide, high + tall)]
        corners += [(half * wide, high + tall), (half * wide, low - tall)]
        box = np.array([(x + dx, y, z) for dx, y in corners])
        dark = stage.lit(np.full(3, 0.10 if wide > 1 else 0.05), (0, 0, -1), z)
        stage.face(box, dark, Tag(SIGN))
    lit = stage.rng.integers(3)
    colours = np.array([[0.3, 0.85, 0.5], [0.95, 0.65, 0.15], [0.95, 0.15, 0.12]])
    for lamp, colour in enumerate(colours):
        centre = stage.camera.project(np.array([x, low + 0.18 + 0.34 * lamp, z]))
        size = 0.13 * stage.scale(z)
        shown = colour if lamp == lit else 0.15 * colour
        stage.canvas.ellipse(centre, (size, size), shown, Tag(SIGN))
