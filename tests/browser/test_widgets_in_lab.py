"""Every widget in a real JupyterLab: shown, sound for axe in both themes, used by keyboard."""

from __future__ import annotations

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import expect

import segviz.widgets

pytestmark = pytest.mark.browser

ALL = dir(segviz.widgets)


@pytest.fixture(scope="module")
def notebook(open_notebook):
    """All widgets on one page, because opening a page takes seconds."""
    return open_notebook("import segviz", *[f"segviz.widgets.{name}()" for name in ALL])


@pytest.fixture(params=ALL)
def position(request):
    return ALL.index(request.param)


def _violations(notebook, position):
    """What axe finds in one widget, and what it looked at to find it."""
    root = notebook.widget(position)
    root.scroll_into_view_if_needed()
    root.evaluate("(root, id) => (root.id = id)", f"widget-{position}")
    found = Axe().run(notebook.page, context=f"#widget-{position}").response["violations"]
    return [(one["id"], node["html"]) for one in found for node in one["nodes"]]


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_widget_is_accessible_in_both_themes(notebook, position, theme, pictures):
    notebook.theme(theme)
    assert _violations(notebook, position) == []
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
    while root.evaluate("root => root.contains(document.activeElement)"):
        reached += 1
        stop = notebook.page.evaluate(
            """() => { const one = document.activeElement;
                 const name = one.ariaLabel || one.labels?.[0]?.textContent || one.textContent;
                 return [name, one.outerHTML.slice(0, 200)]; }"""
        )
        assert stop[0], stop
        notebook.page.keyboard.press("Tab")
    assert reached == wanted


def test_arrow_keys_move_sliders_and_not_the_notebook(notebook, position):
    root = notebook.widget(position)
    for slider in root.locator("input[type=range]").all():
        notebook.widget(position, told=False)
        before, low, high = (
            slider.evaluate(f"one => one.{end}") for end in ("value", "min", "max")
        )
        if low == high:
            continue
        slider.focus()
        notebook.page.keyboard.press("ArrowLeft" if before == high else "ArrowRight")
        expect(slider).not_to_have_value(before)
        assert slider.evaluate("one => one === document.activeElement")
        assert notebook.page.locator(".jp-mod-editMode").count() == 0


def test_nothing_was_said_in_the_console(notebook):
    assert notebook.problems == []
