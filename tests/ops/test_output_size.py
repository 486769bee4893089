import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from ops_strategies import RELAXED, per_axis

from segviz.ops import conv_output_size, conv_transpose_output_size, pool_output_size

# Rows 1 to 8 and 18 to 22 are the figures of Dumoulin and Visin 2016; the layers named after a
# network are those of its release (FCN and SegNet prototxt, V-Net prototxt, U-Net 2015, ResNet,
# DeepLab v2). All 33 were computed with torch as well.
#  what                                          n, k, s, p, d, output
CONVOLUTIONS = [
    ("no padding, unit stride", 4, 3, 1, 0, 1, 2),
    ("arbitrary padding", 5, 4, 1, 2, 1, 6),
    ("half (same) padding", 5, 3, 1, 1, 1, 5),
    ("full padding", 5, 3, 1, 2, 1, 7),
    ("no padding, stride 2", 5, 3, 2, 0, 1, 2),
    ("padding, stride 2", 5, 3, 2, 1, 1, 3),
    ("padding, stride 2, last column unused", 6, 3, 2, 1, 1, 3),
    ("dilated", 7, 3, 1, 0, 2, 3),
    ("FCN conv1_1", 500, 3, 1, 100, 1, 698),
    ("FCN fc6", 22, 7, 1, 0, 1, 16),
    ("SegNet-Basic", 360, 7, 1, 3, 1, 360),
    ("V-Net stage", 64, 5, 1, 2, 1, 64),
    ("V-Net down", 64, 2, 2, 0, 1, 32),
    ("U-Net 3x3", 572, 3, 1, 0, 1, 570),
    ("ResNet stem", 513, 7, 2, 3, 1, 257),
    ("DeepLab fc6, rate 12", 41, 3, 1, 12, 12, 41),
    ("ASPP, rate 24", 65, 3, 1, 24, 24, 65),
]
#  what                                          n, k, s, p, d, a, output
TRANSPOSED = [
    ("transpose of unit stride, no padding", 2, 3, 1, 0, 1, 0, 4),
    ("transpose of full padding", 7, 3, 1, 2, 1, 0, 5),
    ("stride 2, no padding", 2, 3, 2, 0, 1, 0, 5),
    ("stride 2, padding 1", 3, 3, 2, 1, 1, 0, 5),
    ("stride 2, padding 1, output_padding 1", 3, 3, 2, 1, 1, 1, 6),
    ("U-Net and V-Net up", 28, 2, 2, 0, 1, 0, 56),
    ("FCN upscore2", 16, 4, 2, 0, 1, 0, 34),
    ("FCN upscore8", 70, 16, 8, 0, 1, 0, 568),
    ("FCN-32s upscore", 16, 64, 32, 0, 1, 0, 544),
    ("twofold 'same' bilinear", 33, 4, 2, 1, 1, 0, 66),
    ("dilated", 5, 3, 2, 1, 2, 1, 12),
]
#  what                                          n, k, s, p, ceil_mode, output
POOLINGS = [
    ("2x2/2 floor", 45, 2, 2, 0, False, 22),
    ("2x2/2 ceil (Caffe)", 45, 2, 2, 0, True, 23),
    ("3x3/2 pad 1 ceil (DeepLab)", 321, 3, 2, 1, True, 161),
    ("3x3/2 pad 1 floor", 256, 3, 2, 1, False, 128),
    ("3x3/2 pad 1 ceil", 256, 3, 2, 1, True, 129),
]


def test_every_worked_case_is_here():
    assert len(CONVOLUTIONS) + len(TRANSPOSED) + len(POOLINGS) == 33


@pytest.mark.parametrize(("what", "n", "k", "s", "p", "d", "output"), CONVOLUTIONS)
def test_worked_convolution(what, n, k, s, p, d, output):
    assert conv_output_size(n, k, stride=s, padding=p, dilation=d) == output, what


@pytest.mark.parametrize(("what", "n", "k", "s", "p", "d", "a", "output"), TRANSPOSED)
def test_worked_transposed_convolution(what, n, k, s, p, d, a, output):
    size = conv_transpose_output_size(n, k, stride=s, padding=p, dilation=d, output_padding=a)
    assert size == output, what


@pytest.mark.parametrize(("what", "n", "k", "s", "p", "ceil_mode", "output"), POOLINGS)
def test_worked_pooling(what, n, k, s, p, ceil_mode, output):
    assert pool_output_size(n, k, s, ceil_mode, padding=p) == output, what


def test_by_hand_ceil_mode_drops_a_window_that_starts_in_the_padding_behind_the_end():
    # Windows start at -1, 1 and 3 of three pixels 0, 1, 2: the third would see padding alone.
    assert pool_output_size(3, 2, ceil_mode=True, padding=1) == 2
    assert pool_output_size(4, 2, ceil_mode=True, padding=1) == 3


