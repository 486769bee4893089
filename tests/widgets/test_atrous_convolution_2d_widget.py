"""What a stack of atrous layers sees and gives, against torch and its autograd."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from segviz.widgets import AtrousConvolution2D
from segviz.widgets.atrous_convolution_2d import KERNELS
from segviz.widgets.convolution import preset_kernel

PICTURE = np.random.default_rng(0).random((13, 17))
RATES = st.tuples(st.integers(1, 36), st.integers(0, 12), st.integers(0, 12))


def _named(rates):
    return dict(zip(("rate", "second_rate", "third_rate"), rates, strict=True))


def _torch(x, kernel, rates):
    weight = torch.tensor(np.array(kernel, dtype=float))[None, None]
    for rate in rates:
        x = F.conv2d(x, weight, padding=rate, dilation=rate) if rate else x
    return x


@given(RATES, st.sampled_from(KERNELS))
@settings(max_examples=40, deadline=None)
def test_output_is_torch_s_to_half_a_colour_step(rates, kernel):
    widget = AtrousConvolution2D(PICTURE, **_named(rates), kernel=kernel)
    picture = torch.tensor(widget._picture)[None, None]
    expected = _torch(picture, preset_kernel(kernel, 3), rates)[0, 0].numpy()
    trace = widget.trace
    shown = (trace["output"].astype(float) - 128) / 127 * trace["limit"]
    assert trace["limit"] == pytest.approx(max(1, np.abs(expected).max()))
    assert np.abs(shown - expected).max() <= trace["limit"] / 254 + 1e-9


@given(RATES, st.tuples(st.integers(0, 12), st.integers(0, 16)))
@settings(max_examples=40, deadline=None)
def test_counts_of_every_layer_are_the_gradient_with_all_weights_one(rates, cursor):
    widget = AtrousConvolution2D(PICTURE, **_named(rates), cursor=cursor)
    trace = widget.trace
    row, column = trace["at"]
    assert (row, column) == tuple(np.clip(cursor, 0, (12, 16)))
    legal = [rate for rate in rates if rate]
    for layer in range(len(legal)):
        x = torch.zeros(1, 1, 13, 17, dtype=torch.float64, requires_grad=True)
        _torch(x, np.ones((3, 3)), legal[: layer + 1])[0, 0, row, column].backward()
        ways = x.grad[0, 0].numpy()
        assert np.outer(trace["rows"][layer], trace["columns"][layer]).tolist() == ways.tolist()
        places = np.nonzero(ways)
        assert trace["spans"][layer] == [[one.min(), one.max()] for one in places]
        assert trace["seen"][layer] == len(places[0])
        assert trace["largest"][layer] == ways.max()


@given(RATES)
@settings(max_examples=20, deadline=None)
def test_formula_and_gradient_agree_where_no_border_is_near(rates):
    legal = [rate for rate in rates if rate]
    picture = np.zeros((65, 65))
    trace = AtrousConvolution2D(picture, **_named(rates)).trace
    assert trace["rates"] == legal
    for layer, field in enumerate(trace["fields"]):
        assert field == 1 + 2 * sum(legal[: layer + 1])
        if field <= 65:
            half = field // 2
            assert trace["spans"][layer] == [[32 - half, 32 + half]] * 2


def test_gridding_at_2_2_2_and_its_cure_1_2_5():
    holes = AtrousConvolution2D(rate=2, second_rate=2, third_rate=2).trace
    cured = AtrousConvolution2D(rate=1, second_rate=2, third_rate=5).trace
    assert (holes["fields"], holes["seen"]) == ([5, 9, 13], [9, 25, 49])
    assert holes["rows"][2][26:39].tolist() == [1, 0, 3, 0, 6, 0, 7, 0, 6, 0, 3, 0, 1]
    assert (cured["fields"], cured["seen"]) == ([3, 7, 17], [9, 49, 289])
    assert holes["cost"].startswith("27 weights and 27 multiply-adds a pixel")
    assert "13 × 13 pixels would have 169." in holes["cost"]


def test_a_rate_beyond_the_map_leaves_the_centre_tap_alone():
    """MODELS.md's example: a 33x33 map, rates 12 and 18, and the unit in the middle."""
    taps = {
        rate: _own_taps(AtrousConvolution2D(np.zeros((33, 33)), rate=rate, cursor=(16, 16)))
        for rate in (12, 16, 17, 18)
    }
    assert taps == {12: [9, 9, 9], 16: [9, 9, 9], 17: [1, 9, 9], 18: [1, 9, 9]}
    corner = _own_taps(AtrousConvolution2D(np.zeros((33, 33)), rate=18, cursor=(0, 0)))
    assert corner == [4, 4, 4]


def _own_taps(widget):
    """Of the unit in each layer; the entries before them are of the layers below it."""
    return [counts[-1] for counts in widget.trace["taps"]]


