"""What several networks are built of: checks of their input, borders, normalised convolutions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import overload

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from segviz.models._requirements import check_kind, check_statistics, is_among
from segviz.ops._checks import shown

_FORMS = {2: "H, W", 3: "D, H, W"}


def check_images(
    images: object,
    in_channels: int,
    name: str = "images",
    *,
    axes: int = 2,
    model: nn.Module | None = None,
) -> Tensor:
    """Return ``images`` if it is a float tensor of shape (N, C, H, W), none of them empty.

    With ``axes=3`` they are volumes (N, C, D, H, W). A model must have their dtype and device.

    Examples
    --------
    >>> check_images(torch.zeros(3, 8, 8), in_channels=3)
    Traceback (most recent call last):
    ...
    ValueError: images has shape (3, 8, 8), must have shape (N, 3, H, W). Add the batch axis with \
images[None].
    """
    if not isinstance(images, Tensor):
        raise TypeError(
            f"{name} is {type(images).__name__}, must be a torch tensor of shape "
            f"(N, {in_channels}, {_FORMS[axes]}). Use torch.from_numpy."
        )
    shape = tuple(images.shape)
    if images.ndim != axes + 2 or shape[1] != in_channels or 0 in shape:
        raise ValueError(
            f"{name} has shape {shape}, must have shape (N, {in_channels}, {_FORMS[axes]}). "
            + _remedy(shape, in_channels, name, axes)
        )
    if not images.is_floating_point():
        raise TypeError(
            f"{name} has dtype {images.dtype}, must be float32 in [0, 1]. Use {name}.float() / 255."
        )
    if model is not None:
        check_kind(images, model, name)
    return images


def _remedy(shape: tuple[int, ...], in_channels: int, name: str, axes: int) -> str:
    if 0 in shape:
        return "Give at least one pixel."
    if len(shape) == axes + 1 and shape[0] == in_channels:
        return f"Add the batch axis with {name}[None]."
    if len(shape) == axes + 2 and shape[1] == 1:
        kept = ", ".join(["-1"] * axes)
        return f"Repeat the grey channel with {name}.expand(-1, {in_channels}, {kept})."
    what = "pictures" if axes == 2 else "volumes"
    return f"Give {what} of {in_channels} channel{'s' * (in_channels != 1)}."


def normalized(norm: nn.Module, maps: Tensor) -> Tensor:
    """Return the maps behind a batch norm, or say why it cannot train on them."""
    check_statistics(maps, norm)
    return norm(maps)


def freeze_norms(model: nn.Module) -> None:
    """Leave every batch norm as it is: its statistics, its scale and its shift."""
    for layer in model.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.eval().requires_grad_(False)


def he_initialization(model: nn.Module) -> None:
    """Draw the weights of all convolutions from N(0, 2 / fan_in), set their biases to 0.

    Of a transposed convolution the fan_in is the number of outputs that a pixel stamps, as Caffe
    counts it.

    References
    ----------
    K. He, X. Zhang, S. Ren, J. Sun, "Delving deep into rectifiers", ICCV 2015, equation 10.
    """
    for layer in model.modules():
        if isinstance(layer, nn.modules.conv._ConvNd):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)


def mirror_pad(images: Tensor, before: Sequence[int], after: Sequence[int]) -> Tensor:
    """Continue pictures beyond their borders as in a mirror that stands on the last pixel.

    Parameters
    ----------
    images : tensor of shape (..., H, W)
    before, after : two ints
        Rows and columns to add at the top and left, at the bottom and right. More than the picture
        has are allowed: it is mirrored again and again.

    Examples
    --------
    >>> mirror_pad(torch.tensor([[1, 2, 3]]), before=(0, 2), after=(0, 3)).tolist()
    [[3, 2, 1, 2, 3, 2, 1, 2]]
    """
    height, width = images.shape[-2:]
    (top, left), (bottom, right) = before, after
    if max(top, bottom) < height and max(left, right) < width and images.ndim in (3, 4):
        return F.pad(images, (left, right, top, bottom), mode="reflect")
    for axis, size, first, last in ((-2, height, top, bottom), (-1, width, left, right)):
        images = images.index_select(axis, _mirrored(size, first, last, images.device))
    return images


def _mirrored(size: int, before: int, after: int, device: torch.device) -> Tensor:
    period = max(2 * (size - 1), 1)
    positions = torch.arange(-before, size + after, device=device) % period
    return torch.minimum(positions, period - positions)


def crop(maps: Tensor, offset: int, size: Sequence[int]) -> Tensor:
    """Cut ``size`` rows and columns out of maps (..., H, W), from row and column ``offset``."""
    return maps[..., offset : offset + size[0], offset : offset + size[1]]


def fill_up(images: Tensor, multiple: int) -> Tensor:
    """Repeat the last row and column until both numbers are multiples of ``multiple``."""
    height, width = images.shape[-2:]
    return F.pad(images, (0, -width % multiple, 0, -height % multiple), mode="replicate")


def check_finest_stride(finest_stride: object, strides: Sequence[int]) -> None:
    """Raise ValueError unless a score map stands at this stride."""
    if not is_among(finest_stride, strides):
        raise ValueError(
            f"finest_stride={shown(finest_stride)} must be a stride that has a score map. "
            f"Use one of {', '.join(map(str, strides))}."
        )


class Layers(nn.Sequential):
    """An nn.Sequential of its own name, whose slices are plain nn.Sequential."""

    @overload
    def __getitem__(self, index: slice) -> nn.Sequential: ...

    @overload
    def __getitem__(self, index: int) -> nn.Module: ...

    def __getitem__(self, index: int | slice) -> nn.Module:
        if isinstance(index, slice):
            return nn.Sequential(*list(self)[index])
        return super().__getitem__(index)


class ConvolutionBlock(Layers):
    """Convolution without bias, batch norm, and an activation unless that is None.

    Padded as TensorFlow's "SAME", so that the output has size / stride rows where the stride
    divides the size. An odd total is shared unevenly, one more row at the bottom; ``symmetric``
    pads both sides alike instead, so that unit i stands on row ``stride * i``.

    Examples
    --------
    >>> ConvolutionBlock(3, 32, 5, stride=2)(torch.zeros(1, 3, 8, 12)).shape
    torch.Size([1, 32, 4, 6])
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        *,
        stride: int = 1,
        dilation: int = 1,
        groups: int = 1,
        eps: float = 1e-5,
        activation: type[nn.Module] | None = nn.ReLU6,
        symmetric: bool = False,
    ) -> None:
        super().__init__()
        total = dilation * (kernel_size - 1) + (0 if symmetric else 1 - stride)
        before, after = total // 2, total - total // 2
        if before != after:
            self.pad = nn.ZeroPad2d((before, after, before, after))
        self.conv = nn.Conv2d(
            in_channels,
            out_channels,
            kernel_size,
            stride,
            padding=before if before == after else 0,
            dilation=dilation,
            groups=groups,
            bias=False,
        )
        self.norm = nn.BatchNorm2d(out_channels, eps=eps)
        if activation is not None:
            self.activation = activation()

    def forward(self, maps: Tensor) -> Tensor:
        for layer in self:
            maps = normalized(layer, maps) if layer is self.norm else layer(maps)
        return maps
