"""receptive_field: against the papers' figures, the gradient, the textbook and by hand."""

from __future__ import annotations

import itertools
import pickle

import paper_networks as paper
import pytest
import torch
from field_agreement import agree, both, differences
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from segviz import receptive_field

CONV = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}
TRANSPOSED = {1: nn.ConvTranspose1d, 2: nn.ConvTranspose2d, 3: nn.ConvTranspose3d}
MAX_POOL = {1: nn.MaxPool1d, 2: nn.MaxPool2d, 3: nn.MaxPool3d}

numbers = st.integers
setting = st.tuples(numbers(1, 7), numbers(1, 4), numbers(0, 4), numbers(1, 4))


@settings(deadline=None, max_examples=60)
@given(st.lists(setting, min_size=1, max_size=6))
def test_formula_and_gradient_equal_the_textbook_on_a_list(layers):
    """r <- r + (k - 1) d j and j <- j s, from r = j = 1."""
    size = jump = 1
    for kernel_size, stride, _, dilation in layers:
        size += (kernel_size - 1) * dilation * jump
        jump *= stride
    assume(size < 600)
    formula = agree(layers, None)
    assert (formula.size, formula.jump, formula.clipped) == ((size,), (jump,), False)


def test_two_convolutions_by_hand():
    """A 3 wide kernel at stride 2 and one of 3: unit u sees 2u - 3 to 2u + 3 with padding 1, 1."""
    found = receptive_field([(3, 2, 1), (3, 1, 1)], 20)
    assert (found.size, found.start, found.jump) == ((7,), (2 * found.unit[0] - 3,), (2,))
    assert found.centre == (2.0 * found.unit[0],)


def test_the_last_unit_of_a_padded_row_is_clipped():
    found = receptive_field([(3, 1, 1), (3, 1, 1)], 8, unit=0)
    assert (found.size, found.start, found.visible) == ((5,), (-2,), ((0, 2),))
    assert found.clipped
    assert "The border cuts" not in repr(found)
    assert "At the border the unit sees length 0 to 2." in repr(found)


def test_transposed_units_of_different_phase_see_different_numbers():
    """Kernel 3, stride 2: even units take one or two stamps, odd units one (hand-worked)."""
    model = nn.ConvTranspose1d(1, 1, 3, 2)
    sizes = [agree(model, (1, 8), unit=unit).size[0] for unit in range(4, 8)]
    assert sizes == [2, 1, 2, 1]
    (row,) = receptive_field(model, (1, 8)).layers
    assert (row.smallest, row.largest, row.jump) == ((1,), (2,), (0.5,))


def test_units_that_depend_on_nothing():
    """Kernel 1 at stride 2 is a bed of nails: odd units hold only the bias."""
    model = nn.ConvTranspose2d(1, 1, 1, 2)
    assert agree(model, (1, 5, 5), unit=(2, 2)).size == (1, 1)
    nothing = agree(model, (1, 5, 5), unit=(2, 3))
    assert (nothing.size, nothing.visible, nothing.clipped) == ((0, 0), None, False)
    assert "depends on no pixel" in repr(nothing)


class Skip(nn.Module):
    """Bed of nails beside a skip: an odd row must not borrow the nails' columns."""

    def __init__(self):
        super().__init__()
        self.down = nn.Conv2d(1, 1, 5, 2, 2)
        self.nails = nn.ConvTranspose2d(1, 1, 1, 2, output_padding=1)

    def forward(self, x):
        return torch.cat([x, self.nails(self.down(x))], 1)


@pytest.mark.parametrize(("unit", "size"), [((8, 8), (5, 5)), ((7, 8), (1, 1)), ((8, 7), (1, 1))])
def test_a_branch_counts_only_where_it_reaches_along_every_axis(unit, size):
    assert agree(Skip(), (1, 16, 16), unit=unit).size == size
    (row,) = [row for row in receptive_field(Skip(), (1, 16, 16)).layers if row.layer == "cat"]
    assert (row.smallest, row.largest) == ((1, 1), (5, 5))


# ---- networks of the papers -----------------------------------------------------------------


