"""What a widget with tables of numbers shows, as the page has it."""

from __future__ import annotations

TEXTS = """table => [...table.querySelectorAll('.segviz-cell')].map((cell) =>
  cell.querySelector('input')?.value ?? cell.querySelector('span').textContent)"""
KINDS = """(table, kind) => [...table.querySelectorAll('.segviz-cell')]
  .flatMap((cell, i) => (cell.dataset.kind === kind ? [i] : []))"""


def scrubber(root):
    return root.get_by_label("Step", exact=True)


def note_labels(button):
    """Note each name of a button from now on: one that stands there shortly may not be met."""
    button.evaluate(
        """button => {
             window.labels = [];
             new MutationObserver(() => labels.push(button.ariaLabel))
               .observe(button, { attributeFilter: ['aria-label'] });
           }"""
    )


def wait_for_label(page, label):
    """Wait until one of the names noted is this one."""
    page.wait_for_function("label => labels.includes(label)", arg=label)


def texts(root, number):
    """The texts of a table's cells, '' where there is none, in one list."""
    return root.locator(".segviz-table").nth(number).evaluate(TEXTS)


def kinds(root, kind, number=0):
    """The places of the cells that a table shows as of this kind."""
    return root.locator(".segviz-table").nth(number).evaluate(KINDS, kind)
