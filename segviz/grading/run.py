"""One submission: its answers in the pristine notebook, hidden checks behind, nbval compares.

All answers share one kernel, each followed by its hidden checks. After trouble the rest goes on in
a new kernel; a check that fails beside other answers is tried again with its own answer alone, then
with what it lacks out of other cells, and then behind all cells that the student added. A task's
best run counts: inputs are the same in all.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from ._judge import judge
from ._kernel import Limits
from ._spliced import Drawn, Spliced
from ._temporary import temporary_folder
from .exercise import Exercise, Settings, Task, points_of
from .submission import Extracted, Rejected, extract

__all__ = ["Drawn", "grade_one", "limits_of"]

SECONDS_FOR_RETRIES = 30
_PIECES = "alone its cell failed; graded with the lines of your notebook that it needs."


@dataclass
class _TaskRun:
    """How one task's hidden checks ended in one kernel."""

    passed: dict[str, bool]
    words: list[str]
    trouble: str = ""
    alone: bool = False
    note: str = ""

    def points(self, task: Task) -> float:
        """No points for an answer that made trouble, otherwise those of the checks passed."""
        if self.trouble:
            return 0.0
        passed = [probe for probe in task.probes if self.passed.get(probe.identity)]
        return sum(map(points_of, passed))


def limits_of(settings: Settings) -> Limits:
    """The limits of an exercise in bytes and seconds."""
    return Limits(
        cpu_seconds=settings.cpu_seconds,
        memory_bytes=settings.memory_megabytes * 1_000_000,
        processes=settings.processes,
        disk_bytes=settings.disk_megabytes * 1_000_000,
    )


def grade_one(exercise: Exercise, drawn: Drawn, content: bytes, address: str) -> dict[str, Any]:
    """Grade one submitted file.

    Args:
        exercise: as its source describes it.
        drawn: inputs and expected outputs of the hidden checks, from ``_reference.draw``.
        content: the file's bytes.
        address: of the `KernelServer`; empty to run without a sandbox.

    Returns:
        ``status`` (graded, rejected or error), ``total``, ``points`` by task, ``probes``,
        ``notes``, ``seconds``. Errors are ours: try again.
    """
    began = time.monotonic()
    result: dict[str, Any] = {"status": "graded", "points": {}, "total": 0.0, "probes": []}
    try:
        found = extract(exercise, content)
    except Rejected as reason:
        return {**result, "status": "rejected", "notes": [str(reason)], "seconds": 0.0}
    runs = _Runs(exercise, drawn, found, address)
    try:
        runs.everything()
    except RuntimeError as error:
        return {**result, "status": "error", "notes": [str(error)], "seconds": 0.0}
    notes = list(found.notes)
    for task in exercise.tasks.values():
        run = runs.best.get(task.name, _TaskRun({}, []))
        result["points"][task.name] = run.points(task)
        result["probes"] += _probes(task, run)
        notes += _notes(task, run)
    result["total"] = sum(result["points"].values())
    used = {"seconds": round(time.monotonic() - began, 2), "kernel_cpu_seconds": runs.cpu_seconds}
    return {**result, "notes": notes, **used}


def _probes(task: Task, run: _TaskRun) -> list[dict[str, Any]]:
    return [
        {
            "task": task.name,
            "check": probe.identity,
            "points": points_of(probe),
            "earned": points_of(probe)
            if run.passed.get(probe.identity) and not run.trouble
            else 0.0,
        }
        for probe in task.probes
    ]


def _notes(task: Task, run: _TaskRun) -> list[str]:
    if run.trouble:
        words = f"{task.name} {run.trouble} and earned no points."
        return [f"{words} Your other answers were graded without it."]
    return [f"{task.name}: {words}" for words in dict.fromkeys([run.note, *run.words]) if words]


