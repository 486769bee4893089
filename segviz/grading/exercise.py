"""One source per exercise, ``lectures/src/exercises/NN_topic.py``: what its cells mean.

Percent format, as a lecture. A word after ``# %%`` says what a cell is for; TASK is a short name:

``# %% [markdown] exercise={...}``    the title; settings are those of `Settings`
``# %% setup=true``                   what answers may use; graded notebooks run it
``# %% answer="TASK"``                the solution, between ``### BEGIN SOLUTION`` and ``### END
                                      SOLUTION``; the student gets the rest, which raises there
``# %% check="TASK"``                 visible checks, from ``segviz.exercises``
``# %% probe="TASK" points=2``        hidden: draws inputs from ``rng``, shows results with ``show``
``# %% wrong="TASK" points=1 message="..."``  an answer that must get these points, and whose
                                      visible check must say these words

Every other cell is text or a picture for the student. ``needs="OTHER"`` on an answer says that it
calls another task's function.
"""

from __future__ import annotations

import builtins
import hashlib
import re
from dataclasses import dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ._sources import BuildError, find_lectures

if TYPE_CHECKING:
    from nbformat import NotebookNode

__all__ = ["Exercise", "Settings", "Task", "find_exercises", "read_exercise"]

ROLES = ("exercise", "setup", "answer", "check", "probe", "wrong")
_SOLUTION = re.compile(
    r"^([ \t]*)### BEGIN SOLUTION[^\n]*\n(.*?)^[ \t]*### END SOLUTION[^\n]*\n?", re.M | re.S
)


@dataclass(frozen=True)
class Settings:
    """What an exercise allows.

    Args:
        tolerance: how far a number may lie from the right one without losing points.
        withhold: modules that are the answer and aren't there while it is graded.
        preload: modules to load before the kernels are forked, beside those of the setup cells.
        cpu_seconds: of processor time for one task; three times that in all, waiting included.
        memory_megabytes, disk_megabytes, processes: for everything that one kernel starts.
    """

    tolerance: float = 1e-6
    withhold: tuple[str, ...] = ()
    preload: tuple[str, ...] = ("numpy",)
    cpu_seconds: float = 4.0
    memory_megabytes: int = 2048
    disk_megabytes: int = 64
    processes: int = 64


@dataclass(frozen=True)
class Cell:
    """One cell of the source: its role (one of `ROLES`, or empty), its task, what it says."""

    role: str
    task: str
    kind: str
    source: str
    options: dict[str, Any]
    identity: str

    @property
    def stub(self) -> str:
        """An answer as the student gets it: it raises where the solution stood."""
        words = f'raise NotImplementedError("Write {self.task} here, then run this cell again.")'
        return _SOLUTION.sub(lambda match: f"{match[1]}{words}\n", self.source).rstrip("\n")


@dataclass
class Task:
    """What a student answers with one cell."""

    name: str
    title: str = ""
    answer: Cell | None = None
    checks: list[Cell] = field(default_factory=list)
    probes: list[Cell] = field(default_factory=list)
    wrongs: list[Cell] = field(default_factory=list)

    @property
    def points(self) -> float:
        """What all its probes are worth."""
        return sum(points_of(probe) for probe in self.probes)

    @property
    def needs(self) -> list[str]:
        """The tasks whose functions this one calls."""
        assert self.answer is not None
        return str(self.answer.options.get("needs", "")).split()


@dataclass(frozen=True)
class Exercise:
    """An exercise as its source describes it."""

    stem: str
    cells: list[Cell]
    settings: Settings

    @cached_property
    def tasks(self) -> dict[str, Task]:
        """Its tasks by name, in order."""
        tasks: dict[str, Task] = {}
        heading = ""
        for cell in self.cells:
            if match := re.search(
                r"^#+ (.+)$", cell.source if cell.kind == "markdown" else "", re.M
            ):
                heading = match[1]
            if cell.role in ("answer", "check", "probe", "wrong"):
                task = tasks.setdefault(cell.task, Task(cell.task, heading))
                if cell.role == "answer":
                    task.answer = cell
                else:
                    getattr(task, cell.role + "s").append(cell)
        return tasks

    @property
    def setup(self) -> list[Cell]:
        """The cells that every answer may rely on."""
        return [cell for cell in self.cells if cell.role == "setup"]

    @property
    def points(self) -> float:
        """What all tasks are worth."""
        return sum(task.points for task in self.tasks.values())

    @property
    def title(self) -> str:
        """The first heading."""
        return self.cells[0].source.splitlines()[0].lstrip("# ")


