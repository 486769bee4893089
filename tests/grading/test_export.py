"""Lectures as HTML: what a page holds, and that it loads nothing."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from urllib.parse import unquote

import pytest

from segviz.grading import export
from segviz.grading._sources import BuildError

SOURCE = """\
# %% [markdown]
# # 99 Sums & products
# The sum $\\sum_{i} x_i$ and, on a line of its own,
#
# $$\\left\\lfloor \\frac{n - k}{s} \\right\\rfloor + 1$$
#
# [before](02_convolution.ipynb#2.-Paint-a-kernel), and [a paper](https://arxiv.org/abs/1411.4038)
#
# [below](#Why-output_padding-&-"k"?); do [02 Convolution](exercises/02_convolution.ipynb)
#
# ## Why `output_padding` & "k"?

# %%
from segviz import widgets
widgets.Pooling2D([[1, 2], [3, 4]])
"""


class _Tags(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """A lecture of two cells, run and written, and what was printed about it."""
    root = tmp_path_factory.mktemp("clone")
    (root / "lectures" / "src").mkdir(parents=True)
    (root / "lectures" / "src" / "99_sums.py").write_text(SOURCE, "utf-8")
    export.export(["99"], root / "new" / "pages", folder=root / "lectures")
    assert [path.name for path in (root / "new" / "pages").iterdir()] == ["99_sums.html"]
    return (root / "new" / "pages" / "99_sums.html").read_text("utf-8")


def test_widget_plays_within_the_page(exported):
    frames = [attributes for tag, attributes in _Tags(exported).tags if tag == "iframe"]
    assert [frame["title"] for frame in frames] == ["Pooling 2D, playing"]
    inner = _Tags(frames[0]["srcdoc"]).tags
    assert ("script", {"type": "text/plain", "id": "segviz-state"}) in inner
    images = [attributes for tag, attributes in inner if tag == "img"]
    assert images[0]["alt"].startswith("A 2x2 table of numbers")


def test_page_loads_nothing(exported):
    tags = _Tags(exported).tags
    assert not [tag for tag, _ in tags if tag in ("link", "object", "embed")]
    assert all(attributes.get("src", "data:").startswith("data:") for _, attributes in tags)
    policy = [one["content"] for tag, one in tags if tag == "meta" and "http-equiv" in one]
    assert policy[0].startswith("default-src 'none'")
    assert not re.search(r"@import|url\((?!data:)", exported)


def test_formulas_are_mathml(exported):
    assert exported.count("<math ") == 2
    assert 'display="block"' in exported
    assert "$" not in re.sub(r"<(script|iframe).*?</\1>", "", exported, flags=re.DOTALL)


def test_title_language_and_links(exported):
    assert "<title>99 Sums &amp; products</title>" in exported
    assert '<html lang="en">' in exported
    assert 'href="02_convolution.html#2.-Paint-a-kernel"' in exported
    assert 'href="https://arxiv.org/abs/1411.4038"' in exported


def test_links_into_the_page_lead_to_a_heading(exported):
    tags = _Tags(exported).tags
    names = {attributes["id"] for tag, attributes in tags if tag in ("h1", "h2", "h3")}
    inner = [one["href"][1:] for tag, one in tags if tag == "a" and one["href"].startswith("#")]
    assert [unquote(one) for one in inner] == ['Why-output_padding-&-"k"?']
    assert names == {"99-Sums-&-products", 'Why-output_padding-&-"k"?'}


def test_an_exercise_is_named_and_not_linked(exported):
    assert "do 02 Convolution (<code>lectures/exercises/02_convolution.ipynb</code>)" in exported
    assert 'href="exercises' not in exported


def test_formula_that_cannot_be_drawn_is_named():
    with pytest.raises(BuildError, match=r"'x \\\\unheardof y' has \\unheardof, which no page"):
        export.mathml(r"x \unheardof y", "inline")


def test_every_formula_of_the_lectures_can_be_drawn():
    from segviz.grading._sources import find_lectures, find_sources, read_source

    folder = find_lectures()
    for source in find_sources(folder):
        notebook = read_source(source)
        notebook.cells = [cell for cell in notebook.cells if cell.cell_type == "markdown"]
        text = export.as_html(notebook, source.stem, folder)
        assert text.count("<math ") >= 1, source.stem


def test_failing_cell_writes_no_page(tmp_path):
    (tmp_path / "lectures" / "src").mkdir(parents=True)
    (tmp_path / "lectures" / "src" / "99_sums.py").write_text("# %%\n1 / 0\n", "utf-8")
    with pytest.raises(BuildError, match="raised ZeroDivisionError"):
        export.export(["99"], tmp_path / "pages", folder=tmp_path / "lectures")
    assert list((tmp_path / "pages").iterdir()) == []


def test_half_a_page_never_replaces_a_whole_one(tmp_path):
    target = tmp_path / "a.html"
    target.write_text("whole")
    target.with_suffix(".html.part").symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left"):
        export._write(target, "half" * 10_000)
    assert target.read_text() == "whole"
    assert [path.name for path in tmp_path.iterdir()] == ["a.html"]
