"""README, CONTRIBUTING and CHANGELOG name only what exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from segviz import cli

ROOT = Path(__file__).resolve().parents[1]
PAGES = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")


def text(page: str) -> str:
    return (ROOT / page).read_text("utf-8")


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_to_files_that_exist(page):
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", text(page)):
        assert target.startswith("https://") or (ROOT / target).exists(), target


def test_a_lecture_is_ready_exactly_when_its_notebook_is_there():
    rows = re.findall(r"^\| (\d\d) \|.*\| (ready|planned) \|$", text("README.md"), re.M)
    assert [number for number, _ in rows] == [f"{number:02}" for number in range(1, 15)]
    built = {path.name[:2] for path in (ROOT / "lectures").glob("[0-9][0-9]_*.ipynb")}
    assert {number for number, state in rows if state == "ready"} == built


@pytest.mark.parametrize("page", PAGES)
def test_commands_that_are_named_exist(page, capsys):
    for command in set(re.findall(r"\bsegviz ((?:data )?[a-z]+)(?= |`|\n)", text(page))):
        if f"segviz {command}" in blocks(page):
            with pytest.raises(SystemExit) as stopped:
                cli.main([*command.split(), "--help"])
            assert stopped.value.code == 0, command


def blocks(page: str) -> str:
    """What stands between backticks."""
    fenced = re.findall(r"```\w+\n(.*?)```", text(page), re.S)
    return "\n".join(fenced + re.findall(r"`([^`\n]+)`", text(page)))
