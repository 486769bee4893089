"""Random networks of every kind of layer, 4 channels wide, for hypothesis."""

from __future__ import annotations

import torch
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

CONV = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}
TRANSPOSED = {1: nn.ConvTranspose1d, 2: nn.ConvTranspose2d, 3: nn.ConvTranspose3d}
MAX_POOL = {1: nn.MaxPool1d, 2: nn.MaxPool2d, 3: nn.MaxPool3d}
AVERAGE_POOL = {1: nn.AvgPool1d, 2: nn.AvgPool2d, 3: nn.AvgPool3d}
MAX_UNPOOL = {1: nn.MaxUnpool1d, 2: nn.MaxUnpool2d, 3: nn.MaxUnpool3d}
UPSAMPLING = {1: "linear", 2: "bilinear", 3: "trilinear"}


class Crop(nn.Module):
    """A slice of the map, of the same rows and columns."""

    def __init__(self, start, stop, step=1):
        super().__init__()
        self.where = slice(start, stop, step)

    def forward(self, x):
        return x[(slice(None), slice(None), *[self.where] * (x.ndim - 2))]


class Resize(nn.Module):
    def __init__(self, **how):
        super().__init__()
        self.how = how

    def forward(self, x):
        return F.interpolate(x, **self.how)


class Pad(nn.Module):
    def __init__(self, amount, mode):
        super().__init__()
        self.amount, self.mode = amount, mode

    def forward(self, x):
        value = {"value": 0.0} if self.mode == "constant" else {}
        return F.pad(x, self.amount * (x.ndim - 2), mode=self.mode, **value)


class Nails(nn.Module):
    """Bed of nails: every second row and column of zeros is written to."""

    def forward(self, x):
        made = x.new_zeros(*x.shape[:2], *(2 * n for n in x.shape[2:]))
        made[(slice(None), slice(None), *[slice(None, None, 2)] * (x.ndim - 2))] = x
        return made


class Unpooled(nn.Module):
    """Pooling, something in between, and unpooling by the same indices."""

    def __init__(self, axes, kernel_size, stride, ceil_mode, inner):
        super().__init__()
        form = {"return_indices": True, "ceil_mode": ceil_mode}
        self.pool = MAX_POOL[axes](kernel_size, stride, **form)
        self.unpool = MAX_UNPOOL[axes](kernel_size, stride)
        self.inner = inner

    def forward(self, x):
        pooled, indices = self.pool(x)
        return self.unpool(self.inner(pooled), indices, output_size=x.shape[2:])


