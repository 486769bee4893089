"""Atrous spatial pyramid pooling on real features: branches of several rates, and their fusion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from matplotlib.figure import Figure

from segviz.datasets.camvid import CLASSES
from segviz.plot.aspp import aspp
from segviz.plot.fcn import CLASS_COLOURS, coloured
from segviz.widgets._aspp_input import (
    MEAN,
    checked_branches,
    checked_join,
    middles,
    name_of,
    share_whole,
    shrunk,
    taps,
)
from segviz.widgets._base import TraceWidget, codes
from segviz.widgets._bound import Head, Place, not_here
from segviz.widgets._fcn_input import VOID, colour, colours, true_classes
from segviz.widgets._parameters import Choice, Whole

HEADS = ("ASPP-S", "ASPP-L", "DeepLab v3+", "own")
FUSIONS = ("sum", "average", "maximum", "concatenation")
VIEWS = ("classes", "scores")


class ASPP(TraceWidget):
    """Atrous convolutions of several rates on the same maps, and the four ways to fuse them.

    Args:
        picture: shape ``(3, H, W)``, ``(H, W, 3)`` or ``(H, W)``, uint8 or in [0, 1]. By default a
            drawn street scene, with three heads that were fitted to such scenes: EfficientNet's
            maps at stride 8, reduced to 64, and 3 x 3 branches upon them.
        scores: rate -> scores of that branch, shape ``(K, h, w)``; rate 0 is a 1 x 1 convolution,
            "mean" the whole picture's mean. H and W are multiples of h and w.
        join: weight ``(K, B K)`` and bias ``(K,)`` of the 1 x 1 convolution of the concatenation;
            by default one that adds the B branches.
        truth: class of each pixel, integers of shape ``(H, W)``, 255 = void.
        classes: K names; CamVid's eleven by default.
        palette: K colours (red, green, blue), 0 to 255.
        **settings: ``head`` (one of ``HEADS``; "own" for scores of yours), ``fusion`` (one of
            ``FUSIONS``), ``show`` (one of ``VIEWS``), ``class_index`` (whose scores are drawn and
            written out), ``cursor`` (row and column of the unit, within the maps).

    Raises:
        ValueError, TypeError: arrays or settings that do not fit each other.

    >>> first, second = np.eye(4)[:2].reshape(2, 2, 2), np.ones((2, 2, 2))
    >>> widget = ASPP(np.zeros((4, 4)), {1: first, 2: second}, classes=("sky", "road"))
    >>> widget.fused()[:, 0].tolist(), [len(one) for one in widget.trace["taps"]]
    ([[2.0, 1.0], [1.0, 2.0]], [4, 1])
    """

    head = Head("ASPP-S", HEADS)
    fusion = Choice("sum", FUSIONS)
    show = Choice("classes", VIEWS)
    class_index = Whole(0, 0, 63)
    cursor = Place((0, 0))

    _offline: ClassVar[tuple[str, ...]] = ("head", "fusion", "show")

    def __init__(
        self,
        picture: Any = None,
        scores: Mapping[Any, Any] | None = None,
        *,
        join: Any = None,
        truth: Any = None,
        classes: Sequence[str] = CLASSES,
        palette: Any = CLASS_COLOURS,
        **settings: Any,
    ) -> None:
        if (picture is None) != (scores is None):
            raise TypeError("picture and scores belong together. Give both, or neither.")
        heads: Mapping[str, Any] = {"own": scores}
        joins: Mapping[str, Any] = {"own": join}
        if picture is None:
            from segviz.widgets._aspp_branches import street

            picture, heads, joins, truth = street()
        self._branches = {head: checked_branches(maps) for head, maps in heads.items()}
        first = next(iter(self._branches))
        count, *size = next(iter(self._branches[first].values())).shape
        self._joins = {
            head: checked_join(joins[head], count, len(maps))
            for head, maps in self._branches.items()
        }
        full = colour(picture)
        self._size = (size[0], size[1])
        self._picture, self._pixels = shrunk(full, self._size)
        self._classes = tuple(classes)
        self._palette = colours(palette, self._classes, count)
        self._truth = None
        if truth is not None:
            known = true_classes(truth, full.shape[:2], count)
            self._truth = middles(known, self._size)
        cursor = (size[0] // 2, size[1] // 2)
        winner = int(self._fused(first, "sum")[:, *cursor].argmax())
        start = {"head": first, "cursor": cursor, "class_index": winner}
        super().__init__(**(start | settings))

    def fused(self, fusion: str | None = None) -> np.ndarray:
        """Return the scores of the head that is shown, behind its fusion or another one.

        Returns:
            float64 of shape (K, h, w).

        Raises:
            ValueError: ``fusion`` is none of ``FUSIONS``.
        """
        chosen = type(self).fusion.legal(self.fusion if fusion is None else fusion)
        return self._fused(self._settled["head"], chosen)

    def _fused(self, head: str, fusion: str) -> np.ndarray:
        return fuse(np.stack(list(self._branches[head].values())), fusion, *self._joins[head])

    def _scene_arrays(self) -> dict[str, Any]:
        scene = {
            "picture": self._picture,
            "pixels": self._pixels,
            "size": list(self._size),
            "heads": list(self._branches),
            "fusions": list(FUSIONS),
            "table": coloured(np.arange(256), self._palette),
            "classes": list(self._classes),
        }
        return scene if self._truth is None else {**scene, "truth": self._truth}

    def _compute(self, *, head: str, fusion: str, show: str, class_index: int) -> dict[str, Any]:
        branches = self._branches_of(head, class_index)
        fused = self._fused(head, fusion)
        maps = np.stack(list(branches.values()))
        winners = maps.argmax(axis=1).astype(np.uint8)
        winner = fused.argmax(axis=0).astype(np.uint8)
        limits = _limits(maps[:, class_index], fused[class_index], fusion)
        told = {
            "rates": list(branches),
            "names": [*map(name_of, branches), fusion],
            "whole": [share_whole(self._size, rate) for rate in branches],
            "limits": limits,
            "branches": winners if show == VIEWS[0] else codes(maps[:, class_index], limits[0]),
            "fused": winner if show == VIEWS[0] else codes(fused[class_index], limits[1]),
        }
        return told | self._right([*winners, winner])

    def _branches_of(self, head: str, class_index: int) -> dict[int | str, np.ndarray]:
        if head not in self._branches:
            raise not_here(head, self._branches)
        if class_index >= len(self._classes):
            raise ValueError(
                f"class_index={class_index} is beyond the last class, {self._classes[-1]!r}. "
                f"Use 0 to {len(self._classes) - 1}."
            )
        return self._branches[head]

    def _right(self, winners: Sequence[np.ndarray]) -> dict[str, Any]:
        known = None if self._truth is None else self._truth != VOID
        if known is None or not known.any():
            return {}
        return {"right": [float((one == self._truth)[known].mean()) for one in winners]}

    def _inspect(
        self, *, head: str, fusion: str, class_index: int, cursor: tuple[int, int]
    ) -> dict[str, Any]:
        branches = self._branches_of(head, class_index)
        at = list(cursor)
        here = [maps[:, at[0], at[1]] for maps in branches.values()]
        here.append(fuse(np.stack(here)[:, :, None], fusion, *self._joins[head])[:, 0])
        places = [taps(self._size, at, rate) for rate in branches]
        return {
            "at": at,
            "inside": [len(one) for one in places],
            # The mean reads every place: they are not worth a message.
            "taps": [
                [] if rate == MEAN else one for rate, one in zip(branches, places, strict=True)
            ],
            "answers": [int(one.argmax()) for one in here],
            "scores": [round(float(one[class_index]), 5) for one in here],
        }

    def _still(self) -> Figure:
        return self._frame(self._frames() - 1)

    def _frames(self) -> int:
        return len(self.trace["names"])

    def _frame(self, step: int) -> Figure:
        trace, settled = self.trace, self._settled
        names = [*trace["names"][:-1], f"fused: {trace['names'][-1]}"]
        maps = dict(zip(names, [*trace["branches"], trace["fused"]], strict=True))
        signed = settled["show"] == VIEWS[1]
        axes = aspp(
            self._picture,
            {name: _uncoded(one) if signed else one for name, one in maps.items()},
            trace["taps"],
            classes=self._classes,
            truth=self._truth,
            palette=self._palette,
            at=trace["at"],
            pixels=self._pixels,
            step=step,
        )
        return axes.flat[0].figure

    def _describe(self) -> str:
        rates = ", ".join(self.trace["names"][:-1])
        shown = "class maps"
        if self._settled["show"] == VIEWS[1]:
            shown = f"scores of {self._classes[self._settled['class_index']]}"
        height, width = self._size
        return (
            f"A picture with the places that the branches of {self._settled['head']} read for one "
            f"unit, the {shown} of the branches ({rates}) on {height}x{width} places, and their "
            f"fusion by {self.trace['names'][-1]}."
        )


def _uncoded(values: np.ndarray) -> np.ndarray:
    """Colour codes as shares of their limit, from -1 to 1."""
    return (values.astype(float) - 128) / 127


def _limits(branches: np.ndarray, fused: np.ndarray, fusion: str) -> list[float]:
    """Ends of the two colour bars; a sum has one for its B branches, so it looks as its average."""
    of_branches, of_fused = (float(np.abs(one).max()) or 1.0 for one in (branches, fused))
    if fusion == "concatenation":
        return [of_branches, of_fused]
    return [of_branches, of_branches * (len(branches) if fusion == "sum" else 1)]


def fuse(scores: np.ndarray, fusion: str, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """Scores of B branches, shape ``(B, K, ...)``, as one of shape ``(K, ...)``.

    >>> fuse(np.array([[1.0, 5.0], [3.0, 1.0]]), "maximum", np.zeros((2, 4)), np.zeros(2)).tolist()
    [3.0, 5.0]
    """
    if fusion == "concatenation":
        flat = scores.reshape(weight.shape[1], -1)
        return (weight @ flat + bias[:, None]).reshape(scores.shape[1:])
    if fusion == "maximum":
        return np.asarray(scores.max(axis=0))
    return np.asarray(scores.sum(axis=0) if fusion == "sum" else scores.mean(axis=0))
