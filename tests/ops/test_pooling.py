import numpy as np
import pytest
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from ops_strategies import CLOSE, RELAXED, Case, batch, normal, per_axis, seeds, ties

from segviz.ops import avg_pool1d, avg_pool2d, max_pool1d, max_pool2d


@st.composite
def pool_cases(draw: st.DrawFn, axes: int) -> Case:
    k, s = draw(per_axis(axes, 1, 4)), draw(per_axis(axes, 1, 5))
    p = tuple(draw(st.integers(0, size // 2)) for size in k)
    smallest = [max(1, size - 2 * pad) for size, pad in zip(k, p, strict=True)]
    n = [draw(st.integers(first, 12)) for first in smallest]
    numbers = draw(st.sampled_from([normal, ties]))
    x = numbers(draw(seeds), *n).astype(np.float64)
    options = {"kernel_size": k, "stride": draw(st.sampled_from([None, s])), "padding": p}
    return Case(x, np.empty(0), {**options, "ceil_mode": draw(st.booleans())})


def assert_max_pool_is_that_of_torch(pool, torch_pool, case: Case):
    values, indices = pool(case.x, **case.options)
    theirs = torch_pool(batch(case.x), **case.options, return_indices=True)
    np.testing.assert_array_equal(values, theirs[0][0, 0])
    np.testing.assert_array_equal(indices, theirs[1][0, 0])
    assert indices.dtype == np.int64
    np.testing.assert_array_equal(case.x.ravel()[indices], values)


@RELAXED
@given(pool_cases(1))
def test_max_pool1d_is_that_of_torch(case: Case):
    assert_max_pool_is_that_of_torch(max_pool1d, F.max_pool1d, case)


@RELAXED
@given(pool_cases(2))
def test_max_pool2d_is_that_of_torch(case: Case):
    assert_max_pool_is_that_of_torch(max_pool2d, F.max_pool2d, case)


@RELAXED
@given(seeds, per_axis(2, 0, 8), per_axis(2, 1, 3), per_axis(2, 1, 3), st.integers(0, 1), st.data())
def test_dilated_max_pool2d_is_that_of_torch(seed, spare, s, d, p, data):
    # At least d pixels, or the three taps of a window could straddle the picture.
    n = [max(step, 2 * step + 1 - 2 * p) + more for step, more in zip(d, spare, strict=True)]
    options = {"kernel_size": 3, "stride": s, "padding": p, "dilation": d}
    options["ceil_mode"] = data.draw(st.booleans())
    case = Case(ties(seed, *n).astype(float), np.empty(0), options)
    assert_max_pool_is_that_of_torch(max_pool2d, F.max_pool2d, case)


@RELAXED
@given(pool_cases(1), st.booleans())
def test_avg_pool1d_is_that_of_torch(case: Case, count_include_pad: bool):
    options = {**case.options, "count_include_pad": count_include_pad}
    theirs = F.avg_pool1d(batch(case.x)[0], **options)[0].numpy()
    np.testing.assert_allclose(avg_pool1d(case.x, **options), theirs, **CLOSE)


@RELAXED
@given(pool_cases(2), st.booleans())
def test_avg_pool2d_is_that_of_torch(case: Case, count_include_pad: bool):
    options = {**case.options, "count_include_pad": count_include_pad}
    theirs = F.avg_pool2d(batch(case.x), **options)[0, 0].numpy()
    np.testing.assert_allclose(avg_pool2d(case.x, **options), theirs, **CLOSE)


def test_by_hand_max():
    x = [[1, 3, 2, 0], [4, 2, 2, 5], [0, 1, 7, 7], [1, 0, 7, 7]]
    values, indices = max_pool2d(x, 2)
    np.testing.assert_array_equal(values, [[4, 5], [1, 7]])
    np.testing.assert_array_equal(indices, [[4, 7], [9, 10]])


def test_by_hand_a_tie_goes_to_the_upper_row_and_then_to_the_left():
    assert max_pool2d([[0, 5], [5, 5]], 2)[1] == 1
    assert max_pool2d([[0, 0], [5, 5]], 2)[1] == 2
    assert max_pool1d([7, 7, 7], 3)[1] == 0


def test_by_hand_ceil_mode_keeps_the_last_window():
    np.testing.assert_array_equal(max_pool1d([1, 2, 3], 2)[0], [2])
    np.testing.assert_array_equal(max_pool1d([1, 2, 3], 2, ceil_mode=True)[0], [2, 3])
    # A third window would start in the padding behind the end and is dropped.
    assert max_pool1d([1, 2, 3], 2, ceil_mode=True, padding=1)[0].shape == (2,)


def test_by_hand_padding_never_wins():
    values, indices = max_pool1d([-3, -2], 2, padding=1)
    np.testing.assert_array_equal(values, [-3, -2])
    np.testing.assert_array_equal(indices, [0, 1])


def test_by_hand_averages_count_the_padding_or_not_but_never_what_juts_out():
    x = [2, 4, 6]
    np.testing.assert_array_equal(avg_pool1d(x, 2, padding=1), [1, 5])
    np.testing.assert_array_equal(avg_pool1d(x, 2, padding=1, count_include_pad=False), [2, 5])
    np.testing.assert_array_equal(avg_pool1d(x, 2, ceil_mode=True), [3, 6])


def test_the_lowest_number_of_the_dtype_can_be_a_maximum():
    values, indices = max_pool1d(np.zeros(2, np.uint8), 2, padding=1)
    np.testing.assert_array_equal(values, [0, 0])
    np.testing.assert_array_equal(indices, [0, 1])


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.float32, np.float64])
def test_a_maximum_keeps_the_dtype_and_an_average_is_a_float(dtype):
    x = np.ones((4, 4), dtype)
    assert max_pool2d(x, 2)[0].dtype == dtype
    assert avg_pool2d(x, 2).dtype == (np.float32 if dtype == np.float32 else np.float64)


def test_a_window_as_large_as_the_picture_is_global_pooling():
    x = normal(0, 200, 150)
    assert max_pool2d(x, (200, 150))[0] == x.max()
    np.testing.assert_allclose(avg_pool2d(x, (200, 150)), [[x.mean()]], **CLOSE)


def test_a_window_far_larger_than_the_input_costs_nothing():
    values, indices = max_pool1d([1, 3, 2], 10**9, ceil_mode=True)
    assert (values, indices) == ([3], [1])
    assert avg_pool1d([1, 3, 2], 10**9, ceil_mode=True) == [2]


def test_a_window_that_sees_padding_alone_is_refused():
    with pytest.raises(ValueError, match="dilation=3 with padding=1 leaves a window"):
        max_pool1d([1, 2], 2, 1, padding=1, dilation=3)