def or_refused(compute, *refusals):
    """The size, or None where the arguments are illegal."""
    try:
        return compute()
    except refusals:
        return None


small = st.integers(1, 9)


@RELAXED
@given(small, small, small, st.integers(0, 4), st.integers(1, 4))
def test_conv_size_and_its_refusals_are_those_of_torch(n, k, s, p, d):
    options = {"stride": s, "padding": p, "dilation": d}
    x, weight = torch.zeros(1, 1, n), torch.zeros(1, 1, k)
    ours = or_refused(lambda: conv_output_size(n, k, **options), ValueError)
    theirs = or_refused(lambda: F.conv1d(x, weight, **options).shape[-1], RuntimeError)
    assert ours == theirs


@RELAXED
@given(small, small, small, st.integers(0, 4), st.integers(1, 4), st.integers(0, 4))
def test_conv_transpose_size_and_its_refusals_are_those_of_torch(n, k, s, p, d, a):
    options = {"stride": s, "padding": p, "dilation": d, "output_padding": a}
    x, weight = torch.zeros(1, 1, n), torch.zeros(1, 1, k)
    ours = or_refused(lambda: conv_transpose_output_size(n, k, **options), ValueError)
    theirs = or_refused(lambda: F.conv_transpose1d(x, weight, **options).shape[-1], RuntimeError)
    assert ours == theirs


@RELAXED
@given(small, small, small, st.integers(0, 4), st.integers(1, 3), st.booleans())
def test_pool_size_and_its_refusals_are_those_of_torch(n, k, s, p, d, ceil_mode):
    x, steps = torch.zeros(1, 1, n), {"padding": p, "dilation": d}
    theirs = or_refused(
        lambda: F.max_pool1d(x, k, s, ceil_mode=ceil_mode, **steps).shape[-1], RuntimeError
    )
    ours = or_refused(lambda: pool_output_size(n, k, s, ceil_mode, **steps), ValueError)
    assert ours == theirs


@RELAXED
@given(per_axis(3, 20, 30), per_axis(3, 1, 5), per_axis(3, 1, 4), per_axis(3, 0, 2))
def test_a_tuple_is_one_axis_after_the_other(n, k, s, p):
    axes = list(zip(n, k, s, p, strict=True))
    assert conv_output_size(n, k, stride=s, padding=p) == tuple(
        conv_output_size(n, k, stride=s, padding=p) for n, k, s, p in axes
    )
    assert conv_transpose_output_size(n, k, stride=s, padding=p) == tuple(
        conv_transpose_output_size(n, k, stride=s, padding=p) for n, k, s, p in axes
    )
    assert pool_output_size(n, k, s) == tuple(pool_output_size(n, k, s) for n, k, s, _ in axes)


@RELAXED
@given(st.integers(1, 40), small, small, st.integers(0, 4), st.integers(1, 3))
def test_output_padding_tells_apart_the_sizes_that_a_strided_convolution_merges(n, k, s, p, d):
    options = {"stride": s, "padding": p, "dilation": d}
    size = or_refused(lambda: conv_output_size(n, k, **options), ValueError)
    if size is None:
        return
    lost = (n + 2 * p - d * (k - 1) - 1) % s
    assert conv_transpose_output_size(size, k, output_padding=lost, **options) == n


def test_messages_name_the_values_the_rule_and_the_remedy():
    with pytest.raises(ValueError, match=r"^output_padding=2 must be smaller than stride=2 or "):
        conv_transpose_output_size(3, 3, stride=2, output_padding=2)
    with pytest.raises(ValueError, match=r"Use 0 or 1\.$"):
        conv_transpose_output_size(3, 3, stride=2, output_padding=2)
    with pytest.raises(ValueError, match=r"spans 5 .*input_size=3 .* padding=1 or more\.$"):
        conv_output_size(3, 3, dilation=2)
    with pytest.raises(ValueError, match=r"^padding=2 crops 4 pixels from an output of 4.* 0 or 1"):
        conv_transpose_output_size(2, 3, padding=2)
    with pytest.raises(ValueError, match=r"^padding=2 is more than half .* Use 0 or 1\.$"):
        pool_output_size(9, 3, padding=2)


@RELAXED
@given(small, small, st.integers(1, 4))
def test_the_padding_that_a_message_offers_is_the_smallest_that_works(n, k, d):
    if or_refused(lambda: conv_output_size(n, k, dilation=d), ValueError) is not None:
        return
    with pytest.raises(ValueError, match="padding=") as caught:
        conv_output_size(n, k, dilation=d)
    offered = int(str(caught.value).rsplit("padding=", 1)[1].split()[0])
    assert conv_output_size(n, k, dilation=d, padding=offered) >= 1
    with pytest.raises(ValueError, match="fits nowhere"):
        conv_output_size(n, k, dilation=d, padding=offered - 1)
