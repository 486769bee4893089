"""Formula and gradient must agree: used by all tests of receptive_field."""

from __future__ import annotations

from segviz import receptive_field


def differences(formula, gradient):
    """What the two say differently of the same unit, by name."""
    names = ["visible", "map_size"]
    if not formula.clipped:
        names += ["size", "start"]
    both = {name: (getattr(formula, name), getattr(gradient, name)) for name in names}
    return {name: said for name, said in both.items() if said[0] != said[1]}


def both(model, input_size, **which):
    """The unit's field by formula and by gradient."""
    formula = receptive_field(model, input_size, **which)
    return formula, receptive_field(model, input_size, by="gradient", **which)


def agree(model, input_size, **which):
    """Assert that formula and gradient name the same pixels, and return the formula's answer."""
    formula, gradient = both(model, input_size, **which)
    assert differences(formula, gradient) == {}
    return formula
