import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from ops_strategies import RELAXED, batch, normal, per_axis, seeds

from segviz.ops import max_pool1d, max_pool2d, max_unpool1d, max_unpool2d, pool_output_size


@RELAXED
@given(seeds, per_axis(2, 4, 9), per_axis(2, 1, 4), st.booleans())
def test_max_unpool2d_is_that_of_torch(seed, n, k, ceil_mode):
    x = normal(seed, *n)
    values, indices = max_pool2d(x, k, ceil_mode=ceil_mode)
    theirs = F.max_unpool2d(batch(values), torch.from_numpy(indices)[None, None], k, output_size=n)
    for known in ({}, {"kernel_size": k}):
        ours = max_unpool2d(values, indices, n, **known)
        np.testing.assert_array_equal(ours, theirs[0, 0].numpy())


@RELAXED
@given(seeds, st.integers(4, 12), st.integers(1, 4), st.booleans())
def test_max_unpool1d_is_that_of_torch(seed, n, k, ceil_mode):
    x = normal(seed, n)
    values, indices = max_pool1d(x, k, ceil_mode=ceil_mode)
    theirs = F.max_unpool1d(batch(values)[0], torch.from_numpy(indices)[None], k, output_size=[n])
    np.testing.assert_array_equal(max_unpool1d(values, indices, n), theirs[0].numpy())


@RELAXED
@given(seeds, st.integers(1, 4), st.integers(1, 4), st.integers(1, 5), st.integers(1, 5))
def test_the_default_size_is_that_of_torch(seed, k, s, rows, columns):
    # Without a pixel left over, so that the size need not be remembered.
    x = normal(seed, (rows - 1) * s + k, (columns - 1) * s + k)
    values, indices = max_pool2d(x, k, s)
    unpooled = max_unpool2d(values, indices, kernel_size=k, stride=s)
    assert unpooled.shape == x.shape
    theirs = F.max_unpool2d(batch(values), torch.from_numpy(indices)[None, None], k, s)
    np.testing.assert_array_equal(unpooled, theirs[0, 0].numpy())


@RELAXED
@given(seeds, per_axis(2, 5, 9), st.integers(2, 3), st.integers(1, 3), st.integers(0, 1))
def test_pooling_again_gives_the_same_maxima(seed, n, k, s, p):
    x = 1 + np.abs(normal(seed, *n))
    values, indices = max_pool2d(x, k, s, padding=p)
    unpooled = max_unpool2d(values, indices, n, kernel_size=k, stride=s, padding=p)
    assert set(unpooled[unpooled > 0]) == set(values.ravel())
    np.testing.assert_array_equal(max_pool2d(unpooled, k, s, padding=p)[0], values)


def pools_to(n, m, k, s, p):
    for ceil_mode in (False, True):
        try:
            if pool_output_size(n, k, s, ceil_mode, padding=p) == m:
                return True
        except ValueError:
            continue
    return False


@RELAXED
@given(st.integers(1, 4), st.integers(1, 4), st.integers(1, 5), st.data())
def test_the_sizes_that_it_takes_are_those_that_pool_to_the_values(m, k, s, data):
    p = data.draw(st.integers(0, k // 2))
    legal = [n for n in range(1, 24) if pools_to(n, m, k, s, p)]
    options = {"kernel_size": k, "stride": s, "padding": p}
    for n in range(1, 24):
        first = np.maximum(np.arange(m) * s - p, 0)
        if n in legal:
            assert max_unpool1d(np.ones(m), first, n, **options).shape == (n,)
        else:
            sizes = f"{min(legal)} to {max(legal)}" if legal else "another pooling, since no"
            rule = f"Use the size before pooling: {sizes}"
            with pytest.raises(ValueError, match=rule):
                max_unpool1d(np.ones(m), first, n, **options)


def test_by_hand():
    unpooled = max_unpool2d([[4, 5], [1, 7]], [[4, 7], [9, 10]], (4, 4))
    np.testing.assert_array_equal(
        unpooled, [[0, 0, 0, 0], [4, 0, 0, 5], [0, 1, 7, 0], [0, 0, 0, 0]]
    )


def test_by_hand_indices_of_other_values_say_where():
    np.testing.assert_array_equal(max_unpool1d([1, 2], [3, 0], 4), [2, 0, 0, 1])


def test_a_lost_size_is_noticed():
    x = normal(0, 5, 5)
    values, indices = max_pool2d(x, 2)
    message = r"not lie in their windows if output_size=\(4, 4\).* pooling: 3 to 5 x 3 to 5\.$"
    with pytest.raises(ValueError, match=message):
        max_unpool2d(values, np.minimum(indices, 15), kernel_size=2)
    with pytest.raises(ValueError, match=r"output_size is missing.* Use the shape of the array"):
        max_unpool2d(values, indices)
    with pytest.raises(ValueError, match=r"indices hold \d+, but output_size=\(2, 2\)"):
        max_unpool2d(values, indices, (2, 2))
    with pytest.raises(ValueError, match=r"output_size=6 does not pool to 2 .*: 3 to 5"):
        max_unpool2d(values, indices, (5, 6), kernel_size=2)


def test_an_index_in_the_window_next_door_is_noticed():
    assert max_unpool1d([1, 2], [1, 2], kernel_size=2).tolist() == [0, 1, 2, 0]
    for indices in ([2, 3], [0, 1]):
        with pytest.raises(ValueError, match="not lie in their windows"):
            max_unpool1d([1, 2], indices, kernel_size=2)


def test_the_default_size_is_at_least_one_pixel():
    assert max_unpool1d([5], [0], kernel_size=2, padding=1).shape == (1,)


def test_half_a_pooling_is_refused():
    with pytest.raises(ValueError, match=r"stride=2 and padding=0 .* Use kernel_size too"):
        max_unpool1d([1], [0], 2, stride=2)
    with pytest.raises(ValueError, match="padding=2 is more than half of kernel_size=3"):
        max_unpool1d([1], [0], kernel_size=3, padding=2)


def test_indices_are_whole_numbers_one_for_each_value():
    with pytest.raises(TypeError, match="indices has dtype float64"):
        max_unpool1d([1, 2], [0.0, 1.0], 4)
    with pytest.raises(ValueError, match=r"indices has shape \(3,\)"):
        max_unpool1d([1, 2], [0, 1, 2], 4)
    with pytest.raises(ValueError, match="indices hold -1"):
        max_unpool1d([1, 2], [0, -1], 4)
    with pytest.raises(ValueError, match="no such pixel"):
        max_unpool1d([1], np.array([2**64 - 1], np.uint64), 4)


def test_the_dtype_stays():
    assert max_unpool1d(np.ones(2, np.float32), [0, 2], 4).dtype == np.float32
    assert max_unpool2d(np.ones((1, 1), np.uint8), [[3]], 2).dtype == np.uint8
