"""An encoder and its decoder: which pooling hands its indices to which unpooling."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, Rectangle

from segviz.plot import _style

_HANDED_OVER = "#d55e00"


def pooling_pairs(
    sizes: Sequence[tuple[int, int]],
    channels: Sequence[Sequence[int]],
    decoder_channels: Sequence[Sequence[int]],
) -> Axes:
    """Draw an encoder, its decoder, and which pooling hands its indices to which unpooling.

    Args:
        sizes: (rows, columns) of the picture and after each pooling: one more than there are
            stages.
        channels: for each stage of the encoder, the channels that its convolutions make.
        decoder_channels: the same for the decoder, by the stage whose indices it takes.

    Returns:
        The matplotlib Axes.

    Raises:
        ValueError: the numbers of stages do not agree.

    >>> pooling_pairs([(4, 4), (2, 2)], [[8, 8]], [[8, 3]]).get_title(loc="left")
    '1 pooling, 1 unpooling'
    """
    stages = len(channels)
    if len(sizes) != stages + 1 or len(decoder_channels) != stages:
        raise ValueError(
            f"{len(sizes)} sizes, {stages} stages down and {len(decoder_channels)} up do not "
            "agree. Give one size more than stages, and as many stages up as down."
        )
    axes = _style.figure(height=0.72 * stages + 1.1).subplots()
    for stage in range(stages):
        _pair(axes, stage, sizes, channels[stage], decoder_channels[stage])
    _box(axes, 5, stages, _size(sizes[-1]), "the coarsest map", _style.CYCLE[5])
    axes.set(xlim=(0, 10), ylim=(stages + 0.55, -0.5))
    word = "pooling" if stages == 1 else "poolings"
    axes.set_title(f"{stages} {word}, {stages} un{word}", fontsize=11, loc="left")
    axes.set_axis_off()
    return axes


def _pair(
    axes: Axes,
    stage: int,
    sizes: Sequence[tuple[int, int]],
    down: Sequence[int],
    up: Sequence[int],
) -> None:
    """One stage: convolutions and pooling on the left, unpooling and convolutions on the right."""
    left, right = 1.6 + 0.22 * stage, 8.4 - 0.22 * stage
    _box(axes, left, stage, _size(sizes[stage]), _layers(down), _style.CYCLE[5])
    _box(axes, right, stage, _size(sizes[stage]), _layers(up), _style.CYCLE[4])
    height, width = sizes[stage]
    odd = [f"{n} {word}" for n, word in ((height, "rows"), (width, "columns")) if n % 2]
    words = f"indices {stage + 1}, size {_size(sizes[stage])}"
    _arrow(axes, (left + 1.35, stage), (right - 1.35, stage), dashed=True)
    axes.text(5, stage - 0.09, words, ha="center", va="bottom", fontsize=9)
    if odd:
        axes.text(5, stage + 0.07, f"odd: {', '.join(odd)}", ha="center", va="top", fontsize=9,
                  color=_HANDED_OVER)  # fmt: skip
    last = stage == len(sizes) - 2
    _arrow(axes, (left, stage + 0.29), (4.6 if last else left + 0.22, stage + 0.71))
    _arrow(axes, (5.4 if last else right - 0.22, stage + 0.71), (right, stage + 0.29))


def _box(axes: Axes, x: float, y: float, size: str, words: str, colour: str) -> None:
    axes.add_patch(Rectangle((x - 1.3, y - 0.28), 2.6, 0.56, facecolor=colour, edgecolor="#202020",
                             alpha=0.55))  # fmt: skip
    axes.text(x, y - 0.03, size, ha="center", va="bottom", fontsize=10, weight="bold")
    axes.text(x, y + 0.03, words, ha="center", va="top", fontsize=9)


def _arrow(
    axes: Axes, start: tuple[float, float], end: tuple[float, float], dashed: bool = False
) -> None:
    colour, line = (_HANDED_OVER, "--") if dashed else ("#202020", "-")
    arrow = FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=12, shrinkA=0, shrinkB=0)
    arrow.set(color=colour, linestyle=line)
    axes.add_patch(arrow)


def _size(size: Sequence[int]) -> str:
    return " × ".join(map(str, size))


def _layers(channels: Sequence[int]) -> str:
    return f"channels {', '.join(map(str, channels))}"
