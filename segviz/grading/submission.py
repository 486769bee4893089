"""What a student handed in: only the answers are taken out of it, however battered it is.

Outputs, checks, tags, kernels and metadata are ignored. Nothing here runs anything.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from ._cells import LARGEST_FILE, Found, Rejected, cells_of
from .exercise import Exercise

__all__ = ["LARGEST_FILE", "Extracted", "Rejected", "extract"]

LONGEST_ANSWER = 200_000
_MOST_EXTRA_CELLS = 200


@dataclass
class Extracted:
    """The answers found, by task; what a reader should know; the cells that the student added or
    changed; by task, its last definition in the notebook, if that is another cell's."""

    answers: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    extras: list[str] = field(default_factory=list)
    last: dict[str, str] = field(default_factory=dict)


def extract(exercise: Exercise, content: bytes) -> Extracted:
    """Take the answers out of a submitted file.

    Args:
        exercise: which one it should be.
        content: the file's bytes.

    Raises:
        Rejected: it is no notebook, damaged, or another exercise's.
    """
    identities = {task.answer.identity for task in exercise.tasks.values() if task.answer}
    cells = cells_of(content, identities)
    result = Extracted()
    taken: set[int] = set()
    seen = False
    for task in exercise.tasks.values():
        assert task.answer is not None
        candidates = _candidates(cells, task.answer.identity, task.name, task.answer.stub)
        seen = seen or bool(candidates)
        taken |= set(candidates)
        _choose(result, cells, candidates, task.name, task.answer.stub)
        _note_last(result, cells, task.name, task.answer.stub)
    if not seen:
        raise Rejected("none of this exercise's answer cells is in it; is it another exercise?")
    pristine = {_bare(cell.source) for cell in exercise.cells}
    result.extras += [
        cell.source
        for place, cell in enumerate(cells)
        if place not in taken and cell.kind == "code"
        if cell.source.strip() and _bare(cell.source) not in pristine
    ]
    result.extras = result.extras[:_MOST_EXTRA_CELLS]
    return result


def _candidates(cells: list[Found], identity: str, function: str, stub: str) -> list[int]:
    """The cells that carry the answer's id and, should it be lost or unanswered, those that define
    it: a stub may have been left as it is, and the answer written elsewhere."""
    named = {place for place, cell in enumerate(cells) if identity in cell.names}
    defines = _definition(function)
    defining = {place for place, cell in enumerate(cells) if defines.search(cell.source)}
    if any(_is_written(cells[place].source, stub) for place in named & defining):
        defining = {place for place in defining if not cells[place].names}
    return sorted(named | defining)


def _definition(function: str) -> re.Pattern[str]:
    return re.compile(
        rf"^(?:(?:async[ \t]+)?def|class)[ \t]+{function}\b|"
        rf"^{function}[ \t]*(?::[^=\n]*)?=(?!=)",
        re.M,
    )


def _note_last(result: Extracted, cells: list[Found], name: str, stub: str) -> None:
    """What the notebook, run from top to bottom, leaves defined."""
    defines = _definition(name)
    sources = [cell.source for cell in cells if cell.kind == "code" and defines.search(cell.source)]
    written = [source for source in sources if _is_written(source, stub)]
    if written and name in result.answers and written[-1] != result.answers[name]:
        result.last[name] = written[-1]


def _is_written(source: str, stub: str) -> bool:
    return bool(source.strip()) and _bare(source) != _bare(stub)


def _choose(
    result: Extracted, cells: list[Found], candidates: list[int], name: str, stub: str
) -> None:
    if not candidates:
        result.notes.append(f"{name}: no answer cell found; did you delete it?")
        return
    found = [cells[place] for place in candidates if _is_written(cells[place].source, stub)]
    code = [cell for cell in found if cell.kind == "code"]
    written = [cell.source for cell in code or found]  # a text may quote what it is about
    if not written:
        result.notes.append(f"{name}: not answered.")
        return
    defining = [text for text in written if re.search(rf"\b{name}\b", text)] or written
    answer = defining[-1]
    if len(written) > 1:
        result.notes.append(f"{name}: {len(written)} answers found; the last one was taken.")
        result.extras += [text for text in written if text is not answer]
    if len(answer) > LONGEST_ANSWER:
        result.notes.append(f"{name}: longer than {LONGEST_ANSWER:,} characters; not graded.")
        return
    result.answers[name] = answer


def _bare(source: str) -> str:
    """The text without what an editor may change by itself."""
    return "\n".join(line.rstrip() for line in source.strip().splitlines() if line.strip())
