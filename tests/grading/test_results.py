"""The folder of results: one exercise, one set of hidden inputs, one run at a time."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from segviz.grading import _results, classroom
from segviz.grading._results import Results, alone, claim, left_out, rejected
from segviz.grading.exercise import Exercise, find_exercises, read_exercise
from segviz.grading.intake import Submission

LECTURES = Path(__file__).resolve().parents[2] / "lectures"
STEM = "06_transposed_convolution"
ANA = Submission("ana", "ana.ipynb", b"1")
GRADED = {**rejected(""), "status": "graded", "notes": []}


@pytest.fixture(scope="module")
def exercise() -> Exercise:
    return read_exercise(find_exercises(LECTURES, "06")[0])


def test_a_folder_keeps_its_seed_which_nobody_else_can_read(tmp_path):
    seed = claim(tmp_path / "out", STEM, None)
    assert seed.bit_length() > 60
    assert claim(tmp_path / "out", STEM, None) == claim(tmp_path / "out", STEM, seed) == seed
    assert (tmp_path / "out" / "seed.json").stat().st_mode & 0o077 == 0


def a_file(out: Path) -> None:
    out.write_text("")


def damaged(out: Path) -> None:
    out.mkdir()
    (out / "seed.json").write_text('{"seed": null}')


def of_another_exercise(out: Path) -> None:
    claim(out, "07_encoder_decoder", None)


def with_another_seed(out: Path) -> None:
    claim(out, STEM, 4)


@pytest.mark.parametrize(
    ("before", "words"),
    [
        (a_file, "is a file. Name a folder"),
        (damaged, "seed.json should hold the seed of the hidden inputs. Choose another folder"),
        (of_another_exercise, f"holds the grades of 07_encoder_decoder, not of {STEM}. Choose"),
        (with_another_seed, "was graded with another seed than 5. Choose another folder"),
    ],
)
def test_a_folder_of_something_else_is_left_as_it_is(before, words, tmp_path):
    before(tmp_path / "out")
    held = sorted((path, path.read_bytes()) for path in tmp_path.rglob("*.json"))
    with pytest.raises(ValueError, match=words):
        claim(tmp_path / "out", STEM, 5)
    assert sorted((path, path.read_bytes()) for path in tmp_path.rglob("*.json")) == held


def test_a_folder_that_cant_be_written_is_named(tmp_path, monkeypatch):
    def full(path, content):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(_results, "write_file", full)
    with pytest.raises(ValueError, match=r"can't be written \(No space left on device\)"):
        claim(tmp_path / "out", STEM, None)


def test_a_second_run_in_the_same_folder_is_refused_and_a_killed_one_forgotten(tmp_path):
    code = (
        "import pathlib, sys, time\nfrom segviz.grading._results import alone\n"
        "with alone(pathlib.Path(sys.argv[1])):\n    print('in', flush=True)\n    time.sleep(99)\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"in\n"
        with pytest.raises(ValueError, match="another segviz grade is at work"), alone(tmp_path):
            pass
        other.kill()
    with alone(tmp_path):
        pass


def test_a_result_is_found_again_and_a_damaged_one_is_judged_again(exercise, tmp_path):
    folder = Results(tmp_path, exercise, {}, True)
    kept = folder.keep(ANA, GRADED)
    assert Results(tmp_path, exercise, {}, True).known(ANA) == kept
    stricter = replace(exercise, settings=replace(exercise.settings, withhold=("numpy.fft",)))
    for other in (
        Results(tmp_path, exercise, {"probe": 1}, True).known(ANA),
        Results(tmp_path, exercise, {}, False).known(ANA),
        Results(tmp_path, stricter, {}, True).known(ANA),
        folder.known(Submission("ana", "ana.ipynb", b"2")),
        folder.known(Submission("bo", "ana.ipynb", b"1")),
    ):
        assert other is None
    (path,) = (tmp_path / "results").iterdir()
    path.write_text('{"stud')
    assert folder.known(ANA) is None


def test_the_graders_own_errors_are_not_kept(exercise, tmp_path):
    folder = Results(tmp_path, exercise, {}, True)
    folder.keep(ANA, {**GRADED, "status": "error"})
    assert folder.known(ANA) is None


def test_who_is_only_in_earlier_results_is_said(exercise, tmp_path):
    folder = Results(tmp_path, exercise, {}, True)
    for name in ("ana", "bo"):
        folder.keep(Submission(name, f"{name}.ipynb"), GRADED)
    assert left_out(tmp_path, {"ana"}) == ["bo"]


def test_names_are_printed_on_every_terminal_and_command_none(monkeypatch):
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    classroom._say("  Zoë \x1b[31m \udcff 大\n", out)
    out.flush()
    assert out.buffer.getvalue() == b"  Zo\\xeb  [31m   \\u5927 \n"  # type: ignore[attr-defined]


def test_results_say_where_they_come_from(exercise, tmp_path):
    late = Submission("ana", "ana.ipynb", problem="it is a link", late=True, notes=("Late.",))
    result = Results(tmp_path, exercise, {}, False).keep(late, rejected(late.problem))
    words = "ana.ipynb: not graded: it is a link. No mark was recorded; ask for it again."
    assert (result["notes"], result["late"], result["sandbox"]) == ([words, "Late."], True, "none")
    (path,) = (tmp_path / "results").iterdir()
    assert json.loads(path.read_text("utf-8")) == result
