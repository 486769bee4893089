"""Right answers in files that something happened to: they get what they are due."""

from __future__ import annotations

import copy
import json
from typing import Any

from .cases import (
    FULL,
    IMPORTS,
    MATRIX,
    OUTPUT_SIZE,
    RIGHT,
    STAMP,
    Case,
    answers,
    code_cell,
    notebook,
    stamp_case,
)

NO_STAMP = {**FULL, "stamp": 0.0}
STUB = """\
def stamp(x: np.ndarray, kernel: np.ndarray, stride: int) -> np.ndarray:
    \"\"\"The transposed convolution of x, shape (n,), with kernel, shape (k,): shape (m,).\"\"\"
    raise NotImplementedError("Write stamp here, then run this cell again.")
"""
SPLIT = (
    "def helper(x, stride, k):\n    return np.zeros((len(x) - 1) * stride + k)\n",
    STAMP.replace(
        "np.zeros((len(x) - 1) * stride + len(kernel))", "helper(x, stride, len(kernel))"
    ),
)


def _changed(change: Any, **more: Any) -> Case:
    def make() -> bytes:
        cells = answers()
        return notebook(change(cells) or cells, **more)

    return Case(make, dict(FULL))


def _right(source: str) -> Case:
    return stamp_case(source, points=4.0)


def _bytes(change: Any) -> Case:
    return Case(lambda: change(notebook(answers())), dict(FULL))


def _without_ids(cells: list[dict[str, Any]]) -> None:
    for cell in cells:
        cell.pop("id", None)
        cell["metadata"] = {}


def _version_3() -> bytes:
    cells = [
        {
            "cell_type": "code",
            "input": source.splitlines(keepends=True),
            "outputs": [],
            "language": "python",
            "metadata": {},
            "collapsed": False,
            "prompt_number": 1,
        }
        for source in (IMPORTS, *RIGHT.values())
    ]
    sheets = [{"cells": cells, "metadata": {}}]
    return json.dumps(
        {"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": sheets}
    ).encode()


def _as_markdown(cells: list[dict[str, Any]]) -> None:
    cells[1]["cell_type"] = "markdown"
    cells[2]["cell_type"] = "raw"
    cells[3] |= {"cell_type": "markdown", "source": f"```python\n{MATRIX}```"}


def _duplicated(cells: list[dict[str, Any]]) -> list[dict[str, Any]]:
    stub = copy.deepcopy(cells[1]) | {"source": STUB}
    return [cells[0], cells[1], stub, *cells[2:]]


def _two_versions(cells: list[dict[str, Any]]) -> list[dict[str, Any]]:
    first = copy.deepcopy(cells[1]) | {"source": "def stamp(x, kernel, stride):\n    return x\n"}
    return [cells[0], first, *cells[1:]]


def _split(cells: list[dict[str, Any]]) -> list[dict[str, Any]]:
    cells[1]["source"] = SPLIT[1]
    return [cells[0], code_cell(SPLIT[0]), *cells[1:]]


def _split_behind(cells: list[dict[str, Any]]) -> list[dict[str, Any]]:
    cells[1]["source"] = SPLIT[1]
    return [*cells, code_cell(SPLIT[0])]


def _split_with_the_id(cells: list[dict[str, Any]]) -> list[dict[str, Any]]:
    cells[1]["source"] = SPLIT[0]
    return [*cells[:2], code_cell(SPLIT[1]), *cells[2:]]


def _helper_in_another_answer(cells: list[dict[str, Any]]) -> None:
    cells[1]["source"], cells[3]["source"] = SPLIT[1], f"{SPLIT[0]}\n{MATRIX}"


