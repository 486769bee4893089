"""Which weights a checkpoint may hold: those of its network, in finite numbers."""

from __future__ import annotations

import torch
from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor, nn

from segviz.ops._checks import shown

BACKBONE = "backbone."
_REMEDY = "Take both files from the course again, or train the network again."


def put_in(model: nn.Module, content: bytes, stem: str) -> None:
    """Load the content of a weights file; a frozen backbone has its weights already.

    Raises
    ------
    ValueError
        If they are not the weights of this network.
    """
    weights = _opened(content, stem)
    wanted = model.state_dict()
    if getattr(model, "frozen", False):
        wanted = {key: value for key, value in wanted.items() if not key.startswith(BACKBONE)}
    kinds = {key: _kind(value) for key, value in weights.items()}
    wrong = {
        key
        for key in {*wanted, *kinds}
        if key not in wanted or _kind(wanted[key]) != kinds.get(key)
    }
    if wrong:
        raise ValueError(
            f"{stem} does not fit the network that its card names: {shown(sorted(wrong))} differ "
            f"in name, shape or dtype. {_REMEDY}"
        )
    model.load_state_dict(
        {key: finite(value, f"{stem}: {key}") for key, value in weights.items()}, strict=False
    )


def finite(weight: Tensor, name: str) -> Tensor:
    """Return the weight, if it holds neither nan nor infinity."""
    lost = weight.numel() - int(weight.isfinite().sum())
    if lost:
        raise ValueError(
            f"{name} holds {lost} numbers that are nan or infinite, and a network must have finite "
            "weights. Train it again, with a smaller learning_rate."
        )
    return weight


def _opened(content: bytes, stem: str) -> dict[str, Tensor]:
    try:
        weights = load(content)
    except (SafetensorError, KeyError, ValueError) as error:  # KeyError: a dtype torch lacks
        reason = (str(error).splitlines() or [type(error).__name__])[0][:80]
        raise ValueError(f"{stem}.safetensors cannot be read ({reason}). {_REMEDY}") from None
    return {key: _read(value) for key, value in weights.items()}


def _read(weight: Tensor) -> Tensor:
    return weight.float() if weight.is_floating_point() else weight


def _kind(weight: Tensor) -> tuple[torch.Size, torch.dtype]:
    return weight.shape, weight.dtype
