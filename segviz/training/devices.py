"""What to compute on: the one place where a device is named."""

from __future__ import annotations

import functools
import os

import torch


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


def takes_bfloat16(on: torch.device, wanted: bool | None) -> bool:
    """Return whether to multiply in bfloat16; where the hardware cannot, say so and do not."""
    if wanted is False or has_bfloat16(on):
        return wanted is not False
    _say_float32(on.type)
    return False


@functools.cache
def _say_float32(kind: str) -> None:
    print(f"This {kind} does not multiply in bfloat16: training in float32, which takes longer.")
