"""Recipe ``vnet_hippocampus``: V-Net as its paper trained it, on another organ, on a GPU.

From the paper: two volumes a step, momentum 0.99, learning rate 1e-4 divided by 10 every 25,000
steps, Dice. Its volumes are 128 x 128 x 64 and are bent by 15 voxels; these are 48 x 64 x 48, by 5.
"""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor, nn

from segviz.losses import dice_loss
from segviz.training._batches import bent
from segviz.training.hippo_vnet import Volumes, measure, prepare
from segviz.training.loop import Draw
from segviz.training.optimizers import divided, sgd
from segviz.training.recipe import Network, Recipe

BOX = (48, 64, 48)  # each side a multiple of 16, for four halvings


def draw(volumes: Volumes, model: nn.Module, batch_size: int) -> Draw:
    """Draw volumes, bent."""

    def one(generator: torch.Generator) -> tuple[Tensor, Tensor]:
        volume = int(torch.randint(len(volumes.images), (), generator=generator))
        return bent(volumes.images[volume], volumes.masks[volume], 2, 5.0, generator)

    def next_batch(generator: torch.Generator) -> tuple[Tensor, Tensor]:
        images, masks = zip(*(one(generator) for _ in range(batch_size)), strict=True)
        return torch.stack(images), torch.stack(masks)

    return next_batch


RECIPE = Recipe(
    name="vnet_hippocampus",
    title="V-Net in its paper's size",
    set="hippocampus",
    size=BOX,
    networks={"vnet_hippocampus": Network("vnet", {"in_channels": 1, "num_classes": 3})},
    loss=dice_loss,
    augmentation="vectors on a 2 x 2 x 2 grid, 5 voxels",
    steps=30_000,
    batch_size=2,
    learning_rate=1e-4,
    schedule=divided(by=10, every=25_000),
    budget=None,
    prepare=partial(prepare, box=BOX),
    draw=draw,
    measure=partial(measure, box=BOX),
    optimizer=sgd(0.99),
    save_every=1000,
    needs_gpu="30,000 steps of 0.4 T multiply-adds would take a CPU core four days.",
)
