"""The outlines of cars, and how a car is turned into place."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .._fields import Field


@dataclass(frozen=True)
class Shape:
    """Outlines in the plane of length and height: metres, from the rear over the roof."""

    body: Field
    cabin: Field  # rear bottom, rear top, front top, front bottom; empty for a bus
    half_width: float
    axles: tuple[float, float]
    wheel: float


def _outline(numbers: str) -> Field:
    return np.array(numbers.split(), dtype=np.float64).reshape(-1, 2)


HATCHBACK = Shape(
    _outline("-1.92 .26  -1.98 .55  -1.90 .93  .95 .96  1.80 .82  1.97 .62  1.95 .26"),
    _outline("-1.88 .92  -1.50 1.44  .05 1.48  .92 .94"),
    half_width=0.85,
    axles=(-1.22, 1.28),
    wheel=0.31,
)
SALOON = Shape(
    _outline("-2.20 .26  -2.26 .60  -2.12 .95  .95 .94  2.05 .80  2.25 .60  2.22 .26"),
    _outline("-1.75 .94  -1.05 1.40  .05 1.42  .98 .93"),
    half_width=0.88,
    axles=(-1.35, 1.42),
    wheel=0.31,
)
VAN = Shape(
    _outline("-2.30 .30  -2.34 .60  -2.32 1.12  1.30 1.12  2.15 .98  2.34 .66  2.32 .30"),
    _outline("-2.32 1.10  -2.26 1.98  .55 2.02  1.35 1.10"),
    half_width=0.95,
    axles=(-1.40, 1.45),
    wheel=0.34,
)
BUS = Shape(
    _outline("-4.6 .32  -4.7 .8  -4.6 2.95  4.5 2.98  4.7 .9  4.6 .32"),
    _outline(""),
    half_width=1.22,
    axles=(-2.6, 3.0),
    wheel=0.48,
)


@dataclass(frozen=True)
class Pose:
    """Where a car stands and which way it looks: 0 = away from the camera."""

    x: float
    z: float
    heading: float

    def place(self, along: Field, up: Field, across: Field) -> Field:
        """Turn the car's length, height and width into x, y, z (..., 3)."""
        sine, cosine = np.sin(self.heading), np.cos(self.heading)
        along, up, across = np.broadcast_arrays(along, up, across)
        x = self.x + along * sine + across * cosine
        return np.stack([x, up, self.z + along * cosine - across * sine], axis=-1)

    def normal(self, along: float, up: float, across: float) -> Field:
        """Turn a direction."""
        turned = Pose(0, 0, self.heading)
        return turned.place(np.array(along), np.array(up), np.array(across))
