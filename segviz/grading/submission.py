"""What a student handed in: only the answers are taken out of it, however battered it is.

Outputs, checks, tags, kernels and metadata are ignored. Nothing here runs anything.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from .exercise import Exercise

__all__ = ["Extracted", "Rejected", "extract"]

LARGEST_FILE = 20_000_000
LONGEST_ANSWER = 200_000
_MOST_CELLS = 20_000
_MOST_EXTRA_CELLS = 200
_SIGNATURES = {
    b"%PDF": "it is a PDF",
    b"PK\x03\x04": "it is a zip file or an office document",
    b"\x89PNG": "it is a picture",
    b"<": "it is a web page (HTML)",
    b"\x1f\x8b": "it is a compressed archive",
}


class Rejected(ValueError):
    """Not graded: the file is at fault, and this is why."""


@dataclass
class Extracted:
    """The answers found, by task; what a reader should know; the cells that the student added."""

    answers: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    extras: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Found:
    """A cell of the submission, whatever its format was."""

    kind: str
    source: str
    names: frozenset[str]


def extract(exercise: Exercise, content: bytes) -> Extracted:
    """Take the answers out of a submitted file.

    Args:
        exercise: which one it should be.
        content: the file's bytes.

    Raises:
        Rejected: it is no notebook, damaged, or another exercise's.
    """
    cells = list(_cells(_notebook(content)))
    if len(cells) > _MOST_CELLS:
        raise Rejected(f"the notebook has more than {_MOST_CELLS:,} cells")
    if not cells:
        raise Rejected("the notebook has no cells")
    result = Extracted()
    taken: set[int] = set()
    seen = False
    for task in exercise.tasks.values():
        assert task.answer is not None
        candidates = _candidates(cells, task.answer.identity, task.name, task.answer.stub)
        seen = seen or bool(candidates)
        taken |= set(candidates)
        _choose(result, cells, candidates, task.name, task.answer.stub)
    if not seen:
        raise Rejected("none of this exercise's answer cells is in it; is it another exercise?")
    pristine = {_bare(cell.source) for cell in exercise.cells}
    known = {cell.identity for cell in exercise.cells}
    result.extras += [
        cell.source
        for place, cell in enumerate(cells)
        if place not in taken and cell.kind == "code" and not cell.names & known
        if cell.source.strip() and _bare(cell.source) not in pristine
    ]
    result.extras = result.extras[:_MOST_EXTRA_CELLS]
    return result


def _candidates(cells: list[_Found], identity: str, function: str, stub: str) -> list[int]:
    """The cells that carry the answer's id and, should it be lost or unanswered, those that define
    it: a stub may have been left as it is, and the answer written elsewhere."""
    named = {place for place, cell in enumerate(cells) if identity in cell.names}
    defines = re.compile(
        rf"^(?:(?:async[ \t]+)?def|class)[ \t]+{function}\b|"
        rf"^{function}[ \t]*(?::[^=\n]*)?=(?!=)",
        re.M,
    )
    defining = {place for place, cell in enumerate(cells) if defines.search(cell.source)}
    if any(_is_written(cells[place].source, stub) for place in named & defining):
        defining = {place for place in defining if not cells[place].names}
    return sorted(named | defining)


def _is_written(source: str, stub: str) -> bool:
    return bool(source.strip()) and _bare(source) != _bare(stub)


def _choose(
    result: Extracted, cells: list[_Found], candidates: list[int], name: str, stub: str
) -> None:
    if not candidates:
        result.notes.append(f"{name}: no answer cell found; did you delete it?")
        return
    sources = [cells[place].source for place in candidates]
    written = [text for text in sources if _is_written(text, stub)]
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


def _notebook(content: bytes) -> dict[str, Any]:
    if not content.strip():
        raise Rejected("the file is empty")
    if len(content) > LARGEST_FILE:
        raise Rejected(f"the file is larger than {LARGEST_FILE // 1_000_000} MB; clear its outputs")
    text = _decoded(content).rstrip("\x00")  # a computer that crashed leaves them behind a file
    try:
        notebook = json.loads(text)
    except json.JSONDecodeError as error:
        cut_off = text.lstrip().startswith("{") and error.pos >= len(text.rstrip()) - 1
        kind = next((words for mark, words in _SIGNATURES.items() if content.startswith(mark)), "")
        if kind:
            raise Rejected(f"{kind}, not a notebook") from None
        words = "the file is cut off (not valid JSON)" if cut_off or "Untermin" in error.msg else ""
        raise Rejected(words or "the file is not a notebook (not valid JSON)") from None
    except (RecursionError, ValueError):
        raise Rejected("the file is nested too deeply or holds numbers too long to read") from None
    if not isinstance(notebook, dict) or not isinstance(_list_of_cells(notebook), list):
        raise Rejected("the file is JSON, but not a notebook")
    return notebook


def _decoded(content: bytes) -> str:
    codec = json.detect_encoding(content)
    try:
        return content.decode("utf-8-sig" if codec == "utf-8" else codec)
    except UnicodeDecodeError:
        if content.lstrip()[:1] == b"{":
            return content.decode("latin-1")
        kind = next((words for mark, words in _SIGNATURES.items() if content.startswith(mark)), "")
        raise Rejected(f"{kind or 'it is not text'}, not a notebook") from None


def _list_of_cells(notebook: dict[str, Any]) -> Any:
    """The cells of nbformat 4, or of 3 and 2, which had sheets."""
    if "cells" in notebook or "worksheets" not in notebook:
        return notebook.get("cells")
    sheets = notebook["worksheets"]
    if not isinstance(sheets, list):
        return None
    return [
        cell
        for sheet in sheets
        if isinstance(sheet, dict) and isinstance(sheet.get("cells"), list)
        for cell in sheet["cells"]
    ]


def _cells(notebook: dict[str, Any]) -> Iterator[_Found]:
    for cell in _list_of_cells(notebook):
        if not isinstance(cell, dict):
            continue
        source = _text(cell.get("source", cell.get("input", "")))
        kind = str(cell.get("cell_type", "code"))
        if kind != "code":
            source = _unfenced(source)
        yield _Found(kind, source, frozenset(_names(cell)))


def _unfenced(source: str) -> str:
    """The code in a text cell that is nothing but code between two fences."""
    fence, _, rest = source.strip().partition("\n")
    if re.fullmatch(r"```\w*\s*", fence) and rest.endswith("```"):
        return rest.removesuffix("```").removesuffix("\n")
    return source


def _text(source: Any) -> str:
    """Source is text or a list of lines; what can't be said in UTF-8 is replaced."""
    if isinstance(source, list):
        source = "".join(part for part in source if isinstance(part, str))
    if not isinstance(source, str):
        return ""
    source = source.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")
    return source.removeprefix("\ufeff").encode("utf-8", "replace").decode()


def _names(cell: dict[str, Any]) -> Iterator[str]:
    metadata = cell.get("metadata")
    nbgrader = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    grade_id = nbgrader.get("grade_id") if isinstance(nbgrader, dict) else None
    for name in (grade_id, cell.get("id")):
        if isinstance(name, str) and name:
            yield name
