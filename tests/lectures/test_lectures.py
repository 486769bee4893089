"""What every lecture holds, by COURSE.md and STYLE.md's rules for a page; nbval runs them apart."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest
from nbconvert import HTMLExporter, SlidesExporter

from segviz.grading._sources import find_sources, read_source

LECTURES = Path(__file__).resolve().parents[2] / "lectures"
STEMS = [source.stem for source in find_sources(LECTURES)]
MOST_LINES = 10
TAGS = {"nbval-check-output", "raises-exception"}
PARTS = ("can\n", "Predict first", "often believed", "Guidelines", "Further reading")


@pytest.fixture(scope="module", params=STEMS)
def stem(request) -> str:
    return request.param


@pytest.fixture(scope="module")
def source(stem) -> nbformat.NotebookNode:
    return read_source(LECTURES / "src" / f"{stem}.py")


@pytest.fixture(scope="module")
def built(stem) -> nbformat.NotebookNode:
    return nbformat.read(LECTURES / f"{stem}.ipynb", as_version=4)


def words(notebook: nbformat.NotebookNode) -> str:
    return "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


def code(notebook: nbformat.NotebookNode) -> list[str]:
    return [cell.source for cell in notebook.cells if cell.cell_type == "code"]


def test_there_are_lectures():
    assert STEMS


def test_the_title_carries_the_number_of_the_file(stem, source):
    assert source.cells[0].source.startswith(f"# {stem[:2]} ")


def test_it_has_every_part_in_order(source):
    text = words(source)
    places = [text.find(part) for part in PARTS]
    assert -1 not in places, f"missing: {PARTS[places.index(-1)]!r}"
    assert places == sorted(places)


def test_it_promises_three_things_one_can_do(source):
    assert len(re.findall(r"^- \*\*\w+", source.cells[0].source, re.M)) == 3


def test_cells_are_at_most_ten_lines(source):
    long = [cell.splitlines()[0] for cell in code(source) if len(cell.splitlines()) > MOST_LINES]
    assert long == []


def test_tags_are_known_and_some_outputs_are_checked(source):
    tags = [tag for cell in source.cells for tag in cell.metadata.get("tags", ())]
    assert set(tags) <= TAGS
    assert tags.count("nbval-check-output") >= 3


def test_links_lead_to_files_that_exist(source):
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", words(source)):
        assert target.startswith("http") or (LECTURES / target).exists(), target


def test_links_to_a_heading_lead_to_one(stem, source):
    for target, heading in re.findall(r"\]\(([^)#]*)#([^)]+)\)", words(source)):
        linked = LECTURES / "src" / f"{target.removesuffix('.ipynb') or stem}.py"
        headings = re.findall(r"^#+ (.+)$", words(read_source(linked)), re.M)
        # Spaces become hyphens, in JupyterLab and in nbconvert's HTML; code loses its backticks.
        assert heading in {one.replace("`", "").replace(" ", "-") for one in headings}, heading


def test_html_shows_every_picture_with_words_and_no_widget_without_kernel(built):
    page, _ = HTMLExporter(template_name="classic").from_notebook_node(built)
    pictures = re.findall(r'<img[^>]*?alt="([^"]*)"', page)
    count = sum("image/png" in o.get("data", {}) for c in built.cells for o in c.get("outputs", ()))
    assert len(pictures) >= count > 0
    assert "No description has been provided" not in page
    assert "Error displaying widget" not in page


def test_slides_begin_at_every_section(built):
    page, _ = SlidesExporter().from_notebook_node(built)
    sections = len(re.findall(r"^##? ", words(built), re.M))
    assert page.count("<section><section>") >= 1
    assert page.count("<section") >= sections
