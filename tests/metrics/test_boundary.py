"""Boundary F1 against distances measured pixel by pixel."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch._subclasses.fake_tensor import FakeTensorMode

from segviz.metrics import boundary_f1
from segviz.metrics.boundary import _picture_f1


def boundary_of(labels, k):
    """Pixels of class k with a 4-neighbour of another class, void apart: a list of positions."""
    height, width = labels.shape
    found = []
    for row, column in np.argwhere(labels == k):
        for r, c in ((row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1)):
            inside = 0 <= r < height and 0 <= c < width
            if inside and labels[r, c] not in (k, 255):
                found.append((row, column))
                break
    return found


def share_near(ours, theirs, tolerance):
    near = [p for p in ours if any(math.dist(p, q) <= tolerance for q in theirs)]
    return len(near) / len(ours)


def slow_f1(prediction, target, classes, tolerance):
    pictures = []
    for one, two in zip(prediction, target, strict=True):
        one = np.where(two == 255, 255, one)
        scores = []
        for k in range(classes):
            ours, theirs = boundary_of(one, k), boundary_of(two, k)
            if theirs and not ours:
                scores.append(0.0)
            elif theirs:
                p, r = share_near(ours, theirs, tolerance), share_near(theirs, ours, tolerance)
                scores.append(2 * p * r / (p + r) if p + r else 0.0)
        if scores:
            pictures.append(np.mean(scores))
    return np.mean(pictures) if pictures else math.nan


@settings(deadline=None, max_examples=40)
@given(
    st.integers(1, 3),
    st.tuples(st.integers(1, 9), st.integers(1, 9)),
    st.sampled_from([0, 1, 1.5, 2, 3]),
    st.sampled_from([0.0, 0.2]),
    st.integers(0, 999),
)
def test_as_by_distances(classes, size, tolerance, void, seed):
    generator = np.random.default_rng(seed)
    blocks = generator.integers(classes, size=(2, 2, 5, 5))
    maps = np.kron(blocks, np.ones((2, 2), dtype=int))[:, :, : size[0], : size[1]]
    prediction, target = maps[0], maps[1].copy()
    target[generator.random(target.shape) < void] = 255
    found = boundary_f1(prediction, target, num_classes=classes, tolerance=tolerance)
    expected = slow_f1(prediction, target, classes, tolerance)
    assert found == pytest.approx(expected, nan_ok=True)


def test_a_perfect_map_scores_one_and_void_is_not_looked_at():
    target = torch.zeros(8, 8, dtype=torch.int64)
    target[2:5, 3:7] = 1
    assert boundary_f1(target, target, num_classes=2, tolerance=0) == 1
    wrong = target.clone()
    wrong[6:, :] = 1
    target[6:, :] = 255
    assert boundary_f1(wrong, target, num_classes=2, tolerance=0) == 1


def test_a_class_without_outline_is_left_out():
    flat = torch.zeros(1, 4, 4, dtype=torch.int64)
    assert math.isnan(boundary_f1(flat, flat, num_classes=2))
    edge = flat.clone()
    edge[..., 2:] = 1
    assert boundary_f1(torch.cat([edge, flat]), torch.cat([edge, flat]), num_classes=2) == 1
    assert boundary_f1(flat, edge, num_classes=2) == 0


def test_it_is_computed_on_the_device_of_the_labels():
    with FakeTensorMode(), torch.device("cuda"):
        labels = torch.zeros((9, 9), dtype=torch.int64)
        assert _picture_f1(labels, labels, 3, 2.0).device.type == "cuda"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"tolerance": -1}, "tolerance"),
        ({"tolerance": math.nan}, "tolerance"),
        ({"tolerance": 1e9}, "tolerance"),
        ({"tolerance": "2"}, "tolerance"),
        ({"num_classes": 0}, "num_classes"),
        ({"num_classes": 1}, "holds class 1"),
    ],
)
def test_illegal_settings(options, words):
    labels = torch.tensor([[0, 1]])
    with pytest.raises((ValueError, TypeError), match=words):
        boundary_f1(labels, labels, **{"num_classes": 2, **options})


@pytest.mark.parametrize("kind", [np.float32, np.float64, np.int64])
def test_a_tolerance_may_be_a_number_of_numpy(kind):
    target, prediction = torch.tensor([[0, 0, 0, 1, 1, 1]]), torch.tensor([[0, 0, 0, 0, 1, 1]])
    for tolerance, expected in ((kind(1), 1.0), (kind(0), 0.0)):
        assert boundary_f1(prediction, target, num_classes=2, tolerance=tolerance) == expected
    with pytest.raises(TypeError, match="tolerance"):
        boundary_f1(prediction, target, num_classes=2, tolerance=np.bool_(True))


@pytest.mark.parametrize("shape", [(0, 0), (1, 0, 4), (2, 4, 0)])
def test_maps_without_a_pixel_are_refused(shape):
    labels = torch.zeros(shape, dtype=torch.int64)
    with pytest.raises(ValueError, match=f"{shape[-2]} x {shape[-1]}, without any pixel. Give"):
        boundary_f1(labels, labels, num_classes=2)


def test_no_picture_has_no_boundary():
    labels = torch.zeros((0, 4, 4), dtype=torch.int64)
    assert math.isnan(boundary_f1(labels, labels, num_classes=2))


def test_illegal_shapes():
    labels = torch.zeros(4, dtype=torch.int64)
    with pytest.raises(ValueError, match=r"\(N, H, W\)"):
        boundary_f1(labels, labels, num_classes=2)
    with pytest.raises(ValueError, match="must be equal"):
        boundary_f1(labels[None], labels[None, :2], num_classes=2)
