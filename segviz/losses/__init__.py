"""Differentiable scores; void pixels count in none of them."""

from segviz.losses.cross_entropy import cross_entropy

__all__ = ["cross_entropy"]
