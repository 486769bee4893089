"""Visible checks of exercise 03: a patch with mirrored border, the class map, what is recomputed.

The numbers were worked out by hand; the tests compare them with numpy and with the library.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from segviz.exercises._checks import Case, run
from segviz.exercises._pictures import frame, tables

_IMAGE = np.arange(1.0, 13).reshape(3, 4)

_CORNER = "The pixel stands in the patch's corner: it belongs in the middle, m rows and columns in."
_SWAPPED = "row and column are swapped: image[row, column], rows first."
_MARGIN = "The patch lies m places too far up and left: padding moves every pixel by m."
_CLIPPED = "The patch is cut off at the border: continue the picture beyond it as in a mirror."
_EMPTY = "A slice that begins below 0 is empty here. Continue the picture beyond its border first."
_ZEROS = "Beyond the border there are zeros: continue the picture as in a mirror."
_EDGE = "The border's pixels are repeated: the mirror stands on them, so each shows once."
_TWICE = "The border's pixels show twice: the mirror stands on them, not behind them."
_AROUND = "Beyond the border the picture goes on at its other end: mirror it."

_PATCH = (
    Case(
        "patch",
        {"image": _IMAGE, "row": 1, "column": 2, "window": 3},
        [[2, 3, 4], [6, 7, 8], [10, 11, 12]],
        {
            _CORNER: [[7, 8, 7], [11, 12, 11], [7, 8, 7]],
            _SWAPPED: [[5, 6, 7], [9, 10, 11], [5, 6, 7]],
            _MARGIN: [[5, 6, 7], [1, 2, 3], [5, 6, 7]],
        },
    ),
    Case(
        "patch",
        {"image": _IMAGE, "row": 0, "column": 0, "window": 3},
        [[6, 5, 6], [2, 1, 2], [6, 5, 6]],
        {
            _EMPTY: np.zeros((0, 0)),
            _CLIPPED: [[1, 2], [5, 6]],
            _ZEROS: [[0, 0, 0], [0, 1, 2], [0, 5, 6]],
            _EDGE: [[1, 1, 2], [1, 1, 2], [5, 5, 6]],
            _AROUND: [[12, 9, 10], [4, 1, 2], [8, 5, 6]],
        },
    ),
    Case(
        "patch",
        {"image": _IMAGE, "row": 2, "column": 2, "window": 5},
        _IMAGE[np.ix_([0, 1, 2, 1, 0], [0, 1, 2, 3, 2])],
        {
            _TWICE: _IMAGE[np.ix_([0, 1, 2, 2, 1], [0, 1, 2, 3, 3])],
            _CLIPPED: _IMAGE,
            _ZEROS: np.pad(_IMAGE, ((0, 2), (0, 1))),
        },
    ),
)


def thirds(patch: np.ndarray) -> np.ndarray:
    """Score three classes: how bright the left, the middle and the right of a patch are.

    Args:
        patch: shape ``(window, window)``.

    Returns:
        Shape ``(3,)``: the sums of the first, the middle and the last column.

    >>> thirds(np.array([[1, 0, 0], [2, 0, 5], [0, 1, 0]])).tolist()
    [3, 1, 5]
    """
    return patch.sum(axis=0)[[0, patch.shape[1] // 2, -1]]


_PADDED = np.array(
    [
        [1.0, 0, 9, 0, 0, 5],
        [0, 1, 9, 0, 0, 5],
        [0, 0, 1, 9, 0, 5],
        [0, 0, 1, 9, 0, 5],
        [9, 0, 0, 1, 5, 0],
    ]
)
_CLASSES = [[2, 1, 0, 2], [2, 2, 1, 0], [0, 2, 1, 0]]

_BEST_SCORE = "This is the best score, not its class: return where it stands, the argmax."
_ALL_SCORES = "These are all scores: keep the class of the largest one only."
_WORST = "This is the class of the smallest score."
_TWO_CLASSES = "Only the classes 0 and 1 are compared: there may be any number."
_MAP_SWAPPED = "Rows and columns of the class map are swapped."
_TILES = "The window moves by its own width: move it one pixel at a time."
_RIM_KEPT = "The rim is still there: padded is m larger on every side than the class map."
_ONE_ROW = "Only the first row was classified: does return stand inside a loop?"
_ONE_PATCH = "Every pixel got the class of the first patch: cut the patch out inside the loop."
_ONE_SHORT = "The last row and column of places are missing: there is one more than H - window."
_WINDOW_THREE = "This is the answer for window=3."

_CLASS_MAP = (
    Case(
        "class_map",
        {"padded": _PADDED, "scores": thirds, "window": 3},
        _CLASSES,
        {
            _BEST_SCORE: [[19, 19, 19, 15], [11, 18, 18, 18], [9, 19, 19, 19]],
            _ALL_SCORES: [
                [[1, 1, 19], [1, 19, 9], [19, 9, 0], [9, 0, 15]],
                [[0, 1, 11], [1, 11, 18], [11, 18, 0], [18, 0, 15]],
                [[9, 0, 2], [0, 2, 19], [2, 19, 5], [19, 5, 10]],
            ],
            _TWO_CLASSES: [[0, 1, 0, 0], [1, 1, 1, 0], [0, 1, 1, 0]],
            _WORST: [[0, 0, 2, 1], [0, 0, 2, 1], [1, 0, 0, 1]],
            _MAP_SWAPPED: [[2, 2, 0], [1, 2, 2], [0, 1, 1], [2, 0, 0]],
            _TILES: [[2, 2]],
            _RIM_KEPT: np.pad(_CLASSES, 1),
            _ONE_ROW: [_CLASSES[0], [0] * 4, [0] * 4],
            _ONE_PATCH: [[2, 2, 2, 2]] * 3,
            _ONE_SHORT: [[2, 1, 0], [2, 2, 1]],
        },
    ),
    Case(
        "class_map",
        {"padded": _PADDED, "scores": thirds, "window": 5},
        [[1, 2]],
        {_WINDOW_THREE: _CLASSES},
    ),
)

_STRIDE_LOST = "This is the answer for stride=1: a window's values stand stride pixels apart."
_PLACES_STRIDE = "Here the window moves by stride: it moves by 1, its values stand stride apart."
_FILLED = "All pixels between a window's values were counted, too: step by stride inside it."
_ASSIGNED = "Each value counts once here: add to the count, don't assign to it."
_NO_BORDER = "These counts forget the border: the outermost values lie in one window only."
_CUT = "The counts end too early: the last window reaches (outputs - 1) * stride places further."
_FULL = np.array([1, 2, 3, 3, 3, 2, 1])


def _times(right: Any, mistakes: dict[str, Any], places: int, outputs: int, stride: int) -> Case:
    arguments = {"places": places, "outputs": outputs, "stride": stride}
    return Case("times_computed", arguments, right, mistakes)


_TIMES_COMPUTED = (
    _times(
        *(_FULL, {_ASSIGNED: [1] * 7, _NO_BORDER: [3] * 7, _CUT: _FULL[:5]}),
        places=5,
        outputs=3,
        stride=1,
    ),
    _times(
        [1, 1, 2, 2, 3, 2, 2, 1, 1],
        {
            _STRIDE_LOST: _FULL,
            _PLACES_STRIDE: [1, 1, 2, 1, 2, 1, 2, 1, 2, 1, 1],
            _FILLED: [1, 2, 3, 4, 5, 4, 3, 2, 1],
            _CUT: [1, 1, 2, 2, 3],
        },
        places=5,
        outputs=3,
        stride=2,
    ),
    _times(
        [1, 1, 0, 0, 1, 1, 0, 0, 1, 1],
        {_STRIDE_LOST: [1, 2, 2, 1], _FILLED: [1, 2, 2, 2, 2, 2, 2, 2, 2, 1]},
        places=2,
        outputs=3,
        stride=4,
    ),
)


def patch(function: Callable[..., Any]) -> None:
    """Check a function ``(image, row, column, window)`` that cuts out a patch around a pixel."""
    run("patch", function, _PATCH)


def class_map(function: Callable[..., Any]) -> None:
    """Check a function ``(padded, scores, window)`` that gives a class to every pixel."""
    run("class_map", function, _CLASS_MAP)


def times_computed(function: Callable[..., Any]) -> None:
    """Check a function that counts how often each value along an axis is computed."""
    run("times_computed", function, _TIMES_COMPUTED)


def patch_picture() -> Any:
    """Draw a picture and the patches around two of its pixels, one of them in the corner."""
    parts = {"image": _IMAGE, "around [1, 2]": _PATCH[0].right, "around [0, 0]": _PATCH[1].right}
    axes = tables(parts)
    frame(axes[0], 0, 1, 3, 3)
    for axis in axes[1:]:
        frame(axis, 1, 1, 1, 1)
    return axes


def class_map_picture() -> Any:
    """Draw a picture, one window in it with its scores, and the class map."""
    axes = tables({"padded": _PADDED, "scores": [[2, 19, 5]], "class map": _CLASSES})
    frame(axes[0], 2, 2, 3, 3)
    frame(axes[1], 0, 1, 1, 1)
    frame(axes[2], 2, 2, 1, 1)
    return axes


def times_computed_picture() -> Any:
    """Draw five windows of three values, two apart, and how many hold each place."""
    windows = np.zeros((6, 9))
    for place in range(5):
        windows[place, place : place + 5 : 2] = 1
    windows[5] = windows[:5].sum(axis=0)
    (axis,) = tables({"places = 5, outputs = 3, stride = 2": windows})
    axis.set(yticks=range(6))
    axis.set_yticklabels([*(f"window {place}" for place in range(5)), "times computed"])
    axis.axhline(4.5, color="black", linewidth=2)
    axis.figure.set_size_inches(7, 3.6)
    return axis
