"""DeepLab v2: a dilated backbone of stride 8, and atrous convolutions of several rates upon it.

L.-C. Chen, G. Papandreou, I. Kokkinos, K. Murphy, A. Yuille, "DeepLab: semantic image segmentation
with deep convolutional nets, atrous convolution, and fully connected CRFs", PAMI 2018.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from segviz.models._requirements import check_choice, check_frozen, check_light, check_rates
from segviz.models.backbones import EfficientNetLite0
from segviz.models.blocks import (
    check_images,
    crop,
    fill_up,
    freeze_norms,
    he_initialization,
    normalized,
)
from segviz.models.resnet import ResNet101
from segviz.models.upsampling import enlarge
from segviz.models.vgg import DilatedVGG16, dense_form
from segviz.ops._checks import flag, shown, whole_number

HEADS = {"aspp_l": (6, 12, 18, 24), "aspp_s": (2, 4, 8, 12), "large_fov": (12,)}
FUSIONS = ("sum", "average", "maximum", "concatenation")
SCALES = (0.5, 0.75, 1.0)


class DeepLabV2(nn.Module):
    """Scores of every pixel from the sum of atrous convolutions of several rates (ASPP).

    On VGG-16 each rate has a branch fc6, fc7, fc8 of its own; on the other backbones it is a single
    convolution. (The paper does not say so of LargeFOV on ResNet-101; whether the released VGG
    networks keep an average pooling behind pool5 is not known either: here they do not.)

    Parameters
    ----------
    in_channels, num_classes : int
    backbone : "resnet101", "vgg16" or "efficientnet_lite0"
        The last one is not the paper's, but trains on a laptop.
    head : "aspp_l", "aspp_s" or "large_fov"
        Rates 6, 12, 18, 24; or 2, 4, 8, 12; or 12 alone.
    rates : ints, optional
        Other rates than the head's.
    output_stride : 8, 16 or 32
        8 in the paper, and always on VGG-16.
    fusion : "sum", "average", "maximum" or "concatenation"
        How the branches' scores become one; the paper's is the sum.
    multi_scale : bool
        Run on the picture at scales 0.5, 0.75 and 1, and take the largest score of each class.
    form : "caffe" or "torchvision"
        Where ResNet-101 strides: as in the paper, or as torchvision's weights need it.
    width : int
        Channels of the first convolution of VGG-16 and ResNet-101; 64 in the papers.
    hidden, kernel_size : int, optional
        Of fc6, which only VGG-16 has: by default 1024 channels and 3 x 3; the paper's table 1 has
        4096 and 7 or 4, too.
    pretrained : bool, optional
        Begin with ImageNet weights; by default where no download is needed.
    frozen_norm : bool
        Keep batch norm as it is in training, as the authors did with their pretrained backbone.
    norm : bool
        Batch norm on the maps that the branches read; EfficientNet-Lite0's are of uneven scales.
    frozen : bool
        Leave EfficientNet-Lite0 as it is, and out of checkpoints.

    Raises
    ------
    ValueError, TypeError
        If an argument is illegal, or the ImageNet weights cannot be had.

    Examples
    --------
    >>> with torch.device("meta"):
    ...     model = DeepLabV2()
    >>> sum(weight.numel() for weight in model.parameters())
    44048532
    >>> images = torch.zeros(1, 3, 513, 513, device="meta")
    >>> model.scores(images).shape, model(images).shape
    (torch.Size([1, 21, 65, 65]), torch.Size([1, 21, 513, 513]))
    """

    def __init__(
        self,
        in_channels: int = 3,
        num_classes: int = 21,
        *,
        backbone: str = "resnet101",
        head: str = "aspp_l",
        rates: Sequence[int] | None = None,
        output_stride: int = 8,
        fusion: str = "sum",
        multi_scale: bool = False,
        form: str = "caffe",
        width: int = 64,
        hidden: int | None = None,
        kernel_size: int | None = None,
        pretrained: bool | None = None,
        frozen_norm: bool = False,
        norm: bool = False,
        frozen: bool = False,
    ) -> None:
        super().__init__()
        self.in_channels = whole_number(in_channels, "in_channels", 1)
        classes = whole_number(num_classes, "num_classes", 2)
        check_choice(head, "head", tuple(HEADS))
        check_choice(form, "form", ("caffe", "torchvision"))
        check_choice(fusion, "fusion", FUSIONS)
        self.fusion, self.stride = fusion, output_stride
        self.multi_scale = flag(multi_scale, "multi_scale")
        self.frozen_norm = flag(frozen_norm, "frozen_norm")
        whole_number(width, "width", 1)
        self.frozen = check_frozen(frozen, backbone)
        self.backbone, channels = _backbone(
            backbone, in_channels, width, output_stride, form, pretrained
        )
        self.backbone.requires_grad_(not self.frozen)
        self.norm = nn.BatchNorm2d(channels) if flag(norm, "norm") else None
        self.branches = nn.ModuleList()
        dense = dense_form(backbone, hidden, kernel_size)
        for rate in check_rates(HEADS[head] if rates is None else rates):
            if dense:
                self.branches.append(_dense_branch(channels, classes, rate, *dense))
            else:
                layer = _scoring(_atrous(channels, classes, rate, 3))
                self.branches.append(nn.Sequential(layer))
        if fusion == "concatenation":
            self.join = nn.Conv2d(len(self.branches) * classes, classes, 1)
        self.train()

    def train(self, mode: bool = True) -> DeepLabV2:
        """Set training or evaluation mode; what is frozen stays in evaluation mode."""
        super().train(mode)
        self.backbone.train(mode and not self.frozen)
        if self.frozen_norm:
            freeze_norms(self)
        return self

    def forward(self, images: Tensor) -> Tensor:
        """Return the scores of pictures of shape (N, C, H, W): a tensor of shape (N, K, H, W)."""
        return self._enlarged(self.scores(images), images.shape[-2:])

    def features(self, images: Tensor) -> list[Tensor]:
        """Return what ``from_features`` takes: the backbone's maps of the output stride."""
        images = check_images(images, self.in_channels, model=self)
        if isinstance(self.backbone, EfficientNetLite0):
            images = fill_up(images, 32)
        return [self.backbone(images)[self.stride]]

    def from_features(self, maps: Sequence[Tensor], size: Sequence[int]) -> Tensor:
        """Return the scores of pictures of ``size`` rows and columns whose maps are known."""
        return self._enlarged(self._fused(maps), size)

    def _enlarged(self, scores: Tensor, size: Sequence[int]) -> Tensor:
        if isinstance(self.backbone, EfficientNetLite0):
            larger = F.interpolate(scores, scale_factor=self.stride, mode="bilinear")
            return crop(larger, 0, size)
        return enlarge(scores, self.stride, size)

    def scores(self, images: Tensor) -> Tensor:
        """Return the scores at the output stride; in the paper these are trained.

        Unit i stands on pixel ``output_stride * i`` (on EfficientNet-Lite0 on the last of as many
        pixels): of pictures of 8 k + 1 rows the labels at stride 8 are ``target[..., ::8, ::8]``.
        """
        if not self.multi_scale:
            return self._fused(self.features(images))
        *smaller, whole = self.scores_of_scales(images)
        for scores in smaller:
            larger = F.interpolate(scores, whole.shape[-2:], mode="bilinear", align_corners=True)
            whole = torch.maximum(whole, larger)
        return whole

    def scores_of_scales(self, images: Tensor) -> list[Tensor]:
        """Return the scores of the picture at half, three quarters of, and its whole size."""
        check_images(images, self.in_channels, model=self)
        sizes = [[round(scale * (n - 1)) + 1 for n in images.shape[-2:]] for scale in SCALES[:-1]]
        smaller = [
            F.interpolate(images, size, mode="bilinear", align_corners=True) for size in sizes
        ]
        return [self._fused(self.features(each)) for each in (*smaller, images)]

    def branch_scores(self, images: Tensor) -> list[Tensor]:
        """Return the scores of every rate, before they are fused."""
        return self._branch_scores(self.features(images))

    def _branch_scores(self, maps: Sequence[Tensor]) -> list[Tensor]:
        deep = normalized(self.norm, maps[0]) if self.norm else maps[0]
        return [branch(deep) for branch in self.branches]

    def _fused(self, maps: Sequence[Tensor]) -> Tensor:
        scores = self._branch_scores(maps)
        if self.fusion == "concatenation":
            return self.join(torch.cat(scores, 1))
        fused = scores[0]
        for each in scores[1:]:
            fused = torch.maximum(fused, each) if self.fusion == "maximum" else fused + each
        return fused / len(scores) if self.fusion == "average" else fused


