"""How the recipes draw their batches: parts of pictures, turned and mirrored."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from tqdm.auto import tqdm

from segviz.datasets import Samples
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
