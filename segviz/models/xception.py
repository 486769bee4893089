"""The modified aligned Xception of DeepLab v3+, with 65 convolutions behind each other.

L.-C. Chen, Y. Zhu, G. Papandreou, F. Schroff, H. Adam, "Encoder-decoder with atrous separable
convolution for semantic image segmentation", ECCV 2018, figure 4; after F. Chollet, "Xception",
CVPR 2017.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from segviz.models._requirements import check_choice
from segviz.models.blocks import ConvolutionBlock, Layers, he_initialization

_EPS = 1e-3
_MIDDLE = 16  # units of the middle flow


class SeparableConvolution(Layers):
    """3 x 3 of each channel alone, then 1 x 1 across channels, each with batch norm.

    A ReLU stands behind both if ``inside``, else before them.

    Examples
    --------
    >>> layer = SeparableConvolution(4, 8, dilation=6, inside=True)
    >>> sum(weight.numel() for weight in layer.parameters())  # 4 * 9 + 4 * 8, and the norms
    92
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        stride: int = 1,
        dilation: int = 1,
        inside: bool,
        eps: float = 1e-5,
    ) -> None:
        super().__init__()
        activation = nn.ReLU if inside else None
        if not inside:
            self.activation = nn.ReLU()  # not in place: the block's shortcut reads its input too
        self.depthwise = ConvolutionBlock(
            in_channels, in_channels, 3, stride=stride, dilation=dilation, groups=in_channels,
            eps=eps, activation=activation, symmetric=True,
        )  # fmt: skip
        self.pointwise = ConvolutionBlock(
            in_channels, out_channels, 1, eps=eps, activation=activation
        )


class Xception65(nn.Module):
    """Maps of a picture at stride 4 and at the output stride.

    As in the authors' code, a ReLU stands before every separable convolution and only the last
    block has one behind each of its parts; the paper's text has it there everywhere. The map of
    stride 4 is the second one of the second entry block.

    Parameters
    ----------
    in_channels : int
    output_stride : 16, 8 or 32
        Beyond it blocks keep their resolution, and those behind them are dilated instead.
    width : int
        Channels of the second convolution, 64 in the paper; the last one has 32 times as many.

    Examples
    --------
    >>> import torch
    >>> backbone = Xception65(width=8).eval()
    >>> maps = backbone(torch.rand(1, 3, 65, 97))
    >>> {stride: tuple(map.shape[1:]) for stride, map in maps.items()}
    {4: (32, 17, 25), 16: (256, 5, 7)}
    """

    def __init__(self, in_channels: int = 3, *, output_stride: int = 16, width: int = 64) -> None:
        super().__init__()
        check_choice(output_stride, "output_stride", (8, 16, 32))
        self.output_stride = output_stride
        self.channels = {4: 4 * width, output_stride: 32 * width}
        narrow = max(width // 2, 1)
        form = {"eps": _EPS, "activation": nn.ReLU, "symmetric": True}
        self.stem = nn.Sequential(
            ConvolutionBlock(in_channels, narrow, 3, stride=2, **form),  # type: ignore[arg-type]
            ConvolutionBlock(narrow, width, 3, **form),  # type: ignore[arg-type]
        )
        self.blocks = nn.ModuleList()
        inputs, reached, rate = width, 2, 1
        for numbers, halves in _blocks():
            widths = [number * width // 64 for number in numbers]
            stride = 2 if halves and reached < output_stride else 1
            shortcut = "none" if numbers[-1] == 2048 else "convolution" if halves else "identity"
            self.blocks.append(XceptionBlock(inputs, widths, stride, rate, shortcut))
            reached *= stride
            rate *= 2 if halves and stride == 1 else 1  # what follows is dilated instead
            inputs = widths[-1]
        he_initialization(self)

    def forward(self, images: Tensor) -> dict[int, Tensor]:
        """Return the maps of pictures (N, C, H, W) in [0, 1], which are brought to [-1, 1]."""
        maps = self.blocks[0](self.stem(2 * images - 1))
        fine, maps = self.blocks[1].both(maps)  # type: ignore[operator]
        for block in list(self.blocks)[2:]:
            maps = block(maps)
        return {4: fine, self.output_stride: maps}


def _blocks() -> list[tuple[tuple[int, int, int], bool]]:
    """Return the channels of each block's three convolutions, and whether it halves the map."""
    entry = [((c, c, c), True) for c in (128, 256, 728)]
    middle = [((728, 728, 728), False)] * _MIDDLE
    return [*entry, *middle, ((728, 1024, 1024), True), ((1536, 1536, 2048), False)]


class XceptionBlock(nn.Module):
    """Three separable convolutions, the last of them strided, plus the input."""

    def __init__(
        self, inputs: int, widths: Sequence[int], stride: int, rate: int, shortcut: str
    ) -> None:
        super().__init__()
        strides = (1, 1, stride)
        self.layers = nn.Sequential(
            *(
                SeparableConvolution(
                    a, b, stride=s, dilation=rate, inside=shortcut == "none", eps=_EPS
                )
                for a, b, s in zip([inputs, *widths], widths, strides, strict=False)
            )
        )
        self.shortcut: nn.Module | None = nn.Identity() if shortcut == "identity" else None
        if shortcut == "convolution":
            self.shortcut = ConvolutionBlock(
                inputs, widths[-1], 1, stride=stride, eps=_EPS, activation=None, symmetric=True
            )

    def forward(self, maps: Tensor) -> Tensor:
        return self.both(maps)[1]

    def both(self, maps: Tensor) -> tuple[Tensor, Tensor]:
        """Return the maps of the second convolution, and those of the whole block."""
        second = self.layers[1](self.layers[0](maps))
        last = self.layers[2](second)
        return second, last if self.shortcut is None else last + self.shortcut(maps)
