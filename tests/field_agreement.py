"""Formula and gradient must agree: used by all tests of receptive_field."""

from __future__ import annotations

from segviz import receptive_field


def agree(model, input_size, **which):
    """Assert that formula and gradient name the same pixels, and return the formula's answer."""
    formula = receptive_field(model, input_size, **which)
    gradient = receptive_field(model, input_size, by="gradient", **which)
    assert formula.visible == gradient.visible
    assert formula.map_size == gradient.map_size
    if not formula.clipped:
        assert (formula.size, formula.start) == (gradient.size, gradient.start)
    return formula
