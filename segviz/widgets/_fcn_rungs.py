"""FCN's ladder in numpy: score maps of coarse to fine strides, added rung by rung."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from segviz.ops.upsampling import upsample_bilinear

VOID = 255
RIGHT, WRONG, BECAME_RIGHT, BECAME_WRONG, CHANGED = range(5)


@dataclass(frozen=True, eq=False)
class Rung:
    """One rung: what came from below, what its finest stride adds, their sum, and what is seen.

    Score maps are float32 of shape ``(K, h, w)``, relative to the mean over the classes, which
    changes no decision. ``carried`` is None where there is one stride only. ``class_map`` is uint8
    ``(H, W)``.
    """

    stride: int
    skip: np.ndarray
    carried: np.ndarray | None
    total: np.ndarray
    class_map: np.ndarray
    carried_from: int | None = None  # stride of what was carried, before it was enlarged

    @property
    def name(self) -> str:
        return f"FCN-{self.stride}s"


def climb(scores: Mapping[int, Any], size: tuple[int, int]) -> tuple[Rung, ...]:
    """Add score maps from the coarsest to the finest, as FCN-32s, 16s and 8s do.

    Args:
        scores: finest stride -> {stride: scores} of a network that ends there, one network per
            rung; or stride -> scores of one network, whose sums so far are then the rungs. Scores
            have shape ``(K, h, w)`` or ``(1, K, h, w)``, arrays or tensors.
        size: height and width of the picture.

    Returns:
        One rung per stride, the coarsest first.

    Raises:
        TypeError, ValueError: no score maps, or ones that do not fit each other or the picture.

    >>> rungs = climb({2: [[[0., 4.]], [[4., 0.]]], 1: np.zeros((2, 2, 4))}, (2, 4))
    >>> rungs[1].total[0, 0].tolist(), rungs[1].class_map[0].tolist()
    ([-2.0, -1.0, 1.0, 2.0], [1, 1, 0, 0])
    """
    rungs = [_rung(_checked(maps, size), size) for maps in _networks(scores)]
    counts = {len(rung.total) for rung in rungs}
    if len(counts) > 1:
        raise ValueError(
            f"The networks score {' and '.join(map(str, sorted(counts)))} classes. Give networks "
            "that were trained on the same classes."
        )
    return tuple(rungs)


def _rung(maps: Mapping[int, np.ndarray], size: tuple[int, int]) -> Rung:
    """Add the maps of one network, the coarsest first."""
    stride, *finer = maps
    skip = total = _centred(maps[stride])
    carried, before = None, None
    for one in finer:
        skip, carried, before = _centred(maps[one]), enlarged(total, stride // one), stride
        total, stride = carried + skip, one
    seen = enlarged(total, stride)[:, : size[0], : size[1]]
    return Rung(stride, skip, carried, total, seen.argmax(0).astype(np.uint8), before)


def _centred(scores: np.ndarray) -> np.ndarray:
    return np.asarray(scores - scores.mean(axis=0))


def _networks(scores: Any) -> list[Mapping[int, Any]]:
    """The score maps of each rung's network, the coarsest rung first."""
    strides = _strides(scores)
    ends = {stride: scores[stride] for stride in strides if isinstance(scores[stride], Mapping)}
    if not ends:
        return [{s: scores[s] for s in strides[: n + 1]} for n in range(len(strides))]
    for stride in strides:
        if stride not in ends or _strides(ends[stride])[-1] != stride:
            raise ValueError(
                f"scores[{stride}] does not end at stride {stride}. Give the scores of a network "
                f"whose finest_stride is {stride}, or one score map for each stride."
            )
    return list(ends.values())


