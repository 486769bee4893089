"""What the FCN ladder is given, checked: picture, truth, names, colours; and its own example."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np

from segviz.widgets._fcn_rungs import (
    BECAME_RIGHT,
    BECAME_WRONG,
    CHANGED,
    VOID,
    Rung,
    plain,
    verdicts,
)
from segviz.widgets._pictures import _unit

LARGEST = 512


def colour(picture: Any) -> np.ndarray:
    """A picture as uint8 of shape ``(H, W, 3)``.

    >>> colour(np.array([[0.0, 1.0]])).tolist()
    [[[0, 0, 0], [255, 255, 255]]]
    """
    values = _unit(np.asarray(plain(picture)))
    if values.ndim == 3 and values.shape[0] in (1, 3) and values.shape[2] != 3:
        values = values.transpose(1, 2, 0)
    if values.ndim == 2:
        values = values[..., None]
    if values.ndim != 3 or values.shape[2] not in (1, 3) or max(values.shape) > LARGEST:
        raise ValueError(
            f"picture has shape {np.shape(picture)}: give (3, H, W), (H, W, 3) or (H, W), with at "
            f"most {LARGEST} pixels a side."
        )
    return np.rint(255 * np.broadcast_to(values, (*values.shape[:2], 3))).astype(np.uint8)


def colours(palette: Any, classes: Sequence[str], count: int) -> np.ndarray:
    """The palette of ``count`` classes, each of which has a name: uint8 of shape ``(count, 3)``."""
    if len(classes) != count:
        raise ValueError(
            f"The scores have {count} classes, and classes names {len(classes)}. Give one name for "
            "each in classes=(...)."
        )
    values = np.asarray(palette)[:count]
    if values.shape != (count, 3) or not ((values >= 0) & (values <= 255)).all():
        raise ValueError(
            f"palette has shape {np.shape(palette)}: give one (red, green, blue) from 0 to 255 for "
            f"each of the {count} classes."
        )
    return values.astype(np.uint8)


def true_classes(truth: Any, size: tuple[int, ...], count: int) -> np.ndarray:
    """The class of each pixel: uint8 of the picture's size, 255 = void."""
    values = np.asarray(plain(truth))
    if values.shape != size or values.dtype.kind not in "biu":
        raise ValueError(
            f"truth has shape {values.shape} and dtype {values.dtype}: give one class, a whole "
            f"number, for each of the {size[0]} x {size[1]} pixels."
        )
    if not ((values >= 0) & ((values < count) | (values == VOID))).all():
        raise ValueError(
            f"truth holds {values.min()} to {values.max()}: classes count from 0 to {count - 1}, "
            f"and void is {VOID}. Check the label codes."
        )
    return values.astype(np.uint8)


def overlay(colours: Mapping[int, Any]) -> np.ndarray:
    """Colours of some codes, red, green, blue and opacity; all others are clear: (256, 4)."""
    table = np.zeros((256, 4), np.uint8)
    for code, colour in colours.items():
        table[code] = (*colour, 255)
    return table


def scored(class_map: np.ndarray, truth: np.ndarray, count: int) -> dict[str, float]:
    """One picture's mean IoU and boundary F1."""
    from segviz.metrics import ConfusionMatrix, boundary_f1

    matrix = ConfusionMatrix(count)
    matrix.update(class_map, truth)
    return {
        "mean_iou": matrix.mean_iou,
        "boundary_f1": boundary_f1(class_map, truth, num_classes=count),
    }


def liveliest(rungs: Sequence[Rung], truth: np.ndarray | None, lens: int) -> tuple[int, int]:
    """Where the last skip changes most for the better, or else the middle: where to look first."""
    from scipy.ndimage import uniform_filter

    moved = verdicts(rungs, truth)[-1]
    gain = (moved == (CHANGED if truth is None else BECAME_RIGHT)) - 1.0 * (moved == BECAME_WRONG)
    if not gain.any():
        return gain.shape[0] // 2, gain.shape[1] // 2
    crowded = uniform_filter(gain, lens, mode="constant")
    row, column = np.unravel_index(crowded.argmax(), crowded.shape)
    return int(row), int(column)


@cache
def trained_street() -> tuple[Any, dict[int, Any], Any]:
    """A drawn street, what the networks trained on such streets score, and its truth."""
    from segviz.datasets.synthetic import streets
    from segviz.training import load_checkpoint

    [street] = streets(1, size=(192, 256), seed=5)
    scores = {}
    for stride in (32, 16, 8):
        model: Any = load_checkpoint(f"camvid_fcn{stride}s", source="stand-in").model
        scores[stride] = model.scores(street.image[None])
    return street.image, scores, street.mask
