"""``segviz check``: a student's own answers under pristine visible checks, compared by nbval.

The checks, and what they should print, come from the copy of the notebook that the course ships, so
that an edited check or a saved output changes nothing. Nothing is shut in: the code is one's own.
"""

from __future__ import annotations

import contextlib
import io
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import segviz

from ._spliced import in_pieces
from .exercise import Cell, Exercise, Settings
from .submission import Extracted, Rejected, extract

__all__ = ["check", "pristine_folder"]

SECONDS_FOR_A_CELL = 60


def pristine_folder() -> Path:
    """Where the course's own copies of the student notebooks are."""
    package = Path(segviz.__file__).parent
    shipped = package / "_data" / "exercises"
    return shipped if shipped.is_dir() else package.parent / "data" / "exercises"


def check(notebook: str) -> int:
    """Print what the visible checks say, and the points of each task; 1 if a check fails.

    Raises:
        ValueError: the file is no notebook of an exercise.
    """
    import nbformat

    exercise, pristine = _exercise_of(Path(notebook))
    try:
        found = extract(exercise, Path(notebook).read_bytes())
    except Rejected as reason:
        raise ValueError(f"{notebook}: {reason}.") from None
    cells = [one for one in pristine.cells if "role" in one.metadata.get("segviz", {})]
    pristine.cells = [made for cell in cells for made in _answered(cell, found)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{exercise.stem}.ipynb"
        nbformat.write(pristine, path)
        outcomes = _run_nbval(path)
    earned = 0.0
    for task, said, passed in outcomes:
        points = float(exercise.tasks[task].checks[0].options["points"])
        earned += points * passed
        print(f"{said}\n  {task}: {points * passed:g} of {points:g} points\n")
    total = sum(float(task.checks[0].options["points"]) for task in exercise.tasks.values())
    print(f"{earned:g} of {total:g} points. Visible checks only; hidden checks decide the mark.")
    return 0 if earned == total else 1


def _answered(cell: Any, found: Extracted) -> Iterator[Any]:
    """A cell as the student wrote it, behind what it needs of those that the student added."""
    import nbformat

    about = cell.metadata["segviz"]
    if about["role"] == "answer" and about["task"] in found.answers:
        cell.source = found.answers[about["task"]]
        if found.extras:
            before = in_pieces(about["task"], [*found.extras, cell.source])
            added = {"segviz": {"role": "extra", "task": about["task"]}}
            yield nbformat.v4.new_code_cell(before, metadata=added)
    yield cell


def _exercise_of(path: Path) -> tuple[Exercise, Any]:
    """The exercise that a notebook belongs to, by its file's name: as the student knows it."""
    import nbformat

    there = sorted(pristine_folder().glob("[0-9][0-9]_*.ipynb"))
    fitting = [one for one in there if one.stem in path.stem or one.stem[:3] == path.stem[:3]]
    if not path.is_file():
        raise ValueError(f"{path} is not there.")
    if not fitting:
        names = ", ".join(one.stem for one in there)
        raise ValueError(f"{path.name} is called like no exercise. There are: {names}.")
    notebook = nbformat.read(fitting[0], as_version=4)
    cells = [_cell(cell) for cell in notebook.cells]
    return Exercise(fitting[0].stem, cells, Settings()), notebook


def _cell(cell: Any) -> Cell:
    about = cell.metadata.get("segviz", {})
    options = {"points": cell.metadata.get("nbgrader", {}).get("points", 0)}
    role, task = about.get("role", ""), about.get("task", "")
    return Cell(role, task, cell.cell_type, cell.source, options, cell.id)


def _run_nbval(path: Path) -> list[tuple[str, str, bool]]:
    """Task, what its check printed, whether nbval found that to be what it should print."""
    import pytest

    plugin = _Watcher()
    (path.parent / "pytest.ini").write_text("[pytest]\n", "utf-8")
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    arguments = ["-q", "-p", "nbval.plugin", "-p", "no:cacheprovider", "--nbval-lax"]
    arguments += ["--nbval-current-env", f"--nbval-cell-timeout={SECONDS_FOR_A_CELL}"]
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        pytest.main([*arguments, "--rootdir", str(path.parent), str(path)], plugins=[plugin])
    return plugin.outcomes


class _Watcher:
    """A pytest plugin that keeps what the checks printed."""

    def __init__(self) -> None:
        self.outcomes: list[tuple[str, str, bool]] = []
        self.errors: dict[str, str] = {}

    def pytest_runtest_makereport(self, item: Any, call: Any) -> None:
        """Called by pytest before and after every cell."""
        if call.when != "call":
            return
        about = item.cell.metadata["segviz"]
        said = "\n".join(_said(item.test_outputs or ()))
        if about["role"] == "answer" and call.excinfo:
            self.errors[about["task"]] = said
        if about["role"] == "check":
            said = said if "NameError" not in said else self.errors.get(about["task"], said)
            self.outcomes.append((about["task"], said.strip(), call.excinfo is None))


def _said(outputs: Any) -> Iterator[str]:
    for output in outputs:
        if output.output_type == "stream":
            yield output.text
        elif output.output_type == "error":
            yield f"{output.ename}: {output.evalue}"
