"""Recipe ``unet_isbi2012``: U-Net as its paper trained it, on a GPU.

From the paper: tiles of 572 x 572 one at a time, momentum 0.99, rotations, shifts, grey values,
vectors on a 3 x 3 grid of 10 pixels. Learning rate, weight decay and steps are not in it: ours.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from segviz.datasets import Samples
from segviz.losses import cross_entropy
from segviz.models.blocks import mirror_pad
from segviz.training._batches import Pictures, bent, gain_and_offset, read_pictures
from segviz.training._scores import membrane_scores
from segviz.training.loop import Draw
from segviz.training.optimizers import sgd
from segviz.training.recipe import Network, Recipe

MARGIN = 92  # pixels that the network takes off each side
TILE = 388


def prepare(samples: Samples, progress: bool) -> Pictures:
    """Read every slice, with the borders mirrored outwards."""
    pictures = read_pictures(samples, progress)
    margins = (MARGIN, MARGIN)
    masks = mirror_pad(pictures.masks[:, None].float(), margins, margins)[:, 0].long()
    return Pictures(mirror_pad(pictures.images, margins, margins), masks)


def draw(pictures: Pictures, model: nn.Module, batch_size: int) -> Draw:
    """Draw tiles: shifted, bent, turned, mirrored, of another exposure."""
    side = TILE + 2 * MARGIN
    limits = [length - side + 1 for length in pictures.masks.shape[1:]]

    def one(generator: torch.Generator) -> tuple[Tensor, Tensor]:
        picture, row, column, turns, mirrored = (
            int(torch.randint(limit, (), generator=generator))
            for limit in (len(pictures.images), *limits, 4, 2)
        )
        place = slice(row, row + side), slice(column, column + side)
        image, mask = pictures.images[picture][:, *place], pictures.masks[picture][place]
        parts = []
        for maps in bent(image, mask, 3, 10.0, generator):
            turned = torch.rot90(maps, turns, (-2, -1))
            parts.append(turned.flip(-1) if mirrored else turned)
        inner = slice(MARGIN, MARGIN + TILE)
        return gain_and_offset(parts[0], generator), parts[1][inner, inner]

    def next_batch(generator: torch.Generator) -> tuple[Tensor, Tensor]:
        images, masks = zip(*(one(generator) for _ in range(batch_size)), strict=True)
        return torch.stack(images), torch.stack(masks)

    return next_batch


class WholePictures(nn.Module):
    """The network on pictures of any size: borders are mirrored until there is a score for each."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, images: Tensor) -> Tensor:
        height, width = images.shape[-2:]
        # Sizes that fit leave a remainder of 12 when divided by 16.
        rows, columns = (MARGIN + (12 - n - 2 * MARGIN) % 16 for n in (height, width))
        padded = mirror_pad(images, (MARGIN, MARGIN), (rows, columns))
        return self.model(padded)[..., :height, :width]


def measure(model: nn.Module, samples: Samples, progress: bool) -> dict[str, float]:
    """Segment the test slices, each as a whole."""
    return membrane_scores(WholePictures(model), samples, progress)


RECIPE = Recipe(
    name="unet_isbi2012",
    title="U-Net in its paper's size",
    set="em_isbi2012",
    size=None,
    networks={"unet_isbi2012": Network("unet", {"in_channels": 1, "num_classes": 2})},
    loss=cross_entropy,
    augmentation="shifts, eight positions, elastic, gain and offset",
    steps=30_000,
    batch_size=1,
    learning_rate=1e-3,
    schedule="poly",
    budget=None,
    prepare=prepare,
    draw=draw,
    measure=measure,
    optimizer=sgd(0.99),
    save_every=1000,
    needs_gpu="30,000 steps of 0.45 T multiply-adds would take a CPU core four days. "
    "em_unet has a small U-Net for it.",
)
