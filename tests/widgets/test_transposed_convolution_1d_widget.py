"""The 1-D widget's numbers against torch over every setting of its sliders, and a pencil."""

from __future__ import annotations

import itertools
import json
import re

import numpy as np
import pytest
import torch
from torch.nn.functional import conv1d, conv_transpose1d

from segviz.ops import conv_transpose_as_conv, convolution_matrix_1d
from segviz.widgets import TransposedConvolution1D
from segviz.widgets.transposed_convolution_1d import KERNEL, VALUES

WHOLE = [getattr(TransposedConvolution1D, name) for name in ("stride", "padding", "dilation")]
STRIDES, PADDINGS, DILATIONS = (range(one.low, one.high + 1) for one in WHOLE)
X, W = np.array(VALUES, float), np.array(KERNEL, float)
TORCH_X, TORCH_W = torch.tensor(X), torch.tensor(W)


def counted(numbers):
    return "1 number" if numbers == 1 else f"{numbers} numbers"


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    """Tens of thousands of tiny convolutions: handing each to other threads costs more than it."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def widget():
    return TransposedConvolution1D()


def _compute(widget, **settings):
    return widget._compute(values=(VALUES,), kernel=(KERNEL,), **settings)


def _torch(function, n, k, **sizes):
    """What torch gives, or None where it refuses."""
    try:
        return function(TORCH_X[None, :n], TORCH_W[None, None, :k], **sizes)[0]
    except RuntimeError:
        return None


def _check_transposed(widget, n, k, sizes):
    made = _compute(widget, n=n, kernel_size=k, direction="transposed", **sizes)
    expected = _torch(conv_transpose1d, n, k, **sizes)
    assert made["output"].tolist() == expected.tolist()
    assert made["grid"] == len(expected)
    assert made["formula"].endswith(f" = {len(expected)}")
    assert made["check"].endswith(f"same {counted(len(expected))}, difference 0")
    # The stamps add up to the output, and so does the matrix of the taps, transposed.
    matrix = np.zeros((n, len(expected) + 1))
    matrix[np.arange(n)[:, None], made["targets"]] = W[:k]
    matrix = matrix[:, :-1]
    assert (X[:n] @ matrix == made["output"]).all()
    stamps = np.zeros(len(expected) + 1)
    np.add.at(stamps, made["targets"], made["products"])
    assert (stamps[:-1] == made["output"]).all()
    assert (made["products"] == np.outer(X[:n], W[:k])).all()
    # What each output holds after the last stamp on it.
    stamps[made["targets"].ravel()] = made["after"].ravel()
    assert (stamps[:-1] == made["output"]).all()
    # So does the flipped kernel on the input with zeros.
    row = np.where(made["source"] >= 0, X[made["source"]], 0.0)[slice(*made["window"])]
    windows = sizes["dilation"] * np.arange(k) + np.arange(len(expected))[:, None]
    assert (row[windows] @ W[:k][::-1] == made["output"]).all()
    assert len(row) == len(expected) + sizes["dilation"] * (k - 1)


@pytest.mark.parametrize("n", range(2, 13))
def test_every_transposed_convolution_that_the_sliders_allow(widget, n):
    for k, s, p, a, d in itertools.product(range(1, 8), STRIDES, PADDINGS, range(4), DILATIONS):
        sizes = {"stride": s, "padding": p, "output_padding": a, "dilation": d}
        full = (n - 1) * s + d * (k - 1) + a + 1
        if a < max(s, d) and full > 2 * p:
            _check_transposed(widget, n, k, sizes)
            continue
        if (n, k) in ((2, 1), (12, 7), (5, 3)):  # torch's own refusals take ten times as long
            assert _torch(conv_transpose1d, n, k, **sizes) is None
        with pytest.raises(ValueError, match="Use "):
            _compute(widget, n=n, kernel_size=k, direction="transposed", **sizes)


def test_every_normal_convolution_that_the_sliders_allow(widget):
    cases = itertools.product(range(2, 13), range(1, 8), STRIDES, PADDINGS, DILATIONS)
    for n, k, s, p, d in cases:
        sizes = {"stride": s, "padding": p, "dilation": d}
        chosen = {"n": n, "kernel_size": k, "direction": "normal", "output_padding": 0, **sizes}
        if d * (k - 1) + 1 > n + 2 * p:
            with pytest.raises(ValueError, match="the kernel fits nowhere"):
                _compute(widget, **chosen)
            continue
        made = _compute(widget, **chosen)
        expected = _torch(conv1d, n, k, **sizes)
        assert made["output"].tolist() == expected.tolist()
        assert (made["products"].sum(axis=1) == made["output"]).all()
        seen = np.where(made["targets"] >= 0, X[:n][made["targets"]], 0.0)
        assert (seen * W[:k] == made["products"]).all()
        assert made["formula"].endswith(f" = {len(expected)}")


@pytest.mark.parametrize(
    ("sizes", "output"),
    [
        # MODELS' worked cases 18 to 24 and 27, 28, as far as the sliders reach.
        ({"n": 2, "kernel_size": 3, "stride": 1}, 4),
        ({"n": 7, "kernel_size": 3, "stride": 1, "padding": 2}, 5),
        ({"n": 2, "kernel_size": 3, "stride": 2}, 5),
        ({"n": 3, "kernel_size": 3, "stride": 2, "padding": 1}, 5),
        ({"n": 3, "kernel_size": 3, "stride": 2, "padding": 1, "output_padding": 1}, 6),
        ({"n": 12, "kernel_size": 2, "stride": 2}, 24),
        ({"n": 12, "kernel_size": 4, "stride": 2}, 26),
        ({"n": 12, "kernel_size": 4, "stride": 2, "padding": 1}, 24),
        ({"n": 5, "kernel_size": 3, "stride": 2, "padding": 1, "output_padding": 1, "dilation": 2},
         12),
    ],
)  # fmt: skip
def test_worked_sizes(sizes, output):
    assert len(TransposedConvolution1D(**sizes).trace["output"]) == output


def test_by_hand():
    trace = TransposedConvolution1D([1, 10], kernel=[1, 2, 3], stride=2).trace
    assert trace["output"].tolist() == [1, 2, 13, 20, 30]
    assert trace["targets"].tolist() == [[0, 1, 2], [2, 3, 4]]
    assert trace["products"].tolist() == [[1, 2, 3], [10, 20, 30]]
    assert trace["after"].tolist() == [[1, 2, 3], [13, 20, 30]]
    assert trace["source"].tolist() == [-2, -2, 0, -1, 1, -2, -2]


def test_taps_are_the_rows_of_the_convolution_s_matrix():
    trace = TransposedConvolution1D(n=4, stride=2, padding=1, output_padding=1).trace
    matrix = convolution_matrix_1d(trace["kernel"], trace["grid"], stride=2, padding=1)
    mine = np.zeros_like(matrix)
    for row, targets in enumerate(trace["targets"]):
        for target, weight in zip(targets, trace["kernel"], strict=True):
            if target >= 0:
                mine[row, target] = weight
    assert mine.tolist() == matrix.tolist()
    gathered = conv_transpose_as_conv(
        trace["x"], trace["kernel"], stride=2, padding=1, output_padding=1
    )
    assert trace["output"].tolist() == gathered.tolist()


def test_rounding_is_shown_as_what_it_is():
    widget = TransposedConvolution1D([0.1, 0.7, 0.3], kernel=[0.1, 0.3, 0.7], stride=1)
    assert re.search(r"difference (0|\d\.\de-1\d \(rounding\))$", widget.trace["check"])


@pytest.mark.parametrize(
    ("sizes", "words"),
    [
        (
            {"stride": 1},
            "an ordinary convolution with the flipped kernel and padding 2.",
        ),
        ({"stride": 2}, "Each output gets 1 to 2 products."),
        ({"stride": 3}, "Each output gets 1 product."),
        ({"stride": 4}, "Each output gets 0 to 1 product."),
        ({"padding": 1}, "padding = 1 crops 1 from each side"),
        ({"output_padding": 1}, "takes 9 and 10 to the same size, and this says that 10"),
        (
            {"stride": 1, "dilation": 3, "output_padding": 2},
            "adds 2 at the end only, where no stamp reaches: zeros.",
        ),
        (
            {"stride": 1, "dilation": 3, "padding": 2, "output_padding": 2},
            "adds 2 at the end only, where stamps may still reach.",
        ),
        ({"direction": "normal", "n": 4}, "1 of 4 inputs are never read."),
        ({"direction": "normal", "n": 5, "padding": 1}, "Every input is read. 2 taps read zeros"),
    ],
)
def test_remarks_by_hand(sizes, words):
    assert words in TransposedConvolution1D(**sizes).trace["remark"]


@pytest.mark.parametrize("output_padding", [1, 2, 3])
def test_what_is_said_of_output_padding_is_true(output_padding):
    widget = TransposedConvolution1D(stride=4, output_padding=output_padding)
    small, large = map(int, re.findall(r"takes (\d+) and (\d+) to", widget.trace["remark"])[0])
    for size in (small, large):
        made = conv1d(torch.zeros(1, size), torch.ones(1, 1, 3), stride=4)
        assert made.shape[-1] == widget.n


def test_what_is_said_of_stride_1_is_true():
    trace = TransposedConvolution1D(stride=1, dilation=2).trace
    padding = int(re.findall(r"padding (\d+)\.", trace["remark"])[0])
    flipped = torch.tensor(trace["kernel"][::-1].copy())[None, None]
    made = conv1d(torch.tensor(trace["x"])[None], flipped, padding=padding, dilation=2)
    assert made[0].tolist() == trace["output"].tolist()


@pytest.mark.parametrize(
    ("before", "change", "words", "remedy"),
    [
        ({}, {"output_padding": 2},
         "output_padding=2 must be smaller than stride=2 or dilation=1", {"output_padding": 1}),
        ({"n": 2, "kernel_size": 1, "stride": 1}, {"padding": 3},
         "padding=3 crops 6 pixels from an output of 2", {"padding": 0}),
        ({"direction": "normal"}, {"kernel_size": 7},
         "the kernel fits nowhere", {"kernel_size": 4}),
        ({"output_padding": 1}, {"stride": 1}, "output_padding=1 must be smaller", {"stride": 2}),
    ],
)  # fmt: skip
def test_illegal_settings_keep_the_picture_and_offer_the_nearest(before, change, words, remedy):
    widget = TransposedConvolution1D(**before)
    output = widget.trace["output"]
    widget.set_state(change)
    assert words in widget.error
    assert widget._error["remedy"] == remedy
    assert widget.trace["output"] is output
    widget.set_state(remedy)
    assert widget.error == ""


@pytest.mark.parametrize(
    ("settings", "error", "words"),
    [
        ({"values": [1]}, ValueError, "values has shape (1,): give one row of 2 to 12 numbers."),
        ({"values": [[1, 2], [3, 4]]}, ValueError, "values has shape (2, 2): give one row"),
        ({"kernel": []}, ValueError, "kernel has shape (0,): give one row of 1 to 7 numbers."),
        ({"kernel": [1, 100]}, ValueError, "kernel holds a number beyond 99"),
        ({"kernel": "abc"}, TypeError, "kernel must be a row of numbers, such as [1, 2, -1]."),
        ({"direction": "back"}, ValueError, "direction='back' is not offered"),
    ],
)
def test_illegal_arguments_are_refused_in_words(settings, error, words):
    with pytest.raises(error, match=re.escape(words)):
        TransposedConvolution1D(**settings)


def test_rows_bring_their_size_and_grow_with_fixed_numbers():
    widget = TransposedConvolution1D([5, 6, 7], kernel=[2, 3])
    assert (widget.n, widget.kernel_size) == (3, 2)
    widget.n = 5
    assert widget.trace["x"].tolist() == [5, 6, 7, VALUES[3], VALUES[4]]
    widget.kernel = [1, 2, 3, 4]
    assert widget.kernel_size == 4
    assert widget.trace["kernel"].tolist() == [1, 2, 3, 4]
    assert TransposedConvolution1D([5, 6, 7], n=4).trace["x"].tolist() == [5, 6, 7, VALUES[3]]


def test_repr_names_what_is_not_as_usual():
    assert repr(TransposedConvolution1D(n=5, padding=1, direction="normal", stride=1)) == (
        "TransposedConvolution1D(n=5, kernel_size=3, stride=1, padding=1, direction='normal')"
    )


def test_largest_answer_is_small():
    widget = TransposedConvolution1D(
        n=12, kernel_size=7, stride=4, dilation=3, output_padding=3, padding=0
    )
    state = widget.get_state(["_trace", "_settled"])
    assert len(json.dumps(state, default=lambda data: len(data) * "x")) <= 10_000


def test_frames_are_the_steps_of_the_reading():
    widget = TransposedConvolution1D()
    assert widget._frames() == 4
    widget.reading = "gather"
    assert widget._frames() == 9
    widget.direction = "normal"
    assert widget._frames() == 1


def test_description_says_what_the_still_shows():
    assert (
        TransposedConvolution1D([1, 10], kernel=[1, 2, 3])
        ._describe()
        .startswith(
            "(1, 10) stamp the kernel (1, 2, 3) at stride 2; where stamps overlap they add up to "
            "(1, 2, 13, 20, 30)."
        )
    )
    normal = TransposedConvolution1D([1, 2, 3], kernel=[1, -1], stride=1, direction="normal")
    assert normal._describe() == (
        "The convolution of (1, 2, 3) with the kernel (1, −1) at stride 1: (−1, −1), with its "
        "matrix and the transpose."
    )
