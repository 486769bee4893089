"""The runner of all checks: what it counts, when it fails, and what it says is missing."""

from __future__ import annotations

import sys
from collections import Counter

import checks
import pytest
from checks import Check, count_tests, run, summarize


@pytest.fixture(autouse=True)
def own_logs(monkeypatch, tmp_path):
    monkeypatch.setattr(checks, "LOGS", tmp_path)
    monkeypatch.setattr(checks, "IN_CI", False)


def says(words: str, code: int = 0, name: str = "said", **options) -> Check:
    return Check(
        name, (sys.executable, "-c", f"print({words!r}); raise SystemExit({code})"), **options
    )


@pytest.mark.parametrize(
    ("log", "counts"),
    [
        ("..\n2 passed in 0.10s\n", {"passed": 2}),
        ("== 1 failed, 4 passed, 2 skipped in 1.00s ==", {"failed": 1, "passed": 4, "skipped": 2}),
        ("3 passed, 2 errors in 61.10s (0:01:01)", {"passed": 3, "failed": 2}),
        ("1 passed, 7 deselected in 1.10s\nSEGVIZ_DATA is not set", {"passed": 1}),
        ("# tests 5\n# pass 4\n# fail 1\n# skipped 0\n", {"passed": 4, "failed": 1}),
        ("ℹ tests 5\nℹ pass 5\nℹ fail 0\n", {"passed": 5}),
        ("Found 3 errors in 2 files", {}),
    ],
)
def test_tests_are_counted_from_the_closing_lines(log, counts):
    assert +count_tests(log) == Counter(counts)


def test_results_say_how_each_check_ended(capsys):
    results = run([says("5 passed in 0.1s"), says("1 failed in 0.1s", 1, "other")], 2)
    assert {(r.check.name, r.outcome) for r in results} == {("said", "passed"), ("other", "FAILED")}
    assert summarize(results, 1.0) == 1
    out = capsys.readouterr().out
    assert "FAILED: other: 1 failed in 0.1s" in out
    assert out.endswith("5 passed, 1 failed, 0 skipped\n")


def test_a_skipped_test_fails_in_ci_only(monkeypatch):
    assert run([says("1 passed, 1 skipped in 0.1s")], 1)[0].outcome == "passed"
    monkeypatch.setattr(checks, "IN_CI", True)
    assert run([says("1 passed, 1 skipped in 0.1s")], 1)[0].outcome == "FAILED"


def test_a_missing_program_is_loud_and_fails_in_ci(monkeypatch, capsys):
    monkeypatch.setattr(checks, "find_program", lambda name: None)
    monkeypatch.setattr(checks, "install", lambda *packages: None)
    (result,) = run([says("", program="node")], 1)
    assert result.outcome == "SKIPPED"
    assert result.words == "node is missing; on Debian: apt install nodejs"
    assert summarize([result], 0.0) == 0
    assert "SKIPPED: said: node is missing" in capsys.readouterr().out
    monkeypatch.setattr(checks, "IN_CI", True)
    assert run([says("", program="node")], 1)[0].outcome == "FAILED"


def test_the_lectures_run_on_real_sets_only_where_there_are_some(monkeypatch):
    def names() -> list[str]:
        return [check.name for _, group in checks.phases() for check in group]

    monkeypatch.delenv("SEGVIZ_DATA", raising=False)
    assert "lectures, real sets" not in names()
    monkeypatch.setenv("SEGVIZ_DATA", "somewhere")
    assert names()[-2:] == ["lectures, stand-ins", "lectures, real sets"]


def test_stand_ins_are_run_without_the_real_sets(monkeypatch):
    monkeypatch.setenv("SEGVIZ_DATA", "somewhere")
    code = "import os; print('SEGVIZ_DATA' in os.environ, os.environ['SEGVIZ_SOURCE'])"
    check = Check("x", (sys.executable, "-c", code), environment={"SEGVIZ_SOURCE": "bundled"})
    assert run([check], 1)[0].words == "False bundled"


def test_every_browser_test_is_in_one_part_of_the_three():
    *parts, rest = (c.command for _, g in checks.phases() for c in g if "browser, " in c.name)
    named = [part for command in parts for part in command if part.startswith("tests/")]
    assert all((checks.ROOT / name).exists() for name in named)
    assert [part.removeprefix("--ignore=") for part in rest if "--ignore" in part] == named
    assert "tests/browser" in rest


def test_every_unit_test_is_in_one_half_of_the_two():
    for name in checks.COURSE_TESTS:
        assert (checks.ROOT / "tests" / name).exists()
    library, course = (c.command for _, g in checks.phases() for c in g if "tests of" in c.name)
    assert [part.removeprefix("--ignore=") for part in library if "--ignore" in part] == [
        part for part in course if part.startswith("tests/")
    ]
