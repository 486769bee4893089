"""Cars, vans and buses: side outlines drawn out to their width, seen from wherever they stand."""

from __future__ import annotations

import numpy as np

from .._fields import Field
from .canvas import CAR, Paint, Tag
from .car_shapes import BUS, HATCHBACK, SALOON, VAN, Pose, Shape
from .stage import NEAR, Stage, mix, palette

_COLOURS = palette(
    "b8babf 8c9199 e6e6e6 141417 212630 1a2961 851417 1c3d33 595c61 9e9985 739ebf 333840"
)
_RAISED = np.array([0.0, 1.0, 1.0, 0.0])  # which corners of a quad lie higher
_PLAIN = 8.0  # pixels per metre below which nobody sees door gaps and hubs
_RUBBER, _HUB = np.array([0.05, 0.05, 0.055]), np.array([0.45, 0.46, 0.48])


def draw_car(stage: Stage, x: float, z: float, heading: float) -> None:
    """One vehicle with its wheels at (x, 0, z), and its shadow."""
    rng = stage.rng
    shape = (HATCHBACK, SALOON, VAN, BUS)[rng.choice(4, p=[0.48, 0.32, 0.16, 0.04])]
    colour, closed = stage.pick(_COLOURS, 0.04), bool(rng.random() < 0.3)
    if not stage.in_view(x, z, reach=6.0):
        return
    pose, tag = Pose(x, z, heading), stage.new_tag(CAR)
    _shadow(stage, shape, pose)
    _tyres_below(stage, shape, pose, tag)
    _shell(stage, pose, shape.body, np.full(len(shape.body), shape.half_width), colour, tag)
    _wheels(stage, shape, pose, tag)
    if len(shape.cabin):
        widths = shape.half_width * np.array([0.97, 0.80, 0.80, 0.95])
        _shell(stage, pose, shape.cabin, widths, colour, tag)
        _cabin_windows(stage, shape, pose, widths, tag, closed)
    else:
        _bus_windows(stage, shape, pose, tag)
    if stage.scale(z) > _PLAIN:
        _trim(stage, shape, pose, tag)
    _lamps(stage, shape, pose, tag)


def _faces(stage: Stage, pose: Pose, normal: Field, corners: Field) -> bool:
    """Whether a face with this outward normal is seen from the camera."""
    towards = np.array([0.0, stage.camera.height, 0.0]) - corners.mean(axis=0)
    return float(normal @ towards) > 0 and bool((corners[:, 2] > NEAR).any())


def _shadow(stage: Stage, shape: Shape, pose: Pose) -> None:
    """Darkness on the road under the car, softer outwards; it stays road."""
    end = float(np.abs(shape.body[:, 0]).max())
    for grow, opacity in ((0.22, 0.22), (0.08, 0.3), (-0.12, 0.4)):
        along = np.array([-1, 1, 1, -1]) * (end + grow)
        across = np.array([-1, -1, 1, 1]) * (shape.half_width + grow)
        stage.face(pose.place(along, np.zeros(4), across), np.full(3, 0.03), None, opacity)


def _shell(
    stage: Stage, pose: Pose, outline: Field, widths: Field, colour: Field, tag: Tag
) -> None:
    """Both flanks and the strips that join them, as far as they face the camera."""
    near, far = (pose.place(outline[:, 0], outline[:, 1], side * widths) for side in (-1, 1))
    for index in range(len(outline) - 1):
        ends = [index, index + 1]
        strip = np.concatenate([near[ends], far[ends[::-1]]])
        run, rise = outline[index + 1] - outline[index]
        _panel(stage, pose, strip, pose.normal(-rise, run, 0.0), colour, tag)
    for side, flank in ((-1, near), (1, far)):
        _panel(stage, pose, flank, pose.normal(0.0, 0.12, side), colour, tag)


def _panel(
    stage: Stage, pose: Pose, corners: Field, normal: Field, colour: Field, tag: Tag
) -> None:
    if not _faces(stage, pose, normal, corners):
        return
    visible = stage.camera.corners(corners)
    base = colour * stage.light.shade(normal)
    gloss = 0.30 if normal[1] > 0.5 * np.hypot(normal[0], normal[2]) else 0.10
    sky = stage.light.horizon * stage.light.ambient
    top, bottom = mix(base, sky, gloss), 0.55 * base
    if normal[1] > 0.5:
        bottom = mix(base, sky, 0.6 * gloss)
    paint = _fade(stage.light.haze(top, pose.z), stage.light.haze(bottom, pose.z), visible)
    stage.canvas.polygon(visible, paint, tag, grow=0.4)


