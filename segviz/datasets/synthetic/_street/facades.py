"""What a wall looks like close up: windows, doors, shop fronts, bricks, as a function of place."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .._fields import Field, smoothstep
from .stage import Stage, cover, mix, palette

_WALLS = palette("784c3d 663d30 a18a66 8f785c d1ccbd e6e0d6 8c8a85 6b6b6e ad997a")
_TRIMS = palette("e0ded6 ccc7b8 404045 6b5c4c")
_BOARDS = palette("991f1f 1f3d73 1a4c33 d9d4c7 242426 bf8c26 733359")
GROUND_FLOOR = 3.4


@dataclass(frozen=True)
class Facade:
    """Colours and measures in metres of one house front."""

    wall: Field
    trim: Field
    board: Field
    door: Field
    height: float
    storey: float
    bay: float
    opening: tuple[float, float, float, float]  # left, right, bottom, top as shares of bay, storey
    brick: bool
    shop: bool
    seed: int


def draw_facade(stage: Stage, storeys: int) -> Facade:
    """Choose the looks of a house with that many floors."""
    rng = stage.rng
    storey, side = rng.uniform(2.7, 3.2), rng.uniform(0.16, 0.32)
    wall = rng.integers(len(_WALLS))
    return Facade(
        wall=stage.pick(_WALLS[wall : wall + 1], 0.05),
        trim=stage.pick(_TRIMS),
        board=stage.pick(_BOARDS),
        door=stage.pick(_BOARDS, 0.05),
        height=GROUND_FLOOR + (storeys - 1) * storey,
        storey=storey,
        bay=rng.uniform(1.7, 3.4),
        opening=(side, 1 - side, rng.uniform(0.22, 0.32), rng.uniform(0.76, 0.88)),
        brick=bool(wall < 4),
        shop=bool(rng.random() < 0.45),
        seed=int(rng.integers(1 << 16)),
    )


def facade_colour(stage: Stage, facade: Facade, along: Field, up: Field, pixel: Field) -> Field:
    """Return colours (M, 3) at places on the wall; ``pixel`` is a pixel's size in metres there."""
    colour = plain_wall(stage, facade, along, up, pixel)
    lower, cornice = up < GROUND_FLOOR, up > facade.height - 0.25
    street = _shop_front if facade.shop else _front_doors
    for part, open_up in ((lower, street), (~lower & ~cornice, _upper_floors)):
        colour[part] = open_up(stage, facade, along[part], up[part], pixel[part], colour[part])
    return colour


def plain_wall(stage: Stage, facade: Facade, along: Field, up: Field, pixel: Field) -> Field:
    """Return the wall without its openings: courses of brick, stains, cornice, plinth."""
    fine = 1 / (1 + pixel / 0.03)
    level = 1 + 0.06 * stage.grain(along * 3 + facade.seed, up * 1.5)
    level = level + 0.10 * fine * stage.grain(along * 40, up * 40 + facade.seed)
    if facade.brick:
        joint = cover(np.mod(up, 0.15), 0, 0.035, pixel + 0.01)
        level = level + 0.16 * joint * (1 / (1 + pixel / 0.1))
    level = level - 0.25 * cover(up, -1, 0.5, pixel + 0.05)
    cornice = cover(up, facade.height - 0.3, facade.height, pixel)
    shadow = cover(up, facade.height - 0.5, facade.height - 0.3, pixel)
    colour = facade.wall * (level - 0.25 * shadow)[:, None]
    return mix(colour, facade.trim, 0.7 * cornice)


def _upper_floors(
    stage: Stage, facade: Facade, along: Field, up: Field, pixel: Field, wall: Field
) -> Field:
    """One window for each bay and storey."""
    floor = (up - GROUND_FLOOR) / facade.storey
    place = np.stack([np.mod(along / facade.bay, 1), np.mod(floor, 1)])
    pane = _pane_number(facade, along, floor)
    return mix(wall, *_window(stage, facade, place, pane, pixel))


def _pane_number(facade: Facade, along: Field, floor: Field) -> Field:
    """A number in [0, 1) for each window, the same on all of its pixels."""
    bay = np.floor(along / facade.bay).astype(np.int64)
    mixed = (bay * 7919 + np.floor(floor).astype(np.int64) * 104729 + facade.seed) * 2654435761
    return np.asarray((mixed >> 7) % 1021 / 1021.0)


