"""The cells of a submitted file, whatever happened to it: its encoding, its format, its parts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

__all__ = ["LARGEST_FILE", "Found", "Rejected", "cells_of"]

LARGEST_FILE = 20_000_000
_MOST_CELLS = 20_000
_LONGEST_JOINED = 20_000
_SIGNATURES = {
    b"%PDF": "it is a PDF",
    b"PK\x03\x04": "it is a zip file or an office document",
    b"\x89PNG": "it is a picture",
    b"<": "it is a web page (HTML)",
    b"\x1f\x8b": "it is a compressed archive",
}


class Rejected(ValueError):
    """Not graded: the file is at fault, and this is why."""


@dataclass(frozen=True)
class Found:
    """A cell of the submission, whatever its format was."""

    kind: str
    source: str
    names: frozenset[str]


def cells_of(content: bytes, answers: set[str]) -> list[Found]:
    """Read a file's cells.

    Args:
        content: its bytes.
        answers: the ids of answer cells, of which no two are ever parts of one.

    Raises:
        Rejected: it is no notebook, or damaged.
    """
    cells = list(_cells(_notebook(content)))
    if len(cells) > _MOST_CELLS:
        raise Rejected(f"the notebook has more than {_MOST_CELLS:,} cells")
    if not cells:
        raise Rejected("the notebook has no cells")
    joined: list[Found] = []
    for cell in cells:
        above = joined[-1] if joined else None
        if above and not (cell.names & answers) - above.names and _is_lower_part(above, cell):
            source = f"{above.source.rstrip()}\n{cell.source}"
            joined[-1] = Found("code", source, above.names | cell.names)
        else:
            joined.append(cell)
    return joined


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


def _cells(notebook: dict[str, Any]) -> Iterator[Found]:
    for cell in _list_of_cells(notebook):
        if not isinstance(cell, dict):
            continue
        source = _text(cell.get("source", cell.get("input", "")))
        kind = str(cell.get("cell_type", "code"))
        if kind != "code":
            source = _unfenced(source)
        yield Found(kind, source, frozenset(_names(cell)))


def _is_lower_part(above: Found, cell: Found) -> bool:
    """Whether a cell was cut within a function: what is below begins indented, as it was."""
    if {above.kind, cell.kind} != {"code"} or len(above.source) > _LONGEST_JOINED:
        return False
    end = above.source.rstrip().rpartition("\n")[2]
    begin = cell.source.lstrip("\n").partition("\n")[0]
    another = re.match(r"\s*(?:def|class|async|@|%|!|#)", begin)
    inside = end[:1] in (" ", "\t") or end.endswith(":")
    return inside and begin[:1] in (" ", "\t") and bool(begin.strip()) and not another


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
    kept = metadata.get("id") if isinstance(metadata, dict) else None  # where Colab puts it
    for name in (grade_id, cell.get("id"), kept):
        if isinstance(name, str) and name:
            yield name
