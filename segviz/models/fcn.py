"""FCN-32s, FCN-16s and FCN-8s on VGG-16, layer by layer as the authors released them.

J. Long, E. Shelhamer, T. Darrell, "Fully convolutional networks for semantic segmentation", CVPR
2015. ``fcn_ladder`` has the same skips on a backbone that trains on a laptop.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from segviz.models.blocks import check_finest_stride, check_images, crop
from segviz.ops._checks import whole_number
from segviz.ops.upsampling import bilinear_kernel

_VGG16 = ((64, 64), (128, 128), (256,) * 3, (512,) * 3, (512,) * 3)


class FCN(nn.Module):
    """The paper's network on VGG-16, with the release's paddings, crops and fixed upsampling.

    Parameters
    ----------
    in_channels, num_classes : int
    finest_stride : 32, 16 or 8
        Stride of the finest score map: FCN-32s, FCN-16s, FCN-8s.

    Raises
    ------
    ValueError, TypeError
        If a number is illegal.

    Examples
    --------
    >>> with torch.device("meta"):
    ...     model = FCN(3, 21, finest_stride=8)
    >>> model(torch.zeros(1, 3, 500, 375, device="meta")).shape
    torch.Size([1, 21, 500, 375])
    >>> sum(w.numel() for w in model.parameters() if w.requires_grad)
    134362751
    """

    def __init__(self, in_channels: int = 3, num_classes: int = 21, *, finest_stride: int = 8):
        super().__init__()
        self.in_channels = whole_number(in_channels, "in_channels", 1)
        classes = whole_number(num_classes, "num_classes", 2)
        check_finest_stride(finest_stride, (32, 16, 8))
        self.stages = _vgg_stages(in_channels)
        self.dense = nn.Sequential(
            *(nn.Conv2d(512, 4096, 7), nn.ReLU(inplace=True), nn.Dropout(0.5)),
            *(nn.Conv2d(4096, 4096, 1), nn.ReLU(inplace=True), nn.Dropout(0.5)),
        )
        self.score = nn.ModuleDict({"32": nn.Conv2d(4096, classes, 1)})
        self.upsample = nn.ModuleDict()
        for stride, channels in ((16, 512), (8, 256)):
            if stride >= finest_stride:
                self.score[str(stride)] = nn.Conv2d(channels, classes, 1)
                self.upsample[str(stride)] = _bilinear(classes, 2)
        self.upsample["1"] = _bilinear(classes, finest_stride)
        for layer in self.score.values():  # a new skip starts as if it were not there
            nn.init.zeros_(layer.weight)  # type: ignore[arg-type]
            nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
        self.finest_stride = finest_stride

    def forward(self, images: Tensor) -> Tensor:
        """Return the scores of pictures of shape (N, C, H, W): a tensor of shape (N, K, H, W)."""
        maps = check_images(images, self.in_channels)
        pooled = []
        for stage in self.stages:
            maps = stage(maps)
            pooled.append(maps)
        scores = self.score["32"](self.dense(maps))
        # Offsets follow from conv1_1's padding of 100; the last one from the paddings before it.
        for stride, skip, offset in ((16, pooled[3], 5), (8, pooled[2], 9)):
            if stride >= self.finest_stride:
                rung = self.score[str(stride)](skip)
                scores = self.upsample[str(stride)](scores)
                scores = scores + crop(rung, offset, scores.shape[-2:])
        offset = {32: 19, 16: 27, 8: 31}[self.finest_stride]
        return crop(self.upsample["1"](scores), offset, images.shape[-2:])


def _vgg_stages(in_channels: int) -> nn.ModuleList:
    stages, padding = nn.ModuleList(), 100
    for widths in _VGG16:
        layers: list[nn.Module] = []
        for width in widths:
            layers += [nn.Conv2d(in_channels, width, 3, padding=padding), nn.ReLU(inplace=True)]
            in_channels, padding = width, 1
        stages.append(nn.Sequential(*layers, nn.MaxPool2d(2, ceil_mode=True)))
    return stages


def _bilinear(classes: int, factor: int) -> nn.ConvTranspose2d:
    """Upsampling by a transposed convolution whose kernels stay bilinear, as in the release."""
    layer = nn.ConvTranspose2d(classes, classes, 2 * factor, factor, bias=False)
    kernel = torch.from_numpy(bilinear_kernel((2 * factor, 2 * factor)))
    weight = torch.zeros(layer.weight.shape)
    weight[range(classes), range(classes)] = kernel.to(weight)
    layer.load_state_dict({"weight": weight})
    layer.weight.requires_grad_(False)
    return layer