def meta(network, *args, **kwargs):
    with torch.device("meta"):
        return network(*args, **kwargs)


@pytest.mark.parametrize(
    ("network", "input_size", "layer", "size"),
    [
        (paper.FCN32s, (3, 500, 500), "fc6", 404),
        (paper.SegNet, (3, 360, 480), "encoder.28", 196),
        (paper.SegNet, (3, 360, 480), "encoder.30", 212),
        (paper.UNet, (1, 572, 572), "bottom", 140),
        (paper.N4, (1, 95, 95), None, 95),
    ],
)
def test_papers_networks_have_the_published_fields(network, input_size, layer, size):
    assert receptive_field(meta(network), input_size, layer=layer).size == (size, size)


@pytest.mark.parametrize(
    ("network", "input_size", "unit"),
    [(paper.UNet, (1, 220, 236), (7, 30)), (paper.SegNet, (3, 90, 61), (44, 20))],
)
def test_gradients_of_the_papers_networks_agree(network, input_size, unit):
    assert differences(*both(meta(network), input_size, unit=unit)) == {}


def test_output_units_of_the_papers_networks():
    unet = receptive_field(meta(paper.UNet), (1, 572, 572)).layers[-1]
    assert (unet.smallest, unet.largest) == ((188, 188), (204, 204))
    segnet = receptive_field(meta(paper.SegNet), (3, 360, 480)).layers[-1]
    assert segnet.largest == (404, 404)


VGG = [
    (2, 2) if width == "P" else (3, 1, 1) for width in paper.VGG
]  # (kernel_size, stride, padding)
DEEPLAB_POOLS = iter([(3, 2, 1)] * 3 + [(3, 1, 1)] * 2)
DEEPLAB = [next(DEEPLAB_POOLS) if layer == (2, 2) else layer for layer in VGG]
DEEPLAB[-4:-1] = [(3, 1, 2, 2)] * 3
ALEXNET = [(11, 4), (3, 2), (5, 1, 2), (3, 2), (3, 1, 1), (3, 1, 1), (3, 1, 1), (3, 2), (6,)]


@pytest.mark.parametrize(
    ("layers", "size"),
    [
        (VGG, 212),
        ([*VGG, (7,)], 404),
        (ALEXNET, 355),
        (DEEPLAB, 227),
        ([*DEEPLAB, (3, 1, 12, 12)], 419),
        ([*DEEPLAB, (3, 1, 24, 24)], 611),
    ],
)
def test_lists_of_layers_have_the_published_fields(layers, size):
    assert agree(layers, None).size == (size,)


class VNet(nn.Module):
    """Milletari, Navab, Ahmadi 2016, one channel wide: 1, 2, 3, 3, 3 convolutions of 5x5x5."""

    def __init__(self):
        super().__init__()
        self.left = nn.ModuleList(self.stage(1, n) for n in (1, 2, 3, 3, 3))
        self.down = nn.ModuleList(nn.Conv3d(1, 1, 2, 2) for _ in range(4))
        self.up = nn.ModuleList(nn.ConvTranspose3d(1, 1, 2, 2) for _ in range(4))
        self.right = nn.ModuleList(self.stage(2, n) for n in (3, 3, 2, 1))

    @staticmethod
    def stage(inputs, convolutions):
        widths = [inputs] + [1] * convolutions
        pairs = itertools.pairwise(widths)
        return nn.Sequential(*[nn.Conv3d(a, b, 5, padding=2) for a, b in pairs])

    def forward(self, x):
        kept = []
        for stage, down in zip(self.left, self.down, strict=False):
            x = x + stage(x)
            kept.append(x)
            x = down(x)
        x = x + self.left[-1](x)
        for up, stage in zip(self.up, self.right, strict=True):
            both = torch.cat([up(x), kept.pop()], 1)
            x = stage(both) + both.mean(1, keepdim=True)
        return x


def test_vnet_in_3d():
    bottom = receptive_field(VNet(), (1, 32, 32, 64), layer="left.4")
    assert bottom.size == (372,) * 3
    row = receptive_field(VNet(), (1, 128, 128, 64)).layers[-1]
    assert (row.smallest, row.largest) == ((532,) * 3, (548,) * 3)
    agree(VNet(), (1, 32, 16, 48), unit=(5, 11, 40))


