"""U-Net against a second build of it, its sizes against the rule of the paper, its variants."""

import paper_networks as paper
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from segviz.models import UNet
from segviz.models.unet import _valid_size

SMALLEST = 188


@pytest.mark.parametrize("size", [(188, 204), (204, 188)])
def test_as_a_second_build_of_the_paper(size):
    """The same weights give the same scores; the other build joins the skip first."""
    ours, theirs = UNet(width=2).eval(), paper.UNet(width=2).eval()
    with torch.no_grad():
        for one, two in zip(ours.down, [*theirs.down, theirs.bottom], strict=True):
            two.load_state_dict(one.state_dict())
        for i, (up, merge) in enumerate(zip(ours.up, ours.merge, strict=True)):
            theirs.up[i].load_state_dict(up[0].state_dict())
            kept = merge.state_dict()
            half = kept["0.weight"].shape[1] // 2
            kept["0.weight"] = kept["0.weight"].roll(half, 1)
            theirs.merge[i].load_state_dict(kept)
        theirs.head.load_state_dict(ours.head.state_dict())
        images = torch.rand(1, 1, *size)
        assert torch.allclose(ours(images), theirs(images), atol=1e-5)


@pytest.mark.parametrize("depth", [1, 2, 3, 4])
def test_sizes_are_those_of_a_run(depth):
    """For every third size up to 240: the run on the meta device ends as the rule says."""
    with torch.device("meta"):
        model = UNet(width=1, depth=depth)
        for size in range(1, 241, 3):
            images = torch.zeros(1, 1, size, 252)
            if _valid_size(size, depth) > 0:
                assert model(images).shape[-2:] == (
                    _valid_size(size, depth),
                    _valid_size(252, depth),
                )
            else:
                with pytest.raises(ValueError, match=f"images of {size} x 252 do not fit"):
                    model(images)


def test_valid_sizes_of_the_paper():
    """12 (mod 16), from 188 on; a margin of 92 pixels on every side."""
    valid = {size for size in range(700) if _valid_size(size, 4) > 0}
    assert valid == set(range(SMALLEST, 700, 16))
    assert {size - _valid_size(size, 4) for size in valid} == {2 * 92}


@pytest.mark.parametrize(
    ("size", "words"),
    [
        ((570, 570), r"570 x 570 do not fit.*Use 572 x 572 or 556 x 556\."),
        ((572, 600), r"Use 572 x 604 or 572 x 588\."),
        ((172, 572), r"Use 188 x 572\."),
        ((1, 1), r"leave nothing of a map of 1 x 1\. Use 188 x 188\."),
    ],
)
def test_illegal_sizes_name_the_nearest(size, words):
    with torch.device("meta"), pytest.raises(ValueError, match=words):
        UNet()(torch.zeros(1, 1, *size))


@pytest.mark.parametrize(("train", "count", "offered"), [(True, 1, 8), (True, 2, 4), (False, 1, 4)])
def test_sizes_that_are_offered_can_be_run(train, count, offered):
    model = UNet(width=2, depth=2, padded=True).train(train)
    with pytest.raises(ValueError, match=rf"Use {offered} x {offered}\."):
        model(torch.rand(count, 1, 3, 3))
    model(torch.rand(count, 1, offered, offered))


@pytest.mark.parametrize(
    ("variant", "size"),
    [({}, 188), ({"form": "release"}, 188), ({"skips": False}, 188), ({"depth": 1}, 20)],
)
def test_smallest_picture_trains_alone(variant, size):
    model = UNet(2, 3, width=2, **variant)
    scores = model(torch.rand(1, 2, size, size))
    assert scores.shape == (1, 3, 4, 4)
    scores.square().mean().backward()
    assert all(weight.grad is not None for weight in model.parameters())


@settings(deadline=None, max_examples=10)
@given(st.integers(1, 3), st.integers(1, 3), st.integers(1, 3), st.booleans())
def test_padded_scores_have_the_size_of_the_picture(depth, rows, columns, skips):
    model = UNet(3, 4, width=2, depth=depth, padded=True, skips=skips).eval()
    size = rows * 2**depth, columns * 2**depth
    assert model(torch.rand(2, 3, *size)).shape == (2, 4, *size)
    assert not any(isinstance(m, torch.nn.Dropout) and m.p for m in model.modules())


def test_padded_form_trains_and_says_what_it_cannot():
    model = UNet(width=2, depth=2, padded=True)
    model(torch.rand(1, 1, 8, 8)).mean().backward()
    with pytest.raises(ValueError, match=r"6 x 8 do not fit.*Use 8 x 8 or 4 x 8\."):
        model(torch.rand(1, 1, 6, 8))
    with pytest.raises(ValueError, match=r"single value per channel.*at least two pictures"):
        model(torch.rand(1, 1, 4, 4))
    assert model(torch.rand(2, 1, 4, 4)).shape == (2, 2, 4, 4)
    assert model.eval()(torch.rand(1, 1, 4, 4)).shape == (1, 2, 4, 4)


def test_dropout_stands_at_the_end_of_the_way_down():
    """Twice: the last map that is halved (before its pooling and its skip), and the bottom."""
    model, seen = UNet(width=2, depth=3), []
    model.dropout.register_forward_hook(lambda _, given, made: seen.append(given[0].shape[1]))
    model(torch.rand(1, 1, 92, 92))
    assert seen == [8, 16]
    assert model.dropout.p == 0.5


def test_initial_weights_have_the_papers_spread():
    """Standard deviation sqrt(2 / N), N the incoming nodes: 576 for 3 x 3 x 64."""
    model = UNet(width=16, depth=2)
    for layer in (model.down[2][2], model.merge[0][0], model.up[0][0]):
        incoming = layer.weight[0].numel()
        assert layer.weight.std().item() == pytest.approx((2 / incoming) ** 0.5, rel=0.05)
        assert not layer.bias.any()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"form": "keras"}, "Use one of 'paper', 'release'"),
        ({"depth": 0}, "depth"),
        ({"width": 1.5}, "width"),
        ({"num_classes": 1}, "num_classes"),
        ({"padded": "yes"}, "padded"),
        ({"skips": None}, "skips"),
        ({"dropout": 1}, "dropout=1"),
        ({"dropout": "half"}, "dropout"),
    ],
)
def test_illegal_networks(settings, words):
    with torch.device("meta"), pytest.raises((ValueError, TypeError), match=words):
        UNet(**settings)
