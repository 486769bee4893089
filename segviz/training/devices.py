"""What to compute on: the one place where a device is named."""

from __future__ import annotations

import torch


def device() -> torch.device:
    """Return the device to compute on: cuda, else mps, else cpu."""
    if torch.cuda.is_available():
        return torch.device("cuda")
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