class Branches(nn.Module):
    """The same input through several branches, cropped in the middle to the smallest of them."""

    def __init__(self, branches, fusion):
        super().__init__()
        self.branches, self.fusion = nn.ModuleList(branches), fusion

    def forward(self, x):
        maps = [branch(x) for branch in self.branches]
        size = [min(n) for n in zip(*(m.shape[2:] for m in maps), strict=True)]
        maps = [self.cropped(m, size) for m in maps]
        if self.fusion == "cat":
            return torch.cat(maps, 1).unflatten(1, (len(maps), -1)).mean(1)
        if self.fusion == "max":
            return torch.stack(maps).max(0).values
        total = maps[0]
        for other in maps[1:]:
            total = total - other if self.fusion == "sub" else total * other
        return total

    @staticmethod
    def cropped(m, size):
        for dim, n in enumerate(size, start=2):
            m = m.narrow(dim, (m.shape[dim] - n) // 2, n)
        return m


numbers = st.integers


@st.composite
def layers(draw, axes, depth=2):
    """One random layer that maps 4 channels to 4 channels."""
    kind = draw(st.sampled_from(KINDS if depth else PLAIN_KINDS))
    return KINDS_MADE[kind](draw, axes, depth)


def convolution(draw, axes, _depth):
    k, s, d = draw(numbers(1, 4)), draw(numbers(1, 3)), draw(numbers(1, 3))
    groups = draw(st.sampled_from([1, 2, 4]))
    mode = draw(st.sampled_from(["zeros", "reflect", "replicate", "circular"]))
    padding = draw(numbers(0, 2))
    return CONV[axes](4, 4, k, s, padding, d, groups=groups, padding_mode=mode)


def transposed(draw, axes, _depth):
    k, s, d = draw(numbers(1, 4)), draw(numbers(1, 3)), draw(numbers(1, 2))
    a = draw(numbers(0, max(s, d) - 1))
    return TRANSPOSED[axes](4, 4, k, s, draw(numbers(0, 1)), a, dilation=d)


def max_pool(draw, axes, _depth):
    k = draw(numbers(1, 3))
    form = {"ceil_mode": draw(st.booleans()), "dilation": draw(numbers(1, 2))}
    return MAX_POOL[axes](k, draw(numbers(1, 3)), draw(numbers(0, k // 2)), **form)


def average_pool(draw, axes, _depth):
    k = draw(numbers(1, 3))
    ceil_mode = draw(st.booleans())
    return AVERAGE_POOL[axes](k, draw(numbers(1, 3)), draw(numbers(0, k // 2)), ceil_mode)


def resize(draw, axes, _depth):
    mode = draw(st.sampled_from(["nearest", "nearest-exact", "area", UPSAMPLING[axes]]))
    if mode == UPSAMPLING[2] and draw(st.booleans()):
        mode = "bicubic"
    how = {"mode": mode}
    if "linear" in mode or "cubic" in mode:
        how["align_corners"] = draw(st.booleans())
    if draw(st.booleans()):
        return Resize(scale_factor=draw(st.sampled_from([0.5, 1.0, 1.5, 2.0, 3.0])), **how)
    return Resize(size=draw(numbers(1, 40)), **how)


def crop(draw, _axes, _depth):
    return Crop(draw(numbers(0, 3)), draw(st.sampled_from([None, -1, -2])), draw(numbers(1, 2)))


def pad(draw, axes, _depth):
    mode = draw(st.sampled_from(["constant", "reflect", "replicate", "circular"]))
    least = -2 if mode == "constant" else 0
    return Pad((draw(numbers(least, 2)), draw(numbers(least, 3))), mode)


def pointwise(draw, axes, _depth):
    norm = {1: nn.BatchNorm1d, 2: nn.BatchNorm2d, 3: nn.BatchNorm3d}[axes]
    kinds = [nn.ReLU, nn.Sigmoid, nn.Hardtanh, nn.Dropout, lambda: nn.Softmax(1), nn.SiLU]
    kinds += [lambda: norm(4), lambda: nn.GroupNorm(2, 4), lambda: nn.PReLU(4), Nails]
    return draw(st.sampled_from(kinds))()


def unpooled(draw, axes, depth):
    k = draw(numbers(1, 3))
    inner = nn.Sequential(CONV[axes](4, 4, 3, padding=1), nn.ReLU())
    return Unpooled(axes, k, draw(numbers(k, 3)), draw(st.booleans()), inner)


def branches(draw, axes, depth):
    several = draw(st.lists(stacks(axes, depth - 1, most=2), min_size=2, max_size=3))
    fusion = draw(st.sampled_from(["cat", "sub", "mul", "max"]))
    return Branches([nn.Sequential(*branch) for branch in several], fusion)


KINDS_MADE = {
    made.__name__: made
    for made in (
        convolution,
        transposed,
        max_pool,
        average_pool,
        resize,
        crop,
        pad,
        pointwise,
        unpooled,
        branches,
    )
}
KINDS = list(KINDS_MADE)
PLAIN_KINDS = KINDS[:-1]


def stacks(axes, depth=2, most=5):
    return st.lists(layers(axes, depth), min_size=1, max_size=most)


@st.composite
def networks(draw, largest=(60, 30, 12)):
    """A network in 1, 2 or 3 axes, and the size (4, ...) of a picture for it."""
    axes = draw(st.sampled_from([1, 1, 2, 2, 2, 3]))
    first = CONV[axes](4, 4, 1)  # so that the number of axes can be read from the network
    model = nn.Sequential(first, *draw(stacks(axes)))
    size = draw(st.lists(numbers(6, largest[axes - 1]), min_size=axes, max_size=axes))
    return model, (4, *size)
