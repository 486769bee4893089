"""Cross-entropy against torch's own and against sums by hand."""

import math
from functools import partial

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch._subclasses.fake_tensor import FakeTensorMode

from segviz.losses import cross_entropy

SHAPES = st.sampled_from([(3,), (2, 4), (2, 3, 4), (1, 2, 3, 2)])  # N and the axes behind K


def drawn(shape, classes, seed, void):
    generator = torch.Generator().manual_seed(seed)
    scores = torch.randn((shape[0], classes, *shape[1:]), generator=generator)
    target = torch.randint(classes, shape, generator=generator)
    target[torch.rand(shape, generator=generator) < void] = 255
    return scores, target, generator


@settings(deadline=None, max_examples=40)
@given(SHAPES, st.integers(1, 5), st.integers(0, 999), st.sampled_from([0.0, 0.3]))
def test_as_torch(shape, classes, seed, void):
    scores, target, generator = drawn(shape, classes, seed, void)
    weight = torch.rand(classes, generator=generator) + 0.1
    for reduction, ours in (("none", "none"), ("sum", "sum"), ("mean", "weighted_mean")):
        expected = F.cross_entropy(scores, target, weight, ignore_index=255, reduction=reduction)
        found = cross_entropy(scores, target, class_weight=weight, reduction=ours)
        if (target != 255).any():
            assert torch.allclose(found, expected, atol=1e-6)
    if (target != 255).any():
        plain = F.cross_entropy(scores, target, ignore_index=255)
        assert torch.allclose(cross_entropy(scores, target), plain, atol=1e-6)


@settings(deadline=None, max_examples=40)
@given(SHAPES, st.integers(1, 5), st.integers(0, 999), st.sampled_from([0.0, 0.3, 1.0]))
def test_no_weights_are_weights_of_one(shape, classes, seed, void):
    scores, target, _ = drawn(shape, classes, seed, void)
    for reduction in ("mean", "weighted_mean", "sum"):
        weighted = cross_entropy(scores, target, class_weight=[1] * classes, reduction=reduction)
        found = cross_entropy(scores, target, reduction=reduction)
        assert torch.allclose(found, weighted, atol=1e-6)


@settings(deadline=None, max_examples=40)
@given(SHAPES, st.integers(2, 4), st.integers(0, 999))
def test_mean_divides_by_the_labelled_pixels(shape, classes, seed):
    """Pixel after pixel, in Python's own arithmetic."""
    scores, target, generator = drawn(shape, classes, seed, void=0.3)
    by_class = torch.rand(classes, generator=generator)
    by_pixel = torch.rand(shape, generator=generator)
    total, labelled = 0.0, 0
    per_pixel = scores.movedim(1, -1).reshape(-1, classes).tolist()
    for row, true, weight in zip(
        per_pixel, target.flatten().tolist(), by_pixel.flatten().tolist(), strict=True
    ):
        if true != 255:
            probability = math.exp(row[true]) / sum(math.exp(score) for score in row)
            total += -math.log(probability) * weight * by_class[true].item()
            labelled += 1
    found = cross_entropy(scores, target, class_weight=by_class, pixel_weight=by_pixel)
    assert found.item() == pytest.approx(total / max(labelled, 1), abs=1e-5)


def test_doubled_weights_double_the_mean_and_leave_the_weighted_mean():
    scores, target, _ = drawn((2, 5, 5), 3, 0, 0.2)
    once, twice = [1.0, 2.0, 0.5], [2.0, 4.0, 1.0]
    for reduction, factor in (("mean", 2), ("weighted_mean", 1)):
        one = cross_entropy(scores, target, class_weight=once, reduction=reduction)
        two = cross_entropy(scores, target, class_weight=twice, reduction=reduction)
        assert torch.allclose(two, factor * one)


@pytest.mark.parametrize("reduction", ["mean", "weighted_mean", "sum"])
def test_nothing_labelled_costs_nothing(reduction):
    scores = torch.randn(1, 2, 3, 3, requires_grad=True)
    loss = cross_entropy(scores, torch.full((1, 3, 3), 255), reduction=reduction)
    loss.backward()
    assert loss.item() == 0
    assert torch.equal(scores.grad, torch.zeros_like(scores))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("class_weight", [None, [1.0, 1.0]])
