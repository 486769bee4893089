"""A copy of a network without numbers, which can be run on one size after another."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from segviz._trace.inputs import checked_model, full_input_size
from segviz._trace.recorder import CircularPadding, Recorder, Watcher
from segviz._trace.steps import (
    ShapeClash,
    Step,
    Untraceable,
    Value,
    first_line,
    layer_of,
    tensors,
)


@dataclass(frozen=True, eq=False)
class Trace:
    """One run: the picture, the steps in order, the outputs, and each module's last output."""

    picture: Value
    steps: tuple[Step, ...]
    outputs: tuple[Value, ...]
    modules: dict[str, Value]

    def layer_of(self, value: Value) -> str:
        """Return the name of the layer that made the value."""
        return layer_of(value, self.steps)


class MetaNetwork:
    """A copy of a model on the meta device; the caller's model is neither run nor changed."""

    def __init__(self, model: object) -> None:
        original = checked_model(model)
        self.name = type(original).__name__
        self.model = copy_without_numbers(original).eval()
        self.dtype = _floating_type(original)
        self._recorder: Recorder | None = None
        for name, module in self.model.named_modules():
            self._follow(name, module)

    def full_size(self, input_size: object) -> tuple[int, ...]:
        """Return the size of the batch (N, C, ...), whether it was given with N or without."""
        return full_input_size(self.model, input_size)

    def trace(
        self, size: tuple[int, ...], *, grad: bool = False, watch: Watcher | None = None
    ) -> Trace:
        """Run the network on a picture (N, C, ...); ``watch`` meets every tensor that is made."""
        picture = torch.empty(size, dtype=self.dtype, device="meta")
        recorder = self._recorder = Recorder(picture, watch)
        try:
            with torch.set_grad_enabled(grad), recorder, CircularPadding(recorder):
                output = self.model(picture)
        except Exception as error:
            self._explain(error, recorder)
        finally:
            self._recorder = None
        found = tuple(value for value in map(recorder.value, tensors(output)) if value.depends)
        if not found:
            raise Untraceable(
                f"{self.name} returns no tensor that depends on its picture, so there is nothing "
                "to analyse. Return the map from forward."
            )
        return Trace(recorder.picture, tuple(recorder.steps), found, recorder.modules)

    def _follow(self, name: str, module: nn.Module) -> None:
        """Tell the recorder, while it runs, which module torch is in."""
        layer = _layer_of_torch(module)

        def enter(*_: Any) -> None:
            if self._recorder:
                self._recorder.enter(name, layer)

        def leave(_module: nn.Module, _arguments: Any, output: Any) -> None:
            if self._recorder:
                self._recorder.leave(name, output)

        module.register_forward_pre_hook(enter)
        module.register_forward_hook(leave)

    def _explain(self, error: Exception, recorder: Recorder) -> None:
        """Raise what ended the run as an error that a student can act on."""
        if isinstance(error, Untraceable):
            raise error
        if not isinstance(error, ShapeClash):
            place = recorder.place
            where = f"layer {place!r} of {self.name}" if place else f"the forward of {self.name}"
            reason = f"{type(error).__name__}: {first_line(error)}"
            if not isinstance(error, (RuntimeError, ValueError, AssertionError, IndexError)):
                raise TypeError(
                    f"{where} cannot run on one picture alone ({reason}). "
                    "Give a network whose forward takes one picture."
                ) from error
            clash = ShapeClash(f"{where} stops with {reason}.")
        else:
            clash = error
        clash.steps = tuple(recorder.steps)
        raise clash


def _layer_of_torch(module: nn.Module) -> str:
    """Return the class of a layer of torch, or that which a layer of ours stands for.

    Others' layers may do more in their forward than the one that they are derived from.
    """
    kinds = (
        type(module).__mro__ if type(module).__module__.startswith("segviz.") else [type(module)]
    )
    kind = next((one for one in kinds if one.__module__.startswith("torch.nn")), nn.Module)
    return "" if kind is nn.Module or any(module.children()) else kind.__name__


def _floating_type(model: nn.Module) -> torch.dtype:
    for parameter in model.parameters():
        if parameter.dtype.is_floating_point:
            return parameter.dtype
    return torch.float32


def copy_without_numbers(model: nn.Module) -> nn.Module:
    """Return a copy whose tensors are on the meta device and whose hooks are gone.

    The copy meets each tensor and each dictionary of hooks in ``memo``, ready replaced: no number
    is copied, and no hook of the caller runs.
    """
    memo: dict[int, Any] = {}
    for module in model.modules():
        for attribute, held in vars(module).items():
            if "hooks" in attribute and isinstance(held, dict):
                memo[id(held)] = type(held)()
            elif isinstance(held, torch.Tensor):
                memo[id(held)] = _empty_like(held)
        for tensor in (*module._parameters.values(), *module._buffers.values()):
            if tensor is not None and id(tensor) not in memo:
                memo[id(tensor)] = _empty_like(tensor)
    try:
        copied = copy.deepcopy(model, memo)
    except Exception as error:
        raise TypeError(
            f"{type(model).__name__} cannot be copied ({type(error).__name__}: "
            f"{first_line(error)}). Keep open files, locks and tensors with a history "
            "out of the module."
        ) from error
    for module in copied.modules():
        # A network of ours refuses pictures beside weights without numbers, unless it says so.
        vars(module)["is_traced"] = True
    return copied


def _empty_like(tensor: torch.Tensor) -> torch.Tensor:
    empty = torch.empty(tensor.shape, dtype=tensor.dtype, device="meta")
    if isinstance(tensor, nn.Parameter):
        return nn.Parameter(empty, requires_grad=tensor.requires_grad)
    return empty
