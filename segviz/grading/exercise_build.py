"""From an exercise's source to the notebooks of students and lecturers, and to the release tree.

An exercise is refused when its solution does not get full marks, when a shipped wrong answer gets
other points or hears other words than its author said, or when a constant or a copy of an argument
keeps all its points: on a hundred draws of the hidden inputs.
"""

from __future__ import annotations

import ast
import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from . import _reference
from ._outputs import clean, faults
from ._sources import METADATA, BuildError, find_lectures
from .build import MAXIMUM_BYTES, execute
from .exercise import Exercise, Task, find_exercises, notebook_cell, points_of, read_exercise

__all__ = ["build_command", "build_exercises", "disagreements", "release", "student_notebook"]

DRAWS = 100
# The one that students write in, and the one that `segviz check` takes the checks from.
_TARGETS = ("lectures/exercises", "data/exercises")
_NOT_RELEASED = (
    *(".git", ".venv", ".ci", "build", "dist", "tests", "checkpoints", "node_modules"),
    *(".*cache*", "__pycache__", "*.egg-info", ".ipynb_checkpoints", ".hypothesis", ".benchmarks"),
)


def build_command(
    names: Iterable[str], check: bool, solutions: str | None, released: str | None
) -> None:
    """What ``segviz build`` does about exercises; `names` as in ``exercises/06``, all by default.

    Raises:
        BuildError: see `build_exercises` and `release`.
    """
    folder = find_lectures()
    chosen = [one for name in names for one in find_exercises(folder, name.rstrip("/"))]
    sources = chosen or find_exercises(folder)
    if released:
        release(Path(released), folder=folder)
    elif not check:
        build_exercises(sources, folder=folder, solutions=Path(solutions) if solutions else None)
    elif found := [fault for source in sources for fault in disagreements(source, folder)]:
        raise BuildError("\n".join(found))
    else:
        print(f"{len(sources)} built exercises agree with their sources.")


def build_exercises(
    sources: Iterable[Path], *, folder: Path | None = None, solutions: Path | None = None
) -> None:
    """Judge, run and write exercises.

    Args:
        sources: from `find_exercises`.
        folder: the ``lectures`` folder; student notebooks go to its ``exercises``.
        solutions: where to write the notebooks with the solutions instead; never in the repository.

    Raises:
        BuildError: see the module; nothing is written then.
    """
    folder = (folder or find_lectures()).resolve()
    if solutions and solutions.resolve().is_relative_to(folder.parent):
        raise BuildError(f"{solutions} is inside the repository: solutions must not lie there.")
    for source in sources:
        exercise = read_exercise(source)
        refuse(exercise)
        solved = run_solution(exercise, folder)
        notebook = solved if solutions else student_notebook(exercise, solved)
        targets = [solutions] if solutions else [folder.parent / name for name in _TARGETS]
        for target in targets:
            built = _write(notebook, target / f"{exercise.stem}.ipynb", folder.parent)
        print(f"{built.name}: {len(exercise.tasks)} tasks, {exercise.points:g} points")


def refuse(exercise: Exercise, draws: int = DRAWS) -> None:
    """Raise a `BuildError` unless every shipped answer gets what its author said."""
    wrongs = {cell.identity: cell for cell in exercise.cells if cell.role == "wrong"}
    candidates = {name: {cell.task: cell.source} for name, cell in wrongs.items()}
    for task in exercise.tasks.values():
        candidates |= {name: {task.name: code} for name, code in _lazy_answers(task)}
    answer = _reference.ask(exercise, list(range(draws)), {"the solution": {}, **candidates})
    found = list(_unfair(exercise, wrongs, answer))
    if found:
        raise BuildError("\n".join(f"{exercise.stem}: {fault}" for fault in found))


def _unfair(exercise: Exercise, wrongs: dict[str, Any], answer: dict[str, Any]) -> Iterator[str]:
    probes = {cell.identity: cell for cell in exercise.cells if cell.role == "probe"}
    for name, per_draw in answer["passed"].items():
        task = next(iter(name.split(": ")[:-1]), None) or getattr(wrongs.get(name), "task", None)
        totals = [
            sum(points_of(probes[one]) for one in passed if task in (None, probes[one].task))
            for passed in per_draw
        ]
        most = exercise.points if task is None else exercise.tasks[task].points
        if task is None and min(totals) < most:
            yield f"{name} gets {min(totals):g} of {most:g} points"
        elif name in wrongs:
            due = points_of(wrongs[name])
            if set(totals) != {due} or due >= most:
                given = ", ".join(f"{total:g}" for total in sorted(set(totals)))
                yield f"{name} gets {given} points of {most:g}; its author says {due:g}"
            if wrongs[name].options["message"] not in answer["said"][name]:
                yield f"{name} hears: {answer['said'][name].strip()!r}"
        elif task and max(totals) >= most:
            yield f"{name} keeps all points"


def _lazy_answers(task: Task) -> Iterator[tuple[str, str]]:
    """Constants, and each argument handed back."""
    assert task.answer is not None
    function = _function(task.answer.source)
    names = [argument.arg for argument in function.args.args]
    for value in ("None", "0", "1", "True", "False", "[]", "''", *names):
        code = f"def {function.name}({', '.join(names)}):\n    return {value}\n"
        yield f"{task.name}: return {value}", code


