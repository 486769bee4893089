"""Visible checks of exercise 09: parameters, multiply-adds, and what training keeps.

The numbers were worked out by hand; the tests compare them with torch and `segviz.cost`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from segviz.exercises._checks import Case, run

_NO_BIAS = "The biases are missing: if bias is True there is one for each output channel."
_ALWAYS_BIAS = "Biases are counted though there are none: ask whether bias is True."
_BIAS_IN = "One bias for each input channel was counted: a bias belongs to an output channel."
_BIAS_KERNEL = "One bias for each kernel was counted: an output channel adds one bias, once."
_BIAS_ONE = "One bias for the whole layer was counted: each output channel has its own."
_ONE_AXIS = "The kernel has rows and columns: k * k weights, not k."
_NO_INPUTS = "The input channels are missing: each has kernels of its own."
_NO_OUTPUTS = "The output channels are missing: each has kernels of its own."
_ADDED = "Channels were added: there is a kernel for every pair, in_channels * out_channels."
_DOUBLED = "The kernel has k * k weights, not 2 * k."


def _layer(right: int, mistakes: dict[str, int], **arguments: Any) -> Case:
    return Case("parameters", arguments, right, mistakes)


_PARAMETERS = (
    _layer(
        608,
        {
            _NO_BIAS: 600,
            _BIAS_IN: 603,
            _BIAS_KERNEL: 624,
            _BIAS_ONE: 601,
            _ONE_AXIS: 128,
            _NO_INPUTS: 208,
            _NO_OUTPUTS: 83,
            _ADDED: 283,
            _DOUBLED: 248,
        },
        kernel_size=5,
        in_channels=3,
        out_channels=8,
        bias=True,
    ),
    _layer(
        4608,
        {_ALWAYS_BIAS: 4640, _ONE_AXIS: 1536, _NO_INPUTS: 288},
        kernel_size=3,
        in_channels=16,
        out_channels=32,
        bias=False,
    ),
)

_INPUT_PIXELS = "The input's pixels are counted: count the places of the output."
_TWICE = "A multiply-add is counted as two: here it is one."
_NO_PADDING = "The padding is missing: it adds places at both ends, 2 * padding."
_STRIDE_ONE = "This is the count for stride=1: with a stride, fewer places are left."
_ROUNDED_UP = "A window that does not fit is counted: round down before you add 1."
_SQUARE = "The picture is taken for a square: columns are counted like rows, from w."
_BIASES = "The biases are counted: they are added, not multiplied, and left out here."
_WEIGHTS_ONLY = "These are the weights: each is used at every place of the output."
_PLACES_ONLY = "These are the places of the output: every weight is used at each of them."
_PADDING_ONCE = "padding is counted once: it adds places at both ends, 2 * padding."
_NO_ONE = "The + 1 is missing: the first window needs no step."
_NO_KERNEL = "The kernel's own size is missing: the first window takes kernel_size places."
_DIVIDED = "h / stride is counted: a window needs kernel_size places, (h + 2p - k) // stride + 1."
_FRACTION = "Places are whole numbers: round (h + 2p - k) / stride down before you add 1."
_STRIDE_DOWN = "The stride was taken down, but not across: columns are counted like rows."


def _counted(
    right: int, mistakes: dict[str, float], size: tuple[int, int], stride: int, padding: int
) -> Case:
    channels = {"kernel_size": 5, "in_channels": 3, "out_channels": 4}
    given = {"size": size, **channels, "stride": stride, "padding": padding}
    return Case("multiply_adds", given, right, mistakes)


_MULTIPLY_ADDS = (
    _counted(
        14400,
        {
            _TWICE: 28800,
            _NO_PADDING: 2400,
            _SQUARE: 10800,
            _BIASES: 14592,
            _WEIGHTS_ONLY: 300,
            _PLACES_ONLY: 48,
            _PADDING_ONCE: 7200,
            _NO_ONE: 10500,
            _NO_KERNEL: 42900,
            _ONE_AXIS: 2880,
            _NO_INPUTS: 4800,
            _NO_OUTPUTS: 3600,
        },
        size=(6, 8),
        stride=1,
        padding=2,
    ),
    _counted(
        4500,
        {
            _INPUT_PIXELS: 39000,
            _STRIDE_ONE: 16200,
            _ROUNDED_UP: 6000,
            _SQUARE: 2700,
            _DIVIDED: 9000,
            _FRACTION: 5250,
            _STRIDE_DOWN: 8100,
        },
        size=(10, 13),
        stride=2,
        padding=0,
    ),
)

_NO_PICTURES = "The pictures are missing: the first layer needs them on the way back."
_NUMBERS = "These are numbers, not bytes: each takes 4."
_ONE_PICTURE = "This is for one picture: N of them are kept at a time."
_NO_STRIDES = "The strides are missing: behind a stride of 2, maps have half the rows and columns."
_NOT_ADDED_UP = "Every stride is taken from the picture's size: a layer reads the one before it."
_BEFORE_STRIDE = "Maps are counted before the stride: a layer's output has fewer rows and columns."
_ONE_SIDE = "Only rows or only columns became fewer: a stride takes both."
_ROUNDED_DOWN = "An odd number of rows was halved and rounded down: 5 rows become 3."
_LARGEST = "This is the largest map: training keeps all of them until the way back."
_LAST_MAP = "This is the last layer's output: training keeps all of them until the way back."
_LAST_LEFT_OUT = "The last layer's output is missing."
_IN_PLACE = "Outputs are counted twice: a ReLU that works in place keeps nothing of its own."
_EIGHT_BYTES = "A number takes 4 bytes here (float32), not 8."
_UNPADDED = "The padding is missing: with padding 1, a 3x3 layer of stride 1 keeps the size."
_FRACTION_KEPT = "Rows are whole numbers: round h / stride up."
_OUTPUTS_OF_ONE = "Only the pictures are counted N times: each picture has its own outputs."


def _kept(
    pictures: tuple[int, int, int, int],
    layers: list[tuple[int, int]],
    right: int,
    mistakes: dict[str, int],
) -> Case:
    given = {"pictures": pictures, "layers": layers}
    return Case("kept_bytes", given, right, mistakes)


_KEPT_BYTES = (
    _kept(
        (1, 3, 4, 8),
        [(16, 2), (10, 2)],
        976,
        {
            _NO_PICTURES: 592,
            _NUMBERS: 244,
            _NO_STRIDES: 3712,
            _BEFORE_STRIDE: 2752,
            _NOT_ADDED_UP: 1216,
            _ONE_SIDE: 1728,
            _LARGEST: 512,
            _LAST_MAP: 80,
            _LAST_LEFT_OUT: 896,
            _IN_PLACE: 1568,
            _EIGHT_BYTES: 1952,
            _UNPADDED: 576,
        },
    ),
    _kept((5, 3, 4, 6), [(8, 1)], 5280, {_ONE_PICTURE: 1056, _OUTPUTS_OF_ONE: 2208}),
    # A stride between layers that have none: each layer goes by its own.
    _kept((1, 1, 8, 8), [(1, 1), (1, 2), (1, 1)], 640, {_NOT_ADDED_UP: 832}),
    _kept((1, 1, 5, 5), [(2, 2)], 172, {_ROUNDED_DOWN: 132, _FRACTION_KEPT: 150}),
)


def parameters(function: Callable[..., Any]) -> None:
    """Check a function that counts the parameters of a convolution layer."""
    run("parameters", function, _PARAMETERS)


def multiply_adds(function: Callable[..., Any]) -> None:
    """Check a function that counts the multiply-adds of a convolution layer."""
    run("multiply_adds", function, _MULTIPLY_ADDS)


def kept_bytes(function: Callable[..., Any]) -> None:
    """Check a function ``(pictures, layers)`` that returns the bytes that training keeps."""
    run("kept_bytes", function, _KEPT_BYTES)


def parameters_picture() -> Any:
    """Number the parameters of one output channel of a 3x3 layer with two input channels."""
    from segviz.exercises._pictures import tables

    kernels = np.arange(1, 19).reshape(2, 3, 3)
    return tables(
        {"kernel of input channel 1": kernels[0], "input channel 2": kernels[1], "bias": [19]}
    )


def multiply_adds_picture() -> Any:
    """Draw how often each pixel is read, and the multiply-adds at each place of the output."""
    from segviz.exercises._pictures import frame, tables

    read = np.zeros((5, 7))
    for row, column in np.ndindex(2, 3):
        read[2 * row : 2 * row + 3, 2 * column : 2 * column + 3] += 1
    parts = {"how often a pixel is read": read, "multiply-adds at a place": np.full((2, 3), 9)}
    axes = tables(parts)
    frame(axes[0], 0, 0, 3, 3)
    frame(axes[1], 0, 0, 1, 1)
    return axes


def kept_picture() -> Any:
    """Draw what the first visible check keeps: of the picture, and of each of two layers."""
    from segviz.exercises._pictures import tables

    numbers = np.array([3 * 4 * 8, 16 * 2 * 4, 10 * 1 * 2])
    axes = tables({"numbers": numbers, "bytes": 4 * numbers}, cell=0.8)
    for axis in axes:
        axis.set(xticks=range(3))
        axis.set_xticklabels(["picture", "layer 1", "layer 2"])
    return axes
