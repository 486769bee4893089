"""What several networks are built of: checks of their input, borders, normalised convolutions."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from segviz.ops._checks import shown


def check_images(images: object, in_channels: int, name: str = "images") -> Tensor:
    """Return ``images`` if it is a float tensor of shape (N, C, H, W), none of them empty.

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
            f"(N, {in_channels}, H, W). Use torch.from_numpy."
        )
    shape = tuple(images.shape)
    if images.ndim != 4 or shape[1] != in_channels or 0 in shape:
        raise ValueError(
            f"{name} has shape {shape}, must have shape (N, {in_channels}, H, W). "
            + _remedy(shape, in_channels, name)
        )
    if not images.is_floating_point():
        raise TypeError(
            f"{name} has dtype {images.dtype}, must be float32 in [0, 1]. Use {name}.float() / 255."
        )
    return images


def _remedy(shape: tuple[int, ...], in_channels: int, name: str) -> str:
    if 0 in shape:
        return "Give at least one pixel."
    if len(shape) == 3 and shape[0] == in_channels:
        return f"Add the batch axis with {name}[None]."
    return f"Give pictures of {in_channels} channel{'s' * (in_channels != 1)}."


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


class ConvolutionBlock(nn.Sequential):
    """Convolution without bias, batch norm, and an activation unless that is None.

    Padded as TensorFlow's "SAME": the output has ceil(size / stride) rows for every size that the
    stride divides. An odd total is shared unevenly, one more at the bottom and right.
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
    ) -> None:
        total = dilation * (kernel_size - 1) + 1 - stride
        even = total % 2 == 0
        layers: list[nn.Module] = [
            nn.Conv2d(
                in_channels,
                out_channels,
                kernel_size,
                stride,
                padding=total // 2 if even else 0,
                dilation=dilation,
                groups=groups,
                bias=False,
            ),
            nn.BatchNorm2d(out_channels, eps=eps),
        ]
        if not even:
            before, after = total // 2, total - total // 2
            layers.insert(0, nn.ZeroPad2d((before, after, before, after)))
        if activation is not None:
            layers.append(activation())
        super().__init__(*layers)


def choice(value: object, name: str, choices: Sequence[object]) -> None:
    """Raise ValueError unless ``value`` is one of the choices."""
    if value not in choices:
        allowed = ", ".join(map(str, choices))
        raise ValueError(f"{name}={shown(value)} is none of ours. Use one of {allowed}.")