def points_of(cell: Cell) -> float:
    """The points that a probe is worth or a wrong answer must get."""
    return float(cell.options["points"])


def find_exercises(folder: Path | None = None, name: str = "") -> list[Path]:
    """The exercise sources of a ``lectures`` folder, all or those that `name` means.

    Raises:
        BuildError: no source is called so.
    """
    folder = folder or find_lectures()
    sources = sorted((folder / "src" / "exercises").glob("[0-9][0-9]_*.py"))
    fitting = [source for source in sources if source.name.startswith(Path(name).stem)]
    if name and not fitting:
        there = ", ".join(source.stem for source in sources) or "none"
        raise BuildError(f"no exercise is called {name!r}. There are: {there}.")
    return fitting


def read_exercise(source: Path) -> Exercise:
    """Read an exercise's source.

    Raises:
        BuildError: something in it is missing, twice there or not understood.
    """
    import jupytext

    notebook = jupytext.reads(source.read_text("utf-8"), fmt="py:percent")
    cells = [_cell(cell, source.stem) for cell in notebook.cells]
    names: dict[str, int] = {}
    for place, cell in enumerate(cells):
        names[cell.identity] = names.get(cell.identity, 0) + 1
        if (count := names[cell.identity]) > 1:
            cells[place] = Cell(**{**vars(cell), "identity": f"{cell.identity}-{count}"})
    exercise = Exercise(source.stem, cells, _settings(cells, source.stem))
    if faults := _faults(exercise):
        raise BuildError("\n".join(f"{source.stem}: {fault}" for fault in faults))
    return exercise


def _cell(cell: NotebookNode, stem: str) -> Cell:
    roles = [role for role in ROLES if role in cell.metadata]
    if len(roles) > 1:
        raise BuildError(f"{stem}: one cell is {' and '.join(roles)}: split it.")
    role = roles[0] if roles else ""
    task = cell.metadata[role] if role in ROLES[2:] else ""
    digest = hashlib.sha256(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()[:8]
    identity = f"{role}-{task}" if task else digest
    return Cell(role, task, cell.cell_type, cell.source, dict(cell.metadata), identity)


def _settings(cells: list[Cell], stem: str) -> Settings:
    given = dict(cells[0].options.get("exercise", {})) if cells else {}
    known = {one.name for one in fields(Settings)}
    if unknown := sorted(set(given) - known):
        raise BuildError(f"{stem}: unknown settings {unknown}. There are: {sorted(known)}.")
    for name in ("withhold", "preload"):
        if name in given:
            given[name] = tuple(given[name])
    return Settings(**given)


def _faults(exercise: Exercise) -> list[str]:
    faults = [] if exercise.tasks else ['it has no task: # %% answer="TASK"']
    for cell in exercise.cells:
        if cell.role in ("probe", "wrong") and "points" not in cell.options:
            faults.append(f"{cell.identity} doesn't say its points")
        if cell.role == "wrong" and not cell.options.get("message"):
            faults.append(f"{cell.identity} doesn't say its message")
    for task in exercise.tasks.values():
        missing = [part for part in ("answer", "checks", "probes") if not getattr(task, part)]
        faults += [f"task {task.name} has no {part}" for part in missing]
        if task.answer and not _SOLUTION.search(task.answer.source):
            faults.append(f"answer {task.name} has no ### BEGIN SOLUTION ... ### END SOLUTION")
        if hasattr(builtins, task.name):
            faults.append(f"task {task.name} is called like a function of Python's own")
        if len(task.wrongs) < 4:
            faults.append(f"task {task.name} has {len(task.wrongs)} wrong answers; four at least")
        if sum(cell.role == "answer" and cell.task == task.name for cell in exercise.cells) > 1:
            faults.append(f"task {task.name} has two answer cells")
    return faults


def notebook_cell(cell: Cell, source: str | None = None) -> NotebookNode:
    """A cell of a notebook, without outputs."""
    import nbformat

    make = nbformat.v4.new_code_cell if cell.kind == "code" else nbformat.v4.new_markdown_cell
    return make(cell.source if source is None else source, id=cell.identity)
