"""Pictures in, samples out: real sets, their drawn stand-ins, your own picture.

Names are imported when they are first used, so that looking up a set does not load torch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .catalogue import DatasetUnavailable
    from .loading import load
    from .pictures import bundled_pictures, picture
    from .samples import About, Sample, Samples

_HOME = {
    "About": "samples",
    "DatasetUnavailable": "catalogue",
    "Sample": "samples",
    "Samples": "samples",
    "bundled_pictures": "pictures",
    "load": "loading",
    "picture": "pictures",
}
_MODULES = ("registry", "synthetic")

__all__ = [
    "About",
    "DatasetUnavailable",
    "Sample",
    "Samples",
    "bundled_pictures",
    "load",
    "picture",
    "registry",
    "synthetic",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
    if name in _MODULES:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
