"""FCN-32s, FCN-16s and FCN-8s on VGG-16, layer by layer as the authors released them.

J. Long, E. Shelhamer, T. Darrell, "Fully convolutional networks for semantic segmentation", CVPR
2015. ``fcn_ladder`` has the same skips on a backbone that trains on a laptop.
"""

from __future__ import annotations

from torch import Tensor, nn

from segviz.models._requirements import check_choice, refuse_size
from segviz.models.blocks import check_finest_stride, check_images, crop, he_initialization
from segviz.models.imagenet import Normalization
from segviz.models.upsampling import bilinear_upsampling
from segviz.models.vgg import load_vgg16, vgg16_stages
from segviz.ops._checks import flag, whole_number

UPSAMPLINGS = ("fixed", "intermediate", "learned")
# Between the padding of conv1_1 and the last crop, as the centres of the maps demand.
_LAST_CROP = {32: 81, 16: 73, 8: 69}
_SKIPS = ((16, 512, 3, 5, 0.01), (8, 256, 2, 9, 0.0001))  # stride, channels, pool, crop, scale


class FCN(nn.Module):
    """The paper's network on VGG-16, with the release's paddings, crops and fixed upsampling.

    Parameters
    ----------
    in_channels, num_classes : int
    finest_stride : 32, 16 or 8
        Stride of the finest score map: FCN-32s, FCN-16s, FCN-8s.
    at_once : bool
        The release's FCN-8s "at once", not trained in stages: pool4 and pool3 are scaled by 0.01
        and 0.0001 before they are scored.
    upsampling : "fixed", "intermediate" or "learned"
        Which of the transposed convolutions, all bilinear at first, learn: none, as in the release;
        all but the last one, as in the paper; or all.
    grouped : bool
        Upsample each class by itself, without the zeros between different ones.
    padding : int
        Of the first convolution, 100 in the paper.
    width : int
        Channels of the first stage; the dense layers have 64 times as many.
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
    ...     model = FCN(3, 21, finest_stride=8)
    >>> model(torch.zeros(1, 3, 500, 375, device="meta")).shape
    torch.Size([1, 21, 500, 375])
    >>> sum(w.numel() for w in model.parameters() if w.requires_grad)
    134362751
    """

    def __init__(
        self,
        in_channels: int = 3,
        num_classes: int = 21,
        *,
        finest_stride: int = 8,
        at_once: bool = False,
        upsampling: str = "fixed",
        grouped: bool = False,
        padding: int = 100,
        width: int = 64,
        pretrained: bool = False,
    ) -> None:
        super().__init__()
        self.in_channels = whole_number(in_channels, "in_channels", 1)
        classes = whole_number(num_classes, "num_classes", 2)
        check_finest_stride(finest_stride, (32, 16, 8))
        check_choice(upsampling, "upsampling", UPSAMPLINGS)
        self.finest_stride, self.at_once = finest_stride, flag(at_once, "at_once")
        least = _LAST_CROP[finest_stride]
        self.offset = whole_number(padding, "padding", least) - least
        self.smallest = 195 - 2 * padding  # pool5 has 7 rows from here on; any picture at 100
        hidden = 64 * whole_number(width, "width", 1)
        self.normalize = Normalization(in_channels)
        self.stages = vgg16_stages(in_channels, width=width, first_padding=padding)
        self.pools = nn.ModuleList(nn.MaxPool2d(2, ceil_mode=True) for _ in self.stages)
        self.dense = nn.Sequential(
            *(nn.Conv2d(8 * width, hidden, 7), nn.ReLU(inplace=True), nn.Dropout(0.5)),
            *(nn.Conv2d(hidden, hidden, 1), nn.ReLU(inplace=True), nn.Dropout(0.5)),
        )
        he_initialization(self)
        self._add_ladder(classes, hidden, width, upsampling, flag(grouped, "grouped"))
        if flag(pretrained, "pretrained"):
            load_vgg16(self.stages, (self.dense[0], self.dense[3]))  # type: ignore[arg-type]

    def _add_ladder(
        self, classes: int, hidden: int, width: int, upsampling: str, grouped: bool
    ) -> None:
        groups = classes if grouped else 1
        self.score = nn.ModuleDict({"32": nn.Conv2d(hidden, classes, 1)})
        self.upsample = nn.ModuleDict()
        for stride, channels, *_ in _SKIPS:
            if stride >= self.finest_stride:
                self.score[str(stride)] = nn.Conv2d(channels * width // 64, classes, 1)
                self.upsample[str(stride)] = bilinear_upsampling(
                    classes, 2, groups=groups, fixed=upsampling == "fixed"
                )
        self.upsample["1"] = bilinear_upsampling(
            classes, self.finest_stride, groups=groups, fixed=upsampling != "learned"
        )
        for layer in self.score.values():  # a new skip starts as if it were not there
            nn.init.zeros_(layer.weight)  # type: ignore[arg-type]
            nn.init.zeros_(layer.bias)  # type: ignore[arg-type]

    def forward(self, images: Tensor) -> Tensor:
        """Return the scores of pictures of shape (N, C, H, W): a tensor of shape (N, K, H, W)."""
        check_images(images, self.in_channels, model=self)
        if min(images.shape[2:]) < self.smallest:
            refuse_size(images, lambda size: size >= self.smallest, "pool5 must have 7 x 7 for fc6")
        maps = self.normalize(images)
        pooled = []
        for stage, pool in zip(self.stages, self.pools, strict=True):
            maps = pool(stage(maps))
            pooled.append(maps)
        scores = self.score["32"](self.dense(maps))
        for stride, _, index, offset, scale in _SKIPS:
            if stride >= self.finest_stride:
                skip = pooled[index] * scale if self.at_once else pooled[index]
                rung = self.score[str(stride)](skip)
                scores = self.upsample[str(stride)](scores)
                scores = scores + crop(rung, offset, scores.shape[-2:])
        return crop(self.upsample["1"](scores), self.offset, images.shape[-2:])