def _fade(top: Field, bottom: Field, corners: Field) -> Paint:
    """Paint that runs from one colour at the top row of a shape to another at its bottom."""
    first, last = float(corners[:, 0].min()), float(corners[:, 0].max())

    def paint(row: Field, column: Field) -> Field:
        share = np.clip((row - first) / max(last - first, 1e-6), 0, 1)
        return mix(np.broadcast_to(top, (len(row), 3)), bottom, share)

    return paint


def _pane(stage: Stage, pose: Pose, quad: Field, span: Field, tag: Tag, clear: float) -> None:
    """Glass on part of a flat face; ``span`` is from and to, along and up, as shares."""
    (s0, s1), (t0, t1) = span
    corners = [
        (1 - t) * ((1 - s) * quad[0] + s * quad[3]) + t * ((1 - s) * quad[1] + s * quad[2])
        for s, t in ((s0, t0), (s0, t1), (s1, t1), (s1, t0))
    ]
    visible = stage.camera.corners(np.array(corners))
    if len(visible):
        sky = stage.light.horizon * stage.light.ambient
        dark = np.array([0.06, 0.07, 0.08])
        top = stage.light.haze(mix(dark, sky, clear), pose.z)
        low = stage.light.haze(mix(dark, sky, 0.35 * clear), pose.z)
        stage.canvas.polygon(visible, _fade(top, low, visible), tag)


def _cabin_windows(
    stage: Stage, shape: Shape, pose: Pose, widths: Field, tag: Tag, closed: bool
) -> None:
    """Windscreen, rear window, and two panes a side (one in a panel van)."""
    outline = shape.cabin
    near, far = (pose.place(outline[:, 0], outline[:, 1], side * widths) for side in (-1, 1))
    clear = stage.rng.uniform(0.2, 0.6)
    closed = closed and shape is VAN
    spans = [(0.74, 0.95)] if closed else [(0.08, 0.34), (0.37, 0.64), (0.67, 0.93)]
    for side, flank in ((-1, near), (1, far)):
        if _faces(stage, pose, pose.normal(0.0, 0.1, side), flank):
            for span in spans:
                _pane(stage, pose, flank, np.array([span, (0.1, 0.84)]), tag, clear * 0.7)
    for low, high, along in ((3, 2, 1.0), (0, 1, -1.0)):
        quad = np.array([near[low], near[high], far[high], far[low]])
        if _faces(stage, pose, pose.normal(along, 0.5, 0.0), quad) and not (closed and along < 0):
            _pane(stage, pose, quad, np.array([(0.08, 0.92), (0.12, 0.88)]), tag, clear)


def _bus_windows(stage: Stage, shape: Shape, pose: Pose, tag: Tag) -> None:
    length, half = 4.6, shape.half_width
    for side in (-1, 1):
        flank = pose.place(
            length * np.array([-1, -1, 1, 1]),
            np.array([1.3, 2.4, 2.4, 1.3]),
            np.full(4, side * half),
        )
        if _faces(stage, pose, pose.normal(0.0, 0.0, side), flank):
            for pane in range(7):
                span = np.array([((pane + 0.08) / 7, (pane + 0.92) / 7), (0.0, 1.0)])
                _pane(stage, pose, flank, span, tag, 0.3)
    for end in (-1, 1):
        across = half * np.array([-1, -1, 1, 1])
        quad = pose.place(np.full(4, 4.72 * end), np.array([1.2, 2.6, 2.6, 1.2]), across)
        if _faces(stage, pose, pose.normal(end, 0.0, 0.0), quad):
            _pane(stage, pose, quad, np.array([(0.06, 0.94), (0.0, 1.0)]), tag, 0.4)


def _disc(pose: Pose, along: float, across: float, radius: float, height: float) -> Field:
    turn = np.linspace(0, 2 * np.pi, 14, endpoint=False)
    return pose.place(
        along + radius * np.cos(turn), height + radius * np.sin(turn), np.full(14, across)
    )


