"""A patch classifier as the sliding window sees it: a chain of layers, and a map of answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from segviz.ops.recomputation import WindowLayer, window_layers

if TYPE_CHECKING:
    from torch import nn


def measured(classifier: nn.Module) -> tuple[WindowLayer, ...]:
    """Return what each layer of a patch classifier computes in one window.

    Args:
        classifier: what :func:`segviz.models.to_fully_convolutional` takes, with square kernels
            and an odd window.

    Returns:
        The pixels first, then every layer with a kernel, in order.

    Raises:
        TypeError, ValueError: a network that cannot be read in this way.
    """
    from segviz.models import to_convolutional, to_fully_convolutional

    rows, columns = to_fully_convolutional(classifier).patch_size
    if rows != columns or rows % 2 == 0:
        raise ValueError(
            f"The classifier's window is {rows} x {columns}: here it must be square, with a pixel "
            f"at its centre. Use {rows | 1} x {rows | 1}."
        )
    dense = sum(type(module).__name__ == "Linear" for module in classifier.modules())
    return window_layers(rows, _chain(to_convolutional(classifier), dense))


def answers(classifier: nn.Module, picture: np.ndarray) -> np.ndarray:
    """Return the class of every pixel: int64 of the picture's shape ``(H, W)``."""
    import torch

    from segviz.models import to_fully_convolutional

    image = torch.from_numpy(picture).float()[None, None]
    with torch.no_grad():
        return to_fully_convolutional(classifier)(image)[0].argmax(0).numpy()


def _chain(network: nn.Sequential, dense: int) -> Iterator[tuple[str, int, int, int]]:
    """(name, span, stride, multiply-adds for one output position); the last ones were dense."""
    layers: list[Any] = [layer for layer in network if hasattr(layer, "kernel_size")]
    convolutions = sum(hasattr(layer, "weight") for layer in layers) - dense
    number: Counter[str] = Counter()
    for layer in layers:
        word = "pooling"
        if hasattr(layer, "weight"):
            word = "convolution" if number["convolution"] < convolutions else "dense"
        number[word] += 1
        weights = layer.weight.numel() if hasattr(layer, "weight") else 0
        yield f"{word} {number[word]}", *_square(layer), weights


def _square(layer: Any) -> tuple[int, int]:
    """Pixels that the kernel spans, and its stride, along either axis."""
    rows, columns = (
        tuple(value if isinstance(value, int) else value[axis] for value in _sizes(layer))
        for axis in (0, 1)
    )
    if rows != columns:
        raise ValueError(
            f"{type(layer).__name__} has kernel_size={layer.kernel_size} and stride="
            f"{layer.stride}: here both must be the same along rows and columns. Use one number."
        )
    kernel_size, stride, dilation = rows
    return dilation * (kernel_size - 1) + 1, stride


def _sizes(layer: Any) -> tuple[Any, Any, Any]:
    return layer.kernel_size, layer.stride, getattr(layer, "dilation", 1)


def trained() -> nn.Module:
    """Return the classifier of lecture 03 that was trained on drawn pictures."""
    from segviz.training import load_checkpoint

    return load_checkpoint("patch_to_fcn", source="stand-in").model
