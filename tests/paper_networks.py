"""Small rebuilds of networks from the papers, for tests: their layers, nothing about training."""

from __future__ import annotations

import torch
from torch import nn

VGG = [64, 64, "P", 128, 128, "P", 256, 256, 256, "P", 512, 512, 512, "P", 512, 512, 512, "P"]


def vgg_layers(first_padding: int = 1, in_channels: int = 3, *, keep: bool = False):
    """VGG-16's convolutions and pools; ``keep`` returns the pools' indices."""
    made, channels = [], in_channels
    for width in VGG:
        if width == "P":
            made.append(nn.MaxPool2d(2, ceil_mode=True, return_indices=keep))
        else:
            padding = 1 if made else first_padding
            made += [nn.Conv2d(channels, width, 3, padding=padding), nn.ReLU(inplace=True)]
            channels = width
    return made


class FCN32s(nn.Module):
    """Long, Shelhamer, Darrell 2015: VGG-16 with pad 100, fc6 7x7, upsampling 64x64 by 32."""

    def __init__(self, classes: int = 21):
        super().__init__()
        self.features = nn.Sequential(*vgg_layers(first_padding=100))
        self.fc6 = nn.Conv2d(512, 4096, 7)
        self.fc7 = nn.Conv2d(4096, 4096, 1)
        self.score = nn.Conv2d(4096, classes, 1)
        self.upscore = nn.ConvTranspose2d(classes, classes, 64, 32, bias=False)
        self.upscore.weight.requires_grad_(False)

    def forward(self, x):
        h = self.features(x)
        h = torch.relu(self.fc7(torch.relu(self.fc6(h))))
        h = self.upscore(self.score(h))
        return h[:, :, 19 : 19 + x.shape[2], 19 : 19 + x.shape[3]]


def double(inputs: int, outputs: int, conv=nn.Conv2d, **form):
    return nn.Sequential(
        conv(inputs, outputs, 3, **form), nn.ReLU(), conv(outputs, outputs, 3, **form), nn.ReLU()
    )


class UNet(nn.Module):
    """Ronneberger, Fischer, Brox 2015, Fig. 1: no padding, skips cropped in the middle."""

    def __init__(self, in_channels: int = 1, classes: int = 2, width: int = 64, levels: int = 4):
        super().__init__()
        widths = [width * 2**level for level in range(levels + 1)]
        self.down = nn.ModuleList(
            double(a, b) for a, b in zip([in_channels, *widths[:-2]], widths[:-1], strict=True)
        )
        self.pool = nn.MaxPool2d(2)
        self.bottom = double(widths[-2], widths[-1])
        pairs = list(zip(widths[:0:-1], widths[-2::-1], strict=True))
        self.up = nn.ModuleList(nn.ConvTranspose2d(a, b, 2, 2) for a, b in pairs)
        self.merge = nn.ModuleList(double(a, b) for a, b in pairs)
        self.head = nn.Conv2d(width, classes, 1)

    def forward(self, x):
        skips = []
        for block in self.down:
            x = block(x)
            skips.append(x)
            x = self.pool(x)
        x = self.bottom(x)
        for up, merge in zip(self.up, self.merge, strict=True):
            x = up(x)
            x = merge(torch.cat([self.cropped(skips.pop(), x), x], 1))
        return self.head(x)

    @staticmethod
    def cropped(skip, x):
        top, left = ((a - b) // 2 for a, b in zip(skip.shape[2:], x.shape[2:], strict=True))
        return skip[:, :, top : top + x.shape[2], left : left + x.shape[3]]


class PaddedUNet(nn.Module):
    """The common variant: padded convolutions, nothing cropped; edges divisible by 2**levels."""

    def __init__(self, conv=nn.Conv2d, pool=nn.MaxPool2d, up=nn.ConvTranspose2d, levels: int = 2):
        super().__init__()
        widths = [4 * 2**level for level in range(levels + 1)]
        form = {"conv": conv, "padding": 1}
        self.down = nn.ModuleList(
            double(a, b, **form) for a, b in zip([1, *widths[:-2]], widths[:-1], strict=True)
        )
        self.pool = pool(2)
        self.bottom = double(widths[-2], widths[-1], **form)
        pairs = list(zip(widths[:0:-1], widths[-2::-1], strict=True))
        self.up = nn.ModuleList(up(a, b, 2, 2) for a, b in pairs)
        self.merge = nn.ModuleList(double(a, b, **form) for a, b in pairs)

    def forward(self, x):
        skips = []
        for block in self.down:
            x = block(x)
            skips.append(x)
            x = self.pool(x)
        x = self.bottom(x)
        for up, merge in zip(self.up, self.merge, strict=True):
            x = merge(torch.cat([skips.pop(), up(x)], 1))
        return x


class SegNet(nn.Module):
    """Badrinarayanan, Kendall, Cipolla 2017: max-unpooling by the encoder's indices."""

    def __init__(self, classes: int = 11, *, sizes_kept: bool = True):
        super().__init__()
        self.encoder = nn.ModuleList(vgg_layers(keep=True))
        self.unpool = nn.MaxUnpool2d(2)
        self.sizes_kept = sizes_kept
        self.decoder = nn.ModuleList()
        channels = 512
        for widths in ([512] * 3, [512, 512, 256], [256, 256, 128], [128, 64], [64, classes]):
            stage = []
            for width in widths:
                stage += [nn.Conv2d(channels, width, 3, padding=1), nn.BatchNorm2d(width)]
                stage += [nn.ReLU()]
                channels = width
            self.decoder.append(nn.Sequential(*stage))
        del self.decoder[-1][-2:]  # the last convolution is the classifier

    def forward(self, x):
        kept = []
        for layer in self.encoder:
            if isinstance(layer, nn.MaxPool2d):
                size = x.shape[2:]
                x, indices = layer(x)
                kept.append((indices, size))
            else:
                x = layer(x)
        for stage in self.decoder:
            indices, size = kept.pop()
            x = stage(self.unpool(x, indices, output_size=size if self.sizes_kept else None))
        return x


class ASPP(nn.Module):
    """DeepLab: a stride-8 trunk, then parallel atrous convolutions and image pooling."""

    def __init__(self, rates=(6, 12, 18, 24), *, image_pooling: bool = False):
        super().__init__()
        self.trunk = nn.Sequential(
            *[nn.Conv2d(a, 4, 3, stride=2, padding=1) for a in (3, 4, 4)], nn.ReLU()
        )
        self.branches = nn.ModuleList(nn.Conv2d(4, 4, 3, padding=r, dilation=r) for r in rates)
        self.image_pooling = image_pooling

    def forward(self, x):
        h = self.trunk(x)
        made = [branch(h) for branch in self.branches]
        if self.image_pooling:
            mean = h.mean((2, 3), keepdim=True)
            made.append(nn.functional.interpolate(mean, h.shape[2:], mode="bilinear"))
        return torch.cat(made, 1)


class N4(nn.Sequential):
    """Ciresan et al. 2012: the patch classifier of 95x95 windows."""

    def __init__(self):
        convolutions, channels = [], 1
        for kernel_size in (4, 5, 4, 4):
            convolutions += [nn.Conv2d(channels, 48, kernel_size), nn.Tanh(), nn.MaxPool2d(2)]
            channels = 48
        super().__init__(
            *convolutions, nn.Flatten(), nn.Linear(432, 200), nn.Tanh(), nn.Linear(200, 2)
        )
