"""What a network costs as the picture grows, and the maps that it has to compute."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Polygon
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullLocator

from segviz.plot import _style

_COUNTS = ((1e12, " T"), (1e9, " G"), (1e6, " M"), (1e3, " k"), (1, ""))
_BYTES = tuple(
    (1024.0**n, f" {unit}") for n, unit in ((4, "TiB"), (3, "GiB"), (2, "MiB"), (1, "KiB"))
)
_MARKERS = "osD^vP"


def cost_curves(
    sides: Sequence[int],
    multiply_adds: Mapping[str, Sequence[float]],
    memory: Mapping[str, Sequence[float]],
    *,
    limits: Mapping[str, float] | None = None,
) -> np.ndarray:
    """Draw multiply-adds and memory of some networks against the side of a square picture.

    Both axes are logarithmic, so that a quantity that grows with the area is a straight line.

    Args:
        sides: of the pictures, in pixels.
        multiply_adds: name of the network -> one number per side.
        memory: name of the network -> bytes, one number per side.
        limits: name -> bytes, drawn as dashed lines across the memory.

    Returns:
        Two matplotlib Axes: multiply-adds, memory.

    Raises:
        ValueError: a curve has another number of values than there are sides.

    >>> cost_curves([64, 128], {"stack": [1e6, 4e6]}, {"stack": [1e6, 4e6]}).shape
    (2,)
    """
    axes = _style.figure(height=3.9).subplots(1, 2)
    panels = (
        (multiply_adds, "multiply-adds", _COUNTS, 10),
        (memory, "memory of the maps", _BYTES, 2),
    )
    for axis, (curves, title, units, base) in zip(axes, panels, strict=True):
        for place, (name, values) in enumerate(curves.items()):
            _check(name, values, sides)
            style = {"color": _style.CYCLE[place % 6], "marker": _MARKERS[place % 6]}
            axis.plot(sides, values, label=name, linewidth=2, markersize=6, **style)
        _log_axes(axis, sides, units, base)
        axis.set(xlabel="side of the picture (pixels)")
        axis.set_title(title, fontsize=11)
    for name, size in (limits or {}).items():
        axes[1].axhline(size, color="#404040", linestyle="--", linewidth=1.5)
        axes[1].annotate(
            name, (sides[0], size), xytext=(0, -12), textcoords="offset points", fontsize=9
        )
    axes[0].legend(frameon=False, fontsize=10)
    return axes


def feature_stack(stacks: Mapping[str, Sequence[tuple[int, int, int]]]) -> np.ndarray:
    """Draw the maps of some networks as slabs: as high as the map, as thick as its channels.

    Args:
        stacks: name of the network -> (channels, rows, columns) of the picture and of what each
            layer makes, in order.

    Returns:
        One matplotlib Axes per network, all on the same scale.

    >>> feature_stack({"stack": [(3, 32, 32), (64, 32, 32), (64, 16, 16)]}).shape
    (1,)
    """
    figure = _style.figure()
    axes = figure.subplots(len(stacks), 1, squeeze=False)[:, 0]
    highest = max(rows for sizes in stacks.values() for _, rows, _ in sizes)
    rows = zip(axes, stacks.values(), strict=True)
    widest = max(_slabs(axis, sizes, highest) for axis, sizes in rows)
    for axis, name in zip(axes, stacks, strict=True):
        axis.set(aspect="equal", xlim=(-0.05, widest), ylim=(-0.36, 1.34))
        axis.set_title(name, fontsize=11, loc="left")
        axis.set_axis_off()
    figure.set_figheight(len(stacks) * (1.7 * _style.WIDTH / widest + 0.3))
    return axes


def _slabs(axis: Axes, sizes: Sequence[tuple[int, int, int]], highest: int) -> float:
    """Draw the maps of one network; returns how wide they are."""
    place, before = 0.0, None
    for channels, rows, columns in sizes:
        axis.text(place, -0.05, str(channels), va="top", fontsize=8)
        if before != (rows, columns):  # said once, or the labels would run into each other
            axis.text(place, -0.19, f"{rows} × {columns}", va="top", fontsize=8)
        colour = _style.CYCLE[4] if before is None else _style.CYCLE[5]
        place = _slab(axis, place, (channels, rows / highest, columns / highest), colour)
        before = rows, columns
    return place


def _slab(axis: Axes, left: float, size: tuple[float, float, float], colour: str) -> float:
    """A box seen from the side, its depth drawn as a slant; returns where the next one starts."""
    channels, height, depth = size
    thick = 0.02 + 0.035 * np.log2(channels + 1)
    slant = np.array([0.35, 0.3]) * depth
    low, right, high = (1 - height) / 2, left + thick, (1 + height) / 2
    front = np.array([[left, low], [right, low], [right, high], [left, high]])
    top = np.array([front[3], front[2], front[2] + slant, front[3] + slant])
    side = np.array([front[1], front[1] + slant, front[2] + slant, front[2]])
    for face, shade in ((front, 1.0), (top, 0.6), (side, 0.8)):
        axis.add_patch(Polygon(face, facecolor=colour, alpha=shade, edgecolor="#202020", lw=0.8))
    return float(left + max(thick + slant[0] + 0.1, 0.42))


def _check(name: str, values: Sequence[float], sides: Sequence[int]) -> None:
    if len(values) != len(sides):
        raise ValueError(
            f"{name!r} has {len(values)} values for {len(sides)} sides. Give one for each side."
        )


def _log_axes(
    axis: Axes, sides: Sequence[int], units: Sequence[tuple[float, str]], base: int
) -> None:
    axis.set_xscale("log", base=2)
    axis.set_yscale("log", base=base)
    axis.yaxis.set_major_locator(LogLocator(base=10 if base == 10 else 8))
    axis.xaxis.set_major_locator(FixedLocator(list(sides)))
    axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: _shown(value, units)))
    axis.xaxis.set_minor_locator(NullLocator())
    axis.yaxis.set_minor_locator(NullLocator())
    axis.margins(y=0.12)
    axis.grid(alpha=0.3)
    axis.spines[["top", "right"]].set_visible(False)


def _shown(value: float, units: Sequence[tuple[float, str]]) -> str:
    """A number with its unit.

    >>> _shown(2e9, _COUNTS), _shown(3 * 2**30, _BYTES), _shown(0.5, _COUNTS)
    ('2 G', '3 GiB', '0.5')
    """
    for size, unit in units:
        if value >= size:
            return f"{value / size:.3g}{unit}"
    return f"{value:g}"
