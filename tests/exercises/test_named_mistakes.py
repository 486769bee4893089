"""Every named mistake is what it says, and no other mistake is called by its name."""

from __future__ import annotations

import importlib
import inspect
from itertools import combinations

import numpy as np
import pytest
from wrong_answers import WRONG_ANSWERS

from segviz.exercises._checks import Case
from segviz.grading._sources import find_lectures
from segviz.grading.exercise import find_exercises, read_exercise

SOURCES = {path.stem[3:]: path for path in find_exercises(find_lectures())}


def module_of(topic: str):
    return importlib.import_module(f"segviz.exercises.{topic}")


def cases_of(topic: str) -> dict[str, tuple[Case, ...]]:
    """The cases of each task, by the task's name."""
    tables = vars(module_of(topic)).values()
    found = [one for one in tables if isinstance(one, tuple) and isinstance(one[0], Case)]
    return {table[0].name: table for table in found}


TASKS = [(topic, task) for topic in SOURCES for task in cases_of(topic)]


def sourced(topic: str, task: str, role: str) -> list[tuple[str, object]]:
    """The functions of an exercise's source, with what their checks must say."""
    found = []
    exercise = read_exercise(SOURCES[topic])
    for cell in exercise.cells:
        if cell.role == role and cell.task == task:
            names: dict = {}
            for before in exercise.setup:
                exec(before.source, names)
            exec(cell.source, names)
            found.append((cell.options.get("message", "visible checks pass"), names[task]))
    return found


def hears(topic: str, task: str, function, capsys) -> str:
    getattr(module_of(topic), task)(function)
    return capsys.readouterr().out


def answers_to(task_cases, function) -> list[str]:
    """What a function gives on all cases, or the kind of error that it raises."""
    given = []
    for case in task_cases:
        copies = [np.copy(v) if isinstance(v, np.ndarray) else v for v in case.arguments.values()]
        try:
            given.append(str(np.asarray(function(*copies), float).tolist()))
        except (ValueError, IndexError, ZeroDivisionError) as error:
            given.append(type(error).__name__)
    return given


@pytest.mark.parametrize(("topic", "task"), TASKS)
def test_arguments_are_given_in_the_order_of_the_answer(topic, task, capsys):
    ((words, answer),) = sourced(topic, task, "answer")
    for case in cases_of(topic)[task]:
        assert list(inspect.signature(answer).parameters) == list(case.arguments)
    assert words in hears(topic, task, answer, capsys)


@pytest.mark.parametrize(("topic", "task"), TASKS)
def test_what_is_printed_can_be_pasted_and_gives_the_same(topic, task):
    ((_, answer),) = sourced(topic, task, "answer")
    names = {"np": np, "check": module_of(topic), task: answer}
    for case in cases_of(topic)[task]:
        (right,) = answers_to([case], answer)
        for call in (case.call, case.call_of(lambda *given: None)):
            assert str(np.asarray(eval(call, names), float).tolist()) == right, call


@pytest.mark.parametrize(("topic", "task"), TASKS)
def test_wrong_answers_hear_what_is_wrong(topic, task, capsys):
    known = sourced(topic, task, "wrong") + WRONG_ANSWERS.get(topic, {}).get(task, [])
    heard = [(words, hears(topic, task, wrong, capsys)) for words, wrong in known]
    assert [pair for pair in heard if pair[0] not in pair[1]] == []


@pytest.mark.parametrize(("topic", "task"), [one for one in TASKS if one[0] in WRONG_ANSWERS])
def test_every_named_mistake_is_made_by_some_wrong_answer(topic, task, capsys):
    known = sourced(topic, task, "wrong") + WRONG_ANSWERS[topic][task]
    heard = "".join(hears(topic, task, wrong, capsys) for _, wrong in known)
    named = {words for case in cases_of(topic)[task] for words in case.mistakes}
    assert sorted(words for words in named if words not in heard) == []


@pytest.mark.parametrize(("topic", "task"), TASKS)
def test_no_two_named_mistakes_give_the_same_in_all_cases(topic, task):
    cases = cases_of(topic)[task]
    for one, other in combinations({words for case in cases for words in case.mistakes}, 2):
        both = [case.mistakes for case in cases if {one, other} <= case.mistakes.keys()]
        pairs = [(np.array(m[one], float), np.array(m[other], float)) for m in both]
        assert not pairs or not all(np.array_equal(*pair) for pair in pairs), (one, other)


@pytest.mark.parametrize(("topic", "task"), TASKS)
def test_wrong_answers_of_different_names_differ_somewhere(topic, task):
    known = sourced(topic, task, "wrong") + WRONG_ANSWERS.get(topic, {}).get(task, [])
    cases = cases_of(topic)[task]
    given = [(words, answers_to(cases, wrong)) for words, wrong in known]
    for (one, first), (other, second) in combinations(given, 2):
        named_alike = one in other or other in one
        assert named_alike or first != second, (one, other)
