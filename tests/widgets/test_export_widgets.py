"""What a widget saves: pages, films and pictures, or a line on why not."""

from __future__ import annotations

import base64
import html.parser
import json
import os
import re
import subprocess
import sys
import zlib
from itertools import product
from xml.etree import ElementTree

import numpy as np
import pytest
from imageio_ffmpeg import count_frames_and_secs, read_frames
from matplotlib.figure import Figure
from PIL import Image

import segviz.widgets
from segviz.widgets import Pooling2D, _film, _page
from segviz.widgets._base import TraceWidget
from segviz.widgets._parameters import Flag, Grid, Whole

ALL = dir(segviz.widgets)
PAGE_BYTES = 300_000


@pytest.fixture(params=ALL, scope="module")
def saved(request, tmp_path_factory):
    """Each widget and its page, made once for all tests that read them."""
    widget = getattr(segviz.widgets, request.param)()
    path = tmp_path_factory.mktemp("pages") / f"{request.param}.html"
    widget.save(path)
    return widget, path


class Blocks(TraceWidget):
    """As many blocks as it is set to, one more at each step. It has two lines of text.

    And more that no page shows.
    """

    _esm = "export default {}"
    _offline = ("count", "tall")
    count = Whole(3, 1, 4)
    tall = Flag(False)
    weights = Grid([[1, 2]])

    def _stem(self):
        return "pooling"

    def _compute(self, *, count, tall, weights):
        if tall and count > 2:
            raise ValueError(f"count={count} is too many for tall ones. Use 2 or less.")
        return {"blocks": np.arange(count, dtype=np.uint8), "same": np.zeros(1000, np.uint8)}

    def _frames(self):
        return self.count

    def _frame(self, step):
        figure = Figure(figsize=(2.01, 1), dpi=100)
        figure.add_axes((0, 0, 1, 1)).bar(range(step + 1), 1)
        return figure

    def _still(self):
        return self._frame(0)


class _Content(html.parser.HTMLParser):
    """Tags with their attributes, and the text of each script by its id."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.scripts, self._id = [], {}, None
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        self._id = dict(attributes).get("id", "loader") if tag == "script" else None

    def handle_data(self, data):
        if self._id:
            self.scripts[self._id] = data
            self._id = None


def _inflated(text):
    return zlib.decompress(base64.b64decode(text))


def _state(content):
    """What page.js reads, with arrays as numpy's, by another path."""
    data = _inflated(content.scripts["segviz-state"])
    start = 4 + int.from_bytes(data[:4], "little")

    def array(one):
        if not isinstance(one.get("data"), list):
            return one
        first, length = one["data"]
        values = np.frombuffer(data[start + first :][:length], one["dtype"])
        return values.reshape(one["shape"])

    return json.loads(data[4:start], object_hook=array)


def _read(path):
    return _Content(path.read_text("utf-8"))


def _page_of(widget, folder):
    widget.save(folder / "page.html")
    return _read(folder / "page.html")


def test_page_is_one_small_file_that_loads_nothing(saved):
    content = _read(saved[1])
    assert saved[1].stat().st_size < PAGE_BYTES
    assert content.tags[0] == ("html", {"lang": "en"})
    assert not [tag for tag, _ in content.tags if tag in ("link", "iframe", "object")]
    for tag, attributes in content.tags:
        assert all(name not in attributes for name in ("href", "srcset", "action"))
        assert attributes.get("src", "data:").startswith("data:"), tag
    assert "import " not in _inflated(content.scripts["segviz-script"]).decode().split("\n", 1)[0]


def test_page_has_the_still_and_words_for_it(saved):
    widget, path = saved
    (image,) = [attributes for tag, attributes in _read(path).tags if tag == "img"]
    assert image["alt"] == widget._describe()
    assert base64.b64decode(image["src"].partition(",")[2]) == widget._png()


def test_page_starts_where_the_widget_stands(saved):
    widget, path = saved
    state = _state(_read(path))["state"]
    for name, value in widget._settings().items():
        assert json.dumps(state[name]) == json.dumps(value)
    for name, value in widget._arrays["_trace"].items():
        np.testing.assert_array_equal(state["_trace"][name], np.asarray(value))


