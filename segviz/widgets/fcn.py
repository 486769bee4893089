"""FCN-32s, 16s and 8s rung by rung: what each skip adds, and what becomes of the boundaries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from segviz.datasets.camvid import CLASSES
from segviz.plot.fcn import CLASS_COLOURS, fcn
from segviz.widgets._base import TraceWidget, codes
from segviz.widgets._fcn_input import (
    colour,
    colours,
    liveliest,
    overlay,
    scored,
    trained_street,
    true_classes,
)
from segviz.widgets._fcn_rungs import BECAME_RIGHT, BECAME_WRONG, CHANGED, WRONG, climb, verdicts
from segviz.widgets._parameters import Cell, Choice, Number, Whole

VIEWS = ("classes", "what the skip changed", "mistakes")
# Blue and orange are told apart by every eye; grey is for neither.
_BETTER, _WORSE, _NEITHER = (0, 158, 255), (240, 120, 0), (225, 225, 225)
_CHANGE_COLOURS = {BECAME_RIGHT: _BETTER, BECAME_WRONG: _WORSE, CHANGED: _NEITHER}
_MISTAKE_COLOURS = {WRONG: _WORSE, BECAME_WRONG: _WORSE, CHANGED: _WORSE}


class FCNLadder(TraceWidget):
    """A picture's class map on each rung of FCN's ladder, with the score maps that made it.

    Args:
        picture: shape ``(3, H, W)``, ``(H, W, 3)`` or ``(H, W)``, uint8 or in [0, 1], sides up to
            512 pixels. A drawn street scene and its trained network by default.
        scores: finest stride -> {stride: score map of shape ``(K, h, w)``} of a network that ends
            there, as ``segviz.models.FCNLadder(...).scores(images)`` gives them, one network per
            rung; or stride -> score map of a single network, whose sums so far are then the rungs.
        truth: class of each pixel, integers of shape ``(H, W)``, 255 = void; where it is given,
            the widget also says what is right.
        classes: K names; CamVid's eleven by default.
        palette: K colours (red, green, blue), 0 to 255. The default keeps eleven classes apart for
            colour-blind eyes too.
        **settings: ``finest_stride`` (the rung: 32, 16, 8, ...), ``show`` (one of ``VIEWS``),
            ``class_index`` (whose scores are drawn), ``opacity`` (0 to 1), ``cursor`` (row and
            column at the centre of the lens).

    Raises:
        ValueError, TypeError: arrays or settings that do not fit each other.

    >>> scores = {2: np.eye(4)[:2].reshape(2, 2, 2)}
    >>> widget = FCNLadder(np.zeros((3, 4)), scores, classes=("sky", "road"))
    >>> widget.class_map.shape, widget
    ((3, 4), FCNLadder(finest_stride=2, show='classes', class_index=1))
    """

    opacity = Number(0.7, 0, 1, step=0.05, shown=False)
    finest_stride = Whole(32, 1, 64)
    show = Choice("classes", VIEWS)
    class_index = Whole(0, 0, 63)
    cursor = Cell((0, 0))

    def __init__(
        self,
        picture: Any = None,
        scores: Any = None,
        *,
        truth: Any = None,
        classes: Sequence[str] = CLASSES,
        palette: Any = CLASS_COLOURS,
        **settings: Any,
    ) -> None:
        if (picture is None) != (scores is None):
            raise TypeError("picture and scores belong together. Give both, or neither.")
        if picture is None:
            picture, scores, truth = trained_street()
        self._picture = colour(picture)
        size = self._picture.shape[:2]
        self._rungs = climb(scores, size)
        self._classes = tuple(classes)
        self._palette = colours(palette, self._classes, len(self._rungs[0].total))
        self._truth = None if truth is None else true_classes(truth, size, len(self._classes))
        place = liveliest(self._rungs, self._truth, self._lens)
        class_index = int(self._rungs[-1].class_map[place])
        start = {
            "finest_stride": self._rungs[0].stride,
            "cursor": place,
            "class_index": class_index,
        }
        super().__init__(**start | settings)

    @property
    def class_map(self) -> np.ndarray:
        """The class of each pixel on the rung that is shown: uint8 of shape (H, W)."""
        return self._rung.class_map.copy()

    @property
    def table(self) -> list[dict[str, Any]]:
        """Of each rung: stride, size of its score map, share of pixels that it changed; with a
        truth also this picture's mean IoU and boundary F1 (tolerance 2 pixels)."""
        return [dict(row) for row in self._scene["rungs"]]

    @property
    def _rung(self) -> Any:
        return next(rung for rung in self._rungs if rung.stride == self.finest_stride)

    @property
    def _lens(self) -> int:
        """Pixels along a side of the lens: an eighth of the picture's width."""
        height, width, _ = self._picture.shape
        return min(max(8, width // 8), height, width)

    def _scene_arrays(self) -> dict[str, Any]:
        scene = {
            "picture": self._picture,
            "class_maps": np.stack([rung.class_map for rung in self._rungs]),
            "verdicts": verdicts(self._rungs, self._truth),
            "class_table": overlay(dict(enumerate(self._palette))),
            "changed_table": overlay(_CHANGE_COLOURS),
            "mistakes_table": overlay(_MISTAKE_COLOURS),
            "views": list(VIEWS if self._truth is not None else VIEWS[:2]),
            "classes": list(self._classes),
            "rungs": [self._row(place) for place in range(len(self._rungs))],
            "limits": self._limits().tolist(),
            "lens": self._lens,
        }
        if self._truth is not None:
            scene["truth"] = self._truth
        return scene | self._score_codes()

    def _limits(self) -> np.ndarray:
        """The largest score of each class on any rung: the end of its colour bar."""
        maps = [one for rung in self._rungs for one in (rung.skip, rung.total)]
        return np.max([np.abs(one).max(axis=(1, 2)) for one in maps], axis=0).clip(1e-6)

    def _score_codes(self) -> dict[str, np.ndarray]:
        limits = self._limits()[:, None, None]
        return {
            f"{part}{place}": codes(values / limits, 1.0)
            for place, rung in enumerate(self._rungs)
            for part in ("skip", "carried", "total")
            if (values := getattr(rung, part)) is not None
        }

    def _row(self, place: int) -> dict[str, Any]:
        rung, before = self._rungs[place], self._rungs[max(place - 1, 0)]
        row = {
            "stride": rung.stride,
            "size": list(rung.total.shape[1:]),
            "carried_from": rung.carried_from,
            "changed": float((rung.class_map != before.class_map).mean()),
        }
        if self._truth is not None:
            row |= scored(rung.class_map, self._truth, len(self._classes))
        return row

    def _compute(self, *, finest_stride: int, show: str, class_index: int) -> dict[str, Any]:
        strides = [rung.stride for rung in self._rungs]
        if finest_stride not in strides:
            raise ValueError(
                f"finest_stride={finest_stride} is not in this ladder: its score maps have "
                f"strides {', '.join(map(str, strides))}. Use one of these."
            )
        if show == VIEWS[2] and self._truth is None:
            raise ValueError(
                "show='mistakes' needs to know what is right. Give truth=..., the picture's mask."
            )
        if class_index >= len(self._classes):
            raise ValueError(
                f"class_index={class_index} is beyond the last class, {self._classes[-1]!r}. "
                f"Use 0 to {len(self._classes) - 1}."
            )
        return dict(self._scene["rungs"][strides.index(finest_stride)])

    def _still(self) -> Figure:
        return self._frame(len(self._rungs) - 1)

    def _frames(self) -> int:
        return len(self._rungs)

    def _frame(self, step: int) -> Figure:
        axes = fcn(
            self._picture,
            {rung.name: rung.class_map for rung in self._rungs},
            truth=self._truth,
            classes=self._classes,
            palette=self._palette,
            at=self.cursor,
            lens=self._lens,
            step=step,
        )
        return axes[0, 0].figure

    def _describe(self) -> str:
        height, width = self._picture.shape[:2]
        names = ", ".join(rung.name for rung in self._rungs)
        truth = "" if self._truth is None else " and the truth"
        return (
            f"A {height}x{width} picture, its class map by {names}{truth}, and all of them "
            f"enlarged around row {self.cursor[0]}, column {self.cursor[1]}: the finer the stride, "
            "the sharper the boundaries."
        )
