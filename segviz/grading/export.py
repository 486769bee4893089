"""Lectures as HTML files that need neither a kernel nor a network: the widgets in them play."""

from __future__ import annotations

import html
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from jinja2 import pass_context
from latex2mathml.converter import convert
from nbconvert.exporters import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbformat import NotebookNode
from pygments.formatters import HtmlFormatter

from ._outputs import clean
from ._sources import BuildError, find_lectures, find_sources, read_source
from .build import execute

_HERE = Path(__file__).parent
# Read by segviz.widgets: each view then carries its playing page.
_PAGES = {"SEGVIZ_PAGES": "1"}
# A page stands alone: an exercise, which is a notebook, is named and not linked.
_EXERCISE = re.compile(r"\[([^\]]+)\]\((exercises/\d\d_\w+\.ipynb)\)")
_LINK = re.compile(r"(\]\((?:\./)?\d\d_\w+)\.ipynb(#[^)]*)?\)")


def export(names: Iterable[str], target: str | Path, *, folder: Path | None = None) -> None:
    """Run lectures on the stand-ins and write each as one HTML file.

    Parameters
    ----------
    names : iterable of str
        Numbers or stems, for example ``["03"]``; all lectures for none.
    target : str or Path
        Folder to write to; it is made where it is missing.
    folder : Path
        The ``lectures`` folder; by default the nearest one from here upwards.

    Raises
    ------
    BuildError
        If a cell fails, or a formula cannot be drawn.
    OSError
        If the folder cannot be made or written to.
    """
    folder = folder or find_lectures()
    sources = find_sources(folder, names)
    target = Path(target).expanduser()
    target.mkdir(parents=True, exist_ok=True)
    for source in sources:
        notebook = read_source(source)
        execute(notebook, source.stem, folder, _PAGES)
        clean(notebook, folder.resolve().parent)
        text = as_html(notebook, source.stem, folder)
        _write(target / f"{source.stem}.html", text)
        widgets = text.count('class="segviz-page"')
        print(
            f"{source.stem}.html: {len(text.encode()) / 1e3:,.0f} kB, {widgets} widgets that play"
        )


def as_html(notebook: NotebookNode, name: str, folder: Path) -> str:
    """An executed notebook as one page that loads nothing."""
    exporter = _Exporter(
        raw_template=(_HERE / "lecture.html.j2").read_text("utf-8"),
        exclude_input_prompt=True,
        exclude_output_prompt=True,
        embed_images=True,
    )
    resources = {
        "metadata": {"name": _title(notebook, name), "path": str(folder)},
        "lecture_css": _style(),
    }
    return exporter.from_notebook_node(notebook, resources)[0]


class _Renderer(IPythonRenderer):
    """Markdown as nbconvert has it, but formulas as MathML, which browsers draw by themselves."""

    def heading(self, text: str, level: int, **attrs: Any) -> str:
        """With the name that JupyterLab gives it, so that links into a lecture lead there, too."""
        made = super().heading(text, level, **attrs)
        name = html.unescape(re.sub(r"<[^>]+>", "", made)).strip().replace(" ", "-")
        return made.replace(f"<h{level}", f'<h{level} id="{html.escape(name)}"', 1)

    def block_math(self, body: str) -> str:
        return mathml(body, "block")

    def inline_math(self, body: str) -> str:
        return mathml(body, "inline")

    def latex_environment(self, name: str, body: str) -> str:
        return mathml(rf"\begin{{{name}}}{body}\end{{{name}}}", "block")


class _Exporter(HTMLExporter):
    @pass_context
    def markdown2html(self, context: Any, source: str) -> str:
        renderer = _Renderer(
            escape=False,
            embed_images=True,
            path=context["resources"]["metadata"]["path"],
            exclude_anchor_links=True,
        )
        source = _EXERCISE.sub(r"\1 (`lectures/\2`)", source)
        return MarkdownWithMath(renderer=renderer).render(_LINK.sub(r"\1.html\2)", source))


def mathml(formula: str, display: str) -> str:
    r"""A TeX formula as MathML, ``display`` "inline" or "block".

    >>> mathml("k^2", "inline").partition("<mrow>")[2]
    '<msup><mi>k</mi><mn>2</mn></msup></mrow></math>'

    Raises
    ------
    BuildError
        If it holds a command that is not understood.
    """
    known = re.sub(r"\\arg(?![A-Za-z])", r"\\operatorname{arg}", formula.strip())
    made = convert(known, display=display)
    if unknown := re.search(r"\\[A-Za-z]+", html.unescape(made)):
        raise BuildError(
            f"the formula {formula.strip()!r} has {unknown[0]}, which no page can draw"
        )
    return made


def _title(notebook: NotebookNode, name: str) -> str:
    first = next((cell.source for cell in notebook.cells if cell.source.startswith("# ")), name)
    return first.splitlines()[0].removeprefix("# ")


def _style() -> str:
    """The page's look, and the colours of code on light and dark ground."""
    light, dark = (
        HtmlFormatter(style=style).get_style_defs(".highlight")
        for style in ("default", "github-dark")
    )
    dark = f"@media (prefers-color-scheme: dark) {{\n{dark}\n}}"
    return f"{light}\n{dark}\n{(_HERE / 'lecture.css').read_text('utf-8')}"


def _write(path: Path, text: str) -> None:
    part = path.with_suffix(".html.part")
    try:
        part.write_text(text, encoding="utf-8", newline="\n")
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
