"""Folders, exported zips and single files: which student handed in which file.

- **Moodle** exports a zip of folders ``Ana Lopez_123456_assignsubmission_file_``, **Canvas** one of
  files ``lopezana_LATE_1234_5678_name.ipynb``; both are recognised, packed or unpacked.
- In any other folder or zip, a subfolder is a student; a file beside it is a student by its name.
- Of several files of a student those that are called like the exercise count, and of these the
  newest: the highest ``-N`` that Canvas adds, then the latest date, then the last name. The others
  are listed as superseded. A late file is graded like any other, and marked late.

Nothing is ever unpacked to disk, and no link is followed.
"""

from __future__ import annotations

import io
import re
import stat
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

__all__ = ["Submission", "collect"]

LARGEST_FILE = 20_000_000
MOST_ENTRIES = 50_000
_MOODLE = re.compile(r"^(?P<name>.+)_(?P<id>\d+)_assignsubmission_\w+?_?$")
_CANVAS = re.compile(r"^(?P<name>[^_]+?)(?P<late>_late)?_(?P<id>\d+)_\d+_(?P<file>.+)$", re.I)
_VERSION = re.compile(r"-(\d+)$")
_NOISE = ("__MACOSX", ".ipynb_checkpoints", ".DS_Store", "__pycache__", "Thumbs.db")


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


@dataclass(frozen=True)
class _Entry:
    """A file somewhere: its path below what was named, its date, its bytes."""

    path: PurePosixPath
    content: bytes
    problem: str = ""
    date: tuple[int, ...] = ()


def collect(paths: Iterable[Path], stem: str) -> list[Submission]:
    """Find every student's submission.

    Args:
        paths: folders, zips and single files.
        stem: the exercise's, for example ``06_transposed_convolution``.

    Returns:
        One per student, by name.

    Raises:
        FileNotFoundError: a path that isn't there.
        ValueError: nothing was handed in.
    """
    found: dict[tuple[str, str], list[Submission]] = {}
    for path in paths:
        for entry in _entries(path):
            submission, identity = _submission(entry)
            found.setdefault((submission.student, identity), []).append(submission)
    if not found:
        raise ValueError(
            f"no submission in {', '.join(map(str, paths))}: name folders or zips of it."
        )
    names = [student for student, _ in found]
    chosen = []
    for (student, identity), versions in found.items():
        one = _newest(versions, stem)
        twice = identity and names.count(student) > 1
        chosen.append(replace(one, student=f"{student} ({identity})") if twice else one)
    return sorted(chosen, key=lambda one: one.student)


def _entries(path: Path) -> Iterator[_Entry]:
    if not path.exists():
        raise FileNotFoundError(f"{path} is not there.")
    if path.is_dir():
        for file in sorted(path.rglob("*")):
            below = PurePosixPath(file.relative_to(path).as_posix())
            if not _is_noise(below) and (file.is_symlink() or not file.is_dir()):
                yield from _opened(_read(file, below))
    else:
        yield from _opened(_read(path, PurePosixPath(path.name)), alone=True)


def _read(file: Path, below: PurePosixPath) -> _Entry:
    if file.is_symlink():
        return _Entry(below, b"", "it is a link, not a file")
    if not file.is_file():
        return _Entry(below, b"", "it is not an ordinary file")
    date = (int(file.stat().st_mtime),)
    if file.stat().st_size > LARGEST_FILE and file.suffix.lower() != ".zip":
        return _Entry(below, b"", f"the file is larger than {LARGEST_FILE // 1_000_000} MB", date)
    try:
        return _Entry(below, file.read_bytes(), date=date)
    except OSError as error:
        return _Entry(below, b"", f"the file can't be read ({error.strerror})", date)


def _opened(entry: _Entry, alone: bool = False) -> Iterator[_Entry]:
    """The entries of a zip, below its folder; any other file as it is."""
    if entry.path.suffix.lower() != ".zip" or entry.problem:
        yield entry
        return
    folder = PurePosixPath() if alone else entry.path.parent
    if not alone and folder == PurePosixPath():
        folder = PurePosixPath(entry.path.stem)
    try:
        yield from _unzipped(entry, folder)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        yield replace(entry, content=b"", problem=f"the zip can't be read ({str(error)[:80]})")


def _unzipped(entry: _Entry, folder: PurePosixPath) -> Iterator[_Entry]:
    with zipfile.ZipFile(io.BytesIO(entry.content)) as archive:
        infos = [info for info in archive.infolist() if not info.is_dir()]
        if len(infos) > MOST_ENTRIES:
            raise ValueError(f"more than {MOST_ENTRIES:,} files")
        for info in infos:
            parts = [
                part for part in re.split(r"[/\\]", info.filename) if part not in ("", ".", "..")
            ]
            path = folder.joinpath(*parts)
            if not parts or _is_noise(path):
                continue
            if stat.S_ISLNK(info.external_attr >> 16):
                yield _Entry(path, b"", "it is a link, not a file", info.date_time)
                continue
            yield from _zip_entry(archive, info, path)


def _zip_entry(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: PurePosixPath
) -> Iterator[_Entry]:
    """One file of a zip, never more of it than a submission may have."""
    try:
        with archive.open(info) as file:
            content = file.read(LARGEST_FILE + 1)
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError, OSError) as error:
        yield _Entry(path, b"", f"its zip can't be read ({str(error)[:80]})", info.date_time)
        return
    if len(content) > LARGEST_FILE:
        words = f"the file is larger than {LARGEST_FILE // 1_000_000} MB"
        yield _Entry(path, b"", words, info.date_time)
    else:
        yield from _opened(_Entry(path, content, date=info.date_time))


def _is_noise(path: PurePosixPath) -> bool:
    return any(part in _NOISE or part.startswith("._") for part in path.parts)


def _submission(entry: _Entry) -> tuple[Submission, str]:
    """Whose it is, by the name of its folder or file, and the id that the platform gave."""
    top = entry.path.parts[0] if len(entry.path.parts) > 1 else ""
    identity, late, version = "", False, 0
    stem = PurePosixPath(entry.path.name).stem
    if top:
        moodle = _MOODLE.match(top)
        student, identity = (moodle["name"], moodle["id"]) if moodle else (top, "")
    elif canvas := _CANVAS.match(stem):
        student, identity, late = canvas["name"], canvas["id"], bool(canvas["late"])
        if match := _VERSION.search(canvas["file"]):
            version = int(match[1])
    else:
        student = stem
    newest = (version, entry.date, str(entry.path))
    name = " ".join(student.split()) or "(no name)"
    return Submission(
        name, str(entry.path), entry.content, entry.problem, late, newest=newest
    ), identity


def _newest(versions: list[Submission], stem: str) -> Submission:
    """The one that counts, with a note about the others."""
    notebooks = [one for one in versions if one.file.lower().endswith(".ipynb")]
    called = [one for one in notebooks if stem in one.file or _number(one.file) == stem[:2]]
    pool = called or notebooks or versions
    best = max(pool, key=lambda one: one.newest)
    others = [one.file for one in pool if one is not best and one.content != best.content]
    notes = [f"{PurePosixPath(name).name} is superseded by a newer file." for name in others[:5]]
    if best.late:
        notes.append("Handed in late.")
    return replace(best, notes=tuple(notes))


def _number(file: str) -> str:
    match = re.match(r"(\d\d)_", PurePosixPath(file).name)
    return match[1] if match else ""
