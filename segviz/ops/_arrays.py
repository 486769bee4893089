"""The steps in numpy that convolution, pooling and their inverses have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from segviz.ops import _checks as checks


def input_and_kernel(x: ArrayLike, kernel: ArrayLike, axes: int) -> list[NDArray[Any]]:
    """Return both as arrays of one float dtype with that many axes."""
    return checks.computed(
        x=checks.real_array(x, "x", axes), kernel=checks.real_array(kernel, "kernel", axes)
    )


def every(step: int, first: int, count: int) -> slice:
    """Return the slice of ``count`` positions: first, first + step, first + 2 step, ..."""
    return slice(first, first + step * (count - 1) + 1, step)


def padded(x: NDArray[Any], widths: list[tuple[int, int]], fill: int = 0) -> NDArray[Any]:
    """Return ``x`` with (before, after) numbers ``fill`` added along each axis."""
    shape = tuple(n + sum(width) for n, width in zip(x.shape, widths, strict=True))
    checks.affordable(shape, "the padded input")
    # On the small arrays of a widget several times as fast as np.pad.
    out = np.full(shape, fill, x.dtype) if fill else np.zeros(shape, x.dtype)
    out[tuple(slice(first, first + n) for (first, _), n in zip(widths, x.shape, strict=True))] = x
    return out


def zeros(shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return an empty canvas for the output."""
    checks.affordable(shape, "the output")
    return np.zeros(shape, dtype)


@dataclass(frozen=True)
class Window:
    """How a pooling window moves along one axis of ``input_size`` pixels."""

    input_size: int
    size: int
    kernel_size: int
    stride: int
    padding: int
    dilation: int

    @property
    def taps(self) -> int:
        """The taps that meet the input at all; in ceil mode the others jut out in every window."""
        return min(self.kernel_size, -(-(self.input_size + self.padding) // self.dilation))

    def surrounded(self, x: NDArray[Any], axis: int, fill: int = 0) -> NDArray[Any]:
        """Return ``x`` with ``fill`` on both sides of the axis, wherever a window looks."""
        length = (self.size - 1) * self.stride + (self.taps - 1) * self.dilation + 1
        widths = [(0, 0)] * x.ndim
        widths[axis] = (self.padding, max(0, length - self.padding - self.input_size))
        return padded(x, widths, fill)

    def seen_by(self, tap: int, surrounded: NDArray[Any], axis: int) -> NDArray[Any]:
        """Return what one tap sees in each window along the axis."""
        steps = every(self.stride, tap * self.dilation, self.size)
        return surrounded[(slice(None),) * axis + (steps,)]
