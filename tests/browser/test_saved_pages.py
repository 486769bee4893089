"""Every widget saved as a page, opened from disk with the network off."""

from __future__ import annotations

from itertools import pairwise

import pytest
from conftest import DRAWN, LAID_OUT, violations
from playwright.sync_api import expect

import segviz.widgets
from segviz.widgets import Pooling2D

pytestmark = pytest.mark.browser

ALL = dir(segviz.widgets)
STEPS = 6  # that are looked at one by one
# Whether an element scrolls sideways, and how long the fade at its end is.
WIDE = "one => getComputedStyle(one).overflowX === 'auto' && one.scrollWidth > one.clientWidth"
FADE = "one => getComputedStyle(one).getPropertyValue('--segviz-fade')"


class Saved:
    """A widget, its page in a browser without a network, and what the page asked for and said."""

    def __init__(self, widget, folder, browser, **settings):
        self.widget = widget
        self.path = folder / f"{type(widget).__name__}.html"
        widget.save(self.path)
        self.requests, self.problems = [], []
        self.context = browser.new_context(
            offline=True, viewport={"width": 1280, "height": 720}, **settings
        )
        self.page = self.context.new_page()
        self.page.on("request", lambda one: self.requests.append(one.url))
        self.page.on("console", lambda one: self.problems.append(one.text))
        self.page.on("pageerror", lambda one: self.problems.append(str(one)))
        self.page.goto(self.path.as_uri())
        self.root = self.page.locator(".segviz")

    def settle(self):
        """Wait until what was asked is answered and drawn."""
        self.page.wait_for_function(f"() => {DRAWN}(document.querySelector('.segviz'))")

    def resize(self, width, height=720):
        """Give the page another size and wait until the widget is laid out and drawn in it."""
        self.page.set_viewport_size({"width": width, "height": height})
        self.page.wait_for_function(LAID_OUT, arg=[self.root.element_handle(), width])

    def control(self, name):
        return self.root.locator(f'[id^="segviz-{name}-"]').first

    def put(self, name, value):
        """Set a control as its reader would; what it has already stays."""
        control = self.control(name)
        kind = control.evaluate("one => one.type")
        if kind == "checkbox":
            control.set_checked(value)
        elif kind == "range":
            control.fill(str(value))
        else:
            control.select_option(str(value))
        self.settle()


@pytest.fixture(scope="module", params=ALL)
def saved(request, context, tmp_path_factory):
    widget = getattr(segviz.widgets, request.param)()
    made = Saved(widget, tmp_path_factory.mktemp("pages"), context.browser)
    made.settle()
    yield made
    made.context.close()


def test_page_loads_nothing_and_says_nothing(saved):
    assert [url for url in saved.requests if not url.startswith("data:")] == [saved.path.as_uri()]
    assert saved.problems == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_page_is_accessible_in_both_themes(saved, theme, pictures):
    saved.page.emulate_media(color_scheme=theme)
    assert violations(saved.page) == []
    name = type(saved.widget).__name__
    saved.page.screenshot(path=pictures / f"{name} saved {theme}.png", full_page=True)


def test_page_is_read_on_a_phone(saved, pictures):
    saved.resize(390, 844)
    assert saved.page.evaluate("document.documentElement.scrollWidth") <= 390
    name = type(saved.widget).__name__
    saved.page.screenshot(path=pictures / f"{name} saved phone.png", full_page=True)
    saved.resize(1280)


def test_what_is_wider_than_a_phone_fades_out_at_its_end_and_scrolls_by_keyboard(saved):
    saved.resize(390, 844)
    regions = [
        one
        for one in saved.page.locator("main div").element_handles()
        if one.evaluate(WIDE) and one.is_visible()
    ]
    assert regions or not isinstance(saved.widget, segviz.widgets.NetworkSize)
    for region in regions:
        assert region.get_attribute("tabindex") == "0"
        assert region.get_attribute("aria-label") == "Scrolls sideways"
        assert region.evaluate(FADE) == "48px"
        assert region.evaluate("one => getComputedStyle(one).maskImage") != "none"
        region.focus()
        saved.page.keyboard.press("ArrowRight")
        saved.page.wait_for_function("one => one.scrollLeft > 0", arg=region)
        region.evaluate("one => { one.scrollLeft = one.scrollWidth; }")
        saved.page.wait_for_function(f"one => ({FADE})(one) === '0px'", arg=region)
        region.evaluate("one => { one.scrollLeft = 0; }")
    saved.resize(1280)
    for region in regions:
        if not region.evaluate(WIDE):
            assert region.get_attribute("tabindex") is None
            assert region.evaluate("one => getComputedStyle(one).maskImage") == "none"


