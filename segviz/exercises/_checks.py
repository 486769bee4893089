"""Visible checks: a student's function on small inputs, beside the right result and known mistakes.

A check prints one line when all is well. Otherwise it prints the first call that went wrong, and
names the fault if the result is what a known mistake gives. It never raises. Arguments are given by
position, as the hidden checks give them, and what is printed can be pasted and run.
"""

from __future__ import annotations

import copy
import traceback
from collections.abc import Callable, Iterator, KeysView, Mapping, Sequence, ValuesView
from dataclasses import dataclass, field
from typing import Any

import numpy as np

TOLERANCE = 1e-6
MOST_SHOWN = 36
LONG_CALL = 72


@dataclass(frozen=True)
class Case:
    """One call, its result, and what known mistakes give instead, by what to say about them.

    >>> Case("row", {"x": np.array([1, 2]), "size": (1, 2)}, [[1, 2]]).call
    'row(x=np.array([1, 2]), size=(1, 2))'
    """

    name: str
    arguments: Mapping[str, Any]
    right: Any
    mistakes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def call(self) -> str:
        """The call, with the names that the exercise gives to the arguments."""
        given = [f"{name}={_pasted(value)}" for name, value in self.arguments.items()]
        return f"{self.name}({', '.join(given)})"

    def call_of(self, function: Callable[..., Any]) -> str:
        """The call that this function understands: without names if it has others."""
        code = getattr(function, "__code__", None)
        if code and code.co_varnames[: code.co_argcount] == tuple(self.arguments):
            return self.call
        return f"{self.name}({', '.join(map(_pasted, self.arguments.values()))})"


def run(name: str, function: Callable[..., Any], cases: Sequence[Case]) -> None:
    """Try `function` on every case, and print what is wrong with the first that fails.

    >>> case = Case("double", {"n": 3}, 6, {"This is the square: did you multiply n by n?": 9})
    >>> run("double", lambda n: n + n, [case])
    double: all 1 visible checks pass. Visible checks only; hidden checks decide the mark.
    >>> run("double", lambda n: n * n, [case])
    double(n=3) returns 9, and should return 6.
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
    call = case.call_of(function)
    line = call + ("\n" if len(call) > LONG_CALL else " ")
    try:
        given = _array(function(*arguments.values()))
    except NotImplementedError:
        return f"{name} is not written yet."
    except _NoNumbers as fault:
        return f"{call}: {fault}"
    except Exception as error:
        return f"{line}{_raised(error)}"
    kept = {key: value for key, value in case.arguments.items() if not callable(value)}
    changed = [key for key, value in kept.items() if not _same(arguments[key], value)]
    if changed:
        return f"{line}changes its argument {changed[0]}. Work on a copy of it."
    if _same(given, case.right):
        return ""
    return f"{line}{_told(given, np.asarray(case.right))}\n{_named(given, case)}"


def _raised(error: Exception) -> str:
    # numpy has no public name for this error: an array of whole numbers can't take in floats.
    if isinstance(error, TypeError) and "output from dtype('float" in str(error):
        return (
            f"puts floats into an array of whole numbers{_line_of(error)}. An output holds floats. "
            "Make it with np.zeros(shape), without int."
        )
    words = f"{type(error).__name__}: {error}".rstrip(". ")
    return f"raises {words}{_line_of(error)}."


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
    return value if callable(value) else copy.deepcopy(value)


def _pasted(value: Any) -> str:
    """A value as a student may write it in the exercise's notebook."""
    if callable(value):
        return f"check.{value.__name__}"
    if not isinstance(value, np.ndarray):
        return repr(value)
    return f"np.array({value.tolist()})" if value.any() else f"np.zeros({value.shape})"


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
