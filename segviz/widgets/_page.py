"""A widget as one HTML file that plays by itself: its JS, its state, and answers to settings."""

from __future__ import annotations

import base64
import html
import inspect
import json
import re
import zlib
from itertools import product
from math import prod
from pathlib import Path
from typing import Any

from tqdm.auto import tqdm

from segviz.widgets._wire import source, style

_HERE = Path(__file__).parent
_SENT = ("_scene", "_look", "_controls", "_trace", "_detail", "_settled", "_asked", "_answered")
_ALLOWED = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:"
)


def page(widget: Any, *, within: bool = False) -> str:
    """The page as text; ``within`` another page it has no heading and tells its height."""
    name, words = _name(widget), html.escape(widget._describe())
    heading = "" if within else f"<h1>{name}</h1>\n<p>{html.escape(_purpose(widget))}</p>\n"
    still = base64.b64encode(widget._png()).decode()
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{_ALLOWED}">
<meta name="description" content="{words}">
<title>{name}</title>
<style>
{style()}{_file("page.css")}</style>
</head>
<body>
<main>
{heading}<noscript><img alt="{words}" src="data:image/png;base64,{still}"></noscript>
</main>
<script type="text/plain" id="segviz-state">{_squeezed(_packed(widget))}</script>
<script type="text/plain" id="segviz-script">{_squeezed(_script(widget).encode())}</script>
<script type="module">
{_file("page_loader.js")}</script>
</body>
</html>
"""


def frame(widget: Any) -> str:
    """The page as an element of another page, which may set its height when told."""
    title = html.escape(f"{_name(widget)}, playing")
    return (
        f'<iframe class="segviz-page" title="{title}" '
        f'srcdoc="{html.escape(page(widget, within=True))}"></iframe>'
    )


def _file(name: str) -> str:
    return (_HERE / name).read_text("utf-8")


def _script(widget: Any) -> str:
    """One module: what JupyterLab gets, and a model that has no kernel behind it."""
    return f"{source(widget._stem())}\n{_file('page.js')}\nshow(render);\n"


def _squeezed(data: bytes) -> str:
    return base64.b64encode(zlib.compress(data, 9)).decode()


def _name(widget: Any) -> str:
    """Words of a class name: "Pooling 2D", "FCN Ladder"."""
    return re.sub(r"(?<=[a-z])(?=[A-Z\d])|(?<=[A-Z])(?=[A-Z][a-z])", " ", type(widget).__name__)


def _purpose(widget: Any) -> str:
    return (inspect.getdoc(type(widget)) or "").partition("\n\n")[0].replace("\n", " ")


def _packed(widget: Any) -> bytes:
    """State and answers as text, its length before it in four bytes, and the arrays behind it."""
    arrays = _Arrays()
    content = json.dumps(_content(widget, arrays), default=arrays.place, separators=(",", ":"))
    text = content.encode()
    return len(text).to_bytes(4, "little") + text + bytes(arrays.data)


class _Arrays:
    """Bytes one after another, each content once."""

    def __init__(self) -> None:
        self.data = bytearray()
        self._places: dict[bytes, int] = {}

    def place(self, data: Any) -> list[Any]:
        if not isinstance(data, bytes):
            return data.tolist()
        if data not in self._places:
            self._places[data] = len(self.data)
            self.data += data
        return [self._places[data], len(data)]


def _content(widget: Any, arrays: _Arrays) -> dict[str, Any]:
    """The last legal settings, and what follows from each combination of the offline ones."""
    twin = _twin(widget)
    state = {name: getattr(twin, name) for name in _SENT} | twin._settled | {"_error": {}}
    values = {name: list(widget._kind(name).values()) for name in widget._offline}
    answers: dict[str, int] = {}

    def number(answer: dict[str, Any]) -> int:
        text = json.dumps(answer, default=arrays.place, separators=(",", ":"))
        return answers.setdefault(text, len(answers))

    combinations = tqdm(
        product(*values.values()), total=prod(map(len, values.values())), desc="answers",
        delay=1, leave=False,
    )  # fmt: skip
    start = widget._settled
    settings = (dict(zip(values, one, strict=True)) for one in combinations)
    entries = [_entry(twin, start, one, number) for one in settings]
    return {
        "state": state,
        "values": values,
        "entries": entries,
        "answers": [json.loads(text) for text in answers],
    }


def _entry(twin: Any, start: dict[str, Any], settings: dict[str, Any], number: Any) -> Any:
    """The numbers of trace and detail and what else was set by it, or the rule that is broken."""
    twin._trait_values.update(start)  # silently: no observer may answer to the way back
    try:
        for name, value in settings.items():
            setattr(twin, name, value)
        twin._answer(twin._settings())
    except ValueError as error:
        return str(error)
    expected = {**start, **settings}
    others = {name: value for name, value in twin._settled.items() if value != expected[name]}
    return [number(twin._trace), number(twin._detail), others]


def _twin(widget: Any) -> Any:
    """A copy at the widget's last legal settings, without a comm: nobody hears what it is set to.

    ipywidgets forbids copies, because two would share a comm.
    """
    kind: Any = type(widget)
    twin = kind.__new__(kind)
    twin.__dict__.update(
        {name: value for name, value in vars(widget).items() if not name.startswith("_trait_")}
    )
    twin._done, twin._arrays = dict(widget._done), dict(widget._arrays)
    twin._trait_values.update({**widget._trait_values, **widget._settled, "comm": None})
    twin._answer(twin._settings())
    return twin
