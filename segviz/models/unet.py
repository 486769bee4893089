"""U-Net: down to a coarse map, up again, and at every size the map of the way down beside it.

O. Ronneberger, P. Fischer, T. Brox, "U-Net: convolutional networks for biomedical image
segmentation", MICCAI 2015, figure 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from segviz.models._requirements import (
    check_choice,
    check_depth,
    check_statistics,
    probability,
    refuse_size,
)
from segviz.models.blocks import check_images, he_initialization
from segviz.models.upsampling import UpConvolution
from segviz.ops._checks import flag, whole_number

FORMS = ("paper", "release")


class UNet(nn.Module):
    """The network of the paper's figure 1: 1 x 572 x 572 in, 2 x 388 x 388 out.

    No convolution is padded: each takes a pixel off every side, and a skip is cropped to the middle
    part that the map from below has. Where figure and text leave something open (the order of the
    two maps that are joined, where dropout stands) it is as in the authors' release.

    Parameters
    ----------
    in_channels, num_classes : int
    width : int
        Channels of the first level; every level below has twice as many.
    depth : int
        How many times the map is halved.
    form : "paper" or "release"
        The authors' network phseg_v5 has a ReLU behind every up-convolution, and its last one keeps
        its channels.
    padded : bool
        The common variant: convolutions are padded, so that nothing is cropped and the scores have
        the picture's size, and batch norm replaces their biases. Not in the paper.
    skips : bool
        False leaves the joined maps out, to see what they are good for.
    dropout : float, optional
        Of the last map before the bottom and of the bottom; by default 0.5, and 0 if padded.

    Raises
    ------
    ValueError, TypeError
        If a number is illegal; at a picture whose size does not fit, with the nearest that do.

    Examples
    --------
    >>> with torch.device("meta"):
    ...     model = UNet()
    >>> sum(weight.numel() for weight in model.parameters())
    31030658
    >>> model(torch.zeros(1, 1, 572, 572, device="meta")).shape
    torch.Size([1, 2, 388, 388])
    >>> model(torch.zeros(1, 1, 570, 572, device="meta"))
    Traceback (most recent call last):
    ...
    ValueError: images of 570 x 572 do not fit: a map of 279 x 280 cannot be halved. \
Use 572 x 572 or 556 x 572.
    """

    def __init__(
        self,
        in_channels: int = 1,
        num_classes: int = 2,
        *,
        width: int = 64,
        depth: int = 4,
        form: str = "paper",
        padded: bool = False,
        skips: bool = True,
        dropout: float | None = None,
    ) -> None:
        super().__init__()
        self.in_channels = whole_number(in_channels, "in_channels", 1)
        whole_number(num_classes, "num_classes", 2)
        check_choice(form, "form", FORMS)
        self.padded, self.skips = flag(padded, "padded"), flag(skips, "skips")
        levels = range(check_depth(depth) + 1)
        widths = [whole_number(width, "width", 1) * 2**level for level in levels]
        self.down = nn.ModuleList(
            _two_convolutions(*pair, padded) for pair in pairwise([in_channels, *widths])
        )
        self.pool = nn.MaxPool2d(2)
        usual = 0.0 if padded else 0.5
        self.dropout = nn.Dropout(probability(usual if dropout is None else dropout, "dropout"))
        self.up, self.merge = nn.ModuleList(), nn.ModuleList()
        for below, here in pairwise(reversed(widths)):
            kept = below if form == "release" and here == width else here
            self.up.append(_up_convolution(below, kept, form))
            self.merge.append(_two_convolutions(kept + here * skips, here, padded))
        self.head = nn.Conv2d(width, num_classes, 1)
        he_initialization(self)

    def forward(self, images: Tensor) -> Tensor:
        """Return scores (N, K, H - 184, W - 184) of pictures (N, C, H, W) at the default depth.

        If padded, they have the picture's size.
        """
        maps, left = check_images(images, self.in_channels, model=self), []
        for level, block in enumerate(self.down):
            if level:
                maps = self.pool(self._even(maps, images))
            maps = block(self._large(maps, images, block))
            if level >= len(self.down) - 2:
                maps = self.dropout(maps)
            left.append(maps)
        maps = left.pop()
        for up, block in zip(self.up, self.merge, strict=True):
            maps, skip = up(maps), left.pop()
            if self.skips:
                maps = torch.cat([maps, _middle(skip, maps.shape[-2:])], 1)
            maps = block(self._large(maps, images, block))
        return self.head(maps)

    def _even(self, maps: Tensor, images: Tensor) -> Tensor:
        """Refuse odd sizes: a pooling would drop the last row, and the skip be half a pixel off."""
        rows, columns = maps.shape[-2:]
        if rows % 2 or columns % 2:
            # No batch norm can be trained on a single place.
            single = 2 ** len(self.up) if self.padded and self.training and len(images) == 1 else 0
            reason = f"a map of {rows} x {columns} cannot be halved"
            refuse_size(images, self._fits, reason, single=single)
        return maps

    def _large(self, maps: Tensor, images: Tensor, block: nn.Module) -> Tensor:
        rows, columns = maps.shape[-2:]
        if self.padded:
            check_statistics(maps, block.get_submodule("1"))
        elif min(rows, columns) < 5:
            reason = f"two convolutions of 3 x 3 leave nothing of a map of {rows} x {columns}"
            refuse_size(images, self._fits, reason)
        return maps

    def _fits(self, size: int) -> bool:
        depth = len(self.up)
        return size % 2**depth == 0 if self.padded else _valid_size(size, depth) > 0


def _valid_size(size: int, depth: int) -> int:
    """Return the rows of the scores of that many rows, 0 or less if they do not fit.

    >>> [_valid_size(size, depth=4) for size in (572, 570, 188, 172)]
    [388, 0, 4, -12]
    """
    for _ in range(depth):
        if size % 2:
            return 0
        size = (size - 4) // 2
    size -= 4
    for _ in range(depth):
        size = 2 * size - 4
    return size


def _two_convolutions(in_channels: int, out_channels: int, padded: bool) -> nn.Sequential:
    layers: list[nn.Module] = []
    for channels in (in_channels, out_channels):
        layers.append(nn.Conv2d(channels, out_channels, 3, padding=int(padded), bias=not padded))
        layers += [nn.BatchNorm2d(out_channels)] if padded else []
        layers.append(nn.ReLU(inplace=True))
    return nn.Sequential(*layers)


def _up_convolution(in_channels: int, out_channels: int, form: str) -> nn.Sequential:
    layers: list[nn.Module] = [UpConvolution(in_channels, out_channels)]
    return nn.Sequential(*layers, *([nn.ReLU(inplace=True)] if form == "release" else []))


def _middle(maps: Tensor, size: Sequence[int]) -> Tensor:
    """Cut the middle out: as a padding below zero, whose gradient keeps channels last."""
    rows, columns = (have - want for have, want in zip(maps.shape[-2:], size, strict=True))
    if not rows and not columns:
        return maps
    top, left = rows // 2, columns // 2
    return F.pad(maps, (-left, left - columns, -top, top - rows))
