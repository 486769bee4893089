"""Making a map larger: repeat, interpolate, put zeros between, or put maxima back in their place.

Functions that only move numbers keep the dtype; interpolation computes in float64, or in float32
if the input is float32.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from segviz.ops import _checks as checks
from segviz.ops._arrays import zeros
from segviz.ops._checks import Sizes


def upsample_nearest(
    x: ArrayLike, scale_factor: Sizes | None = None, *, output_size: Sizes | None = None
) -> NDArray[Any]:
    """Return ``x`` enlarged by repeating each number: output i shows input floor(i n / m).

    Args:
        x: real numbers of shape (n,) or (H, W).
        scale_factor: whole number, for all axes or one per axis; or else
        output_size: m, pixels of the output along each axis.

    Returns:
        Array of the new size, same dtype as ``x``.

    Raises:
        TypeError, ValueError: wrong array or size, or not exactly one of the two sizes.

    Example:
        >>> upsample_nearest([[1, 2], [3, 4]], (1, 2))
        array([[1, 1, 2, 2],
               [3, 3, 4, 4]])
        >>> upsample_nearest([7, 8, 9], output_size=5)
        array([7, 7, 8, 8, 9])
    """
    x = checks.real_array(x, "x", 1, 2)
    size = _target_size(x.shape, scale_factor, output_size)
    sources = [np.arange(m) * n // m for n, m in zip(x.shape, size, strict=True)]
    return x[np.ix_(*sources)]


def upsample_bilinear(
    x: ArrayLike,
    scale_factor: Sizes | None = None,
    *,
    output_size: Sizes | None = None,
    align_corners: bool = False,
) -> NDArray[Any]:
    """Return ``x`` enlarged by linear interpolation along each axis.

    Args:
        x: real numbers of shape (n,) or (H, W).
        scale_factor: whole number, for all axes or one per axis; or else
        output_size: m, pixels of the output along each axis.
        align_corners: what stays fixed. False: the borders of the first and last pixel, so that
            output i samples (i + 1/2) n / m - 1/2; True: their centres, i (n - 1) / (m - 1).

    Returns:
        Array of floats of the new size. Beyond the outermost centres the edge value is repeated.

    Raises:
        TypeError, ValueError: wrong array or size, or not exactly one of the two sizes.

    Example:
        >>> upsample_bilinear([0, 4], 2)
        array([0., 1., 3., 4.])
        >>> upsample_bilinear([0, 3], 2, align_corners=True)
        array([0., 1., 2., 3.])
    """
    align_corners = checks.flag(align_corners, "align_corners")
    [out] = checks.computed(x=checks.real_array(x, "x", 1, 2))
    size = _target_size(out.shape, scale_factor, output_size)
    for axis, m in enumerate(size):
        out = _interpolate(out, axis, _source_positions(out.shape[axis], m, align_corners))
    return out


def _source_positions(n: int, m: int, align_corners: bool) -> NDArray[np.float64]:
    i = np.arange(m)
    if align_corners:
        return i * (n - 1) / max(m - 1, 1)
    return np.clip((i + 0.5) * n / m - 0.5, 0, n - 1)


def _interpolate(x: NDArray[Any], axis: int, positions: NDArray[np.float64]) -> NDArray[Any]:
    x = np.moveaxis(x, axis, -1)
    low = positions.astype(np.intp)
    high = np.minimum(low + 1, x.shape[-1] - 1)
    weight = (positions - low).astype(x.dtype)
    return np.moveaxis((1 - weight) * x[..., low] + weight * x[..., high], -1, axis)


def bed_of_nails(
    x: ArrayLike, scale_factor: Sizes, *, output_size: Sizes | None = None
) -> NDArray[Any]:
    """Return ``x`` with zeros between its numbers: input i stands at output i times scale_factor.

    Args:
        x: real numbers of shape (n,) or (H, W).
        scale_factor: s, whole number, for all axes or one per axis.
        output_size: (n - 1)s + 1 to n s pixels along each axis; n s if left out.

    Returns:
        Array of the new size, same dtype as ``x``.

    Raises:
        TypeError, ValueError: wrong array or size, or an output that n nails do not fill.

    Example:
        >>> bed_of_nails([5, 7], 3)
        array([5, 0, 0, 7, 0, 0])
        >>> bed_of_nails([5, 7], 3, output_size=4)
        array([5, 0, 0, 7])
    """
    x = checks.real_array(x, "x", 1, 2)
    s = checks.sizes(scale_factor, "scale_factor", x.ndim, 1)
    largest = tuple(n * step for n, step in zip(x.shape, s, strict=True))
    size = largest if output_size is None else checks.sizes(output_size, "output_size", x.ndim, 1)
    for n, step, m in zip(x.shape, s, size, strict=True):
        if not (n - 1) * step < m <= n * step:
            raise ValueError(
                f"output_size={m} does not fit {n} nails that stand scale_factor={step} apart. "
                f"Use {(n - 1) * step + 1} to {n * step}."
            )
    out = zeros(size, x.dtype)
    out[tuple(slice(None, None, step) for step in s)] = x
    return out


def bilinear_kernel(kernel_size: Sizes) -> NDArray[np.float64]:
    """Return the kernel with which a transposed convolution interpolates linearly.

    Weight i is 1 - |i - c| / f with f = (k + 1) // 2 and c in the middle. With k = 2f - f % 2, a
    stride of f and a padding of (k - f) // 2 the transposed convolution equals
    ``upsample_bilinear(x, f)`` except for the outer f // 2 pixels, where zeros come in from
    outside. An FCN starts from these weights (Long, Shelhamer and Darrell, CVPR 2015).

    Args:
        kernel_size: k for a kernel of shape (k,); a tuple (kh, kw) for their outer product.

    Returns:
        float64 array.

    Raises:
        TypeError, ValueError: ``kernel_size`` is not one or two whole numbers of at least 1.

    Example:
        >>> bilinear_kernel(4)
        array([0.25, 0.75, 0.75, 0.25])
        >>> bilinear_kernel((3, 2))
        array([[0.25, 0.25],
               [0.5 , 0.5 ],
               [0.25, 0.25]])
    """
    if not isinstance(kernel_size, (tuple, list)):
        k = checks.whole_number(kernel_size, "kernel_size", 1)
        checks.affordable((k,), "the kernel")
        centre = (k - 1) / 2
        return 1 - np.abs(np.arange(k) - centre) / ((k + 1) // 2)
    rows, columns = checks.sizes(kernel_size, "kernel_size", 2, 1)
    checks.affordable((rows, columns), "the kernel")
    return np.outer(bilinear_kernel(rows), bilinear_kernel(columns))


def _target_size(
    shape: tuple[int, ...], scale_factor: Sizes | None, output_size: Sizes | None
) -> tuple[int, ...]:
    if (scale_factor is None) == (output_size is None):
        raise ValueError(
            f"scale_factor={checks.shown(scale_factor)} and output_size={checks.shown(output_size)}"
            ": exactly one must say how large the output is. Leave the other out."
        )
    if output_size is not None:
        size = checks.sizes(output_size, "output_size", len(shape), 1)
    else:
        factors = checks.sizes(scale_factor, "scale_factor", len(shape), 1)
        size = tuple(n * factor for n, factor in zip(shape, factors, strict=True))
    checks.affordable(size, "the output")
    return size
