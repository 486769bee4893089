"""A training in a real JupyterLab: the curve grows while the cell runs, and the button ends it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

TRAINING = """
import torch, segviz
from segviz.models import create
from segviz.training import fit
from segviz.losses import cross_entropy
w = segviz.widgets.TrainingProgress()
model = create("unet", in_channels=3, num_classes=11, width=2, depth=1, padded=True, seed=0)
def draw(generator):
    images = torch.rand((1, 3, 16, 16), generator=generator)
    return images, (images[:, 0] > 0.5).long()
"""
FIT = """
history = fit(model, draw, cross_entropy, steps=10**6, learning_rate=1e-3, progress=False,
              on_step=w.watch(model, every=1))
"""


# The end of the training's cell, or an error where it runs on.
ENDED = """Promise.race([window.running, new Promise((_, fail) =>
  setTimeout(() => fail(new Error('the training goes on')), 60000))])"""


@pytest.fixture(scope="module")
def notebook(open_notebook):
    return open_notebook(TRAINING, "w")


def test_it_is_watched_and_stopped_by_keyboard_while_the_cell_runs(notebook):
    root = notebook.widget()
    readout = root.locator(".segviz-readout")
    expect(readout).to_have_text("No step has been taken yet.")
    notebook.start(FIT)
    expect(readout).to_have_text(re.compile(r"Behind step \d+ of \d+ the loss is"))
    before = readout.text_content()
    expect(readout).not_to_have_text(before)
    expect(root.locator("svg path").last).to_have_attribute("d", re.compile("L.*L", re.DOTALL))
    stop = root.get_by_role("button", name="Stop training")
    stop.focus()
    notebook.page.keyboard.press("Enter")
    expect(stop).to_have_attribute("aria-pressed", "true")
    notebook.page.evaluate(ENDED)
    notebook.run("assert len(history.loss) < 10**6 and not model.training")
    notebook.run("assert w.trace['at'] == len(history.loss)")


def test_afterwards_its_moments_can_be_played_again(notebook):
    root = notebook.widget()
    scrub = root.get_by_label("Step", exact=True)
    scrub.focus()
    notebook.page.keyboard.press("Home")
    expect(root.locator(".segviz-readout")).to_have_text(re.compile(r"^Behind step 1 of"))
    notebook.page.keyboard.press("End")
    expect(root.locator(".segviz-readout")).not_to_have_text(re.compile(r"^Behind step 1 of"))
    assert notebook.problems == []


def test_it_can_be_stopped_where_one_cell_shows_and_trains(open_notebook):
    notebook = open_notebook(TRAINING)
    notebook.page.evaluate(
        """code => jupyterapp.shell.currentWidget.content.model.sharedModel.insertCell(
             1, {cell_type: 'code', source: code})""",
        f"from IPython.display import display\ndisplay(w)\n{FIT}",
    )
    notebook.page.evaluate("() => void jupyterapp.commands.execute('notebook:run-all-cells')")
    stop = notebook.page.get_by_role("button", name="Stop training")
    readout = notebook.page.locator(".segviz-readout")
    expect(readout).to_have_text(re.compile(r"Behind step \d+ of"))
    stop.click()
    expect(notebook.page.locator(".jp-InputPrompt").nth(1)).to_have_text(re.compile(r"\[\d+\]:"))
