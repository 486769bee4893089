"""DeepLab v2: its branches, fusions, scales and places by hand; ResNet-101 as torchvision's."""

import pytest
import torch
import torch.nn.functional as F
import torchvision
from torch import nn

from segviz.models import DeepLabV2, resnet
from segviz.models.resnet import ResNet101
from segviz.models.upsampling import enlarge

FORMS = [
    {"backbone": "vgg16", "width": 2, "hidden": 3},
    {"backbone": "resnet101", "width": 2},
    {"backbone": "efficientnet_lite0", "pretrained": False},
]


@pytest.fixture
def short(monkeypatch):
    """ResNet-101 with few blocks, to keep real runs small."""
    monkeypatch.setattr(resnet, "BLOCKS", (1, 1, 2, 1))


def torchvision_resnet(blocks=(1, 1, 2, 1)):
    return torchvision.models.ResNet(torchvision.models.resnet.Bottleneck, blocks)


def draw_statistics(model):
    """Give every batch norm running statistics of its own."""
    for norm in model.modules():
        if isinstance(norm, nn.BatchNorm2d):
            nn.init.normal_(norm.running_mean)
            nn.init.uniform_(norm.running_var, 0.5, 2)
            nn.init.uniform_(norm.weight, 0.5, 1)
    return model.eval()


def test_resnet_gives_torchvisions_maps(short, monkeypatch):
    theirs = draw_statistics(torchvision_resnet())
    monkeypatch.setattr(resnet, "torchvision_weights", lambda name: theirs.state_dict())
    ours = ResNet101(pretrained=True).eval()
    images = torch.rand(1, 3, 65, 50)
    with torch.no_grad():
        maps = theirs.maxpool(theirs.relu(theirs.bn1(theirs.conv1(ours.normalize(images)))))
        for stride, found in ours(images).items():
            maps = theirs.get_submodule(f"layer{stride.bit_length() - 2}")(maps)
            assert torch.allclose(found, maps, rtol=1e-4, atol=1e-4)


def test_names_of_the_whole_resnet101_are_torchvisions():
    with torch.device("meta"):
        theirs = {k: v.shape for k, v in torchvision.models.resnet101().state_dict().items()}
        ours = {k: v.shape for k, v in ResNet101(pretrained=True).state_dict().items()}
    assert ours == {k: v for k, v in theirs.items() if not k.startswith("fc.")}


