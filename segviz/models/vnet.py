"""V-Net: the way down and up again in three dimensions, each stage learning a residual.

F. Milletari, N. Navab, S.-A. Ahmadi, "V-Net: fully convolutional neural networks for volumetric
medical image segmentation", 3DV 2016, figure 2 and table 1.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from segviz.models._requirements import (
    check_choice,
    check_depth,
    check_statistics,
    refuse_size,
)
from segviz.models.blocks import check_images, he_initialization
from segviz.ops._checks import whole_number

FORMS = ("paper", "release")
NORMS: dict[str | None, type[nn.Module]] = {
    None: nn.Identity, "batch": nn.BatchNorm3d, "instance": nn.InstanceNorm3d,
}  # fmt: skip


class VNet(nn.Module):
    """The network of the paper's figure 2: a volume in, the scores of every voxel out.

    The paper takes the softmax of the scores; here, as in every network of the course, the loss
    does. Of several input channels the first stage's residual is tiled as the one channel is.

    Parameters
    ----------
    in_channels, num_classes : int
    width : int
        Channels of the first stage; every stage below has twice as many.
    depth : int
        How many times the volume is halved.
    form : "paper" or "release"
        The authors' definition has a convolution less in the first stages below the top, and a
        5 x 5 x 5 convolution with PReLU before the last one.
    norm : None, "instance" or "batch"
        Normalisation behind every convolution of a stage. The paper has none; a small copy trains
        faster with it.

    Raises
    ------
    ValueError, TypeError
        If an argument is illegal; at a volume that cannot be halved ``depth`` times, with the
        nearest sizes that can.

    Examples
    --------
    >>> with torch.device("meta"):
    ...     model = VNet()
    >>> sum(weight.numel() for weight in model.parameters())
    65175314
    >>> model(torch.zeros(1, 1, 64, 128, 128, device="meta")).shape
    torch.Size([1, 2, 64, 128, 128])
    """

    def __init__(
        self,
        in_channels: int = 1,
        num_classes: int = 2,
        *,
        width: int = 16,
        depth: int = 4,
        form: str = "paper",
        norm: str | None = None,
    ) -> None:
        super().__init__()
        self.in_channels = whole_number(in_channels, "in_channels", 1)
        classes = whole_number(num_classes, "num_classes", 2)
        check_choice(form, "form", FORMS)
        check_choice(norm, "norm", tuple(NORMS))
        self.norm = norm
        levels = range(check_depth(depth) + 1)
        widths = [whole_number(width, "width", 1) * 2**level for level in levels]
        # 1, 2, 3, 3, 3 convolutions in the paper, 1, 1, 2, 3, 3 in the release.
        counts = [min(max(level + (form == "paper"), 1), 3) for level in levels]
        self.left = nn.ModuleList(
            _Residual(self.in_channels if level == 0 else widths[level], widths[level], n, norm)
            for level, n in zip(levels, counts, strict=True)
        )
        self.down = nn.ModuleList(
            nn.Sequential(nn.Conv3d(a, b, 2, stride=2), nn.PReLU(b)) for a, b in pairwise(widths)
        )
        self.up, self.right = nn.ModuleList(), nn.ModuleList()
        below = widths[-1]
        for channels, count in zip(widths[-2::-1], counts[-2::-1], strict=True):
            enlarge = nn.ConvTranspose3d(below, channels, 2, stride=2)
            below = 2 * channels  # of the map from below and the one beside it
            self.up.append(nn.Sequential(enlarge, nn.PReLU(channels)))
            self.right.append(_Residual(below, below, count, norm))
        self.head = _head(below, classes, form)
        he_initialization(self)

    def forward(self, volumes: Tensor) -> Tensor:
        """Return the scores of volumes (N, C, D, H, W): a tensor of shape (N, K, D, H, W)."""
        maps = check_images(volumes, self.in_channels, "volumes", axes=3, model=self)
        beside: list[Tensor] = []
        for stage, down in zip(self.left, self.down, strict=False):
            maps = stage(maps)
            beside.append(maps)
            if any(size % 2 for size in maps.shape[2:]):
                sizes = " x ".join(map(str, maps.shape[2:]))
                reason = f"a map of {sizes} cannot be halved"
                single = 2 ** len(self.down) if self._needs_several(len(volumes)) else 0
                refuse_size(volumes, self._fits, reason, "volumes", single)
            maps = down(maps)
        maps = self.left[-1](maps)
        for up, stage in zip(self.up, self.right, strict=True):
            maps = stage(torch.cat([up(maps), beside.pop()], 1))
        return self.head(maps)

    def _fits(self, size: int) -> bool:
        return size % 2 ** len(self.down) == 0

    def _needs_several(self, volumes: int) -> bool:
        """Tell whether a norm over a single voxel would leave nothing of it."""
        alone = self.norm == "batch" and self.training and volumes == 1
        return alone or self.norm == "instance"


class _Residual(nn.Module):
    """Convolutions of 5 x 5 x 5 with PReLU; the last one meets its input before that."""

    def __init__(self, in_channels: int, channels: int, count: int, norm: str | None) -> None:
        super().__init__()
        self.norm = norm
        layers: list[nn.Module] = []
        for inputs in [in_channels, *[channels] * (count - 1)]:
            layers += [nn.Conv3d(inputs, channels, 5, padding=2), _norm(norm, channels)]
            layers += [nn.PReLU(channels)]
        self.layers, self.activation = nn.Sequential(*layers[:-1]), layers[-1]

    def forward(self, maps: Tensor) -> Tensor:
        if self.norm == "batch":
            check_statistics(maps, self.layers[1])
        if self.norm == "instance" and maps.shape[2:].numel() == 1:
            raise ValueError(
                "an instance norm cannot run on a map of one voxel, 1 x 1 x 1: it has no variance. "
                "Give larger volumes, or use norm=None."
            )
        learned = self.layers(maps)
        return self.activation(learned + _tiled(maps, learned.shape[1]))


def _norm(norm: str | None, channels: int) -> nn.Module:
    return NORMS[norm]() if norm is None else NORMS[norm](channels, affine=True)


def _tiled(maps: Tensor, channels: int) -> Tensor:
    """Repeat the channels until there are that many; torch repeats a single one by itself."""
    if maps.shape[1] in (1, channels):
        return maps
    return torch.cat([maps] * -(-channels // maps.shape[1]), 1)[:, :channels]


def _head(in_channels: int, classes: int, form: str) -> nn.Sequential:
    layers: list[nn.Module] = []
    if form == "release":
        layers = [nn.Conv3d(in_channels, classes, 5, padding=2), nn.PReLU(classes)]
        in_channels = classes
    return nn.Sequential(*layers, nn.Conv3d(in_channels, classes, 1))
