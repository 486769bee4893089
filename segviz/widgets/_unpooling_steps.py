"""Down and up again as the steps of an animation: where each number comes from and goes to."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segviz.ops.convolution import conv2d
from segviz.ops.output_size import pool_output_size
from segviz.ops.pooling import avg_pool2d, max_pool2d
from segviz.ops.unpooling import max_unpool2d
from segviz.ops.upsampling import upsample_nearest

DOWN = ("max-pooling", "average pooling", "strided convolution")
UP = ("max-unpooling", "bed of nails", "nearest")
INDICES = ("saved", "of another picture", "of the next layer")
SIZES = ("kept", "left out")
# Exact in binary, so that every number on the screen is the whole number.
WEIGHTS = {2: np.diag([0.5, 0.5]), 3: np.diag([0.25, 0.5, 0.25])}


@dataclass(frozen=True)
class Way:
    """One way down and up again, the same for a table of numbers and for a picture."""

    down: str
    up: str
    kernel_size: int
    ceil_mode: bool
    indices: str
    output_size: str

    def check(self) -> None:
        """Refuse what does not go together."""
        if self.down != DOWN[0] and self.up == UP[0]:
            raise ValueError(
                f"{self.down.capitalize()} saves no indices, and max-unpooling puts each value at "
                "a saved index. Use bed of nails or nearest, or go down by max-pooling."
            )
        if self.down == DOWN[2] and self.ceil_mode:
            raise ValueError(
                "ceil_mode is an option of pooling: a strided convolution always drops the rest. "
                "Use padding there, and ceil_mode=False here."
            )

    def go(self, x: NDArray[Any], other: NDArray[Any]) -> Trip:
        """Go down and up with ``x``; ``other`` is the picture whose indices may be borrowed."""
        self.check()
        pooled, own = self.pool(x)
        k = self.kernel_size
        size = x.shape if self.output_size == "kept" else tuple(k * m for m in pooled.shape)
        used = self._used(own, pooled, other, size)
        up = _nearest if used is None else max_unpool2d
        return Trip(x, pooled, own, used, size, up)

    def pool(self, x: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.intp] | None]:
        """What is left of ``x``, and the saved indices where there are some."""
        if self.down == DOWN[0]:
            return max_pool2d(x, self.kernel_size, ceil_mode=self.ceil_mode)
        if self.down == DOWN[1]:
            return avg_pool2d(x, self.kernel_size, ceil_mode=self.ceil_mode), None
        pool_output_size(x.shape, self.kernel_size)  # refuses a window that fits nowhere
        return conv2d(x, WEIGHTS[self.kernel_size], stride=self.kernel_size), None

    def _used(
        self, own: Any, pooled: NDArray[Any], other: NDArray[Any], size: tuple[int, ...]
    ) -> NDArray[np.intp] | None:
        """The indices that the way up goes by; None where it goes by none."""
        if self.up == UP[1]:
            return self._corners(pooled.shape, size)
        if self.up == UP[2]:
            return None
        if self.indices == INDICES[1]:
            return max_pool2d(other, self.kernel_size, ceil_mode=self.ceil_mode)[1]
        if self.indices == INDICES[2]:
            # Stride 1 leaves the size, so these indices have the right shape and another meaning.
            return max_pool2d(pooled, 3, 1, padding=1)[1]
        return own

    def _corners(self, pooled: tuple[int, ...], size: tuple[int, ...]) -> NDArray[np.intp]:
        """A bed of nails is max-unpooling with an index that is the corner of each window."""
        rows, columns = (self.kernel_size * np.arange(m) for m in pooled)
        return rows[:, None] * size[1] + columns


@dataclass(frozen=True)
class Trip:
    """What came of it: ``x`` went down to ``pooled`` and comes up again by ``used`` indices."""

    x: NDArray[Any]
    pooled: NDArray[Any]
    own: NDArray[np.intp] | None
    used: NDArray[np.intp] | None
    size: tuple[int, ...]
    up: Any

    @property
    def fits(self) -> bool:
        """Whether every index names a place of the output."""
        return self.used is None or int(self.used.max()) < self.size[0] * self.size[1]

    def unpooled(self) -> NDArray[Any]:
        """The map after the way up."""
        return self._unpooled

    @cached_property
    def _unpooled(self) -> NDArray[Any]:
        return self.up(self.pooled, self.used, self.size)

    @cached_property
    def sources(self) -> NDArray[np.int64]:
        """Which pooled value each place of the output shows, counted row by row; -1 for none."""
        numbers = 1 + np.arange(self.pooled.size).reshape(self.pooled.shape)
        return self.up(numbers, self.used, self.size) - 1

    def moves(self) -> dict[str, NDArray[Any]]:
        """The way up as indices: the ``places`` that the pooled values go to, or for copies
        which of the ``rows`` and of the ``columns`` each one of the output shows."""
        if self.used is not None:
            return {"places": self.used.astype(np.uint16)}
        rows, columns = np.divmod(self.sources, self.pooled.shape[1])
        return {"rows": rows[:, 0].astype(np.uint8), "columns": columns[0].astype(np.uint8)}

    def writes(self) -> list[list[int]]:
        """The places of the output that each pooled value is written to, in turn."""
        if self.used is not None:
            return [[int(index)] for index in self.used.ravel()]
        sources = self.sources.ravel()
        return [np.flatnonzero(sources == j).tolist() for j in range(self.pooled.size)]

    def lost(self) -> int:
        """How many pooled values another one is written over."""
        shown = np.zeros(self.pooled.size, bool)
        shown[self.sources[self.sources >= 0]] = True
        return int((~shown).sum())

    def back(self) -> int:
        """How many numbers of ``x`` were written to the place where they stood."""
        rows, columns = (min(n, m) for n, m in zip(self.x.shape, self.size, strict=True))
        common = (slice(rows), slice(columns))
        same = self.unpooled()[common] == self.x[common]
        return int((same & (self.sources[common] >= 0)).sum())


def _nearest(values: NDArray[Any], _indices: None, output_size: tuple[int, ...]) -> NDArray[Any]:
    return upsample_nearest(values, output_size=output_size)
