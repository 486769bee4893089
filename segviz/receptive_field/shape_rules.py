"""Rules for the operations that move, join or pool whole dimensions."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence

from segviz._trace import Step
from segviz.receptive_field import windows
from segviz.receptive_field.pieces import Dimension, axes_in, reshaped
from segviz.receptive_field.reach import Reach, joined, pooled, windowed


def together(_step: Step, inputs: list[Reach]) -> Reach:
    """Sums and all else that takes the same unit of each tensor."""
    return joined(inputs)


def through(_step: Step, inputs: list[Reach]) -> Reach:
    """Activations, normalisation: unit by unit. The statistics of a norm are left out."""
    return inputs[0]


def copied(step: Step, _inputs: list[Reach]) -> Reach:
    """Overwriting a tensor: what was there before is gone."""
    if step.arguments["self"].size != step.arguments["src"].size:
        raise NotImplementedError("copying to a tensor of another shape")
    return _inputs[-1]


def restrided(step: Step, inputs: list[Reach]) -> Reach:
    """Another order in memory; torch does so after pooling maps that are stored channels last."""
    if step.output.size != step.inputs[0].size:
        raise NotImplementedError("a view by strides")
    return inputs[0]


def softmax(step: Step, inputs: list[Reach]) -> Reach:
    """Along channels unit by unit; along rows or columns each unit sees them all."""
    dim = _dim(step)
    axes = axes_in(inputs[0].pieces[dim])
    if not axes:
        return inputs[0]
    size = step.output.size[dim]
    return windowed(inputs[0], {dim: windows.whole(size, size)})


def view(step: Step, inputs: list[Reach]) -> Reach:
    return Reach(reshaped(inputs[0].pieces, step.output.size), inputs[0].terms)


def permute(step: Step, inputs: list[Reach]) -> Reach:
    return _picked(inputs[0], [dim % len(inputs[0].pieces) for dim in step.arguments["dims"]])


def transpose(step: Step, inputs: list[Reach]) -> Reach:
    order = list(range(len(inputs[0].pieces)))
    if order:
        one, other = step.arguments.get("dim0", 0), step.arguments.get("dim1", -1)
        order[one], order[other] = order[other], order[one]
    return _picked(inputs[0], order)


def _picked(reach: Reach, order: Iterable[int]) -> Reach:
    return Reach(tuple(reach.pieces[dim] for dim in order), reach.terms)


def squeeze(step: Step, inputs: list[Reach]) -> Reach:
    dims = _dims(step) if "dim" in step.arguments else range(len(inputs[0].pieces))
    gone = {dim for dim in dims if step.inputs[0].size[dim] == 1}
    return _picked(inputs[0], [dim for dim in range(len(inputs[0].pieces)) if dim not in gone])


def unsqueeze(step: Step, inputs: list[Reach]) -> Reach:
    dim = step.arguments["dim"] % len(step.output.size)
    pieces = inputs[0].pieces
    return Reach((*pieces[:dim], (), *pieces[dim:]), inputs[0].terms)


def expand(step: Step, inputs: list[Reach]) -> Reach:
    """Repeat what has size 1; an axis pooled to 1 stays so, as all copies see the same."""
    pieces: list[Dimension] = [((size, None),) for size in step.output.size]
    old, new = inputs[0].pieces[::-1], step.output.size[::-1]
    for place, (dimension, size) in enumerate(zip(old, new, strict=False)):
        if step.inputs[0].size[::-1][place] == size:
            pieces[-1 - place] = dimension
    return Reach(tuple(pieces), inputs[0].terms)


def reduce(step: Step, inputs: list[Reach]) -> Reach:
    """Mean, sum, maximum ... along dimensions."""
    dims = _dims(step) or list(range(len(inputs[0].pieces)))
    reach = pooled(inputs[0], dims)
    if step.arguments.get("keepdim"):
        return reach
    return _picked(reach, [dim for dim in range(len(reach.pieces)) if dim not in dims])


def _dim(step: Step) -> int:
    return int(step.arguments["dim"]) % max(len(step.inputs[0].size), 1)


def _dims(step: Step) -> list[int]:
    dims = step.arguments.get("dim")
    if dims is None:
        return []
    dims = dims if isinstance(dims, list) else [dims]
    return [dim % max(len(step.inputs[0].size), 1) for dim in dims]


def matmul(step: Step, inputs: list[Reach]) -> Reach:
    """A dense layer: what the rows of the other matrix are multiplied with is joined."""
    right = step.arguments["mat2"]
    left = step.arguments.get("mat1", step.arguments["self"])
    if len(inputs) > 1 or not (left.depends or right.depends):
        raise NotImplementedError("a product of two maps, as in attention")
    contracted = -1 if left.depends else -2
    reach = pooled(inputs[0], [len(inputs[0].pieces) + contracted])
    pieces = list(reach.pieces)
    pieces[contracted] = ((step.output.size[contracted], None),)
    return Reach(tuple(pieces), reach.terms)


def crop(step: Step, inputs: list[Reach]) -> Reach:
    given, dim = step.arguments, _dim(step)
    start = slice(given["start"], None).indices(step.inputs[0].size[dim])[0]
    return windowed(inputs[0], {dim: windows.cropping(step.output.size[dim], start, given["step"])})


def select(step: Step, inputs: list[Reach]) -> Reach:
    dim = _dim(step)
    return _selected(inputs[0], dim, step.arguments["index"] % step.inputs[0].size[dim])


def _selected(reach: Reach, dim: int, index: int) -> Reach:
    cut = windowed(reach, {dim: windows.cropping(1, index)})
    return _picked(cut, [other for other in range(len(cut.pieces)) if other != dim])


def flip(step: Step, inputs: list[Reach]) -> Reach:
    size = step.output.size
    turned = {dim % len(size): windows.flipping(size[dim]) for dim in step.arguments["dims"]}
    return windowed(inputs[0], turned)


def split(step: Step, inputs: list[Reach]) -> list[Reach]:
    dim = _dim(step)
    sizes = [output.size[dim] for output in step.outputs]
    starts = itertools.accumulate(sizes, initial=0)
    return [
        windowed(inputs[0], {dim: windows.cropping(size, start)})
        for size, start in zip(sizes, starts, strict=False)
    ]


def unbind(step: Step, inputs: list[Reach]) -> list[Reach]:
    return [_selected(inputs[0], _dim(step), index) for index in range(len(step.outputs))]


def cat(step: Step, inputs: list[Reach]) -> Reach:
    dim = _dim(step)
    if any(axes_in(reach.pieces[dim]) for reach in inputs):
        raise NotImplementedError("maps laid side by side")
    reach = joined([_with_channels(reach, dim, 1) for reach in inputs])
    return _with_channels(reach, dim, step.output.size[dim])


def _with_channels(reach: Reach, dim: int, size: int) -> Reach:
    pieces: Sequence[Dimension] = reach.pieces
    return Reach((*pieces[:dim], ((size, None),), *pieces[dim + 1 :]), reach.terms)


def stack(step: Step, inputs: list[Reach]) -> Reach:
    dim = step.arguments["dim"] % len(step.output.size)
    reach = joined(inputs)
    new: Dimension = ((step.output.size[dim], None),)
    return Reach((*reach.pieces[:dim], new, *reach.pieces[dim:]), reach.terms)
