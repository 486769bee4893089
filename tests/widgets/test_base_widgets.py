"""What every widget must do, run over all of them."""

from __future__ import annotations

import base64
import io
import json
import re
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import traitlets
from PIL import Image

import segviz.widgets
from segviz.widgets import _base, _wire
from segviz.widgets._parameters import Cell, Choice, Flag, Grid, Number, Whole

ALL = dir(segviz.widgets)
FILES = Path(segviz.widgets.__file__).parent


@pytest.fixture(params=ALL)
def widget(request):
    return getattr(segviz.widgets, request.param)()


def _sent(widget, names):
    """Bytes that the browser would get for these traits."""
    state = widget.get_state(names)
    packed = json.dumps(state, default=lambda data: len(data) * "x")
    return len(packed)


def test_there_are_widgets():
    assert "Convolution2D" in ALL


def test_repr_is_stable(widget):
    assert repr(type(widget)()) == repr(widget)
    assert "0x" not in repr(widget)
    assert repr(widget).startswith(type(widget).__name__ + "(")


def test_bundle_shows_the_widget_or_the_still_and_no_html(widget):
    bundle, metadata = widget._repr_mimebundle_()
    assert set(bundle) == {
        "text/plain",
        "image/png",
        "application/vnd.jupyter.widget-view+json",
    }
    image = Image.open(io.BytesIO(base64.b64decode(bundle["image/png"])))
    assert image.width >= 600
    assert len(np.unique(np.asarray(image.convert("L")))) > 4
    assert len(metadata["image/png"]["alt"]) > 20
    assert len(json.dumps([bundle, metadata])) <= 45_000


def test_state_can_be_saved(widget):
    """As bytes and JSON only: a page made without a kernel is written from it."""
    state = widget.get_state()
    saved = json.dumps(state, default=lambda data: base64.b64encode(data).decode())
    assert set(json.loads(saved)) == set(state)


def test_one_answer_is_small(widget):
    assert _sent(widget, ["_trace"]) <= 10_000
    assert _sent(widget, ["_detail"]) <= 10_000


def test_answers_carry_the_number_of_the_question(widget):
    widget.set_state({"_asked": 41})
    assert widget._answered == 41


def test_unknown_setting_is_named(widget):
    with pytest.raises(TypeError, match="has no 'colour'"):
        type(widget)(colour="red")


def test_what_the_browser_may_not_set_is_answered_in_words(widget):
    for name in widget.parameters:
        before = getattr(widget, name)
        widget.set_state({name: "nonsense", "_asked": 7})
        assert name in widget.error
        assert getattr(widget, name) == before
        assert widget._answered == 7
        widget.set_state({name: before, "_asked": 8})
    assert widget.error == ""


@pytest.fixture
def node():
    """Node.js runs the browser's half without a browser."""
    found = shutil.which("node")
    assert found, "Node.js is not on the PATH: install it (Debian: apt install nodejs)."
    return found


def test_javascript_is_one_module_that_imports_nothing(widget, node, tmp_path):
    assert not re.search(r"^import\b|https?:(?!//www\.w3\.org)", widget._esm, re.MULTILINE)
    module = tmp_path / "widget.mjs"
    module.write_text(widget._esm, "utf-8")
    subprocess.run([node, "--check", module], check=True)


def test_javascript_unit_tests(node):
    folder = Path(__file__).parent / "js"
    files = sorted(map(str, folder.glob("*.test.mjs")))
    done = subprocess.run([node, "--test", *files], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]


def test_codes_put_zero_at_128():
    assert _wire.codes(np.array([-2.0, -1, 0, 0.5, 1, 3]), 1.0).tolist() == [
        1,
        1,
        128,
        192,
        255,
        255,
    ]


