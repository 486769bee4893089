import numpy as np
import pytest
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from ops_strategies import CLOSE, RELAXED, batch, normal, per_axis, seeds

from segviz.ops import (
    bed_of_nails,
    bilinear_kernel,
    conv_transpose1d,
    conv_transpose2d,
    upsample_bilinear,
    upsample_nearest,
)


@RELAXED
@given(seeds, per_axis(2, 1, 6), per_axis(2, 1, 5))
def test_nearest_by_a_factor_is_that_of_torch(seed, n, scale):
    x = normal(seed, *n)
    theirs = F.interpolate(batch(x), scale_factor=scale, mode="nearest")[0, 0].numpy()
    np.testing.assert_array_equal(upsample_nearest(x, scale), theirs)
    np.testing.assert_array_equal(upsample_nearest(x[0], scale[1]), theirs[0])


@RELAXED
@given(seeds, per_axis(2, 1, 9), per_axis(2, 1, 20))
def test_nearest_to_a_size_is_that_of_torch(seed, n, m):
    x = normal(seed, *n)
    ours = upsample_nearest(x, output_size=m)
    theirs = F.interpolate(batch(x), size=m, mode="nearest")[0, 0].numpy()
    # Where i n / m is whole, torch's float32 product may fall just short of it and round down.
    sure = [
        (np.arange(size) * count % size > 0) | (np.arange(size) == 0)
        for count, size in zip(n, m, strict=True)
    ]
    np.testing.assert_array_equal(ours[np.ix_(*sure)], theirs[np.ix_(*sure)])


@RELAXED
@given(st.integers(1, 9), st.integers(1, 20))
def test_nearest_shows_the_pixel_at_floor_of_i_n_over_m(n, m):
    shown = upsample_nearest(np.arange(n), output_size=m)
    np.testing.assert_array_equal(shown, [i * n // m for i in range(m)])


@RELAXED
@given(seeds, per_axis(2, 1, 6), per_axis(2, 1, 20), st.booleans())
def test_bilinear_to_a_size_is_that_of_torch(seed, n, m, align_corners):
    x, options = normal(seed, *n), {"align_corners": align_corners}
    theirs = F.interpolate(batch(x), size=m, mode="bilinear", **options)[0, 0].numpy()
    np.testing.assert_allclose(upsample_bilinear(x, output_size=m, **options), theirs, **CLOSE)
    theirs = F.interpolate(batch(x[0]), size=m[1:], mode="linear", **options)[0, 0].numpy()
    ours = upsample_bilinear(x[0], output_size=m[1], **options)
    np.testing.assert_allclose(ours, theirs, **CLOSE)


@RELAXED
@given(seeds, per_axis(2, 1, 6), per_axis(2, 1, 5), st.booleans())
def test_bilinear_by_a_factor_is_that_of_torch(seed, n, scale, align_corners):
    x, options = normal(seed, *n), {"align_corners": align_corners}
    theirs = F.interpolate(batch(x), scale_factor=scale, mode="bilinear", **options)[0, 0].numpy()
    np.testing.assert_allclose(upsample_bilinear(x, scale, **options), theirs, **CLOSE)


@RELAXED
@given(seeds, per_axis(2, 1, 6), per_axis(2, 1, 4))
def test_bed_of_nails_is_a_transposed_convolution_with_a_single_one(seed, n, s):
    x, one = normal(seed, *n), np.ones((1, 1))
    last = tuple(step - 1 for step in s)
    expected = conv_transpose2d(x, one, stride=s, output_padding=last)
    np.testing.assert_array_equal(bed_of_nails(x, s), expected)
    trimmed = tuple((size - 1) * step + 1 for size, step in zip(n, s, strict=True))
    expected = conv_transpose2d(x, one, stride=s)
    np.testing.assert_array_equal(bed_of_nails(x, s, output_size=trimmed), expected)


def test_by_hand():
    np.testing.assert_array_equal(upsample_nearest([[1, 2]], 2), [[1, 1, 2, 2], [1, 1, 2, 2]])
    np.testing.assert_array_equal(upsample_nearest([7, 8, 9], output_size=5), [7, 7, 8, 8, 9])
    np.testing.assert_array_equal(upsample_bilinear([0, 4], 2), [0, 1, 3, 4])
    np.testing.assert_array_equal(upsample_bilinear([0, 3], 2, align_corners=True), [0, 1, 2, 3])
    np.testing.assert_array_equal(bed_of_nails([[1, 2]], (2, 3)), [[1, 0, 0, 2, 0, 0], [0] * 6])


def test_by_hand_align_corners_keeps_the_corners_and_a_single_pixel_everywhere():
    x = normal(0, 4, 5)
    out = upsample_bilinear(x, output_size=(9, 13), align_corners=True)
    corners = np.ix_([0, -1], [0, -1])
    np.testing.assert_array_equal(out[corners], x[corners])
    np.testing.assert_array_equal(upsample_bilinear([[3]], 4), np.full((4, 4), 3))


# Caffe's weights as the FCN authors' surgery.py fills them in.
@pytest.mark.parametrize(
    ("k", "weights"),
    [
        (1, [1]),
        (2, [0.5, 0.5]),
        (3, [0.5, 1, 0.5]),
        (4, [0.25, 0.75, 0.75, 0.25]),
        (16, [i / 16 for i in [1, 3, 5, 7, 9, 11, 13, 15, 15, 13, 11, 9, 7, 5, 3, 1]]),
    ],
)
def test_bilinear_kernel_by_hand(k, weights):
    np.testing.assert_array_equal(bilinear_kernel(k), weights)
    np.testing.assert_array_equal(bilinear_kernel((k, 3)), np.outer(weights, [0.5, 1, 0.5]))


@RELAXED
@given(seeds, st.integers(3, 8), st.integers(1, 6))
def test_transposed_convolution_with_the_bilinear_kernel_interpolates_inside(seed, n, f):
    x, k = normal(seed, n), 2 * f - f % 2
    out = conv_transpose1d(x, bilinear_kernel(k), stride=f, padding=(k - f) // 2)
    expected = upsample_bilinear(x, f)
    assert out.shape == expected.shape
    inside = slice(f // 2, f * n - f // 2)
    np.testing.assert_allclose(out[inside], expected[inside], **CLOSE)


def test_the_dtype_stays_where_numbers_are_only_moved():
    labels = np.array([[1, 2]], np.uint8)
    assert upsample_nearest(labels, 2).dtype == np.uint8
    assert bed_of_nails(labels, 2).dtype == np.uint8
    assert upsample_bilinear(labels, 2).dtype == np.float64
    assert upsample_bilinear(labels.astype(np.float32), 2).dtype == np.float32


def test_exactly_one_of_factor_and_size():
    with pytest.raises(ValueError, match="scale_factor=None and output_size=None: exactly one"):
        upsample_nearest([1, 2])
    with pytest.raises(ValueError, match="scale_factor=2 and output_size=4: exactly one"):
        upsample_bilinear([1, 2], 2, output_size=4)


def test_nails_must_fill_the_output():
    with pytest.raises(ValueError, match=r"output_size=7 does not fit 2 nails .* Use 4 to 6\."):
        bed_of_nails([5, 7], 3, output_size=7)
    with pytest.raises(ValueError, match="output_size=3 does not fit"):
        bed_of_nails([5, 7], 3, output_size=3)
