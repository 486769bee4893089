"""Dice losses against the papers' formulas, voxel by voxel, and the gradient that V-Net prints."""

from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch._subclasses.fake_tensor import FakeTensorMode

from segviz.losses import dice_loss, soft_dice_loss

LOSSES = [dice_loss, partial(dice_loss, form="release"), soft_dice_loss]


def drawn(shape, classes, seed, void=0.0):
    generator = torch.Generator().manual_seed(seed)
    scores = torch.randn((shape[0], classes, *shape[1:]), generator=generator, dtype=torch.float64)
    target = torch.randint(classes, shape, generator=generator)
    target[torch.rand(shape, generator=generator) < void] = 255
    return scores, target


@settings(deadline=None, max_examples=40)
@given(
    st.sampled_from([(2,), (1, 5), (2, 3, 4), (2, 2, 3, 2)]),
    st.integers(2, 4),
    st.integers(0, 999),
    st.sampled_from([0.0, 0.3]),
)
def test_formulas_voxel_by_voxel(shape, classes, seed, void):
    scores, target = drawn(shape, classes, seed, void)
    squared, plain = [], []
    for one, truth in zip(scores, target, strict=True):
        shares = one.softmax(0).reshape(classes, -1).T.tolist()
        for k in range(1, classes):
            pairs = [
                (share[k], float(label == k))
                for share, label in zip(shares, truth.flatten().tolist(), strict=True)
                if label != 255
            ]
            overlap = sum(p * g for p, g in pairs)
            total = sum(p * p + g * g for p, g in pairs)
            squared.append(1 - (2 * overlap / total if pairs else 0))
            plain.append(1 - (2 * overlap + 1) / (sum(p + g for p, g in pairs) + 1))
    assert dice_loss(scores, target).item() == pytest.approx(sum(squared) / len(squared))
    assert soft_dice_loss(scores, target).item() == pytest.approx(sum(plain) / len(plain))


def test_gradient_is_the_one_that_the_paper_prints():
    """dD/dp_j = 2 [g_j (sum p^2 + sum g^2) - 2 p_j sum(p g)] / (sum p^2 + sum g^2)^2."""
    scores, target = drawn((1, 6, 5), 2, 0)
    scores.requires_grad_()
    dice_loss(scores, target).backward()
    p = scores.detach().softmax(1)[0, 1]
    g = target[0].double()
    total = (p * p).sum() + (g * g).sum()
    slope = 2 * (g * total - 2 * p * (p * g).sum()) / total**2
    # The softmax hands dD/dp on as p (1 - p) to the foreground score, and its negative.
    expected = slope * p * (1 - p)
    torch.testing.assert_close(scores.grad[0], torch.stack([expected, -expected]))


def test_released_layer_counts_the_argmax_and_keeps_one_soft_share():
    scores, target = drawn((3, 6, 5), 2, 0, void=0.1)
    scores.requires_grad_()
    loss = dice_loss(scores, target, form="release")
    loss.backward()
    p = scores.detach().softmax(1)[:, 1]
    expected, slopes = [], []
    for share, truth in zip(p, target, strict=True):
        known = truth != 255
        g, hard = ((truth == 1) & known).double(), ((share > 0.5) & known).double()
        overlap, total = (g * hard).sum(), (g + hard).sum()
        expected.append(2 * overlap / (total + 1e-5))
        slopes.append((2 * g / total - 4 * share * overlap / total**2) * known)
    assert loss.item() == pytest.approx(1 - sum(expected).item() / 3)
    slope = -torch.stack(slopes) / 3 * p * (1 - p)
    torch.testing.assert_close(scores.grad, torch.stack([-slope, slope], 1))


@pytest.mark.parametrize("loss", LOSSES)
def test_a_perfect_map_costs_nothing_and_a_rare_object_counts_fully(loss):
    target = torch.zeros(1, 40, 40, dtype=torch.int64)
    target[0, 20, 20:24] = 1
    right = torch.stack([1 - target, target], 1).float() * 200
    assert loss(right, target).item() == pytest.approx(0, abs=1e-5)
    missed = torch.stack([torch.ones_like(target), torch.zeros_like(target)], 1).float() * 200
    assert loss(missed, target).item() > 0.75