def _extra_cells(cells: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [code_cell("%matplotlib inline\n!ls"), *cells, code_cell("1 / 0"), code_cell("x = ")]


def _retyped(cells: list[dict[str, Any]]) -> list[dict[str, Any]]:
    cells[1]["source"] = ""
    return [*cells, code_cell(STAMP, "retyped")]


UNLUCKY: dict[str, Case] = {
    "good": _changed(lambda cells: None),
    "good-none": Case(
        lambda: notebook([code_cell(IMPORTS), code_cell(STUB, "answer-stamp")]),
        dict.fromkeys(FULL, 0.0),
        "not answered",
    ),
    "good-deleted-cell": Case(
        lambda: notebook([cell for cell in answers() if cell["id"] != "answer-stamp"]),
        NO_STAMP,
        "stamp: no answer cell found; did you delete it?",
    ),
    "unlucky-crlf": _bytes(
        lambda content: content.replace(b"\\n", b"\\r\\n").replace(b"}, {", b"},\r\n{")
    ),
    "unlucky-bom": _bytes(lambda content: b"\xef\xbb\xbf" + content),
    "unlucky-utf-16": _bytes(lambda content: content.decode().encode("utf-16")),
    "unlucky-version-3": Case(_version_3, dict(FULL)),
    "unlucky-version-4-2": _changed(_without_ids, nbformat_minor=2),
    "unlucky-version-5-0": _changed(lambda cells: None, nbformat=5, nbformat_minor=0),
    "unlucky-nan-ids": Case(
        lambda: notebook([{**cell, "id": float("nan")} for cell in answers()]), dict(FULL)
    ),
    "unlucky-odd-metadata": _changed(
        lambda cells: [cell.update(metadata=[1]) for cell in cells] and cells, metadata="none"
    ),
    "unlucky-kernel-renamed": _changed(
        lambda cells: None, metadata={"kernelspec": {"name": "julia-1.9", "language": "julia"}}
    ),
    "unlucky-lines": _changed(
        lambda cells: (
            [c.update(source=c["source"].splitlines(keepends=True)) for c in cells] and cells
        )
    ),
    "unlucky-markdown": _changed(_as_markdown),
    "unlucky-duplicated": _changed(_duplicated),
    "unlucky-two-versions": _changed(_two_versions),
    "unlucky-split": _changed(_split),
    "unlucky-split-behind": _changed(_split_behind),
    "unlucky-split-with-the-id": _changed(_split_with_the_id),
    "unlucky-helper-elsewhere": _changed(_helper_in_another_answer),
    "unlucky-extra-cells": _changed(_extra_cells),
    "unlucky-retyped": _changed(_retyped),
    "unlucky-reordered": _changed(lambda cells: cells[::-1]),
    "unlucky-rounding": _right(
        STAMP.replace("return output", "return output + 9e-7 * (-1) ** len(x)")
    ),
    "unlucky-float32-sums": _right(STAMP.replace("return output", "return np.round(output, 7)")),
    "unlucky-list": _right(STAMP.replace("return output", "return list(output)")),
    "unlucky-prints": _right(
        STAMP.replace("return output", "print('x' * 1000, output)\n    return output")
    ),
    "unlucky-warns": _right(
        "import sys, warnings\n"
        + STAMP.replace(
            "return output",
            "warnings.warn('old')\n    print('no', file=sys.stderr)\n    return output",
        )
    ),
    "unlucky-names": _right(f"show = rng = run = display = exec = print = None\n{STAMP}"),
    "unlucky-forgot-import": Case(
        lambda: notebook([cell for cell in answers() if cell["id"] != "setup-1"]), dict(FULL)
    ),
    "unlucky-figure": _right(
        f"{STAMP}\nimport matplotlib.pyplot as plt\nplt.plot(stamp([1, 2], [1], 1)); plt.show()\n"
    ),
    "unlucky-test-behind": _right(f"{STAMP}\nassert stamp([1], [1], 1) == 2, 'my own test'\n"),
    "unlucky-magic": _right(f"%config InlineBackend.figure_format = 'svg'\n{STAMP}\n!echo done\n"),
    "unlucky-lambda": _right(
        "stamp = lambda x, kernel, stride: sum(\n"
        "    np.pad(v * np.asarray(kernel), (i * stride, (len(x) - 1 - i) * stride))\n"
        "    for i, v in enumerate(x))\n"
    ),
    "unlucky-class-and-annotations": _right(
        "from __future__ import annotations\nfrom typing import *\nfrom numpy import *\n" + STAMP
    ),
    "unlucky-unicode": _right("# Größe, 大小, \ud83d, é\n" + STAMP.replace("output", "größe")),
    "unlucky-null-and-tabs": _right(STAMP.replace("    ", "\t") + "\x00"),
    "unlucky-settings": _right(
        "np.seterr(all='raise')\nnp.set_printoptions(precision=1)\nimport os\nos.chdir('/')\n"
        + STAMP
    ),
    "unlucky-file": _right(
        "open('notes.txt', 'w').write('mine')\nassert open('notes.txt').read() == 'mine'\n" + STAMP
    ),
    "unlucky-second-never-ends": Case(
        lambda: notebook(answers(stamp="while True:\n    pass\n")), NO_STAMP, "stamp "
    ),
    "unlucky-syntax-error": Case(
        lambda: notebook(answers(stamp="def stamp(x, kernel, stride)\n    return\n")),
        NO_STAMP,
        "stamp: raised SyntaxError",
    ),
    "unlucky-half-right": stamp_case(STAMP.replace("+= value", "= value"), points=1.0),
    "unlucky-input": _right(f"{STAMP}\nname = input('Your name?')\n"),
    "unlucky-threads": _right(
        "import threading\nthreading.Thread(target=print, args=('hello',)).start()\n" + STAMP
    ),
    "unlucky-processes": _right(
        "import subprocess, sys\nsubprocess.run([sys.executable, '-c', 'print(1)'], check=True)\n"
        + STAMP
    ),
    "unlucky-large-output": Case(
        lambda: notebook(
            [
                {
                    **cell,
                    "outputs": [
                        {"output_type": "stream", "name": "stdout", "text": "x" * 3_000_000}
                    ],
                }
                for cell in answers()
            ]
        ),
        dict(FULL),
    ),
    "=1+cmd|'calc'!A0": _changed(lambda cells: None),
    "<img src=x onerror=alert(1)>": _changed(lambda cells: None),
    "Zoë Núñez-Østergård (大)": _changed(lambda cells: None),
    "con": _changed(lambda cells: None),
    "other-files-beside": Case(
        lambda: notebook(answers()),
        dict(FULL),
        more={
            "report.pdf": b"%PDF-1.4",
            ".DS_Store": b"x",
            "__MACOSX/._06.ipynb": b"x",
            "07_other.ipynb": b"{}",
            ".ipynb_checkpoints/06_x-checkpoint.ipynb": b"{}",
        },
    ),
}
assert OUTPUT_SIZE
