"""Counted one window at a time, with the pixels as names of the values."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segviz.ops.recomputation import (
    WindowLayer,
    each_once_so_far,
    times_computed,
    window_layers,
)

places = st.integers(1, 9)
outputs, strides = st.integers(1, 6), st.integers(1, 5)


def counted(height, width, outputs, stride, steps):
    """How often each value, named by its first pixel, is computed in the first windows."""
    seen = Counter()
    for step in range(steps):
        row, column = divmod(step, width)
        for i in range(outputs):
            for j in range(outputs):
                seen[row + i * stride, column + j * stride] += 1
    return seen


@given(places, places, outputs, strides)
def test_counts_are_those_of_the_loop(height, width, outputs, stride):
    seen = counted(height, width, outputs, stride, height * width)
    made = np.outer(times_computed(height, outputs, stride), times_computed(width, outputs, stride))
    expected = np.zeros_like(made)
    for place, times in seen.items():
        expected[place] = times
    np.testing.assert_array_equal(made, expected)


@given(places, places, outputs, strides)
def test_multiply_adds_are_those_of_the_loop(height, width, outputs, stride):
    layer = WindowLayer("conv", outputs, stride, 1, multiply_adds=7)
    seen = counted(height, width, outputs, stride, height * width)
    assert layer.in_the_loop((height, width)) == 7 * seen.total()
    assert layer.each_once((height, width)) == 7 * len(seen)


@given(places, places, outputs, strides, st.data())
def test_what_was_needed_so_far_is_what_the_loop_met_so_far(height, width, outputs, stride, data):
    step = data.draw(st.integers(1, height * width))
    layers = [WindowLayer("a", outputs, stride, 1, 3), WindowLayer("b", 1, 1, 1, 5)]
    expected = 3 * len(counted(height, width, outputs, stride, step)) + 5 * step
    so_far = each_once_so_far(layers, (height, width))
    assert so_far.shape == (height * width,)
    assert so_far[step - 1] == expected


def test_a_window_of_ciresans_network():
    """Sizes of N4 as its authors list them: 95, 92, 46, 42, 21, 18, 9, 6, 3, 1, 1."""
    chain = [(4, 1), (2, 2), (5, 1), (2, 2), (4, 1), (2, 2), (4, 1), (2, 2), (3, 1), (1, 1)]
    layers = window_layers(95, [(str(i), k, s, 0) for i, (k, s) in enumerate(chain)])
    assert [layer.outputs for layer in layers] == [95, 92, 46, 42, 21, 18, 9, 6, 3, 1, 1]
    assert layers[-1].stride == 16
    assert layers[-1].receptive_field == 95


def test_by_hand():
    layers = window_layers(5, [("conv", 3, 1, 9)])
    assert layers[1] == WindowLayer("conv", 3, 1, 3, 9)
    # 4 windows of 9 outputs of 9 products; 16 different outputs.
    assert (layers[1].in_the_loop((2, 2)), layers[1].each_once((2, 2))) == (324, 144)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: times_computed(0, 3), "places=0 must be at least 1"),
        (lambda: times_computed(3, 3, 0), "stride=0 must be at least 1"),
        (lambda: window_layers(3, [("conv", 4, 1, 0)]), "kernel_size=4 with dilation=1 spans 4"),
        (lambda: each_once_so_far([], (0, 2)), "must be at least 1"),
    ],
)
def test_refusals(call, words):
    with pytest.raises(ValueError, match=words):
        call()
