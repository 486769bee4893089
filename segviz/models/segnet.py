"""SegNet: every pooling remembers where its maxima stood, and the way up puts them back there.

V. Badrinarayanan, A. Kendall, R. Cipolla, "SegNet: a deep convolutional encoder-decoder
architecture for image segmentation", PAMI 2017, figure 2; SegNet-Basic in section 3.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor, nn

from segviz.models._requirements import check_choice, check_statistics, probability
from segviz.models.blocks import check_images, he_initialization
from segviz.models.imagenet import Normalization
from segviz.models.upsampling import UpConvolution
from segviz.models.vgg import load_vgg16, vgg16_widths
from segviz.ops._checks import flag, whole_number

FORMS = ("release", "paper")
UPSAMPLINGS = ("indices", "bilinear", "transposed")


class _MirroredStages(nn.Module):
    """Stages, each before a pooling, and as many behind the upsampling that belongs to it."""

    def __init__(
        self, in_channels: int, first: nn.Module, encoder: Sequence[nn.Module],
        decoder: Sequence[nn.Module], channels: Sequence[int],
        upsampling: str, skips: bool, dropout: float,
    ) -> None:  # fmt: skip
        super().__init__()
        self.in_channels, self.first = in_channels, first
        check_choice(upsampling, "upsampling", UPSAMPLINGS)
        self.upsampling, self.skips = upsampling, flag(skips, "skips")
        self.encoder, self.decoder = nn.ModuleList(encoder), nn.ModuleList(decoder)
        # Ceil mode, as in Caffe: 45 rows become 23.
        self.pool = nn.MaxPool2d(2, ceil_mode=True, return_indices=True)
        self.unpool = nn.MaxUnpool2d(2)
        if upsampling == "transposed":
            self.enlarge = nn.ModuleList(UpConvolution(c, c) for c in channels[::-1])
        self.dropout = nn.Dropout(probability(dropout, "dropout"))
        he_initialization(self)

    def forward(self, images: Tensor) -> Tensor:
        """Return the scores of pictures of shape (N, C, H, W): a tensor of shape (N, K, H, W)."""
        maps, pooled = self.first(check_images(images, self.in_channels, model=self)), []
        for depth, stage in enumerate(self.encoder):
            check_statistics(maps, stage.get_submodule("1"))
            before = stage(maps)
            maps, indices = self.pool(before)
            maps = self.dropout(maps) if depth > 1 else maps
            pooled.append((before, indices))
        for index, stage in enumerate(self.decoder):
            maps = stage(self._upsampled(maps, *pooled.pop(), index))
            maps = self.dropout(maps) if len(pooled) > 1 else maps
        return maps

    def _upsampled(self, maps: Tensor, before: Tensor, indices: Tensor, index: int) -> Tensor:
        """Enlarge to the size that was pooled, which an odd number of rows does not tell."""
        height, width = before.shape[-2:]
        if self.upsampling == "indices":
            maps = self.unpool(maps, indices, output_size=(height, width))
        elif self.upsampling == "bilinear":
            maps = F.interpolate(maps, size=(height, width), mode="bilinear", align_corners=False)
        else:
            maps = self.enlarge[index](maps)[..., :height, :width]
        return maps + before if self.skips else maps


class SegNet(_MirroredStages):
    """The network of the paper's figure 2 on the convolutions of VGG-16.

    Each decoder narrows its maps in its last convolution, so that they fit the indices of the next
    pooling; the last convolution of all gives the scores. Batch norm keeps torch's running
    averages; the authors measured its statistics once more over the training set instead.

    Parameters
    ----------
    in_channels, num_classes : int
    width : int
        Channels of the first stage, 64 in VGG-16.
    form : "release" or "paper"
        The release has a ReLU behind every convolution of the decoder, the paper in none of them.
    upsampling : "indices", "bilinear" or "transposed"
        How a decoder enlarges: the paper's max-unpooling, or for comparison a bilinear resize or a
        learned transposed convolution of 2 x 2, stride 2.
    skips : bool
        Add the map before each pooling to the enlarged one, the paper's "EncoderAddition".
    dropout : float
        Behind the three deepest stages of encoder and decoder: 0.5 in Bayesian SegNet.
    pretrained : bool
        Begin with torchvision's ImageNet weights of VGG-16, as in the paper.

    Raises
    ------
    ValueError, TypeError
        If an argument is illegal, or the ImageNet weights cannot be had.

    Examples
    --------
    >>> import torch
    >>> with torch.device("meta"):
    ...     model = SegNet()
    >>> sum(weight.numel() for weight in model.parameters())
    29449355
    >>> model(torch.zeros(1, 3, 45, 61, device="meta")).shape
    torch.Size([1, 11, 45, 61])
    """

    def __init__(
        self, in_channels: int = 3, num_classes: int = 11, *, width: int = 64,
        form: str = "release", upsampling: str = "indices", skips: bool = False,
        dropout: float = 0.0, pretrained: bool = False,
    ) -> None:  # fmt: skip
        whole_number(in_channels, "in_channels", 1)
        whole_number(num_classes, "num_classes", 2)
        check_choice(form, "form", FORMS)
        widths = vgg16_widths(whole_number(width, "width", 1))
        channels = [each[-1] for each in widths]
        encoder: list[nn.Module] = []
        decoder: list[nn.Sequential] = []
        for inputs, each in zip([in_channels, *channels], widths, strict=False):
            encoder.append(_convolutions(inputs, each, 3))
            outputs = [*each[1:], inputs if decoder else num_classes]
            decoder.insert(0, _convolutions(each[0], outputs, 3, relu=form == "release"))
        del decoder[-1][-2 if form == "release" else -1 :]  # the scores are not normalised
        super().__init__(
            in_channels, Normalization(in_channels), encoder, decoder, channels,
            upsampling, skips, dropout,
        )  # fmt: skip
        if flag(pretrained, "pretrained"):
            load_vgg16(self.encoder)


class SegNetBasic(_MirroredStages):
    """The small network of the paper's decoder study: four stages of one 7 x 7 convolution.

    Local response normalisation comes first, of values of 0 to 255 as in Caffe; no ReLU stands in
    the decoder.

    Parameters
    ----------
    in_channels, num_classes, width : int
    form : "release" or "paper"
        Only the release has biases.
    upsampling, skips, dropout
        As in SegNet.

    Raises
    ------
    ValueError, TypeError
        If an argument is illegal.

    Examples
    --------
    >>> import torch
    >>> with torch.device("meta"):
    ...     model = SegNetBasic()
    >>> sum(weight.numel() for weight in model.parameters())
    1416587
    """

    def __init__(
        self, in_channels: int = 3, num_classes: int = 11, *, width: int = 64,
        form: str = "release", upsampling: str = "indices", skips: bool = False,
        dropout: float = 0.0,
    ) -> None:  # fmt: skip
        whole_number(in_channels, "in_channels", 1)
        whole_number(num_classes, "num_classes", 2)
        whole_number(width, "width", 1)
        check_choice(form, "form", FORMS)
        bias = form == "release"
        encoder = [
            _convolutions(inputs, [width], 7, bias=bias) for inputs in [in_channels, *[width] * 3]
        ]
        decoder = [_convolutions(width, [width], 7, relu=False, bias=bias) for _ in range(4)]
        decoder[-1].append(nn.Conv2d(width, num_classes, 1, bias=bias))
        super().__init__(
            in_channels, _LocalResponse(5, alpha=1e-4, beta=0.75), encoder, decoder, [width] * 4,
            upsampling, skips, dropout,
        )  # fmt: skip


class _LocalResponse(nn.LocalResponseNorm):
    """Local response normalisation across channels, of pictures in [0, 1] taken as 0 to 255."""

    def forward(self, images: Tensor) -> Tensor:
        images = images * 255
        channels, reach = images.shape[1], self.size // 2
        squares = F.pad(images.square(), (0, 0, 0, 0, reach, reach))
        total = sum(squares[:, first : first + channels] for first in range(self.size))
        return images / (self.k + self.alpha / self.size * total) ** self.beta


def _convolutions(
    in_channels: int, widths: Sequence[int], kernel_size: int, *, relu: bool = True,
    bias: bool = True,
) -> nn.Sequential:  # fmt: skip
    layers: list[nn.Module] = []
    for channels in widths:
        conv = nn.Conv2d(in_channels, channels, kernel_size, padding=kernel_size // 2, bias=bias)
        norm = nn.BatchNorm2d(channels, eps=1e-9)
        nn.init.constant_(norm.bias, 0.001)
        layers += [conv, norm, nn.ReLU(inplace=True)] if relu else [conv, norm]
        in_channels = channels
    return nn.Sequential(*layers)
