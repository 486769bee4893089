"""A case of the corpus, and the notebook that most of them are a change of."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from textwrap import dedent
from typing import Any

STAMP = """\
def stamp(x, kernel, stride):
    output = np.zeros((len(x) - 1) * stride + len(kernel))
    for i, value in enumerate(x):
        output[i * stride : i * stride + len(kernel)] += value * kernel
    return output
"""
OUTPUT_SIZE = """\
def output_size(n, kernel_size, stride, padding, output_padding, dilation):
    return (n - 1) * stride - 2 * padding + dilation * (kernel_size - 1) + output_padding + 1
"""
MATRIX = """\
def matrix(kernel, n, stride):
    k = len(kernel)
    return np.array([
        [kernel[c - i * stride] if 0 <= c - i * stride < k else 0 for c in range(n)]
        for i in range((n - k) // stride + 1)
    ])
"""
RIGHT = {"stamp": STAMP, "output_size": OUTPUT_SIZE, "matrix": MATRIX}
FULL = {"stamp": 4.0, "output_size": 3.0, "matrix": 3.0}
IMPORTS = "import numpy as np\n\nfrom segviz.exercises import transposed_convolution as check"


@dataclass(frozen=True)
class Case:
    """What a student hands in, and what must come of it; no points means that it is rejected."""

    make: Callable[[], bytes]
    points: dict[str, float] | None
    note: str = ""
    file: str = "06_transposed_convolution.ipynb"
    more: dict[str, bytes] = field(default_factory=dict)

    def files(self, student: str) -> dict[str, bytes]:
        """Path below the folder of submissions -> content."""
        path = self.file if "/" in self.file else f"{student}/{self.file}"
        content = {path: self.make()} if self.file else {}
        return {**content, **{f"{student}/{name}": data for name, data in self.more.items()}}


def code_cell(source: str, identity: str = "", **metadata: Any) -> dict[str, Any]:
    """A code cell as JupyterLab writes it."""
    cell = {"cell_type": "code", "source": source, "metadata": metadata, "outputs": []}
    return {**cell, "execution_count": None, **({"id": identity} if identity else {})}


def answers(**changed: str) -> list[dict[str, Any]]:
    """The cells of a submission with right answers but for those `changed`."""
    cells = [code_cell(IMPORTS, "setup-1")]
    for name, source in {**RIGHT, **changed}.items():
        nbgrader = {"grade_id": f"answer-{name}", "solution": True}
        cells.append(code_cell(dedent(source), f"answer-{name}", nbgrader=nbgrader))
    return cells


def notebook(cells: list[dict[str, Any]], **more: Any) -> bytes:
    """A notebook file."""
    content = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5, **more}
    return json.dumps(content).encode()


def stamp_case(source: str, points: float = 0.0, note: str = "") -> Case:
    """A submission that is right but for its answer to ``stamp``, which gets `points`."""
    return Case(lambda: notebook(answers(stamp=source)), {**FULL, "stamp": points}, note)
