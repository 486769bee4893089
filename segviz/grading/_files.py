"""The files in folders and zips, as they were handed in: nothing is unpacked to disk, no link is
followed, and what a student's zip may hold is bounded in bytes, in files and in depth.
"""

from __future__ import annotations

import io
import os
import re
import stat
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from .submission import LARGEST_FILE

__all__ = ["Entry", "entries"]

LARGEST_ZIP = 200_000_000
MOST_FILES = 50_000
DEEPEST_ZIP = 3
DEEPEST_FOLDER = 50
MOODLE = re.compile(r"^(?P<name>.+?)_(?P<id>\d+)_assignsubmission_[a-z]+(_(?P<file>.*))?$", re.S)
CANVAS = re.compile(r"^(?P<name>[^_]+?)(?P<late>_late)?_(?P<id>\d+)_\d+_(?P<file>.+)$", re.I)
_NOISE = (
    *("__MACOSX", ".ipynb_checkpoints", ".DS_Store", "__pycache__", "Thumbs.db", "desktop.ini"),
    *(".git", ".venv", "node_modules"),
)


@dataclass(frozen=True)
class Entry:
    """A file somewhere: its path below what was named, its bytes or why there are none."""

    path: PurePosixPath
    content: bytes = b""
    problem: str = ""
    date: tuple[int, ...] = ()


@dataclass
class _Room:
    """What a student's zip, and the zips in it, may still unpack to."""

    depth: int = DEEPEST_ZIP
    files: int = MOST_FILES
    bytes: int = LARGEST_ZIP

    def take(self, files: int, size: int) -> None:
        self.files -= files
        self.bytes -= size
        if self.files < 0:
            raise ValueError(f"more than {MOST_FILES:,} files")
        if self.bytes < 0:
            raise ValueError(f"more than {LARGEST_ZIP // 1_000_000} MB unpacked")


def entries(path: Path, leave_out: Path | None = None) -> Iterator[Entry]:
    """The files of a folder or a zip, or the one file that is named.

    Args:
        path: as the lecturer gave it.
        leave_out: a folder whose files are none of them: the results of an earlier run.

    Raises:
        FileNotFoundError: nothing is there.
    """
    if not path.exists():
        raise FileNotFoundError(f"{path} is not there.")
    if path.is_dir():
        yield from _in_folder(path, leave_out)
    elif path.suffix.lower() == ".zip":
        yield from _in_zip_of_class(path)
    else:
        yield _read(path.resolve(), PurePosixPath(path.name))


def _in_folder(path: Path, leave_out: Path | None) -> Iterator[Entry]:
    found = {one: PurePosixPath(one.relative_to(path).as_posix()) for one in _below(path)}
    if leave_out and leave_out.resolve().is_relative_to(path.resolve()):
        results = PurePosixPath(leave_out.resolve().relative_to(path.resolve()).as_posix())
        found = {one: name for one, name in found.items() if not name.is_relative_to(results)}
    found = {one: name for one, name in found.items() if not _is_noise(name)}
    files = {one: name for one, name in found.items() if one.is_symlink() or not one.is_dir()}
    for one, name in found.items():
        if one not in files and len(name.parts) == DEEPEST_FOLDER:
            files[one] = name
    full = {parent for one in files for parent in one.parents}
    for one in sorted(found.keys() - files.keys() - full):
        if one.parent == path or one.suffix == ".ipynb":
            yield Entry(found[one] / "(no file)", problem="it is a folder with no file in it")
    wrapper = _wrapper(files.values())
    for one in sorted(files):
        yield from _opened(_read(one, files[one].relative_to(wrapper)))


def _below(path: Path) -> Iterator[Path]:
    """All files and folders, down to a depth; links aren't followed."""
    waiting = [(path, 1)]
    while waiting:
        folder, depth = waiting.pop()
        for one in sorted(folder.iterdir()) if os.access(folder, os.R_OK | os.X_OK) else ():
            yield one
            if depth < DEEPEST_FOLDER and one.is_dir() and not one.is_symlink():
                waiting.append((one, depth + 1))


def _in_zip_of_class(path: Path) -> Iterator[Entry]:
    try:
        with zipfile.ZipFile(path) as archive:
            named = _named_files(archive)
            wrapper = _wrapper(named.values())
            for info, name in named.items():
                for entry in _zip_entry(archive, info, name.relative_to(wrapper)):
                    yield from _opened(entry)
    except Exception as error:  # what a damaged archive raises is nowhere listed
        yield Entry(PurePosixPath(path.name), problem=_damaged("the", error))


