"""A class: one job per submission on dask.distributed, one file per result, goes on where it was.

Killed at any moment, the same command goes on with the rest: see `_results`.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TextIO

from tqdm import tqdm

from . import _reference
from ._cluster import judged
from ._results import Results, alone, claim, left_out, rejected
from ._sources import BuildError
from ._temporary import sweep
from .exercise import Exercise, find_exercises, read_exercise
from .intake import Submission, collect
from .report import printable, write_reports
from .sandbox import why_no_sandbox

__all__ = ["grade", "grade_command"]

GRADED, SOME_REJECTED, NOT_UNDERSTOOD, NO_SANDBOX, BROKEN_EXERCISE, ERRORS_LEFT = range(6)
_WARNING = (
    "WARNING: no sandbox. Students' code runs with your rights: scores can be forged, and your "
    "files read."
)


def grade_command(
    paths: Sequence[str],
    exercise: str,
    out: str,
    *,
    jobs: int | None = None,
    scheduler: str | None = None,
    seed: int | None = None,
    unsandboxed: bool = False,
) -> int:
    """``segviz grade``; returns its exit code: 0 all graded, 1 some rejected, 2 not understood,
    3 no sandbox, 4 the exercise is broken, 5 errors left (run the same command again)."""
    reason = why_no_sandbox()
    if reason and not unsandboxed:
        return _refuse(NO_SANDBOX, _no_sandbox(reason))
    if jobs is not None and jobs < 1:
        return _refuse(NOT_UNDERSTOOD, f"--jobs {jobs} must be at least 1. Leave it out, or use 1.")
    try:
        source = _one_source(exercise)
        submissions = collect([Path(path) for path in paths], source.stem, Path(out))
        seed = claim(Path(out), source.stem, seed)
    except (ValueError, OSError) as error:
        return _refuse(NOT_UNDERSTOOD, str(error))
    try:
        task = read_exercise(source)
        drawn = _reference.draw(task, seed)
    except BuildError as error:
        return _refuse(BROKEN_EXERCISE, str(error))
    if unsandboxed:
        print(f"segviz: {_WARNING}", file=sys.stderr)
    where = {"jobs": jobs, "scheduler": scheduler, "sandboxed": not unsandboxed}
    try:
        with alone(Path(out)):
            if claim(Path(out), source.stem, None) != seed:
                raise ValueError(f"another run began in {out} just now. Run the command again.")
            results = grade(task, drawn, submissions, Path(out), **where)  # type: ignore[arg-type]
            write_reports(task, results, Path(out))
    except ValueError as error:
        return _refuse(NOT_UNDERSTOOD, str(error))
    except OSError as error:  # no such scheduler, no room on the disk
        return _refuse(NOT_UNDERSTOOD, f"{error}. What was judged so far is kept.")
    return _summary(task, results, Path(out))


def _one_source(name: str) -> Path:
    found = find_exercises(name=name)
    if len(found) != 1:
        there = ", ".join(source.stem for source in found)
        raise ValueError(f"--exercise {name} means {len(found)} exercises: {there}. Name one.")
    return found[0]


def _refuse(code: int, words: str) -> int:
    _say(f"segviz: {words}", sys.stderr)
    return code


def _no_sandbox(reason: str) -> str:
    cause, _, fix = reason.partition("; ")
    return (
        f"Refusing to run students' code: bubblewrap cannot start here ({cause}). Fix: {fix}. "
        "Or pass --unsandboxed: scores can then be forged and your files read."
    )


def grade(
    exercise: Exercise,
    drawn: dict[str, Any],
    submissions: Sequence[Submission],
    out: Path,
    *,
    jobs: int | None = None,
    scheduler: str | None = None,
    sandboxed: bool = True,
) -> list[dict[str, Any]]:
    """Judge submissions, and write each result into ``out/results`` as soon as it is there.

    Args:
        exercise: what they answer.
        drawn: from ``_reference.draw``.
        submissions: from ``intake.collect``.
        out: its ``results`` may hold those of an earlier run, which are taken as they are.
        jobs: how many side by side; by default one per two processors.
        scheduler: address of a running Dask scheduler instead.
        sandboxed: False runs students' code with the grader's rights.

    Returns:
        One result per submission, in their order.
    """
    sweep()
    folder = Results(out, exercise, drawn, sandboxed)
    results: dict[Submission, dict[str, Any]] = {}
    waiting = []
    for one in submissions:
        if known := folder.known(one):
            results[one] = known
        elif one.problem:
            results[one] = folder.keep(one, rejected(one.problem))
        else:
            waiting.append(one)
    if waiting:
        with tqdm(total=len(submissions), initial=len(results), unit="submission") as bar:
            for one, body in judged(exercise, drawn, waiting, jobs, scheduler, sandboxed):
                results[one] = folder.keep(one, body)
                bar.update()
    return [results[one] for one in submissions]


def _summary(exercise: Exercise, results: list[dict[str, Any]], out: Path) -> int:
    by = {
        status: [one for one in results if one["status"] == status]
        for status in ("graded", "rejected", "error")
    }
    for one in by["rejected"] + by["error"]:
        _say(f"  {one['student']}: {' '.join(one['notes'])}")
    totals = sorted(one["total"] for one in by["graded"])
    if totals:
        middle = totals[len(totals) // 2]
        _say(f"{len(totals)} graded, median {middle:g} of {exercise.points:g} points.")
    _say(f"{out}: grades.csv, junit.xml, feedback/, histogram.png, results/")
    if others := left_out(out, {one["student"] for one in results}):
        names = ", ".join(others[:5]) + (" …" if len(others) > 5 else "")
        _say(f"Not in this table, but in results/ from an earlier run: {names}.")
    if by["error"]:
        _say(f"{len(by['error'])} not graded for the grader's fault: run the same command again.")
        return ERRORS_LEFT
    return SOME_REJECTED if by["rejected"] else GRADED


def _say(words: str, to: TextIO | None = None) -> None:
    """Print names that students chose: no control character, nothing the terminal can't show."""
    to = to or sys.stdout
    encoding = to.encoding or "utf-8"
    print(printable(words).encode(encoding, "backslashreplace").decode(encoding), file=to)
