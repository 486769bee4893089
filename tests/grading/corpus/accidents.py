"""More that happens to right answers: written elsewhere, of another kind, beside other code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .cases import FULL, OUTPUT_SIZE, RIGHT, STAMP, Case, answers, code_cell, notebook, stamp_case
from .unlucky import STUB

_EXERCISE = (
    Path(__file__).resolve().parents[3] / "lectures/exercises/06_transposed_convolution.ipynb"
)


def _cells(change: Any) -> Case:
    return Case(lambda: notebook(change(answers())), dict(FULL))


def _bytes(change: Any) -> Case:
    return Case(lambda: change(notebook(answers())), dict(FULL))


def _right(source: str) -> Case:
    return stamp_case(source, points=4.0)


def _returned(expression: str, before: str = "") -> Case:
    return _right(before + STAMP.replace("return output", f"return {expression}"))


def _size(source: str) -> Case:
    return Case(lambda: notebook(answers(output_size=source)), dict(FULL))


def _as_handed_out() -> bytes:
    """The student's own notebook: all stubs as they were, all answers in one cell at its end."""
    content = json.loads(_EXERCISE.read_text("utf-8"))
    content["cells"].append(code_cell("\n".join(RIGHT.values()), "f00dface"))
    return json.dumps(content).encode()


def _all_in_the_first() -> bytes:
    """The same, but all answers stand in the first one's cell."""
    content = json.loads(_EXERCISE.read_text("utf-8"))
    (first,) = [cell for cell in content["cells"] if cell["id"] == "answer-stamp"]
    first["source"] = "\n".join(RIGHT.values())
    return json.dumps(content).encode()


_FOURIER = """
def stamp(x, kernel, stride):
    m = (len(x) - 1) * stride + len(kernel)
    apart = np.zeros(m)
    apart[: (len(x) - 1) * stride + 1 : stride] = x
    return np.fft.ifft(np.fft.fft(apart) * np.fft.fft(kernel, m))
"""
_CALLABLE = f"""
class Stamp:
    def __call__(self, *arguments):
        return _stamp(*arguments)
{STAMP.replace("def stamp", "def _stamp")}
stamp = Stamp()
"""
_ANNOTATED = f"""
from collections.abc import Callable
{STAMP.replace("def stamp", "def _stamp")}
stamp: Callable = lambda x, kernel, stride: _stamp(x, kernel, stride)
"""

ACCIDENTS: dict[str, Case] = {
    "accident-answer-behind-the-stub": _cells(
        lambda cells: [
            cells[0],
            code_cell(STUB, "answer-stamp"),
            code_cell(STAMP, "f00dface"),
            *cells[2:],
        ]
    ),
    "accident-answer-before-the-stub": _cells(
        lambda cells: [
            cells[0],
            code_cell(STAMP, "f00dface"),
            code_cell(STUB, "answer-stamp"),
            *cells[2:],
        ]
    ),
    "accident-all-in-a-cell-of-ones-own": Case(_as_handed_out, dict(FULL)),
    "accident-all-in-the-first-answer": Case(_all_in_the_first, dict(FULL)),
    "accident-ids-lost-and-annotated": _cells(
        lambda cells: [
            {**cell, "id": f"x{place}", "metadata": {}, "source": source}
            for place, (cell, source) in enumerate(
                zip(cells, [cells[0]["source"], _ANNOTATED, *list(RIGHT.values())[1:]], strict=True)
            )
        ]
    ),
    "accident-odd-cells": _cells(
        lambda cells: [*cells, {"cell_type": None, "source": None, "metadata": None}]
    ),
    "accident-utf-16-unmarked": _bytes(lambda content: content.decode().encode("utf-16-le")),
    "accident-utf-32": _bytes(lambda content: content.decode().encode("utf-32")),
    "accident-zeros-behind": _bytes(lambda content: content + b"\0" * 512),
    "accident-blanks-around": _bytes(lambda content: b"\n\n  " + content + b"\n\n"),
    "accident-called-txt": Case(
        lambda: notebook(answers()), dict(FULL), file="06_transposed_convolution.ipynb.txt"
    ),
    "accident-callable-object": _right(_CALLABLE),
    "accident-fourier": _right(_FOURIER),
    "accident-array-of-objects": _returned("np.array(output, dtype=object)"),
    "accident-complex": _returned("output.astype(complex)"),
    "accident-masked": _returned("np.ma.masked_array(output)"),
    "accident-tuple-of-float32": _returned("tuple(np.float32(value) for value in output)"),
    "accident-fraction": _size(
        "from fractions import Fraction\n" + OUTPUT_SIZE.replace("return ", "return Fraction(1) * ")
    ),
    "accident-int32": _size(OUTPUT_SIZE.replace("return ", "return np.int32(1) * ")),
    "accident-changes-its-arguments": _right(
        STAMP.replace("return output", "x *= 0; kernel *= 0\n    return output")
    ),
    "accident-builtins-shadowed": _size(f"int = 3; range = 4; list = [1]; sum = 0\n{OUTPUT_SIZE}"),
    "accident-asks-first": _right(f"name = input('Your name?')\n{STAMP}"),
    "accident-installs-first": _right(f"!pip install seaborn-x\n%pip install -q numpy\n{STAMP}"),
    "accident-magics-first": _right(
        f"%matplotlib inline\n%load_ext autoreload\n%autoreload 2\n{STAMP}"
    ),
    "accident-timed": _right(f"%%time\n{STAMP}"),
    "accident-leaves": _right(f"{STAMP}\nexit()\n"),
    "accident-interrupted": _right(f"{STAMP}\nraise KeyboardInterrupt\n"),
    "accident-system-exit": _right(f"{STAMP}\nimport sys\nsys.exit(1)\n"),
    "accident-warnings-are-errors": _right(
        f"import warnings\nwarnings.simplefilter('error')\n{STAMP}"
    ),
    "accident-output-redirected": _right(
        f"import sys\nsys.stdout = open('/dev/null', 'w')\n{STAMP}"
    ),
    "accident-descriptors-closed": _right(f"import os\nos.close(1); os.close(2)\n{STAMP}"),
    "accident-awaits": _right(f"import asyncio\nawait asyncio.sleep(0)\n{STAMP}"),
    "accident-pool": _right(
        "from multiprocessing import Pool\n"
        + STAMP.replace("return output", "Pool(2).map(abs, [1])\n    return output")
    ),
    "accident-memory-reset": _size(f"%reset -f\n{OUTPUT_SIZE}"),
    "accident-numpy-deleted": _right(f"import numpy\n{STAMP.replace('np.', 'numpy.')}\ndel np\n"),
    "accident-one-ends-the-kernel": Case(
        lambda: notebook(answers(output_size="import os\ndef output_size(*a): os._exit(1)\n")),
        {**FULL, "output_size": 0.0},
        "output_size ended the kernel",
    ),
}
