"""Operations that are wrong on purpose: the checks that guard the right ones must notice.

A line of the source is replaced, the function runs with that code, and a test that stands beside
this one is called, unchanged. It must fail; with the code as it is, it must pass.
"""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FunctionType
from typing import Any

import numpy as np
import pytest
import test_convolution
import test_convolution_matrix
import test_output_size
import test_stamps
import test_transposed_convolution as test_transposed

from segviz.ops import (
    conv1d,
    conv2d,
    conv_transpose1d,
    conv_transpose2d,
    conv_transpose_as_conv,
    convolution_indices,
)
from segviz.ops._stamps import spread, stamps
from segviz.ops.output_size import _conv_transpose as transposed_size


@dataclass(frozen=True)
class Mutant:
    """What is wrong, in which function, by which replacement, and the test that must notice."""

    fault: str
    function: FunctionType
    edit: dict[str, str]
    check: Callable[[], Any] = field(repr=False)

    def __str__(self) -> str:
        return f"{self.function.__name__}: {self.fault}"


STEPS_1D = "= checks.steps(1, stride, padding, dilation)"
STEPS_2D = "= checks.steps(2, stride, padding, dilation)"
OPTIONS = '{"stride": stride, "padding": padding, "dilation": dilation}'
SWAPPED = '{"stride": dilation, "padding": padding, "dilation": stride}'

stamps_1d = test_transposed.test_both_readings_in_1d_are_that_of_torch
stamps_2d = test_transposed.test_both_readings_in_2d_are_that_of_torch
adjoint = test_transposed.test_it_is_the_adjoint_of_the_convolution
indices = test_transposed.test_the_indices_of_the_convolution_back_are_the_stamps
flat = test_convolution.test_conv1d_is_that_of_torch
picture = test_convolution.test_conv2d_is_that_of_torch
matrix = test_convolution_matrix.test_the_1d_matrix_convolves
size = test_output_size.test_conv_transpose_size_and_its_refusals_are_those_of_torch
drawn_1d = test_stamps.test_stamps_of_a_row_add_up_to_the_output_of_torch
drawn_2d = test_stamps.test_stamps_of_a_picture_add_up_to_the_output_of_torch
gathered = test_stamps.test_the_flipped_kernel_on_the_spread_input_gives_the_output_of_torch

FLIP = "kernel not flipped"
SWAP = "stride and dilation swapped"
SIDE = "padding on one side"
FRONT = "output_padding at the front"

