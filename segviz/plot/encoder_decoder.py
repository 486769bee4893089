"""U-Net as the figure of its paper: each map a bar, the way down left, the way up right."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, Rectangle

from segviz.ops.encoder_decoder import (
    CONVOLUTION,
    POOLING,
    SCORES,
    SKIP,
    UP_CONVOLUTION,
    UNetStep,
    nearest_unet_sizes,
    unet_sizes,
)
from segviz.plot import _style

HUES = dict(
    zip((CONVOLUTION, POOLING, UP_CONVOLUTION, SKIP, SCORES),
        ("#0072b2", "#d55e00", "#009e73", "#767676", "#cc79a7"), strict=True)
)  # fmt: skip
_NAMES = {
    CONVOLUTION: "3×3 convolution", POOLING: "2×2 max-pooling",
    UP_CONVOLUTION: "2×2 up-convolution", SKIP: "skip: crop each side, join",
    SCORES: "1×1 convolution",
}  # fmt: skip
_FAIL = "#d55e00"
_TALL, _LABELS = 1.35, 0.5  # inches: the bar of the picture, and the text around each level


def columns(steps: Sequence[UNetStep]) -> list[int]:
    """Return the column of each map in the U, the picture's first.

    A pooling goes straight down and an up-convolution straight up; a skip lies beside the map that
    came up and shares its column.

    >>> columns(unet_sizes(64, depth=1).steps)
    [0, 1, 2, 2, 3, 4, 4, 4, 5, 6, 7]
    """
    found = [0]
    for step in steps:
        found.append(found[-1] + (step.layer in (CONVOLUTION, SCORES)))
    return found


def encoder_decoder(
    size: int, depth: int = 4, *, padded: bool = False, step: int | None = None
) -> Axes:
    """Draw every map of a U-Net for a picture of that many rows and columns.

    Bars are as high as their map has rows, and thicker the more channels it has; the channels stand
    above, the rows below. What a skip cuts off is dashed. Where the size does not fit, the U is
    drawn up to the layer that cannot go on, and its rest as at the next size that fits.

    Args:
        size: rows of the picture.
        depth: how many times the map is halved.
        padded: whether the 3x3 convolutions are padded.
        step: the layer, from 0, that is lit; the one that cannot go on counts as well.

    Returns:
        The matplotlib Axes.

    >>> encoder_decoder(572).get_title(loc="left")
    '572 × 572 in, 388 × 388 out'
    """
    sizes = unet_sizes(size, depth, padded=padded)
    next_size = nearest_unet_sizes(size, depth, padded=padded)[-1]
    whole = unet_sizes(next_size, depth, padded=padded).steps
    figure = _style.figure(height=2 * _TALL + (depth + 1) * _LABELS + 0.5)
    axes = figure.subplots()
    bars = _Bars(axes, size if not sizes.clash else next_size, whole)
    reached = len(sizes.steps)
    for place, one in enumerate(whole):
        lit = place == step or (place == reached and bool(sizes.clash))
        bars.arrow(place, one, faint=place >= reached, lit=lit)
    rows = [size, *(one.after for one in sizes.steps)]
    for place in range(len(whole) + 1):
        bars.bar(place, rows[place] if place < len(rows) else None, lit=place - 1 == step)
    if sizes.clash:
        bars.failed(reached)
    out = sizes.output_size
    title = f"{size} × {size} in, {out} × {out} out"
    if sizes.clash:
        title = f"{size} × {size} does not fit: {sizes.clash}"
    axes.set_title(title, loc="left", fontsize=11)
    _legend(axes)
    return axes


class _Bars:
    """The places of the maps, and how each is drawn."""

    def __init__(self, axes: Axes, size: int, steps: Sequence[UNetStep]) -> None:
        self.axes, self.steps = axes, steps
        self.columns = columns(steps)
        self.levels = [0, *(step.level for step in steps)]
        self.rows = [size, *(step.after for step in steps)]
        self.channels = [1, *(step.channels for step in steps)]
        self.unit = _TALL / size
        tops, top = [], 0.0
        for level in range(max(self.levels) + 1):
            here = zip(self.levels, self.rows, strict=True)
            tall = self.unit * max(rows for at, rows in here if at == level)
            tops.append(top + _LABELS / 2 + tall / 2)
            top += tall + _LABELS
        self.middles = tops
        axes.set(xlim=(-0.8, self.columns[-1] + 0.9), ylim=(top, 0))
        axes.set_axis_off()

    def box(self, place: int) -> tuple[float, float, float, float]:
        """Left, top, width and height; a skip's bar lies to the left of the map that came up."""
        wide = 0.12 + 0.5 * (self.channels[place] / 1024) ** 0.5
        tall = self.unit * self.rows[place]
        left = self.columns[place] - wide / 2
        if place and self.steps[place - 1].layer == SKIP:
            left -= wide
        return left, self.middles[self.levels[place]] - tall / 2, wide, tall

    def bar(self, place: int, rows: int | None, lit: bool) -> None:
        left, top, wide, tall = self.box(place)
        skip = place > 0 and self.steps[place - 1].layer == SKIP
        colour = "white" if skip or rows is None else _style.CURSOR if lit else "#9ecae1"
        style = "--" if rows is None else "-"
        self.axes.add_patch(
            Rectangle((left, top), wide, tall, facecolor=colour, edgecolor="#444444",
                      linestyle=style, linewidth=0.8, zorder=3)
        )  # fmt: skip
        if rows is None or skip:
            return
        centre = left + wide / 2
        joined = place < len(self.steps) and self.steps[place].layer == SKIP
        channels = self.channels[place] * (1 + joined)
        self._text(centre, top - 0.03, channels, "bottom", 7)
        self._text(centre, top + tall + 0.03, rows, "top", 8)

    def arrow(self, place: int, step: UNetStep, faint: bool, lit: bool) -> None:
        start, end = self._ends(place, step)
        if step.layer == SKIP and not faint:
            self._crop(place, step)
        self.axes.add_patch(
            FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=8, shrinkA=1, shrinkB=1,
                            color=HUES[step.layer], linewidth=2.6 if lit else 1.3,
                            alpha=0.3 if faint and not lit else 1, zorder=2)
        )  # fmt: skip

    def failed(self, place: int) -> None:
        """Colour the map that the next layer cannot take."""
        left, top, wide, tall = self.box(place)
        self.axes.add_patch(
            Rectangle((left, top), wide, tall, facecolor=_FAIL, edgecolor="#444444", linewidth=0.8,
                      zorder=4)
        )  # fmt: skip

    def _ends(self, place: int, step: UNetStep) -> tuple[tuple[float, float], tuple[float, float]]:
        left, top, wide, tall = self.box(place + 1)
        before = self.box(self._source(place, step))
        if step.layer == POOLING:
            return (left + wide / 2, before[1] + before[3] + 0.2), (left + wide / 2, top - 0.17)
        if step.layer == UP_CONVOLUTION:
            return (left + wide / 2, before[1] - 0.17), (left + wide / 2, top + tall + 0.2)
        middle = self.middles[step.level]
        return (before[0] + before[2], middle), (left, middle)

    def _source(self, place: int, step: UNetStep) -> int:
        if step.layer != SKIP:
            return place
        first_up = next(n for n, one in enumerate(self.steps) if one.layer == UP_CONVOLUTION)
        return max(n for n in range(first_up + 1) if self.levels[n] == step.level)

    def _crop(self, place: int, step: UNetStep) -> None:
        left, _, wide, _ = self.box(self._source(place, step))
        tall = self.unit * step.after
        middle = self.middles[step.level]
        if step.before > step.after:
            self.axes.add_patch(
                Rectangle((left, middle - tall / 2), wide, tall, fill=False, linestyle=":",
                          edgecolor="black", linewidth=1.2, zorder=4)
            )  # fmt: skip
        cut = (step.before - step.after) // 2
        words = f"crop {cut}" if cut else "nothing to crop"
        at = (left + wide + self.box(place + 1)[0]) / 2
        self.axes.text(at, middle - 0.03, words, ha="center", va="bottom", fontsize=8)

    def _text(self, x: float, y: float, number: int, side: str, size: int) -> None:
        self.axes.text(x, y, str(number), ha="center", va=side, fontsize=size, zorder=5)


def _legend(axes: Axes) -> None:
    for row, (layer, name) in enumerate(reversed(_NAMES.items())):
        y = 0.04 + 0.055 * row
        axes.annotate(
            "", (0.035, y), (0.005, y), xycoords="axes fraction",
            arrowprops={"arrowstyle": "-|>", "color": HUES[layer], "linewidth": 1.5},
        )  # fmt: skip
        axes.text(0.045, y, name, transform=axes.transAxes, fontsize=8, va="center")