class Nearest(nn.Module):
    """The U-Net of a public course, whose helper prints 22, 64, 164 pixels for these depths."""

    def __init__(self, depth):
        super().__init__()
        form = {"padding": 1}
        self.down = nn.ModuleList(paper.double(1, 1, **form) for _ in range(depth))
        self.up = nn.ModuleList(paper.double(2, 1, **form) for _ in range(depth - 1))

    def forward(self, x):
        kept = []
        for block in self.down[:-1]:
            kept.append(block(x))
            x = F.max_pool2d(kept[-1], 2)
        x = self.down[-1](x)
        for block in self.up:
            x = block(torch.cat([kept.pop(), F.interpolate(x, scale_factor=2)], 1))
        return x


@pytest.mark.parametrize(("depth", "truth"), [(2, 18), (3, 44), (4, 100)])
def test_where_public_courses_print_22_64_and_164(depth, truth):
    side = 2 * truth + 2**depth - (2 * truth) % 2**depth
    middle = side // 2
    fields = [
        agree(Nearest(depth), (1, side, side), unit=(middle + phase,) * 2).size[0]
        for phase in range(2 ** (depth - 1))
    ]
    assert max(fields) == truth
    assert receptive_field(Nearest(depth), (1, side, side)).layers[-1].largest == (truth, truth)


@pytest.mark.parametrize("image_pooling", [False, True])
def test_aspp(image_pooling):
    """Stride 8 trunk of field 15, then taps 24 units of 8 pixels away on either side."""
    found = agree(paper.ASPP(image_pooling=image_pooling), (3, 513, 513))
    if not image_pooling:
        assert found.size == (2 * 24 * 8 + 15,) * 2


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_padded_unet_in_every_number_of_axes(axes):
    model = paper.PaddedUNet(CONV[axes], MAX_POOL[axes], TRANSPOSED[axes])
    assert agree(model, (1, *[64] * axes), unit=[32] * axes).size == (44,) * axes


def test_residual_networks_with_batch_norm_in_place():
    torchvision = pytest.importorskip("torchvision")
    resnet, mobilenet = torchvision.models.resnet18, torchvision.models.mobilenet_v3_small
    assert differences(*both(meta(resnet), (3, 96, 128), layer="layer3")) == {}
    assert differences(*both(meta(mobilenet), (3, 96, 128))) == {}


def test_gradient_does_not_depend_on_the_weights():
    """Zero weights, dead ReLUs and a maximum's losers hide nothing."""
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(4, 1, 3))
    for parameter in model.parameters():
        nn.init.constant_(parameter, -1.0)
    nn.init.zeros_(model[3].weight)
    assert agree(model, (1, 32, 32)).size == (8, 8)


def test_gradient_tells_which_pixels_a_dilated_kernel_touches():
    pixels = receptive_field([(3, 1, 0, 2)], 7, by="gradient").pixels
    assert pixels is not None
    assert pixels.tolist() == [False, True, False, True, False, True, False]


def test_normalisation_statistics_are_left_out():
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.GroupNorm(2, 4), nn.InstanceNorm2d(4))
    assert agree(model, (1, 9, 9)).size == (3, 3)


def test_layers_by_name_and_repeated_calls():
    shared = nn.Conv1d(1, 1, 3)
    model = nn.Sequential(shared, nn.ReLU(), shared, shared)
    sizes = [agree(model, (1, 20), layer=name).size for name in ("0", "0 (2)", "0 (3)")]
    assert sizes == [(3,), (5,), (7,)]
    assert receptive_field(Skip(), (1, 16, 16), layer="cat").layer == "cat"


# ---- what it returns, and what it leaves alone ------------------------------------------------


def test_repr_is_text_and_html_without_addresses():
    found = receptive_field(paper.PaddedUNet(), (1, 64, 64))
    assert repr(found) == repr(receptive_field(paper.PaddedUNet(), (1, 64, 64)))
    assert "0x" not in repr(found)
    html = found._repr_html_()
    assert '<th scope="row"' in html
    assert "<caption" in html
    assert pickle.loads(pickle.dumps(found)) == found


