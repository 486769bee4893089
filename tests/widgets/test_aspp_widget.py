"""ASPP's branches and fusions, against torch, DeepLab's own and the receptive field."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import segviz
from segviz.datasets import load
from segviz.models import DeepLabV2
from segviz.ops import conv2d
from segviz.widgets import ASPP
from segviz.widgets import _aspp_branches as shipped
from segviz.widgets import _aspp_training as training
from segviz.widgets.aspp import FUSIONS, HEADS, fuse

CLASSES = ("sky", "road", "car")
RNG = np.random.default_rng(0)
SCORES = {rate: RNG.normal(size=(3, 5, 7)).round(2) for rate in (0, 2, 6, "mean")}
PICTURE = RNG.random((20, 28, 3))


def _own(**options):
    return ASPP(PICTURE, SCORES, classes=CLASSES, **options)


@pytest.fixture(scope="module")
def pyramids():
    """DeepLab v2 with each fusion: what its branches say, their join, and what it says."""
    picture, found = torch.rand(1, 3, 64, 96, generator=torch.Generator().manual_seed(0)), {}
    for fusion in FUSIONS:
        torch.manual_seed(0)
        options = {"backbone": "efficientnet_lite0", "rates": (1, 2, 6), "fusion": fusion}
        model = DeepLabV2(3, 3, **options, pretrained=False).eval()
        for branch in model.branches:
            nn.init.normal_(branch[0].weight, std=0.2)
        with torch.no_grad():
            branches = [one[0].numpy() for one in model.branch_scores(picture)]
            join = model.join if fusion == "concatenation" else nn.Conv2d(9, 3, 1)
            found[fusion] = branches, join, model.scores(picture)[0].numpy()
    return found


@pytest.mark.parametrize("fusion", FUSIONS)
def test_fusions_are_those_of_deeplab(pyramids, fusion):
    branches, join, expected = pyramids[fusion]
    weight, bias = join.weight.detach().flatten(1).numpy(), join.bias.detach().numpy()
    assert np.allclose(fuse(np.stack(branches), fusion, weight, bias), expected, atol=1e-4)
    scores = dict(zip((1, 2, 6), branches, strict=True))
    picture = np.zeros((64, 96))
    widget = ASPP(picture, scores, join=(weight, bias), classes=CLASSES, fusion=fusion)
    assert np.abs(widget.fused() - expected).max() < 0.0005 * 9 + 1e-4  # of scores in thousandths


@pytest.mark.parametrize("fusion", FUSIONS)
def test_trace_and_colours_are_those_of_the_fused_scores(fusion):
    join = RNG.normal(size=(3, 12)), RNG.normal(size=3)
    widget = _own(fusion=fusion, join=join, show="scores", class_index=1)
    fused, trace = widget.fused(), widget.trace
    drawn = (trace["fused"].astype(float) - 128) / 127 * trace["limits"][1]
    assert np.abs(drawn - fused[1]).max() <= trace["limits"][1] / 254 + 1e-9
    row, column = trace["at"]
    assert trace["scores"][-1] == pytest.approx(fused[1, row, column], abs=5e-6)
    assert trace["answers"][-1] == fused[:, row, column].argmax()
    widget.show = "classes"
    assert widget.trace["fused"].tolist() == fused.argmax(0).tolist()
    assert widget.trace["branches"][2].tolist() == SCORES[6].argmax(0).tolist()


@given(st.sampled_from(FUSIONS[:3]), st.integers(1, 6), st.integers(0, 2**32 - 1))
@settings(max_examples=30, deadline=None)
def test_fusing_is_the_same_in_torch(fusion, count, seed):
    scores = torch.randn(count, 4, 2, 3, generator=torch.Generator().manual_seed(seed)).double()
    expected = {"sum": scores.sum(0), "average": scores.mean(0), "maximum": scores.amax(0)}
    assert np.allclose(fuse(scores.numpy(), fusion, None, None), expected[fusion])


def test_a_join_that_adds_is_the_default_and_gives_the_sum():
    assert np.allclose(_own().fused("concatenation"), _own().fused("sum"))


def test_sum_and_average_choose_the_same_class_and_look_the_same():
    options = {"show": "scores", "class_index": 2}
    added, mean = (_own(fusion=fusion, **options).trace for fusion in ("sum", "average"))
    assert np.abs(added["fused"].astype(int) - mean["fused"]).max() <= 1
    assert added["limits"][1] == pytest.approx(4 * mean["limits"][1])


@given(st.integers(1, 30), st.integers(1, 20), st.integers(1, 20), st.data())
@settings(max_examples=40, deadline=None)
def test_taps_are_what_a_branch_of_that_rate_depends_on(rate, height, width, data):
    row, column = data.draw(st.integers(0, height - 1)), data.draw(st.integers(0, width - 1))
    scores = {rate: np.zeros((2, height, width))}
    widget = ASPP(np.zeros((height, width)), scores, classes=("a", "b"), cursor=(row, column))
    x = torch.zeros(1, 1, height, width, requires_grad=True)
    layer = nn.Conv2d(1, 1, 3, padding=rate, dilation=rate)
    nn.init.ones_(layer.weight)
    layer(x)[0, 0, row, column].backward()
    assert widget.trace["taps"][0] == np.argwhere(x.grad[0, 0].numpy()).tolist()
    with torch.no_grad():
        inside = layer(torch.ones_like(x)) - layer.bias
    assert widget.trace["inside"] == [round(inside[0, 0, row, column].item())]
    assert widget.trace["whole"][0] == pytest.approx((inside > 8.5).float().mean().item())


def test_branches_without_a_rate_read_their_own_place_or_all():
    trace = _own(cursor=(4, 0)).trace
    assert trace["inside"] == [1, 4, 2, 35]
    assert trace["taps"][0] == [[4, 0]]
    assert trace["taps"][3] == []
    assert trace["names"] == ["1 × 1", "rate 2", "rate 6", "mean", "sum"]


def test_a_rate_beyond_the_map_keeps_the_centre_tap():
    """MODELS.md's map of 33 x 33: from rate 17 on the unit in the middle is a 1 x 1 convolution."""
    scores = {rate: np.zeros((2, 33, 33)) for rate in (6, 12, 16, 17, 24)}
    trace = ASPP(np.zeros((33, 33)), scores, classes=("a", "b"), cursor=(16, 16)).trace
    assert trace["inside"] == [9, 9, 9, 1, 1]