@pytest.mark.parametrize("loss", LOSSES)
def test_empty_truth_and_nothing_labelled_are_finite(loss):
    for value in (0, 255):
        scores = torch.randn(1, 2, 3, 3, requires_grad=True)
        loss(scores, torch.full((1, 3, 3), value)).backward()
        assert scores.grad.isfinite().all()
    certain = torch.tensor([[[1e4], [-1e4]]], requires_grad=True)  # p is 0 to the last digit
    loss(certain, torch.tensor([[0]])).backward()
    assert certain.grad.isfinite().all()


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("nothing", [float("nan"), float("inf"), -float("inf"), 1e30])
def test_scores_of_void_pixels_count_nothing(loss, nothing):
    """Neither in the loss nor in its gradient: as if the void pixels were cut out."""
    scores, target = drawn((2, 9), 3, 4)
    target[:, 5:] = 255
    cut = scores[..., :5].clone().requires_grad_()
    expected = loss(cut, target[:, :5])
    expected.backward()
    scores[..., 5:] = nothing
    scores[:, 0, 6] = 0.0
    scores.requires_grad_()
    found = loss(scores, target)
    found.backward()
    assert found.item() == pytest.approx(expected.item())
    torch.testing.assert_close(scores.grad[..., :5], cut.grad)
    assert torch.equal(scores.grad[..., 5:], torch.zeros(2, 3, 4, dtype=torch.float64))


@pytest.mark.parametrize("loss", LOSSES)
def test_half_precision_is_summed_in_float32(loss):
    scores, target = drawn((1, 300, 300), 2, 3)
    rounded = scores.bfloat16()
    expected = loss(rounded.double(), target)
    assert loss(rounded, target).item() == pytest.approx(expected.item(), abs=1e-5)


@pytest.mark.parametrize("loss", LOSSES)
def test_on_a_fake_gpu(loss):
    with FakeTensorMode(), torch.device("cuda"):
        value = loss(torch.rand(2, 3, 4, 5), torch.zeros(2, 4, 5, dtype=torch.int64))
        assert value.device.type == "cuda"


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize(
    ("scores", "target", "words"),
    [
        (torch.zeros(1, 1, 3), torch.zeros(1, 3, dtype=torch.int64), r"shape \(N, 2, \.\.\.\)"),
        (torch.zeros(1, 2, 3), torch.zeros(1, 4, dtype=torch.int64), "must have shape"),
        (torch.zeros(1, 2, 3), torch.full((1, 3), 2), "class 2"),
        (torch.zeros(1, 2, 3), torch.zeros(1, 3), r"target\.long"),
        (None, None, "scores"),
        (torch.zeros(0, 2, 3), torch.zeros(0, 3).long(), r"\(0, 2, 3\) hold no pixel.*Give"),
        (torch.zeros(1, 2, 0), torch.zeros(1, 0).long(), r"\(1, 2, 0\) hold no pixel.*Give"),
        (torch.zeros(1, 2, 3), torch.zeros(1, 3, device="meta").long(), r"target\.to\('cpu'\)"),
    ],
)
def test_illegal_input(loss, scores, target, words):
    with pytest.raises((ValueError, TypeError), match=words):
        loss(scores, target)


def test_illegal_form():
    with pytest.raises(ValueError, match="Use 'paper' or 'release'"):
        dice_loss(torch.zeros(1, 2, 3), torch.zeros(1, 3).long(), form="caffe")


def test_the_smoothing_may_be_a_number_of_numpy():
    scores, target = drawn((2, 5), 2, 0)
    found = soft_dice_loss(scores, target, smoothing=np.float32(0.5))
    assert found.dtype == torch.float64
    assert found == soft_dice_loss(scores, target, smoothing=0.5)


@pytest.mark.parametrize("smoothing", [-1, float("nan"), "1", True])
def test_illegal_smoothing(smoothing):
    with pytest.raises((ValueError, TypeError), match="smoothing"):
        soft_dice_loss(torch.zeros(1, 2, 3), torch.zeros(1, 3).long(), smoothing=smoothing)
