"""A window that moves over a picture, what it answers, and what it computes again on the way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from segviz.ops.recomputation import WindowLayer, each_once_so_far, times_computed
from segviz.plot.sliding_window import _heat_table, _rounded, sliding_window
from segviz.widgets._base import TraceWidget
from segviz.widgets._parameters import Choice, Parameter, Whole
from segviz.widgets._patch_classifier import answers, measured, trained
from segviz.widgets._pictures import grey

LARGEST = 128
CLASSES = ("inside", "membrane")
PALETTE = ((235, 235, 235), (200, 30, 50))


class SlidingWindow(TraceWidget):
    """A picture classified pixel by pixel, with the bill: what was computed, and how often.

    Args:
        picture: what to classify, see :func:`segviz.widgets._pictures.grey`; sides up to 128
            pixels. A drawn electron-microscopy section by default.
        classifier: the patch classifier, a torch network of convolutions, pooling and dense layers
            without padding. The trained one of lecture 03 by default.
        class_map: its answers, integers of shape ``(H, W)``; by default it is asked.
        classes: K names.
        palette: K colours (red, green, blue), 0 to 255.
        **settings: ``layer`` (whose values the heat map counts; 0 is the pixels), ``speed``
            ("slow", "medium" or "fast").

    Raises:
        ValueError, TypeError: a picture, a network or a setting that is not legal.

    >>> SlidingWindow(layer=1).trace["name"]
    'convolution 1'
    """

    layer = Whole(0, 0, 31)
    speed = Choice("medium", ("slow", "medium", "fast"))

    def __init__(
        self,
        picture: Any = None,
        classifier: Any = None,
        class_map: Any = None,
        *,
        classes: Sequence[str] = CLASSES,
        palette: Any = PALETTE,
        **settings: Any,
    ) -> None:
        classifier = trained() if classifier is None else classifier
        self._layers = measured(classifier)
        self._window = self._layers[0].outputs
        self._picture = _picture(picture)
        class_map = answers(classifier, self._picture) if class_map is None else class_map
        self._class_map = _class_map(class_map, self._picture.shape, len(classes))
        self._classes, self._palette = tuple(classes), _palette(palette, len(classes))
        super().__init__(**settings)

    def _kind(self, name: str) -> Parameter:
        """The slider of the layers ends at the last one of this classifier."""
        return Whole(0, 0, len(self._layers) - 1) if name == "layer" else super()._kind(name)

    @property
    def layers(self) -> tuple[WindowLayer, ...]:
        """What each layer of the classifier computes in one window; the pixels come first."""
        return self._layers

    def _scene_arrays(self) -> dict[str, Any]:
        height, width = size = self._class_map.shape
        counts = np.arange(self._window**2 + 1)
        return {
            "picture": np.rint(self._padded() * 255).astype(np.uint8),
            "class_map": self._class_map,
            "classes": list(self._classes),
            "palette": self._palette,
            "window": self._window,
            "layers": [vars(layer) for layer in self._layers],
            "marks": np.stack([self._marks(layer) for layer in self._layers]),
            "loop": sum(layer.in_the_loop((1, 1)) for layer in self._layers),
            "once": each_once_so_far(self._layers, size),
            "heat": np.rint(255 * np.log1p(counts) / np.log1p(counts[-1])).astype(np.uint8),
            "heat_table": _heat_table(),
            "ends": ["never", f"{self._window - 1}", f"{counts[-1]:,} times"],
            "start": self._start,
            "rates": {"slow": 4, "medium": 2 * width, "fast": height * width / 12},
        }

    @property
    def _start(self) -> int:
        """Somewhere in the middle, so that the first look explains itself."""
        height, width = self._class_map.shape
        return height * 2 // 5 * width + width * 2 // 3

    def _marks(self, layer: WindowLayer) -> np.ndarray:
        """How many values of one window start at a pixel or before it, along an axis."""
        marks = np.zeros(max(self._class_map.shape) + self._window, np.uint16)
        marks[: layer.outputs * layer.stride : layer.stride] = 1
        return np.cumsum(marks, dtype=np.uint16)

    def _compute(self, *, layer: int) -> dict[str, Any]:
        if layer >= len(self._layers):
            raise ValueError(
                f"layer={layer} is beyond the last one of this classifier. Use 0, which is the "
                f"pixels, to {len(self._layers) - 1}."
            )
        chosen = self._layers[layer]
        return {"name": chosen.name, "times": [self._along(axis, chosen) for axis in (0, 1)]}

    def _along(self, axis: int, layer: WindowLayer, places: int | None = None) -> np.ndarray:
        """How often each value along an axis is computed at the first places (all by default)."""
        places = self._class_map.shape[axis] if places is None else places
        counts = np.zeros(self._class_map.shape[axis] + (layer.outputs - 1) * layer.stride, int)
        if places:
            some = times_computed(places, layer.outputs, layer.stride)
            counts[: len(some)] = some
        return counts

    def _so_far(self, layer: WindowLayer, step: int) -> np.ndarray:
        """How often each value has been computed once the window has stood at pixel ``step``."""
        row, column = divmod(step, self._class_map.shape[1])
        before, now = (self._along(0, layer, places) for places in (row, row + 1))
        return np.outer(before, self._along(1, layer)) + np.outer(
            now - before, self._along(1, layer, column + 1)
        )

    def _padded(self) -> np.ndarray:
        return np.pad(self._picture, self._window // 2, mode="reflect")

    @property
    def _shown(self) -> WindowLayer:
        """The layer of the heat map: the last legal one."""
        return self._layers[self._settled["layer"]]

    def _still(self) -> Figure:
        return self._drawn(self._start)

    def _frames(self) -> int:
        """One a row of the class map: pixel by pixel would be thousands."""
        return len(self._class_map)

    def _frame(self, step: int) -> Figure:
        return self._drawn((step + 1) * self._class_map.shape[1] - 1)

    def _drawn(self, step: int) -> Figure:
        layer = self._shown
        axes = sliding_window(
            self._padded(),
            self._class_map,
            self._so_far(layer, step),
            step=step,
            window=self._window,
            palette=self._palette,
            most=self._window**2,
            titles=(
                f"{self._window} × {self._window} window, mirrored rim",
                "class map so far",
                f"{layer.name}: how often {'computed' if self._settled['layer'] else 'read'}",
            ),
            bill=self._bill(step),
        )
        return axes[0].figure

    def _bill(self, step: int) -> str:
        loop = (step + 1) * sum(layer.in_the_loop((1, 1)) for layer in self._layers)
        once = each_once_so_far(self._layers, self._class_map.shape)[step]
        return (
            f"so far {_rounded(loop)} multiply-adds; each value once would take {_rounded(once)}: "
            f"{loop / once:.1f} times as many as needed"
        )

    def _describe(self) -> str:
        height, width = self._class_map.shape
        row, column = divmod(self._start, width)
        return (
            f"A {self._window}x{self._window} window at row {row}, column {column} of a "
            f"{height}x{width} picture with a mirrored rim; the class map, filled in up to there; "
            f"and how often each value of {self._shown.name} has been computed."
        )


def _picture(picture: Any) -> np.ndarray:
    """The picture as grey values; a leading axis of one channel, as torch has it, is dropped."""
    if picture is None:
        from segviz.datasets.synthetic import membranes

        picture = membranes(1, size=(80, 80), seed=20)[0].image
    values = np.asarray(picture)
    values = values[0] if values.ndim == 3 and len(values) == 1 else values
    if values.ndim >= 2 and max(values.shape) > LARGEST:
        raise ValueError(
            f"The picture has shape {values.shape}, and the window would walk for minutes over "
            f"more than {LARGEST} pixels a side. Cut a piece out: picture[..., :64, :64]."
        )
    return grey(values, LARGEST)


def _class_map(class_map: Any, size: tuple[int, ...], classes: int) -> np.ndarray:
    values = np.asarray(class_map)
    if values.shape != size or values.dtype.kind not in "biu":
        raise ValueError(
            f"class_map has shape {values.shape} and dtype {values.dtype}: give one class, a whole "
            f"number, for each of the {size[0]} x {size[1]} pixels."
        )
    if not ((values >= 0) & (values < classes)).all():
        raise ValueError(
            f"class_map holds {values.min()} to {values.max()}, and {classes} classes count from 0 "
            f"to {classes - 1}. Give the names of all classes in classes=(...)."
        )
    return values.astype(np.uint8)


def _palette(palette: Any, classes: int) -> np.ndarray:
    colours = np.asarray(palette)
    if colours.shape != (classes, 3) or not ((colours >= 0) & (colours <= 255)).all():
        raise ValueError(
            f"palette has shape {colours.shape}: give one (red, green, blue) from 0 to 255 for "
            f"each of the {classes} classes."
        )
    return colours.astype(np.uint8)
