"""Every network by name: one base test, a row for each."""

import numpy as np
import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode

from segviz.losses import cross_entropy
from segviz.models import (
    FCN,
    DeepLabV2,
    DeepLabV3Plus,
    EfficientNetLite0,
    FCNLadder,
    SegNet,
    SegNetBasic,
    SlidingWindow,
    UNet,
    VNet,
    create,
    to_fully_convolutional,
)

LIGHT = {"backbone": "efficientnet_lite0", "pretrained": False}
DECODERS = ("bilinear", "transposed")
# name, arguments, class, shape of the input, shape of the output
NETWORKS = [
    ("sliding_window", {}, SlidingWindow, (2, 1, 95, 95), (2, 2)),
    ("sliding_window", {"patch_size": 33, "in_channels": 3}, SlidingWindow, (2, 3, 33, 33), (2, 2)),
    ("fcn32s", {}, FCN, (1, 3, 65, 50), (1, 21, 65, 50)),
    ("fcn8s", {"at_once": True, "upsampling": "learned"}, FCN, (1, 3, 65, 50), (1, 21, 65, 50)),
    ("fcn8s", {"grouped": True, "width": 8}, FCN, (1, 3, 1, 1), (1, 21, 1, 1)),
    ("fcn16s", {"num_classes": 4}, FCN, (1, 3, 65, 50), (1, 4, 65, 50)),
    ("fcn8s", {"in_channels": 1}, FCN, (1, 1, 65, 50), (1, 21, 65, 50)),
    *[(f"fcn{s}s", LIGHT, FCNLadder, (2, 3, 65, 50), (2, 21, 65, 50)) for s in (32, 16, 8, 4)],
    ("segnet", {}, SegNet, (1, 3, 45, 61), (1, 11, 45, 61)),
    ("segnet", {"form": "paper", "skips": True}, SegNet, (1, 3, 33, 17), (1, 11, 33, 17)),
    *[("segnet", {"upsampling": u}, SegNet, (1, 3, 33, 17), (1, 11, 33, 17)) for u in DECODERS],
    ("segnet_basic", {}, SegNetBasic, (2, 3, 45, 61), (2, 11, 45, 61)),
    ("deeplab_v2", {}, DeepLabV2, (1, 3, 33, 50), (1, 21, 33, 50)),
    ("deeplab_v2", {"backbone": "vgg16"}, DeepLabV2, (1, 3, 33, 50), (1, 21, 33, 50)),
    ("deeplab_v2", LIGHT | {"multi_scale": True}, DeepLabV2, (2, 3, 65, 50), (2, 21, 65, 50)),
    ("deeplab_v3plus", {}, DeepLabV3Plus, (2, 3, 33, 50), (2, 21, 33, 50)),
    ("deeplab_v3plus", {"backbone": "resnet101"}, DeepLabV3Plus, (2, 3, 17, 18), (2, 21, 17, 18)),
    ("deeplab_v3plus", LIGHT, DeepLabV3Plus, (2, 3, 33, 50), (2, 21, 33, 50)),
    ("unet", {}, UNet, (1, 1, 188, 204), (1, 2, 4, 20)),
    ("unet", {"form": "release", "width": 4}, UNet, (1, 1, 188, 188), (1, 2, 4, 4)),
    ("unet", {"padded": True, "depth": 3, "skips": False}, UNet, (2, 1, 16, 24), (2, 2, 16, 24)),
    ("vnet", {}, VNet, (1, 1, 16, 32, 16), (1, 2, 16, 32, 16)),
    ("vnet", {"form": "release", "norm": "batch"}, VNet, (2, 1, 16, 16, 16), (2, 2, 16, 16, 16)),
    ("vnet", {"norm": "instance", "depth": 2}, VNet, (1, 1, 8, 8, 8), (1, 2, 8, 8, 8)),
]


@pytest.mark.parametrize(("name", "variant", "kind", "given", "shape"), NETWORKS)
def test_made_on_the_meta_device(name, variant, kind, given, shape):
    with torch.device("meta"):
        model = create(name, **variant)
        assert isinstance(model, kind)
        assert model(torch.zeros(given)).shape == shape


@pytest.mark.parametrize(("name", "variant", "kind", "given", "shape"), NETWORKS)
def test_forward_and_loss_stay_on_the_device(name, variant, kind, given, shape):
    """On a fake cuda device an operation raises if a tensor was left behind on the CPU."""
    with FakeTensorMode(), torch.device("cuda"):
        model = create(name, **variant)
        scores = model(torch.rand(given))
        target = torch.zeros((shape[0], *shape[2:]), dtype=torch.int64)
        loss = cross_entropy(scores, target, class_weight=torch.ones(shape[1]))
        assert scores.device.type == loss.device.type == "cuda"


@pytest.mark.parametrize(
    ("name", "variant"), [(row[0], row[1]) for row in NETWORKS] + [("dcan", {})]
)
def test_another_dtype_is_refused_in_words(name, variant):
    """What numpy gives is float64; on the meta device no number is computed."""
    with torch.device("meta"):
        model = create(name, **variant)
        channels, axes = getattr(model, "in_channels", 3), 3 if name == "vnet" else 2
        shape = (2, channels, *([32] * axes))
        for dtype in (torch.float64, torch.float16):
            words = rf"dtype {dtype}.*\.to\(torch\.float32\)"
            with pytest.raises(TypeError, match=words):
                model(torch.zeros(shape, dtype=dtype))
        with pytest.raises(TypeError, match=r"float\(\) / 255"):
            model(torch.zeros(shape, dtype=torch.uint8))