class _Runs:
    """The kernels that one submission is given, and the best that came of each task."""

    def __init__(
        self,
        exercise: Exercise,
        drawn: Drawn,
        found: Extracted,
        address: str,
    ) -> None:
        self.exercise, self.address = exercise, address
        self.spliced = Spliced(exercise, drawn, found.answers, found.last)
        self.answers, self.extras = found.answers, found.extras
        self.best: dict[str, _TaskRun] = {}
        self.cpu_seconds = self.seconds = self.excused = 0.0

    def everything(self) -> None:
        """Run what has to be run, and no kernel more."""
        waiting = [name for name in self.exercise.tasks if name in self.answers]
        while waiting:
            waiting = self._together(waiting)
        for name, run in list(self.best.items()):
            if not self._complete(name) and not run.alone:
                self._again(name, self.spliced.notebook([name], self._needed(name)))
        for name in list(self.best):
            if not self._complete(name) and not self.best[name].trouble:
                self._with_other_cells(name)

    def _with_other_cells(self, name: str) -> None:
        """Try an answer with what it lacks, and then with all that the student added."""
        others = [one for one in self.answers if not self.best[one].trouble]
        if any("NameError" in words for words in self.best[name].words):
            beside = [self.answers[one] for one in others if one != name]
            self._again(name, self.spliced.pieces(name, [*self.extras, *beside]), _PIECES)
        if self.extras and not self._complete(name):
            self._again(name, self.spliced.notebook([name], others, self.extras))

    def _again(self, name: str, notebook: NotebookNode, note: str = "") -> None:
        """Try one task once more, unless the submission has had its time."""
        if self.seconds < SECONDS_FOR_RETRIES:
            run = self._run([name], notebook)[name]
            run.note = note
            self._keep(name, run)

    def _together(self, waiting: list[str]) -> list[str]:
        """Run tasks in one kernel; return those that trouble kept from a fair trial."""
        runs = self._run(waiting, self.spliced.notebook(waiting, waiting))
        for place, name in enumerate(waiting):
            first = place == 0
            if runs[name].trouble and not first:
                return waiting[place:]
            runs[name].alone = first
            self._keep(name, runs[name])
            if runs[name].trouble:
                return waiting[1:]
        return []

    def _complete(self, name: str) -> bool:
        task = self.exercise.tasks[name]
        return self.best[name].points(task) == task.points

    def _keep(self, name: str, run: _TaskRun) -> None:
        task = self.exercise.tasks[name]
        if name not in self.best or run.points(task) > self.best[name].points(task):
            self.best[name] = run

    def _needed(self, name: str) -> list[str]:
        needed = [one for one in self.exercise.tasks[name].needs if one in self.answers]
        return [*needed, name]

    def _run(self, judged: Sequence[str], notebook: NotebookNode) -> dict[str, _TaskRun]:
        """Run one kernel on a notebook with the hidden checks of the tasks `judged`."""
        folder = Path(temporary_folder("judge"))
        try:
            nbformat.write(notebook, folder / "notebook.ipynb")
            limits = limits_of(self.exercise.settings)
            excused = max(0.0, limits.wall_seconds - self.excused)
            # One that makes the next ones slow leaves them a kernel and time of their own.
            limits = replace(limits, excused_seconds=excused, total_seconds=limits.wall_seconds)
            outcome = judge(folder / "notebook.ipynb", self.address, limits)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        if outcome["faults"]:
            raise RuntimeError(outcome["faults"][0])
        self.cpu_seconds += outcome["cpu_seconds"]
        self.seconds += outcome["seconds"]
        self.excused += outcome["excused"]
        verdicts = outcome["verdicts"]
        return {name: _task_run(name, verdicts) for name in judged}


def _task_run(name: str, verdicts: list[dict[str, Any]]) -> _TaskRun:
    own = [verdict for verdict in verdicts if verdict["task"] == name]
    probes = {one["identity"]: one["passed"] for one in own if one["role"] == "probe"}
    words = [one["words"] for one in own if not one["passed"] and not one["trouble"]]
    trouble = next((one["words"] for one in own if one["trouble"]), "")
    setup = [one for one in verdicts if one["role"] == "setup" and not one["passed"]]
    if setup:
        raise RuntimeError(f"the exercise's own set-up failed: {json.dumps(setup[0]['words'])}")
    return _TaskRun(probes, words, trouble)
