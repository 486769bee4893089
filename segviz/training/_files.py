"""Files that are there whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


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
