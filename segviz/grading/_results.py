"""The folder of results: which exercise and hidden inputs it is for, and one file per submission.

A result is written by renaming, after which its submission is never judged again. The seed of the
hidden inputs stays in the folder, so that everybody has the same ones, whenever they were judged.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from segviz import __version__

from .exercise import Exercise
from .intake import Submission
from .report import write_file

__all__ = ["Results", "alone", "claim", "left_out", "rejected"]

VERSION = f"{__version__}.1"


def claim(out: Path, stem: str, seed: int | None) -> int:
    """Make `out` the folder of an exercise's results, or find that it is.

    Args:
        out: the folder.
        stem: the exercise's, for example ``06_transposed_convolution``.
        seed: of the hidden inputs; by default the one kept there, or a new secret one.

    Returns:
        The seed.

    Raises:
        ValueError: it is a file, can't be written, or holds results with other inputs.
    """
    if out.exists() and not out.is_dir():
        raise ValueError(f"--out {out} is a file. Name a folder, or one that is not there yet.")
    path = out / "seed.json"
    if path.exists():
        return _kept(path, stem, seed)
    chosen = secrets.randbits(120) if seed is None else seed
    if chosen < 0:
        raise ValueError(f"seed={seed} must not be negative. Use 0 or more.")
    try:
        write_file(path, json.dumps({"seed": chosen, "exercise": stem}).encode())
    except OSError as error:
        raise ValueError(
            f"--out {out} can't be written ({error.strerror}). Choose another folder."
        ) from None
    path.chmod(0o600)
    return chosen


def _kept(path: Path, stem: str, seed: int | None) -> int:
    out, another = path.parent, "Choose another folder for --out."
    try:
        held = json.loads(path.read_text("utf-8"))
        kept = int(held["seed"])
    except (ValueError, TypeError, KeyError):
        raise ValueError(f"{path} should hold the seed of the hidden inputs. {another}") from None
    if held.get("exercise", stem) != stem:
        raise ValueError(f"{out} holds the grades of {held['exercise']}, not of {stem}. {another}")
    if seed not in (None, kept):
        raise ValueError(f"{out} was graded with another seed than {seed}. {another}")
    return kept


@contextmanager
def alone(out: Path) -> Iterator[None]:
    """Let one run at a time write a folder; whatever ends it, the system forgets the lock.

    Raises:
        ValueError: another run is at work there.
    """
    try:
        import fcntl
    except ImportError:  # Windows
        yield
        return
    with (out / ".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ValueError(
                f"another segviz grade is at work in {out}. Wait for it, or choose another --out."
            ) from None
        except OSError:  # a disk in the network that knows no locks
            pass
        yield


def left_out(out: Path, students: set[str]) -> list[str]:
    """Students of whom there are results from an earlier run only."""
    held = [_read(path) for path in (out / "results").glob("*.json")]
    return sorted({str(one["student"]) for one in held if one} - students)


def rejected(problem: str) -> dict[str, Any]:
    """A result without points: the file is at fault."""
    empty = {"points": {}, "total": 0.0, "probes": [], "seconds": 0.0}
    return {"status": "rejected", "notes": [problem], **empty}


class Results:
    """The results of one exercise, one set of hidden inputs, with or without a sandbox."""

    def __init__(
        self, out: Path, exercise: Exercise, drawn: dict[str, Any], sandboxed: bool
    ) -> None:
        self._folder = out / "results"
        self._sandboxed = sandboxed
        cells = "\0".join(f"{cell.role} {cell.task}\n{cell.source}" for cell in exercise.cells)
        expected = json.dumps(drawn, sort_keys=True)
        settings = repr(exercise.settings)  # another limit, another module withheld
        self._words = (VERSION, exercise.stem, settings, cells, expected, str(sandboxed))
        for stale in self._folder.glob(".*.part"):
            stale.unlink(missing_ok=True)

    def _path(self, one: Submission) -> Path:
        """Another file, exercise, hidden input, grader or student is another result."""
        digest = hashlib.sha256()
        for part in (*self._words, one.student, one.file, one.problem):
            digest.update(part.encode("utf-8", "surrogateescape") + b"\0")
        digest.update(one.content)
        return self._folder / f"{digest.hexdigest()}.json"

    def known(self, one: Submission) -> dict[str, Any] | None:
        """The result of an earlier run; None if there is none, or its file was damaged."""
        return _read(self._path(one))

    def keep(self, one: Submission, body: dict[str, Any]) -> dict[str, Any]:
        """Complete a result and write it; one that is the grader's fault is not kept."""
        notes = list(body["notes"])
        if body["status"] == "rejected":
            ask = "No mark was recorded; ask for it again."
            notes = [f"{one.file}: not graded: {note}. {ask}" for note in notes]
        about = {
            "student": one.student,
            "file": one.file,
            "sandbox": "bubblewrap" if self._sandboxed else "none",
        }
        result = {
            **about,
            **body,
            "notes": [*notes, *one.notes],
            "late": one.late,
            "grader": VERSION,
        }
        if body["status"] != "error":
            write_file(self._path(one), json.dumps(result, indent=1).encode())
        return result


def _read(path: Path) -> dict[str, Any] | None:
    try:
        held = json.loads(path.read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return held if isinstance(held, dict) and "student" in held else None