def _function(source: str) -> ast.FunctionDef:
    found = [node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)]
    if not found:
        raise BuildError(f"the answer beginning with {source[:40]!r} defines no function")
    return found[-1]


def run_solution(exercise: Exercise, folder: Path) -> NotebookNode:
    """The notebook with its solutions, run."""
    notebook = _notebook(exercise, solved=True)
    target = folder / "exercises"
    target.mkdir(exist_ok=True)
    execute(notebook, exercise.stem, target)
    return notebook


def student_notebook(exercise: Exercise, solved: NotebookNode | None = None) -> NotebookNode:
    """What students get: stubs, and under every other cell what the solution gives there."""
    notebook = _notebook(exercise, solved=False)
    answers = {task.answer.identity for task in exercise.tasks.values() if task.answer}
    for cell, done in zip(notebook.cells, solved.cells if solved else (), strict=False):
        if cell.cell_type == "code" and cell.id not in answers:
            cell.outputs, cell.execution_count = done.outputs, done.execution_count
    return notebook


def _notebook(exercise: Exercise, *, solved: bool) -> NotebookNode:
    """The exercise without hidden checks and wrong answers; nbgrader's metadata are kept."""
    notebook = nbformat.v4.new_notebook(metadata=nbformat.from_dict(METADATA))
    notebook.nbformat_minor = 5
    for cell in exercise.cells:
        if cell.role in ("probe", "wrong"):
            continue
        source = cell.stub if cell.role == "answer" and not solved else None
        made = notebook_cell(cell, source)
        made.metadata = nbformat.from_dict(_metadata(exercise, cell))
        notebook.cells.append(made)
    return notebook


def _metadata(exercise: Exercise, cell: Any) -> dict[str, Any]:
    about = {"segviz": {"role": cell.role, "task": cell.task}}
    if cell.role not in ("answer", "check"):
        return {"deletable": False, **about} if cell.role == "setup" else {}
    points = exercise.tasks[cell.task].points
    grade = {"grade": True, "points": points} if cell.role == "check" else {"grade": False}
    nbgrader = {
        "grade_id": cell.identity,
        "locked": cell.role == "check",
        "schema_version": 3,
        "solution": cell.role == "answer",
        "task": False,
        **grade,
    }
    tags = {"tags": ["nbval-check-output"]} if cell.role == "check" else {}
    return {"deletable": False, "nbgrader": nbgrader, **about, **tags}


def _write(notebook: NotebookNode, path: Path, root: Path) -> Path:
    clean(notebook, root)
    found = faults(notebook)
    text = nbformat.writes(notebook) + "\n"
    if len(text.encode()) > MAXIMUM_BYTES:
        found.append(f"it takes {len(text):,} bytes, more than {MAXIMUM_BYTES:,}")
    if found:
        raise BuildError("\n".join(f"{path.stem}: {fault}" for fault in found))
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".ipynb.part")
    part.write_text(text, encoding="utf-8", newline="\n")
    os.replace(part, path)
    return path


def disagreements(source: Path, folder: Path) -> list[str]:
    """Where a built exercise differs from its source, one line each."""
    exercise = read_exercise(source)
    built, shipped = (folder.parent / name / f"{exercise.stem}.ipynb" for name in _TARGETS)
    remedy = f"Run: segviz build exercises/{exercise.stem[:2]}"
    if not built.exists() or not shipped.exists():
        return [f"exercise {exercise.stem} is not built. {remedy}"]
    if built.read_bytes() != shipped.read_bytes():
        return [f"exercise {exercise.stem} and its copy in data/exercises differ. {remedy}"]
    notebook, wanted = nbformat.read(built, as_version=4), student_notebook(exercise)
    if [_form(cell) for cell in notebook.cells] != [_form(cell) for cell in wanted.cells]:
        return [f"exercise {exercise.stem} differs from its source. {remedy}"]
    return [f"exercise {exercise.stem}: {fault}" for fault in faults(notebook)]


def _form(cell: NotebookNode) -> tuple[Any, ...]:
    return cell.id, cell.cell_type, cell.source, cell.metadata


def release(target: Path, *, folder: Path | None = None) -> None:
    """Write the tree that students get: everything but solutions, hidden checks and tests.

    Raises:
        BuildError: the folder isn't empty, lies in the repository, or an exercise isn't built.
    """
    folder = (folder or find_lectures()).resolve()
    root, target = folder.parent, target.resolve()
    if target.is_relative_to(root) or (target.exists() and any(target.iterdir())):
        raise BuildError(f"{target} must be an empty folder outside the repository.")
    found = [fault for one in find_exercises(folder) for fault in disagreements(one, folder)]
    if found:
        raise BuildError("\n".join(found))
    part = target.with_name(target.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    shutil.copytree(root, part, ignore=_not_released(folder))
    if target.exists():
        target.rmdir()
    os.replace(part, target)
    print(f"{target}: the course without solutions; {len(find_exercises(folder))} exercises")


def _not_released(folder: Path) -> Any:
    patterns = shutil.ignore_patterns(*_NOT_RELEASED)

    def unwanted(path: str, names: list[str]) -> set[str]:
        answers = {"exercises"} if Path(path) == folder / "src" else set()
        return patterns(path, names) | answers

    return unwanted
