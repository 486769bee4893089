"""The U-Net's sizes in a real JupyterLab: a size typed in, legal or not."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def notebook(open_notebook):
    return open_notebook("import segviz\nw = segviz.widgets.EncoderDecoder()\nw")


@pytest.fixture
def typed(notebook):
    notebook.run("w.size, w.depth, w.padded = 572, 4, False")
    return notebook.widget().get_by_label("size, typed")


def _verdict(notebook):
    return notebook.widget().locator(".segviz-caption").first


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("2000", "size=2000 is not offered. It goes from 1 to 1024. Use 1024."),
        ("0", "size=0 is not offered. It goes from 1 to 1024. Use 1."),
        ("570.5", "size=570.5 must be a whole number. It goes from 1 to 1024."),
    ],
)
def test_an_illegal_size_is_answered_with_the_rule_and_goes_back(notebook, typed, text, words):
    typed.fill(text)
    alert = notebook.widget().get_by_role("alert")
    expect(alert).to_contain_text(words)
    expect(typed).to_have_value(text)
    expect(typed).to_have_attribute("aria-invalid", "true")
    expect(typed).to_have_css("border-top-style", "dashed")
    expect(_verdict(notebook)).to_contain_text("572 × 572 in, 388 × 388 out")
    notebook.run(f"assert w.size == 572 and w.error.startswith({words[:9]!r})")
    typed.press("Enter")
    notebook.widget()
    expect(typed).to_have_value("572")
    expect(typed).to_have_attribute("aria-invalid", "false")
    expect(alert).to_be_empty()
    notebook.run("assert w.size == 572 and w.error == ''")


def test_an_empty_box_asks_for_nothing_and_gets_its_size_back(notebook, typed):
    typed.fill("")
    expect(typed).to_have_attribute("aria-invalid", "true")
    expect(_verdict(notebook)).to_contain_text("388 × 388 out")
    typed.blur()
    expect(typed).to_have_value("572")
    expect(typed).not_to_have_css("border-top-style", "dashed")


def test_a_legal_size_is_followed_at_once_by_box_and_slider(notebook, typed):
    typed.fill("188")
    expect(_verdict(notebook)).to_contain_text("188 × 188 in, 4 × 4 out")
    slider = notebook.widget().get_by_label("size", exact=True)
    expect(slider).to_have_value("188")
    slider.fill("1024")
    expect(typed).to_have_value("1024")
    expect(notebook.widget().get_by_role("button", name=re.compile("^Use 10"))).to_be_visible()
    notebook.run("assert w.size == 1024")
    assert notebook.problems == []
