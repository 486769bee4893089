"""A process of its own that runs the solution, and never a student's code.

It draws the inputs of hidden checks, computes the outputs that are expected, and draws again where
a right answer might be lost to rounding. The build asks it as well what shipped wrong answers get.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
import zlib
from typing import Any

from ._sources import BuildError
from .exercise import Exercise

MOST_DRAWS = 400
SECONDS = 300
_ENVIRONMENT = {"MPLBACKEND": "agg", "SEGVIZ_SOURCE": "bundled", "OMP_NUM_THREADS": "1"}


def draw(exercise: Exercise, seed: int) -> dict[str, dict[str, Any]]:
    """Draw every hidden check once.

    Returns:
        By the check's cell id: ``drawn``, the inputs; ``expected``, the texts that are right.

    Raises:
        BuildError: the solution fails, or no input keeps clear of rounding edges.
    """
    return ask(exercise, [seed], {})["draws"][0]


def ask(exercise: Exercise, seeds: list[int], candidates: dict[str, dict[str, str]]) -> Any:
    """Run the reference process.

    Args:
        exercise: what is drawn.
        seeds: one draw of every hidden check each.
        candidates: by name, the code of an answer for each task that it replaces.

    Returns:
        ``draws``: as `draw`, one per seed. ``passed``: by candidate, the ids of the checks passed,
        one list per seed. ``said``: by candidate, what the visible checks of its tasks print.
    """
    order = {
        "stem": exercise.stem,
        "setup": [cell.source for cell in exercise.setup],
        "answers": {name: task.answer.source for name, task in exercise.tasks.items()},  # type: ignore[union-attr]
        "checks": {n: [cell.source for cell in t.checks] for n, t in exercise.tasks.items()},
        "probes": [[c.identity, c.task, c.source] for c in exercise.cells if c.role == "probe"],
        "tolerance": exercise.settings.tolerance,
        "seeds": seeds,
        "candidates": candidates,
    }
    command = [sys.executable, "-m", __name__]
    environment = {**os.environ, **_ENVIRONMENT}
    options: Any = {"text": True, "capture_output": True, "timeout": SECONDS, "env": environment}
    try:
        done = subprocess.run(command, input=json.dumps(order), **options)
    except subprocess.TimeoutExpired:
        words = f"its solution and hidden checks take more than {SECONDS} s"
        raise BuildError(f"{exercise.stem}: {words}.") from None
    if done.returncode:
        words = (done.stderr.strip().splitlines() or ["no word of why"])[-1]
        raise BuildError(f"{exercise.stem}: its solution or a hidden check fails: {words}")
    return json.loads(done.stdout)


def main() -> None:
    """Answer one order, read as JSON from standard input."""
    order = json.load(sys.stdin)
    with contextlib.redirect_stdout(sys.stderr):
        answer = _answer(order)
    json.dump(answer, sys.stdout)


def _answer(order: dict[str, Any]) -> dict[str, Any]:
    right = _namespace(order, {})
    draws = [
        {p[0]: _draw(p, seed, right, order) for p in order["probes"]} for seed in order["seeds"]
    ]
    passed, said = {}, {}
    for name, answers in order["candidates"].items():
        names = _namespace(order, answers)
        passed[name] = [
            [p[0] for p in order["probes"] if _passes(p, drawn[p[0]], names, order["tolerance"])]
            for drawn in draws
        ]
        said[name] = _said(order, answers, names)
    return {"draws": draws, "passed": passed, "said": said}


def _namespace(order: dict[str, Any], answers: dict[str, str]) -> dict[str, Any]:
    names: dict[str, Any] = {"__name__": "__main__"}
    for source in (*order["setup"], *({**order["answers"], **answers}).values()):
        exec(source, names)
    return names


def _draw(probe: list[str], seed: int, right: dict[str, Any], order: dict[str, Any]) -> Any:
    from segviz.exercises._probe import Recorder, canonical, is_safe

    identity, _, body = probe
    tolerance = order["tolerance"]
    for attempt in range(MOST_DRAWS):
        rng = Recorder([seed, zlib.crc32(f"{order['stem']} {identity}".encode()), attempt])
        shown: list[Any] = []
        exec(body, {**right, "rng": rng, "show": shown.append})
        if not shown:
            raise ValueError(f"{identity} shows nothing")
        if all(is_safe(value, tolerance) for value in shown):
            expected = [canonical(value, tolerance) for value in shown]
            return {"drawn": rng.drawn, "expected": expected}
    raise ValueError(f"{identity}: in {MOST_DRAWS} draws a value always lay near a rounding edge")


def _passes(
    probe: list[str], drawn: dict[str, Any], names: dict[str, Any], tolerance: float
) -> bool:
    from segviz.exercises._probe import Replay, canonical

    shown: list[str] = []

    def show(value: Any) -> None:
        shown.append(canonical(value, tolerance))

    try:
        exec(probe[2], {**names, "rng": Replay(drawn["drawn"]), "show": show})
    except Exception:  # a wrong answer may fail in any way
        return False
    return shown == drawn["expected"]


def _said(order: dict[str, Any], answers: dict[str, str], names: dict[str, Any]) -> str:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        for task in answers:
            for source in order["checks"][task]:
                exec(source, dict(names))
    return out.getvalue()


if __name__ == "__main__":
    main()
