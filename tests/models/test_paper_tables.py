"""Every figure that is known of the papers' networks: one test for each table.

Sources: [P] the paper, [V] the authors' released definition, [C] counted from those layer by layer
in other software. Multiply-adds are in units of 10^9.
"""

import pytest
import torch
from field_agreement import both, differences

from segviz import cost, explain_shapes, receptive_field
from segviz.models import create, fcn, resnet, xception
from segviz.models.blocks import crop


def made(name, **variant):
    with torch.device("meta"):
        return create(name, **variant)


def map_sizes(model, input_size):
    """Rows of every map that has another size than the one before it."""
    sizes = []
    for row in explain_shapes(model, input_size).layers:
        sizes += [row.output_size[1]] if len(row.output_size) > 1 else []
    return [n for i, n in enumerate(sizes) if i == 0 or n != sizes[i - 1]]


# name, arguments, picture, parameters, multiply-adds
SUMMARY = [
    ("fcn32s", {}, (3, 500, 500), 134_346_581, 181.37),  # [V, C]
    ("fcn16s", {}, (3, 500, 500), 134_357_354, 181.45),  # [V, C]
    ("fcn8s", {}, (3, 500, 500), 134_362_751, 181.53),  # [V, C]
    ("fcn8s", {"at_once": True}, (3, 500, 500), 134_362_751, 181.53),  # scales are fixed [V]
    ("dcan", {}, (3, 480, 480), 41_455_424 + 8_204, None),  # trunk and six heads [C]
    ("segnet", {}, (3, 360, 480), 29_449_355, 106.71),  # [V, C]
    ("segnet_basic", {}, (3, 360, 480), 1_416_587, 59.19),  # [V, C]
    ("segnet_basic", {"form": "paper"}, (3, 360, 480), 1_416_064, 59.19),  # without biases [C]
    *[
        ("deeplab_v2", {"backbone": "vgg16", **variant}, (3, 513, 513), parameters, giga)
        for variant, parameters, giga in (
            ({"head": "large_fov"}, 20_505_429, 128.58),  # table 1: 20.5M [P, C]
            ({}, 37_877_652, 201.96),  # ASPP-L [C]
            ({"rates": [4], "kernel_size": 7, "hidden": 4096}, 134_346_581, None),  # 134.3M [P, C]
            ({"rates": [4], "kernel_size": 4, "hidden": 4096}, 65_140_565, None),  # 65.1M [P, C]
            ({"rates": [8], "kernel_size": 4, "hidden": 4096}, 65_140_565, None),  # 65.1M [P, C]
        )
    ],
    ("deeplab_v2", {}, (3, 513, 513), 44_048_532, 188.89),  # ResNet-101, ASPP [V, C]
    ("deeplab_v2", {"frozen_norm": True}, (3, 513, 513), 43_943_188, 188.89),  # [V, C]
    *[
        ("deeplab_v3plus", variant, (3, 513, 513), parameters, giga)
        for variant, parameters, giga in (
            ({}, 41_055_413, 54.04),  # Xception-65, separable; printed 54.17 [P, C]
            ({"output_stride": 8}, 41_055_413, 176.85),  # printed 177.10 [P, C]
            ({"separable": False}, 54_711_461, 86.68),  # [C]
            ({"separable": False, "decoder": False}, 53_407_813, 64.92),  # [C]
            ({"separable": False, "output_stride": 8}, 54_711_461, 248.78),  # [C]
            ({"separable": False, "decoder": False, "output_stride": 8}, 53_407_813, 227.04),  # [C]
            ({"backbone": "resnet101"}, 59_344_309, 92.82),  # floor pooling, 7 x 7 stem [V, C]
            ({"backbone": "resnet101", "separable": True}, 45_688_261, None),  # [C]
            # Three convolutions first, strides last: 97.8 and 273.99, as the printed ones fit [C].
            ({"backbone": "resnet101", "form": "beta"}, 59_468_085, 97.81),
            (
                {"backbone": "resnet101", "form": "beta", "output_stride": 8},
                59_468_085,
                273.99,
            ),
        )
    ],
    ("unet", {}, (1, 572, 572), 31_030_658, 150.43),  # [V, C]
    ("unet", {"form": "release"}, (1, 572, 572), 31_100_354, 157.29),  # [V, C]
    ("unet", {"padded": True}, (1, 32, 32), 31_036_546, None),  # the common port, padded [C]
    ("vnet", {}, (1, 128, 128, 64), 65_175_314, 502.14),  # stage counts from the paper's fields [C]
    ("vnet", {"form": "release"}, (1, 128, 128, 64), 61_982_682, 384.64),  # [V, C]
    ("sliding_window", {}, (1, 95, 95), 219_290, 0.12146),  # [C]
]


