"""Tables as plain text and as HTML that needs no style sheet and fits light and dark pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape


@dataclass(frozen=True)
class Table:
    """Rows of text below a header; the first column names the row.

    Columns whose index is in ``numbers`` are set flush right.
    """

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    numbers: frozenset[int] = field(default_factory=frozenset)

    def text(self) -> str:
        """Return the table as aligned lines.

        >>> print(Table(["layer", "map"], [["conv", "8"], ["pool", "64"]], frozenset([1])).text())
        layer  map
        conv     8
        pool    64
        """
        lines = [self.header, *self.rows]
        widths = [max(len(line[column]) for line in lines) for column in range(len(self.header))]
        return "\n".join(self._line(line, widths) for line in lines)

    def _line(self, line: Sequence[str], widths: Sequence[int]) -> str:
        cells = [
            cell.rjust(width) if column in self.numbers else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        return "  ".join(cells).rstrip()

    def html(self, caption: Sequence[str], notes: Sequence[str] = (), alarm: str = "") -> str:
        """Return a table with a caption and marked-up headers, for screen readers too.

        ``caption`` and ``notes`` are lines above and below; ``alarm`` is set in bold type below.
        """
        head = "".join(_cell("th", name, "left", ' scope="col"') for name in self.header)
        rows = "".join(f"<tr>{self._cells(row)}</tr>" for row in self.rows)
        title = f'<caption style="text-align:left">{_lines(caption)}</caption>'
        table = f"<table>{title}<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
        if not self.rows:
            table = f"<p>{_lines(caption)}</p>"
        bold = f"<p><strong>{escape(alarm)}</strong></p>" if alarm else ""
        below = f"<p>{_lines(notes)}</p>" if notes else ""
        return f'<div style="overflow-x:auto">{table}{bold}{below}</div>'

    def _cells(self, row: Sequence[str]) -> str:
        cells = [_cell("th", row[0], "left", ' scope="row"')]
        for column, text in enumerate(row[1:], start=1):
            cells.append(_cell("td", text, "right" if column in self.numbers else "left"))
        return "".join(cells)


def _cell(tag: str, text: str, side: str, scope: str = "") -> str:
    style = f"text-align:{side};padding:0.1em 0.8em 0.1em 0"
    return f'<{tag}{scope} style="{style}">{escape(text)}</{tag}>'


def _lines(lines: Sequence[str]) -> str:
    return "<br>".join(escape(line) for line in lines)


def shown_count(number: int) -> str:
    """Return a large count in millions (M), billions (G) or trillions (T), small ones exactly.

    >>> shown_count(181371820032), shown_count(3456)
    ('181.37 G', '3,456')
    """
    for unit, size in (("T", 10**12), ("G", 10**9), ("M", 10**6)):
        if number >= size:
            return f"{number / size:.2f} {unit}"
    return f"{number:,}"


def shown_bytes(number: int) -> str:
    """Return bytes in binary units.

    >>> shown_bytes(432), shown_bytes(3 * 2**20)
    ('432 B', '3.0 MiB')
    """
    for unit, power in (("GiB", 30), ("MiB", 20), ("KiB", 10)):
        if number >= 2**power:
            return f"{number / 2**power:.1f} {unit}"
    return f"{number} B"
