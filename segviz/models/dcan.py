"""DCAN: one way down, two ways up, one to the objects and one to their contours.

H. Chen, X. Qi, L. Yu, P.-A. Heng, "DCAN: deep contour-aware networks for accurate gland
segmentation", CVPR 2016, figure 3.
"""

from __future__ import annotations

from typing import NamedTuple

import torch.nn.functional as F
from torch import Tensor, nn

from segviz.models._requirements import check_choice, refuse_size
from segviz.models.blocks import check_images, crop, he_initialization
from segviz.models.imagenet import Normalization
from segviz.models.upsampling import bilinear_upsampling
from segviz.models.vgg import load_vgg16, vgg16_stages
from segviz.ops._checks import flag, whole_number

STRIDES = (8, 16, 32)
UPSAMPLINGS = ("bilinear", "transposed")


class DCANScores(NamedTuple):
    """What DCAN returns: scores of shape (N, K, H, W) of objects and of contours.

    ``auxiliary`` has the same pair from each of the strides 8, 16 and 32 alone, whose sum they are.
    """

    objects: Tensor
    contours: Tensor
    auxiliary: tuple[tuple[Tensor, Tensor], ...]


class DCAN(nn.Module):
    """Objects and contours from the maps of stride 8, 16 and 32 of one encoder.

    The paper does not list its layers. This is the form that HoVer-Net's authors built: VGG-16,
    7 x 7 and 1 x 1 convolutions of 1024 channels, and for each task a 1 x 1 convolution on conv4_3,
    on conv5_3 and on the last map; the three enlarged scores are added. (They enlarge the maps
    before the 1 x 1 convolution, which gives the same numbers for more work.)

    Parameters
    ----------
    in_channels : int
    num_classes : int
        Of each task: object or not, contour or not.
    width : int
        Channels of the first stage; the dense layers have 16 times as many.
    upsampling : "bilinear" or "transposed"
        Fixed, or learned transposed convolutions of twice the stride that begin as bilinear.
    auxiliary : bool
        Return the scores of each stride as well, which the paper trains too.
    pretrained : bool
        Begin with torchvision's ImageNet weights of VGG-16. (The paper's way down comes from a
        DeepLab network trained on VOC 2012.)

    Raises
    ------
    ValueError, TypeError
        If an argument is illegal, or the ImageNet weights cannot be had; at a picture whose size is
        no multiple of 32, with the nearest that are.

    Examples
    --------
    >>> import torch
    >>> with torch.device("meta"):
    ...     model = DCAN()
    >>> sum(weight.numel() for weight in model.parameters())
    41463628
    >>> objects, contours, auxiliary = model(torch.zeros(1, 3, 480, 480, device="meta"))
    >>> objects.shape, contours.shape, len(auxiliary)
    (torch.Size([1, 2, 480, 480]), torch.Size([1, 2, 480, 480]), 3)
    """

    def __init__(
        self,
        in_channels: int = 3,
        num_classes: int = 2,
        *,
        width: int = 64,
        upsampling: str = "bilinear",
        auxiliary: bool = True,
        pretrained: bool = False,
    ) -> None:
        super().__init__()
        self.in_channels = whole_number(in_channels, "in_channels", 1)
        classes = whole_number(num_classes, "num_classes", 2)
        check_choice(upsampling, "upsampling", UPSAMPLINGS)
        self.auxiliary = flag(auxiliary, "auxiliary")
        self.normalize = Normalization(in_channels)
        self.stages = vgg16_stages(in_channels, width=whole_number(width, "width", 1))
        self.pool = nn.MaxPool2d(2)
        self.dense = nn.Sequential(
            *(nn.Conv2d(8 * width, 16 * width, 7, padding=3), nn.ReLU(inplace=True)),
            nn.Dropout(0.5),
            *(nn.Conv2d(16 * width, 16 * width, 1), nn.ReLU(inplace=True)),
        )
        he_initialization(self)
        self.objects = _Task(width, classes, upsampling)
        self.contours = _Task(width, classes, upsampling)
        if flag(pretrained, "pretrained"):
            load_vgg16(self.stages)

    def forward(self, images: Tensor) -> DCANScores:
        """Return the scores of pictures of shape (N, C, H, W), H and W multiples of 32."""
        check_images(images, self.in_channels, model=self)
        if any(size % 32 for size in images.shape[2:]):
            refuse_size(images, lambda size: size % 32 == 0, "they are halved five times")
        maps, kept = self.normalize(images), []
        for stage in self.stages:
            maps = stage(maps)
            kept.append(maps)
            maps = self.pool(maps)
        kept = [*kept[3:], self.dense(maps)]
        objects, contours = self.objects(kept), self.contours(kept)
        pairs = tuple(zip(objects, contours, strict=True)) if self.auxiliary else ()
        return DCANScores(_sum(objects), _sum(contours), pairs)


class _Task(nn.Module):
    """Scores of one task from each of the three maps, at the size of the picture."""

    def __init__(self, width: int, classes: int, upsampling: str) -> None:
        super().__init__()
        channels = (8 * width, 8 * width, 16 * width)
        self.classify = nn.ModuleList(nn.Conv2d(each, classes, 1) for each in channels)
        for layer in self.classify:
            nn.init.normal_(layer.weight, std=0.01)  # type: ignore[arg-type]
            nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
        self.enlarge: nn.ModuleList | None = None
        if upsampling == "transposed":
            self.enlarge = nn.ModuleList(bilinear_upsampling(classes, stride) for stride in STRIDES)

    def forward(self, maps: list[Tensor]) -> list[Tensor]:
        return [self._scores(index, each) for index, each in enumerate(maps)]

    def _scores(self, index: int, maps: Tensor) -> Tensor:
        scores, stride = self.classify[index](maps), STRIDES[index]
        if self.enlarge is None:
            return F.interpolate(scores, scale_factor=stride, mode="bilinear")
        size = [stride * n for n in scores.shape[2:]]
        return crop(self.enlarge[index](scores), stride // 2, size)


def _sum(scores: list[Tensor]) -> Tensor:
    return scores[0] + scores[1] + scores[2]
