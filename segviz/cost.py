"""What a network costs: parameters, multiply-adds and the memory of its activations, per layer."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn
from torch.autograd.graph import saved_tensors_hooks
from torch.multiprocessing.reductions import StorageWeakRef

from segviz._trace import MetaNetwork, Step, Trace, shown_size
from segviz._trace.tables import Table, shown_bytes, shown_count

__all__ = ["Cost", "LayerCost", "cost"]


@dataclass(frozen=True)
class LayerCost:
    """The cost of one layer; the sums over all layers are those of the network.

    Attributes:
        layer: the module's name, or ``module.function`` for a function call.
        output_size: of the layer's output, with the batch; None if the layer does not run.
        parameters, frozen_parameters: numbers that training changes, and those it does not.
        multiply_adds: of convolutions, transposed convolutions, dense layers and matrix products.
        kept_bytes: what this layer makes and the backward pass needs.
    """

    layer: str
    output_size: tuple[int, ...] | None
    parameters: int
    frozen_parameters: int
    multiply_adds: int
    kept_bytes: int


@dataclass(frozen=True, repr=False)
class Cost:
    """The cost of one pass over a batch of pictures.

    Attributes:
        input_size: (N, C, rows, columns) of the batch.
        parameters: numbers that training changes, shared ones counted once.
        frozen_parameters: parameters with requires_grad=False.
        buffers: numbers that are kept but are no parameters, such as a batch norm's running mean.
        multiply_adds: one multiplication and one addition each; half of torch's flops.
        kept_bytes: activations that training keeps from the forward to the backward pass.
        peak_bytes: most memory that activations take at one time in inference.
        layers: a LayerCost for each layer, in the order in which they run.
    """

    input_size: tuple[int, ...]
    parameters: int
    frozen_parameters: int
    buffers: int
    multiply_adds: int
    kept_bytes: int
    peak_bytes: int
    layers: tuple[LayerCost, ...]

    def __repr__(self) -> str:
        return "\n".join([*self._lines(), self._table().text()])

    def _repr_html_(self) -> str:
        return self._table().html(self._lines())

    def _lines(self) -> list[str]:
        apart = f"{self.frozen_parameters:,} frozen, {self.buffers:,} in buffers"
        return [
            f"Cost for a batch of {shown_size(self.input_size)}:",
            f"{self.parameters:,} parameters ({apart}), {shown_count(self.multiply_adds)} "
            "multiply-adds.",
            f"Activations: {shown_bytes(self.kept_bytes)} kept for the backward pass in training, "
            f"{shown_bytes(self.peak_bytes)} at the peak of inference.",
        ]

    def _table(self) -> Table:
        header = ["layer", "output", "parameters", "multiply-adds", "share", "kept"]
        rows = [self._row(row) for row in self.layers if any(_numbers(row))]
        return Table(header, rows, numbers=frozenset(range(2, 6)))

    def _row(self, row: LayerCost) -> list[str]:
        share = row.multiply_adds / self.multiply_adds if self.multiply_adds else 0
        return [
            row.layer,
            shown_size(row.output_size[1:]) if row.output_size else "does not run",
            f"{row.parameters + row.frozen_parameters:,}",
            shown_count(row.multiply_adds),
            f"{share:.1%}",
            shown_bytes(row.kept_bytes),
        ]


def _numbers(row: LayerCost) -> tuple[int, ...]:
    return row.parameters, row.frozen_parameters, row.multiply_adds, row.kept_bytes


def cost(model: nn.Module, input_size: Any) -> Cost:
    """Return what one pass of a network over a batch costs, without running it on numbers.

    Multiply-adds are counted as weights times positions: output positions for a convolution, input
    positions for a transposed one, padding included. Activations are counted in the network's own
    precision, as torch's eager mode holds them; the kernels' workspace, the weights and their
    gradients come on top.

    * kept: the distinct tensors, the picture among them, that autograd saves in training mode.
      A batch norm that gets one value per channel, which torch refuses to train, counts as frozen.
    * peak: the largest sum of the tensors, the picture among them, that are alive after any
      operation without gradients, each freed when the network's own forward lets go of it.

    Args:
        model: any torch.nn.Module; it is copied, not run. Aliases count once, in place is seen.
        input_size: (channels, rows, columns), with or without the batch in front, or another
            number of axes.

    Returns:
        The cost of the whole batch, in numbers and bytes, with a table of all layers.

    Raises:
        TypeError: the model is no network, or a number is not whole.
        ValueError: the picture does not fit the network.

    Example:
        >>> cost(nn.Conv2d(3, 8, 3, bias=False), (3, 6, 6))
        Cost for a batch of 1 x 3 x 6 x 6:
        216 parameters (0 frozen, 0 in buffers), 3,456 multiply-adds.
        Activations: 432 B kept for the backward pass in training, 944 B at the peak of inference.
        layer        output     parameters  multiply-adds   share   kept
        the picture  3 x 6 x 6           0              0    0.0%  432 B
        Conv2d       8 x 4 x 4         216          3,456  100.0%    0 B
    """
    network = MetaNetwork(model)
    peak = _Peak(_own_storages(network.model))
    trace = network.trace(network.full_size(input_size), watch=peak)
    kept = _kept_bytes(network, trace)
    layers = tuple(_layers(network.model, trace, kept))
    return Cost(
        input_size=trace.picture.size,
        parameters=sum(row.parameters for row in layers),
        frozen_parameters=sum(row.frozen_parameters for row in layers),
        buffers=sum(buffer.numel() for buffer in network.model.buffers()),
        multiply_adds=sum(row.multiply_adds for row in layers),
        kept_bytes=sum(kept.values()),
        peak_bytes=peak.most,
        layers=layers,
    )


def _layers(model: nn.Module, trace: Trace, kept: Counter[str]) -> Iterable[LayerCost]:
    """Yield a row for each layer that runs, then for the parameters of those that do not."""
    sizes = {"the picture": trace.picture.size}
    sizes |= {step.layer: step.output.size for step in trace.steps}
    counted: Counter[str] = Counter()
    for step in trace.steps:
        counted[step.layer] += multiply_adds(step)
    trained, frozen = _parameters(model)
    names = dict.fromkeys([*sizes, *kept, *trained, *frozen])
    for name in names:
        size = sizes.get(name)
        yield LayerCost(name, size, trained[name], frozen[name], counted[name], kept[name])


def _parameters(model: nn.Module) -> tuple[Counter[str], Counter[str]]:
    """Return how many trained and frozen parameters each module holds itself."""
    trained: Counter[str] = Counter()
    frozen: Counter[str] = Counter()
    for name, parameter in model.named_parameters():  # a shared one comes once
        owner = name.rpartition(".")[0] or type(model).__name__
        (trained if parameter.requires_grad else frozen)[owner] += parameter.numel()
    return trained, frozen


def multiply_adds(step: Step) -> int:
    """Return the multiply-adds of one operation: 0 for all but convolutions and products."""
    given = step.arguments
    if step.function == "convolution":
        places = given["input"] if given["transposed"] else step.output
        return math.prod(given["weight"].size) * places.size[0] * math.prod(places.size[2:])
    if step.function in ("mm", "addmm", "bmm", "baddbmm"):
        left = given.get("mat1") or given.get("batch1") or given["self"]
        return math.prod(step.output.size) * left.size[-1]
    return 0


@dataclass
class _Peak:
    """Adds up, after each operation, what is alive of the tensors made so far."""

    own: set[int]  # storages that are no activations
    most: int = 0
    alive: dict[int, tuple[StorageWeakRef, int]] = field(default_factory=dict)

    def __call__(self, _layer: str, tensor: torch.Tensor) -> None:
        storage = tensor.untyped_storage()
        self.alive = {key: held for key, held in self.alive.items() if not held[0].expired()}
        if storage._cdata not in self.own:
            self.alive[storage._cdata] = StorageWeakRef(storage), storage.nbytes()
        self.most = max(self.most, sum(size for _, size in self.alive.values()))


def _own_storages(model: nn.Module) -> set[int]:
    """Return the addresses of the storages of the weights, which are no activations."""
    tensors = (*model.parameters(), *model.buffers())
    return {tensor.untyped_storage()._cdata for tensor in tensors}


def _kept_bytes(network: MetaNetwork, trace: Trace) -> Counter[str]:
    """Return the bytes that autograd keeps, by the layer that made them."""
    made_by: dict[int, str] = {}
    held: list[Any] = []  # every storage of the run, so that no address is used twice
    kept: Counter[str] = Counter()
    own = _own_storages(network.model)

    def watch(layer: str, tensor: torch.Tensor) -> None:
        storage = tensor.untyped_storage()
        held.append(storage)
        made_by.setdefault(storage._cdata, layer)

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage._cdata in made_by and storage._cdata not in own:
            own.add(storage._cdata)  # counted
            kept[made_by[storage._cdata]] += storage.nbytes()
        return nothing  # there is no backward pass

    nothing = torch.empty(0, device="meta")
    _train(network.model, trace)
    with saved_tensors_hooks(pack, lambda packed: packed):
        network.trace(trace.picture.size, grad=True, watch=watch)
    return kept


def _train(model: nn.Module, trace: Trace) -> None:
    """Switch to training mode all but the batch norms that get one value per channel."""
    model.train()
    modules = dict(model.named_modules())
    for step in trace.steps:
        if step.function == "native_batch_norm" and step.layer.split(" (")[0] in modules:
            size = step.inputs[0].size
            if math.prod(size) == size[1]:
                modules[step.layer.split(" (")[0]].eval()
