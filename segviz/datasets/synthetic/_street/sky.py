"""Weather, time of day, the sky, and what closes the view at the far end."""

from __future__ import annotations

import numpy as np

from .._fields import Field, pixel_centres, smoothstep
from .canvas import BUILDING, TREE, Tag
from .stage import Light, Stage, mix

# zenith, horizon, tint of the light, direct, ambient, cloud contrast, reach of sight in metres
_WEATHERS = {
    "blue": ((0.36, 0.56, 0.86), (0.80, 0.88, 0.96), (1.00, 0.97, 0.92), 0.62, 0.62, 0.5, 520),
    "white": ((0.93, 0.94, 0.96), (0.97, 0.97, 0.97), (0.98, 0.99, 1.00), 0.10, 0.82, 0.1, 330),
    "grey": ((0.62, 0.66, 0.71), (0.80, 0.82, 0.84), (0.95, 0.98, 1.00), 0.06, 0.66, 0.4, 280),
    "low sun": ((0.70, 0.76, 0.86), (0.99, 0.93, 0.80), (1.00, 0.92, 0.78), 0.75, 0.46, 0.4, 230),
    "dusk": ((0.30, 0.37, 0.47), (0.62, 0.62, 0.60), (0.86, 0.94, 1.00), 0.00, 0.34, 0.8, 260),
}
_CHANCES = (0.25, 0.28, 0.22, 0.12, 0.13)


def draw_light(rng: np.random.Generator) -> Light:
    """Choose the weather, and where the sun stands."""
    weather = list(_WEATHERS.values())[rng.choice(len(_WEATHERS), p=_CHANCES)]
    zenith, horizon, tint, direct, ambient, clouds, reach = weather
    around, height = rng.uniform(-np.pi, np.pi), rng.uniform(0.35, 0.9)
    flat = np.cos(height)
    return Light(
        sun=np.array([flat * np.sin(around), np.sin(height), flat * np.cos(around)]),
        direct=direct * rng.uniform(0.75, 1.1),
        ambient=ambient * rng.uniform(0.85, 1.1),
        tint=np.array(tint),
        zenith=np.clip(np.array(zenith) + rng.normal(0, 0.03), 0, 1),
        horizon=np.array(horizon),
        clouds=clouds * rng.uniform(0.5, 1.3),
        reach=reach * rng.uniform(0.8, 1.6),
    )


def draw_sky(stage: Stage) -> None:
    """Fill what lies above the horizon: zenith to haze, with clouds on a plane high above."""
    camera, light = stage.camera, stage.light
    height, width = stage.canvas.size
    last = int(np.clip(np.ceil(camera.horizon), 1, height))
    row, column = pixel_centres((last, width))
    above = np.maximum((camera.horizon - row) / camera.focal, 0.0)
    share = np.exp(-above / 0.22)
    base = mix(light.zenith, light.horizon, np.repeat(share, width, axis=1))
    away = 1 / (above + 0.06)
    drift = stage.rng.uniform(0, 256, 2)
    cloud = stage.grain(
        drift[0] + 5 * away * (column - camera.centre) / camera.focal, drift[1] + 5 * away
    )
    cloud = cloud + 0.3 * stage.grain(column / 2, row / 1.2)
    white = 0.55 * light.horizon + 0.45
    lifted = mix(base, white, light.clouds * smoothstep(cloud, -0.3, 1.6))
    dark = 1 - 0.14 * light.clouds * np.maximum(-cloud, 0)
    stage.canvas.colour[:last] = lifted * dark[..., None]


def draw_far_end(stage: Stage, distance: float) -> None:
    """A ragged line of trees and roofs right across the horizon."""
    camera, rng = stage.camera, stage.rng
    height, width = stage.canvas.size
    metre = stage.scale(distance)
    for label, low, high in ((TREE, 4.0, 11.0), (BUILDING, 3.0, 14.0), (TREE, 1.0, 5.0)):
        column = pixel_centres(stage.canvas.size)[1][0]
        top = _skyline(stage, label, column, metre, rng.uniform(low, high))
        first = max(0, int(camera.horizon - top.max()) - 1)
        last = min(height, int(camera.horizon + camera.height * metre) + 3)
        if last <= first:
            continue
        row = pixel_centres(stage.canvas.size)[0][first:last]
        coverage = np.clip(row - (camera.horizon - top)[None, :] + 0.5, 0, 1)
        dull = (0.22, 0.26, 0.16) if label == TREE else (0.45, 0.42, 0.40)
        base = stage.lit(stage.pick(np.array([dull])), (0, 0, -1), distance)
        shade = 1 + 0.12 * stage.grain(column[None, :] * 0.9 + 31, row * 0.9)
        window = (slice(first, last), slice(0, width))
        flat = (base * shade[..., None]).reshape(-1, 3)

        def paint(r: Field, c: Field, flat: Field = flat, first: int = first) -> Field:
            return flat[((r - first).astype(int) * width + c.astype(int))]

        stage.canvas.fill(window, coverage, paint, Tag(label))


def _skyline(stage: Stage, label: int, column: Field, metre: float, height: float) -> Field:
    """Top of the far trees or roofs above the horizon in pixels, for each column."""
    start = stage.rng.uniform(0, 256)
    if label == TREE:
        rough = stage.grain(start + column / metre, np.full_like(column, start))
        rough = rough + 0.4 * stage.grain(start + column * 5 / metre, np.full_like(column, 9.0))
        return np.asarray(metre * np.maximum(height * (0.6 + 0.35 * rough), 0.3))
    block = np.floor(start + (column + start) / (metre * 9)).astype(int)
    stairs = stage.noise[block % 256, (block * 7) % 256]
    return np.asarray(metre * np.where(stairs > 0.1, height * (0.4 + 0.4 * np.abs(stairs)), 0.2))