def _strides(scores: Any) -> list[int]:
    if not isinstance(scores, Mapping) or not scores:
        raise TypeError(
            f"scores is {type(scores).__name__}, must name the stride of each score map. Use "
            "{32: coarse, 16: finer, 8: finest}, arrays of shape (K, h, w)."
        )
    for stride in scores:
        if isinstance(stride, bool) or not isinstance(stride, int | np.integer) or stride < 1:
            raise TypeError(
                f"scores has the key {stride!r}, must name strides: whole numbers from 1. Use "
                "{32: coarse, 16: finer, 8: finest}."
            )
    return sorted(scores, reverse=True)


def enlarged(maps: np.ndarray, factor: int) -> np.ndarray:
    """Each of the maps (K, h, w), enlarged by bilinear interpolation."""
    return np.stack([upsample_bilinear(one, factor) for one in maps])


def plain(values: Any) -> Any:
    """A tensor of any device and precision as one that numpy reads; all else as it is."""
    if not hasattr(values, "detach"):
        return values
    values = values.detach().cpu()
    return values.float() if values.is_floating_point() else values


def verdicts(rungs: Sequence[Rung], truth: np.ndarray | None) -> np.ndarray:
    """What each rung did to each pixel, for better or worse.

    Args:
        rungs: of one picture.
        truth: integers of shape ``(H, W)``, 255 = void; or None.

    Returns:
        uint8 of shape ``(rungs, H, W)``: RIGHT, WRONG as it was already; BECAME_RIGHT,
        BECAME_WRONG by this rung; CHANGED by it but wrong before and after, or nobody knows; void
        pixels are VOID.
    """
    found = np.zeros((len(rungs), *rungs[0].class_map.shape), np.uint8)
    for place, rung in enumerate(rungs):
        changed = place > 0 and rung.class_map != rungs[max(place - 1, 0)].class_map
        if truth is None:
            found[place] = np.where(changed, CHANGED, RIGHT)
            continue
        right = rung.class_map == truth
        was_right = rungs[max(place - 1, 0)].class_map == truth
        moved = np.where(right, BECAME_RIGHT, np.where(was_right, BECAME_WRONG, CHANGED))
        found[place] = np.where(changed, moved, np.where(right, RIGHT, WRONG))
        found[place][truth == VOID] = VOID
    return found


def _checked(scores: Mapping[int, Any], size: tuple[int, int]) -> dict[int, np.ndarray]:
    """The score maps of one network as float32, the coarsest first."""
    strides = _strides(scores)
    maps = {stride: _score_map(stride, scores[stride]) for stride in strides}
    coarsest = maps[strides[0]].shape
    for stride, values in maps.items():
        factor, rest = divmod(strides[0], stride)
        wanted = (coarsest[0], *(n * factor for n in coarsest[1:]))
        if rest or values.shape != wanted:
            raise ValueError(
                f"scores[{stride}] has shape {values.shape}, beside {coarsest} at stride "
                f"{strides[0]}. A map of half the stride has twice the rows and columns."
            )
    for n, m in zip(coarsest[1:], size, strict=True):
        if not (n - 1) * strides[0] < m <= n * strides[0]:
            raise ValueError(
                f"scores[{strides[0]}] has {coarsest[1]} x {coarsest[2]} places, which is no "
                f"picture of {size[0]} x {size[1]}. Give the scores of this picture."
            )
    return maps


def _score_map(stride: int, scores: Any) -> np.ndarray:
    try:
        values = np.asarray(plain(scores), dtype=np.float32)
    except (TypeError, ValueError):
        raise TypeError(
            f"scores[{stride}] is {type(scores).__name__}, must be numbers of shape (K, h, w)."
        ) from None
    values = values[0] if values.ndim == 4 and len(values) == 1 else values
    if values.ndim != 3 or not 2 <= len(values) <= 64 or 0 in values.shape:
        raise ValueError(
            f"scores[{stride}] has shape {values.shape}: give (K, h, w), one map for each of 2 to "
            "64 classes of one picture."
        )
    if not np.isfinite(values).all():
        raise ValueError(
            f"scores[{stride}] holds nan or infinity, so no class wins. Train again with a smaller "
            "learning rate, or load a checkpoint."
        )
    return values
