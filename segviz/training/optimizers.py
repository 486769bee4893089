"""How weights follow their gradients, and how the learning rate changes, as the papers have it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from numbers import Real

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

    def factor(step: int) -> float:
        return float(by) ** -(step // every)

    factor.__qualname__ = f"divided(by={by}, every={every})"  # how a state knows it again
    return factor


def name_of(schedule: Schedule) -> str:
    """Return what a schedule is called: its name, or that of the function.

    >>> name_of("poly"), name_of(divided(by=10, every=5))
    ('poly', 'divided(by=10, every=5)')
    """
    if isinstance(schedule, str):
        return schedule
    return str(getattr(schedule, "__qualname__", type(schedule).__qualname__))


def make_schedule(
    optimizer: torch.optim.Optimizer, schedule: Schedule, learning_rate: float, steps: int
) -> LRScheduler:
    """Return torch's scheduler for the name of a schedule, or for a function of the step.

    Raises
    ------
    ValueError, TypeError
        If the schedule is unknown, or a function that returns no factor.
    """
    if schedule == "constant":
        return ConstantLR(optimizer, factor=1.0)
    if schedule == "one_cycle":
        return OneCycleLR(optimizer, learning_rate, total_steps=steps)
    if schedule == "poly":  # as in DeepLab
        return LambdaLR(optimizer, lambda step: (1 - min(step, steps) / steps) ** 0.9)
    if callable(schedule):
        return LambdaLR(optimizer, lambda step: _factor(schedule(step), step))
    raise ValueError(
        f"schedule={shown(schedule)} is unknown. Use {' or '.join(SCHEDULES)}, or a function that "
        "returns a factor for each step."
    )


def _factor(value: object, step: int) -> float:
    """Return what a schedule's function gave for a step, if a rate can be multiplied by it."""
    if isinstance(value, Tensor) and value.numel() == 1 and not value.is_complex():
        value = value.item()
    if not isinstance(value, Real):
        raise TypeError(
            f"schedule returned {shown(value)} for step {step}, but must return a factor of the "
            "learning rate. Use a function such as lambda step: 0.99**step."
        )
    if not 0 <= float(value) < math.inf:
        raise ValueError(
            f"schedule returned {value} for step {step}, but a factor of the learning rate must be "
            "at least 0 and finite. Use one such as 0.99**step."
        )
    return value  # type: ignore[return-value]
