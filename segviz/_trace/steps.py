"""What a traced run is made of: values, the steps between them, and the clash that may end it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch

AXIS_NAMES = {1: ("length",), 2: ("rows", "columns"), 3: ("depth", "rows", "columns")}


@dataclass(frozen=True, eq=False)
class Value:
    """A tensor of the run: its shape and the index of the step that made it.

    ``step`` is -1 for the picture and None for what does not depend on the picture (weights).
    """

    size: tuple[int, ...]
    step: int | None = None

    @property
    def depends(self) -> bool:
        return self.step is not None


@dataclass(frozen=True, eq=False)
class Step:
    """One operation of torch on tensors that depend on the picture.

    ``function`` is torch's name without the mark of in-place operations. ``layer`` is the module's
    qualified name, or ``module.function`` for a call in a module's own forward; ``module`` is the
    class of the former and empty for the latter. ``arguments`` has torch's arguments by name, with
    a Value for each tensor.
    """

    layer: str
    module: str
    function: str
    pointwise: bool
    arguments: dict[str, Any]
    outputs: tuple[Value, ...]

    @property
    def inputs(self) -> list[Value]:
        """The tensors that depend on the picture, in the order of the arguments."""
        return [value for value in values(self.arguments) if value.depends]

    @property
    def output(self) -> Value:
        return self.outputs[0]


class Untraceable(ValueError):
    """A network that does what a run on sizes alone cannot follow."""


class ShapeClash(ValueError):
    """Sizes that do not fit together.

    ``reason`` says what clashed. ``axes`` are the axes of the picture, counted from the last one
    (-1), whose size would have to change: none of them if no size of the picture helps, and None
    if it is not known which. ``needs`` is 1 if only a larger picture can help, -1 if only a smaller
    one, 0 if either may.
    """

    def __init__(self, reason: str, axes: Sequence[int] | None = None, needs: int = 0) -> None:
        self.reason = reason
        self.axes = None if axes is None else tuple(axes)
        self.needs = needs
        self.steps: tuple[Step, ...] = ()
        ask = " segviz.explain_shapes(model, input_size) names the nearest input sizes that work."
        super().__init__(reason + ("" if self.axes == () else ask))


def values(arguments: dict[str, Any]) -> Iterator[Value]:
    """Yield each value among the arguments, those in lists too."""
    for argument in arguments.values():
        for item in argument if isinstance(argument, list) else (argument,):
            if isinstance(item, Value):
                yield item


def tensors(result: Any) -> list[torch.Tensor]:
    """Return the tensors in what an operation or a forward returned, nested ones too."""
    if isinstance(result, torch.Tensor):
        return [result]
    if isinstance(result, dict):
        result = list(result.values())
    if isinstance(result, (list, tuple)):
        return [tensor for item in result for tensor in tensors(item)]
    return []


def layer_of(value: Value, steps: Sequence[Step]) -> str:
    """Return the name of the layer that made the value."""
    return "the picture" if value.step in (-1, None) else steps[value.step].layer


def pooling_of(indices: Value, steps: Sequence[Step]) -> Step | None:
    """Return the pooling that the indices come from, if nothing but their form was changed."""
    while indices.step not in (-1, None):
        step = steps[indices.step]
        if step.function.startswith(("max_pool", "adaptive_max_pool", "fractional_max_pool")):
            return step
        if step.function not in ("squeeze", "unsqueeze", "clone", "_to_copy", "detach", "alias"):
            return None
        indices = step.inputs[0]
    return None


def is_crop(padding: Sequence[int]) -> bool:
    """Return whether a padding only takes pixels away.

    >>> is_crop([-1, 0]), is_crop([0, 0]), is_crop([-1, 2])
    (True, False, False)
    """
    return any(padding) and max(padding) <= 0


def first_line(error: BaseException) -> str:
    """Return the first line of an error's text, without the full stop, not longer than a line."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0].rstrip(". ")[:120]


def shown_size(size: Sequence[int]) -> str:
    """Return a size as it stands in tables and messages.

    >>> shown_size((64, 570, 570))
    '64 x 570 x 570'
    """
    return " x ".join(str(number) for number in size) if size else "one number"
