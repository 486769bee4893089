"""Files of a set on disk: the read-only local folder first, then the cache; SHA-256 always checked.

Both are laid out as the ``path`` column of ``data/registry.tsv``.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from .catalogue import DataFile, DataSet, course_data

# Files already read in this process and found good, as they were then: path, size, time.
_GOOD: set[tuple[str, str, int, int]] = set()


@dataclass(frozen=True)
class Folders:
    """Where files are looked for, in this order."""

    local: Path | None
    cache: Path

    def find(self, file: DataFile) -> Path | None:
        """Return the first place where the file lies, whatever it holds."""
        for folder in (self.local, self.cache):
            # os.path.exists: a folder that may not be looked into holds nothing for us.
            if folder is not None and os.path.exists(folder / file.path):
                return folder / file.path
        return None

    def is_local(self, path: Path) -> bool:
        """Tell whether a path that ``find`` returned lies in the read-only local folder."""
        return self.local is not None and path.is_relative_to(self.local)


def folders() -> Folders:
    """Return the two folders that the environment names now.

    Raises:
        ValueError: ``$SEGVIZ_DATA`` names no folder.
    """
    return Folders(_local_folder(), cache_folder())


def cache_folder() -> Path:
    """Return the folder that downloads go to: ``$SEGVIZ_CACHE``, or the user's cache folder."""
    named = os.environ.get("SEGVIZ_CACHE", "")
    if named:
        return Path(os.path.expanduser(named)).absolute()
    import pooch

    return Path(pooch.os_cache("segviz"))


def _local_folder() -> Path | None:
    named = os.environ.get("SEGVIZ_DATA", "")
    if not named:
        return None
    # A relative path means the same in the repository and in a notebook two folders below it.
    for base in (Path(), course_data().parent):
        folder = base / os.path.expanduser(named)
        if os.path.isdir(folder):
            return folder.resolve()
    raise ValueError(f"SEGVIZ_DATA={named} is no folder. Correct it, or unset it to use the cache.")


def is_good(file: DataFile, path: Path, *, again: bool = False) -> bool:
    """Tell whether a file on disk is the pinned one.

    Its bytes are read once per process, and once more if its size or time of change has changed
    since; ``again`` reads them in any case.

    Raises:
        OSError: it cannot be read.
    """
    status = path.stat()
    if status.st_size != file.bytes:
        return False
    seen = (str(path), file.sha256, status.st_size, status.st_mtime_ns)
    if again or seen not in _GOOD:
        if hashlib.sha256(path.read_bytes()).hexdigest() != file.sha256:
            return False
        _GOOD.add(seen)
    return True


def ready(entry: DataSet, file: DataFile, places: Folders) -> bool:
    """Tell whether a file is on disk and good; False where a download should replace it.

    Raises:
        DatasetUnavailable: the local folder, which is never written to, holds a damaged copy.
    """
    path = places.find(file)
    if path is None:
        return False
    try:
        good = is_good(file, path)
    except OSError as error:
        raise entry.unavailable(f"cannot read {path}: {error.strerror}.") from None
    if not good and places.is_local(path):
        raise entry.unavailable(_damaged(entry, path, places))
    return good


def read(entry: DataSet, file: DataFile) -> bytes:
    """Return the bytes of a file on disk; they are the pinned ones.

    Raises:
        DatasetUnavailable: the file is missing, unreadable or damaged.
    """
    places = folders()
    path = places.find(file)
    if path is None:
        raise entry.unavailable(f"{file.path} is on disk no more. Run {remedy(entry)}.")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise entry.unavailable(f"cannot read {path}: {error.strerror}.") from None
    if hashlib.sha256(content).hexdigest() != file.sha256:
        raise entry.unavailable(_damaged(entry, path, places))
    return content


def remedy(entry: DataSet) -> str:
    """Return the command that downloads a set."""
    return f"`segviz data fetch {entry.name}{' --all' if entry.first else ''}`"


def _damaged(entry: DataSet, path: Path, places: Folders) -> str:
    if places.is_local(path):
        return f"{path} is damaged (wrong SHA-256). Copy it again, or unset SEGVIZ_DATA."
    return f"{path} is damaged (wrong SHA-256). Run {remedy(entry)}."
