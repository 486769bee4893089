"""Convolution as a matrix: ``matrix @ x`` convolves, ``matrix.T @ y`` convolves transposed.

Each row holds the kernel, moved on by the stride; zeros everywhere else. A 2-D picture is read
row by row into one long vector, and its matrix is so empty that it is kept sparse.

References
----------
Dumoulin and Visin, A guide to convolution arithmetic for deep learning, 2016, arXiv:1603.07285,
section 4.1.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from segviz.ops import _checks as checks
from segviz.ops._checks import Sizes
from segviz.ops.convolution import convolution_indices

if TYPE_CHECKING:
    from scipy.sparse import csr_array

LARGEST_DENSE_INPUT = 64 * 64


def convolution_matrix_1d(
    kernel: ArrayLike,
    input_size: int,
    *,
    stride: Sizes = 1,
    padding: Sizes = 0,
    dilation: Sizes = 1,
) -> NDArray[Any]:
    """Return the matrix of a 1-D convolution, so that ``matrix @ x == conv1d(x, kernel, ...)``.

    Args:
        kernel: real numbers of shape (k,).
        input_size: n, pixels of the input.
        stride, padding, dilation: as in ``conv1d``.

    Returns:
        Floats (float32 if ``kernel`` is, else float64) of shape (output, input).

    Raises:
        TypeError, ValueError: wrong kernel or size, or a matrix of more than 1 GiB.

    Example:
        >>> convolution_matrix_1d([1, 2, 3], 5, stride=2)
        array([[1., 2., 3., 0., 0.],
               [0., 0., 1., 2., 3.]])
    """
    [kernel] = checks.computed(kernel=checks.real_array(kernel, "kernel", 1))
    n = checks.whole_number(input_size, "input_size", 1)
    options = {"stride": stride, "padding": padding, "dilation": dilation}
    indices = convolution_indices(n, kernel.size, **options)
    checks.affordable((len(indices), n), "the matrix")
    matrix = np.zeros((len(indices), n), kernel.dtype)
    for row, inputs in zip(matrix, indices, strict=True):
        inside = inputs >= 0
        row[inputs[inside]] = kernel[inside]
    return matrix


@overload
def convolution_matrix_2d(
    kernel: ArrayLike,
    input_size: Sizes,
    *,
    stride: Sizes = ...,
    padding: Sizes = ...,
    dilation: Sizes = ...,
    dense: Literal[False] = ...,
) -> csr_array: ...
@overload
def convolution_matrix_2d(
    kernel: ArrayLike,
    input_size: Sizes,
    *,
    stride: Sizes = ...,
    padding: Sizes = ...,
    dilation: Sizes = ...,
    dense: Literal[True],
) -> NDArray[Any]: ...
def convolution_matrix_2d(
    kernel: ArrayLike,
    input_size: Sizes,
    *,
    stride: Sizes = 1,
    padding: Sizes = 0,
    dilation: Sizes = 1,
    dense: bool = False,
) -> csr_array | NDArray[Any]:
    """Return the matrix of a 2-D convolution: ``matrix @ x.ravel() == conv2d(x, ...).ravel()``.

    Args:
        kernel: real numbers of shape (kh, kw).
        input_size: (H, W), or one number for a square.
        stride, padding, dilation: as in ``conv2d``.
        dense: return a plain array, zeros and all; up to 64 x 64 pixels of input.

    Returns:
        scipy ``csr_array`` of floats (float32 if ``kernel`` is, else float64) of shape
        (output pixels, H * W). It stores every tap that meets the input, in order, even a zero.

    Raises:
        TypeError, ValueError: wrong kernel or size, or a matrix that is too large.

    Example:
        >>> convolution_matrix_2d([[1, 2], [3, 4]], (2, 3)).toarray()
        array([[1., 2., 0., 3., 4., 0.],
               [0., 1., 2., 0., 3., 4.]])
    """
    [kernel] = checks.computed(kernel=checks.real_array(kernel, "kernel", 2))
    size = checks.sizes(input_size, "input_size", 2, 1)
    steps = checks.steps(2, stride, padding, dilation)
    rows, columns = (
        convolution_indices(n, k, stride=s, padding=p, dilation=d)
        for n, k, s, p, d in zip(size, kernel.shape, *steps, strict=True)
    )
    if checks.flag(dense, "dense"):
        _check_dense(size, len(rows) * len(columns), kernel.dtype)
    matrix = _compressed_rows(kernel, rows, columns, size)
    return matrix.toarray() if dense else matrix


def _check_dense(size: tuple[int, ...], outputs: int, dtype: np.dtype[Any]) -> None:
    inputs = size[0] * size[1]
    if inputs > LARGEST_DENSE_INPUT:
        memory = checks.gibibytes((outputs, inputs), dtype.itemsize)
        raise ValueError(
            f"dense=True at input_size={size} would take {memory:.3g} GiB, nearly all of it zeros; "
            "it stops at 64 x 64 pixels. Use the sparse matrix (dense=False)."
        )
    checks.affordable((outputs, inputs), "the matrix")


def _compressed_rows(
    kernel: NDArray[Any], rows: NDArray[Any], columns: NDArray[Any], size: tuple[int, ...]
) -> csr_array:
    """Write the three arrays of a CSR matrix: an entry for each output and each tap inside."""
    from scipy.sparse import csr_array  # here, so that the rest of ops does not pay for it

    shape = (len(rows), len(columns), *kernel.shape)
    checks.affordable(shape, "the sparse matrix")
    number = np.int32 if math.prod(size) <= checks.LARGEST_SIZE else np.int64
    rows, columns = rows.astype(number), columns.astype(number)
    pixels = (rows * number(size[1]))[:, None, :, None] + columns[:, None, :]
    weights = np.broadcast_to(kernel, shape)
    if rows.min() >= 0 and columns.min() >= 0:
        pixels, weights = pixels.ravel(), weights.ravel()
    else:
        inside = (rows >= 0)[:, None, :, None] & (columns >= 0)[:, None, :]
        pixels, weights = pixels[inside], weights[inside]
    entries = np.outer((rows >= 0).sum(axis=1), (columns >= 0).sum(axis=1))
    ends = np.concatenate([[0], np.cumsum(entries)]).astype(number)
    return csr_array((weights, pixels, ends), shape=(entries.size, math.prod(size)))
