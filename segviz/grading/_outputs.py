"""What may stand in a committed notebook: nothing of the machine, the day or the hour."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from ._sources import METADATA, where

_WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
# Two folders or more after a slash that nothing leads up to, or a drive letter.
_ABSOLUTE_PATH = re.compile(r"(?<![\w./~<:>$-])/[\w.-]+/[\w./-]+|\b[A-Z]:\\\w+")
_PROGRESS = re.compile(r"\[\d\d:\d\d<|\dit \[\d\d:\d\d")
_ADDRESS = re.compile(r" at 0x[0-9a-f]+")


def clean(notebook: NotebookNode, root: Path) -> None:
    """Take out what belongs to this machine or this run."""
    notebook.metadata = nbformat.from_dict(METADATA)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if "outputs" in cell:
            cell.outputs = [output for output in cell.outputs if not _is_progress_bar(output)]
        for output in cell.get("outputs", ()):
            if output.output_type == "error":
                output.traceback = [f"{output.ename}: {output.evalue}"]
            # Without its state a view shows "model not found" in place of the picture beside it.
            if "image/png" in output.get("data", {}):
                output.data.pop(_WIDGET_VIEW, None)
            _shorten_paths(output, root)


def _is_progress_bar(output: NotebookNode) -> bool:
    data = output.get("data", {})
    return _WIDGET_VIEW in data and bool(_PROGRESS.search(data.get("text/plain", "")))


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
    return [
        f"{where(index, cell)} {fault}"
        for index, cell in enumerate(notebook.cells)
        for fault in _faults_of(cell)
    ]


def _faults_of(cell: NotebookNode) -> Iterator[str]:
    for output in cell.get("outputs", ()):
        if output.get("name") == "stderr":
            yield f"wrote to stderr: {output.text.strip().splitlines()[0]}"
        if _WIDGET_VIEW in output.get("data", {}):
            yield "shows a widget without a still (image/png)"
        picture = output.get("metadata", {}).get("image/png", {})
        if "image/png" in output.get("data", {}) and not picture.get("alt"):
            yield "shows a picture without words for it: plot.show(axes, alt=...)"
    for text in (cell.source, *_texts(cell)):
        if match := _ABSOLUTE_PATH.search(text):
            yield f"holds the absolute path {match[0]}"
        if match := _ADDRESS.search(text):
            yield f"holds a memory address, another at every run:{match[0]}"


def _texts(cell: NotebookNode) -> Iterator[str]:
    for output in cell.get("outputs", ()):
        yield output.get("text", "")
        yield output.get("evalue", "")
        for kind, value in output.get("data", {}).items():
            if isinstance(value, str) and not kind.startswith("image/"):
                yield value
