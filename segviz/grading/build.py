"""From ``lectures/src/NN_topic.py`` (percent format) to the executed ``lectures/NN_topic.ipynb``.

The source is the only thing that is edited. What is committed beside it was run on the stand-ins,
carries its outputs, and says nothing of the machine, the day or the hour it was made on, so that
the same sources give the same notebooks.
"""

from __future__ import annotations

import hashlib
import os
import re
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import jupytext
import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError
from nbformat import NotebookNode
from tqdm import tqdm

MAXIMUM_BYTES = 1_500_000
SECONDS_FOR_A_LECTURE = 90
SECONDS_FOR_A_CELL = 600
_WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
_METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {
        "codemirror_mode": {"name": "ipython", "version": 3},
        "file_extension": ".py",
        "mimetype": "text/x-python",
        "name": "python",
        "pygments_lexer": "ipython3",
    },
}
# Two folders or more after a slash that nothing leads up to, or a drive letter.
_ABSOLUTE_PATH = re.compile(r"(?<![\w./~<:>$-])/[\w.-]+/[\w./-]+|\b[A-Z]:\\\w+")
_ADDRESS = re.compile(r" at 0x[0-9a-f]+")


class BuildError(ValueError):
    """A lecture that must not be committed as it is: which, where, and why."""


def build(names: Iterable[str] = (), *, check: bool = False, folder: Path | None = None) -> None:
    """Build lectures and run them, or only ``check`` those that stand built.

    Parameters
    ----------
    names : iterable of str
        Numbers or stems, for example ``["03"]``; all lectures by default.
    check : bool
        Compare each built notebook with its source, cell by cell, without running it.
    folder : Path
        The ``lectures`` folder; by default the nearest one from here upwards.

    Raises
    ------
    BuildError
        If a cell fails, an output may not be committed, or, with ``check``, a built notebook and
        its source disagree.
    """
    folder = folder or find_lectures()
    sources = find_sources(folder, names)
    if not check:
        for source in sources:
            _build_one(source, folder)
        return
    found = [fault for source in sources for fault in disagreements(source, folder)]
    if not names:
        found += [f"{path.name} has no source" for path in _without_source(sources, folder)]
    if found:
        raise BuildError("\n".join(found))
    print(f"{len(sources)} built lectures agree with their sources.")


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
    notebook = jupytext.reads(source.read_text(encoding="utf-8"), fmt="py:percent")
    seen: Counter[str] = Counter()
    for cell in notebook.cells:
        cell.id = _identity(cell, seen)
        kept = {key: cell.metadata[key] for key in ("slideshow", "tags") if key in cell.metadata}
        cell.metadata = nbformat.from_dict({"slideshow": {"slide_type": _slide_type(cell)}, **kept})
    notebook.metadata = nbformat.from_dict(_METADATA)
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


def _build_one(source: Path, folder: Path) -> None:
    start = time.monotonic()
    notebook = read_source(source)
    _execute(notebook, source.stem, folder)
    _clean(notebook, folder.resolve().parent)
    found = faults(notebook)
    text = nbformat.writes(notebook) + "\n"
    size = len(text.encode())
    if size > MAXIMUM_BYTES:
        found.append(f"it takes {size:,} bytes, more than {MAXIMUM_BYTES:,}: make pictures smaller")
    if found:
        raise BuildError("\n".join(f"{source.stem}: {fault}" for fault in found))
    built = folder / f"{source.stem}.ipynb"
    part = built.with_suffix(".ipynb.part")
    part.write_text(text, encoding="utf-8", newline="\n")
    os.replace(part, built)
    seconds = time.monotonic() - start
    slow = f"  (more than the {SECONDS_FOR_A_LECTURE} s allowed)" * (
        seconds > SECONDS_FOR_A_LECTURE
    )
    print(f"{built.name}: {len(notebook.cells)} cells, {size / 1e3:.0f} kB, {seconds:.0f} s{slow}")


class _Client(NotebookClient):
    @asynccontextmanager
    async def async_setup_kernel(self, **options: Any) -> AsyncIterator[None]:
        """Start the kernel, and let Ctrl-C reach us: nbclient's own handler only swallows it."""
        async with super().async_setup_kernel(**options):
            signal.signal(signal.SIGINT, signal.default_int_handler)
            yield


