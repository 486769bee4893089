"""A list of (kernel_size, stride, padding, dilation) made into the network that it stands for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from segviz._trace.inputs import not_too_large
from segviz.ops import _checks as checks

_CONVOLUTIONS: dict[int, Any] = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}
_SETTINGS = {"kernel_size": 1, "stride": 1, "padding": 0, "dilation": 1}  # the least of each


def stack_of(layers: Sequence[Any], input_size: object) -> tuple[nn.Module, tuple[int, ...]]:
    """Return the network and the size (1, 1, ...) of its picture.

    Without ``input_size`` the picture is large enough that its border does not cut the field of
    the unit in the middle.
    """
    if not layers:
        raise ValueError("model=[] has no layer. Give tuples (kernel_size, stride, padding).")
    entries = [_entry(entry, index) for index, entry in enumerate(layers)]
    axes = _axes([*entries, (input_size,)])
    read = [_read(entry, index, axes) for index, entry in enumerate(entries)]
    with torch.device("meta"):
        convolutions = [_CONVOLUTIONS[axes](1, 1, *settings, bias=False) for settings in read]
    if input_size is None:
        size = tuple(_large_enough(read, axis) for axis in range(axes))
    else:
        size = checks.sizes(input_size, "input_size", axes, 1)
    return nn.Sequential(*convolutions), not_too_large((1, 1, *size))


def _entry(entry: Any, index: int) -> tuple[Any, ...]:
    if not isinstance(entry, (tuple, list)):
        raise TypeError(
            f"layer {index} is {checks.shown(entry)}, but must be a tuple "
            "(kernel_size, stride, padding, dilation). Give at least (kernel_size,)."
        )
    if not 1 <= len(entry) <= len(_SETTINGS):
        raise ValueError(
            f"layer {index} has {len(entry)} numbers, but a layer is "
            "(kernel_size, stride, padding, dilation). Leave out the last ones at most."
        )
    return tuple(entry)


def _axes(entries: Sequence[Sequence[Any]]) -> int:
    """Return the number of axes that the tuples among the settings have; 1 if there are none."""
    lengths = {
        len(number) for entry in entries for number in entry if isinstance(number, (tuple, list))
    }
    if not lengths:
        return 1
    if len(lengths) > 1 or not lengths <= set(_CONVOLUTIONS):
        raise ValueError(
            f"the layers and input_size have {sorted(lengths)} numbers per setting. "
            "Use one number per axis everywhere, for 1, 2 or 3 axes, or a single number."
        )
    return lengths.pop()


def _read(entry: tuple[Any, ...], index: int, axes: int) -> list[tuple[int, ...]]:
    given = (*entry, *(1, 1, 0, 1)[len(entry) :])
    return [
        checks.sizes(number, f"{name} of layer {index}", axes, least)
        for (name, least), number in zip(_SETTINGS.items(), given, strict=True)
    ]


def _large_enough(layers: Sequence[list[tuple[int, ...]]], axis: int) -> int:
    size = jump = 1
    for kernel_size, stride, _, dilation in layers:
        size += (kernel_size[axis] - 1) * dilation[axis] * jump
        jump *= stride[axis]
    return size + 4 * jump
