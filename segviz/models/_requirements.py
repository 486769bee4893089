"""What networks ask of their arguments and of the pictures they get; errors say what would do."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from numbers import Integral, Real
from typing import NoReturn

import torch
from torch import Tensor, nn

from segviz.ops._checks import flag, shown, whole_number

DEEPEST = 12  # 4096 pixels become one


def is_among(value: object, choices: Sequence[object]) -> bool:
    """Tell whether ``value`` is one of the choices, which are words, whole numbers or None."""
    # An array would be compared number by number.
    return isinstance(value, (str, Integral, type(None))) and value in choices


def check_choice(value: object, name: str, choices: Sequence[object]) -> None:
    """Raise ValueError unless ``value`` is one of the choices."""
    if not is_among(value, choices):
        raise ValueError(
            f"{name}={shown(value)} is unknown. Use one of {', '.join(map(repr, choices))}."
        )


def probability(value: object, name: str) -> float:
    """Return ``value`` if it is a number of 0 or more and less than 1."""
    number = isinstance(value, Real) and not isinstance(value, bool)
    if not number or not 0 <= value < 1:  # type: ignore[operator]
        kind = ValueError if number else TypeError
        raise kind(f"{name}={shown(value)} must be a share of at least 0, below 1. Use 0.5.")
    return float(value)  # type: ignore[arg-type]


def check_rates(rates: object) -> list[int]:
    """Return the rates of parallel atrous convolutions, if there is at least one."""
    if not isinstance(rates, (list, tuple)) or not rates:
        raise TypeError(f"rates={shown(rates)} must be a list of dilations. Use [6, 12].")
    return [whole_number(rate, "rate", 1) for rate in rates]


def check_depth(depth: object) -> int:
    """Return how often a map is halved, if a picture of the largest size has pixels left then."""
    number = whole_number(depth, "depth", 1)
    if number > DEEPEST:
        raise ValueError(
            f"depth={number} halves the map {number} times, and doubles its channels as often: no "
            f"picture is that large. Use at most {DEEPEST}."
        )
    return number


def refuse_size(
    images: Tensor,
    fits: Callable[[int], bool],
    reason: str,
    name: str = "images",
    single: int = 0,
) -> NoReturn:
    """Raise ValueError: why pictures of this size do not fit, and the nearest sizes that do.

    ``fits`` tells of a number of rows (or columns) whether the network takes it. Where it can't run
    on a map of a single place, that is what pictures of ``single`` rows and columns become.
    """
    sizes = images.shape[2:]

    def above(size: int) -> int:
        return next(n for n in itertools.count(size) if fits(n))

    larger = [above(size) for size in sizes]
    smaller = [next((n for n in range(size, 0, -1) if fits(n)), 0) for size in sizes]
    nearest = [
        low if low and size - low < high - size else high
        for size, low, high in zip(sizes, smaller, larger, strict=True)
    ]
    offered = [larger, nearest, *([smaller] if all(smaller) else [])]
    if set(larger) == {single}:
        offered = [[above(single + 1)] * len(sizes)]
    offered = [size for size in offered if set(size) != {single}]
    named = " or ".join(dict.fromkeys(map(_times, offered)))  # each once
    raise ValueError(f"{name} of {_times(sizes)} do not fit: {reason}. Use {named}.")


def _times(sizes: Iterable[int]) -> str:
    return " x ".join(map(str, sizes))


def check_kind(images: Tensor, model: nn.Module, name: str = "images") -> None:
    """Raise an error unless pictures have dtype and device of the weights.

    What numpy gives is often float64. Under autocast torch itself turns one dtype into another, but
    never float64.
    """
    weight = next(model.parameters(), images)
    if getattr(model, "is_traced", False):  # a copy whose weights' numbers are never read
        return
    if weight.is_meta != images.is_meta:
        which, other = ("the weights", name) if weight.is_meta else (name, "the weights")
        raise ValueError(
            f"{which} lie on the meta device, without numbers, and {other} do not: only shapes "
            "could be computed. Use both there, or neither."
        )
    if weight.device != images.device:
        raise ValueError(
            f"{name} lie on {images.device}, but the weights on {weight.device}: torch computes on "
            f"one device only. Use {name}.to('{weight.device}')."
        )
    if weight.dtype != images.dtype and not _casts(images, weight):
        raise TypeError(
            f"{name} has dtype {images.dtype}, but the weights have {weight.dtype}: torch computes "
            f"in one dtype only. Use {name}.to({weight.dtype})."
        )


def _casts(images: Tensor, weight: Tensor) -> bool:
    kind = images.device.type
    automatic = torch.amp.is_autocast_available(kind) and torch.is_autocast_enabled(kind)
    return automatic and torch.float64 not in (images.dtype, weight.dtype)


def check_statistics(maps: Tensor, norm: nn.Module, remedy: str = "") -> None:
    """Raise ValueError if a batch norm would have to train on one value per channel.

    Its variance would be 0 whatever the picture shows, so that it could only return its shift.
    """
    if norm.training and maps.numel() == maps.shape[1]:
        raise ValueError(
            f"a batch norm cannot train on one picture whose map is {_times(maps.shape[2:])}: a "
            "single value per channel has no variance. Give at least two pictures, "
            + (remedy or "or larger ones, ")
            + "or use model.eval()."
        )


def check_frozen(frozen: object, backbone: str) -> bool:
    """Return ``frozen`` if it is False, or the backbone is the one whose weights come installed."""
    if flag(frozen, "frozen") and not is_among(backbone, ("efficientnet_lite0",)):
        raise ValueError(
            f"frozen=True with backbone={shown(backbone)}: checkpoints leave a frozen backbone "
            "out, and only efficientnet_lite0 comes with the course. Use it, or frozen=False."
        )
    return bool(frozen)


def check_light(in_channels: int, width: int) -> None:
    """Raise ValueError unless EfficientNet-Lite0 can be the backbone."""
    if in_channels != 3 or width != 64:
        raise ValueError(
            f"in_channels={in_channels}, width={width} do not fit EfficientNet-Lite0, which has 3 "
            "channels in and one width. Use in_channels=3 and leave width out."
        )