def test_offline_settings_have_their_answers(saved):
    """A draw of all combinations, against widgets that are set to them one by one."""
    widget, path = saved
    content = _state(_read(path))
    values = content["values"]
    assert tuple(values) == widget._offline
    combinations = list(product(*values.values()))
    assert len(content["entries"]) == len(combinations)
    some = np.random.default_rng(0).permutation(len(combinations))[:12]
    for index in some:
        other = type(widget)()
        for name, value in zip(values, combinations[index], strict=True):
            setattr(other, name, value)
        _assert_entry(content, content["entries"][index], other)


def _assert_same(found, value):
    if isinstance(value, list | tuple):  # of different lengths, perhaps
        for one, other in zip(found, value, strict=True):
            _assert_same(one, other)
    else:
        np.testing.assert_array_equal(found, np.asarray(value))


def _assert_entry(content, entry, widget):
    if isinstance(entry, str):
        assert entry == widget.error
        return
    assert widget.error == ""
    for name, number in (("_trace", entry[0]), ("_detail", entry[1])):
        for key, value in widget._sent(widget._arrays[name]).items():
            _assert_same(content["answers"][number][key], value)
    for name, value in entry[2].items():
        assert json.dumps(value) == json.dumps(getattr(widget, name))


def test_illegal_settings_keep_their_rule_and_equal_arrays_lie_there_once(tmp_path):
    content = _state(_page_of(Blocks(), tmp_path))
    rule = "count={} is too many for tall ones. Use 2 or less."
    assert [entry for entry in content["entries"] if isinstance(entry, str)] == [
        rule.format(3),
        rule.format(4),
    ]
    assert content["values"] == {"count": [1, 2, 3, 4], "tall": [False, True]}
    assert len(content["answers"]) == 5  # four traces, one detail
    data = _inflated(_page_of(Blocks(), tmp_path).scripts["segviz-state"])
    tables = 2 * 3 * 256  # the colours of every widget
    assert len(data) - 4 - int.from_bytes(data[:4], "little") == tables + 1000 + 1 + 2 + 3 + 4


@pytest.mark.parametrize("path", [None, 3, b"widget.html"])
def test_what_is_no_name_of_a_file_is_refused_in_words(path):
    with pytest.raises(TypeError, match=r"^path=.* must be the name of a file\. Use \"widg"):
        Blocks().save(path)


def test_saving_a_page_changes_nothing_in_the_widget_and_sends_nothing(tmp_path, monkeypatch):
    widget, sent = Blocks(), []
    monkeypatch.setattr(widget, "_send", lambda *given, **more: sent.append(given))
    before = {name: getattr(widget, name) for name in widget.keys}
    widget.save(tmp_path / "page.html")
    assert {name: getattr(widget, name) for name in widget.keys} == before
    assert sent == []
    widget.count = 1
    assert widget.trace["blocks"].tolist() == [0]


def test_page_of_an_illegal_setting_shows_the_last_legal_one(tmp_path):
    widget = Blocks()
    widget.tall = True
    state = _state(_page_of(widget, tmp_path))["state"]
    assert (state["tall"], state["count"], state["_error"]) == (False, 3, {})


def test_heading_has_name_and_first_paragraph(tmp_path):
    Blocks().save(tmp_path / "page.html")
    text = (tmp_path / "page.html").read_text("utf-8")
    assert (
        "<h1>Blocks</h1>\n<p>As many blocks as it is set to, one more at each step. It has" in text
    )
    assert "no page shows" not in text


@pytest.mark.parametrize(
    ("name", "words"),
    [("Pooling2D", "Pooling 2D"), ("FCNLadder", "FCN Ladder"), ("SlidingWindow", "Sliding Window")],
)
def test_class_names_are_read_as_words(name, words):
    assert _page._name(type(name, (), {})()) == words


def test_javascript_of_the_page_is_sound(saved, tmp_path):
    content = _read(saved[1])
    for name, text in [
        ("page", _inflated(content.scripts["segviz-script"]).decode()),
        ("loader", content.scripts["loader"]),
    ]:
        (tmp_path / f"{name}.mjs").write_text(text, "utf-8")
        command = ["node", "--check", tmp_path / f"{name}.mjs"]
        found = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (found.returncode, found.stderr) == (0, "")


