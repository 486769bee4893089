"""What a widget can be set to: traits that refuse in one line and tell the browser their range."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import traitlets


class Parameter(traitlets.TraitType):
    """A setting that is shared with the browser and on which the trace depends.

    Args:
        default: the value to start with; it must be legal.
        shown: whether ``repr`` names it. Cursors and the like are not worth a line.
    """

    def __init__(self, default: Any, *, shown: bool = True) -> None:
        super().__init__(default)
        # An echo of what the browser sent would put a slider back that has moved on since.
        self.tag(sync=True, echo_update=False, parameter=True, shown=shown)

    def validate(self, obj: Any, value: Any) -> Any:
        return self.legal(value)

    def legal(self, value: Any) -> Any:
        """The value in its stored form, or a ValueError or TypeError that says what is wrong."""
        raise NotImplementedError

    def control(self) -> dict[str, Any]:
        """What the browser's control needs to know, such as the ends of a slider."""
        return {}

    def brief(self, value: Any) -> str:
        """The value as ``repr`` shows it."""
        return repr(value)

    def candidates(self, value: Any) -> Sequence[Any]:
        """Values to try, nearest first, when ``value`` breaks a rule."""
        return ()

    def values(self) -> Sequence[Any]:
        """All that it can be set to, for a page that has the answers with it."""
        raise TypeError(f"{self.name} has too many values to have the answers to all of them.")

    def _called(self, value: Any) -> str:
        return f"{self.name}={value!r}"


class Whole(Parameter):
    """A whole number from ``low`` to ``high`` in steps, drawn as a slider."""

    def __init__(self, default: int, low: int, high: int, *, step: int = 1, shown: bool = True):
        super().__init__(default, shown=shown)
        self.low, self.high, self.step = low, high, step

    def legal(self, value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int | np.integer):
            raise TypeError(f"{self._called(value)} must be a whole number. {self._range()}")
        if value not in self._all():
            near = min(self._all(), key=lambda legal: abs(legal - int(value)))
            raise ValueError(f"{self._called(value)} is not offered. {self._range()} Use {near}.")
        return int(value)

    def control(self) -> dict[str, Any]:
        return {"min": self.low, "max": self.high, "step": self.step}

    def candidates(self, value: Any) -> Sequence[int]:
        return sorted(self._all(), key=lambda legal: abs(legal - value))

    def values(self) -> Sequence[int]:
        return list(self._all())

    def _all(self) -> range:
        return range(self.low, self.high + 1, self.step)

    def _range(self) -> str:
        steps = "" if self.step == 1 else f" in steps of {self.step}"
        return f"It goes from {self.low} to {self.high}{steps}."


class Number(Parameter):
    """A real number from ``low`` to ``high``, drawn as a slider with the given step."""

    def __init__(self, default: float, low: float, high: float, *, step: float, shown: bool = True):
        super().__init__(default, shown=shown)
        self.low, self.high, self.step = low, high, step

    def legal(self, value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float | np.number):
            raise TypeError(f"{self._called(value)} must be a number.")
        if not self.low <= value <= self.high:
            near = self.high if value > self.high else self.low
            raise ValueError(
                f"{self._called(value)} is not between {self.low} and {self.high}. Use {near}."
            )
        return float(value)

    def control(self) -> dict[str, Any]:
        return {"min": self.low, "max": self.high, "step": self.step}


class Flag(Parameter):
    """On or off, drawn as a checkbox."""

    def legal(self, value: Any) -> bool:
        if not isinstance(value, bool | np.bool_):
            raise TypeError(f"{self._called(value)} must be True or False.")
        return bool(value)

    def values(self) -> Sequence[bool]:
        return [False, True]


class Choice(Parameter):
    """One of several names, drawn as a drop-down list."""

    def __init__(self, default: str, options: Sequence[str], *, shown: bool = True) -> None:
        super().__init__(default, shown=shown)
        self.options = tuple(options)

    def legal(self, value: Any) -> str:
        if value not in self.options:
            raise ValueError(f"{self._called(value)} is not offered. Use {self._names()}.")
        return value

    def control(self) -> dict[str, Any]:
        return {"options": list(self.options)}

    def values(self) -> Sequence[str]:
        return list(self.options)

    def _names(self) -> str:
        return ", ".join(map(repr, self.options[:-1])) + f" or {self.options[-1]!r}"


def as_numbers(value: Any) -> np.ndarray:
    """A table as float64; text is none, be it of digits: a TypeError or a ValueError."""
    table = np.asarray(value)
    if table.dtype.kind not in "biufO":
        raise TypeError(table.dtype)
    return table.astype(float)


class Grid(Parameter):
    """A small table of numbers, drawn as editable cells; stored as a tuple of rows."""

    def __init__(
        self,
        default: Any,
        *,
        largest: int = 8,
        limit: float = 99.0,
        whole: bool = False,
        shown: bool = True,
    ):
        super().__init__(_rows(default), shown=shown)
        self.largest, self.limit, self.whole = largest, limit, whole

    def legal(self, value: Any) -> tuple[tuple[float, ...], ...]:
        try:
            table = as_numbers(value)
        except (TypeError, ValueError):
            raise TypeError(f"{self.name} must be a table of numbers, one list a row.") from None
        if table.ndim != 2 or not 1 <= min(table.shape) <= max(table.shape) <= self.largest:
            raise ValueError(
                f"{self.name} has shape {table.shape}: give rows and columns, each from 1 to "
                f"{self.largest}."
            )
        if not (np.abs(table) <= self.limit).all():
            raise ValueError(
                f"{self.name} holds a number beyond {self.limit:g}, or none at all. "
                f"Use -{self.limit:g} to {self.limit:g}."
            )
        if self.whole and (broken := table[table != np.rint(table)]).size:
            raise ValueError(
                f"{self.name} holds {broken[0]:g}, and this table takes whole numbers. "
                f"Use {np.rint(broken[0]):.0f}."
            )
        return _rows(table)

    def control(self) -> dict[str, Any]:
        return {"limit": self.limit}

    def brief(self, value: Any) -> str:
        return f"<{len(value)}x{len(value[0])}>"


class Cell(Parameter):
    """A row and a column, such as the place of a cursor; not named in ``repr``."""

    def __init__(self, default: tuple[int, int] = (0, 0), *, shown: bool = False) -> None:
        super().__init__(default, shown=shown)

    def legal(self, value: Any) -> tuple[int, int]:
        try:
            row, column = (int(one) for one in value if math.isfinite(one))
        except (TypeError, ValueError):
            raise TypeError(f"{self._called(value)} must be (row, column).") from None
        return row, column


def _rows(table: Any) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(float(number) for number in row) for row in table)
