"""Where each size in a network comes from, and why and where sizes clash."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from torch import nn

from segviz._trace import MetaNetwork, ShapeClash, Step, Value, shown_size
from segviz._trace.tables import Table
from segviz.explain_shapes.operations import explained, has_rule
from segviz.explain_shapes.search import nearest_size

__all__ = ["LayerShape", "Shapes", "explain_shapes"]


@dataclass(frozen=True)
class LayerShape:
    """The sizes of one layer, (C, rows, columns) or (features,), without the batch.

    Attributes:
        layer: the module's name, or ``module.function`` for a function call.
        what: the operation with its settings, such as "convolution 3x3, padding 1".
        input_sizes: of each map that enters, in order.
        output_size: of what comes out.
        formula: the rule for the output size with its numbers, once if all axes have the same.
    """

    layer: str
    what: str
    input_sizes: tuple[tuple[int, ...], ...]
    output_size: tuple[int, ...]
    formula: str


@dataclass(frozen=True, repr=False)
class Shapes:
    """The sizes in a network, layer by layer, up to the end or to the first clash.

    Attributes:
        input_size: (N, C, rows, columns) of the batch.
        layers: a LayerShape for each layer that changes a size or joins several maps.
        unchanging: (kind, number) of the layers that change no size, and are not in ``layers``.
        clash: why the network cannot go on, None if it runs to its end.
        nearest: if there is a clash, the nearest input sizes that work, below and above, without
            the batch; none if none was found.
    """

    name: str
    input_size: tuple[int, ...]
    layers: tuple[LayerShape, ...]
    unchanging: tuple[tuple[str, int], ...]
    clash: str | None = None
    nearest: tuple[tuple[int, ...], ...] = ()

    def __repr__(self) -> str:
        table = [self._table().text()] if self.layers else []
        alarm = [self._alarm()] if self.clash else []
        return "\n".join([self._caption(), *table, *alarm, *self._notes()])

    def _repr_html_(self) -> str:
        return self._table().html([self._caption()], self._notes(), self._alarm())

    def _caption(self) -> str:
        return f"Sizes in {self.name} for an input of {shown_size(self.input_size)}:"

    def _table(self) -> Table:
        rows = [
            (
                row.layer,
                row.what,
                " and ".join(shown_size(size) for size in row.input_sizes),
                shown_size(row.output_size),
                row.formula,
            )
            for row in self.layers
        ]
        return Table(["layer", "operation", "input", "output", "size"], rows)

    def _alarm(self) -> str:
        return f"Sizes clash: {self.clash}" if self.clash else ""

    def _notes(self) -> list[str]:
        notes = []
        if self.nearest:
            sizes = " and ".join(shown_size(size) for size in self.nearest)
            notes.append(f"Nearest input sizes that work: {sizes}.")
        if self.unchanging:
            kinds = ", ".join(f"{kind} ({number})" for kind, number in self.unchanging)
            notes.append(f"Not listed, as they change no size: {kinds}.")
        return notes


def explain_shapes(model: nn.Module, input_size: Any) -> Shapes:
    """Return where each size in a network comes from, and if sizes clash, where, why and what fits.

    Nothing runs but sizes. Clashes are found before torch would stop at them, and also where torch
    would not: maps unpooled to another size than that at which their indices were counted.

    Args:
        model: any torch.nn.Module; it is copied, not run.
        input_size: (channels, rows, columns), with or without the batch in front, or another
            number of axes.

    Returns:
        A table of the layers with their formulas filled in; if sizes clash, up to the clash, with
        the reason and the nearest input sizes that work.

    Raises:
        TypeError: the model is no network, or a number is not whole.
        ValueError: the network does what a run on sizes alone cannot follow.

    Example:
        >>> net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Conv2d(2, 4, 2, stride=2))
        >>> explain_shapes(net, (1, 8, 8))
        Sizes in Sequential for an input of 1 x 1 x 8 x 8:
        layer  operation                  input      output     size
        0      convolution 3x3            1 x 8 x 8  2 x 6 x 6  (8 + 2*0 - 1*(3-1) - 1)//1 + 1 = 6
        2      convolution 2x2, stride 2  2 x 6 x 6  4 x 3 x 3  (6 + 2*0 - 1*(2-1) - 1)//2 + 1 = 3
        Not listed, as they change no size: ReLU (1).
        >>> explain_shapes(net, (1, 3, 8)).nearest
        ((1, 4, 8),)
    """
    network = MetaNetwork(model)
    size = network.full_size(input_size)
    try:
        trace = network.trace(size)
    except ShapeClash as clash:
        found = {nearest_size(network, size, clash, direction) for direction in (-1, 1)}
        nearest = tuple(sorted(near[1:] for near in found if near))
        return Shapes(network.name, size, *_listed(clash.steps, size), clash.reason, nearest)
    return Shapes(network.name, size, *_listed(trace.steps, size))


def _listed(
    steps: Sequence[Step], size: tuple[int, ...]
) -> tuple[tuple[LayerShape, ...], tuple[tuple[str, int], ...]]:
    """Return the rows of the table, and the kinds and numbers of the layers left out."""
    rows: list[LayerShape] = []
    left_out: Counter[str] = Counter()
    for operation in _operations(steps):
        row = _row(operation, size)
        if isinstance(row, LayerShape):
            rows.append(row)
        else:
            left_out[row] += 1
    return tuple(rows), tuple(left_out.items())


def _operations(steps: Sequence[Step]) -> list[list[Step]]:
    """Return the steps of each operation: those of one layer until a second size rule begins.

    All slices of a crop are one operation. What only adds or removes an axis of size 1 goes with
    the pooling that torch does so for.
    """
    parts: list[list[Step]] = []
    for step in steps:
        before = parts[-1] if parts else []
        same = before and step.layer == before[-1].layer
        glued = step.function == "squeeze" or (before and before[-1].function == "unsqueeze")
        begins = has_rule(step) and any(has_rule(other) for other in before)
        crop = step.function == "slice" and same
        if before and (same or glued) and (crop or not begins):
            before.append(step)
        else:
            parts.append([step])
    return parts


def _row(steps: list[Step], size: tuple[int, ...]) -> LayerShape | str:
    """Return the row of an operation, or its kind if it neither changes a size nor joins maps."""
    first, last = steps[0].inputs, steps[-1].output
    step = next((step for step in steps if has_rule(step)), steps[0])
    joined = list(dict.fromkeys(first)) if step.pointwise or step.function == "cat" else first[:1]
    if len(joined) < 2 and not has_rule(step) and _without_ones(first[0]) == _without_ones(last):
        return step.module or step.function.strip("_")
    crop = [step for step in steps if step.function == "slice"]
    what, formula = explained(crop or [step], len(size) - 2)
    sizes = tuple(_without_batch(value, size[0]) for value in joined)
    return LayerShape(step.layer, what, sizes, _without_batch(last, size[0]), formula)


def _without_ones(value: Value) -> list[int]:
    return [n for n in value.size if n != 1]


def _without_batch(value: Value, batch: int) -> tuple[int, ...]:
    has_batch = len(value.size) > 1 and value.size[0] == batch
    return value.size[1:] if has_batch else value.size