@pytest.mark.parametrize("output_stride", [16, 8])
@pytest.mark.parametrize("form", ["caffe", "beta"])
def test_dilation_keeps_the_values_at_the_old_positions(short, output_stride, form):
    torch.manual_seed(0)
    sparse = draw_statistics(ResNet101(width=4, form=form))
    dense = ResNet101(width=4, form=form, output_stride=output_stride).eval()
    dense.load_state_dict(sparse.state_dict())
    step = 32 // output_stride
    with torch.no_grad():
        images = torch.rand(1, 3, 97, 65)
        kept = dense(images)[output_stride][..., ::step, ::step]
        torch.testing.assert_close(kept, sparse(images)[32], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("size", [(9, 17), (12, 20), (1, 3), (16, 11)])
def test_units_come_to_stand_on_their_pixels(size):
    maps = torch.rand(1, 2, *(-(-n // 8) if n % 8 != 1 else n // 8 + 1 for n in size))
    larger = enlarge(maps, 8, size)
    assert larger.shape[2:] == size
    there = larger[..., ::8, ::8]
    assert torch.allclose(there, maps[..., : there.shape[2], : there.shape[3]], atol=1e-6)


@pytest.mark.parametrize("form", FORMS[:2])
@pytest.mark.parametrize("fusion", ["sum", "average", "maximum", "concatenation"])
def test_fusions_by_hand(short, form, fusion):
    model = DeepLabV2(num_classes=4, fusion=fusion, **form).eval()
    images = torch.rand(1, 3, 40, 33)
    with torch.no_grad():
        stacked = torch.stack(model.branch_scores(images))
        assert len(stacked) == 4
        expected = {
            "sum": stacked.sum(0),
            "average": stacked.mean(0),
            "maximum": stacked.amax(0),
        }.get(fusion)
        if fusion == "concatenation":
            expected = model.join(torch.cat(tuple(stacked), 1))
        torch.testing.assert_close(model.scores(images), expected)
        assert model(images).shape == (1, 4, 40, 33)


@pytest.mark.parametrize("form", FORMS[:2])
def test_multi_scale_is_the_maximum(short, form):
    torch.manual_seed(0)
    model = DeepLabV2(num_classes=4, multi_scale=True, **form).eval()
    images = torch.rand(1, 3, 65, 33)
    with torch.no_grad():
        half, most, whole = model.scores_of_scales(images)
        model.multi_scale = False
        half_size = F.interpolate(images, (33, 17), mode="bilinear", align_corners=True)
        torch.testing.assert_close(half, model.scores(half_size))
        torch.testing.assert_close(whole, model.scores(images))
        model.multi_scale = True
        resized = [
            F.interpolate(s, whole.shape[2:], mode="bilinear", align_corners=True)
            for s in (half, most, whole)
        ]
        torch.testing.assert_close(model.scores(images), torch.stack(resized).amax(0))


@pytest.mark.parametrize(("form", "size"), list(zip(FORMS, [(1, 1), (7, 1), (33, 9)], strict=True)))
def test_smallest_picture_trains_alone(short, form, size):
    model = DeepLabV2(num_classes=2, **form)
    scores = model(torch.rand(1, 3, *size))
    assert scores.shape == (1, 2, *size)
    scores.square().mean().backward()
    assert all(weight.grad is not None for weight in model.parameters())
    if form["backbone"] == "resnet101":
        with pytest.raises(ValueError, match=r"map is 1 x 1: .* at least two pictures"):
            model(torch.rand(1, 3, 6, 1))
        assert DeepLabV2(frozen_norm=True, **form)(torch.rand(1, 3, 1, 1)).shape == (1, 21, 1, 1)


def test_frozen_norms_stay_as_they_are(short):
    model = DeepLabV2(width=2, num_classes=2, frozen_norm=True).train()
    before = {k: v.clone() for k, v in model.named_buffers()}
    model(torch.rand(2, 3, 33, 33)).mean().backward()
    assert all(torch.equal(v, before[k]) for k, v in model.named_buffers())
    norms = [m for m in model.modules() if isinstance(m, nn.BatchNorm2d)]
    assert not any(norm.training or norm.weight.requires_grad for norm in norms)
    assert model.training


LIGHT = {"backbone": "efficientnet_lite0", "pretrained": False, "num_classes": 2}


def test_frozen_backbone_stays_as_it_is():
    model = DeepLabV2(frozen=True, norm=True, output_stride=16, **LIGHT)
    before = {key: value.clone() for key, value in model.backbone.state_dict().items()}
    model(torch.rand(2, 3, 64, 64)).mean().backward()
    assert not model.backbone.training
    assert model.norm.training
    assert all(torch.equal(value, before[k]) for k, value in model.backbone.state_dict().items())
    trained = {name for name, weight in model.named_parameters() if weight.grad is not None}
    assert trained == {name for name, _ in model.named_parameters() if "backbone" not in name}
    thawed = DeepLabV2(**LIGHT)
    assert thawed.backbone.training
    assert all(weight.requires_grad for weight in thawed.parameters())
    assert not thawed.eval().backbone.training


@pytest.mark.parametrize("fusion", ["sum", "concatenation"])
def test_scores_from_features_are_those_of_the_picture(fusion):
    model = draw_statistics(DeepLabV2(fusion=fusion, norm=True, rates=[1, 2], **LIGHT))
    images = torch.rand(1, 3, 40, 70)
    with torch.no_grad():
        (deep,) = maps = model.features(images)
        assert deep.shape == (1, 320, 8, 12)  # filled up to 64 x 96
        torch.testing.assert_close(model.from_features(maps, (40, 70)), model(images))
        norm = model.norm
        scaled = (deep - norm.running_mean[:, None, None]) / (
            norm.running_var[:, None, None] + norm.eps
        ).sqrt() * norm.weight[:, None, None] + norm.bias[:, None, None]
        by_hand = [branch(scaled) for branch in model.branches]
        torch.testing.assert_close(model.branch_scores(images), by_hand)


def test_norm_says_why_it_cannot_train_on_one_value():
    model = DeepLabV2(norm=True, output_stride=32, frozen=True, **LIGHT)
    with pytest.raises(ValueError, match=r"map is 1 x 1: .* at least two pictures"):
        model(torch.rand(1, 3, 32, 32))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"backbone": "resnet50"}, "Use one of 'resnet101', 'vgg16', 'efficientnet_lite0'"),
        ({"head": "aspp"}, "Use one of 'aspp_l'"),
        ({"fusion": "mean"}, "Use one of 'sum'"),
        ({"form": "beta"}, "Use one of 'caffe', 'torchvision'"),
        ({"output_stride": 4}, "Use one of 8, 16, 32"),
        ({"backbone": "vgg16", "output_stride": 16}, "Use one of 8"),
        ({"backbone": "vgg16", "kernel_size": 4, "rates": [3]}, "even rate"),
        ({"backbone": "vgg16", "hidden": 0}, "hidden"),
        ({"backbone": "vgg16", "kernel_size": 1.5}, "kernel_size"),
        ({"hidden": 512}, r"hidden=512 with backbone='resnet101': .* Use backbone='vgg16'"),
        ({"backbone": "efficientnet_lite0", "kernel_size": 7}, "kernel_size=7 with backbone"),
        ({"rates": [0]}, "rate"),
        ({"rates": []}, r"rates=\[\] must be a list"),
        ({"rates": 6}, "rates=6 must be a list"),
        ({"pretrained": True}, "form='torchvision'"),
        ({"pretrained": True, "form": "torchvision", "in_channels": 1}, "in_channels=1"),
        ({"backbone": "efficientnet_lite0", "in_channels": 1}, "in_channels=1"),
        ({"multi_scale": 1}, "multi_scale"),
        ({"frozen_norm": None}, "frozen_norm"),
        ({"norm": 1}, "norm"),
        ({"frozen": None}, "frozen"),
        ({"frozen": True}, r"backbone='resnet101': .* only efficientnet_lite0"),
        ({"width": -1}, "width"),
        ({"num_classes": 1}, "num_classes"),
    ],
)
def test_illegal_networks(settings, words):
    with torch.device("meta"), pytest.raises((ValueError, TypeError), match=words):
        DeepLabV2(**settings)
