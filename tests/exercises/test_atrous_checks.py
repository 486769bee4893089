"""The tables of exercise 08 against torch: right results, and what each mistake gives."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from segviz.exercises import atrous as checks


def tensor(values) -> torch.Tensor:
    return torch.tensor(np.array(values, dtype=float))[None, None]


def convolved(image, kernel, **options) -> list[list[float]]:
    return functional.conv2d(tensor(image), tensor(kernel), **options)[0, 0].tolist()


@pytest.mark.parametrize("case", checks._ATROUS, ids=lambda case: case.call)
def test_convolutions_are_torchs(case):
    image, kernel, rate = case.arguments.values()
    assert convolved(image, kernel, dilation=rate) == case.right
    # Zeros all around, one more behind than before where their number is odd.
    down, across = (rate * (k - 1) for k in kernel.shape)
    padded = np.pad(image, [(n // 2, n - n // 2) for n in (down, across)])
    known = {
        checks._FLIPPED: convolved(image, kernel[::-1, ::-1].copy(), dilation=rate),
        checks._SWAPPED: convolved(image, kernel.T.copy(), dilation=rate),
        checks._RATE_ONE: convolved(image, kernel),
        checks._STRIDE: convolved(image, kernel, stride=rate),
        checks._PADDED: convolved(padded, kernel, dilation=rate),
        checks._ROWS_ONLY: convolved(image, kernel, dilation=(rate, 1)),
        checks._ONE_SHORT: np.array(case.right)[:-1, :-1].tolist(),
    }
    for words in known.keys() & case.mistakes.keys():
        assert known[words] == case.mistakes[words]


def by_gradient(layers) -> list[bool]:
    """Which inputs the middle unit depends on, from the first to the last of them."""
    x = torch.ones(1, 1, 101, dtype=torch.float64, requires_grad=True)
    y = x
    for k, stride, rate in layers:
        y = functional.conv1d(y, tensor(np.ones(k)), stride=stride, dilation=rate)
    y[0, 0, y.shape[-1] // 2].backward()
    depends = x.grad[0, 0] != 0
    first, *_, last = depends.nonzero().flatten().tolist()
    return depends[first : last + 1].tolist()


@pytest.mark.parametrize("case", checks._RECEPTIVE_FIELD, ids=lambda case: case.call)
def test_fields_are_those_of_the_gradient(case):
    assert len(by_gradient(case.arguments["layers"])) == case.right


@pytest.mark.parametrize("case", checks._SEEN, ids=lambda case: case.call)
def test_seen_is_what_the_gradient_reaches(case):
    assert by_gradient([(3, 1, rate) for rate in case.arguments["rates"]]) == case.right


def test_no_mistake_is_right_and_no_two_are_alike():
    for case in (*checks._ATROUS, *checks._RECEPTIVE_FIELD, *checks._SEEN):
        results = [str(np.asarray(one, float)) for one in (case.right, *case.mistakes.values())]
        assert len(set(results)) == len(results), case.call


@pytest.mark.parametrize("draw", [checks.atrous_picture, checks.seen_picture])
def test_the_last_table_shows_what_is_right(draw):
    shown = [float(text.get_text()) for text in draw()[-1].texts]
    assert shown in ([62, 55, 77, 42, 50, 37], checks._SEEN[2].right)


def test_the_picture_of_a_field_joins_what_torch_joins():
    axes = checks.field_picture()
    inputs = {line.get_xdata()[1] for line in axes.lines if list(line.get_ydata()) == [1, 0]}
    assert len(inputs) == len(by_gradient([(3, 2, 1), (3, 1, 1)]))