def test_shipped_branches_are_atrous_convolutions_on_the_backbone_s_maps():
    """By ops, number by number, from the picture's features on."""
    picture, heads, joins, _ = shipped.street()
    net = shipped.trained()
    with torch.no_grad():
        deep = segviz.models.EfficientNetLite0(output_stride=8).eval()(picture[None])[8]
        maps = net.get_submodule("reduce")(deep)[0].double().numpy()
    for rate in (2, 12, 24):
        layer = net.get_submodule(f"branches.{rate}")
        weight = layer.weight.detach().double().numpy()[3]
        expected = layer.bias[3].item() + sum(
            conv2d(one, kernel, padding=rate, dilation=rate)
            for one, kernel in zip(maps, weight, strict=True)
        )
        head = next(head for head in heads.values() if rate in head)
        assert np.abs(head[rate][3] - expected).max() < 1e-3
    mean = heads["DeepLab v3+"]["mean"]
    assert np.ptp(mean, axis=(1, 2)).max() == 0
    weight, bias = joins["ASPP-L"]
    stacked = np.concatenate(list(heads["ASPP-L"].values()))
    expected = np.einsum("kc,chw->khw", weight, stacked) + bias[:, None, None]
    widget = ASPP(head="ASPP-L", fusion="concatenation")
    assert np.abs(widget.fused() - expected).max() < 0.001 * np.abs(weight).sum(1).max()


def test_heads_have_the_papers_rates():
    widget = ASPP()
    found = {}
    for head in HEADS[:3]:
        widget.head = head
        found[head] = widget.trace["rates"]
    assert found == {
        "ASPP-S": [2, 4, 8, 12],
        "ASPP-L": [6, 12, 18, 24],
        "DeepLab v3+": [0, 6, 12, 18, "mean"],
    }


