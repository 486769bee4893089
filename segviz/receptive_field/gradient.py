"""The receptive field by gradient: run the network for real and ask which pixels count.

torch's own backward pass does the work, so this is independent of the formula. A trained network
hides a part of its field: a ReLU that is off, a maximum's losers, a weight of zero and terms that
cancel pass no gradient. So a copy runs in which every weight is positive, every maximum an average,
every difference a sum, and activations and normalisations are left out; it joins the same pixels.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.overrides import TorchFunctionMode

from segviz._trace import Untraceable
from segviz._trace.network import copy_without_numbers
from segviz._trace.steps import first_line, tensors
from segviz.receptive_field.positive import substitute, with_numbers


def touched_pixels(
    model: nn.Module, input_size: tuple[int, ...], layer: str | None, unit: tuple[int, ...]
) -> NDArray[np.bool_]:
    """Return which pixels of the picture (rows, columns) a unit depends on.

    Args:
        model: any network; it is copied, not run.
        input_size: (N, C, rows, columns) or another number of axes; N is taken as 1.
        layer: name of the module, None for the network's own output.
        unit: position in the map of that layer; all zeros where it has no rows and columns.
    """
    output, picture = _run(model, input_size, layer)
    output = output[0]
    if output.ndim == picture.ndim - 1:
        for index in unit:
            output = output[:, index]
    elif output.ndim > 1:
        raise Untraceable(
            f"the output has shape {tuple(output.shape)}, whose rows and columns cannot be told. "
            "Ask for a layer whose output is (channels, rows, columns)."
        )
    (gradient,) = torch.autograd.grad(output.sum(), picture, allow_unused=True)
    if gradient is None:
        return np.zeros(input_size[2:], dtype=bool)
    if not gradient.isfinite().all():
        raise Untraceable(
            "the gradient of this network is not finite even with positive weights. "
            "Use by='formula', or ask for an earlier layer."
        )
    return (gradient[0] != 0).any(dim=0).numpy()


def _run(
    model: nn.Module, input_size: tuple[int, ...], layer: str | None
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the layer's output and the picture that it depends on."""
    copied = copy_without_numbers(model).eval()
    outputs = _kept_outputs(copied) if layer else {}
    for thrifty in (True, False):  # sparing memory fails where a network writes into its tensors
        picture = torch.ones((1, *input_size[1:]), dtype=torch.float64, device="cpu")
        picture.requires_grad_()
        outputs.clear()
        try:
            with torch.enable_grad(), _Positive(thrifty):
                whole = picture * 1
                found = tensors(copied(whole))
        except RuntimeError as error:
            if thrifty and "single memory location" in str(error):
                continue
            raise _stopped(error) from error
        except Exception as error:
            raise _stopped(error) from error
        break
    output = outputs.get(layer) if layer else found[0]
    if output is None:
        raise ValueError(
            f"layer={layer!r} is a function call, whose output no gradient can be asked of. "
            "Name a module, or use by='formula'."
        )
    if not output.requires_grad:
        raise Untraceable(
            "the output has no gradient, as labels have none. Ask for the layer before argmax."
        )
    return output, picture


def _stopped(error: Exception) -> Exception:
    if isinstance(error, Untraceable):
        return error
    return Untraceable(
        f"the network stops when it runs with positive weights ({type(error).__name__}: "
        f"{first_line(error)}). Use by='formula', or ask for an earlier layer."
    )


def _kept_outputs(model: nn.Module) -> dict[str, torch.Tensor]:
    """Return a dictionary that a run fills with each module's first output, by name."""
    outputs: dict[str, torch.Tensor] = {}
    calls: Counter[str] = Counter()

    def keep(name: str) -> Any:
        def hook(_module: nn.Module, _arguments: Any, output: Any) -> None:
            calls[name] += 1
            label = name if calls[name] == 1 else f"{name} ({calls[name]})"
            outputs[label] = tensors(output)[0]

        return hook

    for name, module in model.named_modules():
        module.register_forward_hook(keep(name))
    return outputs


class _Positive(TorchFunctionMode):
    """Replaces each function of torch by a positive one that joins the same pixels."""

    def __init__(self, thrifty: bool) -> None:
        super().__init__()
        self._thrifty = thrifty

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        name = getattr(func, "__name__", "")
        if name == "__get__":  # a shape or another property
            return func(*args, **(kwargs or {}))
        positive = substitute(name)
        if positive:
            named = dict(kwargs or {})
            first = [named.pop(key) for key in ("input", "self") if key in named]
            made = positive(*first, *args, **named)
            return made if self._thrifty or not isinstance(made, torch.Tensor) else _spread(made)
        given = {key: with_numbers(value) for key, value in (kwargs or {}).items()}
        return func(*[with_numbers(value) for value in args], **given)


def _spread(tensor: torch.Tensor) -> torch.Tensor:
    """Return the tensor with memory for each number, where repeated ones shared it."""
    return tensor.contiguous() if 0 in tensor.stride() else tensor