def _wrapper(names: Iterable[PurePosixPath]) -> PurePosixPath:
    """The folder that everything lies in, if it is the class's: it holds exports or folders of
    several students, so that its name is nobody's."""
    names = list(names)
    if len({name.parts[0] for name in names}) != 1:
        return PurePosixPath()
    second = {name.parts[1]: len(name.parts) > 2 for name in names if len(name.parts) > 1}
    folders = {name.parts[1] for name in names if len(name.parts) > 2 and name.suffix == ".ipynb"}
    exports = [name for name in second if MOODLE.match(name) or CANVAS.match(name)]
    return PurePosixPath(names[0].parts[0]) if exports or len(folders) > 1 else PurePosixPath()


def _read(file: Path, below: PurePosixPath) -> Entry:
    if file.is_symlink():
        return Entry(below, problem="it is a link, not a file")
    if file.is_dir():
        return Entry(below, problem=f"it lies in more than {DEEPEST_FOLDER} folders")
    if not file.is_file():
        return Entry(below, problem="it is not an ordinary file")
    date = (int(file.stat().st_mtime),)
    if file.stat().st_size > _largest(below):
        return Entry(below, problem=_too_large(below), date=date)
    try:
        return Entry(below, file.read_bytes(), date=date)
    except OSError as error:
        return Entry(below, problem=f"the file can't be read ({error.strerror})", date=date)


def _largest(name: PurePosixPath) -> int:
    return LARGEST_ZIP if name.suffix.lower() == ".zip" else LARGEST_FILE


def _too_large(name: PurePosixPath) -> str:
    return f"the file is larger than {_largest(name) // 1_000_000} MB"


def _opened(entry: Entry, room: _Room | None = None) -> Iterator[Entry]:
    """The entries of a student's zip, below its folder; any other file as it is."""
    if entry.path.suffix.lower() != ".zip" or entry.problem:
        yield entry
        return
    # A zip that lies in no folder is a student by its name.
    folder = entry.path.parent if len(entry.path.parts) > 1 else entry.path
    room = room or _Room()
    room.depth -= 1
    empty = True
    try:
        if room.depth < 0:
            raise ValueError(f"more than {DEEPEST_ZIP} zips in one another")
        for one in _unzipped(entry.content, folder, room):
            empty = False
            yield one
        if empty:
            raise ValueError("it holds no file")
    except Exception as error:  # as above
        yield replace(entry, content=b"", problem=_damaged("the", error))
    room.depth += 1


def _unzipped(content: bytes, folder: PurePosixPath, room: _Room) -> Iterator[Entry]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        named = _named_files(archive)
        room.take(len(archive.infolist()), 0)
        for info, name in named.items():
            for entry in _zip_entry(archive, info, folder / name):
                room.take(0, len(entry.content))
                yield from _opened(entry, room)


def _damaged(whose: str, error: Exception) -> str:
    return f"{whose} zip can't be read ({str(error)[:80]})"


def _named_files(archive: zipfile.ZipFile) -> dict[zipfile.ZipInfo, PurePosixPath]:
    """The files of an archive; their names can't lead out of it."""
    named = {}
    for info in archive.infolist():
        parts = [part for part in re.split(r"[/\\]", info.filename) if part not in ("", ".", "..")]
        path = PurePosixPath(*parts)
        if parts and not info.is_dir() and not _is_noise(path):
            named[info] = path
    return named


def _zip_entry(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: PurePosixPath
) -> Iterator[Entry]:
    """One file of a zip, never more of it than a submission may have."""
    if stat.S_ISLNK(info.external_attr >> 16):
        yield Entry(path, problem="it is a link, not a file", date=info.date_time)
        return
    try:
        with archive.open(info) as file:
            content = file.read(_largest(path) + 1)
    except Exception as error:  # as above: zlib, lzma and struct have errors of their own
        yield Entry(path, problem=_damaged("its", error), date=info.date_time)
        return
    if len(content) > _largest(path):
        yield Entry(path, problem=_too_large(path), date=info.date_time)
    else:
        yield Entry(path, content, date=info.date_time)


def _is_noise(path: PurePosixPath) -> bool:
    return any(part in _NOISE or part.startswith("._") for part in path.parts)
