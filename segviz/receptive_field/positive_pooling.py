"""Positive stand-ins for pooling, unpooling and resizing."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch.nn import functional as F

from segviz._trace import Untraceable

Numbers = int | Sequence[int]
_CONVOLUTIONS: dict[int, Any] = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}
_TRANSPOSED: dict[int, Any] = {1: F.conv_transpose1d, 2: F.conv_transpose2d, 3: F.conv_transpose3d}
_MAX_POOLS: dict[int, Any] = {1: F.max_pool1d, 2: F.max_pool2d, 3: F.max_pool3d}
_UNPOOLS: dict[int, Any] = {1: F.max_unpool1d, 2: F.max_unpool2d, 3: F.max_unpool3d}
_ADAPTIVE: dict[int, Any] = {
    1: F.adaptive_avg_pool1d,
    2: F.adaptive_avg_pool2d,
    3: F.adaptive_avg_pool3d,
}
_NO_WEIGHT = 1e-10  # what rounding leaves of a weight that is zero


def max_pool(
    picture: torch.Tensor,
    kernel_size: Numbers,
    stride: Any = None,
    padding: Numbers = 0,
    dilation: Numbers = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
    *,
    axes: int,
) -> Any:
    """Average the window; the indices stay those of the maximum."""
    form = (kernel_size, stride or None, padding, dilation, ceil_mode)
    largest, indices = _MAX_POOLS[axes](picture.detach(), *form, return_indices=True)
    k, p, d = (_per_axis(numbers, axes) for numbers in (kernel_size, padding, dilation))
    s = _per_axis(stride, axes) if stride else k
    if return_indices and max(d) > 1:
        raise Untraceable("the gradient cannot follow dilated unpooling. Use by='formula'.")
    sizes = zip(largest.shape[-axes:], picture.shape[-axes:], k, s, p, d, strict=True)
    after = [(m - 1) * s_ + d_ * (k_ - 1) + 1 - p_ - n for m, n, k_, s_, p_, d_ in sizes]

    def average(x: torch.Tensor) -> torch.Tensor:
        padded = F.pad(x, [n for pair in zip(p[::-1], after[::-1], strict=True) for n in pair])
        return _CONVOLUTIONS[axes](padded, _ones(k), stride=s, dilation=d)

    averages = _each_channel(picture, axes, average)
    return (averages, indices) if return_indices else averages


def max_unpool(
    picture: torch.Tensor,
    indices: torch.Tensor,
    kernel_size: Numbers,
    stride: Any = None,
    padding: Numbers = 0,
    output_size: Any = None,
    *,
    axes: int,
) -> torch.Tensor:
    """Give each value to its whole window, as it may have come from any pixel of it."""
    form = (kernel_size, stride or None, padding, output_size)
    size = _UNPOOLS[axes](picture.detach(), indices, *form).shape[-axes:]
    k, p = _per_axis(kernel_size, axes), _per_axis(padding, axes)
    s = _per_axis(stride, axes) if stride else k

    def spread(x: torch.Tensor) -> torch.Tensor:
        made = _TRANSPOSED[axes](x, _ones(k), stride=s, padding=p)
        missing = [wanted - n for wanted, n in zip(size, made.shape[2:], strict=True)]
        return F.pad(made, [n for after in missing[::-1] for n in (0, after)])

    return _each_channel(picture, axes, spread)


def adaptive_pool(
    picture: torch.Tensor, output_size: Any, return_indices: bool = False
) -> torch.Tensor:
    """Average the same windows."""
    if return_indices:
        raise Untraceable("the gradient cannot follow adaptive unpooling. Use by='formula'.")
    axes = len(output_size) if isinstance(output_size, (tuple, list)) else picture.ndim - 2
    return _ADAPTIVE[axes](picture, output_size)


def interpolate(
    picture: torch.Tensor,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> torch.Tensor:
    """Resize with the absolute values of torch's weights, axis after axis."""
    form = (size, scale_factor, mode, align_corners, recompute_scale_factor, antialias)
    if "linear" not in mode and "cubic" not in mode:
        return F.interpolate(picture, *form)
    axes = picture.ndim - 2
    sizes = _per_axis(size, axes) if size is not None else [None] * axes
    scales = _per_axis(scale_factor, axes) if scale_factor is not None else [None] * axes
    rest = ("bicubic" if "cubic" in mode else "bilinear", *form[3:])
    for axis in range(axes):
        weights = _weights(picture.shape[2 + axis], sizes[axis], scales[axis], rest)
        picture = torch.tensordot(picture, weights, dims=([2 + axis], [0])).movedim(-1, 2 + axis)
    return picture


def _weights(n: int, size: int | None, scale: float | None, rest: Any) -> torch.Tensor:
    """Return torch's own weights (inputs, outputs): unit pictures, one a channel, resized."""
    units = torch.eye(n, dtype=torch.float64, device="cpu")[None, :, :, None]
    both_sizes = None if size is None else (size, 1)
    both_scales = None if scale is None else (scale, 1.0)
    weights = F.interpolate(units, both_sizes, both_scales, *rest)[0, :, :, 0].abs()
    return torch.where(weights < _NO_WEIGHT, 0.0, weights)


def _each_channel(
    picture: torch.Tensor, axes: int, operation: Callable[[torch.Tensor], torch.Tensor]
) -> torch.Tensor:
    """Apply the operation to each channel by itself; to one of them where all are the same."""
    if picture.ndim == axes + 1:
        return _each_channel(picture[None], axes, operation)[0]
    channels = picture.shape[1]
    repeated = channels > 1 and picture.stride(1) == 0
    made = operation((picture[:, :1] if repeated else picture).flatten(0, 1).unsqueeze(1))
    made = made.unflatten(0, (len(picture), -1)).squeeze(2)
    return made.expand(-1, channels, *made.shape[2:])


def _ones(kernel_size: Sequence[int]) -> torch.Tensor:
    kernel = torch.ones((1, 1, *kernel_size), dtype=torch.float64, device="cpu")
    return kernel / math.prod(kernel_size)


def _per_axis(numbers: Any, axes: int) -> list[Any]:
    if isinstance(numbers, (tuple, list)):
        return list(numbers) * (axes if len(numbers) == 1 else 1)
    return [numbers] * axes
