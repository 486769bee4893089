"""Dice from sets of pixels."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch._subclasses.fake_tensor import FakeTensorMode

from segviz.metrics import ConfusionMatrix, dice


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 4), st.sampled_from([(7,), (3, 4), (2, 3, 2)]), st.integers(0, 999))
def test_from_sets(classes, shape, seed):
    generator = np.random.default_rng(seed)
    prediction, target = generator.integers(classes, size=(2, *shape))
    target[generator.random(shape) < 0.2] = 255
    expected = []
    for k in range(classes):
        true = {p for p, t in np.ndenumerate(target) if t == k}
        predicted = {p for p, c in np.ndenumerate(prediction) if c == k and target[p] != 255}
        pixels = len(true) + len(predicted)
        expected.append(2 * len(true & predicted) / pixels if pixels else np.nan)
    found = dice(torch.from_numpy(prediction), target, num_classes=classes)
    np.testing.assert_allclose(found, expected)


def test_dice_is_the_iou_on_another_scale():
    generator = np.random.default_rng(0)
    prediction, target = generator.integers(3, size=(2, 8, 8))
    matrix = ConfusionMatrix(3)
    matrix.update(prediction, target)
    torch.testing.assert_close(matrix.dice, 2 * matrix.iou / (1 + matrix.iou))
    torch.testing.assert_close(matrix.dice, dice(prediction, target, num_classes=3))


def test_labels_of_a_fake_gpu_are_counted_there(monkeypatch):
    """Whether classes are unknown is asked of numbers, which fake tensors do not have."""
    monkeypatch.setattr(ConfusionMatrix, "_right", lambda self: self.counts.diagonal().double())
    with FakeTensorMode(), torch.device("cuda"):
        labels = torch.zeros((2, 9, 9), dtype=torch.int64)
        found = dice(labels, labels, num_classes=3)
    assert (found.shape, found.dtype, found.device.type) == ((3,), torch.float64, "cpu")


@pytest.mark.parametrize(
    ("prediction", "target", "words"),
    [([2], [0], "class 2"), ([0], [0, 1], "must be equal"), ([0.5], [0], "argmax")],
)
def test_illegal_maps(prediction, target, words):
    with pytest.raises((ValueError, TypeError), match=words):
        dice(prediction, target, num_classes=2)
