"""What a recipe is: everything that a training needs, in one frozen object."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from torch import nn

from segviz.training.loop import Draw, Loss
from segviz.training.optimizers import MakeOptimizer, Schedule

if TYPE_CHECKING:
    from segviz.datasets import Samples

Measure = Callable[[nn.Module, "Samples", bool], dict[str, float]]


@dataclass(frozen=True)
class Network:
    """One network of a recipe: what ``segviz.models.create`` takes, and the scores to reach.

    ``at_least`` and ``at_most`` bound the scores on the real test split. ``loss``, ``steps``,
    ``learning_rate`` and ``measure`` are those of the recipe where they are not given.
    """

    model: str
    variant: Mapping[str, Any]
    at_least: Mapping[str, float] = field(default_factory=dict)
    at_most: Mapping[str, float] = field(default_factory=dict)
    loss: Loss | None = None
    steps: int | None = None
    learning_rate: float | None = None
    measure: Measure | None = None

    def missed(self, scores: Mapping[str, float]) -> list[str]:
        """Return the scores that are not reached, in words.

        >>> Network("fcn8s", {}, at_least={"mean_iou": 0.46}).missed({"mean_iou": 0.4})
        ['mean_iou 0.400 is below 0.46']
        """
        low = [
            f"{m} {scores[m]:.3f} is below {g}" for m, g in self.at_least.items() if scores[m] < g
        ]
        return low + [
            f"{m} {scores[m]:.3f} is above {g}" for m, g in self.at_most.items() if scores[m] > g
        ]


@dataclass(frozen=True)
class Recipe:
    """One training demonstration.

    Parameters
    ----------
    name, title : str
    set : str
        Name of the pictures for ``segviz.datasets.load``.
    size : tuple of int, or None
        Height and width that the pictures are brought to; of volumes, the depth, height and width
        that the recipe itself cuts or fills them to.
    networks : mapping
        Checkpoint name -> network; each is trained by itself.
    loss : function
    augmentation : str
        In words; ``draw`` does it.
    steps, batch_size : int
    learning_rate : float
    schedule : str or function
        As for ``fit``.
    budget : float or None
        CPU seconds that the training of one seed of one network may take, where it was measured.
    prepare : function
        ``prepare(samples, progress)`` returns what batches are drawn from.
    draw : function
        ``draw(prepared, model, batch_size)`` returns the ``draw`` of ``fit``.
    measure : function
        ``measure(model, samples, progress)`` returns metric -> score on a test split.
    trained : function
        The part of the model that is trained.
    finish : function
        ``finish(model, prepared)`` does what is left to do behind the last step.
    stored : "float32" or "float16"
        How convolution weights are kept. The rounded ones are those that are measured.
    optimizer : function, optional
        As for ``fit``; AdamW by default.
    save_every : int
        Steps between two states of a training.
    needs_gpu : str
        Why a CPU is refused, in a sentence; empty where one will do.
    """

    name: str
    title: str
    set: str
    size: tuple[int, ...] | None
    networks: Mapping[str, Network]
    loss: Loss
    augmentation: str
    steps: int
    batch_size: int
    learning_rate: float
    schedule: Schedule
    budget: float | None
    prepare: Callable[[Samples, bool], Any]
    draw: Callable[[Any, Any, int], Draw]
    measure: Measure
    trained: Callable[[Any], nn.Module] = lambda model: model
    finish: Callable[[Any, Any], None] = lambda model, prepared: None
    stored: str = "float32"
    optimizer: MakeOptimizer | None = None
    save_every: int = 100
    needs_gpu: str = ""

    def __str__(self) -> str:
        seconds = "for a GPU" if self.budget is None else f"{self.budget:.0f} CPU seconds each"
        return (
            f"{self.name}: {self.title}. {self.set}, {', '.join(self.networks)}, "
            f"{self.steps} steps of {self.batch_size}, {seconds}"
        )
