"""DeepLab v3+: atrous convolutions and the whole picture's mean side by side, and a light decoder.

L.-C. Chen, Y. Zhu, G. Papandreou, F. Schroff, H. Adam, "Encoder-decoder with atrous separable
convolution for semantic image segmentation", ECCV 2018, figure 2.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from segviz.models._requirements import (
    check_choice,
    check_frozen,
    check_light,
    check_rates,
    check_statistics,
)
from segviz.models.backbones import EfficientNetLite0
from segviz.models.blocks import (
    ConvolutionBlock,
    check_images,
    crop,
    fill_up,
    freeze_norms,
    he_initialization,
)
from segviz.models.resnet import ResNet101
from segviz.models.upsampling import enlarge
from segviz.models.xception import SeparableConvolution, Xception65
from segviz.ops._checks import flag, whole_number

BACKBONES = ("xception65", "resnet101", "efficientnet_lite0")
RATES = {16: (6, 12, 18), 8: (12, 24, 36)}


class DeepLabV3Plus(nn.Module):
    """Scores of every pixel from dilated maps, sharpened by the backbone's maps of stride 4.

    Batch norm keeps torch's running averages; the paper's, with decay 0.9997, need tens of
    thousands of steps. How the authors draw the first weights is not in the paper: here as He does.

    Parameters
    ----------
    in_channels, num_classes : int
    backbone : "xception65", "resnet101" or "efficientnet_lite0"
        The last one is not the paper's, but trains on a laptop.
    output_stride : 16 or 8
    separable : bool, optional
        Separable convolutions in ASPP and decoder; by default on all but ResNet-101, where the
        paper's table has ordinary ones.
    decoder : bool
        False leaves the decoder out: the scores are those of the output stride, enlarged.
    image_pooling : bool
        Whether ASPP has the mean of the whole picture as a branch.
    rates : ints, optional
        Of ASPP; by default 6, 12, 18 at stride 16, twice as much at stride 8.
    hidden, fine : int
        Channels of ASPP and decoder, and of the fine map in the decoder.
    width : int
        Of the backbone's first stage; 64 in the papers.
    form : "torchvision" or "beta"
        Of ResNet-101: the usual one, or that of the authors' code, with three convolutions of 3 x 3
        first and strides in the last block of a stage, whose multiply-adds the paper's table has.
    pretrained : bool, optional
        Begin with ImageNet weights; by default where no download is needed. There are none of
        Xception-65.
    frozen_norm : bool
        Keep batch norm as it is in training, as the paper's final models at stride 8 do.
    frozen : bool
        Leave EfficientNet-Lite0 as it is, and out of checkpoints.

    Raises
    ------
    ValueError, TypeError
        If an argument is illegal, or the ImageNet weights cannot be had; in training, at a single
        picture, because of which the mean over the picture has no variance.

    Examples
    --------
    >>> with torch.device("meta"):
    ...     model = DeepLabV3Plus().eval()
    >>> sum(weight.numel() for weight in model.parameters())
    41055413
    >>> images = torch.zeros(1, 3, 513, 513, device="meta")
    >>> model.scores(images).shape, model(images).shape
    (torch.Size([1, 21, 129, 129]), torch.Size([1, 21, 513, 513]))
    """

    def __init__(
        self,
        in_channels: int = 3,
        num_classes: int = 21,
        *,
        backbone: str = "xception65",
        output_stride: int = 16,
        separable: bool | None = None,
        decoder: bool = True,
        image_pooling: bool = True,
        rates: Sequence[int] | None = None,
        hidden: int = 256,
        fine: int = 48,
        width: int = 64,
        form: str = "torchvision",
        pretrained: bool | None = None,
        frozen_norm: bool = False,
        frozen: bool = False,
    ) -> None:
        super().__init__()
        self.in_channels = whole_number(in_channels, "in_channels", 1)
        classes = whole_number(num_classes, "num_classes", 2)
        check_choice(output_stride, "output_stride", tuple(RATES))
        for number, name in ((hidden, "hidden"), (fine, "fine"), (width, "width")):
            whole_number(number, name, 1)
        self.stride = output_stride
        self.frozen_norm = flag(frozen_norm, "frozen_norm")
        self.frozen = check_frozen(frozen, backbone)
        lean = backbone != "resnet101" if separable is None else flag(separable, "separable")
        check_choice(form, "form", ("torchvision", "beta"))
        self.backbone = _backbone(backbone, in_channels, width, output_stride, form, pretrained)
        self.backbone.requires_grad_(not self.frozen)
        channels = self.backbone.channels
        rates = check_rates(RATES[output_stride] if rates is None else rates)
        self.aspp = ASPP(
            channels[output_stride], hidden, rates, lean, flag(image_pooling, "image_pooling")
        )
        self.decoder: nn.Sequential | None = None
        if flag(decoder, "decoder"):
            self.reduce = ConvolutionBlock(channels[4], fine, 1, activation=nn.ReLU)
            self.decoder = nn.Sequential(
                _convolution(hidden + fine, hidden, 1, lean), _convolution(hidden, hidden, 1, lean)
            )
            he_initialization(self.reduce)
            he_initialization(self.decoder)
        self.classify = nn.Conv2d(hidden, classes, 1)
        he_initialization(self.classify)
        self.train()

    def train(self, mode: bool = True) -> DeepLabV3Plus:
        """Set training or evaluation mode; what is frozen stays in evaluation mode."""
        super().train(mode)
        self.backbone.train(mode and not self.frozen)
        if self.frozen_norm:
            freeze_norms(self)
        return self

    def forward(self, images: Tensor) -> Tensor:
        """Return the scores of pictures of shape (N, C, H, W): a tensor of shape (N, K, H, W)."""
        return self.from_features(self.features(images), images.shape[-2:])

    def scores(self, images: Tensor) -> Tensor:
        """Return the scores at stride 4, or without decoder at the output stride."""
        return self._scores(self.features(images))

    def features(self, images: Tensor) -> list[Tensor]:
        """Return what ``from_features`` takes: maps of the output stride, for the decoder of 4."""
        images = check_images(images, self.in_channels, model=self)
        if isinstance(self.backbone, EfficientNetLite0):
            images = fill_up(images, 32)
        maps = self.backbone(images)
        return [maps[stride] for stride in ((self.stride, 4) if self.decoder else (self.stride,))]

    def from_features(self, maps: Sequence[Tensor], size: Sequence[int]) -> Tensor:
        """Return the scores of pictures of ``size`` rows and columns whose maps are known."""
        return self._enlarged(self._scores(maps), 4 if self.decoder else self.stride, size)

    def _scores(self, maps: Sequence[Tensor]) -> Tensor:
        coarse = self.aspp(maps[0])
        if self.decoder:
            reduced = self.reduce(maps[1])
            larger = self._enlarged(coarse, self.stride // 4, reduced.shape[-2:])
            coarse = self.decoder(torch.cat([larger, reduced], 1))
        return self.classify(coarse)

    def _enlarged(self, maps: Tensor, factor: int, size: Sequence[int]) -> Tensor:
        """Enlarge as the backbone's units stand: on pixels, or as if amid several."""
        if isinstance(self.backbone, EfficientNetLite0):
            larger = F.interpolate(maps, scale_factor=factor, mode="bilinear")
            return crop(larger, 0, size)
        return enlarge(maps, factor, size)