def test_frames_are_stills_of_one_size(saved):
    widget, _ = saved
    last = widget._frames() - 1
    first, end = (_film._pixels(widget._frame(step)) for step in (0, last))
    assert first.shape == end.shape
    assert last == 0 or (first != end).any()


def test_gif_has_every_step_and_one_palette(tmp_path):
    Blocks().save(tmp_path / "blocks.gif", fps=4)
    film = Image.open(tmp_path / "blocks.gif")
    assert (film.n_frames, film.size, film.info["loop"]) == (3, (202, 100), 0)
    assert film.info["duration"] == 250
    colours = set()
    for step in range(3):
        film.seek(step)
        colours |= set(film.convert("RGB").get_flattened_data())
        expected = _film._pixels(Blocks()._frame(step))
        shown = np.asarray(film.convert("RGB"))[:, : expected.shape[1]]
        assert np.abs(shown.astype(int) - expected).max() < 40
    assert film.info["duration"] == 2000
    assert (255, 255, 255) in colours
    assert len(colours) <= 256


def test_mp4_has_every_step(tmp_path):
    Blocks(count=4).save(tmp_path / "blocks.mp4", fps=2)
    assert count_frames_and_secs(tmp_path / "blocks.mp4") == (4, pytest.approx(2, abs=0.01))
    frames = read_frames(tmp_path / "blocks.mp4")
    assert next(frames)["source_size"] == (202, 100)
    for step in range(4):
        shown = np.frombuffer(next(frames), np.uint8).reshape(100, 202, 3)
        expected = _film._one_size([_film._pixels(Blocks()._frame(step))])[0]
        assert np.abs(shown.astype(int) - expected).mean() < 6


def test_png_and_svg_hold_one_step_and_its_words(tmp_path):
    blocks = Blocks()
    for step in (None, 2):
        blocks.save(tmp_path / "blocks.png", step=step)
        image = Image.open(tmp_path / "blocks.png")
        assert image.text["Description"] == "Blocks(count=3, tall=False, weights=<1x2>)."
        assert image.width == 402
        bars = {None: 1, 2: 3}[step]
        row = np.asarray(image.convert("RGB"))[100]
        blue = (np.abs(row.astype(int) - (31, 119, 180)) < 40).all(axis=1)
        assert (np.diff(blue.astype(int)) == 1).sum() == bars
    blocks.save(tmp_path / "blocks.svg")
    once = (tmp_path / "blocks.svg").read_bytes()
    blocks.save(tmp_path / "blocks.svg")
    assert (tmp_path / "blocks.svg").read_bytes() == once
    root = ElementTree.fromstring(once)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert b"Blocks(count=3" in once


def test_numpy_s_numbers_are_taken_for_a_step_and_a_rate(tmp_path):
    blocks = Blocks()
    for name, step in (("plain", 1), ("numpy", np.int64(1)), ("byte", np.uint8(1))):
        blocks.save(tmp_path / f"{name}.png", step=step)
        same = (tmp_path / f"{name}.png").read_bytes() == (tmp_path / "plain.png").read_bytes()
        assert same, name
    blocks.save(tmp_path / "other.png", step=np.int64(2))
    assert (tmp_path / "other.png").read_bytes() != (tmp_path / "plain.png").read_bytes()
    for name, rate in (("plain", 4), ("numpy", np.int64(4)), ("float", np.float32(4))):
        blocks.save(tmp_path / f"{name}.gif", fps=rate)
        with Image.open(tmp_path / f"{name}.gif") as film:
            assert film.info["duration"] == 250, name
    with pytest.raises(ValueError, match=r"3.* does not exist: as it is set now"):
        blocks.save(tmp_path / "plain.png", step=np.int64(3))


def test_pooling_steps_show_what_is_known_so_far():
    widget = Pooling2D()
    texts = [[text.get_text() for text in widget._frame(step).axes[1].texts] for step in range(4)]
    assert texts == [
        ["4", "", "", ""],
        ["4", "5", "", ""],
        ["4", "5", "1", ""],
        ["4", "5", "1", "7"],
    ]


