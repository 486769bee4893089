"""Visible checks name the fault, and never raise."""

from __future__ import annotations

import numpy as np
import pytest

from segviz.exercises import _checks
from segviz.exercises._checks import Case, run

CASE = Case("twice([1, 2])", {"x": np.array([1.0, 2.0])}, [2, 4], {"Squared.": [1, 4]})


def said(function, capsys, *cases) -> list[str]:
    run("twice", function, cases or [CASE])
    return capsys.readouterr().out.strip().splitlines()


def fails(x):
    return x[99]


def spoils(x):
    x *= 2
    return x


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda x: 2 * x, "twice: all 1 visible checks pass. Visible checks only; hidden checks"),
        (lambda x: 2 * x + 1e-7, "all 1 visible checks pass"),
        (lambda x: list(2 * x), "all 1 visible checks pass"),
        (lambda x: x**2, "Squared."),
        (lambda x: x[:1], "Its shape is (1,), and should be (2,)."),
        (lambda x: x + 2, "They first differ at [0]: 3 instead of 2."),
        (lambda x: x * np.nan, "They first differ at [0]: nan instead of 2."),
        (lambda x: None, "it returns None; does it end with return?"),
        (lambda x: "four", "it returns str, not numbers"),
        (lambda x: [[1], [1, 2]], "it returns parts of different shapes: (1,), (2,)."),
        (lambda x: (x, np.ones((2, 3))), "it returns parts of different shapes: (2,), (2, 3)."),
        (lambda x: x.stops, "raises AttributeError: 'numpy.ndarray' object has no attribute"),
        (lambda: 1, "raises TypeError"),
        (fails, "raises IndexError: index 99 is out of bounds for axis 0 with size 2, in the line"),
        (spoils, "twice([1, 2]) changes its argument x. Work on a copy of it."),
        (7, "raises TypeError: 'int' object is not callable"),
    ],
)
def test_the_fault_is_named(function, words, capsys):
    assert words in " ".join(said(function, capsys))


def test_tables_of_numbers_stand_on_lines_of_their_own(capsys):
    case = Case("table()", {}, np.array([[1.0, 2], [3, 4]]))
    assert said(lambda: np.array([[1.0, 2.5], [3, 4]]), capsys, case) == [
        *("table() returns", "[[1. , 2.5],", " [3. , 4. ]]"),
        *("and should return", "[[1, 2],", " [3, 4]]"),
        "They first differ at [0, 1]: 2.5 instead of 2.",
    ]


def test_what_is_not_written_is_said_so(capsys):
    def twice(x):
        raise NotImplementedError

    assert said(twice, capsys) == ["twice is not written yet."]


def test_an_argument_may_be_a_function(capsys):
    case = Case("apply(double, 3)", {"function": lambda n: 2 * n, "n": 3}, 6, {"Not called.": 3})
    run("apply", lambda function, n: function(n), [case])
    run("apply", lambda function, n: n, [case])
    assert capsys.readouterr().out.splitlines()[-1] == "Not called."


def test_only_the_first_wrong_call_is_shown(capsys):
    second = Case("twice([3])", {"x": np.array([3.0])}, [6])
    assert len(said(lambda x: x, capsys, CASE, second)) == 2


def test_large_results_are_told_by_their_shape(capsys):
    case = Case("ones()", {}, np.ones((9, 9)))
    assert "returns an array of shape (9, 9)" in said(lambda: np.zeros((9, 9)), capsys, case)[0]
    assert _checks.MOST_SHOWN < 81