@pytest.mark.parametrize(("name", "variant", "size", "parameters", "giga"), SUMMARY)
def test_parameters_and_multiply_adds(name, variant, size, parameters, giga):
    found = cost(made(name, **variant), size)
    assert found.parameters == parameters
    if giga is not None:
        assert found.multiply_adds / 1e9 == pytest.approx(giga, abs=0.005 if giga > 1 else 5e-6)


# name, arguments, picture, layer, pixels along one axis
FIELDS = [
    ("fcn32s", {}, (3, 500, 500), "dense.0", 404),  # fc6 [P, C]
    ("dcan", {}, (3, 480, 480), "dense.0", 404),  # [C]
    ("deeplab_v3plus", {}, (3, 513, 513), "backbone.blocks.20", 1915),  # [C]
    ("deeplab_v3plus", {}, (3, 513, 513), "aspp.branches.3", 2491),  # rate 18 [C]
    ("deeplab_v3plus", {"backbone": "resnet101"}, (3, 513, 513), "backbone.layer4.2", 1003),  # [C]
    ("deeplab_v3plus", {"backbone": "resnet101"}, (3, 513, 513), "aspp.branches.3", 1579),  # [C]
    *[
        ("deeplab_v2", {"backbone": "vgg16"}, (3, 513, 513), layer, pixels)  # [C]
        for layer, pixels in [
            ("backbone.pools.4", 227),
            *[(f"branches.{i}.0", n) for i, n in enumerate((323, 419, 515, 611))],
        ]
    ],
    ("deeplab_v2", {}, (3, 513, 513), "backbone.layer4.2", 1027),  # res5c [C]
    ("deeplab_v2", {}, (3, 513, 513), "branches.3.0", 1411),  # rate 24 [C]
    *[
        ("vnet", {}, (1, 128, 128, 64), f"left.{i}", pixels)  # table 1 of the paper [P]
        for i, pixels in enumerate((5, 22, 72, 172, 372))
    ],
    ("vnet", {"form": "release"}, (1, 128, 128, 64), "left.4", 348),  # [C]
    ("segnet", {}, (3, 360, 480), "encoder.4", 196),  # conv5_3 [C]
    ("segnet", {}, (3, 360, 480), "pool (5)", 212),  # pool5 [C]
    ("segnet_basic", {}, (3, 360, 480), "pool (4)", 106),  # pool4 [P]
    ("unet", {}, (1, 572, 572), "down.4", 140),  # [C]
    ("sliding_window", {}, (1, 95, 95), None, 95),
]


@pytest.mark.parametrize(("name", "variant", "size", "layer", "pixels"), FIELDS)
def test_receptive_field_of_the_deepest_layer(name, variant, size, layer, pixels):
    found = receptive_field(made(name, **variant), size, layer=layer)
    assert set(found.size) == {pixels}


def test_segnet_sizes():
    """Prototxt of the release, 360 x 480 in [V]: channels and sizes of each stage and unpooling."""
    model = made("segnet")
    rows = explain_shapes(model, (3, 360, 480)).layers
    pooled = [row.output_size for row in rows if row.what.startswith("max pooling")]
    assert pooled == [(64, 180, 240), (128, 90, 120), (256, 45, 60), (512, 23, 30), (512, 12, 15)]
    unpooled = [row.output_size for row in rows if row.what.startswith("max unpooling")]
    assert unpooled == [
        (512, 23, 30),
        (512, 45, 60),
        (256, 90, 120),
        (128, 180, 240),
        (64, 360, 480),
    ]
    channels = [[m.out_channels for m in stage[::3]] for stage in model.decoder]
    assert channels == [[512] * 3, [512, 512, 256], [256, 256, 128], [128, 64], [64, 11]]
    channels = [[m.out_channels for m in stage[::3]] for stage in model.encoder]
    assert channels == [[64] * 2, [128] * 2, [256] * 3, [512] * 3, [512] * 3]
    parameters = cost(model, (3, 360, 480)).layers
    convolutions = [row.parameters for row in parameters if row.multiply_adds]
    assert (sum(convolutions[:13]), sum(convolutions[13:])) == (14_714_688, 14_718_795)
    assert receptive_field(model, (3, 360, 480)).layers[-1].largest == (404, 404)


