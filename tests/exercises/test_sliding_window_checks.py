"""The tables of exercise 03 against numpy and the library: right results, and each mistake's."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from segviz.exercises import sliding_window as checks
from segviz.models import extract_patches
from segviz.ops.recomputation import times_computed


def numbers(values) -> list:
    return np.asarray(values, dtype=float).tolist()


def cut(image, row, column, window, mode) -> list:
    margin = window // 2
    padded = np.pad(image, margin, mode=mode)
    return padded[row : row + window, column : column + window].tolist()


@pytest.mark.parametrize("case", checks._PATCH, ids=lambda case: case.call)
def test_patches_and_their_mistakes(case):
    image, row, column, window = case.arguments.values()
    margin = window // 2
    pixel = torch.tensor([[row, column]])
    librarys = extract_patches(torch.from_numpy(image)[None].float(), pixel, window)
    assert numbers(case.right) == librarys[0, 0].tolist()
    rows = range(max(row - margin, 0), min(row + margin + 1, 3))
    columns = range(max(column - margin, 0), min(column + margin + 1, 4))
    far = np.pad(image, 2 * window, mode="reflect")[2 * window :, 2 * window :]
    assert far[0, 0] == image[0, 0]
    mistakes = {
        checks._CORNER: far[row : row + window, column : column + window].tolist(),
        checks._SWAPPED: cut(image, column, row, window, "reflect"),
        checks._MARGIN: cut(image, row - margin, column - margin, window, "reflect"),
        checks._CLIPPED: image[np.ix_(rows, columns)].tolist(),
        checks._EMPTY: image[row - margin : row + margin + 1, -1:1].tolist(),
        checks._ZEROS: cut(image, row, column, window, "constant"),
        checks._EDGE: cut(image, row, column, window, "edge"),
        checks._TWICE: cut(image, row, column, window, "symmetric"),
        checks._AROUND: cut(image, row, column, window, "wrap"),
    }
    for words, given in case.mistakes.items():
        assert numbers(given) == mistakes[words], words


def test_an_empty_slice_has_no_rows_and_no_columns():
    assert checks._IMAGE[-1:2, -1:2].shape == checks._PATCH[1].mistakes[checks._EMPTY].shape


@pytest.mark.parametrize("case", checks._CLASS_MAP, ids=lambda case: case.call)
def test_class_maps_and_their_mistakes(case):
    padded, window = case.arguments["padded"], case.arguments["window"]
    windows = np.lib.stride_tricks.sliding_window_view(padded, (window, window))
    scores = windows.sum(axis=2)[..., [0, window // 2, window - 1]]
    right = scores.argmax(axis=2)
    assert numbers(case.right) == numbers(right)
    mistakes = {
        checks._BEST_SCORE: scores.max(axis=2),
        checks._ALL_SCORES: scores,
        checks._WORST: scores.argmin(axis=2),
        checks._TWO_CLASSES: scores[..., 1] > scores[..., 0],
        checks._MAP_SWAPPED: right.T,
        checks._TILES: right[::window, ::window],
        checks._RIM_KEPT: np.pad(right, window // 2),
        checks._ONE_ROW: np.concatenate([right[:1], 0 * right[1:]]),
        checks._ONE_PATCH: np.full_like(right, right[0, 0]),
        checks._ONE_SHORT: right[:-1, :-1],
        checks._WINDOW_THREE: checks._CLASS_MAP[0].right,
    }
    for words, given in case.mistakes.items():
        assert numbers(given) == numbers(mistakes[words]), words


def counted(places, outputs, step, stride, filled=False) -> list:
    """Count pair by pair."""
    values = range((outputs - 1) * stride + 1) if filled else range(0, outputs * stride, stride)
    found = np.array([place * step + value for place in range(places) for value in values])
    return np.bincount(found).tolist()


@pytest.mark.parametrize("case", checks._TIMES_COMPUTED, ids=lambda case: case.call)
def test_counts_and_their_mistakes(case):
    places, outputs, stride = case.arguments.values()
    right = counted(places, outputs, 1, stride)
    assert numbers(case.right) == right == times_computed(places, outputs, stride).tolist()
    mistakes = {
        checks._STRIDE_LOST: counted(places, outputs, 1, 1),
        checks._PLACES_STRIDE: counted(places, outputs, stride, 1),
        checks._FILLED: counted(places, outputs, 1, stride, filled=True),
        checks._ASSIGNED: [1] * len(right),
        checks._NO_BORDER: [outputs] * len(right),
        checks._CUT: right[:places],
    }
    for words, given in case.mistakes.items():
        assert numbers(given) == mistakes[words], words


def test_no_mistake_is_right_and_no_two_are_alike():
    for case in (*checks._PATCH, *checks._CLASS_MAP, *checks._TIMES_COMPUTED):
        results = [str(numbers(one)) for one in (case.right, *case.mistakes.values())]
        assert len(set(results)) == len(results), case.call


def test_the_pictures_show_the_numbers_of_the_first_checks():
    for axis, wanted in zip(
        checks.patch_picture(), [checks._IMAGE, *(c.right for c in checks._PATCH)], strict=False
    ):
        assert numbers(axis.images[0].get_array()) == numbers(wanted)
    padded, scores, classes = (a.images[0].get_array() for a in checks.class_map_picture())
    assert numbers(scores[0]) == numbers(checks.thirds(padded[2:5, 2:5]))
    assert classes[2, 2] == scores[0].argmax()
    sums = checks.times_computed_picture().images[0].get_array()
    assert (
        numbers(sums[-1]) == numbers(checks._TIMES_COMPUTED[1].right) == numbers(sums[:-1].sum(0))
    )
