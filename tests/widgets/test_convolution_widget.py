"""The convolution widget's numbers against torch, scipy and a pencil."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from scipy import ndimage
from scipy.signal import convolve2d

from segviz.widgets import Convolution2D
from segviz.widgets._pictures import grey
from segviz.widgets.convolution import OWN, PRESETS, preset_kernel

LAPLACIAN = [[1, 1, 1], [1, -8, 1], [1, 1, 1]]


@st.composite
def _settings(draw):
    size = draw(st.sampled_from([1, 3, 5]))
    weight = st.integers(-8, 8).map(lambda n: n / 4)
    row = st.lists(weight, min_size=size, max_size=size)
    return {
        "kernel": draw(st.lists(row, min_size=size, max_size=size)),
        "stride": draw(st.integers(1, 3)),
        "padding": draw(st.integers(0, size)),
        "relu": draw(st.booleans()),
    }


def _torch(picture, kernel, stride, padding, relu):
    x, weight = (torch.tensor(np.array(one, dtype=float))[None, None] for one in (picture, kernel))
    output = torch.nn.functional.conv2d(x, weight, stride=stride, padding=padding)[0, 0]
    return (output.relu() if relu else output).numpy()


@given(_settings(), st.tuples(st.integers(-3, 30), st.integers(-3, 30)))
@settings(max_examples=40, deadline=None)
def test_output_and_dot_product_agree_with_torch(chosen, cursor):
    picture = np.random.default_rng(0).random((12, 17))
    widget = Convolution2D(picture, **chosen, cursor=cursor)
    expected = _torch(widget.picture, **chosen)
    assert widget.output == pytest.approx(expected)
    trace = widget.trace
    row, column = trace["at"]
    assert (row, column) == tuple(np.clip(cursor, 0, np.array(expected.shape) - 1))
    assert trace["result"] == pytest.approx(expected[row, column])
    assert np.sum(trace["products"]) == pytest.approx(trace["sum"])
    assert np.array(trace["products"]) == pytest.approx(
        np.array(trace["patch"]) * np.array(chosen["kernel"])
    )


@given(_settings())
@settings(max_examples=30, deadline=None)
def test_codes_are_the_output_to_half_a_step(chosen):
    widget = Convolution2D(np.eye(9), **chosen)
    levels = (widget.trace["output"].astype(float) - 128) / 127 * widget.trace["limit"]
    assert np.abs(levels - widget.output).max() <= widget.trace["limit"] / 254 + 1e-9


def test_by_hand():
    picture = [[0, 0, 1], [0, 0, 1], [0, 0, 1]]
    widget = Convolution2D(picture, padding=1)
    assert widget.output.tolist() == [[0, 3, 0], [0, 4, 0], [0, 3, 0]]
    assert Convolution2D(picture, padding=1, stride=2).output.tolist() == [[0, 0], [0, 0]]
    assert widget.trace["formula"] == [
        "output size = ⌊(n + 2p − k) / s⌋ + 1 = ⌊(3 + 2·1 − 3) / 1⌋ + 1 = 3"
    ]


def test_formula_has_two_lines_where_rows_and_columns_differ():
    formula = Convolution2D(np.zeros((4, 6)), stride=2).trace["formula"]
    assert [line.split(" = ")[0] for line in formula] == ["rows", "columns"]
    assert [line.split(" = ")[-1] for line in formula] == ["1", "2"]


def test_presets_are_the_field_s_kernels():
    step = np.zeros((7, 7))
    step[3, 3] = 1
    for preset, theirs in [
        ("vertical edges (Sobel)", ndimage.sobel(step, axis=1)),
        ("horizontal edges (Sobel)", ndimage.sobel(step, axis=0)),
        ("blur", ndimage.uniform_filter(step, 3)),
        ("identity", step),
    ]:
        ours = ndimage.correlate(step, preset_kernel(preset, 3))
        assert ours == pytest.approx(theirs), preset
    assert preset_kernel("all edges (Laplacian)", 3).tolist() == LAPLACIAN
    assert preset_kernel("sharpen", 3).tolist() == [[-1, -1, -1], [-1, 9, -1], [-1, -1, -1]]
    assert preset_kernel("emboss", 3).tolist() == [[-1, -1, 0], [-1, 1, 1], [0, 1, 1]]


@pytest.mark.parametrize("size", [3, 5])
def test_what_the_presets_weights_add_up_to(size):
    """Edges ignore a flat picture; the others keep its brightness."""
    for preset in PRESETS[:-1]:
        edges = "edges" in preset
        assert preset_kernel(preset, size).sum() == pytest.approx(0 if edges else 1), preset


def test_a_smoothed_sobel_is_the_larger_sobel():
    smooth = np.outer([1, 2, 1], [1, 2, 1])
    theirs = convolve2d(smooth, preset_kernel("vertical edges (Sobel)", 3))
    assert preset_kernel("vertical edges (Sobel)", 5).tolist() == theirs.tolist()


def test_preset_size_and_own_kernel_follow_each_other():
    widget = Convolution2D(preset="blur")
    assert np.array(widget.kernel) == pytest.approx(np.full((3, 3), 1 / 9))
    widget.kernel_size = 5
    assert np.array(widget.kernel).shape == (5, 5)
    assert widget.preset == "blur"
    widget.kernel = LAPLACIAN
    assert (widget.preset, widget.kernel_size) == (OWN, 3)
    widget.kernel_size = 5
    assert np.array(widget.kernel).tolist() == np.pad(LAPLACIAN, 1).tolist()
    widget.kernel_size = 1
    assert widget.kernel == ((-8.0,),)
    assert widget.error == ""
    widget.preset = "all edges (Laplacian)"
    assert "a 1x1 kernel sees none" in widget.error
    widget.kernel_size = 3
    assert widget.error == ""
    assert widget.kernel == tuple(map(tuple, np.array(LAPLACIAN, float)))


def test_padding_beyond_the_kernel_is_explained():
    widget = Convolution2D()
    before = widget.trace["output"]
    widget.set_state({"padding": 5})
    assert widget.error.startswith("padding=5 is larger than kernel_size=3")
    assert widget._error["remedy"] == {"padding": 3}
    assert widget.trace["output"] is before


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"kernel": [[1, 2]]}, "kernel has 1 rows and 2 columns"),
        ({"kernel": np.ones((2, 2))}, "Use 1x1, 3x3 or 5x5"),
        ({"preset": "Canny"}, "preset='Canny' is not offered"),
        ({"padding": 4}, "padding=4 is larger than kernel_size=3"),
        ({"picture": np.zeros((2, 9))}, "kernel"),
        ({"picture": np.zeros((2, 2, 2))}, r"shape \(2, 2, 2\): give \(H, W\)"),
        ({"picture": np.full((9, 9), 7.0)}, "values go from 7 to 7: give uint8, or"),
        ({"picture": np.full((9, 9), np.nan)}, "give uint8, or numbers from 0 to 1"),
        ({"picture": np.zeros((0, 4))}, "give numbers"),
        ({"picture": "camera"}, "give numbers"),
    ],
)
def test_illegal_arguments_are_refused_in_words(options, words):
    with pytest.raises(ValueError, match=words):
        Convolution2D(**options)


def test_a_picture_comes_as_array_tensor_or_pil_in_grey_or_colour():
    colour = np.random.default_rng(0).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    expected = np.asarray(Image.fromarray(colour).convert("L")) / 255
    tensor = torch.tensor(colour).permute(2, 0, 1) / 255
    for one in (colour, Image.fromarray(colour), tensor):
        assert grey(one) == pytest.approx(expected, abs=0.01)
    assert grey(np.eye(3, dtype=bool)).tolist() == np.eye(3).tolist()


def test_a_large_picture_is_averaged_down():
    checks = np.kron(np.eye(2), np.ones((100, 100)))
    small = grey(checks)
    assert small.shape == (88, 88)
    assert (small[:43, :43] == 1).all()
    assert (small[:43, 45:] == 0).all()
    assert grey(np.ones((10, 400))).shape == (2, 88)


def test_hundredths_make_the_shown_numbers_the_real_ones():
    picture = Convolution2D(np.random.default_rng(0).random((9, 9))).picture
    assert picture * 100 == pytest.approx(np.rint(picture * 100))


def test_description_says_what_the_still_shows():
    text = Convolution2D(np.zeros((9, 12)), preset="blur", stride=2, relu=True)._describe()
    assert text == (
        "A 9x12 grey picture, the 3x3 kernel 'blur' and their 4x5 convolution at stride 2, "
        "padding 0, after ReLU."
    )
