"""Live widgets: Python computes each step with ``segviz.ops``, the browser draws and plays it.

A widget is found by its two files of one stem, ``<stem>.py`` and ``<stem>.js``; nothing is
registered. ``segviz.widgets._base`` says how to add one.
"""

from __future__ import annotations

import importlib
import re
from functools import cache
from pathlib import Path
from typing import Any

_CLASS = re.compile(r"^class ([A-Z]\w*)\(TraceWidget\)", re.MULTILINE)


@cache
def _stems() -> dict[str, str]:
    """Class name -> module, read from the files, so that one widget does not load the others."""
    files = (file for file in sorted(Path(__file__).parent.glob("[a-z]*.py")))
    return {
        name: file.stem
        for file in files
        if file.with_suffix(".js").exists()
        for name in _CLASS.findall(file.read_text("utf-8"))
    }


def __getattr__(name: str) -> Any:
    if name in _stems():
        return getattr(importlib.import_module(f"{__name__}.{_stems()[name]}"), name)
    if name == "__all__":
        return sorted(_stems())
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(_stems())
