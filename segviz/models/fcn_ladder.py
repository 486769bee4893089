"""The ladder of FCN-32s, 16s, 8s and 4s on EfficientNet-Lite0, small enough for a laptop.

Each rung adds the scores of a finer map, as in J. Long, E. Shelhamer, T. Darrell, "Fully
convolutional networks for semantic segmentation", CVPR 2015, on another backbone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from segviz.models._requirements import check_choice, check_statistics
from segviz.models.backbones import EfficientNetLite0
from segviz.models.blocks import check_finest_stride, check_images, crop
from segviz.ops._checks import flag, whole_number


class LadderDecoder(nn.Module):
    """Score maps of coarse to fine strides, each added to the enlarged sum of the coarser ones.

    Takes the backbone's maps from the coarsest to the finest stride, returns scores at the size of
    the picture: (N, K, H, W). Batch norm and a 1 x 1 convolution make the scores; the upsampling
    is bilinear and fixed.
    """

    def __init__(self, channels: Mapping[int, int], num_classes: int) -> None:
        super().__init__()
        self.strides = tuple(sorted(channels, reverse=True))
        self.heads = nn.ModuleList(
            nn.Sequential(nn.BatchNorm2d(channels[s]), nn.Conv2d(channels[s], num_classes, 1))
            for s in self.strides
        )

    def forward(self, maps: Sequence[Tensor]) -> Tensor:
        total: Tensor | None = None
        for scores in self.scores(maps):
            total = scores if total is None else _enlarge(total, 2) + scores
        assert total is not None  # there is at least one stride
        return _enlarge(total, self.strides[-1])

    def scores(self, maps: Sequence[Tensor]) -> list[Tensor]:
        """Return what each stride adds, in its own size."""
        made = []
        for head, features in zip(self.heads, maps, strict=True):
            check_statistics(features, head.get_submodule("0"))
            made.append(head(features))
        return made


def _enlarge(maps: Tensor, factor: int) -> Tensor:
    return F.interpolate(maps, scale_factor=factor, mode="bilinear", align_corners=False)


class FCNLadder(nn.Module):
    """FCN-32s, 16s, 8s or 4s on EfficientNet-Lite0.

    Parameters
    ----------
    in_channels : int
        3, as the backbone was trained on.
    num_classes : int
    finest_stride : 32, 16, 8 or 4
        Stride of the finest score map: where the ladder ends.
    coarsest_stride : 32, 16 or 8
        Where the ladder begins; the backbone's stages behind it are left out.
    pretrained : bool
        Give the backbone its ImageNet weights.
    frozen : bool
        Leave the backbone as it is; its batch norm keeps its statistics while the heads train.

    Raises
    ------
    ValueError, TypeError
        If a number is illegal.

    Examples
    --------
    >>> model = FCNLadder(num_classes=11, finest_stride=8, pretrained=False).eval()
    >>> model(torch.rand(1, 3, 50, 70)).shape
    torch.Size([1, 11, 50, 70])
    """

    def __init__(
        self,
        in_channels: int = 3,
        num_classes: int = 21,
        *,
        finest_stride: int = 8,
        coarsest_stride: int = 32,
        pretrained: bool = True,
        frozen: bool = True,
    ) -> None:
        super().__init__()
        self.in_channels = whole_number(in_channels, "in_channels", 1)
        if in_channels != EfficientNetLite0.in_channels:
            raise ValueError(
                f"in_channels={in_channels} must be 3, as EfficientNet-Lite0 was trained on. "
                "Repeat a grey channel with images.expand(-1, 3, -1, -1)."
            )
        check_choice(coarsest_stride, "coarsest_stride", (32, 16, 8))
        check_finest_stride(finest_stride, tuple(s for s in (32, 16, 8, 4) if s <= coarsest_stride))
        self.backbone = EfficientNetLite0(
            coarsest_stride=coarsest_stride, pretrained=flag(pretrained, "pretrained")
        )
        self.frozen = flag(frozen, "frozen")
        self.backbone.requires_grad_(not frozen)
        channels = {s: c for s, c in self.backbone.channels.items() if s >= finest_stride}
        self.decoder = LadderDecoder(channels, whole_number(num_classes, "num_classes", 2))
        self.train()

    def train(self, mode: bool = True) -> FCNLadder:
        """Set training or evaluation mode; a frozen backbone stays in evaluation mode."""
        super().train(mode)
        self.backbone.train(mode and not self.frozen)
        return self

    def features(self, images: Tensor) -> list[Tensor]:
        """Return the maps that the decoder reads, coarsest first."""
        height, width = check_images(images, 3, model=self).shape[-2:]
        # To a multiple of the coarsest stride, so that every stride fits.
        images = F.pad(images, (0, -width % 32, 0, -height % 32), mode="replicate")
        maps = self.backbone(images)
        return [maps[stride] for stride in self.decoder.strides]

    def forward(self, images: Tensor) -> Tensor:
        """Return the scores of pictures of shape (N, 3, H, W): a tensor of shape (N, K, H, W)."""
        return crop(self.decoder(self.features(images)), 0, images.shape[-2:])

    @torch.no_grad()
    def scores(self, images: Tensor) -> dict[int, Tensor]:
        """Return what each stride adds to the scores, coarsest first: (N, K, H / s, W / s).

        H / s and W / s are of the picture filled up to multiples of 32.
        """
        maps = self.decoder.scores(self.features(images))
        return dict(zip(self.decoder.strides, maps, strict=True))
