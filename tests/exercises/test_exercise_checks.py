"""Visible checks name the fault, and never raise."""

from __future__ import annotations

import numpy as np
import pytest

from segviz.exercises import _checks
from segviz.exercises._checks import Case, run

CASE = Case("twice", {"x": np.array([1.0, 2.0])}, [2, 4], {"Squared.": [1, 4]})


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
        (spoils, "twice(x=np.array([1.0, 2.0])) changes its argument x. Work on a copy of it."),
        (7, "raises TypeError: 'int' object is not callable"),
    ],
)
def test_the_fault_is_named(function, words, capsys):
    assert words in " ".join(said(function, capsys))


def test_tables_of_numbers_stand_on_lines_of_their_own(capsys):
    case = Case("table", {}, np.array([[1.0, 2], [3, 4]]))
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
    case = Case("apply", {"function": lambda n: 2 * n, "n": 3}, 6, {"Not called.": 3})
    run("apply", lambda function, n: function(n), [case])
    run("apply", lambda function, n: n, [case])
    assert capsys.readouterr().out.splitlines()[-1] == "Not called."


def test_only_the_first_wrong_call_is_shown(capsys):
    second = Case("twice", {"x": np.array([3.0])}, [6])
    assert len(said(lambda x: x, capsys, CASE, second)) == 2


def test_large_results_are_told_by_their_shape(capsys):
    case = Case("ones", {}, np.ones((9, 9)))
    assert "returns an array of shape (9, 9)" in said(lambda: np.zeros((9, 9)), capsys, case)[0]
    assert _checks.MOST_SHOWN < 81


def test_the_function_may_call_its_arguments_as_it_likes_but_not_turn_them_round(capsys):
    case = Case("minus", {"n": 5, "k": 3}, 2, {"Turned round.": -2})
    run("minus", lambda size, kernel: size - kernel, [case])
    run("minus", lambda size, kernel: size + kernel, [case])
    run("minus", lambda n, k: n + k, [case])
    run("minus", lambda k, n: n - k, [case])
    assert capsys.readouterr().out.splitlines() == [
        "minus: all 1 visible checks pass. Visible checks only; hidden checks decide the mark.",
        *("minus(5, 3) returns 8, and should return 2.", "It is another number."),
        *("minus(n=5, k=3) returns 8, and should return 2.", "It is another number."),
        *("minus(5, 3) returns -2, and should return 2.", "Turned round."),
    ]


def test_a_function_of_the_exercise_is_printed_as_the_notebook_calls_it():
    case = Case("apply", {"scores": fails, "x": np.zeros((1, 2)), "bias": True}, 6)
    assert case.call == "apply(scores=check.fails, x=np.zeros((1, 2)), bias=True)"


def test_a_list_that_was_changed_is_said_so_and_the_next_check_has_the_whole_one(capsys):
    case = Case("last", {"layers": [(3, 1), (2, 2)]}, [2, 2])
    assert said(lambda layers: layers.pop(), capsys, case) == [
        "last(layers=[(3, 1), (2, 2)]) changes its argument layers. Work on a copy of it."
    ]
    assert "all 1 visible checks pass" in said(lambda layers: layers[-1], capsys, case)[0]


def test_a_long_call_has_a_line_of_its_own_to_be_copied(capsys):
    case = Case("total", {"x": np.arange(30.0)}, 435)
    first, second, _ = said(lambda x: x.sum() + 1, capsys, case)
    assert eval(first, {"np": np, "total": lambda x: x.sum()}) == 435
    assert second == "returns 436, and should return 435."


def test_floats_in_an_array_of_whole_numbers_are_told_with_the_remedy(capsys):
    def twice(x):
        output = np.zeros(len(x), int)
        output += 2 * x
        return output

    assert said(twice, capsys) == [
        "twice(x=np.array([1.0, 2.0])) puts floats into an array of whole numbers, in the line "
        "`output += 2 * x`. An output holds floats. Make it with np.zeros(shape), without int."
    ]
    assert "all 1 visible checks pass" in said(lambda x: 2 * x.astype(x.dtype), capsys)[0]