def _window(
    stage: Stage, facade: Facade, place: Field, pane: Field, pixel: Field
) -> tuple[Field, Field]:
    """Colours of glass, frame and sill, and how much of the pixel they cover."""
    left, right, bottom, top = facade.opening
    wide, tall = pixel / facade.bay, pixel / facade.storey
    whole = cover(place[0], left, right, wide) * cover(place[1], bottom, top, tall)
    rim, sill = 0.09 / facade.bay, 0.10 / facade.storey
    glass = cover(place[0], left + rim, right - rim, wide)
    glass = glass * cover(place[1], bottom + sill, top - rim, tall)
    bar = cover(place[0], (left + right) / 2 - rim / 3, (left + right) / 2 + rim / 3, wide)
    bar = np.maximum(bar, cover(place[1], 0.56, 0.56 + rim / 2, tall))
    colour = mix(np.broadcast_to(facade.trim, (len(pane), 3)), _glass(stage, place, pane), glass)
    colour = mix(colour, facade.trim, 0.8 * bar * glass)
    ledge = cover(place[0], left - 0.03, right + 0.03, wide)
    ledge = ledge * cover(place[1], bottom - 0.04, bottom, tall)
    return colour, np.maximum(whole, ledge)


def _glass(stage: Stage, place: Field, pane: Field) -> Field:
    """Dark rooms, curtains, and here and there the sky."""
    dark = 0.07 + 0.13 * np.mod(pane * 7, 1)
    mirrored = np.where(np.mod(pane * 13, 1) > 0.62, 0.55, 0.14) * (0.5 + place[1])
    curtain = (np.mod(pane * 29, 1) > 0.7) & (np.abs(place[0] - 0.5) > 0.12 + 0.1 * pane)
    sky = stage.light.horizon * stage.light.ambient
    colour = mix(np.repeat(dark[:, None], 3, axis=1), sky, np.clip(mirrored, 0, 1))
    return np.where(curtain[:, None], 0.55 * colour + 0.30, colour)


def _front_doors(
    stage: Stage, facade: Facade, along: Field, up: Field, pixel: Field, wall: Field
) -> Field:
    """Each third bay has a door, the others a tall window."""
    place = np.stack([np.mod(along / facade.bay, 1), up / GROUND_FLOOR])
    pane = _pane_number(facade, along, np.full_like(up, -1))
    colour, share = _window(stage, facade, place, pane, pixel)
    windows = mix(wall, colour, share)
    inside = cover(place[0] * facade.bay, 0.25, 1.3, pixel) * cover(up, -1, 2.15, pixel)
    frame = cover(place[0] * facade.bay, 0.1, 1.45, pixel) * cover(up, -1, 2.4, pixel)
    door = mix(mix(wall, facade.trim, frame), facade.door, inside)
    has_door = np.mod(np.floor(along / facade.bay) + facade.seed, 3) == 0
    return np.where(has_door[:, None], door, windows)


def _shop_front(
    stage: Stage, facade: Facade, along: Field, up: Field, pixel: Field, wall: Field
) -> Field:
    """Large panes between piers under a painted board with writing."""
    place = np.stack([np.mod(along / (1.4 * facade.bay), 1), up / GROUND_FLOOR])
    pane = _pane_number(facade, along / 1.4, np.full_like(up, -2))
    glass = cover(place[0], 0.06, 0.94, pixel / facade.bay) * cover(up, 0.5, 2.55, pixel)
    goods = 0.12 + 0.16 * smoothstep(stage.grain(along * 9 + facade.seed, up * 9), 0.2, 1.8)
    behind = mix(np.repeat(goods[:, None], 3, axis=1), facade.door, 0.25)
    shown = 0.6 * behind + 0.4 * _glass(stage, place, pane)
    colour = mix(mix(wall, facade.trim, 0.5), shown, glass)
    board = cover(up, 2.65, 3.25, pixel)
    colour = mix(colour, facade.board, board)
    letters = cover(up, 2.8, 3.1, pixel) * (stage.grain(along * 14 + facade.seed, 0 * up) > 0.2)
    return mix(colour, 0.9 - 0.7 * facade.board, 0.8 * letters * (1 / (1 + pixel / 0.12)))