def test_shipped_branches_know_streets():
    """Better than naming everything what there is most of, on streets that they have not seen."""
    samples = load("camvid", split="test", source="bundled", size=shipped.SIZE)
    maps, labels = training.prepare([samples[i] for i in range(0, 42, 14)])
    with torch.no_grad():
        scores = shipped.branch_scores(shipped.trained(), maps.float())
    known = labels != 255
    most = max((labels == k).sum() for k in range(11)) / known.sum()
    right = {rate: (one.argmax(1) == labels)[known].float().mean() for rate, one in scores.items()}
    assert most + 0.2 < right[2]
    assert right["mean"] < right[0]


def test_a_branch_is_the_least_squares_solution():
    """Against numpy's, with the weights of the places and the ridge written as rows."""
    rng = torch.Generator().manual_seed(1)
    values, labels = (
        torch.randn(2, 3, 12, generator=rng),
        torch.randint(0, 11, (2, 12), generator=rng),
    )
    labels[0, :2] = 255
    found = training.least_squares(lambda maps: maps, values, labels)
    rows = np.hstack([values.movedim(1, 2).reshape(-1, 3).double(), np.ones((24, 1))])
    truth = labels.flatten().numpy()
    counts = np.bincount(truth[truth != 255], minlength=11).clip(1)
    weights = np.where(truth == 255, 0, np.sqrt(counts.sum() / counts)[truth.clip(max=10)])
    ridge = training.RIDGE * (weights[:, None] * rows**2).sum(0).mean()
    left = np.vstack([np.sqrt(weights)[:, None] * rows, np.sqrt(ridge) * np.eye(4)[:3]])
    targets = np.sqrt(weights)[:, None] * np.eye(256)[truth][:, :11]
    expected = np.linalg.lstsq(left, np.vstack([targets, np.zeros((3, 11))]), rcond=None)[0]
    assert np.abs(found.numpy() - expected).max() < 1e-4


def test_fitting_makes_what_is_stored_and_the_same_each_time():
    rng = torch.Generator().manual_seed(1)
    maps = torch.randn(2, 320, 12, 16, generator=rng).half()
    labels = torch.randint(0, 11, (2, 12, 16), generator=rng)
    one, two = (training.fit(maps, labels).state_dict() for _ in range(2))
    assert all(torch.equal(one[name], two[name]) for name in one)
    assert {name: value.shape for name, value in one.items()} == {
        name: value.shape for name, value in shipped.trained().state_dict().items()
    }


def test_reduced_maps_have_variance_one_and_are_not_correlated():
    maps = torch.randn(2, 320, 24, 32, generator=torch.Generator().manual_seed(2)).half()
    with torch.no_grad():
        reduced = training.fit(maps, torch.zeros(2, 24, 32, dtype=torch.int64))["reduce"](
            maps.float()
        )
    values = reduced.movedim(1, 0).flatten(1)
    assert (torch.cov(values) - torch.eye(64)).abs().max() < 0.02


def test_right_is_counted_at_the_middles_of_the_places():
    truth = np.zeros((20, 28), np.uint8)
    truth[2::4, 2::4] = SCORES[2].argmax(0)
    truth[2, 2] = 255
    trace = _own(truth=truth).trace
    assert trace["right"][1] == 1.0
    expected = (SCORES[6].argmax(0) == truth[2::4, 2::4]).sum() / 34
    assert trace["right"][2] == pytest.approx(expected)


def test_a_frame_a_step_and_later_maps_are_not_there_yet():
    widget = _own()
    assert widget._frames() == 5
    axes = widget._frame(1).axes
    titles = [axis.get_title() for axis in axes[:6]]
    assert titles == ["what is read for one unit", "1 × 1", "rate 2", "", "", ""]
    assert widget._frame(4).axes[5].get_title() == "fused: sum"