def test_scores_of_16_bits_are_summed_in_32(dtype, class_weight):
    """Each of 2 ** 17 pixels costs log 2: 90,852 together, and float16 ends at 65,504."""
    scores = torch.zeros(2, 2, 256, 256, dtype=dtype)
    target = torch.zeros(2, 256, 256, dtype=torch.int64)
    for reduction, expected in (("mean", math.log(2)), ("sum", 2**17 * math.log(2))):
        found = cross_entropy(scores, target, class_weight=class_weight, reduction=reduction)
        assert found.dtype == torch.float32
        assert found.item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("nothing", [math.nan, math.inf])
def test_the_weight_of_a_void_pixel_counts_nothing(nothing):
    scores, target, _ = drawn((2, 6, 6), 3, 1, 0.4)
    weight = torch.where(target == 255, nothing, 2.0)
    for reduction in ("mean", "weighted_mean", "sum", "none"):
        found = cross_entropy(scores, target, pixel_weight=weight, reduction=reduction)
        whole = torch.full_like(weight, 2.0)
        expected = cross_entropy(scores, target, pixel_weight=whole, reduction=reduction)
        assert torch.equal(found, expected)


def test_weights_of_classes_are_read_in_any_form():
    scores, target, _ = drawn((2, 6, 6), 3, 1, 0.4)
    expected = cross_entropy(scores, target, class_weight=[1.0, 2.0, 0.0])
    for given_ in ((1, 2, 0), np.array([0.0, 2.0, 1.0])[::-1], torch.tensor([1, 2, 0])):
        assert torch.equal(cross_entropy(scores, target, class_weight=given_), expected)


def test_weights_in_64_bits_leave_the_loss_its_dtype():
    scores, target, _ = drawn((2, 6, 6), 3, 1, 0.4)
    weight = torch.rand(2, 6, 6, dtype=torch.float64)
    assert cross_entropy(scores, target, pixel_weight=weight).dtype == torch.float32


def test_void_pixels_get_no_gradient():
    scores, target, _ = drawn((2, 6, 6), 3, 1, 0.4)
    scores.requires_grad_()
    cross_entropy(scores, target).backward()
    touched = scores.grad.abs().sum(1) > 0
    assert torch.equal(touched, target != 255)


def test_on_a_fake_gpu():
    with FakeTensorMode(), torch.device("cuda"):
        scores = torch.rand(1, 3, 4, 5)
        target = torch.zeros(1, 4, 5, dtype=torch.int64)
        weights = {"class_weight": [1.0, 2.0, 3.0], "pixel_weight": torch.rand(1, 4, 5)}
        for reduction in ("mean", "weighted_mean", "sum", "none"):
            loss = cross_entropy(scores, target, reduction=reduction, **weights)
            assert loss.device.type == "cuda"


GOOD = (torch.zeros(1, 2, 3, 3), torch.zeros(1, 3, 3, dtype=torch.int64))


