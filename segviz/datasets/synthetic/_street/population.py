"""Who and what is in the street: places for parks' trees, traffic, people and furniture."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from .cars import draw_car
from .furniture import METAL, build_fence, draw_bin, draw_bollard, draw_lamp_post
from .ground import Layout
from .houses import draw_house
from .people import draw_cyclist, draw_pedestrian
from .plants import draw_bush, draw_tree
from .plots import Plot
from .signs import draw_board, draw_direction_sign, draw_sign, draw_traffic_light
from .stage import Stage, Thing


def draw_sides(stage: Stage, layout: Layout, plots: list[Plot]) -> None:
    """Draw houses and parks, far to near."""
    for plot in plots:
        if plot.park:
            _draw_park(stage, layout, plot)
        else:
            draw_house(stage, layout, plot)


def _draw_park(stage: Stage, layout: Layout, plot: Plot) -> None:
    """Trees and bushes behind a fence or a hedge, or open to the pavement."""
    rng, wall = stage.rng, layout.wall(plot.side)
    near, length = max(plot.start, 3.0), plot.stop - max(plot.start, 3.0)
    if length < 2:
        return
    number = 1 + int(length / (2.5 + near / 25))
    for z in sorted(rng.uniform(near, plot.stop, number), reverse=True):
        x = wall + plot.side * rng.uniform(1.5, 9)
        if rng.random() < 0.65:
            draw_tree(stage, x, z)
        else:
            draw_bush(stage, x, z, rng.uniform(1.5, 4), rng.uniform(0.8, 2.2))
    border = rng.choice(["fence", "hedge", "open"], p=[0.4, 0.25, 0.35])
    if border == "fence":
        for _, draw in reversed(build_fence(stage, wall, max(plot.start, 0.7), plot.stop)):
            draw()
    elif border == "hedge":
        height = rng.uniform(1.0, 2.0)
        z = plot.stop
        while z > near:
            width = max(2.4, z / 8)  # far away, fewer and wider bushes look the same
            draw_bush(stage, wall + 0.5 * plot.side, z, width, height)
            z -= 0.55 * width


def place_things(stage: Stage, layout: Layout, plots: list[Plot]) -> list[Thing]:
    """Return everything between the building lines, in no order."""
    things: list[Thing] = []
    for place in (_moving_cars, _parked_cars, _crossing_cars, _kerbside, _signs):
        things.extend(place(stage, layout))
    things.extend(_people(stage, layout))
    things.extend(_shop_signs(stage, layout, plots))
    return things


def _distance(rng: np.random.Generator, near: float, far: float) -> float:
    """Between near and far, evenly in the logarithm: half of them in the near part."""
    return float(np.exp(rng.uniform(np.log(near), np.log(far))))


def _pavement(rng: np.random.Generator, layout: Layout, side: int, least: float = 0.35) -> float:
    """An x on the pavement, ``least`` metres from the kerb or more."""
    kerb, wall = layout.edge(side), layout.wall(side)
    return kerb + side * rng.uniform(least, max(abs(wall - kerb) - 0.4, least + 0.1))


def _moving_cars(stage: Stage, layout: Layout) -> Iterator[Thing]:
    rng = stage.rng
    lanes = layout.lanes()
    for lane, heading, nearest in ((lanes[0], 0.0, 9.0), (lanes[1], np.pi, 8.0)):
        z = _distance(rng, nearest, 45)
        while z < layout.end and rng.random() < 0.66:
            x, turn = lane + rng.normal(0, 0.15), heading + rng.normal(0, 0.04)
            yield z, partial(draw_car, stage, x, z, turn)
            z += rng.uniform(7, 30)


def _parked_cars(stage: Stage, layout: Layout) -> Iterator[Thing]:
    rng = stage.rng
    for side in (-1, 1):
        if not layout.parking[0 if side < 0 else 1]:
            continue
        x, z = layout.edge(side) - side * 1.0, rng.uniform(5, 16)
        while z < min(layout.end, 90):
            if rng.random() < 0.55 and not layout.open_at(z, 3.0):
                heading = (0.0 if side < 0 or rng.random() < 0.3 else np.pi) + rng.normal(0, 0.03)
                yield z, partial(draw_car, stage, x + rng.normal(0, 0.1), z, heading)
            z += rng.uniform(5.2, 6.5)


def _crossing_cars(stage: Stage, layout: Layout) -> Iterator[Thing]:
    """On the side road, waiting to come out or turning."""
    rng, (start, stop) = stage.rng, layout.junction
    if start < layout.end and rng.random() < 0.6:
        side = int(rng.choice([-1, 1]))
        x = layout.edge(side) + side * rng.uniform(0, 6)
        z = (start + stop) / 2
        yield z, partial(draw_car, stage, x, z, -side * np.pi / 2 + rng.normal(0, 0.25))


def _kerbside(stage: Stage, layout: Layout) -> Iterator[Thing]:
    """Lamp posts, street trees, bollards, railings and bins along the pavement."""
    rng = stage.rng
    for side in (-1, 1):
        kerb = layout.edge(side) + side * 0.45
        lamps, trees = rng.random() < 0.8, rng.random() < 0.35
        for z in np.arange(rng.uniform(5, 22), min(layout.end, 120), rng.uniform(18, 32)):
            if lamps and not layout.open_at(z):
                yield z, partial(draw_lamp_post, stage, kerb, z)
            if trees and not layout.open_at(z + 6):
                yield z + 6, partial(draw_tree, stage, kerb + side * 0.3, z + 6)
        if rng.random() < 0.35:
            colour, z = stage.pick(METAL), _distance(rng, 5, 30)
            for step in range(int(rng.integers(3, 8))):
                yield z + 1.6 * step, partial(draw_bollard, stage, kerb, z + 1.6 * step, colour)
        if rng.random() < 0.2:
            z = _distance(rng, 2.5, 16)
            yield from build_fence(stage, kerb, z, z + rng.uniform(4, 14))
        for _ in range(rng.poisson(0.7)):
            z = _distance(rng, 6, 30)
            yield z, partial(draw_bin, stage, layout.wall(side) - side * 0.5, z)


def _signs(stage: Stage, layout: Layout) -> Iterator[Thing]:
    rng = stage.rng
    for side in (-1, 1):
        kerb = layout.edge(side) + side * 0.5
        for _ in range(rng.poisson(1.3)):
            z = _distance(rng, 7, 50)
            yield z, partial(draw_sign, stage, kerb, z)
        if rng.random() < 0.25:
            z = _distance(rng, 9, 40)
            x = layout.edge(side) + side * rng.uniform(1.4, 2.5)
            yield z, partial(draw_direction_sign, stage, x, z)
    start = layout.junction[0]
    if 8 < start < layout.end and rng.random() < 0.6:
        for side in (-1, 1):
            x = layout.edge(side) + side * 0.5
            yield start - 1.5, partial(draw_traffic_light, stage, x, start - 1.5)


def _people(stage: Stage, layout: Layout) -> Iterator[Thing]:
    rng = stage.rng
    for side in (-1, 1):
        for _ in range(rng.poisson(2.2)):
            z = _distance(rng, 5, 55)
            yield z, partial(draw_pedestrian, stage, _pavement(rng, layout, side), z)
    if rng.random() < 0.35:
        z = _distance(rng, 7, 40)
        yield z, partial(draw_pedestrian, stage, rng.uniform(layout.left, layout.right), z)
    for _ in range(rng.poisson(0.7)):
        z, lane = _distance(rng, 7, 40), layout.lanes()[int(rng.random() < 0.5)]
        x = lane + rng.choice([-1.0, 1.0]) * rng.uniform(0.6, 1.2)
        yield z, partial(draw_cyclist, stage, x, z)


def _shop_signs(stage: Stage, layout: Layout, plots: list[Plot]) -> Iterator[Thing]:
    """Boards that stick out from the houses, above the heads."""
    rng = stage.rng
    for plot in plots:
        if plot.park or plot.stop < 5 or rng.random() > 0.4:
            continue
        z = rng.uniform(max(plot.start, 4.0), plot.stop)
        width, height = rng.uniform(0.5, 1.1), rng.uniform(0.5, 1.4)
        x = layout.wall(plot.side) + plot.side * (plot.setback - width / 2)
        yield z, partial(draw_board, stage, x, rng.uniform(2.9, 3.8), z, width, height)
