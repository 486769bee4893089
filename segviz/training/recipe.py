"""What a recipe is: everything that a training needs, in one frozen object."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from torch import nn

from segviz.training.loop import Draw, Loss

if TYPE_CHECKING:
    from segviz.datasets import Samples


@dataclass(frozen=True)
class Network:
    """One network of a recipe: what ``segviz.models.create`` takes, and the scores to reach.

    ``at_least`` and ``at_most`` bound the scores on the real test split.
    """

    model: str
    variant: Mapping[str, Any]
    at_least: Mapping[str, float] = field(default_factory=dict)
    at_most: Mapping[str, float] = field(default_factory=dict)

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
    size : (int, int) or None
        Height and width that the pictures are brought to.
    networks : mapping
        Checkpoint name -> network; each is trained by itself.
    loss : function
    augmentation : str
        In words; ``draw`` does it.
    steps, batch_size : int
    learning_rate : float
    schedule : str
    budget : float
        CPU seconds that the training of one seed of one network may take.
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
    """

    name: str
    title: str
    set: str
    size: tuple[int, int] | None
    networks: Mapping[str, Network]
    loss: Loss
    augmentation: str
    steps: int
    batch_size: int
    learning_rate: float
    schedule: str
    budget: float
    prepare: Callable[[Samples, bool], Any]
    draw: Callable[[Any, Any, int], Draw]
    measure: Callable[[nn.Module, Samples, bool], dict[str, float]]
    trained: Callable[[Any], nn.Module] = lambda model: model
    finish: Callable[[Any, Any], None] = lambda model, prepared: None

    def __str__(self) -> str:
        return (
            f"{self.name}: {self.title}. {self.set}, {', '.join(self.networks)}, "
            f"{self.steps} steps of {self.batch_size}, {self.budget:.0f} CPU seconds each"
        )
