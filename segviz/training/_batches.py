"""How the recipes draw their batches: parts of pictures, turned and mirrored."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor
from tqdm.auto import tqdm

from segviz.datasets import Samples
from segviz.datasets.samples import VOID
from segviz.training.loop import Draw


@dataclass(frozen=True)
class Pictures:
    """Pictures of one size and their masks: (n, C, H, W) and (n, H, W)."""

    images: Tensor
    masks: Tensor


def read_pictures(samples: Samples, progress: bool) -> Pictures:
    """Read every picture once; all must have the same size."""
    read = list(tqdm(samples, desc="pictures", disable=not progress))
    return Pictures(
        torch.stack([sample.image for sample in read]),
        torch.stack([sample.labels()["mask"] for sample in read]),
    )


def whole_pictures(pictures: Pictures, batch_size: int) -> Draw:
    """Draw pictures or their mirror images."""

    def next_batch(generator: torch.Generator) -> tuple[Tensor, Tensor]:
        chosen = torch.randint(len(pictures.images), (batch_size,), generator=generator)
        mirrored = torch.rand(batch_size, generator=generator) < 0.5
        images, masks = pictures.images[chosen], pictures.masks[chosen]
        return (
            torch.where(mirrored[:, None, None, None], images.flip(-1), images),
            torch.where(mirrored[:, None, None], masks.flip(-1), masks),
        )

    return next_batch


def turned_tiles(
    pictures: Pictures,
    batch_size: int,
    size: int,
    shade: Callable[[Tensor, torch.Generator], Tensor] = lambda tile, generator: tile,
) -> Draw:
    """Draw square parts in one of their eight positions; ``shade`` changes the image alone."""
    _, _, height, width = pictures.images.shape

    def one(generator: torch.Generator) -> tuple[Tensor, Tensor]:
        limits = len(pictures.images), height - size + 1, width - size + 1, 4, 2
        picture, row, column, turns, mirrored = (
            int(torch.randint(limit, (), generator=generator)) for limit in limits
        )
        parts = []
        for maps in (pictures.images[picture], pictures.masks[picture]):
            part = torch.rot90(maps[..., row : row + size, column : column + size], turns, (-2, -1))
            parts.append(part.flip(-1) if mirrored else part)
        return shade(parts[0], generator), parts[1]

    def next_batch(generator: torch.Generator) -> tuple[Tensor, Tensor]:
        images, masks = zip(*(one(generator) for _ in range(batch_size)), strict=True)
        return torch.stack(images), torch.stack(masks)

    return next_batch


def gain_and_offset(image: Tensor, generator: torch.Generator) -> Tensor:
    """Change contrast and brightness a little, as another exposure would."""
    gain, offset = torch.rand(2, generator=generator).tolist()
    return ((image - 0.5) * (0.8 + 0.4 * gain) + 0.5 + 0.2 * (offset - 0.5)).clamp(0, 1)


def scaled_parts(
    pictures: Pictures, batch_size: int, size: tuple[int, int], scales: tuple[float, float]
) -> Draw:
    """Draw parts of pictures enlarged or reduced at random, or their mirror images.

    What lies outside a picture that has become smaller than the part is grey, and void.
    """

    def one(generator: torch.Generator) -> tuple[Tensor, Tensor]:
        picture = int(torch.randint(len(pictures.images), (), generator=generator))
        share, mirrored = torch.rand(2, generator=generator).tolist()
        scale = scales[0] + (scales[1] - scales[0]) * share
        rows, columns = (max(1, round(scale * n)) for n in pictures.masks.shape[1:])
        image = F.interpolate(
            pictures.images[picture][None], (rows, columns), mode="bilinear", align_corners=False
        )[0]
        mask = F.interpolate(pictures.masks[picture][None, None].float(), (rows, columns))[0, 0]
        outside = (0, max(0, size[1] - columns), 0, max(0, size[0] - rows))
        image, mask = F.pad(image, outside, value=0.5), F.pad(mask, outside, value=VOID)
        row, column = (
            int(torch.randint(have - want + 1, (), generator=generator))
            for have, want in zip(mask.shape, size, strict=True)
        )
        image, mask = (
            maps[..., row : row + size[0], column : column + size[1]] for maps in (image, mask)
        )
        return (image.flip(-1), mask.flip(-1).long()) if mirrored < 0.5 else (image, mask.long())

    def next_batch(generator: torch.Generator) -> tuple[Tensor, Tensor]:
        images, masks = zip(*(one(generator) for _ in range(batch_size)), strict=True)
        return torch.stack(images), torch.stack(masks)

    return next_batch


def bent(
    image: Tensor, mask: Tensor, grid: int, spread: float, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Move every pixel by a smooth field: random vectors on a coarse grid, interpolated.

    ``image`` has shape (C, H, W) or (C, D, H, W), ``mask`` the same without C; ``grid`` counts the
    vectors along each axis, whose parts have a standard deviation of ``spread`` pixels. Outside is
    the mirror image. Labels are picked, never mixed.
    """
    axes, size = mask.ndim, mask.shape
    vectors = spread * torch.randn((1, axes, *[grid] * axes), generator=generator)
    mode = "bicubic" if axes == 2 else "trilinear"
    moves = F.interpolate(vectors, size, mode=mode, align_corners=True)[0]
    places = torch.meshgrid(*(torch.arange(n).float() for n in size), indexing="ij")
    # grid_sample counts from -1 to 1, middle of the first pixel to that of the last; last axis
    # first.
    parts = [2 * (p + m) / max(n - 1, 1) - 1 for p, m, n in zip(places, moves, size, strict=True)]
    where = torch.stack(parts[::-1], -1)[None]
    moved, picked = (
        F.grid_sample(maps, where, mode=mode, padding_mode="reflection", align_corners=True)[0]
        for maps, mode in ((image[None], "bilinear"), (mask[None, None].float(), "nearest"))
    )
    return moved, picked[0].long()
