"""Trees in leaf and bare, bushes and hedges."""

from __future__ import annotations

import numpy as np

from .._fields import Field, smoothstep
from .canvas import TREE, Tag
from .stage import Stage, palette

_LEAVES = palette("3d521f 545c26 293d1c 665c33 4c4233 36452e")
_BARK = palette("423830 574c42 332b26")
_PLANT = Tag(TREE)


def draw_tree(stage: Stage, x: float, z: float) -> None:
    """One tree that stands at (x, 0, z): in leaf, or bare."""
    if stage.rng.random() < 0.68:
        _leafy_tree(stage, x, z)
    else:
        _bare_tree(stage, x, z)


def draw_bush(stage: Stage, x: float, z: float, width: float, height: float) -> None:
    """A shrub on the ground, or a piece of hedge."""
    _crown(stage, x, z, 0.45 * height, 0.5 * width, 0.6 * height, stage.pick(_LEAVES))


def _leafy_tree(stage: Stage, x: float, z: float) -> None:
    rng = stage.rng
    height = rng.uniform(4.5, 11)
    slender = rng.random() < 0.2
    half_width = height * (rng.uniform(0.13, 0.18) if slender else rng.uniform(0.28, 0.42))
    clear = rng.uniform(0.6, 2.4)
    bark = stage.lit(stage.pick(_BARK), (0, 0, -1), z)
    foot, fork = stage.camera.project(np.array([[x, 0, z], [x, 0.6 * height, z]]))
    width = max(stage.scale(z) * height * 0.035, 1.3)
    stage.canvas.stroke(foot, fork, (width, 0.7 * width), bark, _PLANT)
    middle, half_height = (height + clear) / 2, (height - clear) / 2
    _crown(stage, x, z, middle, half_width, half_height, stage.pick(_LEAVES))


def _crown(
    stage: Stage, x: float, z: float, middle: float, wide: float, tall: float, leaf: Field
) -> None:
    """Overlapping balls of leaves; where the texture is thin, the background shows through."""
    scale = stage.scale(z)
    centre = stage.camera.project(np.array([x, middle, z]))
    reach = 1.35 * scale * np.array([tall, wide])
    found = stage.canvas.window(centre - reach, centre + reach)
    if found is None:
        return
    window, row, column = found
    up, right = (centre[0] - row) / (scale * tall), (column - centre[1]) / (scale * wide)
    body, lit = _balls(stage.rng, up, right, stage.light.sun)
    shift, texel = stage.rng.uniform(0, 256, 2), 256 / 14 / scale
    across, down = column * texel + shift[0], row * texel + shift[1]
    clumps = stage.grain(across, down)
    fine = stage.grain(across * 3.7, down * 3.7)
    body = body + 0.15 * clumps + 0.11 * fine
    coverage = smoothstep(body, -0.02, 0.02 + 0.9 / max(scale * wide, 2))
    tone = np.clip(0.42 + 0.5 * lit + 0.16 * clumps + 0.16 * fine + 0.2 * up, 0.12, 1.6)
    colour = stage.lit(leaf, (0, 1, -0.4), 0.0) * tone[..., None] * 1.25
    _fill_with(stage, window, coverage, stage.light.haze(colour, z))


def _balls(rng: np.random.Generator, up: Field, right: Field, sun: Field) -> tuple[Field, Field]:
    """Height of the nearest ball above its outline, and how far it faces the sun (or the sky)."""
    body = np.full(np.broadcast_shapes(up.shape, right.shape), -1.0)
    lit = np.zeros(body.shape)
    for _ in range(int(rng.integers(6, 11))):
        angle, out = rng.uniform(0, 2 * np.pi), 0.62 * np.sqrt(rng.random())
        radius = rng.uniform(0.34, 0.56)
        dy, dx = (up - out * np.sin(angle)) / radius, (right - out * np.cos(angle)) / radius
        ball = (1 - dy * dy - dx * dx) * radius
        nearer = ball > body
        body = np.where(nearer, ball, body)
        lit = np.where(nearer, 0.5 + 0.35 * dy + 0.3 * sun[0] * dx, lit)
    return body, lit


def _fill_with(stage: Stage, window: tuple[slice, slice], coverage: Field, colour: Field) -> None:
    """Lay a picture over a window and label it as plant."""

    def paint(row: Field, column: Field) -> Field:
        first = window[0].start, window[1].start
        return np.asarray(colour[row.astype(int) - first[0], column.astype(int) - first[1]])

    stage.canvas.fill(window, coverage, paint, _PLANT)


def _bare_tree(stage: Stage, x: float, z: float) -> None:
    """A trunk that forks again and again."""
    height = stage.rng.uniform(5, 10)
    bark = stage.pick(_BARK)
    colour = stage.lit(bark, (0, 0, -1), z)
    foot = stage.camera.project(np.array([x, 0, z]))
    length = 0.27 * height * stage.scale(z)
    _branch(stage, foot, np.pi / 2, length, max(0.11 * length, 1.6), colour, 7)


def _branch(
    stage: Stage, foot: Field, angle: float, length: float, width: float, colour: Field, forks: int
) -> None:
    """A bent branch that forks at its end; the thinnest ones may well be less than a pixel."""
    bend = stage.rng.normal(0, 0.18)
    bends, share = ((-bend, bend), 0.5) if length > 14 else ((0.0,), 1.0)
    for turn in bends:
        tip = foot + share * length * np.array([-np.sin(angle + turn), np.cos(angle + turn)])
        stage.canvas.stroke(foot, tip, (width, 0.8 * width), colour, _PLANT)
        foot = tip
    if forks == 0 or length < 6:
        return
    for turn in stage.rng.normal((-0.45, 0.4), 0.22):
        shorter = length * stage.rng.uniform(0.6, 0.85)
        _branch(stage, foot, angle + turn, shorter, max(0.66 * width, 0.6), colour, forks - 1)
