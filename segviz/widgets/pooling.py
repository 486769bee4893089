"""Pooling number by number, on a small table and on a picture."""

from __future__ import annotations

from typing import Any

import numpy as np
import traitlets
from matplotlib.figure import Figure

from segviz.ops.output_size import pool_output_size
from segviz.ops.pooling import avg_pool2d, max_pool2d
from segviz.plot.pooling import pooling
from segviz.widgets._base import TraceWidget
from segviz.widgets._parameters import Choice, Flag, Grid, Whole
from segviz.widgets._pictures import grey

LARGEST = 8
GRID = ((1, 3, 2, 0), (4, 2, 2, 5), (0, 1, 7, 7), (1, 0, 7, 7))


class Pooling2D(TraceWidget):
    """A table of whole numbers, pooled window by window, and a picture pooled in the same way.

    Args:
        values: the numbers, up to 8 rows and 8 columns, each a whole number from -99 to 99.
        picture: see :func:`segviz.widgets._pictures.grey`; scikit-image's cameraman by default.
        **settings: ``kernel_size`` (1 to 4), ``stride`` (1 to 4; if left out, a given kernel
            size), ``ceil_mode``, ``mode`` ("max" or "average"), ``rows`` and ``columns`` (how much
            of the table is shown; beyond its end it goes on with numbers drawn once for all).

    Raises:
        ValueError, TypeError: a table, a picture or a setting that is not legal.

    >>> widget = Pooling2D([[1, 3, 2, 0], [4, 2, 2, 5]])
    >>> widget.trace["output"].tolist(), widget.trace["indices"].tolist()
    ([[4.0, 5.0]], [[4, 7]])
    """

    kernel_size = Whole(2, 1, 4)
    stride = Whole(2, 1, 4)
    ceil_mode = Flag(False)
    mode = Choice("max", ("max", "average"))
    rows = Whole(4, 1, LARGEST)
    columns = Whole(4, 1, LARGEST)
    values = Grid(GRID, largest=LARGEST, whole=True, shown=False)
    _offline = ("kernel_size", "stride", "ceil_mode", "mode")

    def __init__(self, values: Any = None, picture: Any = None, **settings: Any) -> None:
        self._picture = grey(picture)
        if values is not None:
            settings = {"values": values, **settings}
        if "kernel_size" in settings:
            settings.setdefault("stride", settings["kernel_size"])
        super().__init__(**settings)

    @property
    def table(self) -> np.ndarray:
        """The numbers that are pooled: int64 of shape ``(rows, columns)``."""
        return _extended(self.values)[: self.rows, : self.columns]

    @traitlets.observe("values")
    def _take_size(self, _change: Any) -> None:
        with self.hold_trait_notifications():
            self.rows, self.columns = len(self.values), len(self.values[0])

    def _scene_arrays(self) -> dict[str, Any]:
        return {"picture": _grey_codes(self._picture)}

    def _compute(
        self,
        *,
        kernel_size: int,
        stride: int,
        ceil_mode: bool,
        mode: str,
        rows: int,
        columns: int,
        values: Any,
    ) -> dict[str, Any]:
        x = _extended(values)[:rows, :columns]
        size = pool_output_size(x.shape, kernel_size, stride, ceil_mode)
        spans = [_spans(n, m, kernel_size, stride) for n, m in zip(x.shape, size, strict=True)]
        reads = np.outer(*(_reads(n, span) for n, span in zip(x.shape, spans, strict=True)))
        return {
            "table": x.astype(np.int16),
            "size": list(size),
            "starts": [span[0].tolist() for span in spans],
            "ends": [span[1].tolist() for span in spans],
            "reads": reads.astype(np.uint8),
            "formula": _formula(x.shape, size, kernel_size, stride, ceil_mode),
            "remarks": _remarks(reads, x.shape, spans, kernel_size),
            **_pooled(x, spans, kernel_size, stride, ceil_mode, mode),
        }

    def _inspect(
        self, *, kernel_size: int, stride: int, ceil_mode: bool, mode: str
    ) -> dict[str, Any]:
        if mode == "max":
            pooled, _ = max_pool2d(self._picture, kernel_size, stride, ceil_mode)
        else:
            pooled = avg_pool2d(self._picture, kernel_size, stride, ceil_mode)
        return {"pooled": _grey_codes(pooled)}

    def _still(self) -> Figure:
        return self._drawn()

    def _frames(self) -> int:
        return self.trace["output"].size

    def _frame(self, step: int) -> Figure:
        return self._drawn(step)

    def _drawn(self, step: int | None = None) -> Figure:
        trace = self.trace
        axes = pooling(
            trace["table"],
            trace["output"],
            trace.get("indices"),
            kernel_size=self._settled["kernel_size"],
            stride=self._settled["stride"],
            pictures=(self._picture, trace["pooled"] / 255),
            step=step,
        )
        return axes[0].figure

    def _describe(self) -> str:
        output, pooled = self.trace["output"], self.trace["pooled"]
        numbers = "; ".join(", ".join(f"{n:.4g}" for n in row) for row in output)
        table, result, before, after = (
            "x".join(map(str, one.shape)) for one in (self.table, output, self._picture, pooled)
        )
        return (
            f"A {table} table of numbers, its {result} {self.mode} pooling with "
            f"{self.kernel_size}x{self.kernel_size} windows at stride {self.stride}"
            f"{f' ({numbers})' if output.size <= 16 else ''}, and a {before} picture pooled to "
            f"{after}."
        )


