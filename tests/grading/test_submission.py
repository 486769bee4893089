"""Answers taken out of battered files, without running anything; the corpus run judges the rest."""

from __future__ import annotations

from pathlib import Path

import pytest
from corpus.cases import RIGHT, answers, code_cell, notebook
from corpus.malformed import MALFORMED
from corpus.unlucky import SPLIT, STUB, UNLUCKY

from segviz.grading.exercise import find_exercises, read_exercise
from segviz.grading.submission import Rejected, extract

LECTURES = Path(__file__).resolve().parents[2] / "lectures"
EXERCISE = read_exercise(find_exercises(LECTURES, "06")[0])
FILES = [name for name, case in MALFORMED.items() if case.file.endswith(".ipynb")]
# Their answers differ from the right ones on purpose, or a part stands in an added cell.
OTHERS = ("good-", "unlucky-split", "unlucky-helper", "unlucky-syntax", "unlucky-second-never")


@pytest.mark.parametrize("name", [name for name in UNLUCKY if not name.startswith(OTHERS)])
def test_every_answer_is_found(name):
    found = extract(EXERCISE, UNLUCKY[name].make())
    assert set(found.answers) == set(RIGHT)
    assert all(f"{name}" in source for name, source in found.answers.items())
    assert found.answers["matrix"].strip() == RIGHT["matrix"].strip()


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_cannot_be_graded_is_refused_with_the_reason(name):
    with pytest.raises(Rejected) as refused:
        extract(EXERCISE, MALFORMED[name].make())
    assert MALFORMED[name].note in str(refused.value)


def test_outputs_tags_and_checks_are_left_behind():
    cells = [*answers(), code_cell("check.stamp(stamp)", "check-stamp"), code_cell("x = 1")]
    found = extract(EXERCISE, notebook(cells))
    assert found.extras == ["x = 1"]
    assert found.notes == []


def test_stubs_are_no_answers_however_they_are_laid_out():
    cells = [code_cell(STUB.replace("\n", "  \n\n"), "answer-stamp")]
    found = extract(EXERCISE, notebook(cells))
    assert found.answers == {}
    assert found.notes == [
        "stamp: not answered.",
        "output_size: no answer cell found; did you delete it?",
        "matrix: no answer cell found; did you delete it?",
    ]


def test_the_last_of_two_answers_counts_and_is_noted():
    cells = answers()
    cells.insert(1, code_cell("def stamp(x, kernel, stride):\n    return 1", "answer-stamp"))
    found = extract(EXERCISE, notebook(cells))
    assert found.answers["stamp"] == RIGHT["stamp"]
    assert found.notes == ["stamp: 2 answers found; the last one was taken."]


def test_half_of_a_split_answer_is_kept_for_a_second_run():
    cells = answers(stamp=SPLIT[1])
    found = extract(EXERCISE, notebook([code_cell(SPLIT[0]), *cells]))
    assert found.extras == [SPLIT[0]]


def test_an_answer_too_long_to_be_one_is_not_run():
    found = extract(EXERCISE, notebook(answers(stamp="def stamp(): pass\n" + "#" * 200_001)))
    assert "stamp" not in found.answers
    assert "longer than 200,000 characters" in found.notes[0]
