"""Transposed convolution of one channel, in 1-D and 2-D, in its two readings.

*Scatter* is the definition: every input number stamps the kernel, times itself, on the output,
and overlapping stamps add up. *Gather* gives the same numbers with an ordinary convolution: zeros
between the inputs, kernel flipped. Both compute in float64, or in float32 if neither input is
wider than that.

References
----------
Dumoulin and Visin, A guide to convolution arithmetic for deep learning, 2016, arXiv:1603.07285.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from segviz.ops import _checks as checks
from segviz.ops._arrays import every, input_and_kernel, padded, zeros
from segviz.ops._checks import Sizes
from segviz.ops.convolution import conv1d, conv2d
from segviz.ops.output_size import conv_transpose_output_size
from segviz.ops.upsampling import bed_of_nails


def conv_transpose1d(
    x: ArrayLike,
    kernel: ArrayLike,
    *,
    stride: Sizes = 1,
    padding: Sizes = 0,
    output_padding: Sizes = 0,
    dilation: Sizes = 1,
) -> NDArray[Any]:
    """Return the transposed convolution: x[i] adds kernel[j] x[i] to output[i s - p + j d].

    Args:
        x: real numbers of shape (n,).
        kernel: real numbers of shape (k,).
        stride: s, output pixels from one stamp of the kernel to the next.
        padding: p, pixels cropped from each side of the output.
        output_padding: a, pixels added at the end of the output only.
        dilation: d, output pixels from one tap to the next.

    Returns:
        Floats of shape (conv_transpose_output_size(n, k, ...),).

    Raises:
        TypeError, ValueError: not a real, finite, non-empty array; a size out of range.

    Example:
        >>> conv_transpose1d([1, 10], [1, 2, 3], stride=2)
        array([ 1.,  2., 13., 20., 30.])
        >>> conv_transpose1d([1, 10], [1, 2, 3], stride=2, padding=1, output_padding=1)
        array([ 2., 13., 20., 30.])
    """
    x, kernel = input_and_kernel(x, kernel, axes=1)
    [size] = conv_transpose_output_size(
        x.shape,
        kernel.shape,
        stride=stride,
        padding=padding,
        output_padding=output_padding,
        dilation=dilation,
    )
    [s], [p], [d] = checks.steps(1, stride, padding, dilation)
    canvas = zeros((size + 2 * p,), x.dtype)
    span = d * (kernel.size - 1) + 1
    for i, value in enumerate(x):
        canvas[i * s : i * s + span : d] += value * kernel
    return canvas[p : p + size]


def conv_transpose2d(
    x: ArrayLike,
    kernel: ArrayLike,
    *,
    stride: Sizes = 1,
    padding: Sizes = 0,
    output_padding: Sizes = 0,
    dilation: Sizes = 1,
) -> NDArray[Any]:
    """Return the transposed convolution of a picture: every pixel stamps the kernel.

    Args:
        x: real numbers of shape (H, W).
        kernel: real numbers of shape (kh, kw).
        stride, padding, output_padding, dilation: as in ``conv_transpose1d``, one number or
            (rows, columns).

    Returns:
        Floats of shape conv_transpose_output_size((H, W), (kh, kw), ...).

    Raises:
        TypeError, ValueError: not a real, finite, non-empty array; a size out of range.

    Example:
        >>> conv_transpose2d([[1, 2]], [[1, 1], [1, 1]])
        array([[1., 3., 2.],
               [1., 3., 2.]])
    """
    x, kernel = input_and_kernel(x, kernel, axes=2)
    height, width = conv_transpose_output_size(
        x.shape,
        kernel.shape,
        stride=stride,
        padding=padding,
        output_padding=output_padding,
        dilation=dilation,
    )
    s, p, d = checks.steps(2, stride, padding, dilation)
    canvas = zeros((height + 2 * p[0], width + 2 * p[1]), x.dtype)
    # The stamps of all pixels at once, tap by tap: a picture has more pixels than a kernel taps.
    for row, column in np.ndindex(kernel.shape):
        rows = every(s[0], row * d[0], x.shape[0])
        columns = every(s[1], column * d[1], x.shape[1])
        canvas[rows, columns] += kernel[row, column] * x
    return canvas[p[0] : p[0] + height, p[1] : p[1] + width]


def conv_transpose_as_conv(
    x: ArrayLike,
    kernel: ArrayLike,
    *,
    stride: Sizes = 1,
    padding: Sizes = 0,
    output_padding: Sizes = 0,
    dilation: Sizes = 1,
) -> NDArray[Any]:
    """Return the transposed convolution by gathering: zeros between inputs, flipped kernel.

    Args:
        x: real numbers of shape (n,) or (H, W).
        kernel: real numbers of shape (k,) or (kh, kw).
        stride, padding, output_padding, dilation: as in ``conv_transpose1d``.

    Returns:
        The same numbers as ``conv_transpose1d`` or ``conv_transpose2d``, up to rounding.

    Raises:
        TypeError, ValueError: not a real, finite, non-empty array; a size out of range.

    Example:
        >>> conv_transpose_as_conv([1, 10], [1, 2, 3], stride=2)
        array([ 1.,  2., 13., 20., 30.])
    """
    axes = checks.real_array(x, "x", 1, 2).ndim
    x, kernel = input_and_kernel(x, kernel, axes)
    size = conv_transpose_output_size(
        x.shape,
        kernel.shape,
        stride=stride,
        padding=padding,
        output_padding=output_padding,
        dilation=dilation,
    )
    s, p, d = checks.steps(axes, stride, padding, dilation)
    a = checks.sizes(output_padding, "output_padding", axes, 0)
    nails = bed_of_nails(
        x, s, output_size=tuple((n - 1) * step + 1 for n, step in zip(x.shape, s, strict=True))
    )
    # All the way round, so that each tap meets each nail; the padding is cropped from the result.
    reach = [step * (k - 1) for k, step in zip(kernel.shape, d, strict=True)]
    full = padded(nails, [(r, r + extra) for r, extra in zip(reach, a, strict=True)])
    conv = conv1d if axes == 1 else conv2d
    output = conv(full, np.flip(kernel), dilation=d)
    return output[tuple(slice(crop, crop + m) for crop, m in zip(p, size, strict=True))]
