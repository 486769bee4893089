"""The whole corpus in one run of ``segviz grade``: every submission gets what it must.

``pytest tests/grading/test_corpus.py -m sandbox -k hostile`` runs those of one kind.
"""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import psutil
import pytest
from corpus import CASES, write

pytestmark = [pytest.mark.sandbox, pytest.mark.timeout(3600)]

LONGEST_SECONDS = 60


@pytest.fixture(scope="module")
def names(request) -> list[str]:
    """The cases that this run of pytest is about."""
    chosen = [item.callspec.params["name"] for item in request.session.items if _is_case(item)]
    return [name for name in CASES if name in chosen] or list(CASES)[:3]


def _is_case(item: pytest.Item) -> bool:
    return item.path.samefile(__file__) and "name" in getattr(item, "callspec", item).__dict__.get(
        "params", {}
    )


@pytest.fixture(scope="module")
def out(names, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("corpus")
    (folder / "in").mkdir()
    write(folder / "in", names)
    command = [sys.executable, "-m", "segviz", "grade", folder / "in", "--exercise", "06"]
    done = subprocess.run([*command, "--out", folder / "out", "--jobs", "3"])
    assert done.returncode in (0, 1)
    return folder / "out"


@pytest.fixture(scope="module")
def results(out) -> dict[str, Any]:
    files = [json.loads(path.read_text("utf-8")) for path in (out / "results").glob("*.json")]
    assert len({result["student"] for result in files}) == len(files), "graded twice"
    return {result["student"]: result for result in files}


@pytest.mark.parametrize("name", CASES)
def test_a_submission_gets_what_it_must(name, results):
    case, result = CASES[name], results[name]
    notes = " ".join(result["notes"])
    assert result["status"] == ("rejected" if case.points is None else "graded"), notes
    if case.points is not None:
        assert result["points"] == case.points, notes
    assert case.note in notes
    assert result["seconds"] <= LONGEST_SECONDS


def test_the_table_has_a_row_for_each_and_no_formula(names, out):
    with (out / "grades.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(names)
    assert {"student", "total", "status"} <= set(rows[0])
    assert not [row for row in rows for value in row.values() if value[:1] in ("=", "+", "-", "@")]


def test_feedback_is_escaped_and_whole(names, out):
    pages = [path.read_text("utf-8") for path in (out / "feedback").glob("*.html")]
    assert len(pages) == len(names)
    assert not [page for page in pages if "<img" in page or "http" in page]
    assert all(page.endswith("</html>\n") for page in pages)


def test_nothing_is_left_behind(out):
    running = [
        process.info["cmdline"]
        for process in psutil.process_iter(["cmdline", "uids"])
        if process.info["uids"] and process.info["uids"].real >= 1_000_000
    ]
    assert running == []
    assert sorted(Path(tempfile.gettempdir()).glob("segviz-*-*-*")) == []
