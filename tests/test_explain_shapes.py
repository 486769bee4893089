"""explain_shapes: its formulas evaluated, its clashes against torch, its advice by brute force."""

from __future__ import annotations

import math
import pickle
import re
from html.parser import HTMLParser

import paper_networks as paper
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from random_networks import networks
from torch import nn
from torch.nn import functional as F

from segviz import explain_shapes
from segviz.models import UNet
from segviz.ops.encoder_decoder import nearest_unet_sizes


def meta(network, *args, **kwargs):
    with torch.device("meta"):
        return network(*args, **kwargs)


def runs(model, size):
    """Return the output of a real run, or None where torch refuses."""
    try:
        with torch.no_grad():
            return model.eval()(torch.zeros(1, *size))
    except (RuntimeError, ValueError):
        return None


def evaluated(formula):
    """Yield (left side worked out, right side) of each equation in a formula."""
    for part in formula.split("; "):
        equation = re.fullmatch(r"(?:\w+: )?(.+) = (\d+)(?:, .*)?", part)
        if equation:
            names = {"ceil": math.ceil, "floor": math.floor}
            yield eval(equation[1], {"__builtins__": {}}, names), int(equation[2])


@settings(deadline=None, max_examples=100)
@given(networks())
def test_formulas_and_clashes_are_those_of_torch(network):
    model, size = network
    found, output = explain_shapes(model, (1, *size)), runs(model, size)
    if output is None:
        assert found.clash
    elif found.clash:  # torch lets these pass: nothing left, or wrong indices
        assert re.search("empty map|its indices count", found.clash)
    for row in found.layers:
        for left, right in evaluated(row.formula):
            assert left == right
            assert right in row.output_size
    if found.clash is None:
        changed = [row for row in found.layers if row.layer != "picture"]
        assert changed[-1].output_size[1:] == tuple(output.shape[2:])


class Ladder(nn.Module):
    """Any convolutions down and any transposed ones up, with a skip at each level."""

    def __init__(self, down, up, first):
        super().__init__()
        self.first = nn.Conv1d(1, 1, *first)
        self.down = nn.ModuleList(nn.Conv1d(1, 1, *form) for form in down)
        self.up = nn.ModuleList(nn.ConvTranspose1d(1, 1, *form) for form in up)

    def forward(self, x):
        x, kept = self.first(x), []
        for layer in self.down:
            kept.append(x)
            x = layer(x)
        for layer in self.up:
            x = torch.cat([layer(x), kept.pop()], 1).mean(1, keepdim=True)
        return x


form = st.tuples(st.integers(1, 4), st.integers(1, 3), st.integers(0, 1))


@settings(deadline=None, max_examples=30)
@given(st.data())
def test_nearest_sizes_are_the_nearest(data):
    levels = data.draw(st.integers(1, 2))
    down, up = (data.draw(st.lists(form, min_size=levels, max_size=levels)) for _ in range(2))
    model = Ladder(down, up, data.draw(st.tuples(st.integers(1, 5), st.just(1))))
    n = data.draw(st.integers(1, 40))
    found = explain_shapes(model, (1, n))
    assume(found.clash)
    works = [m for m in range(1, 100) if runs(model, (1, m)) is not None]
    smaller, larger = [m for m in works if m < n][-1:], [m for m in works if m > n][:1]
    assert found.nearest == tuple((1, m) for m in smaller + larger)


def test_unet_572_gives_388_by_the_formula():
    found = explain_shapes(meta(paper.UNet), (1, 572, 572))
    rows = {row.layer: row for row in found.layers}
    assert found.clash is None
    assert rows["down.0.0"].formula == "(572 + 2*0 - 1*(3-1) - 1)//1 + 1 = 570"
    assert rows["up.0"].formula == "(28-1)*2 - 2*0 + 1*(2-1) + 0 + 1 = 56"
    assert rows["crop"].formula == "64 - 4 - 4 = 56"
    assert rows["cat"].formula == "channels: 512 + 512 = 1024"
    assert rows["cat"].input_sizes == ((512, 56, 56), (512, 56, 56))
    assert found.layers[-1].output_size == (2, 388, 388)
    crops = [row.formula for row in found.layers if row.what == "crop"]
    assert crops == [
        "64 - 4 - 4 = 56",
        "136 - 16 - 16 = 104",
        "280 - 40 - 40 = 200",
        "568 - 88 - 88 = 392",
    ]


