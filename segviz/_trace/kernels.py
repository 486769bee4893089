"""Run one operation without numbers; what torch is slow at, by its own formula.

torch works these out in Python, 0.1 to 12 milliseconds each, and a deep network has hundreds; the
first of them imports sympy, 0.5 seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from segviz.ops.output_size import pool_output_size

_ACTIVATIONS = ("elu", "gelu", "hardsigmoid", "hardswish", "hardtanh", "leaky_relu", "relu", "silu")


def run(func: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """Return what the operation returns on the meta device."""
    shortcut = _SHORTCUTS.get(func)
    return shortcut(*args) if shortcut and not kwargs else func(*args, **kwargs)


def _empty(like: torch.Tensor, size: Sequence[int]) -> torch.Tensor:
    return torch.empty(size, dtype=like.dtype, device="meta")


def _convolution(
    picture: torch.Tensor,
    weight: torch.Tensor,
    _bias: Any,
    stride: list[int],
    padding: list[int],
    dilation: list[int],
    transposed: bool,
    output_padding: list[int],
    groups: int,
) -> torch.Tensor:
    form = zip(
        picture.shape[2:], weight.shape[2:], stride, padding, dilation, output_padding, strict=True
    )
    if transposed:
        channels = weight.shape[1] * groups
        size = [(n - 1) * s - 2 * p + d * (k - 1) + a + 1 for n, k, s, p, d, a in form]
    else:
        channels = weight.shape[0]
        size = [(n + 2 * p - d * (k - 1) - 1) // s + 1 for n, k, s, p, d, _ in form]
    return _empty(picture, (len(picture), channels, *size))


def _batch_norm(picture: torch.Tensor, *form: Any) -> tuple[torch.Tensor, ...]:
    training = form[4]  # after weight, bias, running mean and running variance
    statistics = (picture.shape[1] if training else 0,)
    wide = torch.promote_types(picture.dtype, torch.float32) if training else picture.dtype
    mean, deviation = (torch.empty(statistics, dtype=wide, device="meta") for _ in range(2))
    return _empty(picture, picture.shape), mean, deviation


def _max_pool(
    picture: torch.Tensor,
    kernel_size: Sequence[int],
    stride: Sequence[int] = (),
    padding: Sequence[int] = (0, 0),
    dilation: Sequence[int] = (1, 1),
    ceil_mode: bool = False,
) -> tuple[torch.Tensor, torch.Tensor]:
    form = {"padding": tuple(padding), "dilation": tuple(dilation)}
    window = tuple(kernel_size), tuple(stride) or None
    size = pool_output_size(tuple(picture.shape[-2:]), *window, ceil_mode, **form)
    size = (*picture.shape[:-2], *size)
    return _empty(picture, size), torch.empty(size, dtype=torch.int64, device="meta")


def _cat(tensors: Sequence[torch.Tensor], dim: int = 0) -> torch.Tensor:
    first, dim = tensors[0], dim % max(tensors[0].ndim, 1)
    rest = {(t.dtype, *t.shape[:dim], *t.shape[dim + 1 :]) for t in tensors}
    if len(rest) > 1 or first.ndim == 0:
        return torch.ops.aten.cat.default(tensors, dim)
    length = sum(tensor.shape[dim] for tensor in tensors)
    return _empty(first, (*first.shape[:dim], length, *first.shape[dim + 1 :]))


def _linear(_bias: Any, picture: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    return _empty(picture, (picture.shape[0], weight.shape[1]))


def _resize(picture: torch.Tensor, output_size: Sequence[int], *_: Any) -> torch.Tensor:
    return _empty(picture, (*picture.shape[:2], *output_size))


def _activation(picture: torch.Tensor, *_: Any) -> torch.Tensor:
    return _empty(picture, picture.shape)


def _in_place(picture: torch.Tensor, *_: Any) -> torch.Tensor:
    return picture


_aten = torch.ops.aten
_SHORTCUTS: dict[Any, Callable[..., Any]] = {
    _aten.convolution.default: _convolution,
    _aten.native_batch_norm.default: _batch_norm,
    _aten.max_pool2d_with_indices.default: _max_pool,
    _aten.cat.default: _cat,
    _aten.addmm.default: _linear,
    _aten.upsample_nearest2d.default: _resize,
    _aten.upsample_bilinear2d.default: _resize,
    **{getattr(_aten, name).default: _activation for name in _ACTIVATIONS},
    **{getattr(_aten, f"{name}_").default: _in_place for name in _ACTIVATIONS},
}