def _execute(notebook: NotebookNode, name: str, folder: Path) -> None:
    # Progress bars and warnings of the day have no place in what is committed.
    environment = {**os.environ, "SEGVIZ_SOURCE": "bundled", "TQDM_DISABLE": "1"}
    environment["PYTHONHASHSEED"] = "0"
    for unwanted in ("SEGVIZ_DATA", "MPLBACKEND", "ANYWIDGET_HMR"):
        environment.pop(unwanted, None)
    with tqdm(total=len(notebook.cells), desc=name, unit=" cells", leave=False) as bar:
        client = _Client(
            notebook,
            timeout=SECONDS_FOR_A_CELL,
            kernel_name="python3",
            resources={"metadata": {"path": str(folder)}},
            record_timing=False,
            store_widget_state=False,
            coalesce_streams=True,
            on_cell_complete=lambda cell, cell_index: bar.update(),
        )
        try:
            client.execute(env=environment)
        except CellExecutionError as error:
            print(error.traceback, file=sys.stderr)
            failed = next(cell for cell in notebook.cells if _failed(cell))
            where = _where(notebook.cells.index(failed), failed)
            raise BuildError(f"{name}: {where} raised {error.ename}: {error.evalue}") from error
        except DeadKernelError as error:
            raise BuildError(f"{name}: its kernel died; was the memory full?") from error


def _failed(cell: NotebookNode) -> bool:
    return any(output.output_type == "error" for output in cell.get("outputs", ()))


def _clean(notebook: NotebookNode, root: Path) -> None:
    """Take out what belongs to this machine or this run."""
    notebook.metadata = nbformat.from_dict(_METADATA)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        for output in cell.get("outputs", ()):
            if output.output_type == "error":
                output.traceback = [f"{output.ename}: {output.evalue}"]
            # Without its state a view shows "model not found" in place of the picture beside it.
            if "image/png" in output.get("data", {}):
                output.data.pop(_WIDGET_VIEW, None)
            _shorten_paths(output, root)


def _shorten_paths(output: NotebookNode, root: Path) -> None:
    def shorten(text: str) -> str:
        return text.replace(f"{root}{os.sep}", "").replace(str(Path.home()), "~")

    if "text" in output:
        output.text = shorten(output.text)
    for kind, value in output.get("data", {}).items():
        if isinstance(value, str) and not kind.startswith("image/p"):
            output.data[kind] = shorten(value)


def faults(notebook: NotebookNode) -> list[str]:
    """What in a built notebook may not be committed, one line each."""
    found = []
    for index, cell in enumerate(notebook.cells):
        where = _where(index, cell)
        for output in cell.get("outputs", ()):
            if output.get("name") == "stderr":
                found.append(f"{where} wrote to stderr: {output.text.strip().splitlines()[0]}")
            if _WIDGET_VIEW in output.get("data", {}):
                found.append(f"{where} shows a widget without a still (image/png)")
        for text in (cell.source, *_texts(cell)):
            if match := _ABSOLUTE_PATH.search(text):
                found.append(f"{where} holds the absolute path {match[0]}")
            if match := _ADDRESS.search(text):
                found.append(f"{where} prints a memory address, other at every run:{match[0]}")
    return found


def _texts(cell: NotebookNode) -> Iterator[str]:
    for output in cell.get("outputs", ()):
        yield output.get("text", "")
        yield output.get("evalue", "")
        for kind, value in output.get("data", {}).items():
            if isinstance(value, str) and not kind.startswith("image/"):
                yield value


def _where(index: int, cell: NotebookNode) -> str:
    first = (cell.source.splitlines() or [""])[0]
    return f"cell {index + 1} (`{first[:50]}`)"


def disagreements(source: Path, folder: Path) -> list[str]:
    """Where a built notebook differs from its source, or may not be committed; one line each."""
    built = folder / f"{source.stem}.ipynb"
    remedy = f"Run: segviz build {source.stem[:2]}"
    if not built.exists():
        return [f"{source.stem} is not built. {remedy}"]
    notebook = nbformat.read(built, as_version=4)
    expected = read_source(source)
    for index, cell in enumerate(expected.cells):
        if index >= len(notebook.cells) or _form(notebook.cells[index]) != _form(cell):
            return [f"{source.stem}: {_where(index, cell)} differs from its source. {remedy}"]
    if len(notebook.cells) > len(expected.cells):
        extra = _where(len(expected.cells), notebook.cells[len(expected.cells)])
        return [f"{source.stem}: {extra} is not in the source. {remedy}"]
    if notebook.metadata != expected.metadata:
        return [f"{source.stem}: its metadata is not what the build writes. {remedy}"]
    if any(cell.cell_type == "code" and not cell.execution_count for cell in notebook.cells):
        return [f"{source.stem} was not run. {remedy}"]
    return [f"{source.stem}: {fault}" for fault in faults(notebook)]


def _form(cell: NotebookNode) -> tuple[Any, ...]:
    return cell.id, cell.cell_type, cell.source, cell.metadata


def _without_source(sources: list[Path], folder: Path) -> list[Path]:
    stems = {source.stem for source in sources}
    return [path for path in sorted(folder.glob("*.ipynb")) if path.stem not in stems]