def test_side_taps_that_units_off_the_centre_read_with_are_counted():
    assert AtrousConvolution2D(rate=33, second_rate=2, third_rate=0).trace["taps"] == [[1], [9, 9]]
    assert AtrousConvolution2D(rate=36, second_rate=12, third_rate=12).trace["taps"][2] == [9] * 3


@given(RATES, st.tuples(st.integers(0, 12), st.integers(0, 16)))
@settings(max_examples=40, deadline=None)
def test_taps_are_those_whose_weights_have_a_gradient(rates, cursor):
    trace = AtrousConvolution2D(PICTURE, **_named(rates), cursor=cursor).trace
    legal = [rate for rate in rates if rate]
    for layer in range(len(legal)):
        weights = [
            torch.ones(1, 1, 3, 3, dtype=torch.float64, requires_grad=True)
            for _ in range(layer + 1)
        ]
        x = torch.ones(1, 1, 13, 17, dtype=torch.float64)
        for weight, rate in zip(weights, legal, strict=False):
            x = F.conv2d(x, weight, padding=rate, dilation=rate)
        x[0, 0, *cursor].backward()
        assert trace["taps"][layer] == [int((one.grad != 0).sum()) for one in weights]


def test_colours_of_counts_rise_from_black_never_to_the_brightest():
    heat = AtrousConvolution2D(rate=2, second_rate=2, third_rate=2).trace["heat"]
    assert heat.shape == (3, 730)
    assert heat[2, [0, 1, 49]].tolist() == [0, 80, 255]
    assert (np.diff(heat[2, 1:50].astype(int)) >= 0).all()
    assert heat[0, [0, 1]].tolist() == [0, 255]


def test_there_is_a_frame_for_every_layer():
    widget = AtrousConvolution2D(rate=1, second_rate=2, third_rate=5)
    labels = [widget._frame(step).axes[1].get_xlabel() for step in range(widget._frames())]
    assert labels == ["3 × 3, of which 9 count", "7 × 7, of which 49 count",
                      "17 × 17, of which 289 count"]  # fmt: skip


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"rate": 0}, "rate=0 is not offered. It goes from 1 to 36. Use 1."),
        ({"third_rate": 13}, "third_rate=13 is not offered. It goes from 0 to 12. Use 12."),
        ({"kernel": "emboss"}, "kernel='emboss' is not offered"),
        ({"picture": np.zeros((2, 2, 2))}, r"shape \(2, 2, 2\): give \(H, W\)"),
    ],
)
def test_illegal_arguments_are_refused_in_words(options, words):
    with pytest.raises(ValueError, match=words):
        AtrousConvolution2D(**options)


@pytest.mark.parametrize(
    ("cursor", "near"), [((-1, 3), (0, 3)), ((13, 16), (12, 16)), ((5, 10**20), (5, 16))]
)
def test_a_cursor_outside_of_the_picture_is_refused_with_the_nearest_inside(cursor, near):
    rule = r" is outside: rows go from 0 to 12, columns from 0 to 16\. Use "
    words = rf"^cursor=\({cursor[0]}, {cursor[1]}\){rule}\({near[0]}, {near[1]}\)\.$"
    with pytest.raises(ValueError, match=words):
        AtrousConvolution2D(PICTURE, cursor=cursor)
    widget = AtrousConvolution2D(PICTURE)
    before = widget.trace["rows"]
    with pytest.raises(ValueError, match=words):
        widget.cursor = cursor
    widget.set_state({"cursor": list(cursor)})
    assert widget.error.endswith(f"Use {near}.")
    assert (widget.cursor, widget.trace["at"]) == ((6, 8), [6, 8])
    assert widget.trace["rows"] is before
    widget.cursor = near
    assert (widget.trace["at"], widget.error) == (list(near), "")


def test_a_small_picture_has_its_cursor_in_the_middle():
    assert AtrousConvolution2D().trace["at"] == [32, 32]
    assert AtrousConvolution2D(np.zeros((1, 2))).cursor == (0, 1)


def test_repr_and_description_name_the_setting():
    widget = AtrousConvolution2D(PICTURE, second_rate=3)
    assert repr(widget) == (
        "AtrousConvolution2D(rate=2, second_rate=3, third_rate=2, kernel='blur')"
    )
    assert "13x17 picture" in widget._describe()
    assert "rates 2-3-2 sees" in widget._describe()


def test_what_counts_is_told_of_the_pixels_within_the_picture_everywhere():
    widget = AtrousConvolution2D(rate=33, second_rate=2, third_rate=0)
    assert widget.trace["spans"][1] == [[1, 63], [1, 63]]
    assert "counts (25 of 3,969 do), and" in widget._describe()
    label = widget._frame(1).axes[1].get_xlabel()
    assert label == "71 × 71 by formula, 63 × 63 here, of which 25 count"
    alone = AtrousConvolution2D(rate=33, second_rate=0, third_rate=0)
    assert "counts (1 of 1 does), and" in alone._describe()
