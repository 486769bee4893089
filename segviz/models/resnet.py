"""ResNet-101, whole or with the last stages dilated; its weights have torchvision's names.

K. He, X. Zhang, S. Ren, J. Sun, "Deep residual learning for image recognition", CVPR 2016, table 1.
"""

from __future__ import annotations

from torch import Tensor, nn

from segviz.models._requirements import check_choice
from segviz.models.blocks import he_initialization, normalized
from segviz.models.imagenet import Normalization, check_pretrained, torchvision_weights

BLOCKS = (3, 4, 23, 3)


class ResNet101(nn.Module):
    """Maps of a picture at strides 4, 8, 16 and 32.

    Parameters
    ----------
    in_channels, width : int
        The first convolution has ``width`` channels, the last stage 32 times as many.
    output_stride : 32, 16 or 8
        Largest stride. Below 32 all blocks of the last stages are dilated instead.
    stride_first : bool
        Whether a block strides in its first 1 x 1 convolution, as in Caffe and the paper, or in
        its 3 x 3 convolution, as in torchvision.
    ceil_mode : bool
        Of the pooling; True in Caffe.
    pretrained : bool
        Load torchvision's ImageNet weights.

    Raises
    ------
    ValueError
        If the output stride is another, or the weights do not fit or cannot be had.

    Examples
    --------
    >>> import torch
    >>> backbone = ResNet101(width=2, output_stride=16).eval()
    >>> maps = backbone(torch.rand(1, 3, 65, 97))
    >>> {stride: tuple(map.shape[1:]) for stride, map in maps.items()}
    {4: (8, 17, 25), 8: (16, 9, 13), 16: (64, 5, 7)}
    """

    def __init__(
        self,
        in_channels: int = 3,
        *,
        width: int = 64,
        output_stride: int = 32,
        stride_first: bool = False,
        ceil_mode: bool = False,
        pretrained: bool = False,
    ) -> None:
        super().__init__()
        check_choice(output_stride, "output_stride", (8, 16, 32))
        self.output_stride = output_stride
        # Channels of the deepest map of each stride.
        self.channels = {min(4 * 2**i, output_stride): 4 * width * 2**i for i in range(4)}
        self.normalize = Normalization(in_channels)
        self.conv1 = nn.Conv2d(in_channels, width, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1, ceil_mode=ceil_mode)
        inputs, reached = width, 4
        for index, count in enumerate(BLOCKS):
            planes, wanted = width * 2**index, 4 * 2**index
            stride = 2 if index and wanted <= output_stride else 1
            reached *= stride
            first = Bottleneck(inputs, planes, stride, wanted // reached, stride_first)
            inputs = 4 * planes
            rest = [Bottleneck(inputs, planes, 1, wanted // reached) for _ in range(count - 1)]
            self.add_module(f"layer{index + 1}", nn.Sequential(first, *rest))
        he_initialization(self)
        if pretrained:
            self._load(in_channels, width)

    def forward(self, images: Tensor) -> dict[int, Tensor]:
        """Return the deepest map of each stride, finest first, of pictures (N, C, H, W)."""
        maps = self.conv1(self.normalize(images))
        maps = self.maxpool(self.relu(normalized(self.bn1, maps)))
        kept = {}
        for index in range(4):
            maps = self.get_submodule(f"layer{index + 1}")(maps)
            kept[min(4 * 2**index, self.output_stride)] = maps
        return kept

    def _load(self, in_channels: int, width: int) -> None:
        check_pretrained(in_channels, width)
        if self.conv1.weight.is_meta:  # there it has no numbers
            return
        weights = torchvision_weights("resnet101")
        self.load_state_dict({name: weights[name] for name in self.state_dict()})


class Bottleneck(nn.Module):
    """1 x 1 down to ``planes`` channels, 3 x 3, 1 x 1 up to four times as many, plus the input."""

    def __init__(
        self, inputs: int, planes: int, stride: int, dilation: int, stride_first: bool = False
    ) -> None:
        super().__init__()
        strides = (stride, 1) if stride_first else (1, stride)
        self.conv1 = nn.Conv2d(inputs, planes, 1, strides[0], bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(
            planes, planes, 3, strides[1], padding=dilation, dilation=dilation, bias=False
        )
        self.bn2 = nn.BatchNorm2d(planes)
        self.conv3 = nn.Conv2d(planes, 4 * planes, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(4 * planes)
        self.relu = nn.ReLU(inplace=True)
        self.downsample: nn.Sequential | None = None
        if stride > 1 or inputs != 4 * planes:
            conv = nn.Conv2d(inputs, 4 * planes, 1, stride, bias=False)
            self.downsample = nn.Sequential(conv, nn.BatchNorm2d(4 * planes))

    def forward(self, maps: Tensor) -> Tensor:
        learned = self.relu(normalized(self.bn1, self.conv1(maps)))
        learned = self.relu(normalized(self.bn2, self.conv2(learned)))
        learned = normalized(self.bn3, self.conv3(learned))
        return self.relu(learned + (self.downsample(maps) if self.downsample else maps))
