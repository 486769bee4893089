"""Folders, exported zips and single files: which student handed in which file.

- **Moodle** exports a zip of folders ``Ana Lopez_123456_assignsubmission_file_``, or of files that
  begin so, **Canvas** one of files ``lopezana_LATE_1234_5678_name.ipynb``; both are recognised,
  packed or unpacked, in a folder of their own or not.
- In any other folder or zip, a subfolder is a student; a file beside it is a student by its name,
  or, called like the exercise, by the name of the folder that it lies in.
- Of several files of a student those that are called like the exercise count, and of these the
  newest: the highest ``-N`` that Canvas adds, then the latest date, then the last name. The others
  are listed as superseded. A late file is graded like any other, and marked late.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from ._files import CANVAS, MOODLE, Entry, entries

__all__ = ["Submission", "collect"]

_VERSION = re.compile(r"-(\d+)$")


@dataclass(frozen=True)
class Submission:
    """One student's file: its bytes, or why there are none."""

    student: str
    file: str
    content: bytes = b""
    problem: str = ""
    late: bool = False
    notes: tuple[str, ...] = ()
    newest: tuple[int, tuple[int, ...], str] = field(default=(0, (), ""), repr=False)
    digest: str = field(default="", repr=False)


def collect(paths: Iterable[Path], stem: str, out: Path | None = None) -> list[Submission]:
    """Find every student's submission.

    Args:
        paths: folders, zips and single files.
        stem: the exercise's, for example ``06_transposed_convolution``.
        out: the folder of results, which may lie among the submissions.

    Returns:
        One per student, by name.

    Raises:
        FileNotFoundError: a path that isn't there.
        ValueError: nothing was handed in.
    """
    found: dict[tuple[str, str], list[Submission]] = {}
    for path in paths:
        for entry in entries(path, out):
            submission, identity = _submission(entry, path, stem)
            _add(found.setdefault((submission.student, identity), []), submission, stem)
    if not found:
        raise ValueError(
            f"no submission in {', '.join(map(str, paths))}. Name the folder or zip they are in."
        )
    names = [student for student, _ in found]
    chosen = []
    for (student, identity), versions in found.items():
        one = _newest(versions, stem)
        twice = identity and names.count(student) > 1
        chosen.append(replace(one, student=f"{student} ({identity})") if twice else one)
    return sorted(chosen, key=lambda one: one.student)


def _add(versions: list[Submission], one: Submission, stem: str) -> None:
    """The best comes first, and only it keeps its bytes: a class has to fit in memory."""
    if versions and _rank(one, stem) < _rank(
        versions[0], stem
    ):  # a zip's last of two entries counts
        versions.append(replace(one, content=b""))
    else:
        versions[:1] = [replace(old, content=b"") for old in versions[:1]]
        versions.insert(0, one)


def _submission(entry: Entry, given: Path, stem: str) -> tuple[Submission, str]:
    """Whose it is, by the name of its folder or file, and the id that the platform gave."""
    name = entry.path.parts[0]
    folder = len(entry.path.parts) > 1 and not name.lower().endswith(".zip")
    if not folder:
        name = PurePosixPath(name).stem
        name = _container(given) if name == stem else name
    canvas = None if folder else CANVAS.match(name)
    match = canvas or MOODLE.match(name)
    parts = match.groupdict() if match else {"name": name, "id": ""}
    version = canvas and _VERSION.search(canvas["file"])
    newest = (int(version[1]) if version else 0, entry.date, str(entry.path))
    student = " ".join(parts["name"].split()) or "(no name)"
    digest = hashlib.sha256(entry.content).hexdigest()
    late = bool(parts.get("late"))
    return Submission(
        student, str(entry.path), entry.content, entry.problem, late, (), newest, digest
    ), parts["id"]


def _container(given: Path) -> str:
    """The name of the folder or zip that a file lies in which is called like everybody's."""
    if given.suffix.lower() == ".zip":
        return given.stem
    given = given.resolve()
    return given.name if given.is_dir() else given.parent.name


def _rank(one: Submission, stem: str) -> tuple[bool, bool, tuple[int, tuple[int, ...], str]]:
    notebook = one.file.lower().endswith(".ipynb")
    called = stem in one.file or _number(one.file) == stem[:2]
    return notebook and called, notebook, one.newest


def _newest(versions: list[Submission], stem: str) -> Submission:
    """The one that counts, with a note about the others."""
    best = versions[0]
    alike = [one for one in versions if _rank(one, stem)[:2] == _rank(best, stem)[:2]]
    others = [one.file for one in alike if one.digest != best.digest]
    notes = [f"{PurePosixPath(name).name} is superseded by a newer file." for name in others[:5]]
    if best.late:
        notes.append("Handed in late.")
    return replace(best, notes=tuple(notes))


def _number(file: str) -> str:
    match = re.match(r"(\d\d)_", PurePosixPath(file).name)
    return match[1] if match else ""
