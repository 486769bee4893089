"""SegNet by hand, stage after stage, and what its variants change."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from segviz.models import SegNet, SegNetBasic
from segviz.models.imagenet import MEAN, STANDARD_DEVIATION


def by_hand(model, maps, upsampling, skips):
    kept = []
    for stage in model.encoder:
        maps = stage(maps)
        kept.append((maps, *F.max_pool2d(maps, 2, ceil_mode=True, return_indices=True)))
        maps = kept[-1][1]
    for index, stage in enumerate(model.decoder):
        before, pooled, indices = kept.pop()
        size = before.shape[-2:]
        if upsampling == "indices":
            flat = torch.zeros_like(before).flatten(2)
            larger = flat.scatter(2, indices.flatten(2), maps.flatten(2)).view(before.shape)
        elif upsampling == "bilinear":
            larger = F.interpolate(maps, size, mode="bilinear")
        else:
            larger = model.enlarge[index](maps)[..., : size[0], : size[1]]
        assert pooled.shape == maps.shape
        maps = stage(larger + before if skips else larger)
    return maps


@pytest.mark.parametrize("upsampling", ["indices", "bilinear", "transposed"])
@pytest.mark.parametrize("skips", [False, True])
@pytest.mark.parametrize("size", [(45, 32), (1, 3)])
def test_segnet_by_hand(upsampling, skips, size):
    model = SegNet(3, 5, width=2, upsampling=upsampling, skips=skips).eval()
    images = torch.rand(2, 3, *size)
    mean, deviation = (torch.tensor(n).view(3, 1, 1) for n in (MEAN, STANDARD_DEVIATION))
    with torch.no_grad():
        expected = by_hand(model, (images - mean) / deviation, upsampling, skips)
        scores = model(images)
    assert scores.shape == (2, 5, *size)
    assert torch.allclose(scores, expected, atol=1e-5)


@pytest.mark.parametrize("size", [(45, 32), (1, 3)])
def test_segnet_basic_by_hand(size):
    model = SegNetBasic(3, 5, width=2).eval()
    images = torch.rand(2, 3, *size)
    with torch.no_grad():
        first = F.local_response_norm(255 * images, 5, alpha=1e-4, beta=0.75)
        assert torch.allclose(model(images), by_hand(model, first, "indices", False), atol=1e-4)


def kinds(stage):
    return [type(layer).__name__ for layer in stage]


def test_what_release_and_paper_differ_in():
    with torch.device("meta"):
        release, paper = SegNet(), SegNet(form="paper")
        basic, without_bias = SegNetBasic(), SegNetBasic(form="paper")
    triple = ["Conv2d", "BatchNorm2d", "ReLU"]
    assert kinds(release.decoder[0]) == kinds(release.encoder[4]) == triple * 3
    assert kinds(paper.decoder[0]) == ["Conv2d", "BatchNorm2d"] * 3
    assert kinds(release.decoder[4]) == [*triple, "Conv2d"]
    assert kinds(paper.decoder[4]) == ["Conv2d", "BatchNorm2d", "Conv2d"]
    assert kinds(basic.decoder[3]) == ["Conv2d", "BatchNorm2d", "Conv2d"]
    assert all(m.bias is None for m in without_bias.modules() if isinstance(m, nn.Conv2d))
    norms = [m for m in release.modules() if isinstance(m, nn.BatchNorm2d)]
    assert len(norms) == 25
    assert {norm.eps for norm in norms} == {1e-9}


def test_initial_values_are_those_of_the_release():
    model = SegNet(width=16)
    conv, norm = model.encoder[3][0], model.encoder[3][1]
    deviation = (2 / conv.weight[0].numel()) ** 0.5
    assert conv.weight.std().item() == pytest.approx(deviation, rel=0.02)
    assert not conv.bias.any()
    assert norm.weight.unique().tolist() == [1]
    assert norm.bias.unique().tolist() == pytest.approx([0.001])


@pytest.mark.parametrize("network", [SegNet, SegNetBasic])
@pytest.mark.parametrize("upsampling", ["indices", "bilinear", "transposed"])
def test_smallest_picture_trains_alone(network, upsampling):
    """The last stage must meet two pixels: at 17 rows its map is 2 x 1."""
    size = (17, 1) if network is SegNet else (9, 1)
    model = network(1, 2, width=2, upsampling=upsampling)
    model(torch.rand(1, 1, *size)).square().mean().backward()
    assert all(weight.grad is not None for weight in model.parameters())
    with pytest.raises(ValueError, match=r"map is 1 x 1: .* at least two pictures, or larger"):
        model(torch.rand(1, 1, size[0] - 1, 1))
    assert model(torch.rand(2, 1, 1, 1)).shape == (2, 2, 1, 1)


def test_dropout_stands_where_bayesian_segnet_has_it():
    model, seen = SegNet(1, 2, width=1, dropout=0.5), []
    model.dropout.register_forward_hook(lambda _, given, made: seen.append(made.shape[1:]))
    model(torch.rand(2, 1, 64, 64))
    # Behind pool3 to pool5, then behind decoders 5 to 3.
    assert seen == [(4, 8, 8), (8, 4, 4), (8, 2, 2), (8, 4, 4), (4, 8, 8), (2, 16, 16)]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"form": "caffe"}, "Use one of 'release', 'paper'"),
        ({"upsampling": "nearest"}, "Use one of 'indices', 'bilinear', 'transposed'"),
        ({"dropout": -1}, "dropout"),
        ({"skips": 1}, "skips"),
        ({"width": 0}, "width"),
        ({"in_channels": 0}, "in_channels"),
        ({"num_classes": 1}, "num_classes"),
    ],
)
@pytest.mark.parametrize("network", [SegNet, SegNetBasic])
def test_illegal_networks(network, settings, words):
    with torch.device("meta"), pytest.raises((ValueError, TypeError), match=words):
        network(**settings)
