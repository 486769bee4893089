"""A training watched: what is kept, what travels, and that watching changes nothing."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest
import torch
from torch import nn

from segviz.datasets.synthetic import streets
from segviz.training import fit
from segviz.widgets import TrainingProgress

PICTURE = np.linspace(0, 1, 3 * 8 * 9, dtype=np.float32).reshape(3, 8, 9)
TWO = {"classes": ("dark", "light"), "palette": [(0, 0, 0), (255, 255, 255)]}
QUIET = {"bfloat16": False, "progress": False, "on": "cpu", "learning_rate": 0.01}


def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4), nn.Dropout(0.5),
                         nn.Conv2d(4, 2, 1))  # fmt: skip


def draw(generator):
    images = torch.rand((2, 3, 8, 9), generator=generator)
    return images, (images.mean(1) > 0.5).long()


def watched(progress, model=None, steps=12, **more):
    model = network() if model is None else model
    on_step = progress.watch(model, every=3, pause=0)
    history = fit(model, draw, nn.CrossEntropyLoss(), steps=steps, on_step=on_step, **QUIET, **more)
    return model, history


def test_the_curve_and_the_predictions_are_those_of_the_training():
    progress = TrainingProgress(PICTURE, **TWO)
    seen = []

    def predict():
        seen.append(np.full((8, 9), len(seen) % 2))
        return seen[-1]

    on_step = progress.watch(predict, every=3, pause=0)
    history = fit(network(), draw, nn.CrossEntropyLoss(), steps=12, on_step=on_step, **QUIET)
    assert progress.losses == history.loss
    assert progress.trace["moments"] == len(seen) == 4
    assert progress.moment == 3
    assert progress.trace["at"] == 10  # behind steps 1, 4, 7, 10
    assert progress.trace["loss"] == history.loss[9]
    np.testing.assert_allclose(progress.trace["curve"], history.loss[:10], rtol=1e-6)
    for moment in (0, 2):
        progress.moment = moment
        assert np.array_equal(progress.trace["prediction"], seen[moment])
        assert progress.trace["at"] == 1 + 3 * moment


def test_a_network_is_asked_about_the_picture():
    progress = TrainingProgress(PICTURE, **TWO)
    model, _ = watched(progress, steps=1)
    with torch.no_grad():
        expected = model(torch.from_numpy(PICTURE)[None]).argmax(1)[0]
    assert np.array_equal(progress.trace["prediction"], expected)


def test_watching_changes_no_bit_of_the_weights():
    one, _ = watched(TrainingProgress(PICTURE, **TWO))
    other = network()
    fit(other, draw, nn.CrossEntropyLoss(), steps=12, **QUIET)
    for a, b in zip(one.state_dict().values(), other.state_dict().values(), strict=True):
        assert torch.equal(a, b)


def test_stop_ends_the_training_from_another_thread():
    progress = TrainingProgress(PICTURE, **TWO)
    found = []
    thread = threading.Thread(
        target=lambda: found.append(watched(progress, steps=10**6)), daemon=True
    )
    thread.start()
    while len(progress.losses) < 5:
        time.sleep(0.005)
    progress.set_state({"stop": True, "_asked": 4})  # as the browser sends it
    thread.join(30)
    assert not thread.is_alive()
    [(_, history)] = found
    assert 5 <= len(history.loss) < 10**6
    assert progress.trace["at"] == len(history.loss)  # the last prediction is of the last weights
    assert progress._answered == 4
    progress.watch(lambda: None)
    assert not progress.stop


def test_whoever_looks_back_is_left_there():
    progress = TrainingProgress(PICTURE, **TWO)
    on_step = progress.watch(lambda: np.zeros((8, 9), int), every=1, pause=0)
    for step in range(4):
        on_step(step, 1.0)
    progress.moment = 1
    on_step(4, 1.0)
    assert progress.moment == 1
    assert progress.trace["moments"] == 5
    progress.moment = 4
    on_step(5, 1.0)
    assert progress.moment == 5


def test_a_long_training_stays_small():
    street = streets(1, size=(360, 480), seed=1)[0]
    progress = TrainingProgress(street.image, street.mask)
    on_step = progress.watch(lambda: np.asarray(street.mask) % 11, every=1000, pause=0)
    for step in range(5000):
        on_step(step, 1 / (1 + step))
    trace = progress._trace
    sent = sum(len(value["data"]) for value in trace.values() if isinstance(value, dict))
    assert sent <= 10_000
    assert progress.trace["points"][[0, -1]].tolist() == [0, 4000]


def test_there_is_no_end_to_the_moments(monkeypatch):
    monkeypatch.setattr("segviz.widgets.training_progress._MOST", 9)
    progress = TrainingProgress(PICTURE, **TWO)
    on_step = progress.watch(lambda: np.zeros((8, 9), int), every=1, pause=0)
    for step in range(100):
        on_step(step, 1.0)
    assert progress.trace["moments"] <= 11
    assert progress.trace["at"] == 100


def test_share_of_right_pixels_leaves_void_out():
    truth = np.zeros((8, 9), int)
    truth[0] = 255
    truth[1] = 1
    progress = TrainingProgress(PICTURE, truth, **TWO)
    progress.watch(lambda: np.zeros((8, 9), int), every=1)(0, 0.5)
    assert progress.trace["right"] == pytest.approx(6 / 7)


def test_the_still_says_what_it_shows():
    progress = TrainingProgress(PICTURE, **TWO)
    assert "before the first step" in progress._describe()
    watched(progress, steps=4)
    assert "The loss of 4 training steps" in progress._describe()
    assert progress._frames() == 2
    assert [axis.get_title() for axis in progress._frame(1).axes] == [
        "loss",
        "picture",
        "prediction, step 4",
    ]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: TrainingProgress(PICTURE, np.zeros((3, 3), int), **TWO), "truth has shape"),
        (lambda: TrainingProgress(PICTURE, np.full((8, 9), 7), **TWO), "truth holds"),
        (lambda: TrainingProgress(np.zeros((2, 2, 2, 2)), **TWO), "picture has shape"),
        (lambda: TrainingProgress(PICTURE, **TWO).watch(network(), every=0), "every"),
    ],
)
def test_illegal_arguments(make, words):
    with pytest.raises((ValueError, TypeError), match=words):
        make()
