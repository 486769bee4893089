import numpy as np
import pytest
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from ops_strategies import CLOSE, RELAXED, Case, batch, conv_cases, normal

from segviz.ops import conv1d, conv2d, convolution_indices


@RELAXED
@given(conv_cases(1))
def test_conv1d_is_that_of_torch(case: Case):
    theirs = F.conv1d(batch(case.x), batch(case.kernel), **case.options)[0, 0].numpy()
    np.testing.assert_allclose(conv1d(case.x, case.kernel, **case.options), theirs, **CLOSE)


@RELAXED
@given(conv_cases(2))
def test_conv2d_is_that_of_torch(case: Case):
    theirs = F.conv2d(batch(case.x), batch(case.kernel), **case.options)[0, 0].numpy()
    np.testing.assert_allclose(conv2d(case.x, case.kernel, **case.options), theirs, **CLOSE)


def test_by_hand_the_kernel_is_not_flipped():
    np.testing.assert_array_equal(conv1d([1, 2, 4], [10, 1]), [12, 24])


def test_by_hand_padding_stands_on_both_sides():
    np.testing.assert_array_equal(conv1d([1, 2], [100, 10, 1], padding=1), [12, 120])


def test_by_hand_stride_moves_the_window_and_dilation_spreads_the_taps():
    x = [1, 2, 4, 8, 16]
    np.testing.assert_array_equal(conv1d(x, [10, 1], stride=3), [12, 96])
    np.testing.assert_array_equal(conv1d(x, [10, 1], dilation=3), [18, 36])


def test_by_hand_rows_come_before_columns():
    x = np.arange(12).reshape(3, 4)
    np.testing.assert_array_equal(conv2d(x, [[1, 10]]), x[:, :-1] + 10 * x[:, 1:])
    np.testing.assert_array_equal(conv2d(x, [[1]], stride=(2, 3)), x[::2, ::3])
    assert conv2d(x, [[1]], padding=(1, 0)).shape == (5, 4)
    np.testing.assert_array_equal(conv2d(x, [[1], [10]], dilation=(2, 1)), x[:1] + 10 * x[2:])


@pytest.mark.parametrize(
    ("x", "kernel", "result"),
    [
        (np.float32, np.float32, np.float32),
        (np.float16, np.float32, np.float32),
        (np.float32, np.float64, np.float64),
        (np.uint8, np.int64, np.float64),
    ],
)
def test_dtype_of_the_result(x, kernel, result):
    assert conv1d(np.ones(4, x), np.ones(3, kernel)).dtype == result
    assert conv2d(np.ones((4, 4), x), np.ones((3, 3), kernel)).dtype == result


def test_small_integers_do_not_wrap_round():
    np.testing.assert_array_equal(conv1d(np.full(3, 200, np.uint8), [1, 1, 1]), [600])


def test_the_input_is_left_as_it_was():
    x, kernel = normal(0, 6, 6), normal(1, 3, 3)
    before = x.copy(), kernel.copy()
    conv2d(x, kernel)[...] = 0
    np.testing.assert_array_equal(x, before[0])
    np.testing.assert_array_equal(kernel, before[1])


@RELAXED
@given(conv_cases(1))
def test_indices_are_what_each_tap_reads(case: Case):
    indices = convolution_indices(case.x.size, case.kernel.size, **case.options)
    read = np.where(indices < 0, 0, case.x[indices])
    np.testing.assert_allclose(
        read @ case.kernel, conv1d(case.x, case.kernel, **case.options), **CLOSE
    )


@RELAXED
@given(st.integers(1, 12), st.integers(1, 4), st.integers(0, 4), st.integers(1, 3))
def test_indices_grow_along_the_kernel_and_stay_inside(n, k, p, d):
    if n + 2 * p < d * (k - 1) + 1:
        return
    indices = convolution_indices(n, k, padding=p, dilation=d)
    assert indices.dtype == np.int64
    assert indices.min() >= -1
    assert indices.max() < n
    for row in indices:
        inside = row[row >= 0]
        assert (np.diff(inside) == d).all()
