"""Max-unpooling: every maximum goes back to the place where pooling found it.

The size before pooling must be kept: several sizes pool to the same one, and an index only names
a place in a picture of the right width.

References
----------
Badrinarayanan, Kendall and Cipolla, SegNet, PAMI 2017, section 3.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from segviz.ops import _checks as checks
from segviz.ops._arrays import zeros
from segviz.ops._checks import Sizes
from segviz.ops.output_size import check_pool_padding


def max_unpool1d(
    values: ArrayLike,
    indices: ArrayLike,
    output_size: Sizes | None = None,
    *,
    kernel_size: Sizes | None = None,
    stride: Sizes | None = None,
    padding: Sizes = 0,
) -> NDArray[Any]:
    """Return zeros of the size before pooling, with each value at its index.

    Args:
        values: real numbers of shape (m,).
        indices: ints of shape (m,), as ``max_pool1d`` returned them. Where two are equal, the last
            value stays.
        output_size: pixels before pooling. If left out: (m - 1)s - 2p + k, the size of which no
            pixel was left over.
        kernel_size, stride, padding: of the pooling. If ``kernel_size`` is given, the output size
            and every index are checked against the windows.

    Returns:
        Array of shape (output_size,), same dtype as ``values``.

    Raises:
        TypeError, ValueError: wrong arrays or sizes; an index outside of the output or of its
            window; neither ``output_size`` nor ``kernel_size``.

    Example:
        >>> max_unpool1d([5, 2, 9], [1, 2, 4], 5)
        array([0, 5, 2, 0, 9])
    """
    values = checks.real_array(values, "values", 1)
    return _max_unpool(values, indices, output_size, kernel_size, stride, padding)


def max_unpool2d(
    values: ArrayLike,
    indices: ArrayLike,
    output_size: Sizes | None = None,
    *,
    kernel_size: Sizes | None = None,
    stride: Sizes | None = None,
    padding: Sizes = 0,
) -> NDArray[Any]:
    """Return a picture of zeros of the size before pooling, with each value at its index.

    Args:
        values: real numbers of shape (h, w).
        indices: ints of shape (h, w), row * W + column, as ``max_pool2d`` returned them.
        output_size, kernel_size, stride, padding: as in ``max_unpool1d``, one number or
            (rows, columns).

    Returns:
        Array of shape output_size, same dtype as ``values``.

    Raises:
        TypeError, ValueError: as in ``max_unpool1d``.

    Example:
        >>> max_unpool2d([[4, 5], [1, 7]], [[4, 7], [9, 10]], (4, 4))
        array([[0, 0, 0, 0],
               [4, 0, 0, 5],
               [0, 1, 7, 0],
               [0, 0, 0, 0]])
    """
    values = checks.real_array(values, "values", 2)
    return _max_unpool(values, indices, output_size, kernel_size, stride, padding)


@dataclass(frozen=True)
class _Pooling:
    """The pooling of one axis: which sizes it takes to ``pooled``."""

    pooled: int
    kernel_size: int
    stride: int
    padding: int

    @property
    def exact(self) -> int:
        """The size of which no pixel was left over."""
        return max((self.pooled - 1) * self.stride - 2 * self.padding + self.kernel_size, 1)

    @property
    def legal(self) -> range:
        """All sizes, in floor or in ceil mode: the next window never fits whole, the last starts
        inside."""
        last_start = (self.pooled - 1) * self.stride - self.padding
        exact = last_start - self.padding + self.kernel_size
        return range(max(exact - self.stride, last_start, 0) + 1, exact + self.stride)


def _max_unpool(
    values: NDArray[Any],
    indices: ArrayLike,
    output_size: Sizes | None,
    kernel_size: Sizes | None,
    stride: Sizes | None,
    padding: Sizes,
) -> NDArray[Any]:
    places = checks.index_array(indices, "indices", values.shape)
    poolings = _poolings(values.shape, kernel_size, stride, padding)
    if output_size is None and not poolings:
        raise ValueError(
            f"output_size is missing, and more than one size pools to {values.shape}. "
            "Use the shape of the array before pooling."
        )
    if output_size is None:
        output_size = tuple(pooling.exact for pooling in poolings)
    size = checks.sizes(output_size, "output_size", values.ndim, 1)
    _check_size(size, poolings)
    _check_range(places, size)
    _check_windows(places, size, poolings)
    out = zeros(size, values.dtype)
    out.flat[places.ravel()] = values.ravel()
    return out


def _poolings(
    pooled: tuple[int, ...], kernel_size: Sizes | None, stride: Sizes | None, padding: Sizes
) -> list[_Pooling]:
    """Return the pooling of each axis; none if it was not given."""
    axes = len(pooled)
    k = checks.sizes(1 if kernel_size is None else kernel_size, "kernel_size", axes, 1)
    s, p, _ = checks.steps(axes, k if stride is None else stride, padding, 1)
    if kernel_size is not None:
        for kernel, pad in zip(k, p, strict=True):
            check_pool_padding(kernel, pad)
        return [_Pooling(*axis) for axis in zip(pooled, k, s, p, strict=True)]
    if stride is not None or any(p):
        raise ValueError(
            f"stride={checks.shown(stride)} and padding={checks.shown(padding)} say nothing "
            "without the window. Use kernel_size too, or output_size alone."
        )
    return []


def _check_size(size: tuple[int, ...], poolings: list[_Pooling]) -> None:
    for n, pooling in zip(size, poolings, strict=False):
        if n in pooling.legal:
            continue
        sizes = _shown(pooling) if pooling.legal else "another pooling, since no size does"
        raise ValueError(
            f"output_size={n} does not pool to {pooling.pooled} with kernel_size="
            f"{pooling.kernel_size}, stride={pooling.stride}, padding={pooling.padding}. "
            f"Use the size before pooling: {sizes}."
        )


def _check_range(places: NDArray[np.intp], size: tuple[int, ...]) -> None:
    outside = places[(places < 0) | (places >= math.prod(size))]
    if outside.size:
        raise ValueError(
            f"indices hold {outside[0]}, but output_size={size} has no such pixel. "
            "Use the size before pooling, and indices that max pooling returned."
        )


def _check_windows(
    places: NDArray[np.intp], size: tuple[int, ...], poolings: list[_Pooling]
) -> None:
    """A place in a picture of another width falls into another window sooner or later."""
    for axis, pooling in enumerate(poolings):
        place = np.moveaxis(np.unravel_index(places, size)[axis], axis, -1)
        tap = place - (pooling.stride * np.arange(pooling.pooled) - pooling.padding)
        if ((tap < 0) | (tap >= pooling.kernel_size)).any():
            raise ValueError(
                f"indices do not lie in their windows if output_size={size}: they were saved for "
                f"another size. Use the size before pooling: {' x '.join(map(_shown, poolings))}."
            )


def _shown(pooling: _Pooling) -> str:
    return f"{pooling.legal[0]} to {pooling.legal[-1]}"
