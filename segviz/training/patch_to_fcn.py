"""Recipe ``patch_to_fcn``: a patch classifier of cell membranes, for lectures 03 and 04."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from segviz.datasets import Samples
from segviz.losses import cross_entropy
from segviz.metrics import ConfusionMatrix
from segviz.models import SlidingWindow, to_fully_convolutional
from segviz.models.blocks import mirror_pad
from segviz.training.loop import Draw
from segviz.training.recipe import Network, Recipe

PATCH_SIZE = 33


@dataclass(frozen=True)
class Pixels:
    """The training pictures with mirrored borders, and where the pixels of each class are."""

    padded: Tensor  # (pictures, rows, columns)
    of_class: tuple[Tensor, ...]  # each (n, 3): picture, row, column
    patch_size: int

    @property
    def shares(self) -> Tensor:
        """Share of each class among the labelled pixels."""
        counts = torch.tensor([float(len(pixels)) for pixels in self.of_class])
        return counts / counts.sum()


def prepare(samples: Samples, progress: bool, patch_size: int = PATCH_SIZE) -> Pixels:
    """Read the pictures and sort their pixels by class."""
    pictures = list(tqdm(samples, desc="pictures", disable=not progress))
    masks = torch.stack([sample.labels()["mask"] for sample in pictures])
    margins = (patch_size // 2,) * 2
    return Pixels(
        mirror_pad(torch.cat([sample.image for sample in pictures]), margins, margins),
        tuple((masks == k).nonzero().int() for k in range(len(samples.classes))),
        patch_size,
    )


def draw(pixels: Pixels, model: nn.Module, batch_size: int) -> Draw:
    """Draw as many membranes as other pixels, turned and mirrored at random."""
    patches = pixels.padded.unfold(1, pixels.patch_size, 1).unfold(2, pixels.patch_size, 1)
    each = batch_size // len(pixels.of_class)
    target = torch.arange(len(pixels.of_class)).repeat_interleave(each)

    def next_batch(generator: torch.Generator) -> tuple[Tensor, Tensor]:
        chosen = torch.cat(
            [p[torch.randint(len(p), (each,), generator=generator)] for p in pixels.of_class]
        )
        picture, row, column = chosen.long().T
        turns, mirrored = torch.randint(4, (2,), generator=generator).tolist()
        batch = torch.rot90(patches[picture, row, column], turns, (1, 2))
        return (batch.flip(1) if mirrored % 2 else batch)[:, None].contiguous(), target

    return next_batch


def calibrate(model: SlidingWindow, pixels: Pixels) -> None:
    """Tell a network that saw all classes equally often how often each really is.

    Scores are logarithms of probabilities, so a class that is k times rarer than in training loses
    log k.
    """
    last = model[-1]
    assert isinstance(last, nn.Linear)
    with torch.no_grad():
        last.bias.add_((pixels.shares.to(last.bias) * len(pixels.of_class)).log())


def measure(model: nn.Module, samples: Samples, progress: bool) -> dict[str, float]:
    """Classify every pixel of the test pictures in one run each."""
    dense = to_fully_convolutional(model)
    place = next(dense.parameters()).device
    matrix = ConfusionMatrix(len(samples.classes))
    for sample in tqdm(samples, desc="test", disable=not progress):
        with torch.no_grad():
            matrix.update(dense(sample.image[None].to(place)).argmax(1).cpu()[0], sample.mask)
    return {"pixel_error": 1 - matrix.pixel_accuracy, "membrane_iou": float(matrix.iou[1])}


RECIPE = Recipe(
    name="patch_to_fcn",
    title="Classify membrane pixels from the patch around them",
    set="em_vnc",
    size=None,
    networks={
        "patch_to_fcn": Network(
            "sliding_window",
            {"in_channels": 1, "num_classes": 2, "patch_size": PATCH_SIZE, "width": 24}
            | {"hidden": 64},
            at_least={"membrane_iou": 0.58},
            at_most={"pixel_error": 0.085},
        )
    },
    loss=cross_entropy,
    augmentation="quarter turns and mirror images",
    steps=600,
    batch_size=256,
    learning_rate=3e-3,
    schedule="one_cycle",
    budget=60,
    prepare=prepare,
    draw=draw,
    measure=measure,
    finish=calibrate,
)
