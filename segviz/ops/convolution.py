"""Convolution of one channel, in 1-D and 2-D, and which input each tap of the kernel reads.

"Convolution" is cross-correlation, as in torch: the kernel is not flipped. It is computed in
float64, or in float32 if neither input is wider than that.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from segviz.ops import _checks as checks
from segviz.ops._arrays import every, input_and_kernel, padded
from segviz.ops._checks import Sizes
from segviz.ops.output_size import conv_output_size


def conv1d(
    x: ArrayLike,
    kernel: ArrayLike,
    *,
    stride: Sizes = 1,
    padding: Sizes = 0,
    dilation: Sizes = 1,
) -> NDArray[Any]:
    """Return the convolution, output[i] = sum over j of kernel[j] x[i s - p + j d].

    Args:
        x: real numbers of shape (n,).
        kernel: real numbers of shape (k,).
        stride: s, input pixels from one output to the next.
        padding: p, zeros added on each side.
        dilation: d, input pixels from one tap to the next.

    Returns:
        Floats of shape (conv_output_size(n, k, ...),).

    Raises:
        TypeError, ValueError: not a real, finite, non-empty array; a size out of range.

    Example:
        >>> conv1d([1, 2, 4, 8], [-1, 0, 1])
        array([3., 6.])
        >>> conv1d([1, 2, 4, 8], [-1, 0, 1], stride=2, padding=1)
        array([2., 6.])
    """
    x, kernel = input_and_kernel(x, kernel, axes=1)
    options = {"stride": stride, "padding": padding, "dilation": dilation}
    [size] = conv_output_size(x.shape, kernel.shape, **options)
    [s], [p], [d] = checks.steps(1, **options)
    extended = padded(x, [(p, p)])
    output = np.zeros(size, x.dtype)
    for tap, weight in enumerate(kernel):
        output += weight * extended[every(s, tap * d, size)]
    return output


def conv2d(
    x: ArrayLike,
    kernel: ArrayLike,
    *,
    stride: Sizes = 1,
    padding: Sizes = 0,
    dilation: Sizes = 1,
) -> NDArray[Any]:
    """Return the convolution of a picture: ``conv1d`` with a sum over both axes of the kernel.

    Args:
        x: real numbers of shape (H, W).
        kernel: real numbers of shape (kh, kw).
        stride, padding, dilation: as in ``conv1d``, one number or (rows, columns).

    Returns:
        Floats of shape conv_output_size((H, W), (kh, kw), ...).

    Raises:
        TypeError, ValueError: not a real, finite, non-empty array; a size out of range.

    Example:
        >>> conv2d([[1, 2, 3], [4, 5, 6]], [[1, 0], [0, -1]])
        array([[-4., -4.]])
    """
    x, kernel = input_and_kernel(x, kernel, axes=2)
    options = {"stride": stride, "padding": padding, "dilation": dilation}
    height, width = conv_output_size(x.shape, kernel.shape, **options)
    s, p, d = checks.steps(2, **options)
    extended = padded(x, [(p[0], p[0]), (p[1], p[1])])
    output = np.zeros((height, width), x.dtype)
    for row, column in np.ndindex(kernel.shape):
        rows, columns = every(s[0], row * d[0], height), every(s[1], column * d[1], width)
        output += kernel[row, column] * extended[rows, columns]
    return output


def convolution_indices(
    input_size: int,
    kernel_size: int,
    *,
    stride: Sizes = 1,
    padding: Sizes = 0,
    dilation: Sizes = 1,
) -> NDArray[np.int64]:
    """Return which input each tap reads at each step of a 1-D convolution.

    Row i lists the inputs i s - p + j d that output i is made of, so it also lists where input i
    of the transposed convolution stamps an output of ``input_size`` pixels. Along each axis of a
    picture the same holds.

    Args:
        input_size: n, pixels of the input.
        kernel_size: k, taps of the kernel.
        stride, padding, dilation: as in ``conv1d``.

    Returns:
        int64 array of shape (conv_output_size(n, k, ...), k); -1 where a tap reads the padding.

    Raises:
        TypeError, ValueError: as in ``conv_output_size``.

    Example:
        >>> convolution_indices(5, 3, stride=2, padding=1)
        array([[-1,  0,  1],
               [ 1,  2,  3],
               [ 3,  4, -1]])
    """
    n = checks.whole_number(input_size, "input_size", 1)
    k = checks.whole_number(kernel_size, "kernel_size", 1)
    [s], [p], [d] = checks.steps(1, stride, padding, dilation)
    size = conv_output_size(n, k, stride=s, padding=p, dilation=d)
    checks.affordable((size, k), "the index array")
    inputs = s * np.arange(size)[:, None] - p + d * np.arange(k)
    return np.where((inputs >= 0) & (inputs < n), inputs, -1)
