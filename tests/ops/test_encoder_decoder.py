"""Sizes in a U-Net by rule, against the network itself, run on sizes alone."""

from __future__ import annotations

import re

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from segviz.models import UNet
from segviz.ops.encoder_decoder import nearest_unet_sizes, unet_sizes

PAPER = [
    *(570, 568, 284, 282, 280, 140, 138, 136, 68, 66, 64, 32, 30, 28),
    *(56, 56, 54, 52, 104, 104, 102, 100, 200, 200, 198, 196, 392, 392, 390, 388, 388),
]


def _network(depth, padded):
    with torch.device("meta"):
        return UNet(width=2, depth=depth, padded=padded).eval()


def _rows(network, size):
    """Rows of what comes out of the network, 0 if it refuses the picture, and why."""
    try:
        return network(torch.zeros(1, 1, size, size, device="meta")).shape[-1], ""
    except ValueError as error:
        return 0, str(error)


def test_sizes_are_those_of_the_papers_figure():
    assert [step.after for step in unet_sizes(572).steps] == PAPER


def test_crops_are_those_of_the_papers_figure():
    skips = [step for step in unet_sizes(572).steps if step.layer == "skip"]
    assert [(skip.before - skip.after) // 2 for skip in skips] == [4, 16, 40, 88]


def test_channels_double_on_the_way_down():
    channels = [step.channels for step in unet_sizes(572).steps if step.layer == "convolution"]
    assert channels[1::2] == [64, 128, 256, 512, 1024, 512, 256, 128, 64]


@settings(deadline=None, max_examples=40)
@given(size=st.integers(1, 400), depth=st.integers(1, 4), padded=st.booleans())
def test_the_network_says_the_same(size, depth, padded):
    rows, refused = _rows(_network(depth, padded), size)
    sizes = unet_sizes(size, depth, padded=padded)
    assert sizes.output_size == rows
    assert bool(sizes.clash) == bool(refused)
    if "halved" in refused:
        assert re.search(r"a map of (\d+)", refused)[1] == re.search(r"(\d+)", sizes.clash)[1]


@settings(deadline=None, max_examples=25)
@given(size=st.integers(1, 900), depth=st.integers(1, 5), padded=st.booleans())
def test_nearest_sizes_are_the_nearest(size, depth, padded):
    fits = [n for n in range(1, 1400) if unet_sizes(n, depth, padded=padded).output_size > 0]
    below = [n for n in fits if n <= size][-1:]
    above = [n for n in fits if n >= size][:1]
    assert nearest_unet_sizes(size, depth, padded=padded) == tuple(sorted({*below, *above}))


@pytest.mark.parametrize("size", [0, -3])
def test_no_picture_is_refused(size):
    with pytest.raises(ValueError, match="size"):
        unet_sizes(size)
