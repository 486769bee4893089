"""The atrous widget's numbers against torch, for every setting that its sliders allow."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from segviz.widgets import AtrousConvolution1D
from segviz.widgets.atrous_convolution_1d import KERNEL, VALUES

ALL = list(itertools.product(range(1, 6), range(1, 6), range(3, 13), ("valid", "same")))


def _torch(x, kernel, dilation, zeros):
    x, weight = (torch.tensor(np.array(one, dtype=float))[None, None] for one in (x, kernel))
    return F.conv1d(x, weight, padding=zeros, dilation=dilation)[0, 0].numpy()


def _legal(dilation, kernel_size, input_size, padding):
    span = dilation * (kernel_size - 1)
    return span % 2 == 0 if padding == "same" else span < input_size


def test_every_setting_of_the_sliders_agrees_with_torch():
    widget = AtrousConvolution1D()
    for setting in ALL:
        names = dict(
            zip(("dilation", "kernel_size", "input_size", "padding"), setting, strict=True)
        )
        arrays = {"values": [VALUES], "kernel": [KERNEL]}
        if not _legal(*setting):
            with pytest.raises(ValueError, match=r"Use "):
                widget._compute(**names, **arrays)
            continue
        trace = widget._compute(**names, **arrays)
        zeros = setting[0] * (setting[1] - 1) // 2 if setting[3] == "same" else 0
        assert trace["zeros"] == zeros
        _check_trace(trace, setting, zeros)


def test_every_remedy_that_an_illegal_setting_names_is_legal():
    widget, told = AtrousConvolution1D(), set()
    for dilation, kernel_size, input_size, padding in ALL:
        setting = {
            "dilation": dilation,
            "kernel_size": kernel_size,
            "input_size": input_size,
            "padding": padding,
        }
        if _legal(*setting.values()):
            continue
        with pytest.raises(ValueError, match=r"Use .*\.$") as refused:
            widget._compute(**setting, values=[VALUES], kernel=[KERNEL])
        for remedy in str(refused.value).rsplit("Use ", 1)[1][:-1].split(", or "):
            told.add(remedy.split("=")[0])
            others = _meant(remedy, dilation)
            assert others, remedy
            for changed in others:
                assert _legal(*(setting | changed).values()), (setting, remedy)
    ways = {"a smaller dilation", "an even dilation", "padding", "kernel_size", "input_size"}
    assert told == ways


def _meant(remedy, dilation):
    """Settings that the words name; of a smaller dilation the smallest is one."""
    if remedy == "a smaller dilation":
        return [{"dilation": 1}] * (dilation > 1)
    if remedy == "an even dilation":
        return [{"dilation": even} for even in (2, 4)]
    name, value = remedy.split("=")
    return [{name: value.strip("'") if name == "padding" else int(value)}]


def test_a_kernel_that_fits_at_no_dilation_is_refused_with_sizes_that_fit():
    words = r"it fits nowhere\. Use kernel_size=3, or input_size=4\.$"
    with pytest.raises(ValueError, match=words):
        AtrousConvolution1D(input_size=3, kernel_size=4, dilation=1)


def _check_trace(trace, setting, zeros):
    dilation, kernel_size, input_size, padding = setting
    x, kernel = np.array(VALUES[:input_size]), np.array(KERNEL[:kernel_size])
    assert (trace["x"].tolist(), trace["kernel"].tolist()) == (x.tolist(), kernel.tolist())
    assert trace["output"].tolist() == _torch(x, kernel, dilation, zeros).tolist()
    assert (trace["matrix"].astype(int) @ x == trace["output"]).all()
    padded = np.append(x, 0)  # index -1 reads the zero
    assert ((padded[trace["indices"]] * kernel).sum(axis=1) == trace["output"]).all()
    assert trace["reach"] == dilation * (kernel_size - 1) + 1
    assert trace["formula"][1].endswith(f" = {len(trace['output'])}")
    if padding == "same":
        assert len(trace["output"]) == input_size


@given(
    st.lists(st.integers(-99, 99), min_size=3, max_size=12),
    st.lists(st.integers(-99, 99), min_size=1, max_size=5),
    st.integers(1, 5),
)
@settings(max_examples=40, deadline=None)
def test_own_numbers_agree_with_torch(x, kernel, dilation):
    if dilation * (len(kernel) - 1) >= len(x):
        with pytest.raises(ValueError, match="fits nowhere"):
            AtrousConvolution1D(x, kernel, dilation=dilation)
        return
    trace = AtrousConvolution1D(x, kernel, dilation=dilation).trace
    assert trace["output"].tolist() == _torch(x, kernel, dilation, 0).tolist()


def test_by_hand_the_matrix_has_zeros_between_its_bands():
    trace = AtrousConvolution1D([1, 2, 3, 4, 5, 6], [1, 10, -1], dilation=2).trace
    assert trace["matrix"].tolist() == [[1, 0, 10, 0, -1, 0], [0, 1, 0, 10, 0, -1]]
    assert trace["output"].tolist() == [26, 36]
    assert trace["indices"].tolist() == [[0, 2, 4], [1, 3, 5]]
    assert trace["remark"].startswith("Between two bands of the matrix there is one zero")


def test_a_rate_as_large_as_the_input_leaves_the_centre_weight_alone():
    widget = AtrousConvolution1D([3, 1, 4, 1], [5, 7, 5], dilation=4, padding="same")
    assert widget.trace["output"].tolist() == [21, 7, 28, 7]
    assert widget.trace["matrix"].tolist() == (7 * np.eye(4, dtype=int)).tolist()
    assert "a 1×1 convolution" in widget.trace["remark"]
    assert (
        "1×1" not in AtrousConvolution1D([3, 1, 4, 1], dilation=3, padding="same").trace["remark"]
    )


def test_illegal_settings_keep_the_picture_and_offer_the_nearest():
    widget = AtrousConvolution1D()
    before = widget.trace["output"]
    widget.set_state({"dilation": 5})
    assert widget.error == (
        "kernel_size=3 at dilation=5 reaches over 11 inputs, and input_size=9: it fits nowhere. "
        "Use a smaller dilation, or padding='same'."
    )
    assert widget._error["remedy"] == {"dilation": 4}
    assert widget.trace["output"] is before
    even = AtrousConvolution1D(kernel_size=2)
    even.set_state({"padding": "same", "dilation": 3})
    assert even.error.startswith("padding='same' at kernel_size=2, dilation=3 needs 3 zeros in all")
    assert even._error["remedy"] == {"dilation": 2}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"values": [[1, 2, 3]]}, r"values has 2 axes.*Give a list of numbers"),
        ({"values": range(13)}, r"values has shape \(1, 13\)"),
        ({"values": [1, 2]}, "input_size=2 is not offered. It goes from 3 to 12. Use 3."),
        ({"kernel": [0.5]}, "this table takes whole numbers. Use 0."),
        ({"kernel": [1, 2, 3], "dilation": 6}, "dilation=6 is not offered"),
        ({"padding": "full"}, "padding='full' is not offered. Use 'valid' or 'same'."),
    ],
)
def test_illegal_arguments_are_refused_in_words(options, words):
    with pytest.raises(ValueError, match=words):
        AtrousConvolution1D(**options)


def test_there_is_a_frame_for_every_step():
    widget = AtrousConvolution1D(dilation=3)
    titles = [widget._frame(step).axes[0].get_title("left") for step in range(widget._frames())]
    assert titles == ["y[0] = 1·3 + 2·1 + 3·2 = 11", "y[1] = 1·1 + 2·5 + 3·6 = 29",
                      "y[2] = 1·4 + 2·9 + 3·5 = 37"]  # fmt: skip


def test_one_is_told_as_one_and_the_hatching_has_a_name():
    one = AtrousConvolution1D([3, 1, 4], [2], dilation=1)
    assert one.trace["formula"][0].endswith("+ 1 = 1 input, with 1 weight")
    assert "a kernel of 1 weight 1 apart, 0 zeros added" in one._describe()
    same = AtrousConvolution1D([3, 1, 4], [1, 2, 1], dilation=1, padding="same")
    assert same.trace["formula"][0].endswith("+ 1 = 3 inputs, with 3 weights")
    assert "1 zero added on each side" in same._describe()
    even = AtrousConvolution1D(kernel_size=2, dilation=2)
    even.set_state({"padding": "same", "dilation": 1})
    assert "needs 1 zero in all: both sides" in even.error
    assert even.trace["remark"].endswith("the holes of the kernel, hatched.")


def test_repr_and_description_name_the_setting():
    widget = AtrousConvolution1D([3, 1, 4, 1, 5], [1, 2, 3])
    assert repr(widget) == (
        "AtrousConvolution1D(dilation=2, kernel_size=3, input_size=5, padding='valid')"
    )
    assert widget._describe() == (
        "5 numbers, a kernel of 3 weights 2 apart, 0 zeros added on each side, the output (26), "
        "and the 1x5 matrix with one band per weight."
    )
