import numpy as np
import pytest
from hypothesis import given
from ops_strategies import CLOSE, RELAXED, Case, conv_cases, conv_transpose_cases, normal

from segviz.ops import (
    conv1d,
    conv2d,
    conv_transpose1d,
    conv_transpose2d,
    convolution_matrix_1d,
    convolution_matrix_2d,
)


def steps_of(case: Case) -> dict:
    return {name: case.options[name] for name in ("stride", "padding", "dilation")}


@RELAXED
@given(conv_cases(1))
def test_the_1d_matrix_convolves(case: Case):
    matrix = convolution_matrix_1d(case.kernel, case.x.size, **case.options)
    np.testing.assert_allclose(
        matrix @ case.x, conv1d(case.x, case.kernel, **case.options), **CLOSE
    )


@RELAXED
@given(conv_cases(2))
def test_the_2d_matrix_convolves(case: Case):
    matrix = convolution_matrix_2d(case.kernel, case.x.shape, **case.options)
    expected = conv2d(case.x, case.kernel, **case.options)
    np.testing.assert_allclose(matrix @ case.x.ravel(), expected.ravel(), **CLOSE)
    dense = convolution_matrix_2d(case.kernel, case.x.shape, dense=True, **case.options)
    np.testing.assert_array_equal(dense, matrix.toarray())


@RELAXED
@given(conv_transpose_cases(1))
def test_the_transposed_1d_matrix_convolves_transposed(case: Case):
    out = conv_transpose1d(case.x, case.kernel, **case.options)
    matrix = convolution_matrix_1d(case.kernel, out.size, **steps_of(case))[: case.x.size]
    np.testing.assert_allclose(matrix.T @ case.x, out, **CLOSE)


@RELAXED
@given(conv_transpose_cases(2))
def test_the_transposed_2d_matrix_convolves_transposed(case: Case):
    out = conv_transpose2d(case.x, case.kernel, **case.options)
    matrix = convolution_matrix_2d(case.kernel, out.shape, **steps_of(case))
    # An output padding of a whole stride or more (legal if dilated) lets the convolution back
    # see more than the input had.
    seen = conv2d(np.zeros(out.shape), case.kernel, **steps_of(case))
    seen[: case.x.shape[0], : case.x.shape[1]] = case.x
    np.testing.assert_allclose(matrix.T @ seen.ravel(), out.ravel(), **CLOSE)


def test_by_hand_stride_2():
    np.testing.assert_array_equal(
        convolution_matrix_1d([1, 2, 3], 5, stride=2),
        [[1, 2, 3, 0, 0], [0, 0, 1, 2, 3]],
    )


def test_by_hand_padding_cuts_the_kernel_and_dilation_spreads_it():
    np.testing.assert_array_equal(
        convolution_matrix_1d([1, 2, 3], 3, padding=1),
        [[2, 3, 0], [1, 2, 3], [0, 1, 2]],
    )
    np.testing.assert_array_equal(
        convolution_matrix_1d([1, 2], 4, dilation=2), [[1, 0, 2, 0], [0, 1, 0, 2]]
    )


@RELAXED
@given(conv_cases(2))
def test_the_sparse_matrix_is_in_canonical_form(case: Case):
    matrix = convolution_matrix_2d(case.kernel, case.x.shape, **case.options)
    matrix.check_format(full_check=True)
    assert matrix.format == "csr"
    assert matrix.has_sorted_indices
    assert matrix.has_canonical_format


def test_a_tap_of_zero_is_stored_too():
    assert convolution_matrix_2d([[0, 1]], (1, 3)).nnz == 4


def test_dtype_follows_the_kernel():
    kernel = np.ones((2, 2), np.float32)
    assert convolution_matrix_2d(kernel, 4).dtype == np.float32
    assert convolution_matrix_1d(kernel[0], 4).dtype == np.float32
    assert convolution_matrix_2d([[1]], 4).dtype == np.float64


def test_a_large_picture():
    x, kernel = normal(0, 256, 256), normal(1, 7, 7)
    matrix = convolution_matrix_2d(kernel, (256, 256))
    assert matrix.shape == (62500, 65536)
    assert matrix.nnz == 62500 * 49
    np.testing.assert_allclose(matrix @ x.ravel(), conv2d(x, kernel).ravel(), **CLOSE)


def test_dense_stops_at_64_by_64_and_says_what_it_would_take():
    dense = convolution_matrix_2d(np.ones((2, 2)), 64, dense=True)
    assert dense.shape == (63 * 63, 64 * 64)
    # 256 * 256 outputs and inputs, 8 bytes each: 2^35 bytes = 32 GiB; in float32 16 GiB.
    with pytest.raises(ValueError, match=r"would take 32 GiB.* Use the sparse matrix"):
        convolution_matrix_2d([[1.0]], 256, dense=True)
    with pytest.raises(ValueError, match="would take 16 GiB"):
        convolution_matrix_2d(np.ones((1, 1), np.float32), 256, dense=True)
    with pytest.raises(ValueError, match="GiB"):
        convolution_matrix_2d([[1.0]], (64, 65), dense=True)


def test_a_1d_matrix_that_is_too_large_is_refused():
    with pytest.raises(ValueError, match=r"the matrix of shape \(20000, 20000\) .* 2.98 GiB"):
        convolution_matrix_1d([1.0], 20000)
