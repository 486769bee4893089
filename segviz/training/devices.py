"""What to compute on: the one place where a device is named."""

from __future__ import annotations

import functools
import os

import torch
from torch import nn


def device() -> torch.device:
    """Return the device to compute on: cuda, else mps, else cpu.

    Of several GPUs, the one that ``torchrun`` meant for this process.
    """
    if torch.cuda.is_available():
        return torch.device("cuda", int(os.environ.get("LOCAL_RANK", torch.cuda.current_device())))
    if torch.backends.mps.is_available():
        return torch.device("mps")
    return torch.device("cpu")


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
    if wanted is False:
        return False
    if not has_bfloat16(on):
        _say_float32(f"This {on.type} does not multiply in bfloat16")
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
    print(f"{reason}: training in float32, which takes longer.")