def _backbone(
    name: str, in_channels: int, width: int, output_stride: int, form: str, pretrained: bool | None
) -> tuple[nn.Module, int]:
    """Return the backbone, and the channels of the map that it gives at the output stride."""
    check_choice(name, "backbone", ("resnet101", "vgg16", "efficientnet_lite0"))
    check_choice(output_stride, "output_stride", (8,) if name == "vgg16" else (8, 16, 32))
    weights = name == "efficientnet_lite0" if pretrained is None else flag(pretrained, "pretrained")
    if name == "vgg16":
        return DilatedVGG16(in_channels, width, weights), 8 * width
    if name == "efficientnet_lite0":
        check_light(in_channels, width)
        light = EfficientNetLite0(output_stride=output_stride, pretrained=weights)
        return light, light.channels[output_stride]
    resnet = ResNet101(
        in_channels, width=width, output_stride=output_stride, form=form, pretrained=weights
    )
    return resnet, resnet.channels[output_stride]


def _atrous(inputs: int, outputs: int, rate: int, kernel_size: int) -> nn.Conv2d:
    span = rate * (kernel_size - 1)
    if span % 2:
        raise ValueError(
            f"kernel_size={shown(kernel_size)} at rate {rate} spans {span + 1} pixels and has no "
            "middle one. Use an odd kernel_size, or an even rate."
        )
    return nn.Conv2d(inputs, outputs, kernel_size, padding=span // 2, dilation=rate)


def _dense_branch(inputs: int, classes: int, rate: int, hidden: int, size: int) -> nn.Sequential:
    branch = nn.Sequential(
        *(_atrous(inputs, hidden, rate, size),),
        *(nn.ReLU(inplace=True), nn.Dropout(0.5)),
        *(nn.Conv2d(hidden, hidden, 1), nn.ReLU(inplace=True), nn.Dropout(0.5)),
    )
    he_initialization(branch)
    return branch.append(_scoring(nn.Conv2d(hidden, classes, 1)))


def _scoring(layer: nn.Conv2d) -> nn.Conv2d:
    nn.init.normal_(layer.weight, std=0.01)
    assert layer.bias is not None
    nn.init.zeros_(layer.bias)
    return layer
