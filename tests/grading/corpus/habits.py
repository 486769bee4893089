"""What students do to notebooks that are right: they lose nothing by it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .cases import FULL, OUTPUT_SIZE, RIGHT, STAMP, Case, answers, code_cell, notebook, stamp_case

_EXERCISE = (
    Path(__file__).resolve().parents[3] / "lectures/exercises/06_transposed_convolution.ipynb"
)
_HELPER = "def helper(n):\n    return np.zeros(n)\n"
_NEEDS_HELPER = STAMP.replace("np.zeros", "helper")
_INDENTED = "".join(f"    {line}\n" for line in STAMP.splitlines())
_PIECES = "graded with the lines of your notebook that it needs"


def _right(source: str, note: str = "") -> Case:
    return stamp_case(source, 4.0, note)


def _returned(expression: str) -> Case:
    return _right(STAMP.replace("return output", f"return {expression}"))


def _cells(change: Callable[[list[dict[str, Any]]], Any], note: str = "") -> Case:
    return Case(lambda: notebook(change(answers())), dict(FULL), note)


def _handed_out(change: Callable[[dict[str, dict[str, Any]]], Any], note: str = "") -> Case:
    """The notebook as it was handed out, answered, and then changed: its cells by id."""

    def make() -> bytes:
        content = json.loads(_EXERCISE.read_text("utf-8"))
        cells = {cell["id"]: cell for cell in content["cells"]}
        for name, source in RIGHT.items():
            cells[f"answer-{name}"]["source"] = source
        change(cells)
        return json.dumps(content).encode()

    return Case(make, dict(FULL), note)


def _helper_in_the_setup(cells: dict[str, dict[str, Any]]) -> None:
    setup = next(cell for cell in cells.values() if "import numpy" in "".join(cell["source"]))
    setup["source"] = "".join(setup["source"]) + f"\nimport math\n\n{_HELPER}"
    cells["answer-stamp"]["source"] = _NEEDS_HELPER.replace("(len(x)", "math.floor(len(x)")


def _helper_in_a_check(cells: dict[str, dict[str, Any]]) -> None:
    cells["check-stamp"]["source"] = f"{_HELPER}check.stamp(stamp)"
    cells["answer-stamp"]["source"] = _NEEDS_HELPER


def _check_in_the_answer(cells: dict[str, dict[str, Any]]) -> None:
    cells["answer-stamp"]["source"] = f"{STAMP}\ncheck.stamp(stamp)\n"
    cells["check-stamp"]["source"] = ""


def _cut_within(cells: list[dict[str, Any]]) -> list[dict[str, Any]]:
    above, _, below = STAMP.rpartition("    return")
    cells[1]["source"] = above
    lower = {**cells[1], "source": f"    return{below}", "id": "lower"}
    return [*cells[:2], lower, *cells[2:]]


def _quoted_in_a_text(cells: list[dict[str, Any]]) -> list[dict[str, Any]]:
    text = "def stamp(x, kernel, stride): is above.\nI began with zeros."
    for cell in cells:
        del cell["id"]
        cell["metadata"] = {}
    return [*cells, {"cell_type": "markdown", "metadata": {}, "source": text}]


def _better_one_below(cells: list[dict[str, Any]]) -> list[dict[str, Any]]:
    cells[1]["source"] = "def stamp(x, kernel, stride):\n    return x  # first try\n"
    return [*cells[:2], code_cell(STAMP, "second-try"), *cells[2:]]


def _beside(other: str) -> Callable[[list[dict[str, Any]]], list[dict[str, Any]]]:
    """A helper in a cell of its own, and another cell that goes wrong."""

    def change(cells: list[dict[str, Any]]) -> list[dict[str, Any]]:
        cells[1]["source"] = _NEEDS_HELPER
        return [code_cell(other, "other"), *cells, code_cell(_HELPER, "helper")]

    return change


def _from_colab(cells: list[dict[str, Any]]) -> None:
    for cell in cells:
        cell["metadata"] = {"id": cell.pop("id"), "colab": {"base_uri": "https://x"}}
    cells[1]["source"] = f"if True:\n{_INDENTED}"


def _version_2() -> bytes:
    cells = [
        {"cell_type": "code", "input": source, "outputs": [], "collapsed": False}
        for source in RIGHT.values()
    ]
    return json.dumps({"nbformat": 2, "worksheets": [{"cells": cells}]}).encode()


_REMEMBERS = "_seen = []\n" + STAMP.replace(
    "output =", "_seen.append(x); x = _seen[-1]\n    output ="
)

HABITS: dict[str, Case] = {
    "habit-helper-in-the-setup": _handed_out(_helper_in_the_setup, _PIECES),
    "habit-helper-in-a-check": _handed_out(_helper_in_a_check, _PIECES),
    "habit-check-in-the-answer": _handed_out(_check_in_the_answer),
    "habit-cut-within-a-function": _cells(_cut_within),
    "habit-quoted-in-a-text": _cells(_quoted_in_a_text),
    "habit-better-one-below": _cells(_better_one_below),
    "habit-beside-an-endless-cell": _cells(_beside("while True: pass"), _PIECES),
    "habit-beside-a-deadly-cell": _cells(_beside("import os; os._exit(1)"), _PIECES),
    "habit-colab-keeps-ids-elsewhere": _cells(lambda cells: _from_colab(cells) or cells),
    "habit-version-2": Case(_version_2, dict(FULL)),
    "habit-version-4-99": Case(lambda: notebook(answers(), nbformat_minor=99), dict(FULL)),
    # Packages that are not there, or are withheld, but not needed either.
    "habit-imports-torch": _right(
        "from torch import nn\nimport torch.nn.functional as F\n" + STAMP
    ),
    "habit-imports-what-is-withheld": _right(
        "from scipy.signal import convolve2d\n" + STAMP, _PIECES
    ),
    "habit-imports-what-is-missing": _right("import tensorflow as tf\n" + STAMP, _PIECES),
    "habit-widget-backend": _right(f"%matplotlib widget\n{STAMP}"),
    "habit-stops-before": _right(f"raise SystemExit\n{STAMP}", _PIECES),
    "habit-captured": _right(f"%%capture out\nprint('x')\n{STAMP}"),
    "habit-progress-bars": _right(
        "from tqdm.notebook import tqdm\nfrom tqdm import trange\n"
        + STAMP.replace("enumerate(x)", "enumerate(tqdm(x, total=len(x)))")
    ),
    "habit-indented": _right(_INDENTED),
    "habit-star-import": Case(
        lambda: notebook(
            answers(
                stamp="from numpy import *\n" + STAMP.replace("np.", ""),
                output_size=f"from numpy import *\n{OUTPUT_SIZE}",
            )
        ),
        dict(FULL),
    ),
    "habit-logs": _right(
        "import logging\nlogging.basicConfig(level=0, force=True)\n"
        + STAMP.replace("return output", "logging.debug(output)\n    return output")
    ),
    "habit-alarm": _right(f"import signal\nsignal.alarm(1)\n{STAMP}"),
    "habit-remembers": _right(_REMEMBERS),
    "habit-generator": _returned("(value for value in output)"),
    "habit-values-of-a-dict": _returned("dict(enumerate(output)).values()"),
    "habit-deque": _right(
        "from collections import deque\n" + STAMP.replace("return output", "return deque(output)")
    ),
}
