"""What the ASPP widget is given, checked: score maps by rate, their join, and the picture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from segviz.ops.convolution import convolution_indices
from segviz.widgets._fcn_rungs import _score_map, plain

POINT, MEAN = 0, "mean"  # the branches that have no rate: 1 x 1, and the whole picture's mean
MOST_BRANCHES, MOST_VALUES = 6, 9000  # so that an answer still travels in less than 10 kB
_SHOWN = 128  # pixels of the picture's longer side, at most, where its places allow


def checked_branches(scores: Any) -> dict[int | str, np.ndarray]:
    """Rate -> scores of shape ``(K, h, w)`` in thousandths, so that what is shown adds up.

    >>> {rate: maps.tolist() for rate, maps in checked_branches({2: [[[0.1236]], [[1]]]}).items()}
    {2: [[[0.124]], [[1.0]]]}
    """
    if not isinstance(scores, Mapping) or not 1 <= len(scores) <= MOST_BRANCHES:
        raise TypeError(
            f"scores is {type(scores).__name__}, must name the rate of 1 to {MOST_BRANCHES} score "
            "maps. Use {6: first, 12: second}, arrays of shape (K, h, w)."
        )
    made = {
        _rate(rate): np.round(_score_map(rate, maps).astype(float), 3)
        for rate, maps in scores.items()
    }
    shapes = {maps.shape for maps in made.values()}
    if len(shapes) > 1:
        raise ValueError(
            f"The branches have shapes {' and '.join(map(str, sorted(shapes)))}. Give each of them "
            "the same maps, and padding equal to its rate."
        )
    [(_, height, width)] = shapes
    if (len(made) + 1) * height * width > MOST_VALUES:
        raise ValueError(
            f"{len(made)} branches of {height} x {width} places are too many to draw at once: at "
            f"most {MOST_VALUES} values, the fused map with them. Use a smaller picture."
        )
    return made


def _rate(rate: Any) -> int | str:
    if rate == MEAN and isinstance(rate, str):
        return MEAN
    if isinstance(rate, bool) or not isinstance(rate, int | np.integer) or not 0 <= rate <= 999:
        raise TypeError(
            f"scores has the key {rate!r}, must name rates: whole numbers from 1, 0 for a 1 x 1 "
            "convolution, 'mean' for the whole picture's mean."
        )
    return int(rate)


def checked_join(join: Any, classes: int, branches: int) -> tuple[np.ndarray, np.ndarray]:
    """Weight ``(K, B K)`` and bias ``(K,)`` of the 1 x 1 convolution; one that adds by default."""
    if join is None:
        return np.tile(np.eye(classes), branches), np.zeros(classes)
    if not isinstance(join, tuple | list) or len(join) != 2:
        raise TypeError("join must be (weight, bias). Use (layer.weight, layer.bias).")
    weight, bias = (np.asarray(plain(one), np.float64) for one in join)
    weight = weight.reshape(weight.shape[:2]) if weight.shape[2:] == (1, 1) else weight
    if weight.shape != (classes, branches * classes) or bias.shape != (classes,):
        raise ValueError(
            f"join has a weight of shape {weight.shape} and a bias of shape {bias.shape}, and "
            f"{branches} branches of {classes} classes need {(classes, branches * classes)} and "
            f"{(classes,)}. Give those of the 1 x 1 convolution behind torch.cat."
        )
    return weight, bias


def shrunk(picture: np.ndarray, size: tuple[int, int]) -> tuple[np.ndarray, int]:
    """The picture with as many pixels as are shown, and how many of them a place has a side.

    Args:
        picture: uint8 of shape ``(H, W, 3)``.
        size: rows and columns of the score maps.

    >>> picture, pixels = shrunk(np.full((256, 384, 3), 7, np.uint8), (16, 24))
    >>> picture.shape, pixels
    ((64, 96, 3), 4)
    """
    stride, rest = divmod(picture.shape[0], size[0])
    if rest or picture.shape[:2] != (stride * size[0], stride * size[1]):
        raise ValueError(
            f"picture has {picture.shape[0]} x {picture.shape[1]} pixels, which is no multiple of "
            f"the scores' {size[0]} x {size[1]} places. Give the picture that they were made of, "
            "with sides that the output stride divides."
        )
    pixels = max(
        n for n in range(1, stride + 1) if n == 1 or (not stride % n and n * max(size) <= _SHOWN)
    )
    step = stride // pixels
    blocks = picture.reshape(pixels * size[0], step, pixels * size[1], step, 3)
    return np.rint(blocks.mean(axis=(1, 3))).astype(np.uint8), pixels


def middles(truth: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The class of the pixel in the middle of each place."""
    row, column = (n // m for n, m in zip(truth.shape, size, strict=True))
    return truth[row // 2 :: row, column // 2 :: column]


def taps_inside(n: int, rate: int) -> np.ndarray:
    """Along one axis: places of the three taps of each unit, -1 for added zeros; (n, 3)."""
    return convolution_indices(n, 3, padding=rate, dilation=rate)


def taps(size: tuple[int, int], at: list[int], rate: int | str) -> list[list[int]]:
    """Rows and columns of the taps of a unit that stand on the map.

    >>> taps((5, 9), [2, 4], 3)
    [[2, 1], [2, 4], [2, 7]]
    >>> taps((5, 9), [2, 4], POINT)
    [[2, 4]]
    """
    if rate == MEAN:
        return [[row, column] for row in range(size[0]) for column in range(size[1])]
    if rate == POINT:
        return [list(at)]
    rows, columns = (taps_inside(n, int(rate))[place] for n, place in zip(size, at, strict=True))
    return [[int(r), int(c)] for r in rows for c in columns if r >= 0 and c >= 0]


def share_whole(size: tuple[int, int], rate: int | str) -> float:
    """The share of units whose nine taps all stand on the map; 1 where there is but one tap."""
    if rate in (POINT, MEAN):
        return 1.0
    inside = [(taps_inside(n, int(rate)) >= 0).all(axis=1).mean() for n in size]
    return float(inside[0] * inside[1])


def name_of(rate: int | str) -> str:
    """A branch in words: "rate 6", "1 × 1", "mean"."""
    return {POINT: "1 × 1", MEAN: "mean"}.get(rate, f"rate {rate}")
