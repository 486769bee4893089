"""What seven papers' networks cost, by width, picture and batch, and on which card they fit."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from segviz._trace.tables import shown_bytes, shown_count
from segviz.plot.network_size import GIB, network_size
from segviz.widgets._base import TraceWidget
from segviz.widgets._network_costs import NETWORKS, SIDES, WIDTHS, table
from segviz.widgets._parameters import Choice, Whole

CARDS = ("4 GiB", "6 GiB", "8 GiB", "12 GiB", "16 GiB", "24 GiB", "48 GiB", "80 GiB")
# Numbers per trained parameter beside the parameter itself: its gradient, and what the optimizer
# remembers.
USES = {"inference": 0, "training, momentum": 2, "training, Adam": 3}
TIGHT = 0.8  # of the card: what is not counted has to fit in the rest
_BYTES = 4  # float32


class NetworkSize(TraceWidget):
    """Parameters, multiply-adds, memory and receptive field of seven papers' networks.

    Every number is counted for a picture that the network really takes, the one nearest to
    ``side``; none is interpolated. Memory is in float32: weights, their gradients, what the
    optimizer remembers, and the activations. What the framework takes on top is not counted.

    Args:
        **settings: ``side`` of the picture (192 to 1024 in steps of 64), ``width`` (share of the
            paper's channels: "1/4", "1/2", "1", "2"), ``batch`` (pictures at a time, 1 to 16),
            ``use`` ("inference", "training, momentum" or "training, Adam"), ``card`` ("4 GiB" to
            "80 GiB"), ``network`` whose dearest layers are named.

    Raises:
        ValueError, TypeError: a setting that is not offered.

    >>> widget = NetworkSize(side=576, network="U-Net")
    >>> widget.trace["pictures"][2], widget.trace["rows"][2][:2]
    ('572 × 572', ['31.03 M', '150.43 G'])
    """

    network = Choice("U-Net", tuple(NETWORKS))
    side = Whole(576, SIDES[0], SIDES[-1], step=SIDES[1] - SIDES[0])
    width = Choice("1", WIDTHS)
    batch = Whole(4, 1, 16)
    use = Choice("training, momentum", tuple(USES))
    card = Choice("8 GiB", CARDS)
    _offline = ("network", "side", "width")

    def _scene_arrays(self) -> dict[str, Any]:
        return {"names": list(NETWORKS)}

    def _compute(self, *, side: int, width: str, batch: int, use: str, card: str) -> dict[str, Any]:
        room = int(card.split()[0]) * GIB
        memory = np.array([_memory(name, side, width, batch, use) for name in NETWORKS])
        verdicts = [_verdict(each / room) for each in memory.sum(axis=1).tolist()]
        return {
            "pictures": [_picture(name, side) for name in NETWORKS],
            "rows": [
                _row(name, side, width, each)
                for name, each in zip(NETWORKS, memory.tolist(), strict=True)
            ],
            "parts": (memory / room).astype(np.float32),
            "memory": memory,
            "verdicts": verdicts,
        }

    def _inspect(self, *, network: str, side: int, width: str) -> dict[str, Any]:
        whole, here = _costs(network, side, width)
        kept = whole["fixed_alone"] + here["kept"]
        bills = (
            ("parameters", whole["largest"], whole["parameters"] + whole["frozen"]),
            ("multiply-adds", here["dearest"], here["multiply_adds"]),
            ("activations kept in training", here["fullest"], kept),
        )
        return {
            "bills": [
                [title, [[layer, number / total] for layer, number in layers]]
                for title, layers, total in bills
            ]
        }

    def _still(self) -> Figure:
        settled = self._settled
        costs = [_costs(name, settled["side"], settled["width"]) for name in NETWORKS]
        pictures = self.trace["pictures"]
        axes = network_size(
            [f"{name}, {size}" for name, size in zip(NETWORKS, pictures, strict=True)],
            [whole["parameters"] for whole, _ in costs],
            [here["multiply_adds"] for _, here in costs],
            self.trace["memory"],
            card=int(settled["card"].split()[0]) * GIB,
        )
        return axes[0].figure

    def _describe(self) -> str:
        rows = zip(NETWORKS, self.trace["rows"], self.trace["verdicts"], strict=True)
        each = "; ".join(f"{name} {row[2]}, {verdict}" for name, row, verdict in rows)
        settled = self._settled
        return (
            f"Memory of seven networks in {settled['use']} at width {settled['width']}, batch "
            f"{settled['batch']}, on a card of {settled['card']}: {each}."
        )


def _costs(name: str, side: int, width: str) -> tuple[dict[str, Any], dict[str, Any]]:
    whole = table()[name]["widths"][width]
    return whole, whole["sides"][str(side)]


def _memory(name: str, side: int, width: str, batch: int, use: str) -> list[int]:
    """Bytes of the weights, of gradients and optimizer, and of the activations."""
    whole, here = _costs(name, side, width)
    numbers = whole["parameters"] + whole["frozen"] + whole["buffers"]
    fixed = whole["fixed_alone"] if batch == 1 else whole["fixed"]
    activations = fixed + batch * here["kept"] if USES[use] else batch * here["peak"]
    return [_BYTES * numbers, _BYTES * USES[use] * whole["parameters"], activations]


def _picture(name: str, side: int) -> str:
    return " × ".join(map(str, NETWORKS[name].picture(side)[1:]))


def _row(name: str, side: int, width: str, memory: list[int]) -> list[str]:
    """Parameters, multiply-adds of a picture, memory, and what an output unit sees, as texts."""
    whole, here = _costs(name, side, width)
    low, high = table()[name]["fields"][str(side)]
    field = str(high) if low == high else f"{low} to {high}"
    share = high / NETWORKS[name].picture(side)[1]
    return [
        shown_count(whole["parameters"]),
        _products(here["multiply_adds"]),
        _memory_in_words(sum(memory)),
        f"{field} px, {share:.2f} of the side",
    ]


def _products(number: int) -> str:
    """Multiply-adds as ``shown_count`` has them, and in P (10 to the 15th) where T is too small.

    >>> _products(10**15), _products(835 * 10**9)
    ('1.00 P', '835.00 G')
    """
    return f"{number / 10**15:.2f} P" if number >= 10**15 else shown_count(number)


def _memory_in_words(number: int) -> str:
    """Bytes as ``shown_bytes`` has them, and in TiB where GiB is too small.

    >>> _memory_in_words(2**40), _memory_in_words(3 * 2**30)
    ('1.0 TiB', '3.0 GiB')
    """
    return f"{number / 2**40:.1f} TiB" if number >= 2**40 else shown_bytes(number)


def _verdict(share: float) -> str:
    """Whether it fits, from its share of the card.

    >>> _verdict(0.9), _verdict(1.04), _verdict(43.2), _verdict(3868.98)
    ('tight', 'no: 1.1 cards', 'no: 44 cards', 'no: 3,869 cards')
    """
    if share > 1:
        cards = f"{math.ceil(10 * share) / 10:.1f}" if share < 10 else f"{math.ceil(share):,}"
        return f"no: {cards} cards"  # rounded up, never down to one
    return "tight" if share > TIGHT else "fits"
