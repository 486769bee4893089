"""Pedestrians and cyclists, put together from strokes and ellipses in the plane of the picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .._fields import Field
from .canvas import BICYCLIST, PEDESTRIAN, Tag
from .stage import Stage, mix, palette

_TROUSERS = palette("14141a 24293d 4c4c52 8c8780 614733 40472e 2d3a55")
_SKIN = palette("d9a68c bf8a6b 805740 54382b")
_HAIR = palette("140f0d 40291a 806138 73706e")
_CLOTHES = palette("14141a 24293d 4c4c52 8c8780 731a1a 1f386b 40472e ccc9c4 614733 b28c33 804c6b")


@dataclass(frozen=True)
class _Figure:
    """Draws in metres around a point on the ground: ``across`` to the right, ``up``."""

    stage: Stage
    foot: Field  # pixel row and column
    scale: float
    distance: float
    tag: Tag

    def at(self, across: float, up: float) -> Field:
        return self.foot + self.scale * np.array([-up, across])

    def tone(self, colour: Field, shade: float = 1.0) -> Field:
        return self.stage.lit(colour * shade, (0, 0.4, -1), self.distance)

    def limb(
        self,
        start: tuple[float, float],
        end: tuple[float, float],
        widths: tuple[float, float],
        colour: Field,
    ) -> None:
        wide = np.maximum(self.scale * np.array(widths), 0.9)
        self.stage.canvas.stroke(self.at(*start), self.at(*end), wide, colour, self.tag)

    def ball(self, centre: tuple[float, float], radii: tuple[float, float], colour: Field) -> None:
        """An ellipse; ``radii`` are across and up."""
        axes = self.scale * np.array([radii[1], radii[0]])
        self.stage.canvas.ellipse(self.at(*centre), axes, colour, self.tag)


def _figure(stage: Stage, x: float, z: float, label: int) -> _Figure:
    foot = stage.camera.project(np.array([x, 0.0, z]))
    shadow = stage.scale(z) * np.array([0.07, 0.42])
    stage.canvas.ellipse(foot, shadow, np.full(3, 0.05), None, 0.35)
    return _Figure(stage, foot, stage.scale(z), z, stage.new_tag(label))


def draw_pedestrian(stage: Stage, x: float, z: float) -> None:
    """Somebody who walks or stands, seen from the side, from behind or from the front."""
    rng = stage.rng
    body = _figure(stage, x, z, PEDESTRIAN)
    tall, lean = rng.uniform(0.86, 1.06), rng.choice([-1.0, 1.0])
    stride = rng.choice([0.05, 0.14, 0.26], p=[0.3, 0.3, 0.4]) * lean
    broad = 0.20 if abs(stride) < 0.2 else 0.15
    top, trousers = (body.tone(stage.pick(kind)) for kind in (_CLOTHES, _TROUSERS))
    hip, shoulder = 0.88 * tall, 1.40 * tall
    for side, dark in ((-1, 0.75), (1, 1.0)):
        knee = (side * stride * 0.55 + side * 0.04, 0.47 * tall)
        ankle = (side * stride + side * 0.05, 0.07)
        body.limb((side * 0.06, hip), knee, (0.18, 0.14), trousers * dark)
        body.limb(knee, ankle, (0.14, 0.10), trousers * dark)
        body.limb(ankle, (ankle[0] + 0.10 * lean, 0.05), (0.09, 0.08), body.tone(_CLOTHES[0]))
    skin = body.tone(stage.pick(_SKIN))
    _torso(body, top, hip - rng.choice([0.0, 0.0, 0.25]), shoulder, broad)
    for side, dark in ((-1, 0.8), (1, 0.95)):
        hand = (side * (broad + 0.05) - side * stride * 0.6, 0.82 * tall)
        body.limb((side * (broad - 0.01), shoulder), hand, (0.13, 0.09), top * dark)
        body.ball(hand, (0.05, 0.06), skin)
    _head(body, 0.03 * lean, 1.57 * tall, skin)
    if rng.random() < 0.3:
        body.ball((-lean * 0.24, 0.85), (0.13, 0.19), body.tone(stage.pick(_CLOTHES)))


def _torso(body: _Figure, colour: Field, low: float, high: float, broad: float) -> None:
    body.limb((0, high - 0.04), (0, low), (2.1 * broad, 1.8 * broad), colour)
    body.limb((0.3 * broad, high - 0.1), (0.35 * broad, low), (0.9 * broad, 0.8 * broad),
              colour * 1.1)  # fmt: skip


def _head(body: _Figure, across: float, up: float, skin: Field) -> None:
    body.limb((0, up - 0.18), (across, up - 0.05), (0.11, 0.11), skin * 0.85)
    body.ball((across, up), (0.10, 0.13), skin)
    hair = body.tone(body.stage.pick(_HAIR))
    body.ball((across * 0.6, up + 0.05), (0.105, 0.09), hair)


def draw_cyclist(stage: Stage, x: float, z: float) -> None:
    """Somebody on a bicycle, riding along the street or across it."""
    body = _figure(stage, x, z, BICYCLIST)
    if stage.rng.random() < 0.5:
        _rider_lengthwise(body)
    else:
        _rider_sideways(body, float(stage.rng.choice([-1.0, 1.0])))


def _rider_lengthwise(body: _Figure) -> None:
    """Seen from behind or from the front: one narrow wheel, knees to both sides."""
    stage = body.stage
    metal, top, legs = (body.tone(stage.pick(kind)) for kind in (_CLOTHES, _CLOTHES, _TROUSERS))
    body.ball((0, 0.34), (0.05, 0.34), body.tone(_CLOTHES[0]))
    body.limb((0, 0.5), (0, 0.95), (0.06, 0.06), metal)
    body.limb((-0.27, 1.0), (0.27, 1.0), (0.04, 0.04), metal)
    for side, knee, pedal in ((-1, 0.62, 0.18), (1, 0.78, 0.42)):
        body.limb((side * 0.09, 0.98), (side * 0.15, knee), (0.17, 0.14), legs)
        body.limb((side * 0.15, knee), (side * 0.12, pedal), (0.13, 0.09), legs * 0.9)
    skin = body.tone(stage.pick(_SKIN))
    _torso(body, top, 1.0, 1.52, 0.2)
    for side in (-1, 1):
        body.limb((side * 0.2, 1.48), (side * 0.26, 1.05), (0.12, 0.09), top * 0.85)
    _head(body, 0.0, 1.68, skin)


def _rider_sideways(body: _Figure, way: float) -> None:
    """Two wheels with the background between the spokes, and a rider who leans forward."""
    stage = body.stage
    frame, top, legs = (body.tone(stage.pick(kind)) for kind in (_CLOTHES, _CLOTHES, _TROUSERS))
    tyre = body.tone(_CLOTHES[0])
    for hub in (-0.52, 0.52):
        _wheel(body, hub, tyre)
    crank, seat, bars = (0.0, 0.3), (-0.18 * way, 0.92), (0.42 * way, 1.0)
    for start, end in (((-0.52 * way, 0.34), crank), (crank, seat), (seat, (0.38 * way, 0.8)),
                       (crank, (0.38 * way, 0.8)), ((0.52 * way, 0.34), bars)):  # fmt: skip
        body.limb(start, end, (0.045, 0.045), frame)
    hip, shoulder = (-0.16 * way, 1.0), (0.14 * way, 1.45)
    for knee, pedal, dark in (((0.2, 0.82), (0.12, 0.42), 0.75), ((0.22, 0.62), (0.0, 0.14), 1.0)):
        joint = (knee[0] * way, knee[1])
        body.limb(hip, joint, (0.19, 0.14), legs * dark)
        body.limb(joint, (pedal[0] * way, pedal[1]), (0.13, 0.09), legs * dark)
    body.limb(hip, shoulder, (0.30, 0.36), top)
    body.limb(shoulder, (0.40 * way, 1.03), (0.12, 0.08), mix(top, np.zeros(3), 0.15))
    skin = body.tone(stage.pick(_SKIN))
    body.ball((0.24 * way, 1.67), (0.11, 0.13), skin)
    body.ball((0.21 * way, 1.73), (0.13, 0.09), body.tone(stage.pick(_CLOTHES)))


def _wheel(body: _Figure, hub: float, tyre: Field) -> None:
    """A dark rim; the disc inside it counts as bicycle, as people label it."""
    canvas, centre = body.stage.canvas, body.at(hub, 0.34)
    radius = 0.34 * body.scale
    canvas.ellipse(centre, (radius, radius), tyre, body.tag, 0.2)
    rim = max(0.05 * body.scale, 0.8)
    found = canvas.window(centre - radius - 1, centre + radius + 1)
    if found is not None:
        window, row, column = found
        gap = np.abs(np.hypot(row - centre[0], column - centre[1]) - radius + rim / 2)
        canvas.fill(window, np.clip(rim / 2 - gap + 0.5, 0, 1), tyre, None)
