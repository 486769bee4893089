"""DeepLab v3+: its parts by hand, where it cannot train, and Xception's dilated blocks."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from segviz.models import DeepLabV3Plus, resnet, xception
from segviz.models.xception import SeparableConvolution, Xception65

SMALL = {"width": 2, "hidden": 4, "fine": 3, "num_classes": 2}
FORMS = [
    {"backbone": "xception65", **SMALL},
    {"backbone": "resnet101", "form": "beta", **SMALL},
    {"backbone": "efficientnet_lite0", "pretrained": False, "hidden": 4, "num_classes": 2},
]


@pytest.fixture(autouse=True)
def short(monkeypatch):
    """ResNet-101 and Xception-65 with few blocks, to keep real runs small."""
    monkeypatch.setattr(resnet, "BLOCKS", (2, 1, 1, 1))
    monkeypatch.setattr(xception, "_MIDDLE", 1)


def draw_statistics(model):
    for norm in model.modules():
        if isinstance(norm, nn.BatchNorm2d):
            nn.init.normal_(norm.running_mean, std=0.1)
            nn.init.uniform_(norm.running_var, 0.5, 2)
    return model.eval()


@pytest.mark.parametrize("backbone", ["xception65", "resnet101"])
@pytest.mark.parametrize("output_stride", [16, 8])
def test_decoder_by_hand(backbone, output_stride):
    """At a size of 16 k + 1 everything is a corner-aligned resize."""
    model = DeepLabV3Plus(backbone=backbone, output_stride=output_stride, **SMALL)
    draw_statistics(model)
    images = torch.rand(1, 3, 49, 33)

    def resized(maps, size):
        return F.interpolate(maps, size, mode="bilinear", align_corners=True)

    with torch.no_grad():
        maps = model.backbone(images)
        deep = maps[output_stride]
        assert deep.shape[2:] == (48 // output_stride + 1, 32 // output_stride + 1)
        branches = [branch(deep) for branch in model.aspp.branches]
        mean = model.aspp.pooling(deep.mean((2, 3), keepdim=True)).expand_as(branches[0])
        coarse = model.aspp.project(torch.cat([*branches, mean], 1))
        reduced = model.reduce(maps[4])
        joined = torch.cat([resized(coarse, (13, 9)), reduced], 1)
        scores = model.classify(model.decoder(joined))
        torch.testing.assert_close(model.scores(images), scores)
        torch.testing.assert_close(model(images), resized(scores, (49, 33)))


def test_rates_of_aspp():
    with torch.device("meta"):
        for output_stride, rates in ((16, [6, 12, 18]), (8, [12, 24, 36])):
            for separable in (True, False):
                model = DeepLabV3Plus(output_stride=output_stride, separable=separable)
                found = [
                    (branch.depthwise if separable else branch).conv.dilation[0]
                    for branch in model.aspp.branches[1:]
                ]
                assert found == rates
                kinds = {isinstance(m, SeparableConvolution) for m in model.decoder}
                assert kinds == {separable}


def test_relu_stands_inside_the_last_block_only():
    def kinds(layer):
        return [type(m).__name__ for m in layer.modules() if not list(m.children())]

    before = ["ReLU", "Conv2d", "BatchNorm2d", "Conv2d", "BatchNorm2d"]
    inside = ["Conv2d", "BatchNorm2d", "ReLU", "Conv2d", "BatchNorm2d", "ReLU"]
    backbone = Xception65(width=1)
    for index, block in enumerate(backbone.blocks):
        for layer in block.layers:
            assert kinds(layer) == (inside if index == 5 else before)
    assert {m.eps for m in backbone.modules() if isinstance(m, nn.BatchNorm2d)} == {1e-3}


@pytest.mark.parametrize("output_stride", [16, 8])
def test_dilation_keeps_the_values_at_the_old_positions(output_stride):
    torch.manual_seed(0)
    sparse = draw_statistics(Xception65(width=4, output_stride=32))
    dense = Xception65(width=4, output_stride=output_stride).eval()
    dense.load_state_dict(sparse.state_dict())
    step = 32 // output_stride
    with torch.no_grad():
        images = torch.rand(1, 3, 65, 97)
        fine, coarse = sparse(images).values()
        same, maps = dense(images).values()
    torch.testing.assert_close(same, fine)
    torch.testing.assert_close(maps[..., ::step, ::step], coarse, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("form", FORMS)
def test_a_single_picture_says_why_it_cannot_train(form):
    model = DeepLabV3Plus(**form)
    with pytest.raises(ValueError, match=r"on one picture .* image_pooling=False or frozen_norm"):
        model(torch.rand(1, 3, 33, 33))
    assert model.eval()(torch.rand(1, 3, 1, 1)).shape == (1, 2, 1, 1)


@pytest.mark.parametrize("form", FORMS[:2])
@pytest.mark.parametrize(
    ("variant", "size"),
    [
        ({}, (2, 3, 1, 1)),
        ({"decoder": False}, (2, 3, 1, 1)),
        ({"image_pooling": False}, (1, 3, 17, 17)),
        ({"frozen_norm": True}, (1, 3, 1, 1)),
    ],
)
def test_smallest_pictures_train(form, variant, size):
    model = DeepLabV3Plus(**form, **variant)
    scores = model(torch.rand(size))
    assert scores.shape == (size[0], 2, *size[2:])
    scores.square().mean().backward()
    trained = [weight for weight in model.parameters() if weight.requires_grad]
    assert all(weight.grad is not None for weight in trained)


@pytest.mark.parametrize("decoder", [True, False])
def test_frozen_backbone_is_left_alone_and_its_maps_suffice(decoder):
    model = DeepLabV3Plus(frozen=True, decoder=decoder, **FORMS[2])
    before = {key: value.clone() for key, value in model.backbone.state_dict().items()}
    model(torch.rand(2, 3, 64, 64)).mean().backward()
    assert not model.backbone.training
    assert model.aspp.training
    assert all(torch.equal(value, before[k]) for k, value in model.backbone.state_dict().items())
    assert all(weight.grad is None for weight in model.backbone.parameters())
    draw_statistics(model)
    images = torch.rand(1, 3, 40, 70)
    with torch.no_grad():
        maps = model.features(images)
        shapes = [tuple(each.shape[1:]) for each in maps]
        assert shapes == [(320, 4, 6), (24, 16, 24)][: 1 + decoder]
        torch.testing.assert_close(model.from_features(maps, (40, 70)), model(images))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"backbone": "vgg16"}, "Use one of 'xception65', 'resnet101', 'efficientnet_lite0'"),
        ({"output_stride": 32}, "Use one of 16, 8"),
        ({"pretrained": True}, "no ImageNet weights of Xception-65"),
        ({"backbone": "resnet101", "pretrained": True, "width": 8}, "width=8"),
        ({"backbone": "efficientnet_lite0", "width": 8}, "width=8"),
        ({"form": "caffe"}, "Use one of 'torchvision', 'beta'"),
        ({"backbone": "resnet101", "form": "beta", "pretrained": True}, "form='torchvision'"),
        ({"rates": [0]}, "rate"),
        ({"rates": []}, r"rates=\[\] must be a list"),
        ({"rates": 6}, "rates=6 must be a list"),
        ({"hidden": 0}, "hidden"),
        ({"fine": None}, "fine"),
        ({"separable": 1}, "separable"),
        ({"decoder": "no"}, "decoder"),
        ({"image_pooling": 0}, "image_pooling"),
        ({"frozen_norm": 1}, "frozen_norm"),
        ({"frozen": True}, r"backbone='xception65': .* only efficientnet_lite0"),
        ({"in_channels": 0}, "in_channels"),
    ],
)
def test_illegal_networks(settings, words):
    with torch.device("meta"), pytest.raises((ValueError, TypeError), match=words):
        DeepLabV3Plus(**settings)
