"""Max-unpooling: every maximum goes back to the place where pooling found it.

The size before pooling must be kept: several sizes pool to the same one, and an index only names
a place in a picture of the right width.

References
----------
Badrinarayanan, Kendall and Cipolla, SegNet, PAMI 2017, section 3.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from segviz.ops import _checks as checks
from segviz.ops._arrays import zeros
from segviz.ops._checks import Sizes


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


def _max_unpool(
    values: NDArray[Any],
    indices: ArrayLike,
    output_size: Sizes | None,
    kernel_size: Sizes | None,
    stride: Sizes | None,
    padding: Sizes,
) -> NDArray[Any]:
    places = checks.index_array(indices, "indices", values.shape)
    pooling = None
    if kernel_size is not None:
        pooling = _pooling(values.shape, kernel_size, stride, padding)
        if output_size is None:
            output_size = tuple((m - 1) * s - 2 * p + k for m, k, s, p in pooling)
    elif output_size is None:
        raise ValueError(
            f"output_size is missing, and more than one size pools to {values.shape}. "
            "Use the shape of the array before pooling."
        )
    size = checks.sizes(output_size, "output_size", values.ndim, 1)
    out = zeros(size, values.dtype)
    if pooling is not None:
        _check_size(size, pooling)
    _check_range(places, size)
    if pooling is not None:
        _check_windows(places, size, pooling)
    out.flat[places.ravel()] = values.ravel()
    return out


def _pooling(
    pooled: tuple[int, ...], kernel_size: Sizes, stride: Sizes | None, padding: Sizes
) -> list[tuple[int, int, int, int]]:
    axes = len(pooled)
    k = checks.sizes(kernel_size, "kernel_size", axes, 1)
    s, p, _ = checks.steps(axes, k if stride is None else stride, padding, 1)
    return list(zip(pooled, k, s, p, strict=True))


def _legal(m: int, k: int, s: int, p: int) -> tuple[int, int]:
    """Return the smallest and the largest size that pool to m, in floor or in ceil mode."""
    exact = (m - 1) * s - 2 * p + k
    return max(exact - s + 1, (m - 1) * s - p + 1, 1), exact + s - 1


def _check_size(size: tuple[int, ...], pooling: list[tuple[int, int, int, int]]) -> None:
    for n, (m, k, s, p) in zip(size, pooling, strict=True):
        first, last = _legal(m, k, s, p)
        if not first <= n <= last:
            raise ValueError(
                f"output_size={n} does not pool to {m} with kernel_size={k}, stride={s}, "
                f"padding={p}. Use {first} to {last}: the size before pooling."
            )


def _check_range(places: NDArray[np.intp], size: tuple[int, ...]) -> None:
    outside = places[(places < 0) | (places >= np.prod(size, dtype=np.int64))]
    if outside.size:
        raise ValueError(
            f"indices hold {outside[0]}, but output_size={size} has no such pixel. "
            "Use the size before pooling, and indices that max pooling returned."
        )


def _check_windows(
    places: NDArray[np.intp], size: tuple[int, ...], pooling: list[tuple[int, int, int, int]]
) -> None:
    for axis, (m, k, s, p) in enumerate(pooling):
        place = np.moveaxis(np.unravel_index(places, size)[axis], axis, -1)
        tap = place - (s * np.arange(m) - p)
        if ((tap < 0) | (tap >= k)).any():
            ranges = " x ".join("{} to {}".format(*_legal(*axis)) for axis in pooling)
            raise ValueError(
                f"indices do not lie in their windows if output_size={size}: they were saved "
                f"for another size. Use the size before pooling, which is within {ranges}."
            )
