"""Upsampling in one dimension: the stamps as curves, and the sum that they make."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from segviz.plot import _style


def stamp_curves(
    x: np.ndarray, kernel: np.ndarray, *, stride: int, padding: int = 0, axes: Axes | None = None
) -> Axes:
    """Draw every stamp of a 1-D transposed convolution as a curve, and their sum as dots.

    Args:
        x: input of shape ``(n,)``.
        kernel: shape ``(k,)``.
        stride: output pixels from one stamp to the next.
        padding: pixels cropped from each end; drawn in grey.
        axes: where to draw; a new figure by default.

    Returns:
        The matplotlib Axes; output pixel 0 stands at 0, cropped ones outside of the output.

    Raises:
        ValueError: the padding crops everything.

    >>> axes = stamp_curves([4, 8], [0.5, 1, 0.5], stride=2, padding=1)
    >>> axes.lines[2].get_ydata().tolist()
    [4.0, 6.0, 8.0]
    """
    x, kernel = np.asarray(x, dtype=float), np.asarray(kernel, dtype=float)
    size = (len(x) - 1) * stride + len(kernel)
    if size <= 2 * padding:
        raise ValueError(f"padding={padding} crops all {size} pixels. Use {(size - 1) // 2}.")
    if axes is None:
        axes = _style.figure(height=2.6).subplots()
    total = np.zeros(size)
    for place, value in enumerate(x):
        positions = np.arange(place * stride - 1, place * stride + len(kernel) + 1)
        stamp = value * kernel
        total[positions[1:-1]] += stamp
        colour = _style.CYCLE[place % len(_style.CYCLE)]
        ends = positions - padding, np.pad(stamp, 1)
        axes.plot(*ends, color=colour, linewidth=1.5)
        axes.fill_between(*ends, color=colour, alpha=0.2, linewidth=0)
    _sum(axes, total, padding)
    return axes


def _sum(axes: Axes, total: np.ndarray, padding: int) -> None:
    places = np.arange(len(total)) - padding
    kept = (places >= 0) & (places < len(total) - 2 * padding)
    axes.plot(places[kept], total[kept], "o-", color="#202020", markersize=5, label="their sum")
    if padding:
        axes.plot(
            places[~kept], total[~kept], "o", color="#9a9a9a", markersize=5, label="cropped away"
        )
    axes.set(xlim=(places[0] - 0.5, places[-1] + 0.5), xlabel="output pixel", ylabel="value")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=9, loc="upper left", bbox_to_anchor=(1, 1))
