"""Tile by tile against the whole picture at once, and against numpy's mirror."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from segviz.models import create
from segviz.postprocessing import overlap_tile


def mirrored(image, margin):
    widths = [(0, 0), (0, 0)] + [(margin, margin)] * (image.ndim - 2)
    return torch.from_numpy(np.pad(image.numpy(), widths, mode="reflect"))


@settings(deadline=None, max_examples=40)
@given(st.tuples(st.integers(1, 9), st.integers(1, 9)), st.integers(1, 5), st.integers(0, 3))
def test_an_unpadded_network_gives_what_it_gives_of_the_mirrored_whole(size, tile, margin):
    torch.manual_seed(0)
    network = nn.Conv2d(2, 3, 2 * margin + 1)
    image = torch.randn(2, 2, *size)
    whole = network(mirrored(image, margin)).detach()
    torch.testing.assert_close(overlap_tile(network, image, tile_size=tile, margin=margin), whole)


def test_a_padded_network_of_stride_four_gives_the_whole_picture():
    torch.manual_seed(0)
    down = [nn.Conv2d(1, 4, 3, padding=1), nn.MaxPool2d(4)]
    up = [nn.Conv2d(4, 4, 3, padding=1), nn.Upsample(scale_factor=4), nn.Conv2d(4, 2, 3, padding=1)]
    network = nn.Sequential(*down, *up)
    image = torch.randn(1, 1, 32, 24)
    whole = network(mirrored(image, 16)).detach()[..., 16:-16, 16:-16]
    tiled = overlap_tile(network, image, tile_size=(8, 12), margin=16)
    torch.testing.assert_close(tiled, whole)


def test_u_net_predicts_a_picture_of_any_size_as_it_would_in_one_piece():
    network = create("unet", in_channels=1, num_classes=2, width=4, depth=2).eval()
    border = (60 - network(torch.zeros(1, 1, 60, 60)).shape[-1]) // 2
    image = torch.randn(1, 1, 40, 52)
    with torch.no_grad():
        whole = network(mirrored(image, border))
    for tile in (20, 12):
        tiled = overlap_tile(network, image, tile_size=tile, margin=border)
        torch.testing.assert_close(tiled, whole, atol=1e-5, rtol=1e-5)
    odd = overlap_tile(network, image[..., :37, :29], tile_size=20, margin=border)
    assert odd.shape == (1, 2, 37, 29)


def test_a_volume_and_a_tile_that_is_larger_than_the_picture():
    torch.manual_seed(0)
    network = nn.Conv3d(1, 2, 3)
    volume = torch.randn(1, 1, 4, 5, 3)
    whole = network(mirrored(volume, 1)).detach()
    torch.testing.assert_close(overlap_tile(network, volume, tile_size=7, margin=1), whole)
    torch.testing.assert_close(overlap_tile(network, volume, tile_size=(2, 3, 1), margin=1), whole)


def test_no_more_than_one_tile_is_ever_asked_for():
    sizes = []

    def network(part):
        sizes.append(tuple(part.shape[2:]))
        return part

    overlap_tile(network, torch.zeros(1, 1, 30, 50), tile_size=(16, 8), margin=4)
    assert set(sizes) == {(24, 16)}
    assert len(sizes) == 2 * 7


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"image": torch.zeros(3, 8, 8)}, "image\\[None\\]"),
        ({"image": torch.zeros(1, 3, 0, 8)}, "none of them 0"),
        ({"tile_size": 0}, "tile_size"),
        ({"tile_size": (4, 4, 4)}, "one for each axis"),
        ({"margin": -1}, "margin"),
        ({"tile_size": 2.5}, "tile_size=2.5 must be a whole number"),
        ({"tile_size": None}, "tile_size=None must be a whole number"),
        ({"network": None}, "network=None must be a network"),
        ({"network": lambda tile: (tile, tile)}, "returns tuple, must return scores"),
        ({"network": nn.Conv2d(3, 1, 3)}, "Use the margin that it takes away"),
        ({"network": nn.Conv2d(3, 1, 3)}, r"or cut off .*network\(tile\)\[\.\.\., 1:-1, 1:-1\]\.$"),
        ({"network": nn.Conv2d(3, 1, 2)}, r"Use the margin that it takes away\.$"),
        ({"network": nn.Upsample(scale_factor=2)}, r"Use the margin that it takes away\.$"),
    ],
)
def test_what_is_not_legal_is_said(changes, words):
    given = {"network": nn.Identity(), "image": torch.zeros(1, 3, 8, 8), "tile_size": 4}
    given |= {"margin": 2, **changes}
    with pytest.raises((ValueError, TypeError), match=words):
        overlap_tile(given.pop("network"), given.pop("image"), **given)


def test_what_is_no_tensor_is_said():
    with pytest.raises(TypeError, match=r"ndarray, must be .* Use torch\.from_numpy"):
        overlap_tile(nn.Identity(), np.zeros((1, 1, 4, 4)), tile_size=2, margin=0)
