"""Scores of a prediction against the truth; void pixels count in none of them."""

from segviz.metrics.boundary import boundary_f1
from segviz.metrics.confusion import ConfusionMatrix
from segviz.metrics.dice import dice

__all__ = ["ConfusionMatrix", "boundary_f1", "dice"]
