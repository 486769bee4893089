"""Recipe ``hippo_vnet``: Dice against cross-entropies where 95 % is background, for lecture 07."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from tqdm.auto import tqdm

from segviz.datasets import Samples
from segviz.losses import cross_entropy, dice_loss
from segviz.metrics import dice
from segviz.models import VNet
from segviz.training.loop import Draw, Loss
from segviz.training.recipe import Network, Recipe

BOX = (48, 64, 48)
PART = (40, 56, 40)
# Shares of the voxels of the training volumes: background, anterior, posterior.
SHARES = (0.947, 0.028, 0.025)


@dataclass(frozen=True)
class Volumes:
    """Volumes in boxes of one size, and their masks: (n, 1, D, H, W) and (n, D, H, W)."""

    images: Tensor
    masks: Tensor


def boxed(maps: Tensor) -> Tensor:
    """Cut or fill the last three axes to BOX, the volume in the middle and 0 around it.

    >>> boxed(torch.ones(40, 70, 48)).shape, int(boxed(torch.ones(40, 70, 48))[0].sum())
    (torch.Size([48, 64, 48]), 0)
    """
    missing = [want - have for want, have in zip(BOX, maps.shape[-3:], strict=True)]
    # Last axis first, before and behind; a negative number cuts.
    margins = [n for gap in reversed(missing) for n in (gap // 2, gap - gap // 2)]
    return F.pad(maps, margins)


def prepare(samples: Samples, progress: bool) -> Volumes:
    """Read every volume once."""
    read = list(tqdm(samples, desc="volumes", disable=not progress))
    return Volumes(
        torch.stack([boxed(sample.image) for sample in read]),
        torch.stack([boxed(sample.labels()["mask"]) for sample in read]),
    )


def draw(volumes: Volumes, model: nn.Module, batch_size: int) -> Draw:
    """Draw parts of volumes, as another scanner setting would show them."""

    def one(generator: torch.Generator) -> tuple[Tensor, Tensor]:
        volume = int(torch.randint(len(volumes.images), (), generator=generator))
        starts = [
            int(torch.randint(whole - part + 1, (), generator=generator))
            for whole, part in zip(BOX, PART, strict=True)
        ]
        d, h, w = (slice(a, a + part) for a, part in zip(starts, PART, strict=True))
        gain, offset = torch.rand(2, generator=generator).tolist()
        image = volumes.images[volume, :, d, h, w]
        shaded = (image * (0.8 + 0.4 * gain) + 0.2 * (offset - 0.5)).clamp(0, 1)
        return shaded, volumes.masks[volume, d, h, w]

    def next_batch(generator: torch.Generator) -> tuple[Tensor, Tensor]:
        images, masks = zip(*(one(generator) for _ in range(batch_size)), strict=True)
        return torch.stack(images), torch.stack(masks)

    return next_batch


def calmed(model: VNet) -> VNet:
    """Begin with scores near 0, in place.

    The softmax of the large ones that He's initialisation brings is 0 or 1 and has no slope there:
    Dice, which sees nothing else, cannot take back a background that it began with as an object.
    """
    with torch.no_grad():
        for weight in model.head.parameters():
            weight.mul_(0.01)
    return model


def measure(model: nn.Module, samples: Samples, progress: bool) -> dict[str, float]:
    """Return the mean Dice of the two parts over the test volumes."""
    place = next(model.parameters()).device
    found = []
    for sample in tqdm(samples, desc="test", disable=not progress):
        with torch.no_grad():
            predicted = model(boxed(sample.image)[None].to(place)).argmax(1).cpu()[0]
        truth = boxed(sample.labels()["mask"])
        found.append(dice(predicted, truth, num_classes=len(samples.classes))[1:])
    anterior, posterior = torch.stack(found).nanmean(0).tolist()
    return {"dice": (anterior + posterior) / 2, "anterior": anterior, "posterior": posterior}


def _network(loss: Loss, **goals: float) -> Network:
    variant = {"in_channels": 1, "num_classes": 3, "width": 8, "depth": 2, "norm": "instance"}
    return Network("vnet", variant, at_least=goals, loss=loss)


_WEIGHTED = partial(cross_entropy, class_weight=[1 / s for s in SHARES], reduction="weighted_mean")

RECIPE = Recipe(
    name="hippo_vnet",
    title="Find two small parts in a volume with three losses",
    set="hippocampus",
    size=BOX,
    networks={
        "hippo_dice": _network(dice_loss, dice=0.75),
        "hippo_weighted": _network(_WEIGHTED),
        "hippo_plain": _network(cross_entropy),
    },
    loss=dice_loss,
    augmentation="parts of 40 x 56 x 40, gain and offset",
    steps=110,
    batch_size=2,
    learning_rate=4e-3,
    schedule="one_cycle",
    budget=90,
    prepare=prepare,
    draw=draw,
    measure=measure,
    trained=calmed,
    stored="float16",
)
