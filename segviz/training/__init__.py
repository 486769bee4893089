"""Train a network: one visible loop, recipes that use it, checkpoints that keep what was learned.

Names are imported when they are first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .cards import Card
    from .checkpoints import load_card, load_checkpoint, save_checkpoint
    from .devices import device
    from .loop import fit
    from .recipe import Recipe
    from .recipes import evaluate, list_recipes, train

_HOME = {
    "Card": "cards",
    "Recipe": "recipe",
    "device": "devices",
    "evaluate": "recipes",
    "fit": "loop",
    "list_recipes": "recipes",
    "load_card": "checkpoints",
    "load_checkpoint": "checkpoints",
    "save_checkpoint": "checkpoints",
    "train": "recipes",
}

__all__ = [
    "Card",
    "Recipe",
    "device",
    "evaluate",
    "fit",
    "list_recipes",
    "load_card",
    "load_checkpoint",
    "save_checkpoint",
    "train",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
