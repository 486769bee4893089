"""The figure of a dense CRF paints each pixel as its classes and the truth say."""

from __future__ import annotations

import numpy as np

from segviz.plot.dense_crf import CHANGE_COLOURS, changes, dense_crf

BEFORE = np.array([[0, 0, 1, 1, 0, 1]])
AFTER = np.array([[0, 1, 0, 1, 1, 0]])
TRUTH = np.array([[0, 1, 1, 0, 255, 2]])


def test_kinds_by_hand():
    assert changes(BEFORE, AFTER, TRUTH).tolist() == [[0, 1, 2, 3, 3, 3]]
    assert changes(BEFORE, BEFORE, TRUTH).tolist() == [[0, 3, 0, 3, 0, 3]]
    assert changes(BEFORE, AFTER, None).tolist() == [[0, 3, 3, 0, 3, 3]]


def test_pixels_and_legend():
    axes = dense_crf(
        np.zeros((1, 6, 3)), BEFORE, AFTER, classes=("a", "b", "c"), truth=TRUTH,
        palette=[(1, 0, 0), (0, 2, 0), (0, 0, 3)], iteration=4,
    )  # fmt: skip
    assert axes[2].get_title() == "iteration 4"
    assert axes[1].images[0].get_array()[0, 2].tolist() == [0, 2, 0]
    painted = axes[3].images[0].get_array()[0]
    assert painted.tolist() == [list(CHANGE_COLOURS[kind]) for kind in (0, 1, 2, 3, 3, 3)]
    assert axes[4].images[0].get_array()[0, 4].tolist() == [160, 160, 160]
    [legend] = axes[0].figure.legends
    words = [text.get_text() for text in legend.get_texts()]
    assert words == ["a", "b", "c", "right now", "wrong now", "wrong as before"]


def test_without_truth_changes_are_just_changes():
    axes = dense_crf(np.zeros((1, 6, 3)), BEFORE, AFTER, classes=("a", "b"))
    assert len(axes) == 4
    words = [text.get_text() for text in axes[0].figure.legends[0].get_texts()]
    assert words == ["a", "b", "changed"]
