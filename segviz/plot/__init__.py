"""Figures of the lectures: arrays in, matplotlib Axes out.

Every public function of the modules here is offered as ``segviz.plot.<function>``; nothing is
registered.
"""

from __future__ import annotations

import importlib
import re
import sys
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

_FUNCTION = re.compile(r"^def ([a-z]\w*)\(", re.MULTILINE)


@cache
def _stems() -> dict[str, str]:
    """Function name -> module, read from the files, so that matplotlib waits until a figure."""
    return {
        name: file.stem
        for file in sorted(Path(__file__).parent.glob("[a-z]*.py"))
        for name in _FUNCTION.findall(file.read_text("utf-8"))
    }


class _Package(ModuleType):
    """Keeps ``segviz.plot.pictures`` the function: Python binds the module of that name here."""

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, ModuleType) and hasattr(value, name):
            value = getattr(value, name)
        super().__setattr__(name, value)


def __getattr__(name: str) -> Any:
    if name in _stems():
        return getattr(importlib.import_module(f"{__name__}.{_stems()[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(_stems())


sys.modules[__name__].__class__ = _Package
