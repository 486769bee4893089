"""What the seven networks cost, by width and picture: counted once, kept in ``data/``.

``python -m segviz.widgets._network_costs`` counts it anew. No entry is interpolated: each stands
for a picture that the network takes, nearest to the side that is asked for.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

from segviz.datasets.registry import course_data

SIDES = tuple(range(192, 1025, 64))
WIDTHS = ("1/4", "1/2", "1", "2")
MOST_LAYERS = 3  # that are kept of each bill, the dearest first


@dataclass(frozen=True)
class Form:
    """How a network is made at a width, and which picture it takes nearest to a side."""

    model: str
    variant: Callable[[float], dict[str, int]]
    picture: Callable[[int], tuple[int, ...]]

    def create(self, width: str) -> Any:
        """The network at this share of its paper's channels, without numbers in it."""
        import torch

        from segviz import models

        with torch.device("meta"):
            return models.create(self.model, **self.variant(_factor(width)))


def _factor(width: str) -> float:
    """A share such as "1/4" as a number."""
    over, _, under = width.partition("/")
    return int(over) / int(under or 1)


def _scaled(factor: float, **channels: int) -> dict[str, int]:
    return {name: int(number * factor) for name, number in channels.items()}


_VGG = partial(_scaled, width=64)

NETWORKS: Mapping[str, Form] = {
    "FCN-8s": Form("fcn8s", _VGG, lambda side: (3, side, side)),
    "SegNet": Form("segnet", _VGG, lambda side: (3, side, side)),
    # Unpadded: 12, 28, 44, ... from 188 on; 576 gives the 572 of the paper.
    "U-Net": Form("unet", _VGG, lambda side: (1, side - 4, side - 4)),
    # A volume half as deep as it is wide, like the paper's 128 x 128 x 64.
    "V-Net": Form("vnet", partial(_scaled, width=16), lambda side: (1, side, side, side // 2)),
    # One more than a multiple of the stride, so that the corners of all maps meet: 513.
    "DeepLab v2": Form("deeplab_v2", _VGG, lambda side: (3, side + 1, side + 1)),
    "DeepLab v3+": Form(
        "deeplab_v3plus",
        partial(_scaled, width=64, hidden=256, fine=48),
        lambda side: (3, side + 1, side + 1),
    ),
    "DCAN": Form("dcan", _VGG, lambda side: (3, side, side)),
}


def count(name: str, width: str) -> dict[str, Any]:
    """Count a network at one width on pictures of every side.

    Bytes kept for the backward pass grow with the batch N as ``fixed + N * kept``: the fixed part
    are the means and variances of the batch norms. Of a single picture it is ``fixed_alone``: a
    batch norm that would get one value has none.
    """
    from segviz.cost import cost

    form = NETWORKS[name]
    model = form.create(width)
    smallest = form.picture(SIDES[0])
    one, two, three = (cost(model, (batch, *smallest)).kept_bytes for batch in (1, 2, 3))
    each = three - two
    bills = {side: cost(model, form.picture(side)) for side in SIDES}
    bill = bills[SIDES[0]]
    return {
        "parameters": bill.parameters,
        "frozen": bill.frozen_parameters,
        "buffers": bill.buffers,
        "fixed": two - 2 * each,
        "fixed_alone": one - each,
        "largest": _largest(bill, "parameters"),
        "sides": {str(side): _of_a_side(bills[side], one - each) for side in SIDES},
    }


def _of_a_side(bill: Any, fixed: int) -> dict[str, Any]:
    return {
        "multiply_adds": bill.multiply_adds,
        "kept": bill.kept_bytes - fixed,
        "peak": bill.peak_bytes,
        "dearest": _largest(bill, "multiply_adds"),
        "fullest": _largest(bill, "kept_bytes"),
    }


def _largest(bill: Any, what: str) -> list[list[Any]]:
    """The layers with the largest shares of a bill: [name, number], largest first."""
    rows = sorted(bill.layers, key=lambda row: -getattr(row, what))[:MOST_LAYERS]
    return [[row.layer, getattr(row, what)] for row in rows]


def fields(name: str) -> dict[str, list[int]]:
    """Pixels along an axis that an output unit sees: side -> [fewest, most].

    They are those of a picture that never ends, and the same at every width.
    """
    from segviz.receptive_field import receptive_field

    form = NETWORKS[name]
    model = form.create("1/4")
    found = {}
    for side in SIDES:
        row = receptive_field(model, form.picture(side)).layers[-1]
        found[str(side)] = [row.smallest[0], row.largest[0]]
    return found


@cache
def table() -> dict[str, Any]:
    """The table as it was counted: network -> {"fields": ..., "widths": {width: count(...)}}."""
    return json.loads((course_data() / "network_costs.json").read_text("utf-8"))


def main() -> None:
    """Count everything and replace the table."""
    counted = {
        name: {"fields": fields(name), "widths": {width: count(name, width) for width in WIDTHS}}
        for name in NETWORKS
    }
    target = course_data() / "network_costs.json"
    part = target.with_suffix(".part")
    part.write_text(json.dumps(counted, indent=None, separators=(",", ":")) + "\n", "utf-8")
    os.replace(part, target)


if __name__ == "__main__":
    main()
