"""Layers of a dense classifier that torch does not have, or not as fast."""

from __future__ import annotations

import functools

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from segviz.models._patch_layers import Sizes, pair
from segviz.models.blocks import mirror_pad


class MirrorPad2d(nn.Module):
    """Mirror the border so that every pixel of the picture has a whole patch around it."""

    def __init__(self, patch_size: Sizes) -> None:
        super().__init__()
        self.patch_size = patch_size

    def forward(self, images: Tensor) -> Tensor:
        before = [size // 2 for size in self.patch_size]
        after = [size - 1 - size // 2 for size in self.patch_size]
        padded = mirror_pad(images, before, after)
        return padded.contiguous(memory_format=torch.channels_last)

    def extra_repr(self) -> str:
        return f"patch_size={self.patch_size}"


class DilatedMaxPool2d(nn.MaxPool2d):
    """Max pooling with stride 1; on a CPU as maxima of shifted maps, which is much faster there."""

    def forward(self, maps: Tensor) -> Tensor:
        if maps.device.type != "cpu" or (maps.requires_grad and torch.is_grad_enabled()):
            return super().forward(maps)  # of equal values, it gives one the whole gradient
        sizes = zip((2, 3), pair(self.kernel_size), pair(self.dilation), strict=True)
        for axis, kernel_size, dilation in sizes:
            length = maps.shape[axis] - dilation * (kernel_size - 1)
            shifted = (maps.narrow(axis, tap * dilation, length) for tap in range(kernel_size))
            maps = functools.reduce(torch.maximum, shifted)
        return maps

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, dilation={self.dilation}"


class DilatedAvgPool2d(nn.Module):
    """Average pooling with stride 1 and dilation, which torch does not have."""

    def __init__(self, kernel_size: Sizes, dilation: Sizes, divisor: int) -> None:
        super().__init__()
        self.kernel_size, self.dilation, self.divisor = kernel_size, dilation, divisor

    def forward(self, maps: Tensor) -> Tensor:
        channels = maps.shape[1]
        weight = maps.new_full((channels, 1, *self.kernel_size), 1 / self.divisor)
        return F.conv2d(maps, weight, dilation=self.dilation, groups=channels)

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, dilation={self.dilation}"
