"""Lecture sources in percent format, and the notebooks that they describe."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # nbformat takes a second to import, and every worker of a class imports this
    from nbformat import NotebookNode

METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {
        "codemirror_mode": {"name": "ipython", "version": 3},
        "file_extension": ".py",
        "mimetype": "text/x-python",
        "name": "python",
        "pygments_lexer": "ipython3",
    },
}


class BuildError(ValueError):
    """A lecture that must not be committed as it is: which, where, and why."""


def find_lectures() -> Path:
    """The nearest ``lectures`` folder with sources, from the current folder upwards.

    Raises
    ------
    BuildError
        If there is none.
    """
    here = Path.cwd()
    for parent in (here, *here.parents):
        if (parent / "lectures" / "src").is_dir():
            return parent / "lectures"
    raise BuildError(f"no lectures/src in {here} or above it: run this inside a clone.")


def find_sources(folder: Path, names: Iterable[str] = ()) -> list[Path]:
    """The sources in `folder` that `names` mean, in order; all of them for no name.

    Raises
    ------
    BuildError
        If a name fits no source.
    """
    sources = sorted((folder / "src").glob("[0-9][0-9]_*.py"))
    chosen = []
    for name in names:
        fitting = [source for source in sources if source.name.startswith(Path(name).stem)]
        if not fitting:
            there = ", ".join(source.stem for source in sources)
            raise BuildError(f"no lecture is called {name!r}. There are: {there}.")
        chosen += fitting
    return sorted(set(chosen)) if chosen else sources


def read_source(source: Path) -> NotebookNode:
    """The notebook that a source describes: stable cell ids, slide types, tags; no outputs."""
    import jupytext
    import nbformat

    notebook = jupytext.reads(source.read_text(encoding="utf-8"), fmt="py:percent")
    seen: Counter[str] = Counter()
    for cell in notebook.cells:
        cell.id = _identity(cell, seen)
        kept = {key: cell.metadata[key] for key in ("slideshow", "tags") if key in cell.metadata}
        cell.metadata = nbformat.from_dict({"slideshow": {"slide_type": _slide_type(cell)}, **kept})
    notebook.metadata = nbformat.from_dict(METADATA)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    return notebook


def _identity(cell: NotebookNode, seen: Counter[str]) -> str:
    """An id from what the cell says, so that inserting one leaves the others' ids alone."""
    digest = hashlib.sha256(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()[:8]
    seen[digest] += 1
    return digest if seen[digest] == 1 else f"{digest}-{seen[digest]}"


def _slide_type(cell: NotebookNode) -> str:
    if cell.cell_type != "markdown":
        return "fragment"
    level = len(cell.source) - len(cell.source.lstrip("#"))
    return {0: "fragment", 1: "slide", 2: "slide"}.get(level, "subslide")


def where(index: int, cell: NotebookNode) -> str:
    """A cell's number and first line, for messages."""
    first = (cell.source.splitlines() or [""])[0]
    return f"cell {index + 1} (`{first[:50]}`)"
