"""Recipe ``em_unet``: a small U-Net of cell membranes, with skips and without, for lecture 07."""

from __future__ import annotations

from torch import nn

from segviz.losses import cross_entropy
from segviz.training._batches import Pictures, gain_and_offset, read_pictures, turned_tiles
from segviz.training._scores import membrane_scores
from segviz.training.loop import Draw
from segviz.training.recipe import Network, Recipe

TILE = 128


def draw(pictures: Pictures, model: nn.Module, batch_size: int) -> Draw:
    """Draw tiles, turned, mirrored, and as another exposure would show them."""
    return turned_tiles(pictures, batch_size, TILE, gain_and_offset)


def _network(skips: bool, **goals: float) -> Network:
    variant = {"in_channels": 1, "num_classes": 2, "width": 16, "depth": 3, "padded": True}
    return Network("unet", {**variant, "skips": skips}, at_least=goals)


RECIPE = Recipe(
    name="em_unet",
    title="Find membranes with a U-Net, with its skips and without",
    set="em_isbi2012",
    size=(256, 256),
    networks={
        "em_unet": _network(True, membrane_iou=0.55),
        "em_unet_without_skips": _network(False),
    },
    loss=cross_entropy,
    augmentation="quarter turns, mirror images, gain and offset",
    steps=250,
    batch_size=4,
    learning_rate=1e-3,
    schedule="one_cycle",
    budget=60,
    prepare=read_pictures,
    draw=draw,
    measure=membrane_scores,
    stored="float16",
)
