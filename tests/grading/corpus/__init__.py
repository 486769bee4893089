"""Submissions to exercise 06, made by code, each with the points that it must get.

``forgeries`` gain nothing, ``hostile`` ones harm nothing, ``unlucky`` ones lose nothing that is
due, ``malformed`` ones end as a line with the reason.
"""

from __future__ import annotations

from pathlib import Path

from .accidents import ACCIDENTS
from .cases import Case
from .deeper import DEEPER
from .forgeries import FORGERIES
from .habits import HABITS
from .hostile import HOSTILE
from .malformed import MALFORMED, write_special
from .messages import MESSAGES
from .objects import OBJECTS
from .unlucky import UNLUCKY

CASES: dict[str, Case] = {
    **FORGERIES,
    **OBJECTS,
    **HOSTILE,
    **DEEPER,
    **MESSAGES,
    **UNLUCKY,
    **ACCIDENTS,
    **HABITS,
    **MALFORMED,
}


def write(folder: Path, names: list[str] | None = None) -> dict[str, Case]:
    """Write submissions below `folder`, and return what each must get, by student."""
    chosen = {name: CASES[name] for name in names or CASES}
    for name, case in chosen.items():
        for file, content in case.files(name).items():
            path = folder / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        write_special(folder, name)
    return chosen
