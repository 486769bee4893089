"""Visible checks: a student's function on small inputs, beside the right result and known mistakes.

A check prints one line when all is well. Otherwise it prints the first call that went wrong, and
names the fault if the result is what a known mistake gives. It never raises.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, KeysView, Mapping, Sequence, ValuesView
from dataclasses import dataclass, field
from typing import Any

import numpy as np

TOLERANCE = 1e-6
MOST_SHOWN = 36


@dataclass(frozen=True)
class Case:
    """One call, its result, and what known mistakes give instead, by what to say about them."""

    call: str
    arguments: Mapping[str, Any]
    right: Any
    mistakes: Mapping[str, Any] = field(default_factory=dict)


def run(name: str, function: Callable[..., Any], cases: Sequence[Case]) -> None:
    """Try `function` on every case, and print what is wrong with the first that fails.

    >>> case = Case("double(3)", {"n": 3}, 6, {"This is the square: did you multiply n by n?": 9})
    >>> run("double", lambda n: n + n, [case])
    double: all 1 visible checks pass. Visible checks only; hidden checks decide the mark.
    >>> run("double", lambda n: n * n, [case])
    double(3) returns 9, and should return 6.
    This is the square: did you multiply n by n?
    """
    for case in cases:
        if fault := _fault(name, function, case):
            print(fault)
            return
    passed = f"{name}: all {len(cases)} visible checks pass."
    print(f"{passed} Visible checks only; hidden checks decide the mark.")


def _fault(name: str, function: Callable[..., Any], case: Case) -> str:
    arguments = {key: _fresh(value) for key, value in case.arguments.items()}
    try:
        result = function(**arguments)
        given = _array(result)
    except NotImplementedError:
        return f"{name} is not written yet."
    except _NoNumbers as fault:
        return f"{case.call}: {fault}"
    except Exception as error:
        words = f"{type(error).__name__}: {error}".rstrip(". ")
        return f"{case.call} raises {words}{_line_of(error)}."
    kept = {key: value for key, value in case.arguments.items() if not callable(value)}
    changed = [key for key, value in kept.items() if not _same(arguments[key], value)]
    if changed:
        return f"{case.call} changes its argument {changed[0]}. Work on a copy of it."
    if _same(given, case.right):
        return ""
    return f"{case.call} {_told(given, np.asarray(case.right))}\n{_named(given, case)}"


def _named(given: np.ndarray, case: Case) -> str:
    for words, mistake in case.mistakes.items():
        if _same(given, mistake):
            return words
    right = np.asarray(case.right)
    if given.shape != right.shape:
        return f"Its shape is {given.shape}, and should be {right.shape}."
    first = np.argwhere(~np.isclose(given, right, rtol=0, atol=TOLERANCE))[0]
    if not len(first):
        return "It is another number."
    place = ", ".join(map(str, first))
    values = f"{given[tuple(first)]:g} instead of {right[tuple(first)]:g}"
    return f"They first differ at [{place}]: {values}."


class _NoNumbers(Exception):
    """What a student's function returned can't be compared with numbers."""


def _array(result: Any) -> np.ndarray:
    if result is None:
        raise _NoNumbers("it returns None; does it end with return?")
    if isinstance(result, (Iterator, KeysView, ValuesView)):
        result = list(result)
    try:
        array = np.asarray(result)
    except ValueError:
        shapes = ", ".join(str(np.shape(part)) for part in result)
        raise _NoNumbers(f"it returns parts of different shapes: {shapes}.") from None
    if array.dtype.kind not in "biuf":
        raise _NoNumbers(f"it returns {type(result).__name__}, not numbers.")
    return array.astype(np.float64)


def _fresh(value: Any) -> Any:
    return value.copy() if isinstance(value, np.ndarray) else value


def _same(one: Any, other: Any) -> bool:
    one, other = np.asarray(one, dtype=np.float64), np.asarray(other, dtype=np.float64)
    return one.shape == other.shape and bool(np.allclose(one, other, rtol=0, atol=TOLERANCE))


def _told(given: np.ndarray, right: np.ndarray) -> str:
    """Both results: in one sentence, or tables of numbers on lines of their own."""
    given_text, right_text = _shown(given), _shown(right)
    if "\n" in given_text + right_text:
        return f"returns\n{given_text}\nand should return\n{right_text}"
    return f"returns {given_text}, and should return {right_text}."


def _shown(array: np.ndarray) -> str:
    if array.size > MOST_SHOWN:
        return f"an array of shape {array.shape}"
    if np.isfinite(array).all() and (array == array.round()).all() and (abs(array) < 1e15).all():
        array = array.astype(np.int64)
    return np.array2string(array, separator=", ", precision=4, suppress_small=True)


def _line_of(error: Exception) -> str:
    frames = traceback.extract_tb(error.__traceback__)[1:]
    own = [frame for frame in frames if "segviz" not in frame.filename and frame.line]
    return f", in the line `{own[-1].line}`" if own else ""
