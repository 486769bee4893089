"""A run killed at random moments goes on, judges nobody twice, and ends with the same grades.

``python tests/grading/test_resume.py 1000 15`` kills a larger class more often.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
import pytest
from corpus.cases import answers, code_cell, notebook

pytestmark = [pytest.mark.sandbox, pytest.mark.timeout(3600)]


def hand_in(folder: Path, count: int) -> None:
    """Most are unanswered, which is quick; one in ten is right, one in ten can't be read."""
    folder.mkdir()
    for number in range(count):
        kinds = {0: notebook(answers()), 1: b'{"cells": ['}
        content = kinds.get(number % 10, notebook([code_cell("", "answer-stamp")]))
        (folder / f"student{number:04}.ipynb").write_bytes(content)


def start(submissions: Path, out: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "segviz", "grade", str(submissions), "--exercise", "06"]
    command += ["--out", str(out), "--jobs", "2", "--seed", "11"]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def kill_while_it_works(submissions: Path, out: Path, moment: random.Random) -> bool:
    """Kill a run once it has judged somebody and a random while more; False if it was through."""
    before = len(list((out / "results").glob("*.json")))
    run = start(submissions, out)
    children: list[psutil.Process] = []
    until = float("inf")
    while run.poll() is None and time.monotonic() < until:
        children = psutil.Process(run.pid).children(recursive=True) or children
        if until == float("inf") and len(list((out / "results").glob("*.json"))) > before:
            until = time.monotonic() + moment.uniform(0, 3)
        time.sleep(0.05)
    if run.poll() is not None:
        return False
    run.kill()
    run.wait()
    end = time.monotonic() + 30
    while (alive := [one for one in children if not _has_ended(one)]) and time.monotonic() < end:
        time.sleep(0.1)
    assert not alive, f"left behind by the killed run: {alive}"
    return True


def _has_ended(process: psutil.Process) -> bool:
    """Gone, or a zombie that only waits for the machine's first process to take note."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def grades(out: Path) -> dict[str, tuple[str, float, str]]:
    results = [json.loads(path.read_text("utf-8")) for path in (out / "results").glob("*.json")]
    assert len({one["student"] for one in results}) == len(results), "somebody was judged twice"
    return {one["student"]: (one["status"], one["total"], str(one["points"])) for one in results}


def undisturbed_and_killed(folder: Path, count: int, kills: int) -> int:
    """Grade a class twice, once in peace; return how often the other run was killed."""
    submissions, peace, war = folder / "in", folder / "peace", folder / "war"
    hand_in(submissions, count)
    assert start(submissions, peace).wait() == 1
    moment = random.Random(count)
    killed = sum(kill_while_it_works(submissions, war, moment) for _ in range(kills))
    assert start(submissions, war).wait() == 1
    assert grades(war) == grades(peace)
    assert len(grades(war)) == count
    assert not list(war.rglob("*.part"))
    for name in ("grades.csv", "junit.xml"):
        assert (war / name).read_bytes() == (peace / name).read_bytes()
    return killed


def test_a_run_killed_again_and_again_ends_with_the_same_grades(tmp_path):
    assert undisturbed_and_killed(tmp_path, 40, 2) >= 1


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        killed = undisturbed_and_killed(Path(folder), int(sys.argv[1]), int(sys.argv[2]))
        print(f"killed {killed} times, same grades, {time.monotonic() - began:.0f} s")
