"""Convolutions on maps hardly larger than their kernel: in float32 on a CPU.

There oneDNN's gradient of the weights in bfloat16 is wrong (torch 2.14): parts of it are memory
that was never written to, or it writes beside its memory. On larger maps it is right. With a stride
that skips places between two kernels, what it computes may be wrong on maps of any size.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd, _ConvTransposeNd


@contextlib.contextmanager
def in_float32(model: nn.Module, *, bfloat16_on_cpu: bool) -> Iterator[None]:
    """Let each convolution choose float32 where its maps are small, until the block ends."""
    changed = []
    try:
        for layer in model.modules() if bfloat16_on_cpu else ():
            if _may_be_wrong(layer):
                # A partial, unlike a closure, can be copied and pickled with the network.
                layer.forward = partial(_forward, layer, _smallest(layer))
                changed.append(layer)
        yield
    finally:
        for layer in changed:
            del layer.forward


def _may_be_wrong(layer: nn.Module) -> bool:
    """Without padding no map is smaller than the kernel, but that of a transposed convolution."""
    if not isinstance(layer, _ConvNd) or "forward" in vars(layer):
        return False
    padded = isinstance(layer, _ConvTransposeNd) or any(layer._reversed_padding_repeated_twice)
    return padded or math.inf in _smallest(layer)


def _smallest(layer: Any) -> tuple[float, ...]:
    """Return from what size on, per axis, all of the kernel falls on the map at some step."""
    least = []
    for taps, stride, dilation in zip(layer.kernel_size, layer.stride, layer.dilation, strict=True):
        beyond = dilation * (taps - 1)
        least.append(math.inf if stride > beyond + 1 > 1 else beyond + stride)
    if isinstance(layer, _ConvTransposeNd):  # what comes out must not be smaller than the kernel
        cut: Any = zip(layer.padding, layer.stride, strict=True)
        out = [-(-2 * padding // stride) + 1 for padding, stride in cut]
        least = [max(pair) for pair in zip(least, out, strict=True)]
    return tuple(least)


def _forward(layer: nn.Module, smallest: tuple[float, ...], maps: Tensor, *more: Any) -> Tensor:
    forward, sizes = type(layer).forward, maps.shape[-len(smallest) :]
    if all(size >= least for size, least in zip(sizes, smallest, strict=True)):
        return forward(layer, maps, *more)
    with torch.autocast("cpu", enabled=False):
        return forward(layer, maps.float() if maps.dtype == torch.bfloat16 else maps, *more)
