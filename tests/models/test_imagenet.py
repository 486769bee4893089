"""Weights of torchvision's networks in ours: the same maps, from random weights."""

import urllib.error

import pytest
import torch
import torchvision
from torch import nn

from segviz.models import SegNet, vgg
from segviz.models.imagenet import Normalization, torchvision_weights
from segviz.models.vgg import load_vgg16, vgg16_stages


@pytest.fixture
def random_vgg16(monkeypatch):
    """torchvision's convolutions, and its dense layers with 8 units each to keep them small."""
    features = torchvision.models.vgg.make_layers(torchvision.models.vgg.cfgs["D"])
    dense = [nn.Linear(512 * 49, 8), nn.ReLU(), nn.Dropout(), nn.Linear(8, 8), nn.ReLU()]
    theirs = nn.ModuleDict(
        {
            "features": features,
            "classifier": nn.Sequential(*dense, nn.Dropout(), nn.Linear(8, 1000)),
        }
    ).eval()
    with torch.device("meta"):
        assert list(torchvision.models.vgg16().state_dict()) == list(theirs.state_dict())
    monkeypatch.setattr(vgg, "torchvision_weights", lambda name: theirs.state_dict())
    return theirs


def test_vgg16_gives_torchvisions_maps(random_vgg16):
    stages = vgg16_stages(3)
    fc6, fc7 = nn.Conv2d(512, 8, 7), nn.Conv2d(8, 8, 1)
    load_vgg16(stages, [fc6, fc7])
    maps = images = torch.rand(1, 3, 40, 64)
    with torch.no_grad():
        for stage in stages:
            maps = nn.functional.max_pool2d(stage(maps), 2)
        assert torch.allclose(maps, random_vgg16["features"](images), atol=1e-6)
        pooled = torch.randn(1, 512, 7, 7)
        ours = fc7(fc6(pooled).relu())
        expected = random_vgg16["classifier"][:4](pooled.flatten(1))
    assert torch.allclose(ours[..., 0, 0], expected, atol=1e-5)


def test_segnet_begins_with_the_convolutions_of_vgg16(random_vgg16):
    model = SegNet(pretrained=True)
    ours = [m for m in model.encoder.modules() if isinstance(m, nn.Conv2d)]
    theirs = [m for m in random_vgg16["features"] if isinstance(m, nn.Conv2d)]
    assert len(ours) == len(theirs) == 13
    for one, two in zip(ours, theirs, strict=True):
        assert torch.equal(one.weight, two.weight)
        assert torch.equal(one.bias, two.bias)


def test_normalisation_is_torchvisions():
    images = torch.rand(2, 3, 4, 5)
    preset = torchvision.models.VGG16_Weights.IMAGENET1K_V1.transforms()
    expected = torchvision.transforms.functional.normalize(images, preset.mean, preset.std)
    assert torch.allclose(Normalization(3)(images), expected)
    assert torch.equal(Normalization(1)(images[:, :1]), images[:, :1])


@pytest.mark.parametrize(
    "error",
    [urllib.error.URLError("no route to host"), RuntimeError("invalid hash value"), OSError()],
)
def test_weights_that_cannot_be_had(monkeypatch, error):
    def refuse(*_, **options):
        assert options["weights_only"] is True
        assert options["check_hash"] is True
        raise error

    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", refuse)
    with pytest.raises(ValueError, match=r"of vgg16 cannot be had .* or use pretrained=False"):
        torchvision_weights("vgg16")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"in_channels": 1}, "in_channels=1 does not fit .* Use in_channels=3"),
        ({"width": 8}, "width=8 does not fit .* Use width=64"),
        ({"pretrained": "yes"}, "pretrained"),
    ],
)
def test_networks_of_another_form_cannot_be_pretrained(settings, words):
    with torch.device("meta"), pytest.raises((ValueError, TypeError), match=words):
        SegNet(**{"pretrained": True, **settings})


def test_on_the_meta_device_nothing_is_downloaded(monkeypatch):
    asked = []
    monkeypatch.setattr(vgg, "torchvision_weights", asked.append)
    with torch.device("meta"):
        SegNet(pretrained=True)
    assert asked == []
