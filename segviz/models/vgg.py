"""The 13 convolutions of VGG-16, which FCN, SegNet, DeepLab and DCAN begin with.

K. Simonyan, A. Zisserman, "Very deep convolutional networks for large-scale image recognition",
ICLR 2015, configuration D.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn

from segviz.models.blocks import he_initialization
from segviz.models.imagenet import Normalization, check_pretrained, torchvision_weights
from segviz.ops._checks import shown, whole_number


def vgg16_widths(width: int = 64) -> list[tuple[int, ...]]:
    """Return the channels of each convolution of each of the five stages.

    >>> vgg16_widths()[-2:]
    [(512, 512, 512), (512, 512, 512)]
    """
    counts = ((1, 2), (2, 2), (4, 3), (8, 3), (8, 3))
    return [(factor * width,) * convolutions for factor, convolutions in counts]


def vgg16_stages(
    in_channels: int, *, width: int = 64, first_padding: int = 1, last_dilation: int = 1
) -> nn.ModuleList:
    """Return the five stages, 3 x 3 convolutions with ReLU; the pooling behind each is not in them.

    Parameters
    ----------
    in_channels, width : int
    first_padding : int
        Of the very first convolution; all others keep the size.
    last_dilation : int
        Of the convolutions of the last stage.

    Examples
    --------
    >>> stages = vgg16_stages(3)
    >>> sum(weight.numel() for weight in stages.parameters())
    14714688
    """
    stages, padding = nn.ModuleList(), first_padding
    for index, widths in enumerate(vgg16_widths(width)):
        layers: list[nn.Module] = []
        for channels in widths:
            rate = last_dilation if index == 4 else 1
            conv = nn.Conv2d(in_channels, channels, 3, padding=padding * rate, dilation=rate)
            layers += [conv, nn.ReLU(inplace=True)]
            in_channels, padding = channels, 1
        stages.append(nn.Sequential(*layers))
    return stages


class DilatedVGG16(nn.Module):
    """DeepLab's form: the last two poolings have stride 1, the last convolutions rate 2.

    Returns its one map, of stride 8, as ``{8: map}``.
    """

    def __init__(self, in_channels: int, width: int, pretrained: bool) -> None:
        super().__init__()
        self.normalize = Normalization(in_channels)
        self.stages = vgg16_stages(in_channels, width=width, last_dilation=2)
        self.pools = nn.ModuleList(
            nn.MaxPool2d(3, stride, padding=1, ceil_mode=True) for stride in (2, 2, 2, 1, 1)
        )
        he_initialization(self)
        if pretrained:
            load_vgg16(self.stages)

    def forward(self, images: Tensor) -> dict[int, Tensor]:
        maps = self.normalize(images)
        for stage, pool in zip(self.stages, self.pools, strict=True):
            maps = pool(stage(maps))
        return {8: maps}


def dense_form(
    backbone: str, hidden: int | None, kernel_size: int | None
) -> tuple[int, int] | None:
    """Return channels and kernel of DeepLab's fc6 on VGG-16; other backbones have no such layer."""
    if backbone == "vgg16":
        channels = whole_number(1024 if hidden is None else hidden, "hidden", 1)
        return channels, whole_number(3 if kernel_size is None else kernel_size, "kernel_size", 1)
    for name, number in (("hidden", hidden), ("kernel_size", kernel_size)):
        if number is not None:
            raise ValueError(
                f"{name}={shown(number)} with backbone={shown(backbone)}: only on VGG-16 branches "
                f"have the layer fc6 that it is of. Use backbone='vgg16', or leave {name} out."
            )
    return None


@torch.no_grad()
def load_vgg16(encoder: nn.Module, dense: Iterable[nn.Conv2d] = ()) -> None:
    """Put torchvision's ImageNet weights into the 13 convolutions of an encoder, in their order.

    ``dense`` are fc6 and fc7 as convolutions of 7 x 7 and 1 x 1. On the meta device, where there
    are no numbers, nothing is done.

    Raises
    ------
    ValueError
        If the encoder is not of the original width, or the weights cannot be had.
    """
    convolutions = [layer for layer in encoder.modules() if isinstance(layer, nn.Conv2d)]
    check_pretrained(convolutions[0].in_channels, convolutions[0].out_channels)
    if convolutions[0].weight.is_meta:
        return
    layers = [*convolutions, *dense]
    for layer, (weight, bias) in zip(layers, _in_order(torchvision_weights("vgg16")), strict=False):
        layer.weight.copy_(weight.view(layer.weight.shape))
        assert layer.bias is not None  # as in every layer of VGG-16
        layer.bias.copy_(bias)


def _in_order(weights: dict[str, Tensor]) -> Sequence[tuple[Tensor, Tensor]]:
    """Return weight and bias of every layer, from the picture to the classes."""
    names = [name.removesuffix(".weight") for name in weights if name.endswith(".weight")]
    return [(weights[f"{name}.weight"], weights[f"{name}.bias"]) for name in names]
