"""Camera, light and canvas of one scene, which every part of the street is drawn with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike
from scipy import ndimage

from .._fields import Field
from .canvas import Canvas, Paint, Tag

Thing = tuple[float, Callable[[], None]]
"""Distance in metres, and what draws the thing."""

NEAR = 0.6  # metres; what is closer to the lens is cut off


@dataclass(frozen=True)
class Camera:
    """A pinhole that looks along z from ``height`` metres above the road at x = 0.

    ``focal`` is in pixels; ``horizon`` and ``centre`` are the row and column of the vanishing
    point.
    """

    focal: float
    horizon: float
    centre: float
    height: float = 1.4

    def project(self, points: Field) -> Field:
        """Return row and column (..., 2) of points (..., 3) in front of the lens."""
        scale = self.focal / points[..., 2]
        row = self.horizon + (self.height - points[..., 1]) * scale
        return np.stack([row, self.centre + points[..., 0] * scale], axis=-1)

    def corners(self, points: Field) -> Field:
        """Return the visible part of a polygon (P, 3) in pixels: (Q, 2), empty if behind."""
        return self.project(_in_front(points))

    def ground(self, row: Field, column: Field) -> tuple[Field, Field]:
        """Return x and z of the road at pixels below the horizon."""
        z = self.focal * self.height / np.maximum(row - self.horizon, 1e-3)
        return (column - self.centre) * z / self.focal, z

    def side_wall(self, x: float, row: Field, column: Field) -> tuple[Field, Field]:
        """Return z and y of the plane x = const at pixels."""
        offset = column - self.centre
        offset = np.where(offset * np.sign(x) < 0.05, 0.05 * np.sign(x), offset)
        z = np.clip(self.focal * x / offset, NEAR / 2, 400.0)
        return z, self.height - (row - self.horizon) * z / self.focal

    def front_wall(self, z: float, row: Field, column: Field) -> tuple[Field, Field]:
        """Return x and y of the plane z = const at pixels."""
        metre = z / self.focal
        return (column - self.centre) * metre, self.height - (row - self.horizon) * metre


def _in_front(points: Field) -> Field:
    """Cut a convex polygon (P, 3) at the plane z = NEAR."""
    if points[:, 2].min() >= NEAR:
        return points
    kept: list[Field] = []
    for start, end in zip(points, [*points[1:], points[0]], strict=True):
        if start[2] >= NEAR:
            kept.append(start)
        if (start[2] >= NEAR) != (end[2] >= NEAR):
            kept.append(start + (NEAR - start[2]) / (end[2] - start[2]) * (end - start))
    return np.array(kept).reshape(-1, 3)


@dataclass(frozen=True)
class Light:
    """Sun and sky: how bright a surface looks by its normal, and what distance does to it."""

    sun: Field  # unit vector towards it
    direct: float
    ambient: float
    tint: Field  # (3,)
    zenith: Field
    horizon: Field
    clouds: float
    reach: float  # metres at which haze takes over a surface by 63 %

    def shade(self, normal: ArrayLike) -> Field:
        """Return the factor (3,) on a matt surface; upper sides see more of the sky."""
        n = np.asarray(normal, float)
        n = n / max(float(np.hypot(np.hypot(n[0], n[1]), n[2])), 1e-9)
        facing = max(0.0, float(n @ self.sun))
        return np.asarray((self.ambient * (0.85 + 0.3 * n[1]) + self.direct * facing) * self.tint)

    def haze(self, colour: Field, z: Field | float) -> Field:
        """Return ``colour`` (..., 3) as seen through z metres of air."""
        share = 1 - np.exp(-np.asarray(z) / self.reach)
        return np.asarray(colour + share[..., None] * (self.horizon - colour))


@dataclass
class Stage:
    """Everything that a part of the street needs to draw itself."""

    rng: np.random.Generator
    canvas: Canvas
    camera: Camera
    light: Light
    noise: Field  # (256, 256) fractal texture that tiles
    taken: int = field(default=0)  # instance numbers given out

    def grain(self, u: Field, v: Field) -> Field:
        """Look the texture up at texel coordinates, smoothly and without seams."""
        u, v = np.broadcast_arrays(u, v)
        return np.asarray(ndimage.map_coordinates(self.noise, [v, u], order=1, mode="grid-wrap"))

    def new_tag(self, label: int) -> Tag:
        """Return the tag of one more object."""
        self.taken += 1
        return Tag(label, self.taken)

    def face(
        self,
        points: Field,
        paint: Paint,
        tag: Tag | None,
        opacity: float = 1.0,
        grow: float = 0.0,
    ) -> None:
        """Fill a convex polygon with corners (P, 3) in metres."""
        self.canvas.polygon(self.camera.corners(points), paint, tag, opacity, grow)

    def lit(self, colour: Field, normal: ArrayLike, z: float) -> Field:
        """Return the colour (3,) of a matt surface z metres away."""
        return self.light.haze(colour * self.light.shade(normal), z)

    def scale(self, z: float) -> float:
        """Return pixels per metre at distance z."""
        return self.camera.focal / z

    def in_view(self, x: float, z: float, reach: float) -> bool:
        """Return whether something within ``reach`` metres of (x, z) may be on the canvas."""
        if z + reach <= NEAR:
            return False
        scales = self.scale(max(z - reach, NEAR)), self.scale(z + reach)
        right = self.camera.centre + max((x + reach) * scale for scale in scales)
        left = self.camera.centre + min((x - reach) * scale for scale in scales)
        return right > 0 and left < self.canvas.size[1]

    def pick(self, colours: Field, spread: float = 0.03) -> Field:
        """Return one of the colours (K, 3), slightly changed."""
        chosen = colours[self.rng.integers(len(colours))]
        shift = self.rng.normal(0, spread) + self.rng.normal(0, spread / 2, 3)
        return np.asarray(np.clip(chosen + shift, 0.02, 0.98))


def palette(words: str) -> Field:
    """Return the colours (K, 3) of hexadecimal words.

    >>> palette("ff0000 000033").tolist()
    [[1.0, 0.0, 0.0], [0.0, 0.0, 0.2]]
    """
    return np.array([list(bytes.fromhex(word)) for word in words.split()]) / 255


def tiling_noise(rng: np.random.Generator, side: int = 256) -> Field:
    """Return unit-variance noise (side, side) that repeats seamlessly, amplitude 1 / frequency."""
    frequency = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None, :])
    frequency[0, 0] = np.inf
    spectrum = np.fft.rfft2(rng.standard_normal((side, side))) / frequency
    noise = np.fft.irfft2(spectrum, s=(side, side))
    return np.asarray(noise / noise.std())


def cover(value: Field, low: float, high: float, size: Field | float) -> Field:
    """Return how much of [value - size/2, value + size/2] lies between low and high."""
    inside = np.minimum((value - low) / size, (high - value) / size)
    return np.clip(np.minimum(inside + 0.5, (high - low) / size), 0.0, 1.0)


def mix(one: Field, two: Field, share: Field | float) -> Field:
    """Blend colours (..., 3): ``share`` (...) of ``two`` over ``one``."""
    weight = np.asarray(share)[..., None]
    return np.asarray(one * (1 - weight) + two * weight)
