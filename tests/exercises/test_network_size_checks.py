"""The tables of exercise 09 against torch's layers and `segviz.cost`."""

from __future__ import annotations

import numpy as np
import pytest
from torch import nn

import segviz
from segviz.exercises import network_size as checks


@pytest.mark.parametrize("case", checks._PARAMETERS, ids=lambda case: case.call)
def test_parameters_are_torchs(case):
    layer = nn.Conv2d(**case.arguments)
    assert sum(weight.numel() for weight in layer.parameters()) == case.right


@pytest.mark.parametrize("case", checks._MULTIPLY_ADDS, ids=lambda case: case.call)
def test_multiply_adds_are_those_of_the_cost(case):
    given = dict(case.arguments)
    size = given.pop("size")
    bill = segviz.cost(nn.Conv2d(**given), (given["in_channels"], *size))
    assert bill.multiply_adds == case.right


@pytest.mark.parametrize("case", checks._KEPT_BYTES, ids=lambda case: case.call)
def test_kept_bytes_are_those_of_the_cost(case):
    pictures, layers = case.arguments.values()
    network, channels = nn.Sequential(), pictures[1]
    for out_channels, stride in layers:
        network.append(nn.Conv2d(channels, out_channels, 3, stride, padding=1))
        network.append(nn.ReLU(inplace=True))
        channels = out_channels
    assert segviz.cost(network, pictures).kept_bytes == case.right


def test_no_mistake_is_right_and_no_two_are_alike():
    for case in (*checks._PARAMETERS, *checks._MULTIPLY_ADDS, *checks._KEPT_BYTES):
        assert len({case.right, *case.mistakes.values()}) == 1 + len(case.mistakes), case.call


def numbers_in(axes) -> np.ndarray:
    return np.array([float(text.get_text()) for text in axes.texts])


def test_the_pictures_add_up():
    assert numbers_in(checks.parameters_picture()[-1]) == sum(
        weight[0].numel() for weight in nn.Conv2d(2, 1, 3).parameters()
    )
    read, done = (numbers_in(axes).sum() for axes in checks.multiply_adds_picture())
    assert read == done == segviz.cost(nn.Conv2d(1, 1, 3, 2), (1, 5, 7)).multiply_adds
    numbers, kept = (numbers_in(axes).sum() for axes in checks.kept_picture())
    assert (4 * numbers, kept) == (checks._KEPT_BYTES[0].right,) * 2
