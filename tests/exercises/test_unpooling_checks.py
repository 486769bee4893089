"""The tables of exercise 05 against torch: right results, and what each mistake gives."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from segviz.exercises import unpooling as checks


def pooled(x, kernel_size: int, *, ceil_mode: bool = True) -> list:
    picture = torch.tensor(np.array(x, dtype=float))[None, None]
    found = functional.max_pool2d(picture, kernel_size, ceil_mode=ceil_mode, return_indices=True)
    return [part[0, 0].tolist() for part in found]


@pytest.mark.parametrize("case", checks._MAX_POOL, ids=lambda case: case.call)
def test_pooling_is_torchs(case):
    x, kernel_size = case.arguments.values()
    assert pooled(x, kernel_size) == list(case.right)
    if floor := case.mistakes.get(checks._FLOOR):
        assert pooled(x, kernel_size, ceil_mode=False) == floor
    if zeros := case.mistakes.get(checks._ZEROS):
        filled = np.pad(x, [(0, -n % kernel_size) for n in x.shape])
        assert pooled(filled, kernel_size)[0] == zeros[0]


@pytest.mark.parametrize("case", checks._MAX_UNPOOL, ids=lambda case: case.call)
def test_unpooling_is_torchs(case):
    values, indices, size = case.arguments.values()
    given = torch.tensor(values)[None, None], torch.tensor(indices)[None, None]
    stride = tuple(whole // part for whole, part in zip(size, values.shape, strict=True))
    torchs = functional.max_unpool2d(*given, stride, output_size=size)[0, 0]
    assert torchs.tolist() == case.right
    if guessed := case.mistakes.get(checks._GUESSED):
        assert functional.max_unpool2d(*given, 2)[0, 0].tolist() == guessed


def test_no_mistake_is_right_and_no_two_are_alike():
    for case in (*checks._MAX_POOL, *checks._MAX_UNPOOL):
        results = [str(np.asarray(one, float)) for one in (case.right, *case.mistakes.values())]
        assert len(set(results)) == len(results), case.call


def test_the_picture_of_pooling_shows_what_torch_gives():
    tables = [[float(text.get_text()) for text in axis.texts] for axis in checks.pooling_picture()]
    x = np.reshape(tables[0], (3, 5))
    assert tables[1:] == [np.ravel(part).tolist() for part in pooled(x, 2)]


def test_the_picture_of_unpooling_shows_the_second_check():
    shown = [float(text.get_text()) for text in checks.unpooling_picture()[-1].texts]
    assert shown == np.ravel(checks._MAX_UNPOOL[1].right).tolist()
