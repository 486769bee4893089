"""How evenly the stamps of a transposed convolution cover its output, kernel by kernel."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes

from segviz.plot import _style


def overlap_table(maps: Mapping[tuple[int, int], np.ndarray]) -> np.ndarray:
    """Draw for each kernel size and stride how many stamps reach each output pixel.

    Args:
        maps: (kernel size, stride) -> counts of shape ``(H, W)``, away from the border, where the
            pattern repeats.

    Returns:
        The matplotlib Axes: one row per stride, one column per kernel size, in rising order. Each
        has its counts in words below it; where all counts are equal it is framed as even.

    Raises:
        ValueError: no map at all.

    >>> overlap_table({(2, 2): np.ones((4, 4)), (3, 2): np.ones((4, 4))}).shape
    (1, 2)
    """
    if not maps:
        raise ValueError("overlap_table({}) has no map. Give at least one (kernel size, stride).")
    sizes, strides = (sorted(set(values)) for values in zip(*maps, strict=True))
    figure = _style.figure(height=len(strides) * 1.75 + 0.2)
    axes = figure.subplots(len(strides), len(sizes), squeeze=False)
    for (row, column), axis in np.ndenumerate(axes):
        key = sizes[column], strides[row]
        axis.set(xticks=[], yticks=[])
        if key not in maps:
            axis.set_axis_off()
            continue
        axis.set_title(f"kernel {key[0]}, stride {key[1]}", fontsize=9)
        _counts(axis, np.asarray(maps[key]))
    return axes


def _counts(axis: Axes, counts: np.ndarray) -> None:
    """One map, dark where many stamps meet, with its least and most in words."""
    least, most = int(counts.min()), int(counts.max())
    even = least == most
    axis.imshow(counts, cmap="Blues", vmin=0, vmax=1.25 * max(most, 1), interpolation="nearest")
    words = f"even: {most}" if even else f"{least} to {most}"
    axis.set_xlabel(words, fontsize=9, fontweight="bold" if even else "normal")
    for side in axis.spines.values():
        side.set(color=_style.CYCLE[2] if even else "#767676", linewidth=3 if even else 0.8)
