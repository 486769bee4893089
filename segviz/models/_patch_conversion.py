"""Write the layers of a patch classifier so that they run on a whole picture.

A layer can be moved from a patch to a picture if its output at a position depends on the positions
under its kernel alone; whatever sees the border of the patch cannot.
"""

from __future__ import annotations

import copy
from functools import singledispatch
from typing import Any

from torch import nn

from segviz.models._patch_layers import (
    PatchMap,
    Sizes,
    layers_of,
    pair,
    receptive_field,
    refuse,
    span_of,
)
from segviz.ops._checks import sizes

_POINTWISE = (
    *(nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.PReLU, nn.ELU, nn.SELU, nn.CELU, nn.GELU, nn.SiLU),
    *(nn.Mish, nn.Sigmoid, nn.LogSigmoid, nn.Tanh, nn.Hardtanh, nn.Hardswish, nn.Hardsigmoid),
    *(nn.Softplus, nn.Softsign, nn.Tanhshrink, nn.Softshrink, nn.Hardshrink, nn.Threshold),
    *(nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.AlphaDropout, nn.FeatureAlphaDropout),
    *(nn.Identity, nn.LocalResponseNorm, nn.Softmax2d),
)
_PER_PIXEL = "it has a weight for every pixel of the patch"


def as_convolutions(classifier: object, patch_size: object) -> tuple[list[nn.Module], Sizes]:
    """Return copies of the layers, none of which needs a patch any more, and the patch's size."""
    layers = list(layers_of(classifier))
    if patch_size is None:
        patch_size = getattr(classifier, "patch_size", None)
    rows, columns = (
        receptive_field(layers) if patch_size is None else sizes(patch_size, "patch_size", 2, 1)
    )
    found = PatchMap((rows, columns))
    converted: list[nn.Module] = []
    for place, layer in layers:
        found.place = place
        converted += _convert(layer, found)
    if found.size != (1, 1):
        raise ValueError(
            f"a patch of {rows} x {columns} ends in a map of {found.size[0]} x {found.size[1]}, so "
            "the classifier gives more than one answer a patch. End it with Flatten and Linear."
        )
    return converted, (rows, columns)


@singledispatch
def _convert(layer: nn.Module, found: PatchMap) -> list[nn.Module]:
    """Return what does the same on a whole picture, and note in ``found`` what it leaves."""
    if not isinstance(layer, _POINTWISE):
        refuse(
            found.place,
            "it is none of the layers whose output depends on the pixels under a kernel alone",
            "Use Conv2d, MaxPool2d, AvgPool2d, BatchNorm2d, activations, Flatten and Linear",
        )
    return _pointwise(layer, found)


def _pointwise(layer: nn.Module, found: PatchMap) -> list[nn.Module]:
    per_feature = isinstance(layer, nn.PReLU) and layer.num_parameters > 1
    if per_feature and found.flat and found.size != (1, 1):
        refuse(found.place, _PER_PIXEL, "Move it before Flatten")
    layer = copy.deepcopy(layer)
    if getattr(layer, "inplace", False):  # must not overwrite what the caller gives
        layer.inplace = False  # type: ignore[assignment]
    return [layer]


@_convert.register
def _convolution(layer: nn.Conv2d, found: PatchMap) -> list[nn.Module]:
    _refuse_padding(layer, found)
    found.shrink(layer)
    found.channels = layer.out_channels
    layer = copy.deepcopy(layer)
    layer.padding = (0, 0)  # "valid" or a "same" that pads nothing
    return [layer]


@_convert.register(nn.MaxPool2d)
@_convert.register(nn.AvgPool2d)
def _pool(layer: Any, found: PatchMap) -> list[nn.Module]:
    _refuse_padding(layer, found)
    if getattr(layer, "return_indices", False):
        refuse(found.place, "it returns indices too", "Use return_indices=False")
    span, stride = span_of(layer), pair(layer.stride)
    left_over = [(n - k) % s for n, k, s in zip(found.size, span, stride, strict=True)]
    if layer.ceil_mode and any(left_over):
        reason = "with ceil_mode its last window is cut off by the border of the patch"
        refuse(found.place, reason, "Use ceil_mode=False, or another patch_size")
    found.shrink(layer)
    layer = copy.deepcopy(layer)
    layer.ceil_mode = False
    return [layer]