@pytest.mark.parametrize(
    ("name", "given", "words"),
    [
        ("a.jpg", {}, "A widget is not saved as '.jpg'. Use .html, .gif, .mp4, .png or .svg."),
        ("a", {}, "A widget is not saved as 'a file without an ending'. Use .html"),
        ("a.gif", {"step": 1}, "step=1 picks the picture of a .png or .svg; .gif holds all steps."),
        ("a.png", {"fps": 2}, "fps=2 is for .gif and .mp4, and this is .png. Leave it out."),
        ("a.png", {"step": 3}, "step=3 does not exist: as it is set now there are steps 0 to 2."),
        ("a.png", {"step": -1}, "step=-1 does not exist"),
        ("a.svg", {"step": True}, "step=True does not exist"),
        ("a.gif", {"fps": 0}, "fps=0 must be a number of steps per second. Use 0.1 to 50."),
        ("a.gif", {"fps": float("nan")}, "fps=nan must be a number of steps per second."),
        ("a.mp4", {"fps": "x"}, "fps='x' must be a number of steps per second."),
    ],
)
def test_what_cannot_be_saved_is_said_in_a_line(name, given, words, tmp_path):
    with pytest.raises(ValueError, match=f"^{re.escape(words)}"):
        Blocks().save(tmp_path / name, **given)
    assert list(tmp_path.iterdir()) == []


def test_missing_folder_and_folder_in_place_of_a_file_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"a\.gif cannot be saved: there is no folder .*no"):
        Blocks().save(tmp_path / "no" / "a.gif")
    (tmp_path / "a.gif").mkdir()
    with pytest.raises(IsADirectoryError, match=r"is a folder\. Give the name of a file in it"):
        Blocks().save(tmp_path / "a.gif")


@pytest.mark.parametrize("suffix", [".html", ".gif", ".mp4", ".png", ".svg"])
def test_a_full_disk_loses_no_file_and_leaves_no_half_one(suffix, tmp_path):
    """/dev/full answers every write as a full disk does."""
    target = tmp_path / f"a{suffix}"
    target.write_text("what was there")
    part = target.with_name(f".a-{os.getpid()}.part{suffix}")
    part.symlink_to("/dev/full")
    with pytest.raises(OSError, match=r"could not be saved: .*No space left.* Save it elsewhere\."):
        Blocks().save(target)
    assert [path.name for path in tmp_path.iterdir()] == [target.name]
    assert target.read_text() == "what was there"


@pytest.mark.parametrize("suffix", [".html", ".gif", ".mp4", ".png", ".svg"])
def test_interrupted_saving_leaves_nothing(suffix, tmp_path, monkeypatch):
    def stop(*given, **more):
        raise KeyboardInterrupt

    monkeypatch.setattr(Blocks, "_still", stop)
    monkeypatch.setattr(Blocks, "_frame", stop)
    with pytest.raises(KeyboardInterrupt):
        Blocks().save(tmp_path / f"a{suffix}")
    assert list(tmp_path.iterdir()) == []


def test_encoder_is_stopped_with_ctrl_c(tmp_path):
    def pictures():
        yield np.zeros((100, 100, 3), np.uint8)
        raise KeyboardInterrupt

    command = [sys.executable, "-c", "import sys; sys.stdin.read(); print('went on')"]
    with pytest.raises(KeyboardInterrupt):
        _film._encode(command, pictures())


def test_encoder_that_fails_says_why():
    command = [sys.executable, "-c", "import sys; sys.exit('no such codec')"]
    with pytest.raises(OSError, match="no such codec"):
        _film._encode(command, [np.zeros((1000, 1000, 3), np.uint8)])


def test_mp4_without_its_package_names_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    with pytest.raises(ModuleNotFoundError, match=r"segviz\[video\].*or save as \.gif"):
        Blocks().save(tmp_path / "a.mp4")
    assert list(tmp_path.iterdir()) == []


def test_lecture_export_carries_the_playing_page(monkeypatch):
    monkeypatch.setenv("SEGVIZ_PAGES", "1")
    bundle, _ = Blocks()._repr_mimebundle_()
    ((tag, attributes),) = _Content(bundle["text/html"]).tags
    assert (tag, attributes["title"]) == ("iframe", "Blocks, playing")
    inner = _Content(attributes["srcdoc"])
    assert "h1" not in [tag for tag, _ in inner.tags]
    assert _state(inner)["values"]["tall"] == [False, True]