@pytest.mark.parametrize(
    ("scores", "target", "options", "words"),
    [
        ([0.0], GOOD[1], {}, "scores"),
        (GOOD[0], None, {}, "target"),
        (GOOD[0].long(), GOOD[1], {}, r"scores\.float"),
        (GOOD[0], GOOD[1].float(), {}, r"target\.long"),
        (GOOD[0], GOOD[1].int(), {}, r"target\.long"),
        (GOOD[0], GOOD[1][:, None], {}, r"must have shape \(1, 3, 3\)"),
        (GOOD[0][0, 0, 0], GOOD[1], {}, "batch axis"),
        (GOOD[0], GOOD[1] + 2, {}, "class 2, but the scores are of 2 classes"),
        (GOOD[0], GOOD[1] - 1, {}, "class -1"),
        (GOOD[0], GOOD[1], {"class_weight": [1.0]}, "one weight per class"),
        (GOOD[0], GOOD[1], {"class_weight": "balanced"}, "class_weight"),
        (GOOD[0], GOOD[1], {"pixel_weight": torch.ones(3, 3)}, "pixel_weight"),
        (GOOD[0], GOOD[1], {"pixel_weight": [[1.0]]}, "pixel_weight"),
        (GOOD[0], GOOD[1], {"reduction": "average"}, "Use one of mean"),
        (GOOD[0], GOOD[1], {"class_weight": [1j, 1]}, r"class_weight=\[1j, 1\] must be 2 numbers"),
        (
            GOOD[0],
            GOOD[1],
            {"class_weight": torch.ones(2) + 0j},
            "must be 2 numbers, one per class",
        ),
        (
            GOOD[0],
            GOOD[1],
            {"class_weight": torch.ones(2, device="meta")},
            r"class_weight is on meta.*"
            r"class_weight\.to\('cpu'\)",
        ),
        *[
            (
                GOOD[0],
                GOOD[1],
                {"class_weight": [1.0, bad]},
                f"{bad}.* finite and not negative. Use 0",
            )
            for bad in (math.nan, math.inf, -1.0)
        ],
        (GOOD[0], GOOD[1], {"class_weight": torch.tensor([-1, 1])}, "not negative"),
        (GOOD[0], GOOD[1], {"class_weight": [1e300, 1]}, "finite"),
        (GOOD[0], GOOD[1], {"pixel_weight": GOOD[1] + 1j}, r"dtype torch\.complex64.*weight\.real"),
        (GOOD[0], GOOD[1], {"pixel_weight": GOOD[1].to("meta")}, r"pixel_weight\.to\('cpu'\)"),
        *[
            (
                GOOD[0],
                GOOD[1],
                {"pixel_weight": torch.full((1, 3, 3), bad)},
                f"from {bad} .*not negative",
            )
            for bad in (math.nan, math.inf, -1)
        ],
        (GOOD[0], GOOD[1].to("meta"), {}, r"target is on meta.*target\.to\('cpu'\)"),
    ],
)
def test_illegal_input(scores, target, options, words):
    with pytest.raises((ValueError, TypeError), match=words):
        cross_entropy(scores, target, **options)


@pytest.mark.parametrize("class_weight", [[1, 2, 3], np.array([1.0, 2, 3]), None])
def test_weights_cross_to_a_gpu_and_into_a_compiled_graph(class_weight):
    with FakeTensorMode():
        scores = torch.randn(2, 3, 4, 5, device="cuda")
        target = torch.zeros(2, 4, 5, dtype=torch.long, device="cuda")
        weights = torch.ones(2, 4, 5, device="cuda")
        found = cross_entropy(scores, target, class_weight=class_weight, pixel_weight=weights)
        assert found.device.type == "cuda"
    if not isinstance(class_weight, np.ndarray):
        loss = partial(cross_entropy, class_weight=class_weight)
        compiled = torch.compile(loss, fullgraph=True, backend="eager")
        shape = torch.zeros(2, 3, 4, 5, device="meta")
        assert compiled(shape, torch.zeros(2, 4, 5, dtype=torch.long, device="meta")).shape == ()


def test_learned_weights_get_gradients_and_no_warning(recwarn):
    scores, target, _ = drawn((2, 6, 6), 3, 1, 0.4)
    pixels, classes = torch.rand(2, 6, 6).requires_grad_(), torch.ones(3).requires_grad_()
    cross_entropy(scores, target, pixel_weight=pixels, class_weight=classes).backward()
    assert pixels.grad.abs().sum() > 0 < classes.grad.abs().sum()
    assert not list(recwarn)


@pytest.mark.parametrize("weights", [{"class_weight": [1e39, 1, 1]}, {"pixel_weight": 1e39}])
def test_weights_beyond_the_dtype_of_the_scores_are_refused_as_given(weights):
    scores, target, _ = drawn((2, 6, 6), 3, 1, 0.4)
    if "pixel_weight" in weights:
        weights = {"pixel_weight": torch.full((2, 6, 6), 1e39, dtype=torch.float64)}
    with pytest.raises(ValueError, match="finite and not negative"):
        cross_entropy(scores, target, **weights)