def _refuse_padding(layer: Any, found: PatchMap) -> None:
    padding = layer.padding
    if padding == "same":
        padding = tuple(size - 1 for size in span_of(layer))
    if padding != "valid" and pair(padding) != (0, 0):
        refuse(
            found.place,
            "its padding stands at the border of every patch, and inside a picture there is none",
            "Use padding=0",
        )


@_convert.register
def _global_average(layer: nn.AdaptiveAvgPool2d, found: PatchMap) -> list[nn.Module]:
    asked = tuple(n or size for n, size in zip(pair(layer.output_size), found.size, strict=True))
    if asked == found.size:
        return []
    if asked != (1, 1):
        reason = f"it cuts the patch into {asked[0]} x {asked[1]} parts"
        refuse(found.place, reason, "Use AvgPool2d, or output_size=1")
    pool = nn.AvgPool2d(found.size, stride=1)
    found.shrink(pool)
    return [pool]


@_convert.register
def _flatten(layer: nn.Flatten, found: PatchMap) -> list[nn.Module]:
    if layer.start_dim != 1 or layer.end_dim not in (-1, 3):
        refuse(found.place, "it does not flatten channels, rows and columns", "Use Flatten()")
    found.flat = True
    return []


@_convert.register
def _linear(layer: nn.Linear, found: PatchMap) -> list[nn.Module]:
    """A dense layer behind a map of (C, h, w) is a convolution with a kernel of (h, w)."""
    if not found.flat:
        refuse(found.place, "it reads rows, not the whole map", "Put Flatten before it")
    rows, columns = found.size
    channels, rest = divmod(layer.in_features, rows * columns)
    if rest or channels != (found.channels or channels):
        reason = f"it takes {layer.in_features} features, not {_shown(found)}"
        refuse(found.place, reason, "Give the patch_size that the classifier was made for")
    found.size, found.channels = (1, 1), layer.out_features
    # On the meta device no random weights are drawn, which would be overwritten here anyway.
    kernel = nn.Conv2d(
        channels,
        layer.out_features,
        (rows, columns),
        bias=layer.bias is not None,
        device="meta",
    )
    weight = layer.weight.detach().clone().view(-1, channels, rows, columns)
    kernel.weight = nn.Parameter(weight)
    if layer.bias is not None:
        kernel.bias = nn.Parameter(layer.bias.detach().clone())
    return [kernel]


def _shown(found: PatchMap) -> str:
    channels = f"{found.channels} x " if found.channels else ""
    return f"a map of {channels}{found.size[0]} x {found.size[1]}"


@_convert.register(nn.BatchNorm1d)
@_convert.register(nn.BatchNorm2d)
def _batch_norm(layer: Any, found: PatchMap) -> list[nn.Module]:
    if not layer.track_running_stats:
        refuse(found.place, "it uses the statistics of each batch", "Use track_running_stats=True")
    if found.flat and found.size != (1, 1):
        refuse(found.place, _PER_PIXEL, "Move it before Flatten")
    statistics = layer.running_mean
    norm = nn.BatchNorm2d(
        layer.num_features,
        layer.eps,
        layer.momentum,
        layer.affine,
        device=statistics.device,
        dtype=statistics.dtype,
    )
    norm.load_state_dict(layer.state_dict())
    return [norm]


@_convert.register(nn.Softmax)
@_convert.register(nn.LogSoftmax)
def _softmax(layer: Any, found: PatchMap) -> list[nn.Module]:
    over_classes = (None, 1, -1) if found.flat else (1, -3)
    if layer.dim not in over_classes or (found.flat and found.size != (1, 1)):
        refuse(
            found.place, "it is not taken over the channels", "Use dim=1, behind the last Linear"
        )
    return [type(layer)(dim=1)]
