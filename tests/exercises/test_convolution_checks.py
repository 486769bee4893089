"""The tables of exercise 02 against torch: right results, and what each mistake gives."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from segviz.exercises import convolution as checks


def tensor(values) -> torch.Tensor:
    return torch.tensor(np.ascontiguousarray(values), dtype=torch.float64)[None, None]


def convolved(x, kernel, stride, padding=0, mode="constant") -> list:
    padded = np.pad(x, padding, mode=mode)
    return functional.conv2d(tensor(padded), tensor(kernel), stride=stride)[0, 0].tolist()


def numbers(values) -> list:
    return np.asarray(values, dtype=float).tolist()


@pytest.mark.parametrize("case", checks._CONV2D, ids=lambda case: case.call)
def test_convolutions_and_their_mistakes(case):
    x, kernel, stride, padding = case.arguments.values()
    right = convolved(x, kernel, stride, padding)
    assert numbers(case.right) == right
    rows, columns = np.shape(right)
    mistakes = {
        checks._FLIPPED: convolved(x, kernel[::-1, ::-1], stride, padding),
        checks._TRANSPOSED: convolved(x, kernel.T, stride, padding),
        checks._SWAPPED: np.transpose(right).tolist(),
        checks._TOO_SMALL: [row[:-1] for row in right[:-1]],
        checks._ONE_ROW: right[:1] + [[0] * columns] * (rows - 1),
        checks._ONE_VALUE: (
            np.pad(np.ones((1, 1)), ((0, rows - 1), (0, columns - 1))) * right
        ).tolist(),
        checks._JUTTING_OUT: convolved(np.pad(x, ((0, 1), (0, 1))), kernel, stride),
        checks._STRETCHED: convolved(np.pad(x, ((0, 1), (0, 1)), mode="edge"), kernel, stride),
        checks._ROWS_TWICE: convolved(x, kernel.sum(keepdims=True), stride, padding),
        checks._COLUMNS_TWICE: convolved(x, np.resize(kernel, (kernel.shape[1],) * 2), stride),
        checks._CLOSE_WINDOWS: [row[:columns] for row in convolved(x, kernel, 1, padding)[:rows]],
        checks._NO_PADDING: convolved(x, kernel, stride),
        checks._HALF_PADDING: convolved(np.pad(x, ((0, padding),) * 2), kernel, stride),
        checks._COPIED: convolved(x, kernel, stride, padding, "edge"),
    }
    for words, given in case.mistakes.items():
        if words != checks._EVERY_PLACE:
            assert numbers(given) == mistakes[words], words


def test_forgetting_the_stride_gives_every_place():
    case = checks._CONV2D[2]
    x, kernel = case.arguments["x"], case.arguments["kernel"]
    assert numbers(case.mistakes[checks._EVERY_PLACE]) == convolved(x, kernel, 1)


@pytest.mark.parametrize("case", checks._OUTPUT_SIZE, ids=lambda case: case.call)
def test_sizes_and_their_mistakes(case):
    n, k, s, p = case.arguments.values()
    output = functional.conv1d(torch.zeros(1, 1, n), torch.zeros(1, 1, k), stride=s, padding=p)
    assert output.shape[-1] == case.right
    mistakes = {
        checks._NO_ONE: (n + 2 * p - k) // s,
        checks._NO_KERNEL: (n + 2 * p) // s + 1,
        checks._FRACTION: (n + 2 * p - k) / s + 1,
        checks._ROUNDED_UP: int(np.ceil((n + 2 * p - k) / s)) + 1,
        checks._PADDING_LOST: (n - k) // s + 1,
        checks._PADDING_ONCE: (n + p - k) // s + 1,
    }
    assert {words: mistakes[words] for words in case.mistakes} == case.mistakes


@pytest.mark.parametrize("case", checks._MAX_POOL, ids=lambda case: case.call)
def test_maxima_are_torchs(case):
    x, k, s = case.arguments.values()
    found = functional.max_pool2d(tensor(x), k, s, return_indices=True)
    assert numbers(case.right) == [part[0, 0].tolist() for part in found]
    if checks._TILES in case.mistakes:
        tiles = functional.max_pool2d(tensor(x), k, return_indices=True)
        assert numbers(case.mistakes[checks._TILES]) == [part[0, 0].tolist() for part in tiles]
    if checks._JUTTING in case.mistakes:
        jutting = functional.max_pool2d(tensor(x), k, s, ceil_mode=True, return_indices=True)
        given = [part[0, 0].tolist() for part in jutting]
        assert numbers(case.mistakes[checks._JUTTING]) == given


def test_wrong_indices_of_the_right_maxima():
    case = checks._MAX_POOL[0]
    x, mistakes = case.arguments["x"], case.mistakes
    rows, columns = np.divmod(np.array(case.right[1]), 6)
    corners = 2 * np.indices(rows.shape)
    assert numbers(mistakes[checks._TIMES_HEIGHT][1]) == numbers(rows * 4 + columns)
    assert numbers(mistakes[checks._BY_COLUMNS][1]) == numbers(columns * 4 + rows)
    inside = 2 * (rows - corners[0]) + columns - corners[1]
    assert numbers(mistakes[checks._IN_WINDOW][1]) == numbers(inside)
    backwards = functional.max_pool2d(tensor(x[::-1, ::-1]), 2, return_indices=True)[1][0, 0]
    last = 23 - backwards.numpy()[::-1, ::-1]
    assert numbers(mistakes[checks._LAST_WINS][1]) == numbers(last)
    averages = functional.avg_pool2d(tensor(x), 2)[0, 0]
    assert numbers(mistakes[checks._AVERAGE][0]) == averages.tolist()


def test_no_mistake_is_right_and_no_two_are_alike():
    for case in (*checks._CONV2D, *checks._OUTPUT_SIZE, *checks._MAX_POOL):
        results = [str(numbers(one)) for one in (case.right, *case.mistakes.values())]
        assert len(set(results)) == len(results), case.call


@pytest.mark.parametrize(
    ("draw", "shown"),
    [
        (checks.conv2d_picture, {"1000", "7823", "9"}),
        (checks.output_size_picture, {"1", "0"}),
        (checks.max_pool_picture, {"8", "17", "14"}),
    ],
)
def test_the_pictures_show_the_numbers_of_the_first_check(draw, shown):
    texts = {text.get_text() for axis in draw() for text in axis.texts}
    assert shown <= texts


def test_the_size_picture_draws_the_windows_of_the_first_check():
    (axis,) = checks.output_size_picture()
    drawn = axis.images[0].get_array()
    case = checks._OUTPUT_SIZE[0]
    assert drawn.shape == (case.right, case.arguments["n"])
    assert drawn[:, -1].sum() == 0
