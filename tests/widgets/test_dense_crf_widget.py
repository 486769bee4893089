"""The dense CRF's widget shows what dense_crf_steps yields, and says rightly what changed."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from segviz.postprocessing import dense_crf_steps
from segviz.widgets import DenseCRF

NAMES = ("a", "b", "c")
WEIGHTS = {"appearance_weight": 6.0, "smoothness_weight": 1.5}
SIGMAS = {"position_sigma": 5.0, "colour_sigma": 12.0, "smoothness_sigma": 2.0}


def scene(size=(12, 16)):
    """Three stripes of different grey with noise, a network in doubt, and a truth with void."""
    rng = np.random.default_rng(3)
    truth = np.broadcast_to(np.arange(size[1]) * 3 // size[1], size).copy()
    picture = (80 * truth + rng.integers(0, 40, size)).astype(np.uint8)
    scores = 1.2 * np.eye(3)[truth].transpose(2, 0, 1) + rng.normal(size=(3, *size))
    probabilities = np.exp(scores) / np.exp(scores).sum(0)
    truth[0] = 255
    return np.stack([picture] * 3), probabilities.astype(np.float32), truth


def made(known=True, **settings):
    picture, probabilities, truth = scene()
    more = {"truth": truth} if known else {}
    return DenseCRF(picture, probabilities, classes=NAMES, **more, **settings)


@pytest.fixture
def maps():
    picture, probabilities, _ = scene()
    settings = {**WEIGHTS, **SIGMAS, "method": "lattice"}
    steps = dense_crf_steps(probabilities, picture / 255, iterations=10, **settings)
    return [one.argmax(0) for one in steps]


def test_every_iteration_is_that_of_dense_crf_steps(maps):
    widget = made(**WEIGHTS, **SIGMAS)
    assert (maps[0] != maps[10]).sum() > 10
    for iteration, expected in enumerate(maps):
        assert np.array_equal(widget.labels(iteration), expected)
        widget.iteration = iteration
        assert np.array_equal(widget.labels(), expected)


def test_labels_are_those_of_the_sums_over_all_pairs():
    picture, probabilities, _ = scene()
    *_, exact = dense_crf_steps(
        probabilities, picture / 255, iterations=10, method="exact", **WEIGHTS, **SIGMAS
    )
    differ = (made(**WEIGHTS, **SIGMAS).labels(10) != exact.argmax(0)).mean()
    assert differ <= 0.02


def test_counts_and_shares_are_those_of_the_maps(maps):
    trace = made(**WEIGHTS, **SIGMAS).trace
    truth = scene()[2]
    known = truth != 255
    assert trace["changed"] == [(one != maps[0]).sum() for one in maps]
    assert trace["right"] == pytest.approx([(one == truth)[known].mean() for one in maps])
    moved = [(a != b).sum() for a, b in pairwise(maps)]
    assert np.diff(trace["ends"]).tolist() == moved


def test_each_change_carries_its_kind(maps):
    widget, truth = made(**WEIGHTS, **SIGMAS), scene()[2]
    trace = widget.trace
    ends = trace["ends"]
    for t in range(1, 11):
        for place, code in zip(
            trace["places"][ends[t - 1] : ends[t]],
            trace["codes"][ends[t - 1] : ends[t]],
            strict=True,
        ):
            before, now, right = (int(one.flat[place]) for one in (maps[0], maps[t], truth))
            assert code & 63 == now
            if right == 255 or before == now == right:
                kind = 0
            elif now == right:
                kind = 1
            else:
                kind = 2 if before == right else 3
            if right == 255 and before != now:
                kind = 3
            assert code >> 6 == kind


def test_no_weights_change_no_label():
    widget = made(appearance_weight=0.0, smoothness_weight=0.0)
    assert widget.trace["ends"] == [0] * 11
    assert np.array_equal(widget.labels(10), scene()[1].argmax(0))


def test_truth_is_optional():
    widget = made(known=False)
    assert "right" not in widget.trace
    assert "truth" not in widget._scene
    assert set(np.unique(widget.trace["codes"] >> 6)) <= {0, 3}


def test_extreme_settings_stay_small():
    widget = DenseCRF()
    for settings in (
        {"appearance_weight": 0.0, "smoothness_weight": 10.0, "smoothness_sigma": 10.0},
        {"appearance_weight": 10.0, "colour_sigma": 60.0, "position_sigma": 40.0},
    ):
        for name, value in settings.items():
            setattr(widget, name, value)
        sent = widget._trace
        assert sum(len(one["data"]) for one in sent.values() if isinstance(one, dict)) < 8000


def test_still_and_frames_show_the_iteration():
    widget = made(iteration=3)
    assert widget._frames() == 11
    titles = [axis.get_title() for axis in widget._frame(2).axes]
    assert titles == ["picture", "network", "iteration 2", "what changed", "truth"]
    assert [axis.get_title() for axis in widget._still().axes][2] == "iteration 3"
    assert "behind 3 iterations" in widget._describe()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"picture": np.zeros((3, 4, 4))}, "belong together"),
        ({"picture": np.zeros((3, 96, 96)), "probabilities": np.ones((2, 96, 96)) / 2}, "8192"),
        ({"picture": np.zeros((3, 4, 4)), "probabilities": np.ones((4, 4)) / 2}, "2 to 64"),
        ({"picture": np.zeros((3, 4, 4)), "probabilities": np.ones((3, 4, 4))}, "softmax"),
        ({"picture": np.zeros((3, 4, 4)), "probabilities": np.ones((3, 2, 4)) / 3}, "one size"),
        ({"picture": np.zeros((3, 4, 4)), "probabilities": np.ones((2, 4, 4)) / 2}, "3|names"),
        ({"colour_sigma": 0}, "between 1 and 60"),
        ({"iteration": 11}, "0 to 10"),
    ],
)
def test_illegal_arguments(settings, words):
    with pytest.raises((ValueError, TypeError), match=words):
        DenseCRF(**{"classes": NAMES, **settings} if "picture" in settings else settings)
