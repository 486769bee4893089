"""Pooling: one number for each window, its maximum (and where that stood) or its average.

A window is pooled one axis after the other: the maximum of the rows' maxima is the maximum of the
window, and likewise for sums.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from segviz.ops import _checks as checks
from segviz.ops._arrays import Window
from segviz.ops._checks import Sizes
from segviz.ops.output_size import pool_output_size


def max_pool1d(
    x: ArrayLike,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    ceil_mode: bool = False,
    *,
    padding: Sizes = 0,
    dilation: Sizes = 1,
) -> tuple[NDArray[Any], NDArray[np.intp]]:
    """Return the maximum of each window and the position in ``x`` where it stood.

    Args:
        x: real numbers of shape (n,).
        kernel_size: k, pixels of the window.
        stride: s, pixels from one window to the next; the window's size if left out.
        ceil_mode: keep a last window that juts out over the end.
        padding: p, pixels on each side that never win; at most half of the window.
        dilation: d, pixels from one pixel of the window to the next.

    Returns:
        Values, same dtype as ``x``, and indices (int64), both of shape
        (pool_output_size(n, k, ...),). At a tie the first maximum wins.

    Raises:
        TypeError, ValueError: not a real, finite, non-empty array; a size out of range.

    Example:
        >>> max_pool1d([1, 5, 2, 2, 9], 2, ceil_mode=True)
        (array([5, 2, 9]), array([1, 2, 4]))
    """
    x = checks.real_array(x, "x", 1)
    windows = _windows(x.shape, kernel_size, stride, ceil_mode, padding, dilation)
    return _max_pool(x, windows)


def max_pool2d(
    x: ArrayLike,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    ceil_mode: bool = False,
    *,
    padding: Sizes = 0,
    dilation: Sizes = 1,
) -> tuple[NDArray[Any], NDArray[np.intp]]:
    """Return the maximum of each window of a picture and its position, row * W + column.

    Args:
        x: real numbers of shape (H, W).
        kernel_size, stride, ceil_mode, padding, dilation: as in ``max_pool1d``, one number or
            (rows, columns).

    Returns:
        Values, same dtype as ``x``, and indices (int64), both of shape
        pool_output_size((H, W), kernel_size, ...). At a tie the first in row-major order wins.

    Raises:
        TypeError, ValueError: not a real, finite, non-empty array; a size out of range.

    Example:
        >>> values, indices = max_pool2d(
        ...     [[1, 3, 2, 0], [4, 2, 2, 5], [0, 1, 7, 7], [1, 0, 7, 7]], 2)
        >>> values
        array([[4, 5],
               [1, 7]])
        >>> indices
        array([[ 4,  7],
               [ 9, 10]])
    """
    x = checks.real_array(x, "x", 2)
    windows = _windows(x.shape, kernel_size, stride, ceil_mode, padding, dilation)
    return _max_pool(x, windows)


def avg_pool1d(
    x: ArrayLike,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    ceil_mode: bool = False,
    *,
    padding: Sizes = 0,
    count_include_pad: bool = True,
) -> NDArray[Any]:
    """Return the average of each window.

    Args:
        x: real numbers of shape (n,).
        kernel_size, stride, ceil_mode, padding: as in ``max_pool1d``.
        count_include_pad: divide by the zeros of the padding too (torch's default). What ceil_mode
            lets jut out beyond the padding never counts.

    Returns:
        Floats (float32 if ``x`` is, else float64) of shape (pool_output_size(n, k, ...),).

    Raises:
        TypeError, ValueError: not a real, finite, non-empty array; a size out of range.

    Example:
        >>> avg_pool1d([1, 5, 2, 2, 9], 2, ceil_mode=True)
        array([3., 2., 9.])
    """
    x = checks.real_array(x, "x", 1)
    windows = _windows(x.shape, kernel_size, stride, ceil_mode, padding)
    return _avg_pool(x, windows, count_include_pad)


def avg_pool2d(
    x: ArrayLike,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    ceil_mode: bool = False,
    *,
    padding: Sizes = 0,
    count_include_pad: bool = True,
) -> NDArray[Any]:
    """Return the average of each window of a picture.

    Args:
        x: real numbers of shape (H, W).
        kernel_size, stride, ceil_mode, padding, count_include_pad: as in ``avg_pool1d``, one
            number or (rows, columns).

    Returns:
        Floats (float32 if ``x`` is, else float64) of shape
        pool_output_size((H, W), kernel_size, ...).

    Raises:
        TypeError, ValueError: not a real, finite, non-empty array; a size out of range.

    Example:
        >>> avg_pool2d([[1, 3, 2, 0], [4, 2, 2, 5]], 2)
        array([[2.5 , 2.25]])
    """
    x = checks.real_array(x, "x", 2)
    windows = _windows(x.shape, kernel_size, stride, ceil_mode, padding)
    return _avg_pool(x, windows, count_include_pad)


def _windows(
    shape: tuple[int, ...],
    kernel_size: Sizes,
    stride: Sizes | None,
    ceil_mode: bool,
    padding: Sizes,
    dilation: Sizes = 1,
) -> list[Window]:
    options = {"padding": padding, "dilation": dilation}
    size = pool_output_size(shape, kernel_size, stride, ceil_mode, **options)
    k = checks.sizes(kernel_size, "kernel_size", len(shape), 1)
    s, p, d = checks.steps(len(shape), k if stride is None else stride, padding, dilation)
    return [Window(*axis) for axis in zip(shape, size, k, s, p, d, strict=True)]


def _max_pool(x: NDArray[Any], windows: list[Window]) -> tuple[NDArray[Any], NDArray[np.intp]]:
    values, indices = x, np.arange(x.size).reshape(x.shape)
    # Columns before rows: each row offers its first maximum, and the first such row wins.
    for axis in reversed(range(x.ndim)):
        values, indices = _max_along(axis, windows[axis], values, indices)
    if (indices < 0).any():
        raise ValueError(
            f"dilation={windows[0].dilation} with padding={windows[0].padding} leaves a window "
            "that sees padding alone. Use a smaller dilation or padding=0."
        )
    return values, indices


def _max_along(
    axis: int, window: Window, x: NDArray[Any], positions: NDArray[np.intp]
) -> tuple[NDArray[Any], NDArray[np.intp]]:
    x, positions = window.surrounded(x, axis), window.surrounded(positions, axis, fill=-1)
    values, indices = window.seen_by(0, x, axis), window.seen_by(0, positions, axis)
    for tap in range(1, window.taps):
        value, index = window.seen_by(tap, x, axis), window.seen_by(tap, positions, axis)
        # Strictly greater, so that a tie stays with the first; position -1 is padding.
        wins = (index >= 0) & ((value > values) | (indices < 0))
        values, indices = np.where(wins, value, values), np.where(wins, index, indices)
    return values, indices


def _avg_pool(x: NDArray[Any], windows: list[Window], count_include_pad: bool) -> NDArray[Any]:
    count_include_pad = checks.flag(count_include_pad, "count_include_pad")
    [out] = checks.computed(x=x)
    for axis, window in enumerate(windows):
        extended = window.surrounded(out, axis)
        total: Any = sum(window.seen_by(tap, extended, axis) for tap in range(window.taps))
        count = _counted(window, count_include_pad).astype(out.dtype)
        out = total / count.reshape(-1, *[1] * (out.ndim - axis - 1))
    return out


def _counted(window: Window, count_include_pad: bool) -> NDArray[np.int64]:
    first = window.stride * np.arange(window.size) - window.padding
    margin = window.padding if count_include_pad else 0
    end = np.minimum(first + window.kernel_size, window.input_size + margin)
    return end - np.maximum(first, -margin)