def test_finding_a_widget_loads_no_other():
    code = (
        "import sys, segviz; segviz.widgets.Convolution2D; "
        "print([m for m in ('torch', 'matplotlib.pyplot') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


class Span(_base.TraceWidget):
    """A widget whose two settings can contradict each other, and which counts its work."""

    _esm = "export default {}"
    low = Whole(1, 0, 5)
    high = Whole(4, 0, 5)
    cursor = Cell()

    def __init__(self, **settings):
        self.computed = []
        super().__init__(**settings)

    def _compute(self, *, low, high):
        if low >= high:
            raise ValueError(f"low={low} must be below high={high}. Use {high - 1} or less.")
        self.computed.append("trace")
        return {"span": np.arange(low, high)}

    def _inspect(self, *, cursor):
        self.computed.append("detail")
        return {"at": list(cursor)}


def test_contradicting_settings_keep_the_picture_and_offer_the_nearest():
    span = Span(low=1, high=3)
    span.set_state({"low": 5, "_asked": 2})
    assert span.error == "low=5 must be below high=3. Use 2 or less."
    assert span._error["remedy"] == {"low": 2}
    assert span._error["label"] == "Use low = 2"
    assert span.trace["span"].tolist() == [1, 2]
    assert span._answered == 2
    span.set_state(span._error["remedy"])
    assert span.error == ""
    assert span.trace["span"].tolist() == [2]


def test_contradiction_that_one_setting_cannot_mend_goes_back():
    span = Span(low=1, high=3)
    span.set_state({"low": 5, "high": 0})
    assert span._error["remedy"] == {"low": 1, "high": 3}


def test_contradicting_settings_in_python_raise_when_made_and_show_when_changed():
    with pytest.raises(ValueError, match="low=4 must be below high=2"):
        Span(low=4, high=2)
    span = Span()
    span.low = 5
    assert span.error.startswith("low=5")
    with pytest.raises(ValueError, match=r"low=9 is not offered\. It goes from 0 to 5\. Use 5\."):
        span.low = 9


def test_only_what_depends_on_a_change_is_computed_and_once():
    span = Span()
    span.computed.clear()
    span.set_state({"cursor": [1, 2]})
    assert span.computed == ["detail"]
    span.set_state({"low": 2, "high": 3, "cursor": [0, 0]})
    assert span.computed == ["detail", "trace", "detail"]
    span.set_state({"_asked": 9})
    assert span.computed == ["detail", "trace", "detail"]


def test_an_answer_is_one_message_and_no_echo(monkeypatch):
    """An echo of a setting would put back the slider of whoever has moved it on since."""
    span, sent = Span(), []
    monkeypatch.setattr(span, "_send", lambda message, buffers=None: sent.append(message))
    span.set_state({"low": 2, "_asked": 5})
    assert [message["method"] for message in sent] == ["update"]
    assert set(sent[0]["state"]) == {"_trace", "_settled", "_answered"}


def test_settings_may_change_in_two_threads():
    span = Span()

    def move(name, values):
        for value in values:
            span.set_state({name: value})

    threads = [
        threading.Thread(target=move, args=("low", [0, 1, 2] * 50)),
        threading.Thread(target=move, args=("high", [3, 4, 5] * 50)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert span.trace["span"].tolist() == [2, 3, 4]
    assert span.error == ""


class Settings(traitlets.HasTraits):
    whole = Whole(3, 1, 5, step=2)
    number = Number(0.5, 0, 1, step=0.1)
    flag = Flag(False)
    choice = Choice("a", ["a", "b"])
    grid = Grid([[1, 2]], largest=3)
    cell = Cell()


@pytest.mark.parametrize(
    ("name", "value", "error", "words"),
    [
        ("whole", 4, ValueError, "whole=4 is not offered. It goes from 1 to 5 in steps of 2. Use"),
        ("whole", 2.0, TypeError, "whole=2.0 must be a whole number"),
        ("whole", True, TypeError, "whole=True must be a whole number"),
        ("number", 7, ValueError, "number=7 is not between 0 and 1. Use 1."),
        ("number", float("nan"), ValueError, "number=nan is not between 0 and 1."),
        ("number", "x", TypeError, "number='x' must be a number"),
        ("flag", 1, TypeError, "flag=1 must be True or False"),
        ("choice", "c", ValueError, "choice='c' is not offered. Use 'a' or 'b'."),
        ("choice", [], ValueError, "choice=[] is not offered"),
        ("grid", [[1, None]], ValueError, "grid holds a number beyond 99, or none at all"),
        ("grid", [[1], [2, 3]], TypeError, "grid must be a table of numbers"),
        ("grid", [["1", "2"]], TypeError, "grid must be a table of numbers"),
        ("grid", [[1j]], TypeError, "grid must be a table of numbers"),
        ("grid", np.zeros((4, 1)), ValueError, "grid has shape (4, 1): give rows and columns"),
        ("cell", 3, TypeError, "cell=3 must be (row, column)"),
        ("cell", [1, None], TypeError, "cell=[1, None] must be (row, column)"),
    ],
)
def test_illegal_settings_say_what_why_and_what_instead(name, value, error, words):
    with pytest.raises(error, match=re.escape(words)):
        setattr(Settings(), name, value)


def test_legal_settings_are_stored_plainly():
    made = Settings(whole=np.int64(5), number=1, flag=np.True_, grid=np.eye(2), cell=[1, 2])
    assert (made.whole, made.number, made.flag) == (5, 1.0, True)
    assert made.grid == ((1.0, 0.0), (0.0, 1.0))
    assert made.cell == (1, 2)
    assert all(type(one) in (int, float, bool) for one in (made.whole, made.number, made.flag))
