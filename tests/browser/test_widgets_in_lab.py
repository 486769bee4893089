"""Every widget in a real JupyterLab: shown, sound for axe in both themes, used by keyboard."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import violations
from PIL import Image
from playwright.sync_api import expect

import segviz.widgets

pytestmark = pytest.mark.browser

ALL = dir(segviz.widgets)

# The name of what has the focus in a root, and what it is; null where the focus is elsewhere.
STOP = """root => {
  const one = document.activeElement;
  if (!root.contains(one)) return null;
  const name = one.ariaLabel || one.labels?.[0]?.textContent || one.textContent;
  return [name, one.outerHTML.slice(0, 200)];
}"""


@pytest.fixture(scope="module")
def notebook(open_notebook):
    """All widgets on one page, because opening a page takes seconds."""
    return open_notebook("import segviz", *[f"segviz.widgets.{name}()" for name in ALL])


@pytest.fixture(params=ALL)
def position(request):
    return ALL.index(request.param)


@pytest.fixture(scope="module", params=["JupyterLab Light", "JupyterLab Dark"])
def theme(notebook, request):
    """For all widgets at once, because every change of it draws the whole page."""
    notebook.theme(request.param)
    return request.param


def test_widget_is_accessible_in_both_themes(notebook, position, theme, pictures):
    root = notebook.widget(position)
    root.scroll_into_view_if_needed()
    root.evaluate("(root, id) => (root.id = id)", f"widget-{position}")
    assert violations(notebook.page, f"#widget-{position}") == []
    path = pictures / f"{ALL[position]} {theme}.png"
    notebook.widget(position).screenshot(path=path)
    page = np.median(np.asarray(Image.open(path).convert("L"))[:, 0])  # its left edge
    assert page < 60 if "Dark" in theme else page > 195


def test_every_control_is_reached_by_tab_and_named(notebook, position):
    """The focus walks through all that it can stop at, and each stop says what it is."""
    root = notebook.widget(position)
    wanted = root.evaluate(
        """root => [...root.querySelectorAll('button, select, input, canvas')].filter(
             one => one.tabIndex >= 0 && !one.disabled && one.checkVisibility()).length"""
    )
    root.locator("button, select, input").first.focus()
    reached = 0
    while stop := root.evaluate(STOP):
        reached += 1
        assert stop[0], stop
        notebook.page.keyboard.press("Tab")
    assert reached == wanted


def test_arrow_keys_move_sliders_and_not_the_notebook(notebook, position):
    root = notebook.widget(position)
    for slider in root.locator("input[type=range]").all():
        notebook.widget(position, told=False)
        before, low, high = slider.evaluate("one => [one.value, one.min, one.max]")
        if low == high:
            continue
        slider.focus()
        notebook.page.keyboard.press("ArrowLeft" if before == high else "ArrowRight")
        expect(slider).not_to_have_value(before)
        expect(slider).to_be_focused()
        assert notebook.page.locator(".jp-mod-editMode").count() == 0


def test_nothing_was_said_in_the_console(notebook):
    assert notebook.problems == []
