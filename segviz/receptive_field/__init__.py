"""The receptive field of a network's units, by formula and by gradient.

The formula is r <- r + (k - 1) d j, j <- j s from layer to layer (Araujo, Norris and Sim, Computing
receptive fields of convolutional neural networks, Distill 2019, doi:10.23915/distill.00021). Here
it is followed for the first and the last pixel of every unit, so that skips, crops, transposed
convolutions and resizing are exact as well.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from torch import nn

from segviz._trace import MetaNetwork, Trace, Value
from segviz._trace.inputs import checked_model, full_input_size
from segviz.ops import _checks as checks
from segviz.receptive_field.formula import reaches_of
from segviz.receptive_field.gradient import touched_pixels
from segviz.receptive_field.layers import stack_of
from segviz.receptive_field.reach import Reach
from segviz.receptive_field.result import LayerField, ReceptiveField, plain

__all__ = ["LayerField", "ReceptiveField", "receptive_field"]


def receptive_field(
    model: nn.Module | Sequence[Any],
    input_size: Any = None,
    *,
    layer: str | None = None,
    unit: int | Sequence[int] | None = None,
    by: str = "formula",
) -> ReceptiveField:
    """Return which pixels of the picture one unit of a network depends on.

    By formula the sizes of all layers are worked out without running the network. By gradient a
    copy with positive weights runs, and torch says which pixels have an influence: every pixel
    that could count in some network of this form. What reaches a unit only through the mean and
    the variance of a normalisation is left out by both.

    Args:
        model: a torch.nn.Module, or a list of tuples (kernel_size, stride, padding, dilation).
        input_size: (channels, rows, columns) of the picture, with or without the batch in front,
            or another number of axes; for a list (rows, columns), or nothing: large enough.
        layer: the module, or with by="formula" any row of the table, whose unit is asked about;
            by default the output of the network, of several outputs the first.
        unit: its position (row, column); by default the middle of the map.
        by: "formula" or "gradient".

    Returns:
        The field of that unit, in pixels, with a table of all layers up to it.

    Raises:
        TypeError: the model is no network, or a number is not whole.
        ValueError: the picture does not fit the network, there is no such layer or unit, or an
            operation in it is not known to the formula.

    Example:
        >>> vgg_like = [(3, 1, 1), (3, 1, 1), (2, 2), (3, 1, 1), (3, 1, 1), (2, 2)]
        >>> receptive_field(vgg_like).size, receptive_field(vgg_like, by="gradient").size
        ((16,), (16,))
        >>> receptive_field([(3, 1, 1), (2, 2)], (8, 8))
        Receptive field by formula: 4 x 4 pixels, unit (2, 2) of the 4 x 4 map of '1'.
        It is rows 3 to 6, columns 3 to 6 of the 8 x 8 picture.
        layer  map    receptive field  jump
        0      8 x 8  3 x 3            1 x 1
        1      4 x 4  4 x 4            2 x 2
    """
    if by not in ("formula", "gradient"):
        raise ValueError(f"by={checks.shown(by)} is neither 'formula' nor 'gradient'. Use one.")
    network, size = _read(model, input_size)
    trace = MetaNetwork(network).trace(size)
    target, name = _target(trace, layer)
    if by == "gradient":
        return _by_gradient(network, trace, target, name, layer, unit)
    return _by_formula(trace, target, name, unit)


def _read(model: Any, input_size: Any) -> tuple[nn.Module, tuple[int, ...]]:
    """Return the network and the size of one picture, (1, C, ...)."""
    if isinstance(model, (list, tuple)):
        return stack_of(model, input_size)
    network = checked_model(model)
    if input_size is None:
        raise TypeError("input_size is missing. Give (channels, rows, columns) of the picture.")
    size = full_input_size(network, input_size)
    if len(size) < 3:
        raise ValueError(
            f"input_size={checks.shown(input_size)} has no rows and columns, so nothing of it has "
            "a place. Give (channels, rows, columns)."
        )
    return network, (1, *size[1:])


def _target(trace: Trace, layer: str | None) -> tuple[Value, str]:
    """Return the value whose units are asked about, and the name of its layer."""
    if layer is None:
        return trace.outputs[0], trace.layer_of(trace.outputs[0])
    known = {step.layer: step.output for step in trace.steps} | trace.modules
    value = known.get(layer) if isinstance(layer, str) else None
    if value is None or not value.depends:
        near = difflib.get_close_matches(str(layer), known, n=3, cutoff=0.4) or list(known)[-3:]
        raise ValueError(
            f"layer={checks.shown(layer)} is none of the {len(known)} layers that run. "
            f"Use one such as {', '.join(map(repr, near))}."
        )
    return value, layer


def _unit(unit: Any, size: tuple[int, ...]) -> tuple[int, ...]:
    if unit is None:
        return tuple(n // 2 for n in size)
    position = checks.sizes(unit, "unit", len(size), 0)
    if any(index >= n for index, n in zip(position, size, strict=True)):
        raise ValueError(
            f"unit={checks.shown(unit)} lies outside the map, whose size is {size}. "
            f"Count from 0 to {tuple(n - 1 for n in size)}."
        )
    return position


def _by_formula(trace: Trace, target: Value, name: str, unit: Any) -> ReceptiveField:
    reaches = reaches_of(trace, target)
    reach = reaches[target]
    where = _unit(unit, reach.size)
    endless = reach.field(where, bounded=False) or ((0, -1),) * len(where)
    return ReceptiveField(
        layer=name,
        unit=where,
        map_size=reach.size,
        size=tuple(last - first + 1 for first, last in endless),
        start=tuple(first for first, _ in endless),
        visible=reach.field(where, bounded=True),
        jump=_row(name, reach).jump,
        input_size=trace.picture.size[2:],
        by="formula",
        layers=_rows(trace, reaches),
    )


def _rows(trace: Trace, reaches: dict[Value, Reach]) -> tuple[LayerField, ...]:
    """Return a row for each layer whose units see other pixels than those of the layers before."""
    rows: dict[str, LayerField] = {}
    known = {trace.picture: _row("the picture", reaches[trace.picture])}
    for step in trace.steps:
        if step.output in reaches:
            before = [known[value] for value in step.inputs]
            same = any(reaches[step.output] is reaches[value] for value in step.inputs)
            row = before[0] if same else _row(step.layer, reaches[step.output])
            known.update(dict.fromkeys(step.outputs, row))
            if all(replace(other, layer=row.layer) != row for other in before):
                rows[row.layer] = row  # of a crop, axis after axis, the last
    return tuple(rows.values())


def _row(layer: str, reach: Reach) -> LayerField:
    spans = reach.sizes()
    jumps = [max(term[axis].jump for term in reach.terms) for axis in range(len(spans))]
    return LayerField(
        layer=layer,
        map_size=reach.size,
        smallest=tuple(least for least, _ in spans),
        largest=tuple(largest for _, largest in spans),
        jump=tuple(plain(jump) for jump in jumps),
    )


def _by_gradient(
    network: nn.Module, trace: Trace, target: Value, name: str, layer: str | None, unit: Any
) -> ReceptiveField:
    size = trace.picture.size
    map_size = target.size[2:] if len(target.size) == len(size) else (1,) * (len(size) - 2)
    where = _unit(unit, map_size)
    pixels = touched_pixels(network, size, layer, where)
    spans = tuple(
        (int(found.min()), int(found.max())) for found in np.nonzero(pixels) if found.size
    )
    return ReceptiveField(
        layer=name,
        unit=where,
        map_size=map_size,
        size=tuple(last - first + 1 for first, last in spans) or (0,) * pixels.ndim,
        start=tuple(first for first, _ in spans) or (0,) * pixels.ndim,
        visible=spans or None,
        jump=None,
        input_size=size[2:],
        by="gradient",
        pixels=pixels,
    )