def test_unet_sizes():
    """Figure 1 of the paper [P]; crops per side and the field of an output unit [C]."""
    model = made("unet")
    rows = {row.layer: row for row in explain_shapes(model, (1, 572, 572)).layers}
    down = [[rows[f"down.{i}.{j}"].output_size[1] for j in (0, 2)] for i in range(5)]
    assert down == [[570, 568], [282, 280], [138, 136], [66, 64], [30, 28]]
    up = [
        [rows[f"up.{i}.0"].output_size[1], *(rows[f"merge.{i}.{j}"].output_size[1] for j in (0, 2))]
        for i in range(4)
    ]
    assert up == [[56, 54, 52], [104, 102, 100], [200, 198, 196], [392, 390, 388]]
    crops = [(a[1] - b[0]) // 2 for a, b in zip(down[3::-1], up, strict=True)]
    assert crops == [4, 16, 40, 88]
    assert rows["head"].output_size == (2, 388, 388)
    field = receptive_field(model, (1, 572, 572)).layers[-1]
    assert (field.smallest, field.largest) == ((188, 188), (204, 204))


def test_vnet_stages():
    """Channels, convolutions and sizes of the stages, 128 x 128 x 64 in [P, V]."""
    for form, counts in (("paper", [1, 2, 3, 3, 3]), ("release", [1, 1, 2, 3, 3])):
        model = made("vnet", form=form)
        stages = [*model.left, *model.right]
        found = [sum(isinstance(m, torch.nn.Conv3d) for m in stage.modules()) for stage in stages]
        assert found == [*counts, *counts[-2::-1]]
        channels = [stage.layers[0].out_channels for stage in stages]
        assert channels == [16, 32, 64, 128, 256, 256, 128, 64, 32]
        rows = {
            row.layer: row.output_size for row in explain_shapes(model, (1, 128, 128, 64)).layers
        }
        sizes = [rows[f"{side}.layers.0"][1:] for side in [f"left.{i}" for i in range(5)]]
        assert sizes == [(128 >> i, 128 >> i, 64 >> i) for i in range(5)]
        sizes = [rows[f"right.{i}.layers.0"][1:] for i in range(4)]
        assert sizes == [(128 >> i, 128 >> i, 64 >> i) for i in (3, 2, 1, 0)]


def test_vnet_fields_of_the_paper_and_exact_ones():
    """Table 1 counts 476, 528, 546, 551 for the way up [P]: r += (k - 1) jump, k = 2 up and down.

    Exactly, an output unit depends on 532 to 548 voxels, by the phase of the up-convolutions [C].
    """
    model = made("vnet")
    field, fields = 1, []
    jumps = [1, 2, 4, 8, 16, 8, 4, 2, 1]
    changes = [0, 1, 2, 4, 8, 8, 4, 2, 1]  # the finer one of the two jumps
    for stage, jump, change in zip([*model.left, *model.right], jumps, changes, strict=True):
        convolutions = sum(isinstance(m, torch.nn.Conv3d) for m in stage.modules())
        field += change + 4 * jump * convolutions
        fields.append(field)
    assert fields == [5, 22, 72, 172, 372, 476, 528, 546, 551]
    exact = receptive_field(model, (1, 128, 128, 64)).layers[-1]
    assert (exact.smallest, exact.largest) == ((532,) * 3, (548,) * 3)


def test_deeplab_v2_sizes():
    """VGG-16 at the training crop [V]; score maps of ResNet-101 and their zoom to 513 [V]."""
    vgg = made("deeplab_v2", backbone="vgg16")
    rows = explain_shapes(vgg, (3, 321, 321)).layers
    pooled = [row.output_size[1] for row in rows if row.what.startswith("max pooling")]
    assert pooled == [161, 81, 41, 41, 41]
    resnet = made("deeplab_v2")
    for size, scores in ((321, 41), (513, 65), (32 * 5 - 31, 17)):
        for model in (vgg, resnet):
            images = torch.zeros(1, 3, size, size, device="meta")
            assert model.scores(images).shape[2:] == (scores, scores)
            assert (scores - 1) * 8 + 1 == size


def test_atrous_kernels():
    """3 x 3 at rate 6 to 24: taps, and the pixels that they span at stride 8 [C]."""
    for rate, taps, pixels in ((6, 13, 97), (12, 25, 193), (18, 37, 289), (24, 49, 385)):
        assert receptive_field([(3, 1, 0, rate)]).size == (taps,)
        assert receptive_field([(1, 8), (3, 1, 0, rate)]).size == (pixels,)


@pytest.mark.parametrize("backbone", ["xception65", "resnet101"])
def test_deeplab_v3plus_sizes(backbone):
    """513 x 513 at output stride 16: 33 -> ASPP 1280 -> 256, 129 with 256 + 48, 513 [P, V]."""
    model = made("deeplab_v3plus", backbone=backbone)
    rows = {row.layer: row.output_size for row in explain_shapes(model, (3, 513, 513)).layers}
    joined = [size for layer, size in rows.items() if layer.endswith("cat")]
    assert joined == [(1280, 33, 33), (304, 129, 129)]
    assert rows["aspp.project.conv"] == (256, 33, 33)
    assert rows["classify"] == (21, 129, 129)
    assert (model.backbone.channels[4], model.backbone.channels[16]) == (256, 2048)
    assert model.eval()(torch.zeros(1, 3, 513, 513, device="meta")).shape[2:] == (513, 513)


def test_xception_is_the_authors():
    """Blocks of the authors' code [V]; its parameters, as in two other implementations [C]."""
    backbone = made("deeplab_v3plus").backbone
    assert sum(weight.numel() for weight in backbone.parameters()) == 37_867_312
    convolutions = [
        [layer.pointwise.conv.out_channels for layer in block.layers] for block in backbone.blocks
    ]
    middle = [[728] * 3] * 17  # the last one of the entry flow, and 16
    assert convolutions == [[128] * 3, [256] * 3, *middle, [728, 1024, 1024], [1536, 1536, 2048]]
    rates = [block.layers[0].depthwise.conv.dilation[0] for block in backbone.blocks]
    assert rates == [1] * 20 + [2]
    rates = [
        block.layers[0].depthwise.conv.dilation[0]
        for block in made("deeplab_v3plus", output_stride=8).backbone.blocks
    ]
    assert rates == [1] * 3 + [2] * 17 + [4]


# name, parameters of the fixed upsampling, its kernel and stride each time, crops
FCN_LADDERS = [
    ("fcn32s", 1_806_336, [(64, 32)], [19]),
    ("fcn16s", 458_640, [(4, 2), (32, 16)], [5, 27]),
    ("fcn8s", 127_008, [(4, 2), (4, 2), (16, 8)], [5, 9, 31]),
]


@pytest.mark.parametrize(("name", "fixed", "kernels", "crops"), FCN_LADDERS)
def test_fcn_upsampling_and_crops(name, fixed, kernels, crops, monkeypatch):
    """Prototxt of the release, 500 x 500 in [V]; sizes [C]."""
    model = made(name)
    assert cost(model, (3, 500, 500)).frozen_parameters == fixed
    found = [(layer.kernel_size[0], layer.stride[0]) for layer in model.upsample.values()]
    assert found == kernels
    offsets = []
    monkeypatch.setattr(
        fcn, "crop", lambda maps, offset, size: offsets.append(offset) or crop(maps, offset, size)
    )
    rows = {row.layer: row.output_size[1] for row in explain_shapes(model, (3, 500, 500)).layers}
    assert offsets == crops
    assert rows["stages.0.0"] == 698
    assert [rows[f"pools.{i}"] for i in range(5)] == [349, 175, 88, 44, 22]
    assert rows["dense.0"] == 16
    enlarged = {key: rows[f"upsample.{key}"] for key in model.upsample}
    assert enlarged == {"16": 34, "8": 70, "1": 568} if name == "fcn8s" else enlarged["1"] >= 500


def test_dcan_trunk():
    """VGG-16, 7 x 7 x 1024, 1 x 1 x 1024: parameters, multiply-adds at 480 x 480, and sizes [C]."""
    model = made("dcan")
    found = cost(model, (3, 480, 480))
    heads = [row for row in found.layers if ".classify." in row.layer]
    assert sum(row.parameters for row in heads) == 8_204
    trunk = found.multiply_adds - sum(row.multiply_adds for row in heads)
    assert trunk / 1e9 == pytest.approx(76.49, abs=0.005)
    rows = {row.layer: row.output_size for row in explain_shapes(model, (3, 480, 480)).layers}
    assert [rows[f"objects.classify.{i}"][1] if f"objects.classify.{i}" in rows else None
            for i in range(3)] == [60, 30, 15]  # fmt: skip
    assert [size[1:] for size in (rows["dense.0"],)] == [(15, 15)]


SMALL = [
    ("unet", {"width": 1, "depth": 2}, (1, 76, 60), (7, 5)),
    ("vnet", {"width": 1, "depth": 2}, (1, 12, 8, 16), None),
    ("segnet", {"width": 1}, (3, 45, 33), (7, 20)),
    ("segnet_basic", {"width": 1}, (3, 45, 33), (7, 20)),
    ("fcn8s", {"width": 1}, (3, 45, 33), (7, 20)),
    ("deeplab_v2", {"width": 1}, (3, 65, 44), (20, 7)),
    ("deeplab_v2", {"width": 1, "hidden": 2, "backbone": "vgg16"}, (3, 65, 49), (20, 7)),
    ("deeplab_v3plus", {"width": 1, "hidden": 2, "image_pooling": False}, (3, 65, 44), (20, 7)),
    ("dcan", {"width": 1}, (3, 64, 32), (20, 7)),
]


@pytest.mark.parametrize(("name", "variant", "size", "unit"), SMALL)
def test_formula_and_gradient_agree_on_every_network(name, variant, size, unit, monkeypatch):
    """The field of an output unit of a narrow copy with few blocks."""
    monkeypatch.setattr(resnet, "BLOCKS", (1, 1, 1, 1))
    monkeypatch.setattr(xception, "_MIDDLE", 1)
    found = both(made(name, num_classes=2, **variant), size, unit=unit)
    assert differences(*found) == {}
