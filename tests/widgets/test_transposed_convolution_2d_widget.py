"""The 2-D widget's numbers against torch, the sparse matrix and a pencil."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from segviz.ops import conv_transpose_as_conv, convolution_matrix_2d
from segviz.widgets import TransposedConvolution2D
from segviz.widgets.transposed_convolution_2d import KERNEL, VALUES

NAMES = ("n", "kernel_size", "stride", "padding", "output_padding", "dilation")
SLIDERS = [getattr(TransposedConvolution2D, name) for name in NAMES]


def _table(size):
    row = st.lists(st.integers(-9, 9), min_size=size, max_size=size)
    return st.lists(row, min_size=size, max_size=size)


@st.composite
def _settings(draw):
    values = [draw(st.integers(one.low, one.high)) for one in SLIDERS]
    chosen = dict(zip(NAMES, values, strict=True))
    return {
        **chosen,
        "values": draw(_table(chosen["n"])),
        "kernel": draw(_table(chosen["kernel_size"])),
    }


def _is_legal(n, kernel_size, stride, padding, output_padding, dilation, **_):
    full = (n - 1) * stride + dilation * (kernel_size - 1) + output_padding + 1
    return output_padding < max(stride, dilation) and full > 2 * padding


def _check(trace, chosen, sizes):
    x, kernel = (np.array(chosen[name], float) for name in ("values", "kernel"))
    function = torch.nn.functional.conv_transpose2d
    both = [torch.tensor(one)[None, None] for one in (x, kernel)]
    expected = function(*both, **sizes)[0, 0].numpy()
    assert trace["output"].tolist() == expected.tolist()
    assert trace["check"].endswith(
        "same 1 number, difference 0"
        if expected.size == 1
        else f"same {expected.size} numbers, difference 0"
    )
    assert trace["formula"].endswith(f"= {len(expected)}")
    stamps = np.zeros(expected.size + 1)
    np.add.at(stamps, trace["targets"], trace["products"])
    assert stamps[:-1].tolist() == expected.ravel().tolist()
    stamps[trace["targets"].ravel()] = trace["after"].ravel()
    assert stamps[:-1].tolist() == expected.ravel().tolist()
    assert trace["products"].tolist() == np.outer(x, kernel).tolist()
    return x, kernel, expected


@given(_settings())
@settings(max_examples=120, deadline=None)
def test_stamps_and_matrix_give_torch_s_numbers(chosen):
    sizes = {name: chosen[name] for name in NAMES[2:]}
    if not _is_legal(**chosen):
        with pytest.raises(ValueError, match="Use "):
            TransposedConvolution2D(**chosen)
        return
    trace = TransposedConvolution2D(**chosen).trace
    x, kernel, expected = _check(trace, chosen, sizes)
    assert conv_transpose_as_conv(x, kernel, **sizes).tolist() == expected.tolist()
    if chosen["output_padding"] < chosen["stride"]:
        steps = {name: sizes[name] for name in ("stride", "padding", "dilation")}
        matrix = convolution_matrix_2d(kernel, expected.shape, **steps)
        assert (matrix.T @ x.ravel()).tolist() == expected.ravel().tolist()
        mine = np.zeros((x.size, expected.size + 1))
        mine[np.arange(x.size)[:, None], trace["targets"]] = kernel.ravel()
        assert mine[:, :-1].tolist() == matrix.toarray().tolist()


@given(_settings())
@settings(max_examples=60, deadline=None)
def test_flipped_kernel_on_the_spread_input_gives_the_same(chosen):
    if not _is_legal(**chosen):
        return
    trace = TransposedConvolution2D(**chosen).trace
    up = trace["source"][slice(*trace["window"])].astype(int)
    spread = np.where(
        (up[:, None] >= 0) & (up >= 0), trace["x"][np.maximum(up, 0)][:, np.maximum(up, 0)], 0.0
    )
    taps = chosen["dilation"] * np.arange(chosen["kernel_size"])
    for place, value in np.ndenumerate(trace["output"]):
        window = spread[np.ix_(place[0] + taps, place[1] + taps)]
        assert (window * trace["kernel"][::-1, ::-1]).sum() == value


def test_by_hand():
    trace = TransposedConvolution2D([[1, 2], [3, 4]], kernel=[[1, 10], [0, 1]], stride=1).trace
    assert trace["output"].tolist() == [[1, 12, 20], [3, 35, 42], [0, 3, 4]]
    assert trace["targets"].tolist() == [[0, 1, 3, 4], [1, 2, 4, 5], [3, 4, 6, 7], [4, 5, 7, 8]]
    assert trace["after"][1].tolist() == [12, 20, 1, 2]


@pytest.mark.parametrize(
    ("sizes", "words"),
    [
        ({}, "Each output gets 1 to 4 products."),
        ({"kernel_size": 2}, "Each output gets 1 product."),
        ({"kernel_size": 1}, "Each output gets 0 to 1 product."),
        ({"stride": 1}, "an ordinary convolution with the flipped kernel and padding 2."),
        ({"padding": 1}, "padding = 1 crops 1 from each side"),
        ({"output_padding": 1}, "adds 1 at the bottom and on the right only: a convolution takes"),
    ],
)
def test_remarks_by_hand(sizes, words):
    assert words in TransposedConvolution2D(**sizes).trace["remark"]


def test_illegal_setting_keeps_the_picture_and_offers_the_nearest():
    widget = TransposedConvolution2D(stride=2)
    output = widget.trace["output"]
    widget.set_state({"output_padding": 2})
    assert widget.error.startswith("output_padding=2 must be smaller than stride=2 or dilation=1")
    assert widget._error["remedy"] == {"output_padding": 1}
    assert widget.trace["output"] is output


@pytest.mark.parametrize(
    ("given_settings", "words"),
    [
        ({"values": [[1, 2]]}, "values has 1 rows and 2 columns: give a square of 2 x 2 to 5 x 5."),
        ({"values": [[1]]}, "values has 1 rows and 1 columns: give a square"),
        ({"kernel": np.ones((5, 5))}, "kernel has shape (5, 5): give rows and columns"),
    ],
)
def test_illegal_arguments_are_refused_in_words(given_settings, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        TransposedConvolution2D(**given_settings)


def test_tables_bring_their_size_and_grow_with_fixed_numbers():
    widget = TransposedConvolution2D([[7, 8], [9, 7]], kernel=[[5]])
    assert (widget.n, widget.kernel_size) == (2, 1)
    widget.n = 3
    assert widget.trace["x"].tolist() == [[7, 8, VALUES[0][2]], [9, 7, VALUES[1][2]],
                                          list(VALUES[2][:3])]  # fmt: skip
    widget.kernel_size = 2
    assert widget.trace["kernel"].tolist() == [[5, KERNEL[0][1]], list(KERNEL[1][:2])]


def test_largest_answer_is_small():
    widget = TransposedConvolution2D(
        n=5, kernel_size=4, stride=3, dilation=2, output_padding=2
    )  # fmt: skip
    state = widget.get_state(["_trace", "_settled"])
    assert len(json.dumps(state, default=lambda data: len(data) * "x")) <= 10_000


def test_repr_frames_and_description():
    widget = TransposedConvolution2D(reading="gather")
    assert repr(widget) == "TransposedConvolution2D(n=3, kernel_size=3, stride=2, reading='gather')"
    assert widget._frames() == 49
    assert TransposedConvolution2D()._frames() == 9
    assert widget._describe() == (
        "9 numbers in 3 rows stamp a 3x3 kernel at stride 2; where stamps overlap they add up to "
        "an output of 7x7. Below stands the doubly blocked matrix of the convolution, 9x49."
    )
