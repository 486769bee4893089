"""A class: one job per submission on dask.distributed, one file per result, goes on where it was.

A result is written by renaming, after which its submission is never judged again; killed at any
moment, the same command goes on with the rest. The seed of the hidden inputs stays in the results'
folder, so that everybody has the same inputs, whenever they were judged.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from segviz import __version__

from . import _reference
from ._cluster import judged
from ._sources import BuildError
from ._temporary import sweep
from .exercise import Exercise, find_exercises, read_exercise
from .intake import Submission, collect
from .report import write_file, write_reports
from .sandbox import why_no_sandbox

__all__ = ["grade", "grade_command"]

GRADED, SOME_REJECTED, NOT_UNDERSTOOD, NO_SANDBOX, BROKEN_EXERCISE, ERRORS_LEFT = range(6)
VERSION = f"{__version__}.1"
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
        seed = _seed(Path(out), seed)
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
        results = grade(task, drawn, submissions, Path(out), **where)  # type: ignore[arg-type]
        write_reports(task, results, Path(out))
    except OSError as error:  # no such scheduler, no room on the disk
        return _refuse(NOT_UNDERSTOOD, f"{error}. What was judged is kept: run it again.")
    return _summary(task, results, Path(out))


def _one_source(name: str) -> Path:
    found = find_exercises(name=name)
    if len(found) != 1:
        there = ", ".join(source.stem for source in found)
        raise ValueError(f"--exercise {name} means {len(found)} exercises: {there}. Name one.")
    return found[0]


def _refuse(code: int, words: str) -> int:
    print(f"segviz: {words}", file=sys.stderr)
    return code


def _no_sandbox(reason: str) -> str:
    cause, _, fix = reason.partition("; ")
    return (
        f"Refusing to run students' code: bubblewrap cannot start here ({cause}). Fix: {fix}. "
        "Or pass --unsandboxed: scores can then be forged and your files read."
    )


def _seed(out: Path, seed: int | None) -> int:
    """The seed of the hidden inputs, kept with the results; a new secret one by default."""
    path = out / "seed.json"
    if path.exists():
        kept = int(json.loads(path.read_text("utf-8"))["seed"])
        if seed not in (None, kept):
            raise ValueError(
                f"{out} was graded with another seed than {seed}. Choose another folder for --out."
            )
        return kept
    chosen = secrets.randbits(120) if seed is None else seed
    if chosen < 0:
        raise ValueError(f"seed={seed} must not be negative. Use 0 or more.")
    write_file(path, json.dumps({"seed": chosen}).encode())
    path.chmod(0o600)
    return chosen


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
    for stale in (out / "results").glob(".*.part"):
        stale.unlink(missing_ok=True)
    files = {
        one: out / "results" / f"{_key(exercise, drawn, one, sandboxed)}.json"
        for one in submissions
    }
    results: dict[Submission, dict[str, Any]] = {}
    waiting = []
    for one, path in files.items():
        if path.exists():
            results[one] = json.loads(path.read_text("utf-8"))
        elif one.problem:
            results[one] = _finish(one, path, _rejected(one.problem), sandboxed)
        else:
            waiting.append(one)
    if waiting:
        with tqdm(total=len(submissions), initial=len(results), unit="submission") as bar:
            for one, body in judged(exercise, drawn, waiting, jobs, scheduler, sandboxed):
                results[one] = _finish(one, files[one], body, sandboxed)
                bar.update()
    return [results[one] for one in submissions]


def _key(exercise: Exercise, drawn: dict[str, Any], one: Submission, sandboxed: bool) -> str:
    """Another file, exercise, hidden input, grader or student is another result."""
    digest = hashlib.sha256()
    cells = "\0".join(f"{cell.role} {cell.task}\n{cell.source}" for cell in exercise.cells)
    expected = json.dumps(drawn, sort_keys=True)
    words = (
        VERSION,
        exercise.stem,
        cells,
        expected,
        one.student,
        one.file,
        one.problem,
        str(sandboxed),
    )
    for part in words:
        digest.update(part.encode("utf-8", "surrogateescape") + b"\0")
    digest.update(one.content)
    return digest.hexdigest()


def _rejected(problem: str) -> dict[str, Any]:
    return {
        "status": "rejected",
        "points": {},
        "total": 0.0,
        "probes": [],
        "notes": [problem],
        "seconds": 0.0,
    }


def _finish(one: Submission, path: Path, body: dict[str, Any], sandboxed: bool) -> dict[str, Any]:
    """Complete a result and write it; one that is the grader's fault is not kept."""
    notes = list(body["notes"])
    if body["status"] == "rejected":
        notes = [
            f"{one.file}: not graded: {note}. No mark was recorded; ask for it again."
            for note in notes
        ]
    about = {
        "student": one.student,
        "file": one.file,
        "sandbox": "bubblewrap" if sandboxed else "none",
    }
    result = {**about, **body, "notes": [*notes, *one.notes], "late": one.late, "grader": VERSION}
    if body["status"] != "error":
        write_file(path, json.dumps(result, indent=1).encode())
    return result


def _summary(exercise: Exercise, results: list[dict[str, Any]], out: Path) -> int:
    by = {
        status: [one for one in results if one["status"] == status]
        for status in ("graded", "rejected", "error")
    }
    for one in by["rejected"] + by["error"]:
        print(f"  {one['student']}: {' '.join(one['notes'])}")
    totals = sorted(one["total"] for one in by["graded"])
    if totals:
        middle = totals[len(totals) // 2]
        print(f"{len(totals)} graded, median {middle:g} of {exercise.points:g} points.")
    print(f"{out}: grades.csv, junit.xml, feedback/, histogram.png, results/")
    if by["error"]:
        print(f"{len(by['error'])} not graded for the grader's fault: run the same command again.")
        return ERRORS_LEFT
    return SOME_REJECTED if by["rejected"] else GRADED
