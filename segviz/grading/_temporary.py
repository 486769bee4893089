"""Temporary folders that say whose they are, so that those of a killed run can be swept away."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from pathlib import Path

import psutil

_NAME = re.compile(r"segviz-[a-z]+-(\d+)-\w+")


def temporary_folder(kind: str) -> str:
    """Make an empty folder that only we can read."""
    return tempfile.mkdtemp(prefix=f"segviz-{kind}-{os.getpid()}-")


def sweep() -> None:
    """Remove our folders whose process is gone."""
    for path in Path(tempfile.gettempdir()).glob("segviz-*"):
        match = _NAME.fullmatch(path.name)
        if match and not path.is_symlink() and not psutil.pid_exists(int(match[1])):
            shutil.rmtree(path, ignore_errors=True)
