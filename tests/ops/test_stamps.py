"""The steps that the widgets draw must add up to what torch computes, in both readings."""

import numpy as np
import torch.nn.functional as F
from hypothesis import given
from ops_strategies import CLOSE, RELAXED, Case, batch, conv_transpose_cases, normal

from segviz.ops import conv1d
from segviz.ops._stamps import BORDER, INSERTED, spread, stamps


def scalars(case: Case) -> dict[str, int]:
    return {name: value for name, (value,) in case.options.items()}


def check_steps(x: np.ndarray, kernel: np.ndarray, theirs: np.ndarray, sizes: dict) -> None:
    """All stamps added up, the state after each of them, and how many meet where."""
    made = stamps(x, kernel, **sizes)
    canvas, met = np.zeros(theirs.size), np.zeros(theirs.size)
    for places, products, after in zip(made.targets, made.products, made.after, strict=True):
        inside = places >= 0
        canvas[places[inside]] += products[inside]
        met[places[inside]] += 1
        np.testing.assert_allclose(after, np.where(inside, canvas[places], 0), **CLOSE)
    np.testing.assert_allclose(canvas, theirs.ravel(), **CLOSE)
    np.testing.assert_array_equal(made.counts(theirs.size), met)


@RELAXED
@given(conv_transpose_cases(1))
def test_stamps_of_a_row_add_up_to_the_output_of_torch(case: Case):
    sizes = scalars(case)
    theirs = F.conv_transpose1d(batch(case.x), batch(case.kernel), **sizes)[0, 0].numpy()
    check_steps(case.x, case.kernel, theirs, sizes)


@RELAXED
@given(conv_transpose_cases(1))
def test_stamps_of_a_picture_add_up_to_the_output_of_torch(case: Case):
    sizes, n, k = scalars(case), case.x.size, case.kernel.size
    x, kernel = normal(0, n, n + 1), normal(1, k, k)
    theirs = F.conv_transpose2d(batch(x), batch(kernel), **sizes)[0, 0].numpy()
    check_steps(x, kernel, theirs, sizes)


@RELAXED
@given(conv_transpose_cases(1))
def test_the_flipped_kernel_on_the_spread_input_gives_the_output_of_torch(case: Case):
    sizes = scalars(case)
    theirs = F.conv_transpose1d(batch(case.x), batch(case.kernel), **sizes)[0, 0].numpy()
    wide = spread(case.x.size, case.kernel.size, **sizes)
    values = np.where(wide.source >= 0, case.x[wide.source.clip(0)], 0)
    ours = conv1d(values[wide.start : wide.stop], case.kernel[::-1], dilation=sizes["dilation"])
    np.testing.assert_allclose(ours, theirs, **CLOSE)


def test_by_hand_a_stamp_that_is_cropped_has_no_place():
    made = stamps(np.array([1.0, 10.0]), np.array([1.0, 2.0, 3.0]), stride=2, padding=1)
    np.testing.assert_array_equal(made.targets, [[-1, 0, 1], [1, 2, -1]])
    np.testing.assert_array_equal(made.after, [[0, 2, 3], [13, 20, 0]])
    np.testing.assert_array_equal(made.counts(3), [1, 2, 1])


def test_by_hand_zeros_stand_between_and_around_the_inputs():
    wide = spread(2, 2, stride=3)
    assert wide.source.tolist() == [BORDER, 0, INSERTED, INSERTED, 1, BORDER]
    assert (wide.start, wide.stop) == (0, 6)
