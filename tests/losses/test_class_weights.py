"""Median frequency balancing against counts in plain Python."""

import math
import statistics

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch._subclasses.fake_tensor import FakeTensorMode

from segviz.losses import cross_entropy, median_frequency_weights


def by_hand(pictures, classes, definition):
    frequencies = []
    for k in range(classes):
        shown = [p for p in pictures if k in p or definition == "all_pixels"]
        labelled = sum(1 for p in shown for value in p if value != 255)
        count = sum(p.count(k) for p in pictures)
        frequencies.append(count / labelled if count else math.nan)
    known = [f for f in frequencies if not math.isnan(f)]
    return [0.0 if math.isnan(f) else statistics.median(known) / f for f in frequencies]


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.lists(st.sampled_from([0, 0, 1, 2, 3, 255]), min_size=1), min_size=1, max_size=4),
    st.sampled_from(["all_pixels", "where_present"]),
)
def test_both_definitions(pictures, definition):
    targets = (torch.tensor(picture) for picture in pictures)  # read once, one after another
    found = median_frequency_weights(targets, num_classes=5, definition=definition)
    assert found.tolist() == pytest.approx(by_hand(pictures, 5, definition), rel=1e-5)


def test_a_class_seen_seldom_but_large_is_rare_by_one_definition_only():
    sky, ground = torch.zeros(10, dtype=torch.int64), torch.ones(10, dtype=torch.int64)
    pictures = [sky] + [ground] * 3
    everywhere = median_frequency_weights(pictures, num_classes=2)
    assert everywhere.tolist() == pytest.approx([2, 2 / 3])
    present = median_frequency_weights(pictures, num_classes=2, definition="where_present")
    assert present.tolist() == [1, 1]
    assert cross_entropy(torch.zeros(1, 2, 10), sky[None], class_weight=everywhere).item() > 1


def test_on_a_fake_gpu():
    with FakeTensorMode(), torch.device("cuda"):
        targets = [torch.zeros(4, 5, dtype=torch.int64)] * 2
        assert median_frequency_weights(targets, num_classes=3).device.type == "cuda"


@pytest.mark.parametrize(
    ("targets", "options", "words"),
    [
        ([], {}, "no picture"),
        ([torch.zeros(3)], {}, r"is torch\.float32, .*Use target\.long"),
        ([np.zeros(3)], {}, r"is ndarray, .*Use torch\.as_tensor\(target\)\.long\(\)"),
        ([[0, 1]], {}, "int64 tensor"),
        (None, {}, "must be a sequence"),
        ([torch.tensor([7])], {}, "class 7"),
        ([torch.tensor([0])], {"definition": "segnet"}, "Use one of all_pixels, where_present"),
        ([torch.tensor([0])], {"num_classes": 0}, "num_classes"),
    ],
)
def test_illegal_input(targets, options, words):
    with pytest.raises((ValueError, TypeError), match=words):
        median_frequency_weights(targets, **{"num_classes": 3, **options})
