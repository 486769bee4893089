"""What lies along the street: both sides, divided into plots with houses and parks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .ground import Lawn, Layout


@dataclass(frozen=True)
class Plot:
    """A stretch of one side of the street: houses or park."""

    side: int
    start: float
    stop: float
    park: bool
    setback: float  # metres from the building line
    storeys: int


def plan_sides(rng: np.random.Generator, layout: Layout) -> list[Plot]:
    """Divide both sides into plots, far to near; the side road stays free."""
    plots = [plot for side in (-1, 1) for plot in _plan_side(rng, layout, side)]
    return sorted(plots, key=lambda plot: -plot.start)


def lawns_of(plots: list[Plot]) -> list[Lawn]:
    """Return the ground of the parks."""
    return [Lawn(plot.side, plot.start, plot.stop) for plot in plots if plot.park]


def _plan_side(rng: np.random.Generator, layout: Layout, side: int) -> list[Plot]:
    green, storeys = rng.beta(0.6, 1.15), rng.integers(2, 5)
    z, plots = -8.0, []
    while z < layout.end:
        park = bool(rng.random() < green)
        stop = z + (rng.uniform(14, 40) if park else rng.uniform(6, 20))
        if z < layout.junction[1] and stop > layout.junction[0]:
            stop = layout.junction[0]
        if stop - z > 2.0:
            setback = rng.choice([0.0, 0.0, rng.uniform(0.3, 5.0)])
            floors = int(np.clip(storeys + rng.integers(-1, 3), 1, 6))
            plots.append(Plot(side, z, stop, park, float(setback), floors))
        z = layout.junction[1] if stop >= layout.junction[0] > z else stop
    return plots
