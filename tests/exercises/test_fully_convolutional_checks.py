"""The tables of exercise 04 against torch and the library: right results, and each mistake's."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from segviz.exercises import fully_convolutional as checks
from segviz.ops.recomputation import WindowLayer


def numbers(values) -> list:
    return np.asarray(values, dtype=float).round(9).tolist()


def convolved(maps, kernel, bias, stride=1) -> np.ndarray:
    parts = (torch.from_numpy(np.ascontiguousarray(part)) for part in (maps[None], kernel, bias))
    return functional.conv2d(*parts, stride=stride)[0].numpy()


@pytest.mark.parametrize("case", checks._DENSE_EVERYWHERE, ids=lambda case: case.call)
def test_dense_layers_at_all_places_and_their_mistakes(case):
    weight, bias, maps, k = case.arguments.values()
    shape = (len(bias), len(maps), k, k)
    kernel = weight.reshape(shape)
    right = convolved(maps, kernel, bias)
    assert numbers(case.right) == numbers(right)
    last = np.moveaxis(weight.reshape(len(bias), k, k, len(maps)), 3, 1)
    mistakes = {
        checks._BIAS_LOST: right - bias[:, None, None],
        checks._BIAS_TWICE: right + bias[:, None, None],
        checks._LAST_CHANNEL: convolved(maps[-1:], kernel[:, -1:], bias),
        checks._CHANNELS_LAST: convolved(maps, last, bias),
        checks._FLIPPED: convolved(maps, kernel[..., ::-1, ::-1], bias),
        checks._TURNED: convolved(maps, kernel.swapaxes(2, 3), bias),
        checks._ONE_PLACE: right[:, 0, 0],
        checks._FLAT: right.ravel(),
        checks._OUTPUTS_LAST: np.moveaxis(right, 0, 2),
        checks._TILES: convolved(maps, kernel, bias, stride=k),
    }
    for words, given in case.mistakes.items():
        assert numbers(given) == numbers(mistakes[words]), words


@pytest.mark.parametrize("case", checks._MULTIPLY_ADDS, ids=lambda case: case.call)
def test_bills_and_their_mistakes(case):
    height, width, layers = case.arguments.values()
    size = (height, width)
    each = [WindowLayer("layer", n, s, 1, m) for n, s, m in layers]
    bills = [(layer.in_the_loop(size), layer.each_once(size)) for layer in each]
    loop, once = (sum(column) for column in zip(*bills, strict=True))
    assert list(case.right) == [loop, once]
    n, s, m = layers[0]
    mistakes = {
        checks._BILLS_SWAPPED: [once, loop],
        checks._LOOP_ALONE: loop,
        checks._ONCE_ALONE: once,
        checks._NOT_SQUARED: [loop // n, once],
        checks._RIM_LOST: [loop, height * width * m],
        checks._ONE_TOO_MANY: [loop, (height + n * s) * (width + n * s) * m],
        checks._ONLY_VALUES: [loop // m, once // m],
        checks._STRIDE_LOST: [loop, (height + n - 1) * (width + n - 1) * m],
        checks._LAST_LAYER: list(bills[-1]),
        checks._FIRST_LAYER: list(bills[0]),
    }
    for words, given in case.mistakes.items():
        assert given == mistakes[words], words


def enlarged(coarse, mode="bilinear", **options) -> np.ndarray:
    maps = torch.from_numpy(coarse)[None]
    return functional.interpolate(maps, scale_factor=2, mode=mode, **options)[0].numpy()


def mixed(coarse, own, before_even, rim="edge") -> np.ndarray:
    """Two times as large along both axes, with any weights: own, and of the nearer neighbour."""
    for axis in (1, 2):
        x = np.moveaxis(coarse, axis, 0)
        padded = np.pad(x, [(1, 1), (0, 0), (0, 0)], mode=rim)
        sides = (padded[:-2], padded[2:]) if before_even else (padded[2:], padded[:-2])
        pairs = np.stack([own * x + (1 - own) * side for side in sides], axis=1)
        coarse = np.moveaxis(pairs.reshape(-1, *x.shape[1:]), 0, axis)
    return coarse


@pytest.mark.parametrize("case", checks._FUSE, ids=lambda case: case.call)
def test_rungs_and_their_mistakes(case):
    coarse, skip = case.arguments.values()
    up = enlarged(coarse)
    assert numbers(case.right) == numbers(up + skip)
    assert numbers(mixed(coarse, 0.75, before_even=True)) == numbers(up)
    nails = np.zeros_like(skip)
    nails[:, ::2, ::2] = coarse
    columns = mixed(coarse, 0.75, before_even=True)[:, [0, 0, -1, -1]]
    mistakes = {
        checks._NO_SKIP: up,
        checks._REPEATED: enlarged(coarse, "nearest") + skip,
        checks._ROWS_REPEATED: columns + skip if len(skip) == 2 else None,
        checks._CORNERS: enlarged(coarse, align_corners=True) + skip,
        checks._NAILS: nails + skip,
        checks._DARK_RIM: mixed(coarse, 0.75, before_even=True, rim="constant") + skip,
        checks._FAR_MORE: mixed(coarse, 0.25, before_even=True) + skip,
        checks._WRONG_SIDE: mixed(coarse, 0.75, before_even=False) + skip,
        checks._MEAN: (up + skip) / 2,
        checks._STACKED: np.concatenate([up, skip]),
    }
    for words, given in case.mistakes.items():
        assert numbers(given) == numbers(mistakes[words]), words


def test_no_mistake_is_right_and_no_two_are_alike():
    for case in (*checks._DENSE_EVERYWHERE, *checks._MULTIPLY_ADDS, *checks._FUSE):
        results = [str(numbers(one)) for one in (case.right, *case.mistakes.values())]
        assert len(set(results)) == len(results), case.call


def test_the_pictures_show_the_numbers_of_the_first_checks():
    first, second, *kernel, answers = (
        axis.images[0].get_array() for axis in checks.dense_everywhere_picture()
    )
    made = convolved(np.array([first, second]), np.array([kernel]), checks._BIAS[:1])
    assert numbers(answers) == numbers(made[0])
    (bill,) = checks.multiply_adds_picture()
    counts = bill.images[0].get_array()
    m = checks._MULTIPLY_ADDS[0].arguments["layers"][0][2]
    assert [counts.sum() * m, counts.size * m] == checks._MULTIPLY_ADDS[0].right
    _, enlarged_scores, skip, total = (axis.images[0].get_array() for axis in checks.fuse_picture())
    assert numbers(enlarged_scores + skip) == numbers(total)
