"""Down and up again, number by number, on a small table and on a picture."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, ClassVar

import numpy as np
import traitlets
from matplotlib.figure import Figure

from segviz.plot.unpooling import unpooling
from segviz.widgets._base import TraceWidget
from segviz.widgets._parameters import Choice, Flag, Grid, Whole
from segviz.widgets._pictures import grey
from segviz.widgets._unpooling_steps import DOWN, INDICES, SIZES, UP, Trip, Way
from segviz.widgets._unpooling_words import outcome, sizes, steps, windows

SMALLEST, LARGEST = 2, 6
PICTURE = 80
GRID = ((1, 3, 2, 0), (4, 2, 2, 5), (0, 1, 7, 7), (1, 0, 7, 7))


class Unpooling2D(TraceWidget):
    """A table of whole numbers goes down and up again, and a picture in the same way.

    Args:
        values: the numbers, 2 to 6 rows and columns, each a whole number from -99 to 99.
        picture: see :func:`segviz.widgets._pictures.grey`; scikit-image's cameraman by default.
            One row and column may be cut off, so that it leaves the same rest as the table.
        **settings: ``down`` ("max-pooling", "average pooling" or "strided convolution"), ``up``
            ("max-unpooling", "bed of nails" or "nearest"), ``kernel_size`` (2 or 3, and the
            stride), ``ceil_mode``, ``indices`` ("saved", "of another picture" or "of the next
            layer"), ``output_size`` ("kept" or "left out"), ``rows`` and ``columns`` (how much
            of the table is shown; beyond its end it goes on with numbers drawn once for all).

    Raises:
        ValueError, TypeError: a table, a picture or a setting that is not legal.

    >>> widget = Unpooling2D([[1, 3, 2, 0], [4, 2, 2, 5]])
    >>> widget.trace["unpooled"].tolist()
    [[0.0, 0.0, 0.0, 0.0], [4.0, 0.0, 0.0, 5.0]]
    """

    down = Choice(DOWN[0], DOWN)
    up = Choice(UP[0], UP)
    kernel_size = Whole(2, 2, 3)
    rows = Whole(4, SMALLEST, LARGEST)
    columns = Whole(4, SMALLEST, LARGEST)
    ceil_mode = Flag(False)
    indices = Choice(INDICES[0], INDICES)
    output_size = Choice(SIZES[0], SIZES)
    _offline: ClassVar[tuple[str, ...]] = ("down", "up", "ceil_mode", "indices", "output_size")
    values = Grid(GRID, largest=LARGEST, whole=True, shown=False)

    def __init__(self, values: Any = None, picture: Any = None, **settings: Any) -> None:
        self._picture = _large_enough(grey(picture, PICTURE, digits=None))
        self._other = _borrowed(self._picture.shape)
        if values is not None:
            settings = {"values": values, **settings}
        super().__init__(**settings)

    @property
    def table(self) -> np.ndarray:
        """The numbers that go down: int64 of shape ``(rows, columns)``."""
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
        down: str,
        up: str,
        kernel_size: int,
        ceil_mode: bool,
        indices: str,
        output_size: str,
        rows: int,
        columns: int,
        values: Any,
    ) -> dict[str, Any]:
        chosen = Way(down, up, kernel_size, ceil_mode, indices, output_size)
        trip = chosen.go(_extended(values)[:rows, :columns], _others()[:rows, :columns])
        if not trip.fits:
            trip.unpooled()  # raises, with the rule
        said = steps(chosen, trip)
        axes = windows(chosen, trip)
        found = {"saved": trip.own, "used": trip.used if up == UP[0] else None}
        return {
            "table": trip.x.astype(np.int16),
            "pooled": trip.pooled.astype(float),
            "unpooled": trip.unpooled().astype(float),
            "starts": [starts for starts, _ in axes],
            "ends": [ends for _, ends in axes],
            "writes": trip.writes(),
            "say": [words for words, _ in said],
            "written": [written for _, written in said],
            "sizes": sizes(chosen, trip),
            "outcome": outcome(trip),
            **{name: one.astype(np.uint8) for name, one in found.items() if one is not None},
        }

    def _inspect(
        self,
        *,
        down: str,
        up: str,
        kernel_size: int,
        ceil_mode: bool,
        indices: str,
        output_size: str,
        rows: int,
        columns: int,
    ) -> dict[str, Any]:
        chosen = Way(down, up, kernel_size, ceil_mode, indices, output_size)
        trip = self._picture_trip(rows, columns, chosen)
        shown = {
            "picture_size": list(trip.x.shape),
            "pooled_picture": _grey_codes(trip.pooled),
            "picture_outcome": _picture_outcome(trip),
        }
        if not trip.fits:
            return shown
        return {
            **shown,
            "unpooled_picture": _grey_codes(trip.unpooled()),
            "unpooled_size": list(trip.size),
            "moves_back": trip.used is not None and trip.used is trip.own,
            **trip.moves(),
        }

    def _sent(self, arrays: Mapping[str, Any]) -> Mapping[str, Any]:
        known = {"unpooled_picture"}
        if arrays.get("moves_back"):  # each pooled value is the picture's at its place
            known.add("pooled_picture")
        return {name: one for name, one in arrays.items() if name not in known}

    def _nearest(self, settings: dict[str, Any]) -> dict[str, Any]:
        """What a reader would change first; then the smallest change."""
        for name, value in (("output_size", SIZES[0]), ("up", UP[2]), ("ceil_mode", False)):
            if settings[name] != value and self._is_legal({**settings, name: value}):
                return {name: value}
        return super()._nearest(settings)

    def _picture_trip(self, rows: int, columns: int, way: Way) -> Trip:
        """The picture's way, cut so that its windows leave the same rest as the table's."""
        cut = tuple(
            slice(n - (n - like) % way.kernel_size)
            for n, like in zip(self._picture.shape, (rows, columns), strict=True)
        )
        return way.go(self._picture[cut], self._other[cut])

    def _still(self) -> Figure:
        return self._drawn(None)

    def _frames(self) -> int:
        return 2 * self.trace["pooled"].size

    def _frame(self, step: int) -> Figure:
        return self._drawn(step)

    def _drawn(self, step: int | None) -> Figure:
        trace = self.trace
        rows, columns = trace["picture_size"]
        small, back = trace["pooled_picture"], trace.get("unpooled_picture")
        axes = unpooling(
            trace["table"],
            trace["pooled"],
            trace["unpooled"],
            trace.get("saved"),
            kernel_size=self.kernel_size,
            writes=trace["writes"],
            used=None if self.indices == INDICES[0] else trace.get("used"),
            step=step,
            pictures=(
                self._picture[:rows, :columns],
                small / 255,
                None if back is None else back / 255,
            ),
        )
        return axes[0].figure.get_figure(root=True)

    def _describe(self) -> str:
        trace = self.trace
        by = f"{self.kernel_size}x{self.kernel_size}"
        written = "; ".join(
            ", ".join(f"{n:.4g}" for n in row) for row in trace["unpooled"].tolist()
        )
        shown = f" ({written})" if trace["unpooled"].size <= 16 else ""
        return (
            f"A {_by(trace['table'].shape)} table of numbers, its {self.down} with {by} windows to "
            f"{_by(trace['pooled'].shape)}, and what comes up again by {self.up}{shown}; below it "
            f"the same with a picture. {trace['outcome']} {trace['picture_outcome']}"
        )


def _extended(values: Any) -> np.ndarray:
    """The table, continued to its largest size, so that a larger one has numbers to show."""
    whole = _drawn_numbers(2).copy()
    whole[: len(values), : len(values[0])] = values
    return whole


def _others() -> np.ndarray:
    """Another table, whose indices may be borrowed."""
    return _drawn_numbers(11)


@cache
def _drawn_numbers(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 10, (LARGEST, LARGEST))


def _borrowed(size: tuple[int, ...]) -> np.ndarray:
    """Another picture of that size, whose indices may be borrowed."""
    from segviz.datasets.pictures import bundled_pictures, picture

    return picture(bundled_pictures()["coins"], size=(size[0], size[1])).mean(0).numpy()


def _picture_outcome(trip: Trip) -> str:
    if trip.fits:
        return f"Picture: {outcome(trip)}"
    places = trip.size[0] * trip.size[1]
    return f"Picture: none, for its indices go beyond the {places:,} places of {_by(trip.size)}."


def _large_enough(picture: np.ndarray) -> np.ndarray:
    if min(picture.shape) < 8:
        raise ValueError(
            f"The picture has {_by(picture.shape)} pixels left: give one with at least 8 rows and "
            "8 columns, and not much longer than wide."
        )
    return picture


def _by(size: Any) -> str:
    return " × ".join(map(str, size))


def _grey_codes(picture: np.ndarray) -> np.ndarray:
    return np.rint(picture * 255).astype(np.uint8)
