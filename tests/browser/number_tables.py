"""What a widget with tables of numbers shows, as the page has it."""

from __future__ import annotations

TEXTS = """table => [...table.querySelectorAll('.segviz-cell')].map((cell) =>
  cell.querySelector('input')?.value ?? cell.querySelector('span').textContent)"""
KINDS = """(table, kind) => [...table.querySelectorAll('.segviz-cell')]
  .flatMap((cell, i) => (cell.dataset.kind === kind ? [i] : []))"""


def scrubber(root):
    return root.get_by_label("Step", exact=True)


def texts(root, number):
    """The texts of a table's cells, '' where there is none, in one list."""
    return root.locator(".segviz-table").nth(number).evaluate(TEXTS)


def kinds(root, kind, number=0):
    """The places of the cells that a table shows as of this kind."""
    return root.locator(".segviz-table").nth(number).evaluate(KINDS, kind)
