"""What a hidden check shows: an answer as text that small differences of rounding leave alone.

Numbers are written with two decimals fewer than the tolerance has, so that two answers which agree
within it give the same text; inputs for which the right answer lies near a rounding edge are drawn
anew before anybody is graded (`is_safe`). Where a student's code runs, this module reaches neither
an expected value nor a seed: there, inputs are replayed.
"""

from __future__ import annotations

import base64
import builtins
import json
import math
import pickle
from collections.abc import Callable, Iterator, KeysView, ValuesView
from typing import Any

import numpy as np

MIME = "text/x-segviz"
MOST_NUMBERS = 50
LARGE = 1e6
ROUNDING = 1e-9
_MARGIN = 1.25


def canonical(value: Any, tolerance: float = 1e-6) -> str:
    """Return the text that stands for an answer: whole numbers, floats and booleans are numbers.

    Args:
        value: a number, text, None, an array, a tensor, or a list, dict or generator of those.
        tolerance: see the module.

    Raises:
        TypeError: anything else.

    >>> canonical([1, 2.50000001]) == canonical(np.float32([1, 2.5]))
    True
    >>> canonical([1, -0.0]), canonical((None, "rows"))
    ('(2,) 1 0', '[none; "rows"]')
    >>> canonical(number for number in (1, 2))
    '(2,) 1 2'
    """
    return "".join(_write(value, lambda number: _text(number, tolerance)))


def is_safe(value: Any, tolerance: float = 1e-6) -> bool:
    """Whether every answer within the tolerance of this one gives the same text.

    >>> is_safe(0.12345), is_safe(0.1234)
    (False, True)
    """

    def text(number: float) -> str:
        reach = _MARGIN * tolerance * max(1.0, abs(number) / LARGE)
        low, high = _text(number - reach, tolerance), _text(number + reach, tolerance)
        return low if low == high else "\0"

    return "\0" not in "".join(_write(value, text))


def _write(value: Any, text: Callable[[float], str]) -> Iterator[str]:
    if isinstance(value, (Iterator, KeysView, ValuesView)):
        value = list(value)
    if value is None:
        yield "none"
    elif isinstance(value, str):
        yield json.dumps(value)
    elif isinstance(value, dict):
        for key in sorted(value, key=str):
            yield f"{json.dumps(str(key))}: "
            yield from _write(value[key], text)
            yield "; "
    else:
        numbers = _as_numbers(value)
        if numbers is not None:
            yield " ".join([str(numbers.shape), *map(text, _picked(numbers))])
        else:
            yield f"[{'; '.join(''.join(_write(part, text)) for part in value)}]"


def _as_numbers(value: Any) -> np.ndarray | None:
    """The numbers of an array, tensor or list; None for a list of something else."""
    if hasattr(value, "detach"):
        value = value.detach().cpu().numpy()
    try:
        array = np.asarray(value)
        if array.dtype.kind == "O":  # fractions, say, or numbers of several kinds
            array = array.astype(np.float64)
    except (TypeError, ValueError):  # rows of different lengths, None, texts
        array = np.empty(0, dtype=object)
    if array.dtype.kind in "biuf":
        return array.astype(np.float64)
    if array.dtype.kind == "c":
        # A Fourier transform there and back leaves an imaginary part of nothing but rounding.
        if not (abs(array.imag) > ROUNDING).any():
            return array.real.astype(np.float64)
        return np.stack([array.real, array.imag]).astype(np.float64)
    if isinstance(value, (list, tuple)):
        return None
    raise TypeError(
        f"an answer of type {type(value).__name__} can't be compared. Return numbers or an array."
    )


def _picked(numbers: np.ndarray) -> list[float]:
    """All numbers if they are few; otherwise some of them, and means with random signs of all."""
    flat = numbers.ravel()
    if flat.size <= MOST_NUMBERS:
        return [float(number) for number in flat]
    draw = np.random.Generator(np.random.PCG64(flat.size))
    some = flat[draw.choice(flat.size, MOST_NUMBERS // 2, replace=False)]
    finite = np.where(np.isfinite(flat), flat, 0.0)
    signs = draw.choice([-1.0, 1.0], (MOST_NUMBERS // 2 - 1, flat.size))
    lost = float(np.count_nonzero(~np.isfinite(flat)))
    return [*map(float, some), *map(float, signs @ finite / flat.size), lost]


def _text(number: float, tolerance: float) -> str:
    if not math.isfinite(number):
        return str(abs(number)) if math.isnan(number) else str(number)
    decimals = max(0, round(-math.log10(tolerance)) - 2)
    if abs(number) >= LARGE:
        return f"{number:.{decimals + 5}e}"
    text = f"{number:.{decimals}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


class Recorder:
    """A numpy generator that remembers what it drew, so that it can be drawn again elsewhere."""

    def __init__(self, seed: list[int]) -> None:
        self._generator = np.random.default_rng(seed)
        self._drawn: list[Any] = []

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._generator, name)

        def draw(*arguments: Any, **options: Any) -> Any:
            value = method(*arguments, **options)
            self._drawn.append(pickle.dumps(value))
            return value

        return draw

    @property
    def drawn(self) -> str:
        """Everything drawn so far, as text."""
        return base64.b64encode(pickle.dumps(self._drawn)).decode()


class Replay:
    """In place of a generator: the recorded values, one per call, whatever is asked for."""

    def __init__(self, drawn: str) -> None:
        self._drawn = iter(pickle.loads(base64.b64decode(drawn)))

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return lambda *arguments, **options: pickle.loads(next(self._drawn))


def run(body: str, drawn: str, tolerance: float, names: dict[str, Any]) -> None:
    """Run a hidden check on recorded inputs in a kernel, and send what it shows to the grader."""
    from IPython.core.getipython import get_ipython

    def show(value: Any) -> None:
        text = canonical(value, tolerance)
        get_ipython().display_pub.publish({MIME: text, "text/plain": ""})  # type: ignore[union-attr]

    # A student may call a variable `sum`; what checks the answer still means Python's own.
    unshadowed = {name: value for name, value in names.items() if not hasattr(builtins, name)}
    exec(body, {**unshadowed, "rng": Replay(drawn), "show": show})
