"""DCAN by hand, what it returns, and its loss on a fake GPU."""

import pytest
import torch
import torch.nn.functional as F
from torch._subclasses.fake_tensor import FakeTensorMode

from segviz.losses import dcan_loss
from segviz.models import DCAN, create


def test_scores_by_hand():
    """The maps enlarged before the 1 x 1 convolution, as they are in the network it is after."""
    model = DCAN(3, 2, width=2).eval()
    images = torch.rand(1, 3, 32, 64)
    with torch.no_grad():
        maps, kept = model.normalize(images), []
        for stage in model.stages:
            maps = stage(maps)
            kept.append(maps)
            maps = F.max_pool2d(maps, 2)
        kept = [kept[3], kept[4], model.dense(maps)]
        assert [m.shape[2:] for m in kept] == [(4, 8), (2, 4), (1, 2)]
        found = model(images)
        for task, fused, part in ((model.objects, found.objects, 0), (model.contours, found[1], 1)):
            scores = [
                layer(F.interpolate(m, (32, 64), mode="bilinear"))
                for layer, m in zip(task.classify, kept, strict=True)
            ]
            torch.testing.assert_close(fused, sum(scores), atol=1e-5, rtol=1e-4)
            for pair, one in zip(found.auxiliary, scores, strict=True):
                torch.testing.assert_close(pair[part], one, atol=1e-5, rtol=1e-4)


def test_transposed_convolutions_begin_as_bilinear():
    fixed, learned = DCAN(1, 2, width=2).eval(), DCAN(1, 2, width=2, upsampling="transposed").eval()
    learned.load_state_dict(fixed.state_dict(), strict=False)
    images = torch.rand(1, 1, 160, 160)
    with torch.no_grad():
        one, two = fixed(images).objects, learned(images).objects
    assert torch.allclose(one[..., 16:-16, 16:-16], two[..., 16:-16, 16:-16], atol=1e-5)
    assert all(layer.weight.requires_grad for layer in learned.objects.enlarge)


@pytest.mark.parametrize("upsampling", ["bilinear", "transposed"])
def test_smallest_picture_trains_alone(upsampling):
    model = DCAN(1, 2, width=2, upsampling=upsampling)
    scores = model(torch.rand(1, 1, 32, 32))
    truth = torch.zeros(1, 32, 32, dtype=torch.int64)
    dcan_loss(scores, truth, truth).backward()
    assert all(weight.grad is not None for weight in model.parameters())
    assert DCAN(1, 2, width=1, auxiliary=False)(torch.rand(1, 1, 32, 32)).auxiliary == ()


@pytest.mark.parametrize("variant", [{}, {"upsampling": "transposed"}, {"auxiliary": False}])
def test_by_name_on_the_meta_device_and_on_a_fake_gpu(variant):
    with torch.device("meta"):
        model = create("dcan", num_classes=3, in_channels=1, **variant)
        assert isinstance(model, DCAN)
        assert model(torch.zeros(1, 1, 64, 32)).contours.shape == (1, 3, 64, 32)
    with FakeTensorMode(), torch.device("cuda"):
        scores = create("dcan", **variant)(torch.rand(1, 3, 64, 32))
        truth = torch.zeros(1, 64, 32, dtype=torch.int64)
        assert dcan_loss(scores, truth, truth).device.type == "cuda"


def test_illegal_sizes_name_the_nearest():
    with torch.device("meta"), pytest.raises(ValueError, match=r"Use 512 x 480 or 480 x 480\."):
        DCAN()(torch.zeros(1, 3, 500, 480))


@pytest.mark.parametrize(
    ("size", "sizes"),
    [
        ((33, 31), "64 x 32 or 32 x 32"),  # up along one axis, down along the other
        ((33, 63), "64 x 64 or 32 x 64 or 32 x 32"),
        ((31, 31), "32 x 32"),
        ((48, 48), "64 x 64 or 32 x 32"),
        ((60, 31), "64 x 32"),
    ],
)
def test_the_nearest_size_is_the_nearest_along_each_axis(size, sizes):
    with torch.device("meta"), pytest.raises(ValueError, match=rf" Use {sizes}\.$"):
        DCAN(width=1)(torch.zeros(1, 3, *size))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"upsampling": "nearest"}, "Use one of 'bilinear', 'transposed'"),
        ({"width": 0}, "width"),
        ({"auxiliary": 3}, "auxiliary"),
        ({"num_classes": 1}, "num_classes"),
        ({"pretrained": True, "in_channels": 1}, "in_channels=1"),
    ],
)
def test_illegal_networks(settings, words):
    with torch.device("meta"), pytest.raises((ValueError, TypeError), match=words):
        DCAN(**settings)
