"""The tables of exercise 06 against torch: right results, and what each mistake gives."""

from __future__ import annotations

import ast

import numpy as np
import pytest
import torch
from torch.nn import functional

from segviz.exercises import transposed_convolution as checks
from segviz.grading._sources import find_lectures

SIZE_NAMES = ("stride", "padding", "output_padding", "dilation")


def tensor(values) -> torch.Tensor:
    return torch.tensor(np.asarray(values, dtype=float))[None, None]


@pytest.mark.parametrize("case", checks._STAMP, ids=lambda case: case.call)
def test_stamps_are_torchs(case):
    x, kernel, stride = case.arguments.values()
    torchs = functional.conv_transpose1d(tensor(x), tensor(kernel), stride=stride)
    assert torchs[0, 0].tolist() == list(case.right)
    flipped = functional.conv_transpose1d(tensor(x), tensor(kernel[::-1].copy()), stride=stride)
    assert flipped[0, 0].tolist() == list(case.mistakes[checks._FLIPPED])


@pytest.mark.parametrize("case", checks._OUTPUT_SIZE, ids=lambda case: case.call)
def test_sizes_are_torchs(case):
    given = dict(case.arguments)
    x, kernel = torch.zeros(1, 1, given["n"]), torch.zeros(1, 1, given["kernel_size"])
    options = {name: given[name] for name in SIZE_NAMES}
    assert functional.conv_transpose1d(x, kernel, **options).shape[-1] == case.right


@pytest.mark.parametrize("case", checks._MATRIX, ids=lambda case: case.call)
def test_matrices_convolve_and_their_transposes_convolve_transposed(case):
    kernel, n, stride = case.arguments.values()
    rows = np.array(case.right, dtype=float)
    x, y = np.arange(1.0, n + 1), np.arange(1.0, len(rows) + 1)
    convolved = functional.conv1d(tensor(x), tensor(kernel), stride=stride)[0, 0]
    assert (rows @ x).tolist() == convolved.tolist()
    stamped = functional.conv_transpose1d(tensor(y), tensor(kernel), stride=stride)[0, 0].numpy()
    assert (rows.T @ y)[: len(stamped)].tolist() == stamped.tolist()


def test_no_mistake_is_right_and_no_two_are_alike():
    for case in (*checks._STAMP, *checks._OUTPUT_SIZE, *checks._MATRIX):
        results = [
            str(np.asarray(one, dtype=float).tolist())
            for one in (case.right, *case.mistakes.values())
        ]
        assert len(set(results)) == len(results), case.call


@pytest.mark.parametrize("draw", [checks.stamps_picture, checks.matrix_picture])
def test_the_pictures_show_the_numbers_of_the_first_check(draw):
    shown = [text.get_text() for text in draw().texts]
    assert {"1", "2", "3", "0"} <= set(shown)


def lectures_own():
    """The function `transposed` of lecture 06, which makes its output of whole numbers."""
    source = (find_lectures() / "src" / "06_transposed_convolution.py").read_text("utf-8")
    functions = (node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef))
    (found,) = (node for node in functions if node.name == "transposed")
    names = {"np": np}
    exec(ast.unparse(found), names)
    return names["transposed"]


def test_the_function_of_the_lecture_passes_or_hears_of_its_whole_numbers(capsys):
    checks.stamp(lectures_own())
    said = capsys.readouterr().out
    assert "visible checks pass" in said or "puts floats into an array of whole numbers" in said
    assert "UFuncTypeError" not in said


@pytest.mark.parametrize(
    ("kind", "words"),
    [(lambda x: x.dtype, "all 3 visible checks pass"), (lambda x: int, "cut to whole ones")],
)
def test_the_output_may_have_the_kind_of_the_input_but_not_whole_numbers(kind, words, capsys):
    def stamp(x, kernel, stride):
        output = np.zeros((len(x) - 1) * stride + len(kernel), dtype=kind(x))
        for i, j in np.ndindex(len(x), len(kernel)):
            output[i * stride + j] += x[i] * kernel[j]
        return output

    checks.stamp(stamp)
    assert words in capsys.readouterr().out