def test_keyboard_alone_walks_through_the_animation_and_each_step_is_told(saved):
    step = saved.root.get_by_label("Step", exact=True)
    if step.count() == 0:
        assert saved.widget._frames() == 1
        return
    press = saved.page.keyboard.press
    step.first.focus()
    press("Home")
    expect(step.first).to_have_value("0")
    saved.settle()
    told = []
    last = int(step.first.get_attribute("max"))
    for number in range(min(last, STEPS)):
        told.append(saved.root.locator(".segviz-readout").text_content())
        press("ArrowRight")
        expect(step.first).to_have_value(str(number + 1))
        saved.settle()
    told.append(saved.root.locator(".segviz-readout").text_content())
    assert all(before != after for before, after in pairwise(told)), told
    press("End")
    expect(step.first).to_have_value(str(last))


def test_page_plays(saved):
    step = saved.root.get_by_label("Step", exact=True)
    if step.count() == 0 or step.first.get_attribute("max") == "0":
        assert saved.widget._frames() == 1
        return
    step.first.focus()
    saved.page.keyboard.press("Home")
    saved.page.keyboard.press("Space")
    saved.page.wait_for_function("one => Number(one.value) > 0", arg=step.first.element_handle())
    saved.page.keyboard.press("Home")
    expect(saved.root.get_by_role("button", name="Play").first).to_be_visible()


def test_offline_settings_work_and_the_others_are_greyed_and_named(saved):
    widget = saved.widget
    start = {name: getattr(widget, name) for name in widget._offline}
    for name, value in start.items():
        expect(saved.control(name)).to_be_enabled()
        other = next(one for one in widget._kind(name).values() if one != value)
        setattr(widget, name, other)
        saved.put(name, other)
        alert = saved.root.get_by_role("alert").locator("span")
        expect(alert).to_have_text([widget.error] if widget.error else [])
        setattr(widget, name, value)
        saved.put(name, value)
        assert widget.error == ""
    note = saved.page.locator(".segviz-note").text_content()
    greyed = saved.root.locator("[id]:disabled").evaluate_all("all => all.map((one) => one.id)")
    for identity in greyed:
        assert identity.split("-")[1] in note
    assert not any(name in note.partition(".")[0].split() for name in widget._offline)


def test_what_is_fixed_is_called_as_its_control_is(saved):
    note = saved.page.locator(".segviz-note").text_content()
    labels = saved.root.locator("label[for]").evaluate_all(
        "all => all.filter((one) => one.control.disabled).map((one) => one.textContent)"
    )
    assert all(label in note for label in labels), (labels, note)
    if isinstance(saved.widget, segviz.widgets.ASPP):
        assert "“scores of” (class_index)" in note


def test_nothing_was_said_or_loaded_in_the_end(saved):
    assert [url for url in saved.requests if not url.startswith("data:")] == [saved.path.as_uri()]
    assert saved.problems == []


def test_illegal_setting_shows_the_rule_and_the_way_out(context, tmp_path):
    """As in the notebook: rule, remedy and picture are those of the live widget."""
    saved = Saved(Pooling2D(rows=3), tmp_path, context.browser)
    saved.settle()
    before = saved.root.locator(".segviz-tables").inner_text()
    saved.put("kernel_size", 4)
    saved.widget.kernel_size = 4
    alert = saved.root.get_by_role("alert")
    expect(alert.locator("span")).to_have_text(saved.widget.error)
    assert saved.root.locator(".segviz-tables").inner_text() == before
    button = alert.get_by_role("button")
    expect(button).to_have_text(saved.widget._error["label"])
    button.click()
    expect(alert).to_be_empty()
    expect(saved.control("kernel_size")).to_have_value("3")
    (remedy,) = saved.widget._error["remedy"].values()
    assert remedy == 3
    assert saved.problems == []
    saved.context.close()


def test_without_scripts_the_still_is_there(context, tmp_path):
    saved = Saved(Pooling2D(), tmp_path, context.browser, java_script_enabled=False)
    image = saved.page.get_by_role("img")
    expect(image).to_be_visible()
    assert image.get_attribute("alt") == saved.widget._describe()
    saved.context.close()
