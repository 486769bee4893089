"""What a sliding window computes again and again, layer by layer.

A window that moves one pixel at a time makes nearly the same values at every place. Which ones, and
how often, follows from sizes and strides alone: two windows share a value where it is computed
from the same pixels. This holds for layers without padding; zeros added at the rim of each window
would make the shared values differ.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segviz.ops import _checks as checks
from segviz.ops.output_size import conv_output_size


def times_computed(places: int, outputs: int, stride: int = 1) -> NDArray[np.int64]:
    """Return how often each value along one axis is computed by a window that moves pixel by pixel.

    In two dimensions it is the outer product of what both axes give.

    Args:
        places: where the window stands, one place per pixel of the picture.
        outputs: values that the layer computes in each window, along the axis.
        stride: pixels from one of them to the next.

    Returns:
        Counts of shape ``(places + (outputs - 1) * stride,)``; position p is the value whose first
        pixel is pixel p of the picture with its mirrored rim. 0 where no window computes one.

    Raises:
        TypeError, ValueError: an argument is not a whole number from 1.

    Example:
        >>> times_computed(5, outputs=3).tolist()
        [1, 2, 3, 3, 3, 2, 1]
        >>> times_computed(5, outputs=3, stride=2).tolist()
        [1, 1, 2, 2, 3, 2, 2, 1, 1]
    """
    places = checks.whole_number(places, "places", 1)
    outputs = checks.whole_number(outputs, "outputs", 1)
    stride = checks.whole_number(stride, "stride", 1)
    counts = np.zeros(places + (outputs - 1) * stride, dtype=np.int64)
    for place in range(places):
        counts[place : place + outputs * stride : stride] += 1
    return counts


@dataclass(frozen=True)
class WindowLayer:
    """What one layer of a patch classifier computes in one window, along each axis.

    Args:
        name: for tables.
        outputs: values along a side of the layer's map.
        stride: pixels from one of them to the next.
        receptive_field: pixels that each sees along a side.
        multiply_adds: for one output position, all channels together.

    Example:
        >>> conv = WindowLayer("conv", outputs=3, stride=1, receptive_field=3, multiply_adds=9)
        >>> conv.in_the_loop((5, 5)), conv.each_once((5, 5))
        (2025, 441)
    """

    name: str
    outputs: int
    stride: int
    receptive_field: int
    multiply_adds: int

    def in_the_loop(self, size: tuple[int, int]) -> int:
        """Multiply-adds for a picture of that (height, width), one window per pixel."""
        height, width = checks.sizes(size, "size", 2, 1)
        return height * width * self.outputs**2 * self.multiply_adds

    def each_once(self, size: tuple[int, int]) -> int:
        """Multiply-adds if every value that occurs were computed once."""
        places = np.array(checks.sizes(size, "size", 2, 1))
        rows, columns = self._distinct(places).tolist()
        return rows * columns * self.multiply_adds

    def _distinct(self, places: NDArray[Any]) -> NDArray[Any]:
        return places + (self.outputs - 1) * np.minimum(self.stride, places)


def window_layers(
    window: int, layers: Iterable[tuple[str, int, int, int]]
) -> tuple[WindowLayer, ...]:
    """Return what a chain of layers without padding computes in one window.

    Args:
        window: pixels along a side of the window.
        layers: (name, kernel_size, stride, multiply_adds for one output position) each, from first
            to last; pooling has 0 multiply-adds.

    Returns:
        One WindowLayer for the pixels themselves, then one for each layer.

    Raises:
        TypeError, ValueError: a size is not legal, or a kernel is larger than the map before it.

    Example:
        >>> for layer in window_layers(9, [("conv", 4, 1, 16), ("pool", 2, 2, 0)]):
        ...     print(layer.name, layer.outputs, layer.stride, layer.receptive_field)
        pixels 9 1 1
        conv 6 1 4
        pool 3 2 5
    """
    outputs, jump, seen = checks.whole_number(window, "window", 1), 1, 1
    made = [WindowLayer("pixels", outputs, jump, seen, 0)]
    for name, kernel_size, stride, multiply_adds in layers:
        outputs = conv_output_size(outputs, kernel_size, stride=stride)
        seen += (kernel_size - 1) * jump
        jump *= stride
        made.append(WindowLayer(name, outputs, jump, seen, multiply_adds))
    return tuple(made)


def each_once_so_far(layers: Sequence[WindowLayer], size: tuple[int, int]) -> NDArray[np.float64]:
    """Return the multiply-adds for each value once, after every step of a walk row by row.

    Args:
        layers: what each layer computes in one window.
        size: height and width of the picture.

    Returns:
        Shape ``(height * width,)``, for the first pixel, the first two, ... all of them.

    Raises:
        TypeError, ValueError: ``size`` is not (height, width), both from 1.

    Example:
        >>> conv = WindowLayer("conv", outputs=2, stride=1, receptive_field=3, multiply_adds=1)
        >>> each_once_so_far([conv], (2, 2)).tolist()
        [4.0, 6.0, 8.0, 9.0]
    """
    height, width = checks.sizes(size, "size", 2, 1)
    before, columns = np.arange(height), np.arange(1, width + 1)
    total = np.zeros((height, width))
    for layer in layers:
        done = layer._distinct(before)
        fresh = layer._distinct(before + 1) - done
        whole_rows = done * layer._distinct(np.array(width))
        total += layer.multiply_adds * (
            whole_rows[:, None] + np.outer(fresh, layer._distinct(columns))
        )
    return total.ravel()
