"""``segviz grade``: when it refuses, with which code and words; and without a sandbox, if told."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from corpus.cases import answers, notebook

from segviz.grading import classroom, sandbox
from segviz.grading.classroom import grade_command

LECTURES = Path(__file__).resolve().parents[2] / "lectures"


@pytest.fixture(autouse=True)
def anew(monkeypatch):
    """Look for the sandbox anew, before and after; and stand inside the clone."""
    monkeypatch.chdir(LECTURES.parent)
    sandbox.why_no_sandbox.cache_clear()
    yield
    monkeypatch.undo()
    sandbox.why_no_sandbox.cache_clear()


@pytest.fixture
def anywhere(monkeypatch):
    """A machine with a sandbox, whatever this one has."""
    monkeypatch.setattr(classroom, "why_no_sandbox", lambda: "")


def no_bubblewrap(monkeypatch) -> None:
    monkeypatch.setattr("segviz.grading.sandbox.sys.platform", "linux")
    monkeypatch.setattr("segviz.grading.sandbox.shutil.which", lambda name: None)


def no_rights(monkeypatch) -> None:
    done = subprocess.CompletedProcess([], 1, "", "bwrap: No permissions to create new namespace\n")
    monkeypatch.setattr("segviz.grading.sandbox.sys.platform", "linux")
    monkeypatch.setattr("segviz.grading.sandbox.shutil.which", lambda name: "/usr/bin/bwrap")
    monkeypatch.setattr("segviz.grading.sandbox.subprocess.run", lambda *a, **k: done)


def no_linux(monkeypatch) -> None:
    monkeypatch.setattr("segviz.grading.sandbox.sys.platform", "darwin")


@pytest.mark.parametrize(
    ("missing", "cause", "fix"),
    [
        (no_bubblewrap, "the program bwrap is missing", "apt install bubblewrap"),
        (no_rights, "No permissions to create new namespace", "allow user namespaces"),
        (no_linux, "bubblewrap is for Linux", "WSL2"),
    ],
)
def test_without_a_sandbox_nothing_is_run(missing, cause, fix, monkeypatch, tmp_path, capsys):
    missing(monkeypatch)
    assert grade_command([str(tmp_path)], "06", str(tmp_path / "out")) == 3
    words = capsys.readouterr().err
    assert words.startswith(
        "segviz: Refusing to run students' code: bubblewrap cannot start here ("
    )
    assert cause in words
    assert fix in words
    assert "Or pass --unsandboxed: scores can then be forged and your files read." in words
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("anywhere")
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"exercise": "99"}, "no exercise is called '99'. There are: "),
        ({"exercise": "0"}, "Name one."),
        ({"paths": ["nowhere"]}, "nowhere is not there."),
        ({"paths": []}, "no submission in "),
        ({"jobs": 0}, "--jobs 0 must be at least 1."),
        ({"seed": -1}, "seed=-1 must not be negative. Use 0 or more."),
    ],
)
def test_what_is_not_understood_ends_with_2(change, words, tmp_path, capsys):
    (tmp_path / "in").mkdir()
    if "paths" not in change:
        (tmp_path / "in" / "ana.ipynb").write_text("{}")
    given = {
        "paths": [str(tmp_path / "in")],
        "exercise": "06",
        "out": str(tmp_path / "out"),
        **change,
    }
    paths, exercise, out = (given.pop(name) for name in ("paths", "exercise", "out"))
    assert grade_command(paths or [str(tmp_path / "in")], exercise, out, **given) == 2
    assert words in capsys.readouterr().err


@pytest.mark.usefixtures("anywhere")
def test_a_broken_exercise_ends_with_4(monkeypatch, tmp_path, capsys):
    source = tmp_path / "lectures" / "src" / "exercises" / "01_try.py"
    source.parent.mkdir(parents=True)
    source.write_text("# %% [markdown]\n# # Exercise 01\n", "utf-8")
    monkeypatch.chdir(tmp_path)
    assert grade_command([str(tmp_path)], "01", str(tmp_path / "out")) == 4
    assert "it has no task" in capsys.readouterr().err


def test_unsandboxed_warns_and_says_so_in_every_result(tmp_path):
    handed_in = tmp_path / "in"
    handed_in.mkdir()
    (handed_in / "ana.ipynb").write_bytes(notebook(answers(matrix="def matrix(*a): 1 / 0\n")))
    (handed_in / "bo.ipynb").write_bytes(b"")
    command = [sys.executable, "-m", "segviz", "grade", str(handed_in), "--exercise", "06"]
    command += ["--out", str(tmp_path / "out"), "--jobs", "1", "--unsandboxed"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=LECTURES)
    assert done.returncode == 1, done.stderr
    assert "WARNING: no sandbox. Students' code runs with your rights" in done.stderr
    results = [json.loads(path.read_text()) for path in (tmp_path / "out" / "results").iterdir()]
    by = {result["student"]: result for result in results}
    assert {result["sandbox"] for result in results} == {"none"}
    assert by["ana"]["points"] == {"stamp": 4.0, "output_size": 3.0, "matrix": 0.0}
    assert by["ana"]["notes"] == ["matrix: raised ZeroDivisionError: division by zero"]
    assert by["bo"]["notes"][0].startswith("bo.ipynb: not graded: the file is empty.")
    assert "Graded without a sandbox" in (tmp_path / "out" / "feedback" / "ana.html").read_text()


def test_of_two_runs_that_begin_at_once_one_gives_way(anywhere, monkeypatch, tmp_path, capsys):
    """The other has replaced the seed before this one had the folder for itself."""
    (tmp_path / "ana.ipynb").write_bytes(b"{}")
    out = tmp_path / "out"

    def draw(task, seed):
        (out / "seed.json").write_text('{"seed": 7}')
        return {}

    monkeypatch.setattr(classroom._reference, "draw", draw)
    assert grade_command([str(tmp_path / "ana.ipynb")], "06", str(out)) == 2
    assert "another run began in" in capsys.readouterr().err
    assert not (out / "results").exists()