MUTANTS = [
    Mutant(FLIP, conv_transpose_as_conv, {"np.flip(kernel)": "kernel"}, stamps_1d),
    Mutant(FLIP, conv_transpose_as_conv, {"np.flip(kernel)": "kernel"}, stamps_2d),
    Mutant(FLIP, conv_transpose_as_conv, {"np.flip(kernel)": "np.flip(kernel, 0)"}, stamps_2d),
    Mutant("kernel flipped", conv_transpose1d, {"value * kernel": "value * kernel[::-1]"},
           stamps_1d),
    Mutant("kernel flipped", conv_transpose2d, {"kernel[row, column]": "kernel[-1 - row, column]"},
           adjoint),
    Mutant(SWAP, conv_transpose1d, {STEPS_1D: "= checks.steps(1, dilation, padding, stride)"},
           stamps_1d),
    Mutant(SWAP, conv_transpose2d, {STEPS_2D: "= checks.steps(2, dilation, padding, stride)"},
           stamps_2d),
    Mutant(SWAP, conv_transpose_as_conv,
           {"checks.steps(axes, stride, padding, dilation)":
            "checks.steps(axes, dilation, padding, stride)"}, stamps_1d),
    Mutant(SWAP, conv1d, {OPTIONS: SWAPPED}, flat),
    Mutant(SWAP, conv2d, {OPTIONS: SWAPPED}, picture),
    Mutant(SWAP, convolution_indices, {STEPS_1D: "= checks.steps(1, dilation, padding, stride)"},
           matrix),
    Mutant(SWAP, transposed_size, {"(n - 1) * s + d * (k - 1)": "(n - 1) * d + s * (k - 1)"}, size),
    Mutant(SIDE, conv_transpose1d, {"canvas[p : p + size]": "canvas[2 * p :]"}, stamps_1d),
    Mutant(SIDE, conv_transpose2d, {"canvas[p[0] : p[0] + height": "canvas[: height"}, stamps_2d),
    Mutant(SIDE, conv_transpose_as_conv, {"slice(crop, crop + m)": "slice(2 * crop, 2 * crop + m)"},
           stamps_2d),
    Mutant(SIDE, conv1d, {"[(p, p)]": "[(0, 2 * p)]"}, flat),
    Mutant(SIDE, conv2d, {"(p[1], p[1])": "(2 * p[1], 0)"}, picture),
    Mutant(SIDE, convolution_indices, {"[:, None] - p +": "[:, None] - 2 * p +"}, indices),
    Mutant(SIDE, transposed_size, {"full - 2 * p": "full - p"}, size),
    Mutant(FRONT, conv_transpose1d,
           {"return canvas[": "return np.roll(canvas, output_padding[0])["}, stamps_1d),
    Mutant(FRONT, conv_transpose2d,
           {"return canvas[": "return np.roll(canvas, output_padding[0], 0)["}, stamps_2d),
    Mutant(FRONT, conv_transpose_as_conv, {"(r, r + extra)": "(r + extra, r)"}, stamps_1d),
    Mutant("kernel flipped", stamps, {"np.outer(x, kernel)": "np.outer(x, np.flip(kernel))"},
           drawn_1d),
    Mutant("kernel transposed", stamps, {"np.outer(x, kernel)": "np.outer(x, kernel.T)"}, drawn_2d),
    Mutant("cropped values kept", stamps, {"after[targets < 0] = 0": "pass"}, drawn_1d),
    Mutant(SWAP, spread, {"places % stride == 0, places // stride":
                          "places % dilation == 0, places // dilation"}, gathered),
    Mutant(SIDE, spread, {"padding - reach, padding + m": "-reach, m"}, gathered),
    Mutant(FRONT, spread, {"padding - reach, padding + m":
                           "padding - reach - output_padding, padding + m - output_padding"},
           gathered),
    Mutant("output_padding of a whole stride", transposed_size, {"a >= max(s, d)": "a > max(s, d)"},
           size),
]  # fmt: skip


@contextmanager
def mutated(function: FunctionType, edit: dict[str, str]) -> Iterator[None]:
    """Run ``function`` with edited source wherever it is called; its own code comes back."""
    source = textwrap.dedent(inspect.getsource(function))
    for old, new in edit.items():
        assert source.count(old) == 1, f"{old!r} stands {source.count(old)} times in the source"
        source = source.replace(old, new)
    own, names = function.__code__, dict[str, Any]()
    exec(compile(source, "<mutant>", "exec"), dict(function.__globals__), names)
    function.__code__ = names[function.__name__].__code__
    try:
        yield
    finally:
        function.__code__ = own


def run(check: Callable[[], Any], cases: int = 60) -> int:
    """Call the test on so many random cases, without hypothesis's search for the smallest one.

    Returns how many of them were complete; raises what the test raises.
    """
    draw = np.random.default_rng(0)
    drawn = [check.hypothesis.fuzz_one_input(draw.bytes(1000)) for _ in range(cases)]
    return sum(case is not None for case in drawn)


@pytest.mark.parametrize("mutant", MUTANTS, ids=str)
def test_the_check_beside_notices(mutant: Mutant):
    # Wrong numbers or sizes, not a mutant that cannot run at all.
    wrong = (AssertionError, ValueError, IndexError)
    with mutated(mutant.function, mutant.edit), pytest.raises(wrong):
        run(mutant.check)


@pytest.mark.parametrize("check", dict.fromkeys(mutant.check for mutant in MUTANTS))
def test_it_passes_on_the_code_as_it_is(check: Callable[[], Any]):
    assert run(check) >= 30
