"""Files that are there whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from segviz.ops._checks import shown


def as_path(value: object, name: str) -> Path:
    """Return ``value`` as a path, if it names one."""
    if not isinstance(value, (str, os.PathLike)):
        raise TypeError(f"{name}={shown(value)} must be a path. Use a str or a pathlib.Path.")
    return Path(value)


def made_folder(place: Path, given: str) -> Path:
    """Return the folder, made if need be, once a file could be written there.

    Raises
    ------
    OSError
        If it cannot be.
    """
    try:
        place.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=place):
            return place
    except OSError as error:
        in_the_way = isinstance(error, (FileExistsError, NotADirectoryError))
        reason = "a file is in the way" if in_the_way else error.strerror
        raise type(error)(
            f"{given} needs a folder to write to, but {str(place)!r} cannot be one ({reason}). "
            "Use a folder of your own, such as 'checkpoints'."
        ) from None


def write_atomically(path: Path, content: bytes) -> None:
    """Write beside the file, then move into its place: nobody ever reads a half-written one."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def remove_with_leftovers(path: Path) -> None:
    """Remove a file, if it is there, and what a killed process left of its next version."""
    path.unlink(missing_ok=True)
    if path.parent.is_dir():
        for temporary in path.parent.glob(f".{path.name}.*"):
            temporary.unlink(missing_ok=True)
