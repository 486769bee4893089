"""Positive, linear stand-ins for torch's functions: each joins the pixels that the function joins.

Convolutions average what they see, over channels too. All channels that a convolution makes are
then equal, so that one is computed and repeated.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch.nn import functional as F

from segviz.receptive_field import positive_pooling as pooling

Numbers = int | Sequence[int]
_CONVOLUTIONS: dict[int, Any] = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}
_TRANSPOSED: dict[int, Any] = {
    1: F.conv_transpose1d,
    2: F.conv_transpose2d,
    3: F.conv_transpose3d,
}


def substitute(name: str) -> Callable[..., Any] | None:
    """Return the stand-in for torch's function of that name, None if it serves as it is."""
    in_place = name.endswith("_") and not name.endswith("__")
    stand_in = _SUBSTITUTES.get(name.strip("_"))
    return _sum_in_place if in_place and stand_in is _sum else stand_in


def with_numbers(argument: Any) -> Any:
    """Return ones in place of a weight, whose numbers were not copied."""
    if isinstance(argument, torch.Tensor) and argument.device.type == "meta":
        return torch.ones(argument.shape, dtype=torch.float64, device="cpu")
    if isinstance(argument, (list, tuple)) and not hasattr(argument, "_fields"):
        return type(argument)(with_numbers(item) for item in argument)
    return argument


def _same(picture: torch.Tensor, *_: Any, **__: Any) -> torch.Tensor:
    return picture


def _sum(one: Any, other: Any, *_: Any, **__: Any) -> Any:
    """Add, also for a product or a quotient: values would grow beyond float64 in deep networks."""
    return with_numbers(one) + with_numbers(other)


def _sum_in_place(one: torch.Tensor, other: Any, *_: Any, **__: Any) -> torch.Tensor:
    return one.add_(with_numbers(other))


def _chosen(condition: torch.Tensor, one: Any, other: Any) -> Any:
    return _sum(one, other) + 0 * condition


def _softmax(picture: torch.Tensor, dim: int = 1, **_: Any) -> torch.Tensor:
    return picture + picture.mean(dim, keepdim=True)


def _extreme(picture: torch.Tensor, dim: Any = None, keepdim: bool = False, **_: Any) -> Any:
    """A maximum of two tensors, over everything, or along a dimension with its indices."""
    if isinstance(dim, torch.Tensor):
        return picture + dim
    if dim is None:
        return picture.mean()
    values = picture.mean(dim, keepdim)
    return torch.return_types.max((values, picture.argmax(dim, keepdim)))


def _extremes(picture: torch.Tensor, dim: Any = (), keepdim: bool = False) -> torch.Tensor:
    return picture.mean(dim or tuple(range(picture.ndim)), keepdim)


def _linear(picture: torch.Tensor, weight: torch.Tensor, *_: Any, **__: Any) -> torch.Tensor:
    return picture.mean(-1, keepdim=True).expand(*picture.shape[:-1], len(weight))


def _convolution(
    picture: torch.Tensor,
    weight: torch.Tensor,
    bias: Any = None,
    stride: Numbers = 1,
    padding: Any = 0,
    dilation: Numbers = 1,
    groups: int = 1,
) -> torch.Tensor:
    form = {"stride": stride, "padding": padding, "dilation": dilation}
    channels, axes = len(weight), weight.ndim - 2
    return _averaged(picture, weight, channels, groups, _CONVOLUTIONS[axes], form)


def _transposed_convolution(
    picture: torch.Tensor,
    weight: torch.Tensor,
    bias: Any = None,
    stride: Numbers = 1,
    padding: Numbers = 0,
    output_padding: Numbers = 0,
    groups: int = 1,
    dilation: Numbers = 1,
) -> torch.Tensor:
    form = {"stride": stride, "padding": padding, "dilation": dilation}
    form["output_padding"] = output_padding
    channels, axes = weight.shape[1] * groups, weight.ndim - 2
    return _averaged(picture, weight, channels, groups, _TRANSPOSED[axes], form)


def _averaged(
    picture: torch.Tensor,
    weight: torch.Tensor,
    channels: int,
    groups: int,
    operation: Callable[..., torch.Tensor],
    form: dict[str, Any],
) -> torch.Tensor:
    """Average over the channels of each group and over the kernel, and repeat for all channels."""
    if picture.ndim == weight.ndim - 1:
        picture = picture[None]
        return _averaged(picture, weight, channels, groups, operation, form)[0]
    group = picture.unflatten(1, (groups, -1)).mean(2)
    kernel = group.new_full((groups, 1, *weight.shape[2:]), 1 / math.prod(weight.shape[2:]))
    made = operation(group, kernel, groups=groups, **form)
    repeated = made.unsqueeze(2).expand(-1, -1, channels // groups, *made.shape[2:])
    return repeated.flatten(1, 2)


_SAME = """
relu relu6 leaky_relu prelu rrelu elu selu celu gelu silu mish sigmoid tanh hardtanh hardsigmoid
hardswish softplus softsign logsigmoid threshold hardshrink softshrink tanhshrink clamp clip
clamp_min clamp_max abs absolute sign round floor ceil dropout alpha_dropout feature_alpha_dropout
dropout1d dropout2d dropout3d batch_norm instance_norm group_norm layer_norm rms_norm
local_response_norm normalize pow rpow ipow square sqrt rsqrt reciprocal exp log erf neg
"""
_TABLE: dict[Callable[..., Any], str] = {
    _same: _SAME,
    _softmax: "softmax log_softmax softmin gumbel_softmax",
    _sum: "iadd sub subtract rsub isub maximum minimum fmax fmin mul multiply rmul imul div divide "
    "true_divide truediv rtruediv itruediv rdiv",
    _chosen: "where",
    _extreme: "max min median",
    _extremes: "amax amin std var",
    _linear: "linear",
    _convolution: "conv1d conv2d conv3d",
    _transposed_convolution: "conv_transpose1d conv_transpose2d conv_transpose3d",
    pooling.interpolate: "interpolate",
    pooling.adaptive_pool: "adaptive_max_pool1d adaptive_max_pool2d adaptive_max_pool3d",
}
_SUBSTITUTES = {name: stand_in for stand_in, names in _TABLE.items() for name in names.split()}
for _axes in (1, 2, 3):
    for _name in (f"max_pool{_axes}d", f"max_pool{_axes}d_with_indices"):
        _SUBSTITUTES[_name] = functools.partial(pooling.max_pool, axes=_axes)
    _SUBSTITUTES[f"max_unpool{_axes}d"] = functools.partial(pooling.max_unpool, axes=_axes)
