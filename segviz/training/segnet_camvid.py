"""Recipe ``segnet_camvid``: SegNet as its authors trained it, on a GPU.

Setting of the release: segnet_train.prototxt and segnet_solver.prototxt of SegNet-Tutorial. The
paper trained on 367 pictures or 3,433; here are 92. Unlike there, biases learn at the same rate as
weights, and decay as they do.
"""

from __future__ import annotations

from functools import partial

from torch import nn

from segviz.losses import cross_entropy
from segviz.training._batches import Pictures, read_pictures, whole_pictures
from segviz.training._scores import street_scores
from segviz.training.loop import Draw
from segviz.training.optimizers import sgd
from segviz.training.recipe import Network, Recipe

# Median frequency over the frequency of each class, in CamVid's order of the classes.
CLASS_WEIGHTS = (
    *(0.2595, 0.1826, 4.5640, 0.1417, 0.9051, 0.3826),
    *(9.6446, 1.8418, 0.6823, 6.2478, 7.3614),
)


def draw(pictures: Pictures, model: nn.Module, batch_size: int) -> Draw:
    """Draw pictures or their mirror images."""
    return whole_pictures(pictures, batch_size)


RECIPE = Recipe(
    name="segnet_camvid",
    title="SegNet in its paper's size",
    set="camvid",
    size=(360, 480),
    networks={
        "segnet_camvid": Network(
            "segnet", {"in_channels": 3, "num_classes": 11, "pretrained": True}
        )
    },
    loss=partial(cross_entropy, class_weight=CLASS_WEIGHTS),
    augmentation="mirror images",
    steps=40_000,
    batch_size=4,
    learning_rate=1e-3,
    schedule="constant",
    budget=None,
    prepare=read_pictures,
    draw=draw,
    measure=street_scores,
    optimizer=sgd(0.9, 5e-4),
    save_every=1000,
    needs_gpu="40,000 steps of 1.3 T multiply-adds would take a CPU core two weeks. "
    "camvid_decoders has a small SegNet for it.",
)