def test_unet_needs_188_pixels():
    found = explain_shapes(meta(paper.UNet), (1, 100, 572))
    assert "'bottom.0': its kernel spans 3 x 3, larger than the map of 'pool (4)'" in found.clash
    assert found.nearest == ((1, 188, 572),)


@pytest.mark.parametrize(
    ("size", "below", "above"),
    [
        ((570, 570), (556, 556), (572, 572)),
        ((570, 572), (556, 572), (572, 572)),
        ((572, 570), (572, 556), (572, 572)),
        ((570, 575), (556, 572), (572, 588)),
        ((188, 200), (188, 188), (188, 204)),
    ],
)
def test_our_unet_names_the_neighbours_below_and_above(size, below, above):
    """It refuses a size by itself, in words that do not say on which axis."""
    model = meta(UNet, width=4)
    found = explain_shapes(model, (1, *size))
    assert found.nearest == ((1, *below), (1, *above))
    for n in range(2):
        sides = [nearest_unet_sizes(side) for side in size]
        assert tuple(sizes[-1 if n else 0] for sizes in sides) == (below, above)[n]


def test_a_padded_unet_names_both_layers_and_both_sizes():
    found = explain_shapes(paper.PaddedUNet(), (1, 30, 33))
    assert found.clash.startswith(
        "'cat' joins 'down.1.3' (8 x 15 x 16) with 'up.0' (8 x 14 x 16): rows 15 and 14 differ."
    )
    assert found.nearest == ((1, 28, 32), (1, 32, 36))
    assert "Nearest input sizes that work: 1 x 28 x 32 and 1 x 32 x 36." in repr(found)


def test_three_axes():
    model = paper.PaddedUNet(nn.Conv3d, nn.MaxPool3d, nn.ConvTranspose3d)
    found = explain_shapes(model, (1, 9, 12, 16))
    assert "depth 9 and 8 differ" in found.clash
    assert found.nearest == ((1, 8, 12, 16), (1, 12, 12, 16))


def test_left_over_pixels_are_told():
    (row,) = explain_shapes(nn.MaxPool2d(2), (1, 45, 60)).layers
    assert row.formula == (
        "rows: (45 + 2*0 - 1*(2-1) - 1)//2 + 1 = 22, 1 left over; "
        "columns: (60 + 2*0 - 1*(2-1) - 1)//2 + 1 = 30"
    )
    (row,) = explain_shapes(nn.MaxPool2d(2, ceil_mode=True), (1, 45, 45)).layers
    assert row.formula == "ceil((45 + 2*0 - 1*(2-1) - 1)/2) + 1 = 23"


def test_unpooling_to_another_size_is_a_clash_that_torch_lets_pass():
    class Pair(nn.Module):
        def forward(self, x):
            values, indices = F.max_pool2d(x, 2, return_indices=True)
            return F.max_unpool2d(values, indices, 2)

    found = explain_shapes(Pair(), (1, 6, 7))
    assert runs(Pair(), (1, 6, 7)).shape == (1, 1, 6, 6)
    assert "makes a map of 6 x 6, but its indices count the pixels of the 6 x 7 map" in found.clash
    assert "output_size=(6, 7)" in found.clash
    assert found.nearest == ((1, 6, 6), (1, 6, 8))
    segnet = explain_shapes(meta(paper.SegNet, sizes_kept=False), (3, 360, 480))
    assert segnet.nearest == ((3, 352, 480), (3, 384, 480))
    assert explain_shapes(meta(paper.SegNet), (3, 360, 480)).clash is None