def test_the_callers_model_is_untouched():
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Dropout()).train()
    seen = []
    model.register_forward_hook(lambda *_: seen.append(1))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    for by in ("formula", "gradient"):
        receptive_field(model, (1, 16, 16), by=by)
    assert not seen
    assert model.training
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


@pytest.mark.parametrize(
    ("arguments", "kind", "text"),
    [
        ({"model": 3, "input_size": (1, 8, 8)}, TypeError, "torch.nn.Module"),
        ({"model": nn.Conv2d, "input_size": (1, 8, 8)}, TypeError, "torch.nn.Module"),
        ({"model": nn.Conv2d(1, 1, 3)}, TypeError, "input_size is missing"),
        ({"model": nn.Linear(3, 2), "input_size": (3,)}, ValueError, "no rows and columns"),
        ({"model": []}, ValueError, "no layer"),
        ({"model": [3]}, TypeError, "must be a tuple"),
        ({"model": [()]}, ValueError, "has 0 numbers"),
        ({"model": [(3, 0)]}, ValueError, "stride of layer 0=0 must be at least 1"),
        ({"model": [(3, 1, -1)]}, ValueError, "padding of layer 0=-1"),
        ({"model": [(3, 1.5)]}, TypeError, "whole number"),
        ({"model": [((3, 3), 1), ((3, 3, 3), 1)]}, ValueError, "one number per axis"),
        ({"model": [(3,)], "input_size": 2}, ValueError, "larger than the map of the picture"),
        ({"model": [(3,)], "by": "magic"}, ValueError, "neither 'formula' nor 'gradient'"),
        ({"model": [(3,)], "unit": 99}, ValueError, "outside the map"),
        ({"model": [(3,)], "unit": -1}, ValueError, "unit=-1"),
        ({"model": [(3,)], "layer": "conv"}, ValueError, "none of the"),
        ({"model": [(3,)], "layer": 3}, ValueError, "none of the"),
        (
            {"model": Skip(), "input_size": (1, 8, 8), "layer": "cat", "by": "gradient"},
            ValueError,
            "by=",
        ),
        ({"model": [(3, 9)] * 30}, ValueError, "larger than any picture"),
    ],
)
def test_errors_say_what_to_do(arguments, kind, text):
    with pytest.raises(kind) as caught:
        receptive_field(**arguments)
    assert text in str(caught.value)
    assert len(str(caught.value)) < 320


class Attention(nn.Module):
    def forward(self, x):
        flat = x.flatten(2)
        return (flat @ (flat.transpose(1, 2) @ flat)).view(x.shape)


class Side(nn.Module):
    def forward(self, x):
        return torch.cat([x, x], dim=2)


@pytest.mark.parametrize("part", [Attention(), Side(), nn.Unflatten(2, (2, 4))])
def test_what_the_formula_does_not_know_is_refused_by_name(part):
    model = nn.Sequential(nn.Conv2d(1, 2, 1), part)
    with pytest.raises(ValueError, match=r"the formula does not know what '.*' does"):
        receptive_field(model, (1, 8, 8))
    receptive_field(model, (1, 8, 8), layer="0")  # what stands before it is still known


anything = st.one_of(
    st.none(),
    st.booleans(),
    st.floats(),
    st.text(max_size=3),
    numbers(-3, 9),
    st.lists(numbers(-2, 12), max_size=5).map(tuple),
    st.lists(st.floats(), max_size=3),
)


@settings(deadline=None, max_examples=150)
@given(anything, anything, anything, anything)
def test_bad_input_never_ends_in_a_foreign_error(input_size, layer, unit, by):
    model, messages = nn.Sequential(nn.Conv2d(3, 2, 3), nn.ReLU()), []
    for chosen in (model, [(3, 2, 1)], input_size):
        for way in ("formula", "gradient", by):
            try:
                receptive_field(chosen, input_size, layer=layer, unit=unit, by=way)
            except (ValueError, TypeError) as error:
                messages.append(str(error))
    assert all(message.endswith(".") for message in messages)