def _extended(values: Any) -> np.ndarray:
    """The table, continued to its largest size, so that a larger one has numbers to show."""
    whole = np.random.default_rng(2).integers(0, 10, (LARGEST, LARGEST))
    whole[: len(values), : len(values[0])] = values
    return whole


def _spans(n: int, windows: int, kernel_size: int, stride: int) -> tuple[np.ndarray, np.ndarray]:
    """First pixel of each window along an axis, and the one after its last that exists."""
    starts = stride * np.arange(windows)
    return starts, np.minimum(starts + kernel_size, n)


def _reads(n: int, span: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """How many windows see each of n pixels."""
    place = np.arange(n)[:, None]
    return ((span[0] <= place) & (place < span[1])).sum(axis=1)


def _pooled(
    x: np.ndarray, spans: Any, kernel_size: int, stride: int, ceil_mode: bool, mode: str
) -> dict[str, np.ndarray]:
    counts = np.outer(*(ends - starts for starts, ends in spans))
    if mode == "average":
        averages = avg_pool2d(x, kernel_size, stride, ceil_mode)
        sums = np.rint(averages * counts).astype(np.int16)
        return {"output": averages, "sums": sums, "counts": counts.astype(np.uint8)}
    largest, indices = max_pool2d(x, kernel_size, stride, ceil_mode)
    ties = np.zeros(largest.shape, dtype=np.uint8)
    for row, column in np.ndindex(*largest.shape):
        (top, bottom), (left, right) = (
            (starts[i], ends[i]) for i, (starts, ends) in zip((row, column), spans, strict=True)
        )
        ties[row, column] = (x[top:bottom, left:right] == largest[row, column]).sum()
    return {
        "output": largest.astype(float),
        "indices": indices.astype(np.uint8),
        "ties": ties,
    }


def _formula(size: Any, output: Any, k: int, s: int, ceil_mode: bool) -> list[str]:
    """⌊(n - k) / s⌋ + 1 with the numbers filled in; one line where both axes agree."""
    left, right = "⌈⌉" if ceil_mode else "⌊⌋"
    lines: dict[str, str] = {}
    for n, m, axis in zip(size, output, ("rows", "columns"), strict=True):
        outside = ceil_mode and -(-(n - k) // s) + 1 > m
        less = " − 1 (it would start outside)" if outside else ""
        lines.setdefault(f"{left}({n} − {k}) / {s}{right} + 1{less} = {m}", axis)
    names = ["output size"] if len(lines) == 1 else list(lines.values())
    return [
        f"{name} = {left}(n − k) / s{right} + 1 = {line}"
        for name, line in zip(names, lines, strict=True)
    ]


def _remarks(reads: np.ndarray, size: Any, spans: Any, kernel_size: int) -> str:
    """What the windows leave out, read twice or miss at the end."""
    unread, most = int((reads == 0).sum()), int(reads.max())
    juts = any(span[0][-1] + kernel_size > n for n, span in zip(size, spans, strict=True))
    remarks = [f"{unread} of {reads.size} numbers are never read."] if unread else []
    if most > 1:
        remarks.append(f"Windows overlap: a number is read up to {most} times.")
    if juts:
        remarks.append("The last windows jut out over the end: they hold fewer numbers.")
    return " ".join(remarks or ["Each number is read once."])


def _grey_codes(picture: np.ndarray) -> np.ndarray:
    return np.rint(picture * 255).astype(np.uint8)
