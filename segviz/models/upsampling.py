"""How networks enlarge their maps: by interpolation, fixed or learned, and by up-convolutions."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from segviz.ops.upsampling import bilinear_kernel


def enlarge(maps: Tensor, factor: int, size: Sequence[int]) -> Tensor:
    """Resize maps so that unit i comes to stand on row ``factor * i``, and to ``size`` rows.

    So do the centres of convolutions with odd kernels, padded on both sides alike. Where the last
    unit stands before the last row it is repeated.

    Examples
    --------
    >>> enlarge(torch.tensor([[[[0., 4., 8.]]]]), 2, (1, 6))
    tensor([[[[0., 2., 4., 6., 8., 8.]]]])
    """
    rows, columns = (factor * (n - 1) + 1 for n in maps.shape[-2:])
    maps = F.interpolate(maps, size=(rows, columns), mode="bilinear", align_corners=True)
    if rows > size[0] or columns > size[1]:
        maps = maps[..., : size[0], : size[1]]
    right, below = max(size[1] - columns, 0), max(size[0] - rows, 0)
    return F.pad(maps, (0, right, 0, below), mode="replicate") if right or below else maps


def bilinear_upsampling(
    channels: int, factor: int, *, groups: int = 1, fixed: bool = False
) -> nn.ConvTranspose2d:
    """Return a transposed convolution that enlarges by bilinear interpolation, fixed on request.

    Its kernels are ``2 * factor`` wide and mix no channels; without groups, the rest are zeros.
    """
    size = 2 * factor
    layer = nn.ConvTranspose2d(channels, channels, size, factor, groups=groups, bias=False)
    weight = torch.zeros(layer.weight.shape)
    partners = range(channels) if groups == 1 else [0] * channels
    weight[range(channels), partners] = torch.from_numpy(bilinear_kernel((size, size))).to(weight)
    layer.load_state_dict({"weight": weight})
    layer.weight.requires_grad_(not fixed)
    return layer


class UpConvolution(nn.ConvTranspose2d):
    """A transposed convolution that doubles a map: a kernel of 2 x 2 at stride 2.

    Weights and results are those of ``nn.ConvTranspose2d``, but for a rounding more in bfloat16. On
    a CPU, torch takes longer over the gradient of that layer's bias in bfloat16 than over all the
    rest of it (torch 2.14, oneDNN), and adds a bias slowly to channels last; added to whole rows,
    it costs next to nothing.

    >>> layer = UpConvolution(1, 1)
    >>> _ = nn.init.constant_(layer.weight, 2), nn.init.constant_(layer.bias, 1)
    >>> layer(torch.tensor([[[[1., 3.]]]])).tolist()
    [[[[3.0, 3.0, 7.0, 7.0], [3.0, 3.0, 7.0, 7.0]]]]
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__(in_channels, out_channels, 2, stride=2)

    def forward(self, maps: Tensor, output_size: list[int] | None = None) -> Tensor:
        """Return maps (N, K, 2 H, 2 W) of maps (N, C, H, W)."""
        bias, slow = self.bias, maps.dtype == torch.bfloat16 and maps.device.type == "cpu"
        if bias is None or not slow or maps.ndim != 4 or output_size:
            return super().forward(maps, output_size)
        maps = F.conv_transpose2d(maps, self.weight, stride=2)
        rows = maps.permute(0, 2, 3, 1).flatten(2)
        rows = rows + bias.to(rows.dtype).repeat(maps.shape[3])
        return rows.unflatten(2, (-1, maps.shape[1])).permute(0, 3, 1, 2)
