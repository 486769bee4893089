"""Recipe ``fcn8s_camvid``: FCN-8s on VGG-16 as its authors trained it, on a GPU.

Setting of the release "at once": train.prototxt and solver.prototxt of voc-fcn8s-atonce. One
picture a step, the loss summed over its pixels, momentum 0.99, all upsampling fixed. The solver
trains on other pictures, PASCAL VOC; how long on 92 of CamVid is not known, so as long.
Unlike there, biases learn at the same rate as weights, where the release has twice that.
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


def draw(pictures: Pictures, model: nn.Module, batch_size: int) -> Draw:
    """Draw pictures or their mirror images; the paper found that these change nothing."""
    return whole_pictures(pictures, batch_size)


RECIPE = Recipe(
    name="fcn8s_camvid",
    title="FCN-8s in its paper's size",
    set="camvid",
    size=(360, 480),
    networks={
        "fcn8s_camvid": Network(
            "fcn8s", {"in_channels": 3, "num_classes": 11, "pretrained": True, "at_once": True}
        )
    },
    loss=partial(cross_entropy, reduction="sum"),
    augmentation="mirror images",
    steps=300_000,
    batch_size=1,
    learning_rate=1e-10,  # of the summed loss: 1.7e-5 of the mean one at this size
    schedule="constant",
    budget=None,
    prepare=read_pictures,
    draw=draw,
    measure=street_scores,
    optimizer=sgd(0.99, 5e-4),
    save_every=1000,
    needs_gpu="300,000 steps of 0.42 T multiply-adds would take a CPU core five weeks. "
    "camvid_ladder has small networks for it.",
)
