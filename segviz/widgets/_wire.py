"""What travels to the browser: one JS module a widget, arrays as bytes, values as colour codes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

_HERE = Path(__file__).parent
_SHARED = ("core.js", "drawing.js", "editing.js", "controls.js", "canvas.js", "tables.js")
_IMPORT = re.compile(r'^import\s*\{[^}]*\}\s*from\s*"\./(\w+\.js)";\n', re.MULTILINE)


def source(stem: str) -> str:
    """The widget's JS and the files it shares, as one module that imports nothing."""
    names = [*_SHARED, *_imported(f"{stem}.js"), f"{stem}.js"]
    files = ((_HERE / name).read_text("utf-8") for name in dict.fromkeys(names))
    return "\n".join(_IMPORT.sub("", file) for file in files)


def _imported(name: str) -> list[str]:
    """The files that a file imports, and that those import, each after what it needs."""
    direct = _IMPORT.findall((_HERE / name).read_text("utf-8"))
    return [one for file in direct for one in (*_imported(file), file)]


def style() -> str:
    """The one style sheet of all widgets."""
    return (_HERE / "core.css").read_text("utf-8")


def codes(values: np.ndarray, limit: float) -> np.ndarray:
    """Values as uint8 for a signed colour table: 128 is zero, 1 is ``-limit``, 255 ``+limit``.

    >>> codes(np.array([-2.0, 0.0, 0.5]), 1.0)
    array([  1, 128, 192], dtype=uint8)
    """
    scaled = np.rint(np.clip(np.asarray(values) / limit, -1, 1) * 127)
    return (scaled + 128).astype(np.uint8)


def pack(values: Mapping[str, Any]) -> dict[str, Any]:
    """Arrays as shape, type and bytes, so that they travel as binary; the rest as it is.

    >>> pack({"row": np.array([1, 2], np.uint8), "text": "a"})
    {'row': {'shape': [2], 'dtype': 'uint8', 'data': b'\\x01\\x02'}, 'text': 'a'}
    """
    return {
        name: _packed(value) if isinstance(value, np.ndarray) else value
        for name, value in values.items()
    }


def _packed(array: np.ndarray) -> dict[str, Any]:
    array = np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<"), copy=False)
    return {"shape": list(array.shape), "dtype": array.dtype.name, "data": array.tobytes()}
