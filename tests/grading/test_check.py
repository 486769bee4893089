"""``segviz check``: pristine visible checks under a student's answers, in words."""

from __future__ import annotations

import pytest
from corpus.cases import MATRIX, OUTPUT_SIZE, STAMP, answers, notebook
from corpus.habits import HABITS

from segviz.grading.check import check

FAULTS = {
    "stamp": STAMP.replace("* kernel", "* kernel[::-1]"),
    "output_size": OUTPUT_SIZE.replace("dilation * ", ""),
    "matrix": MATRIX.replace("    ])\n", "    ]).T\n"),
}


def test_a_fault_is_named(tmp_path, capsys):
    path = tmp_path / "06_mine.ipynb"
    path.write_bytes(notebook(answers(**FAULTS)))
    assert check(str(path)) == 1
    said = capsys.readouterr().out
    for words in ("is mirrored: did you flip it?", "for dilation=1", "This is the transpose"):
        assert words in said
    assert said.endswith("0 of 10 points. Visible checks only; hidden checks decide the mark.\n")


def test_what_a_student_added_is_there_for_the_answer_and_no_endless_cell_runs(tmp_path, capsys):
    path = tmp_path / "06_mine.ipynb"
    path.write_bytes(HABITS["habit-beside-an-endless-cell"].make())
    assert check(str(path)) == 0
    assert "10 of 10 points" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("06_mine.ipynb", b"", "the file is empty"),
        ("mine.ipynb", b"{}", "is called like no exercise"),
    ],
)
def test_a_file_that_is_no_exercise_is_told(name, content, words, tmp_path):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=words):
        check(str(tmp_path / name))
