import numpy as np
import torch.nn.functional as F
from hypothesis import given
from ops_strategies import CLOSE, RELAXED, Case, batch, conv_transpose_cases, normal

from segviz.ops import (
    conv1d,
    conv2d,
    conv_transpose1d,
    conv_transpose2d,
    conv_transpose_as_conv,
    convolution_indices,
)


@RELAXED
@given(conv_transpose_cases(1))
def test_both_readings_in_1d_are_that_of_torch(case: Case):
    theirs = F.conv_transpose1d(batch(case.x), batch(case.kernel), **case.options)[0, 0].numpy()
    for reading in (conv_transpose1d, conv_transpose_as_conv):
        ours = reading(case.x, case.kernel, **case.options)
        np.testing.assert_allclose(ours, theirs, **CLOSE)


@RELAXED
@given(conv_transpose_cases(2))
def test_both_readings_in_2d_are_that_of_torch(case: Case):
    theirs = F.conv_transpose2d(batch(case.x), batch(case.kernel), **case.options)[0, 0].numpy()
    for reading in (conv_transpose2d, conv_transpose_as_conv):
        ours = reading(case.x, case.kernel, **case.options)
        np.testing.assert_allclose(ours, theirs, **CLOSE)


def test_by_hand_every_input_stamps_the_kernel_and_overlaps_add_up():
    np.testing.assert_array_equal(
        conv_transpose1d([1, 10], [1, 2, 3], stride=2), [1, 2, 3 + 10, 20, 30]
    )


def test_by_hand_output_padding_adds_at_the_end_only():
    plain = conv_transpose1d([1, 10], [1, 2, 3], stride=3)
    longer = conv_transpose1d([1, 10], [1, 2, 3], stride=3, output_padding=2)
    np.testing.assert_array_equal(longer, [*plain, 0, 0])


def test_by_hand_output_padding_uncovers_what_padding_cropped():
    # The full output is 1 2 13 20 30: one number is cropped in front, none behind.
    np.testing.assert_array_equal(
        conv_transpose1d([1, 10], [1, 2, 3], stride=2, padding=1, output_padding=1), [2, 13, 20, 30]
    )


def test_by_hand_dilation_spreads_the_stamp():
    np.testing.assert_array_equal(conv_transpose1d([1, 10], [1, 2], dilation=3), [1, 10, 0, 2, 20])


def test_by_hand_rows_come_before_columns():
    out = conv_transpose2d([[1], [10]], [[1, 2, 3]], stride=(2, 1))
    np.testing.assert_array_equal(out, [[1, 2, 3], [0, 0, 0], [10, 20, 30]])
    assert conv_transpose2d([[1]], np.ones((3, 3)), padding=(1, 0)).shape == (1, 3)
    out = conv_transpose2d([[1]], [[1]], stride=(1, 2), output_padding=(0, 1))
    np.testing.assert_array_equal(out, [[1, 0]])


def test_overlaps_of_a_kernel_of_ones_make_the_checkerboard():
    # Kernel 3, stride 2: 1 1 2 1 2 ... 1 1; a kernel that the stride divides overlaps evenly.
    np.testing.assert_array_equal(
        conv_transpose1d(np.ones(4), np.ones(3), stride=2), [1, 1, 2, 1, 2, 1, 2, 1, 1]
    )
    np.testing.assert_array_equal(conv_transpose1d(np.ones(4), np.ones(2), stride=2), np.ones(8))
    assert set(conv_transpose1d(np.ones(4), np.ones(4), stride=2)[2:-2]) == {2}


def test_at_stride_1_it_is_a_convolution_with_the_flipped_kernel():
    x, kernel = normal(0, 9), normal(1, 3)
    np.testing.assert_allclose(
        conv_transpose1d(x, kernel), conv1d(x, kernel[::-1], padding=2), **CLOSE
    )
    x, kernel = normal(2, 6, 7), normal(3, 3, 2)
    expected = conv2d(x, kernel[::-1, ::-1], padding=(2, 1))
    np.testing.assert_allclose(conv_transpose2d(x, kernel), expected, **CLOSE)


@RELAXED
@given(conv_transpose_cases(1))
def test_the_indices_of_the_convolution_back_are_the_stamps(case: Case):
    out = conv_transpose1d(case.x, case.kernel, **case.options)
    steps = {name: case.options[name] for name in ("stride", "padding", "dilation")}
    stamped = np.zeros(out.size)
    stamps = convolution_indices(out.size, case.kernel.size, **steps)[: case.x.size]
    for value, row in zip(case.x, stamps, strict=True):
        stamped[row[row >= 0]] += value * case.kernel[row >= 0]
    np.testing.assert_allclose(stamped, out, **CLOSE)


@RELAXED
@given(conv_transpose_cases(2))
def test_it_is_the_adjoint_of_the_convolution(case: Case):
    """<conv(u), x> = <u, transposed(x)> for every u: that is what transposed means."""
    out = conv_transpose2d(case.x, case.kernel, **case.options)
    steps = {name: case.options[name] for name in ("stride", "padding", "dilation")}
    u = normal(7, *out.shape)
    rows, columns = case.x.shape
    forward = conv2d(u, case.kernel, **steps)[:rows, :columns]
    np.testing.assert_allclose((forward * case.x).sum(), (u * out).sum(), rtol=1e-9, atol=1e-9)


def test_float32_stays_float32():
    x, kernel = np.ones((3, 3), np.float32), np.ones((2, 2), np.float32)
    assert conv_transpose2d(x, kernel).dtype == np.float32
    assert conv_transpose_as_conv(x, kernel).dtype == np.float32
    assert conv_transpose1d(x[0], kernel[0]).dtype == np.float32
    assert conv_transpose1d([1, 2], [1]).dtype == np.float64
