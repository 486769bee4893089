"""What receptive_field returns: one unit's field, and a table of all layers on the way to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from segviz._trace import AXIS_NAMES, shown_size
from segviz._trace.tables import Table

Span = tuple[int, int]


@dataclass(frozen=True)
class LayerField:
    """The receptive fields of one layer's units, in pixels of the picture.

    Attributes:
        layer: the module's name, or ``module.function`` for a function call.
        map_size: units along each axis.
        smallest, largest: sizes of the fields along each axis. They differ after a transposed
            convolution or a resize, where neighbours read different numbers of units.
        jump: pixels from one unit's field to the next one's.
    """

    layer: str
    map_size: tuple[int, ...]
    smallest: tuple[int, ...]
    largest: tuple[int, ...]
    jump: tuple[int | float, ...]


@dataclass(frozen=True, repr=False)
class ReceptiveField:
    """The pixels of the picture that one unit of a layer depends on: a box, given per axis.

    Attributes:
        layer: whose unit; ``unit`` is its position (row, column) in the layer's map.
        size: pixels along each axis, in a picture that never ends: the textbook's number.
        start: the first pixel, negative where it lies in the padding.
        visible: (first, last) pixel along each axis that really lies in this picture and is
            reached, None if the unit sees no pixel of it.
        jump: pixels from this unit's field to the next one's; None by gradient.
        input_size: the picture (rows, columns).
        by: "formula" or "gradient". By gradient, size and start are those of ``visible``.
        layers: a LayerField for each layer that changes the field; empty by gradient.
        pixels: by gradient, bool array (rows, columns): which pixels the unit depends on.
    """

    layer: str
    unit: tuple[int, ...]
    map_size: tuple[int, ...]
    size: tuple[int, ...]
    start: tuple[int, ...]
    visible: tuple[Span, ...] | None
    jump: tuple[int | float, ...] | None
    input_size: tuple[int, ...]
    by: str
    layers: tuple[LayerField, ...] = ()
    pixels: NDArray[np.bool_] | None = field(default=None, compare=False)

    @property
    def centre(self) -> tuple[float, ...]:
        """The middle of the field along each axis, in pixels: 0.5 lies between pixels 0 and 1."""
        return tuple(
            first + (size - 1) / 2 for first, size in zip(self.start, self.size, strict=True)
        )

    @property
    def clipped(self) -> bool:
        """True if the border of the picture changes the field: cuts it, in most cases."""
        spans = zip(self.start, self.size, strict=True)
        endless = tuple((first, first + size - 1) for first, size in spans)
        return self.visible != (None if 0 in self.size else endless)

    def __repr__(self) -> str:
        return "\n".join([*self._lines(), *([self._table().text()] if self.layers else [])])

    def _repr_html_(self) -> str:
        return self._table().html(self._lines())

    def _lines(self) -> list[str]:
        unit = self.unit[0] if len(self.unit) == 1 else self.unit
        where = f"unit {unit} of the {shown_size(self.map_size)} map of '{self.layer}'"
        names = AXIS_NAMES[len(self.size)]
        if 0 in self.size:
            lines = [f"Receptive field by {self.by}: none, {where} depends on no pixel."]
            return [*lines, self._seen(names)] if self.clipped else lines
        lines = [f"Receptive field by {self.by}: {shown_size(self.size)} pixels, {where}."]
        spans = [
            f"{name} {first} to {first + size - 1}"
            for name, first, size in zip(names, self.start, self.size, strict=True)
        ]
        lines.append(f"It is {', '.join(spans)} of the {shown_size(self.input_size)} picture.")
        if self.clipped:
            lines.append(self._seen(names))
        return lines

    def _seen(self, names: tuple[str, ...]) -> str:
        if self.visible is None:
            return "At the border the unit sees padding alone."
        spans = zip(names, self.visible, strict=True)
        seen = ", ".join(f"{name} {first} to {last}" for name, (first, last) in spans)
        return f"At the border the unit sees {seen}."

    def _table(self) -> Table:
        rows = [
            (
                row.layer,
                shown_size(row.map_size),
                shown_range(row.smallest, row.largest),
                " x ".join(f"{number:.4g}" for number in row.jump),
            )
            for row in self.layers
        ]
        return Table(["layer", "map", "receptive field", "jump"], rows)


def shown_range(smallest: tuple[int, ...], largest: tuple[int, ...]) -> str:
    """Return sizes per axis as text, a range where units differ.

    >>> shown_range((188, 5), (204, 5))
    '188 to 204 x 5'
    """
    return " x ".join(
        str(low) if low == high else f"{low} to {high}"
        for low, high in zip(smallest, largest, strict=True)
    )


def plain(number: Fraction) -> int | float:
    """Return an exact fraction as the int or float that a student would write."""
    return int(number) if number.denominator == 1 else float(number)
