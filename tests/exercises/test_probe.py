"""Hidden checks' text: the same for answers within the tolerance, another for other answers."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from segviz.exercises._probe import MOST_NUMBERS, Recorder, Replay, canonical, is_safe

TOLERANCE = 1e-6
numbers = st.floats(-1e9, 1e9, allow_nan=False)


@settings(deadline=None, max_examples=300)
@given(st.lists(numbers, min_size=1, max_size=60), st.integers(0, 2**32 - 1))
def test_right_answers_within_the_tolerance_are_never_refused(values, seed):
    right = np.array(values)
    assume(is_safe(right))
    off = np.random.default_rng(seed).uniform(-TOLERANCE, TOLERANCE, right.shape)
    assert canonical(right + off) == canonical(right)


def test_of_four_thousand_right_answers_none_is_refused():
    draw = np.random.default_rng(20)
    judged = 0
    while judged < 4000:
        right = draw.normal(scale=draw.choice([1e-3, 1, 1e3]), size=10)
        if is_safe(right):
            off = draw.choice([-TOLERANCE, TOLERANCE], right.shape)
            assert canonical(right + off) == canonical(right)
            judged += 1


@settings(deadline=None, max_examples=200)
@given(st.lists(st.floats(-1e5, 1e5), min_size=1, max_size=MOST_NUMBERS), st.data())
def test_one_number_off_by_a_thousandth_is_another_answer(values, data):
    wrong = np.array(values)
    wrong[data.draw(st.integers(0, len(values) - 1))] += 1e-3
    assert canonical(wrong) != canonical(values)


def test_drawn_inputs_of_fifty_numbers_are_found_soon():
    safe = [is_safe(np.random.default_rng(seed).normal(size=50)) for seed in range(400)]
    assert 0.1 < np.mean(safe) < 0.6  # a draw in ten at least is clear of every rounding edge


@pytest.mark.parametrize(
    "same",
    [
        ([1, 2, 3], (1.0, 2.0, 3.0), np.array([1, 2, 3], np.int16), torch.tensor([1.0, 2, 3])),
        (True, 1, 1.0, np.bool_(True), torch.tensor(1.0, requires_grad=True)),
        (0.0, -0.0, 0, -1e-9, np.float32(-0.0)),
        (float("nan"), -float("nan"), np.float32("nan")),
        ([[1, 2], [3]], [np.array([1, 2]), (3.0,)]),
        ({"a": 1, "b": [2]}, {"b": (2,), "a": 1.0}),
        (2e7, 20_000_000, 2e7 + 1e-6),
    ],
)
def test_what_is_the_same_answer(same):
    assert len({canonical(one) for one in same}) == 1


@pytest.mark.parametrize(
    "different",
    [
        (1, [1], [[1]], "1", None, 1.001, -1, {"x": 1}),
        (math.inf, -math.inf, math.nan, 1e300),
        ([1, 2, 3], [1, 3, 2], [1, 2], [1, 2, 3, 0]),
        (np.eye(20), np.eye(20)[::-1], 2 * np.eye(20), np.eye(20) * math.nan),
        (1j, 1, -1j),
    ],
)
def test_what_is_another_answer(different):
    assert len({canonical(one) for one in different}) == len(different)


def test_large_arrays_are_told_apart_by_any_one_entry():
    image = np.random.default_rng(0).normal(size=(40, 50))
    texts = {canonical(image)}
    for entry in np.random.default_rng(1).choice(image.size, 30, replace=False):
        changed = image.copy()
        changed.flat[entry] += 2.0
        texts.add(canonical(changed))
    assert len(texts) == 31
    assert len(canonical(image).split()) <= MOST_NUMBERS + 2


@pytest.mark.parametrize("answer", [object(), lambda: 1, {1, 2}])
def test_what_is_no_answer_is_refused_in_words(answer):
    with pytest.raises(TypeError, match="Return numbers or an array"):
        canonical(answer)


def test_recorded_inputs_come_again_and_hold_no_seed():
    rng = Recorder([7, 8, 0])
    drawn = [rng.normal(size=3), rng.integers(9), rng.permutation(4)]
    for _ in range(2):
        replay = Replay(rng.drawn)
        again = [replay.normal(size=3), replay.anything(), replay.permutation(4)]
        assert all(np.array_equal(one, other) for one, other in zip(drawn, again, strict=True))
    assert not hasattr(Replay(rng.drawn), "__dict__") or "generator" not in str(vars(replay))
