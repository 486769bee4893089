"""Settings whose legal values depend on what a widget was given."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from segviz.ops._checks import shown
from segviz.widgets._parameters import Cell, Choice


class Place(Cell):
    """A row and a column within the widget's ``_size``."""

    def validate(self, obj: Any, value: Any) -> tuple[int, int]:
        row, column = self.legal(value)
        last = [n - 1 for n in obj._size]
        near = (min(max(row, 0), last[0]), min(max(column, 0), last[1]))
        if near != (row, column):
            raise ValueError(
                f"{self.name}={shown((row, column))} is outside: rows go from 0 to {last[0]}, "
                f"columns from 0 to {last[1]}. Use {near}."
            )
        return near


class Head(Choice):
    """One of the names in the widget's ``_branches``; only those are offered in words.

    A name that other widgets of the class have is refused by the computation, so that a saved page
    has the rule with it.
    """

    def validate(self, obj: Any, value: Any) -> str:
        if value not in self.options:
            raise not_here(value, obj._branches)
        return value


def not_here(head: object, heads: Iterable[str]) -> ValueError:
    """The refusal of a head that a widget has not.

    >>> print(not_here("own", ["ASPP-S", "ASPP-L"]))
    head='own' is not in this widget. Use 'ASPP-S', 'ASPP-L'. For 'own', give picture and scores.
    """
    offered = ", ".join(map(repr, heads))
    own = " For 'own', give picture and scores." if head == "own" else ""
    return ValueError(f"head={shown(head)} is not in this widget. Use {offered}.{own}")
