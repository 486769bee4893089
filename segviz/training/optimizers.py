"""How weights follow their gradients, and how the learning rate changes, as the papers have it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
from torch import Tensor
from torch.optim.lr_scheduler import ConstantLR, LambdaLR, LRScheduler, OneCycleLR

from segviz.ops._checks import shown

MakeOptimizer = Callable[[Iterable[Tensor], float], torch.optim.Optimizer]
Schedule = str | Callable[[int], float]
SCHEDULES = ("constant", "one_cycle", "poly")


def adamw(weight_decay: float = 0.01) -> MakeOptimizer:
    """Return what makes AdamW: ``make(weights, learning_rate)``."""

    def make(weights: Iterable[Tensor], learning_rate: float) -> torch.optim.Optimizer:
        return torch.optim.AdamW(weights, learning_rate, weight_decay=weight_decay, fused=True)

    return make


def sgd(momentum: float, weight_decay: float = 0.0) -> MakeOptimizer:
    """Return what makes gradient descent with momentum, as Caffe has it."""

    def make(weights: Iterable[Tensor], learning_rate: float) -> torch.optim.Optimizer:
        return torch.optim.SGD(
            weights, learning_rate, momentum=momentum, weight_decay=weight_decay, fused=True
        )

    return make


def divided(by: float, every: int) -> Callable[[int], float]:
    """Return the schedule that divides the learning rate ``by`` so much ``every`` so many steps.

    >>> tenth = divided(by=10, every=25_000)
    >>> tenth(24_999), tenth(25_000)
    (1.0, 0.1)
    """
    return lambda step: float(by) ** -(step // every)


def make_schedule(
    optimizer: torch.optim.Optimizer, schedule: Schedule, learning_rate: float, steps: int
) -> LRScheduler:
    """Return torch's scheduler for the name of a schedule, or for a function of the step.

    Raises
    ------
    ValueError
        If the schedule is unknown.
    """
    if schedule == "constant":
        return ConstantLR(optimizer, factor=1.0)
    if schedule == "one_cycle":
        return OneCycleLR(optimizer, learning_rate, total_steps=steps)
    if schedule == "poly":  # as in DeepLab
        return LambdaLR(optimizer, lambda step: (1 - min(step, steps) / steps) ** 0.9)
    if callable(schedule):
        return LambdaLR(optimizer, schedule)
    raise ValueError(
        f"schedule={shown(schedule)} is unknown. Use {' or '.join(SCHEDULES)}, or a function that "
        "returns a factor for each step."
    )
