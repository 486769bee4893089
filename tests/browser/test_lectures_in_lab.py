"""Every lecture as a student meets it: opened in JupyterLab, then run from top to bottom."""

from __future__ import annotations

import shutil
from pathlib import Path

import nbformat
import pytest
from conftest import Notebook
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

LECTURES = Path(__file__).resolve().parents[2] / "lectures"
STEMS = sorted(path.stem for path in LECTURES.glob("[0-9][0-9]_*.ipynb"))


@pytest.mark.parametrize("stem", STEMS)
def test_it_shows_its_pictures_unrun_and_its_widgets_when_run(stem, lab, context):
    shutil.copy(LECTURES / f"{stem}.ipynb", lab.notebooks)
    cells = nbformat.read(LECTURES / f"{stem}.ipynb", as_version=4).cells
    pictures = sum("image/png" in o.get("data", {}) for c in cells for o in c.get("outputs", ()))
    page = context.new_page()
    page.set_default_timeout(300_000)
    notebook = Notebook(page, lab, stem)
    expect(page.locator(".jp-OutputArea-output img")).to_have_count(pictures)
    assert page.get_by_text("Error displaying widget").count() == 0
    notebook.run_all()
    shown = sum(1 for c in cells if c.cell_type == "code" and "widgets." in c.source)
    for position in range(shown):
        notebook.widget(position)
    assert page.locator(".segviz").count() == shown > 0
    assert page.locator('[data-mime-type="application/vnd.jupyter.error"]').count() == 0
    assert notebook.problems == []
    notebook.close()
