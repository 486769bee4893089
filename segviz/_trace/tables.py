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

    def html(self, caption: str, footer: str = "") -> str:
        """Return a table with a caption and marked-up headers, for screen readers too."""
        head = "".join(f'<th scope="col">{escape(name)}</th>' for name in self.header)
        body = "".join(f"<tr>{self._cells(row)}</tr>" for row in self.rows)
        below = f"<p><strong>{escape(footer)}</strong></p>" if footer else ""
        table = f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody>" if self.header else ""
        title = f'<caption style="text-align:left">{escape(caption)}</caption>'
        return f'<div style="overflow-x:auto"><table>{title}{table}</table>{below}</div>'

    def _cells(self, row: Sequence[str]) -> str:
        cells = [f'<th scope="row" style="text-align:left">{escape(row[0])}</th>']
        for column, cell in enumerate(row[1:], start=1):
            side = "right" if column in self.numbers else "left"
            cells.append(f'<td style="text-align:{side}">{escape(cell)}</td>')
        return "".join(cells)


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
