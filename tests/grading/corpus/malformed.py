"""Files that can't be graded: a line in the report says why, and the run goes on."""

from __future__ import annotations

import io
import json
import os
import zipfile
from pathlib import Path

from .cases import IMPORTS, Case, answers, code_cell, notebook


def _rejected(content: bytes, note: str, file: str = "06_transposed_convolution.ipynb") -> Case:
    return Case(lambda: content, None, note, file)


def _zip(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def _encrypted() -> bytes:
    """A zip whose one entry says that it is encrypted."""
    content = bytearray(_zip({"06.ipynb": b"{}"}))
    content[6] |= 1
    content[content.find(b"PK\x01\x02") + 8] |= 1
    return bytes(content)


def _damaged() -> bytes:
    """A zip whose one entry unpacks to nothing but an error of zlib's."""
    content = bytearray(_zip({"06.ipynb": bytes(range(256)) * 9}))
    content[38:48] = b"\xff" * 10
    return bytes(content)


def _nested() -> bytes:
    content = _zip({"06.ipynb": notebook(answers())})
    for _ in range(40):
        content = _zip({"inner.zip": content})
    return content


def write_special(folder: Path, name: str) -> None:
    """What is no ordinary file: a link to another student's work, a pipe, a folder, a hole."""
    place = folder / name
    path = place / "06_transposed_convolution.ipynb"
    if not name.startswith("special-"):
        return
    place.mkdir(exist_ok=True)
    if name == "special-folder":
        path.mkdir()
    elif name == "special-link":
        path.symlink_to(folder / "good" / path.name)
    elif name == "special-pipe":
        os.mkfifo(path)
    elif name == "special-hole":
        with path.open("wb") as file:
            file.truncate(10**10)


MALFORMED: dict[str, Case] = {
    "bad-empty": _rejected(b"", "the file is empty"),
    "bad-cut-off": _rejected(notebook(answers())[:700], "the file is cut off"),
    "bad-cut-off-early": _rejected(b'{"cells": [', "the file is cut off"),
    "bad-pdf": _rejected(b"%PDF-1.7\n\xff\xfe", "it is a PDF"),
    "bad-office": _rejected(
        b"PK\x03\x04\x14\x00\xff\xfe", "it is a zip file or an office document"
    ),
    "bad-web-page": _rejected(b"<!doctype html><title>Jupyter</title>", "it is a web page"),
    "bad-picture": _rejected(b"\x89PNG\r\n\x1a\n\xff", "it is a picture"),
    "bad-noise": _rejected(bytes(range(128, 256)) * 10, "not text"),
    "bad-python": _rejected(b"def stamp(x): return x\n", "not a notebook"),
    "bad-list": _rejected(b"[]", "JSON, but not a notebook"),
    "bad-no-cells": _rejected(b"{}", "JSON, but not a notebook"),
    "bad-cells-are-text": _rejected(b'{"cells": "many"}', "JSON, but not a notebook"),
    "bad-no-cell": _rejected(b'{"cells": []}', "no cells"),
    "bad-cells-are-numbers": _rejected(b'{"cells": [1, null, "x"]}', "no cells"),
    "bad-other-exercise": _rejected(
        notebook([code_cell(IMPORTS), code_cell("def iou(a, b):\n    return 1", "answer-iou")]),
        "is it another exercise?",
    ),
    "bad-deep": _rejected(b'{"cells": ' + b"[" * 200_000, "nested too deeply"),
    "bad-long-number": _rejected(b'{"cells": [], "n": ' + b"9" * 10_000 + b"}", "too long to read"),
    "bad-large": _rejected(b"{" + b" " * 20_000_001, "larger than 20 MB"),
    "bad-zip": _rejected(b"PK\x03\x04broken", "zip can't be read", "work.zip"),
    "bad-zip-encrypted": _rejected(_encrypted(), "zip can't be read", "work.zip"),
    "bad-zip-bomb": _rejected(_zip({"06.ipynb": bytes(10**8)}), "larger than 20 MB", "work.zip"),
    "bad-only-a-text": _rejected(json.dumps("hello").encode(), "JSON, but not", "06.ipynb"),
    "bad-many-cells": _rejected(b'{"cells": [' + b"{}," * 4_000_000 + b"{}]}", "more than 20,000"),
    "bad-zip-damaged": _rejected(_damaged(), "its zip can't be read", "work.zip"),
    "bad-zip-nested": _rejected(_nested(), "more than 3 zips in one another", "work.zip"),
    "bad-zip-empty": _rejected(_zip({}), "it holds no file", "work.zip"),
    "special-folder": Case(lambda: b"", None, "it is a folder with no file in it", ""),
    "special-nothing": Case(lambda: b"", None, "it is a folder with no file in it", ""),
    "special-link": Case(lambda: b"", None, "it is a link", ""),
    "special-pipe": Case(lambda: b"", None, "not an ordinary file", ""),
    "special-hole": Case(lambda: b"", None, "larger than 20 MB", ""),
    "zip-of-mine": Case(
        lambda: _zip({"../../../06_up.ipynb": notebook(answers())}),
        {"stamp": 4.0, "output_size": 3.0, "matrix": 3.0},
        "",
        "work.zip",
    ),
}
