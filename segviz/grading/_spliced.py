"""The notebook that a kernel runs: a student's answers, each with its hidden checks behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import nbformat
from nbformat import NotebookNode

from segviz.exercises._probe import MIME

from .exercise import Exercise

__all__ = ["Drawn", "Spliced", "in_pieces"]

Drawn = dict[str, dict[str, Any]]
_PIECES = """\
__import__("segviz.exercises._pieces", fromlist=["define"]).define({name!r}, {sources!r}, globals())
"""
_PROBE = """\
__import__("segviz.exercises._probe", fromlist=["run"]).run(
    {body!r}, {drawn!r}, {tolerance!r}, globals()
)
"""


@dataclass(frozen=True)
class Spliced:
    """An exercise, its hidden checks as they were drawn, and a student's answers by task."""

    exercise: Exercise
    drawn: Drawn
    answers: dict[str, str]
    last: dict[str, str] = field(default_factory=dict)

    def notebook(
        self, judged: Sequence[str], present: Sequence[str], extras: Sequence[str] = ()
    ) -> NotebookNode:
        """The answers `present`, each followed by its hidden checks if it is `judged`; a task that
        is judged alone is checked behind the cells that the student added, with what it is there:
        its answer, or the `last` definition of it in the notebook."""
        cells = self._setup()
        later = list(judged) if len(judged) == 1 else []
        for name in present:
            cells.append(_cell("answer", name, f"answer-{name}", self.answers[name]))
            if name in judged and name not in later:
                cells += self._hidden(name)
        for number, source in enumerate(extras):
            cells.append(_cell("extra", "", f"extra-{number}", source))
        for name in later:  # once more, for it may use what only now is defined
            if extras:
                source = self.last.get(name, self.answers[name])
                cells.append(_cell("answer", name, f"answer-{name}", source))
            cells += self._hidden(name)
        return nbformat.v4.new_notebook(cells=cells)

    def pieces(self, name: str, sources: Sequence[str]) -> NotebookNode:
        """One answer's hidden checks behind what it needs out of some cells, and nothing else."""
        source = in_pieces(name, [*sources, self.answers[name]])
        cell = _cell("answer", name, f"answer-{name}", source)
        return nbformat.v4.new_notebook(cells=[*self._setup(), cell, *self._hidden(name)])

    def _setup(self) -> list[NotebookNode]:
        return [_cell("setup", "", cell.identity, cell.source) for cell in self.exercise.setup]

    def _hidden(self, name: str) -> list[NotebookNode]:
        cells = []
        for probe in self.exercise.tasks[name].probes:
            drawn = self.drawn[probe.identity]
            tolerance = self.exercise.settings.tolerance
            source = _PROBE.format(body=probe.source, drawn=drawn["drawn"], tolerance=tolerance)
            cell = _cell("probe", name, probe.identity, source)
            cell.execution_count = 1
            cell.outputs = [
                nbformat.v4.new_output("display_data", {MIME: text}) for text in drawn["expected"]
            ]
            cells.append(cell)
        return cells


def in_pieces(name: str, sources: Sequence[str]) -> str:
    """Code that defines a function with what it needs out of some cells, and nothing else."""
    return _PIECES.format(name=name, sources=list(sources))


def _cell(role: str, task: str, identity: str, source: str) -> NotebookNode:
    about = {"role": role, "task": task, "identity": identity}
    return nbformat.v4.new_code_cell(source, metadata={"segviz": about})
