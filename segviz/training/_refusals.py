"""What the training loop refuses, in words: arguments, and what the given functions return."""

from __future__ import annotations

import contextlib
import copy
import functools
import re
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from segviz.ops._checks import shown

_CALLS = {
    "draw": "def draw(generator): ... return inputs, target",
    "loss": "torch.nn.CrossEntropyLoss()",
    "optimizer": "lambda weights, rate: torch.optim.SGD(weights, rate)",
    "on_step": "lambda step, loss: print(step, loss)",
}
_TENSORS = {
    "inputs": ("of draw's inputs", "torch.as_tensor(inputs) in draw"),
    "target": ("of draw's target", "torch.as_tensor(target) in draw"),
    "output": ("of what the model returns", "a forward that ends with: return output"),
}
# How torch says that two dtypes do not go together.
_MISMATCH = re.compile(
    "Input type .* should be the same|(m1 and m2|mat1 and mat2).* the same dtype"
    "|expect.* scalar type|not the same dtype"
)


def check_model(model: object) -> None:
    """Refuse what is no network, and a network in which nothing is to be trained."""
    if not isinstance(model, nn.Module):
        made = " that has been made, as Network() makes one" if isinstance(model, type) else ""
        raise TypeError(
            f"model={shown(model)} must be a network of torch's (nn.Module){made}. "
            "Use for example segviz.models.create('unet')."
        )
    if any(is_lazy(weight) for weight in model.parameters()):
        raise ValueError(
            f"model={shown(model)} must have weights of known shapes, but some of its layers are "
            "lazy and have seen no input. Call model(inputs) once before."
        )
    if not any(weight.requires_grad for weight in model.parameters()):
        why = (
            "all its weights are frozen" if any(True for _ in model.parameters()) else "it has none"
        )
        raise ValueError(
            f"model={shown(model)} must have weights to train, but {why}. "
            "Use layer.requires_grad_(True) for the layers that shall learn."
        )


def check_functions(**given: object) -> None:
    """Refuse what cannot be called; what is optional may be None."""
    for name, function in given.items():
        if function is None and name in ("optimizer", "on_step"):
            continue
        inner = function.func if isinstance(function, functools.partial) else function
        ready = not (name == "loss" and isinstance(inner, type))  # the class, not one of it
        if not callable(function) or not ready:
            kind = "function" if ready else "function, not a class"
            raise TypeError(f"{name}={shown(function)} must be a {kind}. Use {_CALLS[name]}")


def check_optimizer(made: object) -> None:
    """Refuse what ``optimizer`` has made if it is none of torch's."""
    if not isinstance(made, torch.optim.Optimizer):
        raise TypeError(
            f"optimizer returned {shown(made)}, but must return one of torch's optimizers. "
            f"Use {_CALLS['optimizer']}"
        )
    if isinstance(made, torch.optim.LBFGS):
        raise TypeError(
            "optimizer returned an LBFGS, which asks for several losses a step, but must return one"
            f" that takes a single gradient a step. Use {_CALLS['optimizer']}"
        )


def pair(drawn: Any) -> tuple[Any, Any]:
    """Return inputs and target, if it is those two that were drawn."""
    if not isinstance(drawn, (tuple, list)) or len(drawn) != 2:
        number = f" of {len(drawn)}" if isinstance(drawn, (tuple, list)) else ""
        raise TypeError(
            f"draw returned a {type(drawn).__name__}{number}, but must return a pair. "
            "End it with: return inputs, target"
        )
    return drawn[0], drawn[1]


def each(change: Callable[[Tensor], Tensor], given: Any, name: str) -> Any:
    """Return ``given`` with every tensor changed: in tuples, lists and dicts as well."""
    if isinstance(given, Tensor):
        return change(given)
    if isinstance(given, Mapping):
        changed = copy.copy(given) if isinstance(given, MutableMapping) else {}
        for key, part in given.items():
            changed[key] = _inner(change, part, name)
        return changed
    if isinstance(given, (tuple, list)):
        parts: Any = [_inner(change, part, name) for part in given]
        return type(given)(*parts) if hasattr(given, "_fields") else type(given)(parts)
    what, remedy = _TENSORS[name]
    raise TypeError(
        f"{shown(given)} ({type(given).__name__}) {what} must be a tensor, or a tuple, list or "
        f"dict of tensors. Use {remedy}."
    )


def _inner(change: Callable[[Tensor], Tensor], part: Any, name: str) -> Any:
    """A network may leave parts of what it returns empty."""
    return None if part is None and name == "output" else each(change, part, name)


@contextlib.contextmanager
def dtype_in_words(model: nn.Module, inputs: Any) -> Iterator[None]:
    """Say so where a network stops at inputs of another dtype than its weights have."""
    try:
        yield
    except RuntimeError as error:
        dtype = next(model.parameters()).dtype
        pictures = [torch.uint8] if "Input type" in str(error) else []
        others = [
            one
            for one in _dtypes(inputs)
            if one != dtype and (one.is_floating_point or one in pictures)
        ]
        if not others or not _MISMATCH.search(str(error)):
            raise
        raise TypeError(
            f"the network stopped at inputs of {others[0]} ({str(error).splitlines()[0][:100]}): "
            f"they must have the dtype of its weights. Use inputs.to({dtype}) in draw."
        ) from error


def _dtypes(given: Any) -> list[torch.dtype]:
    if isinstance(given, Tensor):
        return [given.dtype]
    parts = given.values() if isinstance(given, Mapping) else given
    return [dtype for part in parts for dtype in _dtypes(part)]


def check_loss(value: object) -> None:
    """Refuse what no gradient can be taken of."""
    if not isinstance(value, Tensor):
        raise TypeError(
            f"loss returned {shown(value)} ({type(value).__name__}), but must return a tensor. "
            "End it with return, and without .item()."
        )
    if value.numel() != 1 or value.is_complex():
        raise ValueError(
            f"loss returned shape {tuple(value.shape)} of {value.dtype}, but must return a single "
            "real number. Use .mean() over all places."
        )
    if not value.requires_grad:
        raise ValueError(
            "loss returned a number that does not hang on the weights any more, so that no "
            "gradient reaches them. Use no .detach(), .item(), argmax or torch.no_grad() between "
            "the weights and the loss."
        )
