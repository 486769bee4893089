"""A sliding window at work: what it sees, what it has answered, what it has computed again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.patches import Rectangle
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FuncFormatter, LogLocator

from segviz.plot import _style


def sliding_window(
    picture: np.ndarray,
    class_map: np.ndarray,
    times: np.ndarray,
    *,
    step: int,
    window: int,
    palette: np.ndarray,
    most: int,
    titles: Sequence[str] = ("picture", "class map", "times computed"),
    bill: str = "",
) -> np.ndarray:
    """Draw the window on a picture, the class map so far, and how often each value was computed.

    Args:
        picture: grey, in [0, 1], shape ``(H + window - 1, W + window - 1)``, its rim mirrored.
        class_map: integers of shape ``(H, W)``.
        times: counts of a layer's values, of any shape; 0 is black.
        step: the pixel at which the window stands, counted row by row; all later ones are empty.
        window: pixels along a side.
        palette: uint8 of shape ``(K, 3)``.
        most: the count that has the brightest colour.
        titles: one for each of the three.
        bill: what it has cost so far, written below.

    Returns:
        Three matplotlib Axes, left to right.

    >>> axes = sliding_window(np.eye(4), np.zeros((2, 2), int), np.ones((4, 4)), step=1, window=3,
    ...                       palette=np.zeros((1, 3)), most=9)
    >>> axes.shape
    (3,)
    """
    figure = _style.figure(height=3.9)
    figure.supxlabel(bill, fontsize=11)
    axes = figure.subplots(1, 3)
    for axis, title in zip(axes, titles, strict=True):
        axis.set(xticks=[], yticks=[])
        axis.set_title(title, fontsize=11)
    height, width = class_map.shape
    corner, margin = divmod(step, width), window // 2
    axes[0].imshow(picture, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    _frame(axes[0], (margin, margin), (height, width), _style.CYCLE[5])
    _frame(axes[0], corner, (window, window), _style.CURSOR)
    axes[1].imshow(_filled_in(class_map, palette, step), interpolation="nearest")
    _frame(axes[1], corner, (1, 1), _style.CURSOR)
    _draw_times(axes[2], times, most)
    return axes


def recomputation(times: Mapping[str, np.ndarray]) -> np.ndarray:
    """Draw how often each value of several layers is computed, all on one scale.

    Args:
        times: layer name -> counts of shape ``(H, W)``.

    Returns:
        One matplotlib Axes per layer.

    >>> recomputation({"pixels": np.array([[1, 2, 1]])}).shape
    (1,)
    """
    figure = _style.figure(height=2.9, width=min(13.0, 3.2 * len(times) + 0.4))
    axes = figure.subplots(1, len(times), squeeze=False)[0]
    most = max(int(counts.max()) for counts in times.values())
    for axis, (name, counts) in zip(axes, times.items(), strict=True):
        _draw_times(axis, counts, most, bar=axis is axes[-1])
        axis.set_title(name, fontsize=11)
    return axes


def patches(picture: np.ndarray, at: tuple[int, int], windows: Sequence[int]) -> np.ndarray:
    """Draw one pixel in windows of growing size, all at the same size on the page.

    Args:
        picture: grey, shape ``(H, W)``, in [0, 1]; mirrored where a window reaches beyond it.
        at: row and column of the pixel, framed in each.
        windows: odd sizes in pixels; 1 is the pixel alone.

    Returns:
        One matplotlib Axes per size.

    Raises:
        ValueError: a size is even: it has no pixel at its centre.

    >>> patches(np.eye(8), (3, 3), [1, 5]).shape
    (2,)
    """
    even = [window for window in windows if window % 2 == 0]
    if even:
        raise ValueError(
            f"window={even[0]} has no pixel at its centre. Use an odd size such as {even[0] + 1}."
        )
    axes = _style.figure(height=2.6, width=2.2 * len(windows)).subplots(
        1, len(windows), squeeze=False
    )[0]
    for axis, window in zip(axes, windows, strict=True):
        margin = window // 2
        padded = np.pad(picture, margin, mode="reflect")
        patch = padded[at[0] : at[0] + window, at[1] : at[1] + window]
        axis.imshow(patch, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
        _frame(axis, (margin, margin), (1, 1), _style.CURSOR)
        axis.set(xticks=[], yticks=[])
        axis.set_title(f"{window} × {window}", fontsize=11)
    return axes


def multiply_adds_by_layer(
    names: Sequence[str], in_the_loop: Sequence[float], each_once: Sequence[float]
) -> Axes:
    """Draw what each layer costs, in the loop and with each value computed once.

    Args:
        names: of the layers.
        in_the_loop: multiply-adds of each layer, one window per pixel.
        each_once: the same if each value were computed once.

    Returns:
        The matplotlib Axes, its scale logarithmic.

    >>> multiply_adds_by_layer(["conv"], [100], [10]).get_xscale()
    'log'
    """
    axes = _style.figure(height=0.8 + 0.55 * len(names)).subplots()
    place = np.arange(len(names))
    for values, shift, colour, label in (
        (in_the_loop, -0.2, _style.CYCLE[1], "patch loop"),
        (each_once, 0.2, _style.CYCLE[0], "each value once"),
    ):
        bars = axes.barh(place + shift, values, height=0.36, color=colour, label=label)
        axes.bar_label(bars, [_rounded(value) for value in values], padding=4, fontsize=9)
    axes.set(yticks=place, yticklabels=names, xscale="log", xlabel="multiply-adds")
    axes.margins(x=0.2)
    axes.xaxis.set_major_locator(LogLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: _rounded(value)))
    axes.invert_yaxis()
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2)
    return axes


def _draw_times(axes: Axes, times: np.ndarray, most: int, bar: bool = True) -> None:
    """Counts on a logarithmic scale: black is never, bright is ``most``."""
    drawn = axes.imshow(
        np.log1p(times), cmap=_heat_map(), vmin=0, vmax=np.log1p(most), interpolation="nearest"
    )
    axes.set(xticks=[], yticks=[])
    if bar:
        marks = [n for n in (0, 1, 10, 100, 1000) if n <= most / 2] + [most]
        scale = axes.figure.colorbar(drawn, ax=axes, shrink=0.85)
        scale.set_ticks(np.log1p(marks).tolist(), labels=[f"{n:,}" for n in marks])


def _rounded(number: float) -> str:
    """Three digits and a word.

    >>> _rounded(1234), _rounded(999_999_999), _rounded(1_234_000_000)
    ('1,234', '1 billion', '1.23 billion')
    """
    for size, word in ((1e12, "trillion"), (1e9, "billion"), (1e6, "million")):
        if number >= 0.9995 * size:
            return f"{number / size:.3g} {word}"
    return f"{number:,.0f}"


def _filled_in(class_map: np.ndarray, palette: np.ndarray, step: int) -> np.ndarray:
    colours = np.asarray(palette, dtype=np.uint8)[class_map]
    done = np.arange(class_map.size).reshape(class_map.shape) <= step
    opaque = np.where(done, 255, 0).astype(np.uint8)
    return np.concatenate([colours, opaque[..., None]], axis=-1)


def _heat_table() -> np.ndarray:
    """From black (never) to pale yellow; its brightness rises all the way; uint8 (256, 3)."""
    from matplotlib import colormaps

    return (255 * colormaps["inferno"](np.arange(256))[:, :3]).round().astype(np.uint8)


def _heat_map() -> Any:
    return ListedColormap(_heat_table() / 255, name="segviz_heat")


def _frame(axes: Axes, corner: Sequence[int], size: Sequence[int], colour: str) -> None:
    box = Rectangle(
        (corner[1] - 0.5, corner[0] - 0.5), size[1], size[0], fill=False,
        edgecolor=colour, linewidth=2,
    )  # fmt: skip
    box.set_path_effects([withStroke(linewidth=4, foreground="black")])
    axes.add_patch(box)
