"""Recipe ``camvid_decoders``: four ways up again in a small SegNet, for lecture 05."""

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


def _network(upsampling: str, skips: bool = False) -> Network:
    variant = {"in_channels": 3, "num_classes": 11, "width": 8}
    return Network("segnet", {**variant, "upsampling": upsampling, "skips": skips})


RECIPE = Recipe(
    name="camvid_decoders",
    title="Enlarge by indices, bilinearly, transposed, or with skips",
    set="camvid",
    size=(128, 160),
    networks={
        "camvid_indices": _network("indices"),
        "camvid_bilinear": _network("bilinear"),
        "camvid_transposed": _network("transposed"),
        "camvid_skips": _network("bilinear", skips=True),
    },
    loss=cross_entropy,
    augmentation="mirror images",
    steps=120,
    batch_size=8,
    learning_rate=4e-3,
    schedule="one_cycle",
    budget=60,
    prepare=read_pictures,
    draw=draw,
    measure=street_scores,
    stored="float16",
)
