"""Every size in a U-Net, layer by layer, and the place where a size that does not fit stops it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from segviz.ops._checks import flag, whole_number

CONVOLUTION, POOLING, UP_CONVOLUTION = "convolution", "pooling", "up-convolution"
SKIP, SCORES = "skip", "scores"
DEEPEST = 16


@dataclass(frozen=True)
class UNetStep:
    """One layer of a U-Net: what it makes of how many rows.

    Attributes:
        layer: "convolution" (3x3), "pooling" (2x2), "up-convolution" (2x2, stride 2), "skip" (the
            map of the way down, cut to the size of the map that came up) or "scores" (1x1).
        level: where its output stands: 0 at the top, ``depth`` at the bottom.
        before, after: rows that enter and that leave.
        channels: of its output.
    """

    layer: str
    level: int
    before: int
    after: int
    channels: int


@dataclass(frozen=True)
class UNetSizes:
    """The sizes in a U-Net, up to the scores or to the first layer that cannot go on.

    Attributes:
        steps: the layers that run, in order.
        clash: why the next one cannot; empty if all run.
    """

    steps: tuple[UNetStep, ...]
    clash: str = ""

    @property
    def output_size(self) -> int:
        """Rows of the scores; 0 if they are never reached."""
        return 0 if self.clash else self.steps[-1].after


class _Clash(Exception):
    pass


def unet_sizes(size: int, depth: int = 4, *, width: int = 64, padded: bool = False) -> UNetSizes:
    """Return the rows of every map in a U-Net; its columns go by the same rule.

    Args:
        size: rows of the picture.
        depth: how many times the map is halved.
        width: channels of the top level; every level below has twice as many.
        padded: whether the 3x3 convolutions put back the rows that they take.

    Returns:
        The layers with their sizes. Odd maps are not halved: the pooling would drop a row, and the
        skip be half a pixel off.

    Raises:
        ValueError, TypeError: a number is not whole, too small, or the depth above 16.

    Source: Ronneberger, Fischer, Brox, U-Net (2015), figure 1 and section 3.

    >>> unet_sizes(572).output_size
    388
    >>> unet_sizes(570).clash
    'a map of 279 rows cannot be halved'
    """
    whole_number(size, "size", 1)
    if whole_number(depth, "depth", 1) > DEEPEST:
        raise ValueError(
            f"depth={depth} halves a map more often than any picture bears. Use 1 to {DEEPEST}."
        )
    whole_number(width, "width", 1)
    flag(padded, "padded")
    steps: list[UNetStep] = []
    try:
        for step in _walk(size, depth, width, padded):
            steps.append(step)
    except _Clash as clash:
        return UNetSizes(tuple(steps), str(clash))
    return UNetSizes(tuple(steps))


def nearest_unet_sizes(size: int, depth: int = 4, *, padded: bool = False) -> tuple[int, ...]:
    """Return the nearest sizes that fit, below and above; the size itself if it fits.

    >>> nearest_unet_sizes(570), nearest_unet_sizes(572), nearest_unet_sizes(100)
    ((556, 572), (572,), (188,))
    """
    if not unet_sizes(size, depth, padded=padded).clash:
        return (size,)
    period = 2**depth
    remainder = 0 if padded else -4 % period
    below = size - (size - remainder) % period
    fits = [n for n in (below,) if n > 0 and not unet_sizes(n, depth, padded=padded).clash]
    above = below + period
    while above < 1 or unet_sizes(above, depth, padded=padded).clash:
        above += period
    return (*fits, above)


def _walk(rows: int, depth: int, width: int, padded: bool) -> Iterator[UNetStep]:
    left = []
    for level in range(depth + 1):
        if level:
            yield UNetStep(POOLING, level, rows, rows := _half(rows), width * 2 ** (level - 1))
        for _ in range(2):
            _room(rows, padded)
            yield UNetStep(CONVOLUTION, level, rows, rows := _less(rows, padded), width * 2**level)
        left.append(rows)
    for level in reversed(range(depth)):
        channels = width * 2**level
        yield UNetStep(UP_CONVOLUTION, level, rows, rows := 2 * rows, channels)
        yield UNetStep(SKIP, level, left[level], rows, channels)
        for _ in range(2):
            _room(rows, padded)
            yield UNetStep(CONVOLUTION, level, rows, rows := _less(rows, padded), channels)
    yield UNetStep(SCORES, 0, rows, rows, 2)


def _half(rows: int) -> int:
    if rows % 2:
        raise _Clash(f"a map of {rows} rows cannot be halved")
    return rows // 2


def _less(rows: int, padded: bool) -> int:
    return rows if padded else rows - 2


def _room(rows: int, padded: bool) -> None:
    if rows < 3 and not padded:
        raise _Clash(f"a 3x3 convolution does not fit on a map of {rows} row{'s' * (rows > 1)}")
