"""What to compute on: the one place where a device is named."""

from __future__ import annotations

import functools
import os

import torch
from torch import nn

from segviz.ops._checks import flag, shown


def device() -> torch.device:
    """Return the device to compute on: cuda, else mps, else cpu.

    Of several GPUs, the one that ``torchrun`` meant for this process.
    """
    if torch.cuda.is_available():
        return torch.device("cuda", int(os.environ.get("LOCAL_RANK", torch.cuda.current_device())))
    if torch.backends.mps.is_available():
        return torch.device("mps")
    return torch.device("cpu")


def chosen(on: object) -> torch.device:
    """Return the device that was asked for; ``device()`` if none was.

    Raises
    ------
    ValueError, TypeError
        If it is none that torch can use on this machine.

    >>> chosen("cpu")
    device(type='cpu')
    """
    if on is None:
        return device()
    if not isinstance(on, (str, torch.device)):
        raise TypeError(f"on={shown(on)} must name a device. {_choice()}")
    try:
        place = torch.device(on)
    except RuntimeError:
        raise ValueError(f"on={shown(on)} is no device that torch knows. {_choice()}") from None
    if (place.index or 0) >= _count(place.type):
        raise ValueError(
            f"on={str(on)!r} must be a device that this machine has and torch can use. {_choice()}"
        )
    return place


def _choice() -> str:
    here = torch.accelerator.current_accelerator(check_available=True)
    return f"Use {f'{here.type!r} or ' if here else ''}'cpu', or leave it out."


def _count(kind: str) -> int:
    """How many devices of that kind torch can use here."""
    here = torch.accelerator.current_accelerator(check_available=True)
    if here is not None and here.type == kind:
        return torch.accelerator.device_count()
    return int(kind == "cpu")


def has_bfloat16(on: torch.device) -> bool:
    """Return whether the hardware itself multiplies bfloat16; emulated, it would be slower."""
    if on.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if on.type == "cpu":
        able = torch.cpu.get_capabilities()
        return any(able.get(kind, False) for kind in ("avx512_bf16", "amx_bf16", "bf16"))
    return False


def takes_bfloat16(on: torch.device, wanted: bool | None, model: nn.Module) -> bool:
    """Return whether to multiply in bfloat16; where that cannot be, say so and do not."""
    if wanted is not None and not flag(wanted, "bfloat16"):
        return False
    if not has_bfloat16(on):
        known = on.type in ("cuda", "cpu")
        here = f"This {on.type} has no hardware for" if known else f"On {on.type} we do not use"
        _say_float32(f"{here} bfloat16")
        return False
    if on.type == "cpu" and any(map(_has_wrong_gradient, model.modules())):
        _say_float32(
            "On a CPU, torch's gradient of grouped atrous convolutions in bfloat16 is wrong"
        )
        return False
    return True


def _has_wrong_gradient(layer: nn.Module) -> bool:
    """Of its weight, with channels last, on maps wider than some 24 places: memory that was not
    written to is added (torch 2.14, oneDNN), so that it differs from run to run and may be nan."""
    return (
        isinstance(layer, nn.Conv2d)
        and layer.groups > 1
        and max(layer.dilation) > 1
        and layer.weight.requires_grad
    )


@functools.cache
def _say_float32(reason: str) -> None:
    print(f"{reason}: training in float32.")
