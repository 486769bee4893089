"""Differentiable scores; void pixels count in none of them."""

from segviz.losses.class_weights import median_frequency_weights
from segviz.losses.cross_entropy import cross_entropy
from segviz.losses.dcan import dcan_auxiliary_weight, dcan_loss
from segviz.losses.dice import dice_loss, soft_dice_loss

__all__ = [
    "cross_entropy",
    "dcan_auxiliary_weight",
    "dcan_loss",
    "dice_loss",
    "median_frequency_weights",
    "soft_dice_loss",
]
