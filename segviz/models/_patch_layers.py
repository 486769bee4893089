"""What the layers of a patch classifier say of its patch: their order, spans, and sizes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

from torch import nn

Sizes = tuple[int, int]


@dataclass
class PatchMap:
    """What a layer finds: size and channels of the map in a patch, and whether it was flattened."""

    size: Sizes
    channels: int | None = None
    flat: bool = False
    place: str = ""  # of the layer, for messages

    def shrink(self, layer: Any) -> None:
        kernel_size, stride = span_of(layer), pair(layer.stride)
        if self.flat:
            refuse(self.place, "it stands behind Flatten, where no map is left", "Move it before")
        if min(self.size[0] - kernel_size[0], self.size[1] - kernel_size[1]) < 0:
            spans = f"{kernel_size[0]} x {kernel_size[1]}"
            reason = f"it spans {spans}, the map {self.size[0]} x {self.size[1]}"
            refuse(self.place, reason, "Give a larger patch_size")
        rows, columns = (
            (n - k) // s + 1 for n, k, s in zip(self.size, kernel_size, stride, strict=True)
        )
        self.size = rows, columns


def pair(value: Any) -> Sizes:
    """Return a number per axis."""
    return (value[0], value[1]) if isinstance(value, (tuple, list)) else (value, value)


def layers_of(classifier: object, prefix: str = "") -> Iterator[tuple[str, nn.Module]]:
    """Yield every layer of nested nn.Sequential with its place in words."""
    if not isinstance(classifier, nn.Sequential) or _has_own_forward(classifier):
        raise TypeError(
            f"patch_classifier is a {type(classifier).__name__}, must be an nn.Sequential: another "
            "forward may do anything. Write it as nn.Sequential(..., nn.Flatten(), nn.Linear(...))."
        )
    # Not named_children(), which leaves out a layer that stands in two places.
    for name, layer in classifier._modules.items():
        if layer is None:
            continue
        if isinstance(layer, nn.Sequential):
            yield from layers_of(layer, f"{prefix}{name}.")
        else:
            yield f"layer {prefix}{name}, {type(layer).__name__}", layer


def _has_own_forward(classifier: nn.Sequential) -> bool:
    return type(classifier).forward is not nn.Sequential.forward


def receptive_field(layers: list[tuple[str, nn.Module]]) -> Sizes:
    """Return the smallest patch that gives one answer, walking back from the last map."""
    spatial: list[Any] = []
    channels = None
    last: Sizes = (1, 1)
    for _, layer in layers:
        if isinstance(layer, (nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d)):
            _unknown_patch()
        if isinstance(layer, nn.Linear):
            last = _square(layer.in_features, channels)
            break
        if isinstance(layer, (nn.Conv2d, nn.MaxPool2d, nn.AvgPool2d)):
            spatial.append(layer)
        channels = getattr(layer, "out_channels", channels)
    rows, columns = last
    for layer in reversed(spatial):
        span, stride = span_of(layer), pair(layer.stride)
        rows, columns = (rows - 1) * stride[0] + span[0], (columns - 1) * stride[1] + span[1]
    return rows, columns


def _square(features: int, channels: int | None) -> Sizes:
    side = math.isqrt(features // channels) if channels else 0
    if not channels or side * side * channels != features:
        _unknown_patch()
    return side, side


def _unknown_patch() -> NoReturn:
    raise ValueError(
        "the layers of this classifier do not fix the size of its patch. Give patch_size=..., the "
        "width in pixels (or height and width) of the patches that it was trained on."
    )


def span_of(layer: Any) -> Sizes:
    kernel_size, dilation = pair(layer.kernel_size), pair(getattr(layer, "dilation", 1))
    return dilation[0] * (kernel_size[0] - 1) + 1, dilation[1] * (kernel_size[1] - 1) + 1


def refuse(place: str, reason: str, remedy: str) -> NoReturn:
    raise ValueError(f"{place} cannot be made fully convolutional: {reason}. {remedy}.")
