"""The confusion matrix against sets of pixels, counted class after class."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch._subclasses.fake_tensor import FakeTensorMode

from segviz.metrics import ConfusionMatrix, boundary_f1, confusion
from segviz.metrics.confusion import _pair_counts


def sets_of_pixels(prediction, target, classes):
    """IoU, accuracy and size of each class, from sets of pixel numbers."""
    labelled = {i for i, true in enumerate(target) if true != 255}
    rows = []
    for k in range(classes):
        true = {i for i in labelled if target[i] == k}
        predicted = {i for i in labelled if prediction[i] == k}
        union = true | predicted
        iou = len(true & predicted) / len(union) if union else math.nan
        rows.append((iou, len(true & predicted) / len(true) if true else math.nan, len(true)))
    return np.array(rows), len(labelled)


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 5), st.integers(1, 40), st.integers(0, 999), st.integers(1, 3))
def test_scores_from_sets(classes, pixels, seed, batches):
    generator = np.random.default_rng(seed)
    predictions = generator.integers(classes, size=(batches, pixels))
    targets = generator.integers(classes, size=(batches, pixels))
    targets[generator.random(targets.shape) < 0.2] = 255
    matrix, sum_of_matrices = ConfusionMatrix(classes), ConfusionMatrix(classes)
    for prediction, target in zip(predictions, targets, strict=True):
        matrix.update(prediction, torch.from_numpy(target))
        single = ConfusionMatrix(classes)
        single.update(torch.from_numpy(prediction), target.astype(np.uint8))
        sum_of_matrices = sum_of_matrices + single
    rows, labelled = sets_of_pixels(predictions.ravel(), targets.ravel(), classes)
    iou, accuracy, size = rows.T
    assert torch.equal(matrix.counts, sum_of_matrices.counts)
    assert matrix.counts.sum() == labelled
    np.testing.assert_allclose(matrix.iou, iou)
    np.testing.assert_allclose(matrix.accuracy, accuracy)
    if labelled:
        right = (predictions == targets)[targets != 255]
        assert matrix.pixel_accuracy == pytest.approx(right.mean())
        assert matrix.mean_iou == pytest.approx(np.nanmean(iou))
        assert matrix.class_accuracy == pytest.approx(np.nanmean(accuracy))
        weighted = np.nansum(iou * size) / size.sum()
        assert matrix.frequency_weighted_iou == pytest.approx(weighted)


def test_a_case_by_hand():
    """True 0: three pixels, two right. True 1: one pixel, right. Class 2 only predicted."""
    matrix = ConfusionMatrix(4)
    matrix.update(prediction=[[0, 0, 2], [1, 3, 3]], target=[[0, 0, 0], [1, 255, 255]])
    assert matrix.counts.tolist() == [[2, 0, 1, 0], [0, 1, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]
    assert matrix.iou[:3].tolist() == pytest.approx([2 / 3, 1, 0])
    assert matrix.iou[3].isnan()  # neither true nor predicted
    assert matrix.accuracy[2].isnan()  # predicted, but never true
    assert matrix.mean_iou == pytest.approx((2 / 3 + 1 + 0) / 3)
    assert matrix.class_accuracy == pytest.approx((2 / 3 + 1) / 2)
    assert matrix.pixel_accuracy == 3 / 4
    assert matrix.frequency_weighted_iou == pytest.approx((3 * 2 / 3 + 1 * 1) / 4)
    assert repr(matrix) == "ConfusionMatrix(4 classes, 4 pixels)"


def test_it_counts_on_the_device_of_the_labels():
    with FakeTensorMode(), torch.device("cuda"):
        labels = torch.zeros((2, 9, 9), dtype=torch.int64)
        assert _pair_counts(labels, labels, 3).device.type == "cuda"
        matrix = ConfusionMatrix(3)
        matrix.update(labels, labels)
        assert matrix.counts.device.type == "cpu"


def test_away_from_the_cpu_unknown_classes_are_told_when_a_score_is_read(monkeypatch):
    monkeypatch.setattr(confusion, "label_maps", lambda *maps, wait: maps[:2])
    matrix = ConfusionMatrix(2)
    matrix.update(torch.tensor([0, 1, 2, 0, 1]), torch.tensor([0, 1, 0, -3, 255]))
    assert matrix.counts.tolist() == [[1, 0], [0, 1]]
    for score in ("iou", "accuracy", "pixel_accuracy", "dice"):
        with pytest.raises(ValueError, match="2 pixels were of classes other than 0 to 1"):
            getattr(matrix, score)
    with pytest.raises(ValueError, match="2 pixels"):
        (ConfusionMatrix(2) + matrix).mean_iou  # noqa: B018


def test_nothing_counted_is_nan():
    matrix = ConfusionMatrix(2)
    assert math.isnan(matrix.pixel_accuracy)
    assert math.isnan(matrix.mean_iou)
    assert math.isnan(matrix.frequency_weighted_iou)


def test_flipped_and_turned_arrays_are_counted_where_they_stand():
    maps = np.arange(6).reshape(2, 3) % 3
    for turned in (
        maps[:, ::-1],
        np.rot90(maps),
        maps.T,
        maps[::-1, ::2],
        maps[:1][::-1],
        maps.astype(">i4"),
    ):
        found, expected = ConfusionMatrix(3), ConfusionMatrix(3)
        found.update(turned, np.zeros_like(turned))
        found.update(np.zeros_like(turned), turned)
        expected.update(turned.tolist(), np.zeros_like(turned).tolist())
        expected.update(np.zeros_like(turned).tolist(), turned.tolist())
        assert torch.equal(found.counts, expected.counts)
    assert boundary_f1(maps[:, ::-1], maps[:, ::-1].copy(), num_classes=3, tolerance=0) == 1


def test_weights_of_large_counts_are_exact_to_64_bits():
    matrix = ConfusionMatrix(2)
    matrix.counts = torch.tensor([[2**31 + 7, 3], [5, 11]])
    true, right = [2**31 + 10, 16], [2**31 + 7, 11]
    union = [2**31 + 15, 19]
    by_hand = sum(t * r / u for t, r, u in zip(true, right, union, strict=True)) / sum(true)
    assert matrix.frequency_weighted_iou == pytest.approx(by_hand, rel=1e-14)


@pytest.mark.parametrize(
    ("prediction", "target", "words"),
    [
        (torch.zeros(2, 2), torch.zeros(2, 2).long(), "argmax"),
        (torch.zeros(1, 3, 2, 2).long(), torch.zeros(1, 2, 2).long(), r"argmax\(1\)"),
        (torch.zeros(2, 3).long(), torch.zeros(2, 2).long(), "must be equal"),
        ([3], [0], "prediction holds class 3"),
        ([255], [0], "prediction holds class 255"),
        ([0], [-1], "target holds class -1"),
        ([0], [7], "target holds class 7"),
        ("a", [0], "prediction"),
        ([0], None, "target"),
    ],
)
def test_illegal_maps(prediction, target, words):
    with pytest.raises((ValueError, TypeError), match=words):
        ConfusionMatrix(3).update(prediction, target)


@pytest.mark.parametrize("num_classes", [0, -1, 2.0, None])
def test_illegal_numbers_of_classes(num_classes):
    with pytest.raises((ValueError, TypeError), match="num_classes"):
        ConfusionMatrix(num_classes)


def test_only_matrices_of_the_same_classes_add_up():
    for other in (ConfusionMatrix(3), 1):
        with pytest.raises(TypeError, match="same num_classes"):
            ConfusionMatrix(2) + other


def test_the_matrices_of_several_sets_add_up_by_sum():
    parts = [ConfusionMatrix(2), ConfusionMatrix(2)]
    for part, true in zip(parts, (0, 1), strict=True):
        part.update(torch.tensor([0, 1, 1]), torch.full((3,), true))
    total = sum(parts)
    assert total.counts.tolist() == [[1, 2], [1, 2]]
    alone = sum(parts[:1])
    alone.update(torch.tensor([0]), torch.tensor([0]))
    assert parts[0].counts.tolist() == [[1, 2], [0, 0]]
    with pytest.raises(TypeError):
        1 + parts[0]
