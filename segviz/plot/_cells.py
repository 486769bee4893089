"""Numbers in squares, a few hundred on one Axes: what the matrices and stamps are drawn with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_rgba
from matplotlib.patches import Rectangle

from segviz.plot import _style

LINE, INK = "#767676", "#1f1f1f"
_EDGE = to_rgba(LINE)
_POINTS = 72.0
_GAP = 0.6  # cells between two sheets
_LARGEST = 0.42  # inches a cell
CAPTION = 0.2  # inches that a title needs


def hue(index: int) -> str:
    """The colour of one input, wherever its numbers stand."""
    return _style.CYCLE[index % len(_style.CYCLE)]


def text_of(value: float) -> str:
    """Four decimals at most, a true minus sign.

    >>> text_of(-0.5), text_of(3.0)
    ('−0.5', '3')
    """
    text = f"{value:.4f}".rstrip("0").rstrip(".")
    return ("0" if text == "-0" else text).replace("-", "−")


class _Boxes(PolyCollection):
    """Rectangles, drawn in the order in which they came: two thousand patches take seconds."""

    def __init__(self) -> None:
        super().__init__([], zorder=1)
        self.set_in_layout(False)
        self._known: list[tuple[Any, ...]] = []

    def add(
        self, corner: tuple[float, float], size: tuple[float, float] = (1, 1), *,
        face: Any = "none", edge: Any = "none", linewidth: float = 0, linestyle: str = "-",
    ) -> None:  # fmt: skip
        """Add one rectangle, colours with their alpha."""
        (left, top), (width, height) = corner, size
        right, bottom = left + width, top + height
        place = ((left, top), (right, top), (right, bottom), (left, bottom))
        self._known.append((place, face, edge, linewidth, linestyle))
        self.stale = True

    def draw(self, renderer: Any) -> None:
        """Hand all of them to the renderer at once."""
        if len(self.get_paths()) != len(self._known):
            places, faces, edges, widths, styles = zip(*self._known, strict=True)
            self.set_verts(list(np.array(places)))
            self.set_facecolor(faces)
            self.set_edgecolor(edges)
            self.set_linewidth(widths)
            self.set_linestyle(styles)
        super().draw(renderer)


@dataclass(frozen=True)
class Sheet:
    """Axes on which one cell is ``unit`` inches wide and high; y goes down."""

    axes: Axes
    unit: float
    _boxes: _Boxes = field(default_factory=_Boxes, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        self.axes.add_collection(self._boxes, autolim=False)

    def cell(
        self, column: float, row: float, value: float | str | None = None, *,
        colour: str | None = None, strong: bool = False, lit: bool = False, hatched: bool = False,
        dashed: bool = False, faint: bool = False, stripes: Sequence[str] = (),
    ) -> None:  # fmt: skip
        """Draw one cell with its upper left corner at (column, row)."""
        if colour:
            face = to_rgba(colour, 0.6 if strong else 0.25)
            self._boxes.add((column, row), face=face)
        for place, stripe in enumerate(stripes):
            part = 1 / len(stripes)
            corner = (column + place * part, row + 0.86)
            self._boxes.add(corner, (part, 0.14), face=to_rgba(stripe))
        self._outline((column, row), 0.4 if faint else 0.7, "--" if dashed else "-", hatched)
        if value is not None:
            self.write(column, row, value, bold=lit, faint=faint)
        if lit:
            self.frame(column, row)

    def write(
        self, column: float, row: float, value: float | str, *, width: float = 1.0,
        align: str = "center", bold: bool = False, faint: bool = False, size: float = 11,
    ) -> None:  # fmt: skip
        """Write into a box one cell high, unless it would not fit."""
        text = value if isinstance(value, str) else text_of(value)
        room = self.unit * width * _POINTS / ((0.72 if bold else 0.65) * max(1, len(text)))
        points = min(size, self.unit * _POINTS * 0.6, room)
        if points < 4:
            return
        at = {"left": column, "center": column + width / 2, "right": column + width}[align]
        # Within the Axes, so that nobody need ask each of them how large it is.
        options: dict[str, Any] = {"in_layout": False, "fontsize": points}
        options |= {"ha": align, "va": "center_baseline"}
        options["fontweight"] = "bold" if bold else "normal"
        self.axes.text(at, row + 0.5, text, color="#6a6a6a" if faint else INK, **options)

    def frame(
        self, column: float, row: float, *, width: float = 1, height: float = 1, colour: str = INK
    ) -> None:
        """Draw a strong frame around cells."""
        box = Rectangle(
            (column, row), width, height, fill=False, edgecolor=colour, linewidth=1.8, zorder=3
        )
        self.axes.add_patch(box)

    def title(self, column: float, row: float, words: str) -> None:
        """Write a caption above the row."""
        self.axes.text(column, row - 0.12, words, ha="left", va="bottom", fontsize=9, color=INK)

    def _outline(
        self, corner: tuple[float, float], linewidth: float, linestyle: str, hatched: bool
    ) -> None:
        if not hatched:
            self._boxes.add(corner, edge=_EDGE, linewidth=linewidth, linestyle=linestyle)
            return
        style: dict[str, Any] = {"edgecolor": LINE, "linewidth": linewidth, "linestyle": linestyle}
        self.axes.add_artist(Rectangle(corner, 1, 1, fill=False, hatch="///", **style))


def unit_of(sizes: Sequence[tuple[float, float]], *, height: float) -> float:
    """Inches a cell: as much as (columns, rows) side by side leave in the width and ``height``."""
    columns = sum(size[0] for size in sizes) + _GAP * len(sizes)
    return min(_style.WIDTH / columns, height / max(size[1] for size in sizes), _LARGEST)


def sheets(sizes: Sequence[tuple[float, float]], *, height: float = 4.0) -> list[Sheet]:
    """Return one Sheet for each (columns, rows) side by side in a new figure.

    All have cells of one size: the largest that fits the figure's width and ``height`` in inches.
    """
    unit = unit_of(sizes, height=height)
    columns = sum(size[0] for size in sizes) + _GAP * len(sizes)
    above = max(0.0, CAPTION - 0.8 * unit)  # for titles over small cells
    tallest = max(size[1] for size in sizes) * unit + above
    figure = _style.figure(height=tallest, width=max(6.5, columns * unit))
    figure.set_layout_engine("none")
    made, left = [], _GAP / 2
    inches_wide, inches_high = figure.get_size_inches()
    for width, tall in sizes:
        place = (
            left * unit / inches_wide, 1 - (tall * unit + above) / inches_high,
            width * unit / inches_wide, tall * unit / inches_high,
        )  # fmt: skip
        axes = figure.add_axes(place)
        axes.set(xlim=(-0.06, width + 0.06), ylim=(tall + 0.06, 0))
        axes.set_axis_off()
        made.append(Sheet(axes, unit))
        left += width + _GAP
    return made
