"""Recipe ``camvid_ladder``: FCN-32s, 16s, 8s, 4s on a frozen backbone, for lecture 04."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from tqdm.auto import tqdm

from segviz.datasets import Samples
from segviz.losses import cross_entropy
from segviz.models import EfficientNetLite0, FCNLadder
from segviz.training._scores import street_scores
from segviz.training.devices import device
from segviz.training.loop import Draw
from segviz.training.recipe import Network, Recipe


@dataclass(frozen=True)
class Features:
    """What the frozen backbone makes of the training pictures and of their mirror images."""

    maps: dict[int, Tensor]  # stride -> (pictures, channels, rows, columns)
    masks: Tensor


@torch.no_grad()
def prepare(samples: Samples, progress: bool) -> Features:
    """Run the backbone once; it does not change, so every step would compute the same again."""
    backbone = EfficientNetLite0().eval().to(device(), memory_format=torch.channels_last)  # type: ignore[call-overload]
    maps: dict[int, list[Tensor]] = {stride: [] for stride in backbone.channels if stride >= 4}
    masks = []
    for sample in tqdm(samples, desc="features", disable=not progress):
        both = torch.stack([sample.image, sample.image.flip(-1)]).to(device())
        found = backbone(both.contiguous(memory_format=torch.channels_last))
        for stride, kept in maps.items():
            kept.append(found[stride].cpu())
        mask = sample.labels()["mask"]
        masks += [mask, mask.flip(-1)]
    return Features({s: torch.cat(kept) for s, kept in maps.items()}, torch.stack(masks))


def draw(features: Features, model: FCNLadder, batch_size: int) -> Draw:
    """Draw pictures or their mirror images, as the maps that this network reads."""
    strides = model.decoder.strides

    def next_batch(generator: torch.Generator) -> tuple[list[Tensor], Tensor]:
        chosen = torch.randperm(len(features.masks), generator=generator)[:batch_size]
        return [features.maps[stride][chosen] for stride in strides], features.masks[chosen]

    return next_batch


def _rung(stride: int, mean_iou: float) -> Network:
    variant = {"backbone": "efficientnet_lite0", "in_channels": 3, "num_classes": 11}
    return Network(f"fcn{stride}s", variant, at_least={"mean_iou": mean_iou})


RECIPE = Recipe(
    name="camvid_ladder",
    title="Climb from FCN-32s to 4s on a frozen EfficientNet-Lite0",
    set="camvid",
    size=(192, 256),
    networks={
        "camvid_fcn32s": _rung(32, 0.33),
        "camvid_fcn16s": _rung(16, 0.44),
        "camvid_fcn8s": _rung(8, 0.46),
        "camvid_fcn4s": _rung(4, 0.46),
    },
    loss=cross_entropy,
    augmentation="mirror images",
    steps=120,
    batch_size=8,
    learning_rate=1e-2,
    schedule="constant",
    budget=30,
    prepare=prepare,
    draw=draw,
    measure=street_scores,
    trained=lambda model: model.decoder,
)
