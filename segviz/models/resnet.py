"""ResNet-101, whole or with the last stages dilated; its weights have torchvision's names.

K. He, X. Zhang, S. Ren, J. Sun, "Deep residual learning for image recognition", CVPR 2016, table 1.
"""

from __future__ import annotations

from collections.abc import Iterator

from torch import Tensor, nn

from segviz.models._requirements import check_choice
from segviz.models.blocks import ConvolutionBlock, he_initialization, normalized
from segviz.models.imagenet import Normalization, check_pretrained, torchvision_weights

BLOCKS = (3, 4, 23, 3)
FORMS = ("torchvision", "caffe", "beta")


class ResNet101(nn.Module):
    """Maps of a picture at strides 4, 8, 16 and 32.

    Parameters
    ----------
    in_channels, width : int
        The first convolution has ``width`` channels, the last stage 32 times as many.
    output_stride : 32, 16 or 8
        Largest stride. Below 32 all blocks of the last stages are dilated instead.
    form : "torchvision", "caffe" or "beta"
        "caffe", as in the paper, strides in the first 1 x 1 convolution of a stage and pools in
        ceil mode; "torchvision" strides in the first 3 x 3 convolution; "beta", as in DeepLab's own
        code, in the last one, and begins with three convolutions of 3 x 3 instead of one of 7 x 7.
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
        form: str = "torchvision",
        pretrained: bool = False,
    ) -> None:
        super().__init__()
        check_choice(output_stride, "output_stride", (8, 16, 32))
        check_choice(form, "form", FORMS)
        self.output_stride = output_stride
        # Channels of the deepest map of each stride.
        self.channels = {min(4 * 2**i, output_stride): 4 * width * 2**i for i in range(4)}
        self.normalize = Normalization(in_channels)
        inputs = width if form != "beta" else 2 * width
        self.conv1 = _stem(in_channels, width, form)
        self.bn1 = nn.BatchNorm2d(inputs)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1, ceil_mode=form == "caffe")
        for index, stage in enumerate(_stages(inputs, width, output_stride, form)):
            self.add_module(f"layer{index + 1}", stage)
        he_initialization(self)
        if pretrained:
            self._load(in_channels, width, form)

    def forward(self, images: Tensor) -> dict[int, Tensor]:
        """Return the deepest map of each stride, finest first, of pictures (N, C, H, W)."""
        maps = self.conv1(self.normalize(images))
        maps = self.maxpool(self.relu(normalized(self.bn1, maps)))
        kept, reached = {}, 4
        for index in range(4):
            for block in self.get_submodule(f"layer{index + 1}").children():
                maps = block(maps)
                reached *= block.stride  # type: ignore[operator, assignment]
                kept[reached] = maps
        return kept

    def _load(self, in_channels: int, width: int, form: str) -> None:
        check_pretrained(in_channels, width)
        if form != "torchvision":
            raise ValueError(
                f"pretrained=True brings torchvision's weights, which do not fit form={form!r}. "
                "Use form='torchvision' with it."
            )
        if self.conv1.weight.is_meta:  # there it has no numbers
            return
        weights = torchvision_weights("resnet101")
        self.load_state_dict({name: weights[name] for name in self.state_dict()})


def _stem(in_channels: int, width: int, form: str) -> nn.Module:
    if form != "beta":
        return nn.Conv2d(in_channels, width, 7, stride=2, padding=3, bias=False)
    return nn.Sequential(
        ConvolutionBlock(in_channels, width, 3, stride=2, activation=nn.ReLU, symmetric=True),
        ConvolutionBlock(width, width, 3, activation=nn.ReLU),
        nn.Conv2d(width, 2 * width, 3, padding=1, bias=False),
    )


def _stages(inputs: int, width: int, output_stride: int, form: str) -> Iterator[nn.Sequential]:
    """Yield the four stages; where one would pass the output stride, what follows is dilated."""
    reached, rate = 4, 1
    for index, count in enumerate(BLOCKS):
        planes, blocks = width * 2**index, []
        strided = {"beta": count - 1 if index < 3 else None}.get(form, 0 if index else None)
        for unit in range(count):
            stride = 2 if unit == strided and reached < output_stride else 1
            reached *= stride
            dilates = unit == strided and stride == 1
            rate *= 2 if dilates and form != "beta" else 1
            blocks.append(Bottleneck(inputs, planes, stride, rate, form == "caffe"))
            rate *= 2 if dilates and form == "beta" else 1
            inputs = 4 * planes
        yield nn.Sequential(*blocks)


class Bottleneck(nn.Module):
    """1 x 1 down to ``planes`` channels, 3 x 3, 1 x 1 up to four times as many, plus the input."""

    def __init__(
        self, inputs: int, planes: int, stride: int, dilation: int, stride_first: bool = False
    ) -> None:
        super().__init__()
        self.stride = stride
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
        if inputs != 4 * planes:
            conv = nn.Conv2d(inputs, 4 * planes, 1, stride, bias=False)
            self.downsample = nn.Sequential(conv, nn.BatchNorm2d(4 * planes))
        elif stride > 1:  # every other unit, without weights
            self.downsample = nn.Sequential(nn.MaxPool2d(1, stride))

    def forward(self, maps: Tensor) -> Tensor:
        learned = self.relu(normalized(self.bn1, self.conv1(maps)))
        learned = self.relu(normalized(self.bn2, self.conv2(learned)))
        learned = normalized(self.bn3, self.conv3(learned))
        return self.relu(learned + (self.downsample(maps) if self.downsample else maps))