class ASPP(nn.Module):
    """1 x 1, atrous convolutions of several rates, and the picture's mean: joined, then 1 x 1."""

    def __init__(
        self, channels: int, hidden: int, rates: Sequence[int], separable: bool, image_pooling: bool
    ) -> None:
        super().__init__()
        self.branches = nn.ModuleList([ConvolutionBlock(channels, hidden, 1, activation=nn.ReLU)])
        for rate in rates:
            self.branches.append(_convolution(channels, hidden, rate, separable))
        count = len(self.branches)
        if image_pooling:
            self.pooling = ConvolutionBlock(channels, hidden, 1, activation=nn.ReLU)
            count += 1
        self.project = ConvolutionBlock(count * hidden, hidden, 1, activation=nn.ReLU)
        self.dropout = nn.Dropout(0.1)
        he_initialization(self)

    def forward(self, maps: Tensor) -> Tensor:
        made = [branch(maps) for branch in self.branches]
        if hasattr(self, "pooling"):
            mean = maps.mean((2, 3), keepdim=True)
            check_statistics(
                mean, self.pooling.norm, "or use image_pooling=False or frozen_norm=True, "
            )
            made.append(F.interpolate(self.pooling(mean), maps.shape[-2:], mode="bilinear"))
        return self.dropout(self.project(torch.cat(made, 1)))


def _convolution(inputs: int, outputs: int, rate: int, separable: bool) -> nn.Module:
    if separable:
        return SeparableConvolution(inputs, outputs, dilation=rate, inside=True)
    return ConvolutionBlock(inputs, outputs, 3, dilation=rate, activation=nn.ReLU)


def _backbone(
    name: str, in_channels: int, width: int, output_stride: int, form: str, pretrained: bool | None
) -> EfficientNetLite0 | ResNet101 | Xception65:
    check_choice(name, "backbone", BACKBONES)
    weights = name == "efficientnet_lite0" if pretrained is None else flag(pretrained, "pretrained")
    if name == "resnet101":
        return ResNet101(
            in_channels, width=width, output_stride=output_stride, form=form, pretrained=weights
        )
    if name == "efficientnet_lite0":
        check_light(in_channels, width)
        return EfficientNetLite0(output_stride=output_stride, pretrained=weights)
    if weights:
        raise ValueError(
            "pretrained=True: there are no ImageNet weights of Xception-65 to be had. "
            "Use backbone='resnet101' or 'efficientnet_lite0' with it."
        )
    return Xception65(in_channels, width=width, output_stride=output_stride)
