"""Recipe ``camvid_pretrained``: what ImageNet weights are worth, for lecture 04."""

from __future__ import annotations

from torch import nn

from segviz.losses import cross_entropy
from segviz.training._batches import Pictures, read_pictures, whole_pictures
from segviz.training._scores import street_scores
from segviz.training.loop import Draw
from segviz.training.recipe import Network, Recipe


def draw(pictures: Pictures, model: nn.Module, batch_size: int) -> Draw:
    """Draw pictures or their mirror images."""
    return whole_pictures(pictures, batch_size)


def _network(pretrained: bool, **goals: float) -> Network:
    variant = {"backbone": "efficientnet_lite0", "in_channels": 3, "num_classes": 11}
    variant |= {"coarsest_stride": 16, "pretrained": pretrained, "frozen": False}
    return Network("fcn8s", variant, at_least=goals)


RECIPE = Recipe(
    name="camvid_pretrained",
    title="Train a backbone with its heads, from ImageNet weights and from scratch",
    set="camvid",
    size=(128, 160),
    networks={
        "camvid_pretrained": _network(True, mean_iou=0.37),
        "camvid_scratch": _network(False),
    },
    loss=cross_entropy,
    augmentation="mirror images",
    steps=120,
    batch_size=8,
    learning_rate=3e-3,
    schedule="one_cycle",
    budget=60,
    prepare=read_pictures,
    draw=draw,
    measure=street_scores,
    stored="float16",
)
