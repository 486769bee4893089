"""Recipe ``deeplabv3plus_camvid``: DeepLab v3+ on Xception-65 as its paper trained it, on a GPU.

From the paper: parts of 513 x 513, random scales, poly from 0.007, output stride 16. Batch 16 and
30,000 steps are from memory of it; the scales 0.5 to 2 are ours. No ImageNet weights of Xception-65
can be had here, so it begins from nothing, and less is to be expected of it than of the paper's.
"""

from __future__ import annotations

from torch import nn

from segviz.losses import cross_entropy
from segviz.training._batches import Pictures, read_pictures, scaled_parts
from segviz.training._scores import street_scores
from segviz.training.loop import Draw
from segviz.training.optimizers import sgd
from segviz.training.recipe import Network, Recipe


def draw(pictures: Pictures, model: nn.Module, batch_size: int) -> Draw:
    """Draw parts of enlarged or reduced pictures, or their mirror images."""
    return scaled_parts(pictures, batch_size, (513, 513), (0.5, 2.0))


RECIPE = Recipe(
    name="deeplabv3plus_camvid",
    title="DeepLab v3+ in its paper's size",
    set="camvid",
    size=(360, 480),
    networks={
        "deeplabv3plus_camvid": Network("deeplab_v3plus", {"in_channels": 3, "num_classes": 11})
    },
    loss=cross_entropy,
    augmentation="scales 0.5 to 2, mirror images",
    steps=30_000,
    batch_size=16,
    learning_rate=0.007,
    schedule="poly",
    budget=None,
    prepare=read_pictures,
    draw=draw,
    measure=street_scores,
    optimizer=sgd(0.9, 4e-5),
    save_every=1000,
    needs_gpu="30,000 steps of 2.6 T multiply-adds would take a CPU core three weeks. "
    "camvid_pretrained has a small network for it.",
)