def _wheels(stage: Stage, shape: Shape, pose: Pose, tag: Tag) -> None:
    for side in (-1, 1):
        across = side * (shape.half_width + 0.01)
        for axle in shape.axles:
            tyre = _disc(pose, axle, across, shape.wheel, shape.wheel)
            if not _faces(stage, pose, pose.normal(0.0, 0.0, side), tyre):
                continue
            arch = _disc(pose, axle, across, 1.18 * shape.wheel, shape.wheel)
            stage.face(arch, stage.light.haze(0.5 * _RUBBER, pose.z), tag)
            stage.face(tyre, stage.light.haze(_RUBBER, pose.z), tag)
            if stage.scale(pose.z) < _PLAIN:
                continue
            hub = _disc(pose, axle, across, 0.62 * shape.wheel, shape.wheel)
            stage.face(hub, stage.lit(_HUB, (0, 0.3, -1), pose.z), tag)


def _tyres_below(stage: Stage, shape: Shape, pose: Pose, tag: Tag) -> None:
    """The treads as seen from before or behind, under the bumper."""
    for axle in shape.axles:
        for side in (-1, 1):
            across = side * shape.half_width * np.array([0.72, 0.72, 0.98, 0.98])
            up = np.array([0.0, 0.5, 0.5, 0.0])
            tread = pose.place(np.full(4, axle), up, across)
            if (tread[:, 2] > NEAR).all():
                stage.face(tread, stage.light.haze(0.6 * _RUBBER, pose.z), tag)


def _trim(stage: Stage, shape: Shape, pose: Pose, tag: Tag) -> None:
    """Black bumpers and sills, and the gaps around the front door."""
    length, half = float(np.abs(shape.body[:, 0]).max()) + 0.01, shape.half_width
    low, dark = float(shape.body[0, 1]), np.full(3, 0.09)
    for end in (-1, 1):
        if _faces(stage, pose, pose.normal(end, 0.0, 0.0), pose.place(*_point(end * length))):
            _plate(stage, pose, end * length, (-half, half), (low, low + 0.16), dark, tag)
    for side in (-1, 1):
        across = np.full(4, side * (half + 0.005))
        sill = pose.place(0.8 * length * np.array([-1, -1, 1, 1]), low + _RAISED * 0.09, across)
        if not _faces(stage, pose, pose.normal(0.0, 0.0, side), sill):
            continue
        stage.face(sill, stage.light.haze(dark, pose.z), tag)
        for along in (-0.15, 0.85) if len(shape.cabin) else ():
            gap = pose.place(along + 0.025 * _RAISED[::-1], low + _RAISED * 0.6, across)
            stage.face(gap, stage.light.haze(dark, pose.z), None, 0.6)


def _point(along: float) -> tuple[Field, Field, Field]:
    return np.array([along]), np.array([0.6]), np.zeros(1)


def _lamps(stage: Stage, shape: Shape, pose: Pose, tag: Tag) -> None:
    """Red lamps and a yellow plate behind, clear lamps and a white plate before."""
    length = float(np.abs(shape.body[:, 0]).max()) + 0.02
    waist = float(shape.body[2, 1])
    glow = 0.4 if stage.rng.random() < 0.3 else 0.0
    red, clear = np.array([0.45 + glow, 0.05, 0.05]), np.array([0.70, 0.72, 0.74])
    plates = {-1: np.array([0.85, 0.70, 0.20]), 1: np.array([0.88, 0.88, 0.85])}
    for end, lamp in ((-1, red), (1, clear)):
        if not _faces(stage, pose, pose.normal(end, 0.0, 0.0), pose.place(*_point(end * length))):
            continue
        for side in (-1, 1):
            inner, outer = side * shape.half_width * np.array([0.66, 0.96])
            low, high = (0.62, min(waist, 1.1)) if end < 0 else (0.60, 0.74)
            _plate(stage, pose, end * length, (inner, outer), (low, high), lamp, tag)
        _plate(stage, pose, end * length, (-0.26, 0.26), (0.40, 0.51), plates[end], tag)


def _plate(
    stage: Stage,
    pose: Pose,
    along: float,
    across: tuple[float, float],
    up: tuple[float, float],
    colour: Field,
    tag: Tag,
) -> None:
    sides = np.array([across[0], across[0], across[1], across[1]])
    heights = np.array([up[0], up[1], up[1], up[0]])
    shade = np.minimum(stage.light.shade((0, 0, -1)) + 0.25, 1.0)
    corners = pose.place(np.full(4, along), heights, sides)
    stage.face(corners, stage.light.haze(colour * shade, pose.z), tag)
