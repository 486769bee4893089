"""Along one axis: the first and the last pixel of the picture that each unit of a map sees.

Kept twice. ``bounded`` holds the n units that the map has, in this picture: what lies in the
padding does not count. ``endless`` holds what they would see in an endless picture, which is the
textbook's receptive field; there a shift by ``period`` units moves the field by ``advance`` pixels
(1 and the jump for convolution and pooling; a transposed convolution of stride s makes s units of
different fields, hence a period of s).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

Positions = NDArray[np.int64]
Fields = NDArray[np.float64]  # row 0 first pixels, row 1 last pixels; inf and -inf: sees nothing

NONE = np.iinfo(np.int64).min  # a tap that is not there
LONGEST_PERIOD = 10**6


@dataclass(frozen=True, eq=False)
class Window:
    """Which units of its input each unit of an operation's output reads, along one axis.

    ``taps`` maps positions of shape (m,) to input positions of shape (m, taps), in or out of the
    map, with NONE where there is none; ``period`` units further, they stand ``shift`` further.
    """

    size: int
    taps: Callable[[Positions], Positions]
    period: int = 1
    shift: int = 1
    bounded_taps: Callable[[Positions], Positions] | None = None  # where the border has its own


@dataclass(frozen=True, eq=False)
class Axis:
    """What each unit along one axis of a map sees of the picture."""

    bounded: Fields
    endless: Fields
    advance: int

    @property
    def size(self) -> int:
        return self.bounded.shape[1]

    @property
    def period(self) -> int:
        return self.endless.shape[1]

    @property
    def jump(self) -> Fraction:
        """Pixels from the field of one unit to that of the next, on average over a period."""
        return Fraction(self.advance, self.period)

    @property
    def complete(self) -> bool:
        """True if every unit sees something, in the picture and in an endless one."""
        return bool(np.isfinite(self.bounded).all() and np.isfinite(self.endless).all())

    def fields(self, units: Positions) -> Fields:
        """Return what these units, on the map or beyond it, see in an endless picture."""
        periods, phase = np.divmod(units, self.period)
        return self.endless[:, phase] + periods * self.advance


def picture_axis(size: int) -> Axis:
    """Return the axis of the picture itself: each pixel sees itself.

    >>> picture_axis(3).bounded.tolist()
    [[0.0, 1.0, 2.0], [0.0, 1.0, 2.0]]
    """
    pixels = np.arange(size, dtype=np.float64)
    return Axis(np.stack([pixels, pixels]), np.zeros((2, 1)), 1)


def through(axis: Axis, window: Window) -> Axis:
    """Return what the units of an operation's output see, given what those of its input see."""
    taps = (window.bounded_taps or window.taps)(np.arange(window.size))
    inside = (taps >= 0) & (taps < axis.size)
    bounded = _joined(axis.bounded[:, np.where(inside, taps, 0)], inside)

    repeats = axis.period // math.gcd(window.shift, axis.period)
    period = window.period * repeats
    _check_period(period)
    taps = window.taps(np.arange(period))
    there = taps != NONE
    endless = _joined(axis.fields(np.where(there, taps, 0)), there)
    return Axis(bounded, endless, axis.advance * (window.shift * repeats // axis.period))


def union(one: Axis, other: Axis) -> Axis:
    """Return what units see that see both what those of ``one`` and those of ``other`` see.

    Both have the same jump: otherwise the union would be no field that moves along.
    """
    bounded, endless, advance = _side_by_side(one, other)
    return Axis(_hull(*bounded), _hull(*endless), advance)


def contains(one: Axis, other: Axis) -> bool:
    """Return True if each unit of ``one`` sees all that the same unit of ``other`` sees."""
    if one.jump != other.jump:
        return False
    bounded, endless, _ = _side_by_side(one, other)
    return all(
        bool((wide[0] <= narrow[0]).all() and (wide[1] >= narrow[1]).all())
        for wide, narrow in (bounded, endless)
    )


def _side_by_side(
    one: Axis, other: Axis
) -> tuple[tuple[Fields, Fields], tuple[Fields, Fields], int]:
    """Return both bounded fields, both endless ones over a common period, and its advance."""
    period = math.lcm(one.period, other.period)
    _check_period(period)
    units = np.arange(period)
    endless = (one.fields(units), other.fields(units))
    return (one.bounded, other.bounded), endless, one.advance * (period // one.period)


def _hull(one: Fields, other: Fields) -> Fields:
    return np.stack([np.minimum(one[0], other[0]), np.maximum(one[1], other[1])])


def _joined(fields: Fields, there: NDArray[np.bool_]) -> Fields:
    """Return what units see whose taps see ``fields`` (2, units, taps), where there is a tap."""
    first = np.where(there, fields[0], np.inf).min(axis=1)
    last = np.where(there, fields[1], -np.inf).max(axis=1)
    return np.stack([first, last])


def _check_period(period: int) -> None:
    if period > LONGEST_PERIOD:
        raise ValueError(
            f"the receptive fields repeat only after {period} units, because maps are resized by "
            "odd factors one after the other. Ask for an earlier layer, or use whole factors."
        )