@pytest.mark.parametrize(
    ("size", "nearest"),
    [
        ((1, 64, 64), ((1, 95, 95),)),
        ((1, 300, 300), ((1, 110, 110),)),
        ((1, 90, 300), ((1, 95, 95), (1, 110, 110))),
    ],
)
def test_dense_layers_fix_the_size(size, nearest):
    found = explain_shapes(meta(paper.N4), size)
    assert re.search(r"'13' takes 432 features, but '11' gives 48 x \d+ x \d+ = \d+", found.clash)
    assert found.nearest == nearest


def test_advice_never_moves_pixels_into_the_batch():
    class View(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.dense = nn.Conv2d(1, 4, 3), nn.Linear(400, 2)

        def forward(self, x):
            return self.dense(self.conv(x).view(-1, 400))

    found = explain_shapes(View(), (1, 13, 13))
    assert len(runs(View(), (1, 22, 22))) == 4  # torch makes a batch of 4 of one picture
    assert found.nearest == ((1, 12, 12),)


def test_wrong_channels_and_reflection():
    found = explain_shapes(meta(paper.UNet), (3, 572, 572))
    assert "'down.0.0' takes 1 channels, but the picture has 3" in found.clash
    assert found.nearest == ()
    found = explain_shapes(nn.Conv2d(1, 1, 9, padding=4, padding_mode="reflect"), (1, 3, 40))
    assert "reflects 4 pixels at the border, but the picture is only 3 x 40" in found.clash
    assert found.nearest == ((1, 5, 40),)


def test_one_row_is_not_stretched_to_fit_a_sum():
    class Half(nn.Module):
        def forward(self, x):
            return F.interpolate(x, scale_factor=2) + F.max_pool2d(x, 2)

    found = explain_shapes(Half(), (1, 8, 8))
    assert "'add' combines 'interpolate' (1 x 16 x 16) with 'max_pool2d' (1 x 4 x 4)" in found.clash
    assert found.nearest == ()


@pytest.mark.parametrize(
    ("layer", "size", "what", "formula"),
    [
        (nn.AdaptiveAvgPool2d(3), (1, 7, 9), "adaptive average pooling", "3, as asked"),
        (nn.Upsample(scale_factor=1.5), (1, 5, 5), "nearest upsampling", "floor(5*1.5) = 7"),
        (
            nn.Upsample(size=(4, 6), mode="bilinear"),
            (1, 5, 5),
            "bilinear upsampling",
            "rows: 4, as asked; columns: 6, as asked",
        ),
        (nn.ZeroPad2d(1), (1, 5, 5), "constant padding", "5 + 1 + 1 = 7"),
        (nn.ReflectionPad1d((2, 1)), (1, 5), "mirror padding", "5 + 2 + 1 = 8"),
        (nn.CircularPad3d(1), (1, 5, 6, 7), "circular padding", None),
        (nn.PixelShuffle(3), (9, 5, 5), "pixel shuffle", "5*3 = 15"),
        (nn.Flatten(), (2, 3, 4), "flatten", "2*3*4 = 24"),
        (nn.Linear(4, 5), (2, 4), "dense layer", "4 features to 5"),
        (nn.MaxPool1d(3, 2, 1), (1, 9), "max pooling 3, stride 2, padding 1", None),
        (
            nn.Conv2d(1, 1, 3, 2, dilation=2),
            (1, 9, 9),
            "convolution 3x3, stride 2, dilation 2",
            None,
        ),
        (
            nn.ConvTranspose1d(1, 1, 3, 2, 1, 1),
            (1, 4),
            "transposed convolution 3, stride 2, padding 1, output_padding 1",
            "(4-1)*2 - 2*1 + 1*(3-1) + 1 + 1 = 8",
        ),
    ],
)
def test_each_kind_of_layer_by_hand(layer, size, what, formula):
    (row,) = explain_shapes(nn.Sequential(layer), size).layers[-1:]
    assert row.what == what
    if formula:
        assert row.formula == formula
    for left, right in evaluated(row.formula):
        assert left == right


@pytest.mark.parametrize(
    ("pad", "what", "formula"),
    [
        ((1, 1, 2, 0), "constant padding", "rows: 5 + 2 + 0 = 7; columns: 6 + 1 + 1 = 8"),
        ((-1, -2, -1, 0), "crop", "rows: 5 - 1 - 0 = 4; columns: 6 - 1 - 2 = 3"),
        ((-1, -2), "crop", "columns: 6 - 1 - 2 = 3"),
        ((0, 0, -1, 0), "crop", "rows: 5 - 1 - 0 = 4"),
        ((), "constant padding", ""),
        ((0, 0), "constant padding", "columns: 6 + 0 + 0 = 6"),
        ((-1, 2, 0, 0), "constant padding", "rows: 5 + 0 + 0 = 5; columns: 6 - 1 + 2 = 7"),
    ],
)
def test_padding_below_zero_is_a_crop(pad, what, formula):
    class Bordered(nn.Module):
        def forward(self, x):
            return nn.functional.pad(x, pad)

    row = explain_shapes(Bordered(), (1, 5, 6)).layers[-1]
    assert (row.what, row.formula) == (what, formula)
    assert row.layer == ("crop" if what == "crop" else "pad")


class Flat(nn.Conv2d):
    """A network's own layer, which does more than the one that it is derived from."""

    def forward(self, x):
        return super().forward(x).flatten(1)


def test_a_derived_layer_hides_nothing_that_it_does():
    rows = explain_shapes(nn.Sequential(Flat(1, 2, 3)), (1, 8, 8)).layers[-2:]
    assert [row.what for row in rows] == ["convolution 3x3", "flatten"]
    assert (tuple(rows[0].output_size), rows[1].formula) == ((2, 6, 6), "2*6*6 = 72")


class Checker(HTMLParser):
    """Collects header cells, and that every tag is closed."""

    def __init__(self):
        super().__init__()
        self.open, self.scopes, self.text = [], [], ""

    def handle_starttag(self, tag, attributes):
        if tag != "br":
            self.open.append(tag)
        self.scopes += [value for name, value in attributes if name == "scope"]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


@pytest.mark.parametrize("size", [(1, 32, 32), (1, 30, 33)])
def test_html_is_a_table_with_headers_and_no_colours(size):
    found = explain_shapes(paper.PaddedUNet(), size)
    html = found._repr_html_()
    checker = Checker()
    checker.feed(html)
    assert not checker.open
    assert checker.scopes == ["col"] * 5 + ["row"] * len(found.layers)
    assert "color" not in html
    assert ("Sizes clash:" in checker.text) == (found.clash is not None)
    assert repr(found) == repr(explain_shapes(paper.PaddedUNet(), size))
    assert pickle.loads(pickle.dumps(found)) == found


def test_names_are_escaped():
    class Tag(nn.Module):
        def __init__(self):
            super().__init__()
            self.add_module("<b>", nn.Conv2d(1, 1, 1))

        def forward(self, x):
            return getattr(self, "<b>")(x)

    assert "<b>" not in explain_shapes(Tag(), (1, 4, 4))._repr_html_()


anything = st.one_of(
    st.none(),
    st.floats(),
    st.text(max_size=3),
    st.integers(-3, 9),
    st.booleans(),
    st.lists(st.integers(-2, 12), max_size=6).map(tuple),
    st.lists(st.floats(), max_size=4),
)


@settings(deadline=None, max_examples=150)
@given(anything, st.sampled_from([nn.Conv2d(3, 2, 3), nn.Linear(4, 2), nn.ReLU(), None, "net"]))
def test_bad_input_never_ends_in_a_foreign_error(input_size, model):
    try:
        found = explain_shapes(model, input_size)
    except (TypeError, ValueError) as error:
        message = str(error)
    else:
        message = repr(found)
    assert message.startswith("Sizes in") or message.endswith(".")
