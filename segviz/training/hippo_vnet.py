"""Recipe ``hippo_vnet``: Dice against cross-entropies where 95 % is background, for lecture 07."""

from __future__ import annotations

from collections.abc import Sequence
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
from segviz.training._batches import gain_and_offset
from segviz.training.loop import Draw, Loss
from segviz.training.recipe import Network, Recipe

# What every volume is cut or filled to. The parts of the hippocampus lie inside it in all of them.
BOX = (40, 56, 40)
# Shares of the voxels of the training volumes in their boxes: background, anterior, posterior.
SHARES = (0.963, 0.019, 0.018)


@dataclass(frozen=True)
class Volumes:
    """Volumes in boxes of one size, and their masks: (n, 1, D, H, W) and (n, D, H, W)."""

    images: Tensor
    masks: Tensor


def boxed(maps: Tensor, box: Sequence[int] = BOX) -> Tensor:
    """Cut or fill the last three axes to a box, the volume in the middle and 0 around it.

    >>> boxed(torch.ones(36, 60, 40)).shape, int(boxed(torch.ones(36, 60, 40))[1].sum())
    (torch.Size([40, 56, 40]), 0)
    """
    missing = [want - have for want, have in zip(box, maps.shape[-3:], strict=True)]
    # Last axis first, before and behind; a negative number cuts.
    margins = [n for gap in reversed(missing) for n in (gap // 2, gap - gap // 2)]
    return F.pad(maps, margins)


def prepare(samples: Samples, progress: bool, box: Sequence[int] = BOX) -> Volumes:
    """Read every volume once."""
    read = list(tqdm(samples, desc="volumes", disable=not progress))
    return Volumes(
        torch.stack([boxed(sample.image, box) for sample in read]),
        torch.stack([boxed(sample.labels()["mask"], box) for sample in read]),
    )


def draw(volumes: Volumes, model: nn.Module, batch_size: int) -> Draw:
    """Draw volumes, as another scanner setting would show them.

    They are whole, as in the test: an instance norm divides by what it sees of a volume, and learns
    other weights for parts with less of the empty border.
    """

    def next_batch(generator: torch.Generator) -> tuple[Tensor, Tensor]:
        chosen = torch.randint(len(volumes.images), (batch_size,), generator=generator)
        shaded = [gain_and_offset(volumes.images[one], generator) for one in chosen]
        return torch.stack(shaded), volumes.masks[chosen]

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


def measure(
    model: nn.Module, samples: Samples, progress: bool, box: Sequence[int] = BOX
) -> dict[str, float]:
    """Return the mean Dice of the two parts over the test volumes."""
    place = next(model.parameters()).device
    found = []
    for sample in tqdm(samples, desc="test", disable=not progress):
        with torch.no_grad():
            predicted = model(boxed(sample.image, box)[None].to(place)).argmax(1).cpu()[0]
        truth = boxed(sample.labels()["mask"], box)
        found.append(dice(predicted, truth, num_classes=len(samples.classes))[1:])
    anterior, posterior = torch.stack(found).nanmean(0).tolist()
    return {"dice": (anterior + posterior) / 2, "anterior": anterior, "posterior": posterior}


def _network(loss: Loss, steps: int | None = None, **goals: float) -> Network:
    variant = {"in_channels": 1, "num_classes": 3, "width": 8, "depth": 2, "norm": "instance"}
    return Network("vnet", variant, at_least=goals, loss=loss, steps=steps)


_WEIGHTED = partial(cross_entropy, class_weight=[1 / s for s in SHARES], reduction="weighted_mean")
_STEPS = 80

RECIPE = Recipe(
    name="hippo_vnet",
    title="Find two small parts in a volume with three losses",
    set="hippocampus",
    size=BOX,
    networks={
        "hippo_dice": _network(dice_loss, dice=0.75),
        "hippo_weighted": _network(_WEIGHTED),
        "hippo_plain": _network(cross_entropy),
        "hippo_weighted_longer": _network(_WEIGHTED, 2 * _STEPS),
    },
    loss=dice_loss,
    augmentation="gain and offset",
    steps=_STEPS,
    batch_size=2,
    learning_rate=4e-3,
    schedule="one_cycle",
    budget=110,
    prepare=prepare,
    draw=draw,
    measure=measure,
    trained=calmed,
    stored="float16",
)
