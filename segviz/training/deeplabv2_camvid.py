"""Recipe ``deeplabv2_camvid``: DeepLab v2 on ResNet-101 as its paper trained it, on a GPU.

From the paper and a port of the authors' models: ten parts of 321 x 321 a step, scales 0.5 to 1.5,
poly from 2.5e-4 over 20,000 steps, batch norm kept as ImageNet left it; the loss is taken at stride
8. Without the set that it was pretrained on next, MS-COCO, and with one learning rate for all.
"""

from __future__ import annotations

from torch import Tensor, nn

from segviz.losses import cross_entropy
from segviz.training._batches import Pictures, read_pictures, scaled_parts
from segviz.training._scores import street_scores
from segviz.training.loop import Draw
from segviz.training.optimizers import sgd
from segviz.training.recipe import Network, Recipe

STRIDE = 8


class AtStride(nn.Module):
    """The network with its scores as they are before they are enlarged."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, images: Tensor) -> Tensor:
        return self.model.scores(images)  # type: ignore[operator]


def loss(scores: Tensor, target: Tensor) -> Tensor:
    """Return the cross-entropy with every eighth label along each axis."""
    return cross_entropy(scores, target[..., ::STRIDE, ::STRIDE].contiguous())


def draw(pictures: Pictures, model: nn.Module, batch_size: int) -> Draw:
    """Draw parts of enlarged or reduced pictures, or their mirror images."""
    return scaled_parts(pictures, batch_size, (321, 321), (0.5, 1.5))


VARIANT = {"in_channels": 3, "num_classes": 11, "backbone": "resnet101", "form": "torchvision"}

RECIPE = Recipe(
    name="deeplabv2_camvid",
    title="DeepLab v2 in its paper's size",
    set="camvid",
    size=(360, 480),
    networks={
        "deeplabv2_camvid": Network(
            "deeplab_v2", {**VARIANT, "pretrained": True, "frozen_norm": True}
        )
    },
    loss=loss,
    augmentation="scales 0.5 to 1.5, mirror images",
    steps=20_000,
    batch_size=10,
    learning_rate=2.5e-4,
    schedule="poly",
    budget=None,
    prepare=read_pictures,
    draw=draw,
    measure=street_scores,
    trained=AtStride,
    optimizer=sgd(0.9, 5e-4),
    save_every=1000,
    needs_gpu="20,000 steps of 2.2 T multiply-adds would take a CPU core two weeks. "
    "camvid_pretrained has a small network for it.",
)
