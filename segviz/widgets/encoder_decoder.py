"""Every size in a U-Net, drawn as the paper's figure, for a picture of any size."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from segviz.ops.encoder_decoder import (
    CONVOLUTION,
    POOLING,
    SCORES,
    SKIP,
    UP_CONVOLUTION,
    UNetSizes,
    UNetStep,
    nearest_unet_sizes,
    unet_sizes,
)
from segviz.plot.encoder_decoder import columns, encoder_decoder
from segviz.widgets._base import TraceWidget
from segviz.widgets._parameters import Flag, Whole

LARGEST = 1024
LAYERS = (CONVOLUTION, POOLING, UP_CONVOLUTION, SKIP, SCORES)


class EncoderDecoder(TraceWidget):
    """A U-Net as its paper draws it, with the size of every map for the picture that goes in.

    A size that does not fit is followed to the layer that cannot go on; the nearest sizes that do
    fit are offered. Pictures are square here; rows and columns go by the same rule, each by itself.

    Args:
        **settings: ``size`` (rows of the picture, 1 to 1024), ``depth`` (how many times the map is
            halved, 1 to 5), ``padded`` (whether the 3x3 convolutions put back what they take).

    Raises:
        ValueError, TypeError: a setting that is not offered.

    >>> widget = EncoderDecoder(size=572)
    >>> widget.trace["rows"].tolist()[:6], int(widget.trace["rows"][-1])
    ([572, 570, 568, 284, 282, 280], 388)
    >>> EncoderDecoder(size=570).trace["nearest"]
    [556, 572]
    """

    size = Whole(572, 1, LARGEST)
    depth = Whole(4, 1, 5)
    padded = Flag(False)
    _offline = ("depth", "padded")

    def _compute(self, *, size: int, depth: int, padded: bool) -> dict[str, Any]:
        sizes = unet_sizes(size, depth, padded=padded)
        nearest = nearest_unet_sizes(size, depth, padded=padded)
        # The layers that a clash leaves out are drawn as they are at the next size that fits.
        whole = sizes if not sizes.clash else unet_sizes(nearest[-1], depth, padded=padded)
        rows = [size, *(step.after for step in sizes.steps)]
        return {
            "layers": np.array([LAYERS.index(step.layer) for step in whole.steps], np.uint8),
            "levels": np.array([0, *(step.level for step in whole.steps)], np.uint8),
            "columns": np.array(columns(whole.steps), np.uint8),
            "channels": np.array([1, *(step.channels for step in whole.steps)], np.int16),
            "rows": np.array(rows, np.int16),
            "ghosts": np.array([nearest[-1], *(step.after for step in whole.steps)], np.int16),
            "before": np.array([step.before for step in sizes.steps], np.int16),
            "words": _words(sizes, depth, padded),
            "nearest": [n for n in nearest if sizes.clash and n <= LARGEST],
            "verdict": _verdict(sizes, size, depth, padded),
            "rule": _rule(depth, padded),
        }

    def _still(self) -> Figure:
        return self._drawn(None)

    def _frames(self) -> int:
        return len(self.trace["words"])

    def _frame(self, step: int) -> Figure:
        return self._drawn(step)

    def _drawn(self, step: int | None) -> Figure:
        settled = self._settled
        axes: Any = encoder_decoder(
            settled["size"], settled["depth"], padded=settled["padded"], step=step
        )
        return axes.figure

    def _describe(self) -> str:
        kind = "A padded" if self._settled["padded"] else "An unpadded"
        return (
            f"{kind} U-Net of depth {self._settled['depth']} as the letter U, the size at every "
            f"map: {self.trace['verdict']}"
        )


def _words(sizes: UNetSizes, depth: int, padded: bool) -> list[str]:
    """Each layer in words, and the one that cannot go on."""
    words = [_said(step, depth, padded) for step in sizes.steps]
    return [*words, *([f"{sizes.clash.capitalize()}."] if sizes.clash else [])]


def _said(step: UNetStep, depth: int, padded: bool) -> str:
    level = "the bottom" if step.level == depth else f"level {step.level + 1}"
    n, m, channels = step.before, step.after, step.channels
    if step.layer == CONVOLUTION:
        kind = "padded: as large as before" if padded else f"{n} − 2 = {m} rows"
        return f"3×3 convolution on {level}, {kind}, {channels} channels."
    if step.layer == POOLING:
        return f"2×2 pooling down to {level}: {n} / 2 = {m} rows."
    if step.layer == UP_CONVOLUTION:
        return f"2×2 up-convolution to {level}: 2 · {n} = {m} rows, {channels} channels."
    if step.layer == SKIP:
        cut = f"{(n - m) // 2} of {n} rows cut off on each side" if n > m else "nothing cut off"
        return f"Skip of {level}: {cut}, {m} rows; {channels} + {channels} channels are joined."
    return f"1×1 convolution: {m} rows of scores, one map for each of 2 classes."


def _verdict(sizes: UNetSizes, size: int, depth: int, padded: bool) -> str:
    if sizes.clash:
        return f"{size} × {size} does not fit: {sizes.clash}."
    if padded:
        return f"{size} × {size} in, {size} × {size} out: each convolution puts back what it takes."
    out = sizes.output_size
    shares = [2**level for level in range(depth)]
    down, up = (" + ".join(map(str, row)) for row in (shares, shares[::-1]))
    lost = f"4·({down}) − 4·{2**depth} − 4·({up})"
    sum_ = f"{size} − {lost} = {size} − {size - out} = {out}"
    return f"{sum_}: {size} × {size} in, {out} × {out} out."


def _rule(depth: int, padded: bool) -> str:
    period = 2**depth
    if padded:
        return f"Sizes that fit: the multiples of {period}."
    smallest = nearest_unet_sizes(1, depth)[-1]
    rest = -4 % period
    more = f"multiples of {period} plus {rest}" if rest else f"multiples of {period}"
    return (
        f"Sizes that fit: {more}, from {smallest} on. On level l a row stands for 2^(l − 1) rows "
        "of the picture, and two convolutions take 4 of them."
    )
