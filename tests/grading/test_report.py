"""Reports of a made-up class: whole, escaped, and no formula for a spreadsheet."""

from __future__ import annotations

import csv
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib import image

from segviz.grading.exercise import find_exercises, read_exercise
from segviz.grading.report import harmless, write_file, write_reports

LECTURES = Path(__file__).resolve().parents[2] / "lectures"
EXERCISE = read_exercise(find_exercises(LECTURES, "06")[0])
NAMES = [
    "Ana",
    "=1+1",
    "<img src=x>",
    "../../etc/passwd",
    "a/b",
    "ana",
    "con",
    "Zoë (大)",
    "\x1b[31m\x00",
    "大" * 84,
    "大" * 83 + "小",
    "x" * 5000,
]


def result(student: str, status: str = "graded") -> dict:
    points = {"stamp": 2.5, "output_size": 3.0, "matrix": 0.0} if status == "graded" else {}
    probes = [{"task": "stamp", "check": "probe-stamp", "points": 2.0, "earned": 0.0}] * bool(
        points
    )
    notes = ["stamp: gave <another> & result"]
    return {
        "student": student,
        "file": f"{student}.ipynb",
        "status": status,
        "points": points,
        "total": sum(points.values()),
        "probes": probes,
        "notes": notes,
        "seconds": 1.0,
    }


@pytest.fixture(scope="module")
def out(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("out")
    results = [result(name) for name in NAMES] + [result("Bo", "rejected"), result("Cy", "error")]
    write_reports(EXERCISE, results, folder)
    return folder


def test_the_table(out):
    with (out / "grades.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["student"]: row for row in csv.DictReader(file)}
    assert len(rows) == len(NAMES) + 2
    ana = rows["Ana"]
    assert [ana[name] for name in ("stamp", "output_size", "matrix", "total", "status")] == [
        *("2.5", "3", "0", "5.5", "graded")
    ]
    assert (rows["Bo"]["total"], rows["Bo"]["status"]) == ("", "rejected")
    assert "'=1+1" in rows


def test_the_junit_file_counts_failures_and_errors(out):
    suites = ElementTree.parse(out / "junit.xml").getroot()
    by = {suite.get("name"): suite for suite in suites}
    assert (by["Ana"].get("failures"), by["Ana"].get("errors")) == ("1", "0")
    assert (by["Bo"].get("failures"), by["Bo"].get("errors")) == ("0", "1")


def test_every_student_has_a_page_of_their_own_inside_the_folder(out):
    pages = sorted(path.name for path in (out / "feedback").iterdir())
    assert len({name.lower() for name in pages}) == len(NAMES) + 2
    assert "con_.html" in pages
    assert sorted(path.name for path in out.iterdir()) == [
        *("feedback", "grades.csv", "histogram.png", "junit.xml")
    ]
    text = "".join((out / "feedback" / name).read_text("utf-8") for name in pages)
    assert "<img" not in text
    assert "&lt;another&gt; &amp; result" in text
    assert "5.5 of 10" in text


def test_the_histogram_is_a_picture(out):
    picture = image.imread(out / "histogram.png")
    assert picture.ndim == 3
    assert np.ptp(picture) > 0.5


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@x", " =1", "\t=1", "\r=1"])
def test_no_formula_is_left(text):
    assert harmless(text)[0] == "'"


@pytest.mark.parametrize("text", ["a;=1", "a; =1", "a|@x", "a\t-1"])
def test_no_formula_is_left_where_another_sign_separates_columns(text):
    assert "'" in harmless(text)
    assert harmless(text).replace("'", "") == text


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "grades.csv"
    write_file(path, b"old")

    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_file(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
