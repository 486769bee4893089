"""From ``lectures/src/NN_topic.py`` (percent format) to the executed ``lectures/NN_topic.ipynb``.

The source is the only thing that is edited. What is committed beside it was run on the stand-ins,
and the same sources give the same notebooks.
"""

from __future__ import annotations

import atexit
import os
import sys
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError
from nbformat import NotebookNode
from tqdm import tqdm

from ._outputs import clean, faults
from ._sources import BuildError, find_lectures, find_sources, read_source, where

__all__ = ["BuildError", "build", "disagreements"]

MAXIMUM_BYTES = 1_500_000
SECONDS_FOR_A_LECTURE = 90
SECONDS_FOR_A_CELL = 600


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


def _build_one(source: Path, folder: Path) -> None:
    start = time.monotonic()
    notebook = read_source(source)
    execute(notebook, source.stem, folder)
    clean(notebook, folder.resolve().parent)
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
    slow = f", over {SECONDS_FOR_A_LECTURE} s" if seconds > SECONDS_FOR_A_LECTURE else ""
    print(f"{built.name}: {len(notebook.cells)} cells, {size / 1e3:.0f} kB, {seconds:.0f} s{slow}")


def _run(client: NotebookClient, environment: dict[str, str]) -> None:
    """Execute in a thread, where nbclient leaves Ctrl-C to us; Ctrl-C takes the kernel along."""
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(client.execute, env=environment)
        try:
            while wait([running], timeout=0.5).not_done:
                continue
        except KeyboardInterrupt:
            while not running.done():
                _kill_kernel(client)
                time.sleep(0.1)
            atexit.unregister(client._cleanup_kernel)  # it stumbles over a kernel that is gone
            raise
    running.result()


def _kill_kernel(client: NotebookClient) -> None:
    process = getattr(client.km and client.km.provisioner, "process", None)
    if process:
        process.kill()


def execute(
    notebook: NotebookNode, name: str, folder: Path, more: Mapping[str, str] | None = None
) -> None:
    """Run a notebook in a kernel of its own, on the stand-ins; ``more`` joins its environment.

    Raises
    ------
    BuildError
        If a cell raises, or the kernel dies.
    """
    with tqdm(total=len(notebook.cells), desc=name, leave=False, disable=None) as bar:
        client = NotebookClient(
            notebook,
            timeout=SECONDS_FOR_A_CELL,
            kernel_name="python3",
            resources={"metadata": {"path": str(folder)}},
            extra_arguments=["--IPKernelApp.log_level=40"],
            record_timing=False,
            store_widget_state=False,
            coalesce_streams=True,
            on_cell_complete=lambda cell, cell_index: bar.update(),
        )
        try:
            _run(client, {**_environment(), **(more or {})})
        except CellExecutionError as error:
            raise _in_words(error, notebook, name) from error
        except DeadKernelError as error:
            raise BuildError(f"{name}: its kernel died; was the memory full?") from error


def _environment() -> dict[str, str]:
    """Stand-ins for the real sets, no progress bars, the same order of sets in every run."""
    unwanted = ("SEGVIZ_DATA", "MPLBACKEND", "ANYWIDGET_HMR")
    kept = {key: value for key, value in os.environ.items() if key not in unwanted}
    return {**kept, "SEGVIZ_SOURCE": "bundled", "TQDM_DISABLE": "1", "PYTHONHASHSEED": "0"}


def _in_words(error: CellExecutionError, notebook: NotebookNode, name: str) -> BaseException:
    if error.ename == "KeyboardInterrupt":  # Ctrl-C reaches the kernel as well
        return KeyboardInterrupt()
    print(error.traceback, file=sys.stderr)
    index, cell = [pair for pair in enumerate(notebook.cells) if _raised(pair[1])][-1]
    return BuildError(f"{name}: {where(index, cell)} raised {error.ename}: {error.evalue}")


def _raised(cell: NotebookNode) -> bool:
    return any(output.output_type == "error" for output in cell.get("outputs", ()))


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
            return [f"{source.stem}: {where(index, cell)} differs from its source. {remedy}"]
    if len(notebook.cells) > len(expected.cells):
        extra = where(len(expected.cells), notebook.cells[len(expected.cells)])
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