def test_answers_stay_small_at_the_largest():
    size = (3, 36, 35)
    scores = {rate: RNG.normal(size=size) for rate in (1, 2, 3, 4, 5, 6)}
    widget = ASPP(np.zeros((36, 35)), scores, classes=CLASSES)
    arrays = [widget.trace[name] for name in ("branches", "fused")]
    assert sum(one.nbytes for one in arrays) == 7 * 36 * 35
    with pytest.raises(ValueError, match="6 branches of 36 x 36 places are too many"):
        ASPP(np.zeros((36, 36)), {n: np.zeros((2, 36, 36)) for n in range(6)}, classes=("a", "b"))


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"scores": SCORES}, TypeError, "picture and scores belong together"),
        ({"picture": PICTURE, "scores": {}}, TypeError, "must name the rate of 1 to 6"),
        ({"picture": PICTURE, "scores": {-1: SCORES[2]}}, TypeError, "the key -1, must name rates"),
        ({"picture": PICTURE, "scores": {"max": SCORES[2]}}, TypeError, "the key 'max'"),
        ({"picture": PICTURE, "scores": {1: np.zeros((3, 5))}}, ValueError, r"give \(K, h, w\)"),
        (
            {"picture": PICTURE, "scores": {1: SCORES[2], 2: np.zeros((3, 4, 7))}},
            ValueError,
            r"shapes \(3, 4, 7\) and \(3, 5, 7\)",
        ),
        ({"picture": PICTURE[1:], "scores": SCORES}, ValueError, "19 x 28 pixels, which is no mul"),
        ({"picture": PICTURE, "scores": SCORES, "join": 1}, TypeError, r"join must be \(weight"),
        (
            {"picture": PICTURE, "scores": SCORES, "join": (np.zeros((3, 3)), np.zeros(3))},
            ValueError,
            r"4 branches of 3 classes need \(3, 12\) and \(3,\)",
        ),
        ({"picture": PICTURE, "scores": SCORES, "head": "ASPP-L"}, ValueError, "Use 'own'"),
        ({"picture": PICTURE, "scores": SCORES, "class_index": 3}, ValueError, "last class, 'car'"),
        ({"head": "own"}, ValueError, "is not in this widget. Use 'ASPP-S', 'ASPP-L', 'DeepLab"),
        ({"fusion": "product"}, ValueError, "fusion='product' is not offered"),
    ],
)
def test_illegal_arguments_are_refused_in_words(options, error, words):
    classes = {"classes": CLASSES} if "picture" in options else {}
    with pytest.raises(error, match=words):
        ASPP(**options, **classes)


def test_only_the_heads_that_are_there_are_offered():
    with pytest.raises(ValueError, match=r"For 'own', give picture and scores\.$"):
        ASPP(head="own")
    with pytest.raises(ValueError, match=r"Use 'ASPP-S', 'ASPP-L', 'DeepLab v3\+'\.$"):
        ASPP(head="PSP")
    widget = _own()
    with pytest.raises(ValueError, match=r"^head='PSP' is not in this widget\. Use 'own'\.$"):
        widget.head = "PSP"
    widget.set_state({"head": "ASPP-L"})
    assert widget.error == "head='ASPP-L' is not in this widget. Use 'own'."
    assert widget._error["remedy"] == {"head": "own"}


@pytest.mark.parametrize(
    ("cursor", "near"), [((5, 0), (4, 0)), ((0, 7), (0, 6)), ((-1, -1), (0, 0))]
)
def test_a_cursor_outside_of_the_maps_is_refused_with_the_nearest_inside(cursor, near):
    words = rf"^cursor=\({cursor[0]}, {cursor[1]}\) is outside: rows go from 0 to 4, columns from "
    with pytest.raises(ValueError, match=rf"{words}0 to 6\. Use \({near[0]}, {near[1]}\)\.$"):
        _own(cursor=cursor)
    widget = _own()
    with pytest.raises(ValueError, match=words):
        widget.cursor = cursor
    assert (widget.cursor, widget.trace["at"]) == ((2, 3), [2, 3])
    assert _own(cursor=near).trace["at"] == list(near)


def test_repr_and_description_name_the_setting():
    widget = _own(fusion="maximum")
    winner = sum(maps[:, 2, 3] for maps in SCORES.values()).argmax()
    assert repr(widget) == (
        f"ASPP(head='own', fusion='maximum', show='classes', class_index={winner})"
    )
    assert "1 × 1, rate 2, rate 6, mean) on 5x7 places" in widget._describe()
    widget.show, widget.class_index = "scores", 2
    assert "the scores of car" in widget._describe()
