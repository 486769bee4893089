"""What several networks cost, side by side, and whether they fit on a card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullLocator

from segviz.plot import _style
from segviz.plot.cost import _BYTES, _shown
from segviz.plot.cost import _COUNTS as _UP_TO_T

PARTS = ("weights", "gradients and optimizer", "activations")
GIB = 2**30
_COUNTS = ((1e15, " P"), *_UP_TO_T)
_WIDEST = 1.5  # cards that the memory axis shows; longer bars are cut and say so


def network_size(
    names: Sequence[str],
    parameters: Sequence[float],
    multiply_adds: Sequence[float],
    memory: np.ndarray,
    *,
    card: float,
) -> np.ndarray:
    """Draw parameters, multiply-adds and the memory against that of a card.

    Counts stand on logarithmic axes, the memory on a plain one, because its parts add up.

    Args:
        names: of the networks, drawn from top to bottom.
        parameters, multiply_adds: one number per network.
        memory: bytes, shape (networks, 3): weights, gradients and optimizer, activations.
        card: bytes that there are.

    Returns:
        Three matplotlib Axes: parameters, multiply-adds, memory.

    Raises:
        ValueError: numbers that are not as many as the networks.

    >>> network_size(["tiny"], [1e6], [1e9], np.array([[4e6, 8e6, 2e9]]), card=2**33).shape
    (3,)
    """
    memory = np.asarray(memory, dtype=float)
    counted = len(names) == len(parameters) == len(multiply_adds)
    if not counted or memory.shape != (len(names), len(PARTS)):
        raise ValueError(
            f"{len(names)} names, {len(parameters)} parameters, {len(multiply_adds)} multiply-adds "
            f"and memory of shape {memory.shape} do not fit each other. Give one row per "
            "network, of three numbers."
        )
    figure = _style.figure(height=1.5 + 0.42 * len(names))
    axes = figure.subplots(1, 3, sharey=True, width_ratios=(1, 1, 2))
    _dots(axes[0], parameters, "parameters")
    _dots(axes[1], multiply_adds, "multiply-adds")
    _bars(axes[2], memory, card)
    axes[0].set_yticks(range(len(names)), names)
    axes[0].invert_yaxis()
    for axis in axes:
        axis.spines[["top", "right"]].set_visible(False)
        axis.grid(axis="x", alpha=0.3)
    return axes


def _dots(axis: Axes, values: Sequence[float], title: str) -> None:
    places = range(len(values))
    axis.plot(values, places, "o", color=_style.CYCLE[0], markersize=7)
    for place, value in zip(places, values, strict=True):
        axis.annotate(
            _shown(value, _COUNTS), (value, place), xytext=(7, 0), textcoords="offset points",
            fontsize=9, va="center",
        )  # fmt: skip
    axis.set_xscale("log")
    axis.set_xlim(min(values) / 2, max(values) * 12)  # room for the last number
    axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: _shown(value, _COUNTS)))
    axis.xaxis.set_minor_locator(NullLocator())
    axis.set_title(title, fontsize=11)


def _bars(axis: Axes, memory: np.ndarray, card: float) -> None:
    """Stacked bars in GiB, a line where the card ends, and the sum in words."""
    end = _WIDEST * card / GIB
    before = np.zeros(len(memory))
    for part, (name, colour) in enumerate(zip(PARTS, _style.CYCLE, strict=False)):
        width = memory[:, part] / GIB
        axis.barh(range(len(memory)), width, left=before, color=colour, height=0.6, label=name)
        before = before + width
    for place, total in enumerate(before):
        cut = total > end * 0.8
        text = f"{_shown(total * GIB, _BYTES)}{' →' if total > end else ''}"
        axis.annotate(
            text, (end if cut else total, place), xytext=(-4 if cut else 4, 0),
            textcoords="offset points", fontsize=9, va="center", ha="right" if cut else "left",
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1, "alpha": 0.85},
        )  # fmt: skip
    axis.axvline(card / GIB, color="#404040", linestyle="--", linewidth=1.5)
    axis.set(xlim=(0, end))
    axis.xaxis.set_major_locator(MaxNLocator(6))
    axis.set_title(f"memory, on a card of {card / GIB:g} GiB (dashed)", fontsize=11)
    axis.set_xlabel("GiB")
    axis.figure.legend(
        *axis.get_legend_handles_labels(), loc="outside lower right", ncols=3, frameon=False,
        fontsize=9,
    )  # fmt: skip


def cost_shares(names: Sequence[str], bills: Mapping[str, Sequence[float]]) -> np.ndarray:
    """Draw which part of a network takes which share of each bill.

    Args:
        names: of the parts, from the picture to the classes, drawn from top to bottom.
        bills: title -> one number per part, none below zero.

    Returns:
        One matplotlib Axes per bill, in percent of its sum.

    Raises:
        ValueError: a bill has another number of parts, or its sum is zero.

    >>> float(cost_shares(["down", "up"], {"parameters": [3, 1]})[0].patches[0].get_width())
    75.0
    """
    figure = _style.figure(height=0.9 + 0.32 * len(names))
    axes = figure.subplots(1, len(bills), sharey=True, squeeze=False)[0]
    for axis, colour, (title, numbers) in zip(axes, _style.CYCLE, bills.items(), strict=False):
        if len(numbers) != len(names) or not sum(numbers):
            raise ValueError(
                f"{title!r} has {len(numbers)} numbers with the sum {sum(numbers)} for "
                f"{len(names)} parts. Give one for each, not all of them zero."
            )
        shares = [100 * number / sum(numbers) for number in numbers]
        bars = axis.barh(range(len(names)), shares, color=colour, height=0.7)
        axis.bar_label(bars, [f"{share:.1f} %" for share in shares], padding=3, fontsize=9)
        axis.set_title(title, fontsize=11)
        axis.set(xlim=(0, 1.3 * max(shares)), xlabel="% of the whole")
        axis.spines[["top", "right"]].set_visible(False)
    axes[0].set_yticks(range(len(names)), names)
    axes[0].invert_yaxis()
    return axes