def test_autocast_takes_halves_and_double_networks_take_doubles():
    model = create("unet", width=1, depth=1, padded=True)
    images = torch.rand(1, 1, 4, 4)
    with torch.autocast("cpu", torch.bfloat16):
        assert model(images.bfloat16()).dtype == torch.bfloat16
        with pytest.raises(TypeError, match="float64"):
            model(images.double())
    assert model.double()(images.double()).dtype == torch.float64


def test_pictures_on_another_device_are_refused_in_words():
    with FakeTensorMode():
        model = create("unet", width=1, depth=1, padded=True)
        with pytest.raises(ValueError, match=r"lie on cuda:0, .* weights on cpu: .*\.to\('cpu'\)"):
            model(torch.rand(1, 1, 4, 4, device="cuda"))


@pytest.mark.parametrize("name", ["unet", "segnet"])
def test_numbers_and_none_do_not_meet(name):
    """torch would take some of these, and answer with memory that was never written to."""
    with torch.device("meta"):
        empty = create(name, in_channels=3, width=2)
    words = r"the weights lie on the meta device.* and images do not"
    with pytest.raises(ValueError, match=words):
        empty(torch.rand(1, 3, 188, 188))
    full = create(name, in_channels=3, width=2)
    with pytest.raises(ValueError, match=r"images lie on the meta device.* and the weights do not"):
        full(torch.rand(1, 3, 188, 188, device="meta"))


@pytest.mark.parametrize("name", ["frozen", "pretrained"])
def test_a_switch_of_the_ladder_is_true_or_false(name):
    with pytest.raises(TypeError, match=f"{name}='no' must be a switch"):
        create("fcn8s", backbone="efficientnet_lite0", **{name: "no"})


def test_dense_network_stays_on_the_device():
    classifier = torch.nn.Sequential(
        *create("sliding_window", patch_size=33, width=4)[:4],
        *(torch.nn.AvgPool2d(2), torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten()),
    )
    dense = to_fully_convolutional(classifier, patch_size=33)
    with FakeTensorMode(), torch.device("cuda"):
        weights = {name: torch.rand(w.shape) for name, w in dense.named_parameters()}
        for size in ((40, 80), (5, 3)):  # mirrored once, and again and again
            scores = torch.func.functional_call(dense, weights, torch.rand(1, 1, *size))
            assert scores.device.type == "cuda"
            assert scores.shape == (1, 4, *size)


def test_a_seed_fixes_the_weights_and_nothing_else():
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    one, two, three = (create("sliding_window", patch_size=9, width=2, seed=s) for s in (0, 0, 1))
    assert torch.equal(torch.rand(3), expected)
    assert torch.equal(one[0].weight, two[0].weight)
    assert not torch.equal(one[0].weight, three[0].weight)


@pytest.mark.parametrize(
    ("name", "variant", "words"),
    [
        ("fcn", {}, "none of our networks"),
        (["unet"], {}, "none of our networks"),
        ("unet", {"depth": 100}, "Use at most 12"),
        ("vnet", {"depth": 13}, "Use at most 12"),
        (None, {}, "none of our networks"),
        (3, {}, "none of our networks"),
        ("fcn8s", {"backbone": "resnet"}, "Use efficientnet_lite0 or vgg16"),
        ("fcn4s", {}, "Use efficientnet_lite0"),
        ("fcn8s", {"patch_size": 33}, "patch_size is no argument of FCN"),
        ("sliding_window", {"finest_stride": 8}, "It takes in_channels"),
        ("sliding_window", {"seed": -1}, "seed"),
        ("fcn9s", {"finest_stride": 8, "seed": -1}, "Use fcn8s or fcn4s or fcn32s"),
        ("fcn32s", {"finest_stride": 8}, "^finest_stride=8 cannot be chosen: .* stands for 32"),
        ("fcn4s", LIGHT | {"finest_stride": 4}, "^finest_stride=4 cannot be chosen"),
        ("fcn8s", {"patch_size": 33}, r"^(?!.*finest_stride)"),
    ],
)
def test_illegal_names_and_arguments(name, variant, words):
    with pytest.raises((ValueError, TypeError), match=words):
        create(name, **variant)


TWO = np.array(["vgg16", "efficientnet_lite0"])


@pytest.mark.parametrize("several", [TWO, torch.tensor([8, 16]), list(TWO), ["paper"]])
@pytest.mark.parametrize(
    ("name", "choice", "variant"),
    [
        ("deeplab_v2", "backbone", {}),
        ("deeplab_v2", "backbone", {"frozen": True}),
        ("deeplab_v2", "output_stride", {}),
        ("deeplab_v3plus", "backbone", {}),
        ("fcn8s", "backbone", {}),
        ("fcn8s", "coarsest_stride", LIGHT),
        ("segnet", "upsampling", {}),
        ("unet", "form", {}),
        ("vnet", "norm", {}),
        ("dcan", "upsampling", {}),
    ],
)
def test_several_choices_at_once_are_refused_in_words(name, choice, variant, several):
    words = rf"^(frozen=True with )?{choice}=.*Use (it|one of|efficientnet_lite0 or vgg16)"
    with torch.device("meta"), pytest.raises(ValueError, match=words):
        create(name, **variant, **{choice: several})


def test_whole_numbers_of_numpy_are_choices():
    with torch.device("meta"):
        assert create("deeplab_v2", output_stride=np.int64(16)).stride == 16
        assert FCNLadder(finest_stride=np.int64(4), pretrained=False).decoder.strides[-1] == 4


@pytest.mark.parametrize("backbone", [EfficientNetLite0, FCNLadder])
def test_several_strides_of_the_light_backbone_are_refused_in_words(backbone):
    with pytest.raises(ValueError, match="coarsest_stride="):
        backbone(coarsest_stride=np.array([8, 16]), pretrained=False)
    with pytest.raises(ValueError, match="finest_stride="):
        FCNLadder(finest_stride=np.array([8, 16]), pretrained=False)
