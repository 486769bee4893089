"""The units that each operation of a network reads, along one axis: its geometry alone.

Formulas as in Dumoulin and Visin, A guide to convolution arithmetic for deep learning, 2016,
arXiv:1603.07285; resizing as torch.nn.functional.interpolate has it.
"""

from __future__ import annotations

import functools
import math
from fractions import Fraction

import numpy as np

from segviz.receptive_field.axis import NONE, Positions, Window

# The same geometry is the same object, so that what it makes of an axis is worked out once.
_kept = functools.lru_cache(maxsize=1024)


@_kept
def sliding(size: int, kernel_size: int, stride: int, padding: int, dilation: int) -> Window:
    """Convolution and pooling: output o reads inputs o s - p + j d, for j = 0 ... k - 1.

    >>> sliding(3, kernel_size=2, stride=2, padding=0, dilation=1).taps(np.arange(3)).tolist()
    [[0, 1], [2, 3], [4, 5]]
    """
    offsets = dilation * np.arange(kernel_size) - padding
    return Window(size, lambda o: o[:, None] * stride + offsets, shift=stride)


@_kept
def stamping(size: int, kernel_size: int, stride: int, padding: int, dilation: int) -> Window:
    """Transposed convolution and unpooling: output o reads the inputs i with o = i s - p + j d.

    >>> stamping(4, kernel_size=1, stride=2, padding=0, dilation=1).taps(np.arange(2)).tolist()
    [[0], [-9223372036854775808]]
    """
    offsets = padding - dilation * np.arange(kernel_size)

    def taps(o: Positions) -> Positions:
        scattered = o[:, None] + offsets
        return np.where(scattered % stride == 0, scattered // stride, NONE)

    return Window(size, taps, period=stride)


@_kept
def cropping(size: int, start: int, step: int = 1) -> Window:
    """A slice, or padding with zeros (a negative start): output o reads input start + o step."""
    return Window(size, lambda o: o[:, None] * step + start, shift=step)


@_kept
def flipping(size: int) -> Window:
    """The axis turned round."""
    return Window(size, lambda o: size - 1 - o[:, None], shift=-1)


@_kept
def bordering(size: int, input_size: int, before: int, mode: str) -> Window:
    """Padding with the map's own pixels: mirrored, wrapped round, or the last one repeated."""

    def taps(o: Positions) -> Positions:
        i = o[:, None] - before
        if mode == "circular":
            return i % input_size
        if mode == "reflection":
            i = np.abs(i)
            return np.where(i >= input_size, 2 * (input_size - 1) - i, i)
        return np.clip(i, 0, input_size - 1)

    return Window(size, lambda o: o[:, None] - before, bounded_taps=taps)


@_kept
def whole(input_size: int, size: int = 1) -> Window:
    """Every output reads every input: global pooling, dense layers."""
    everything = np.arange(input_size)
    return Window(size, lambda o: np.broadcast_to(everything, (len(o), input_size)), shift=0)


@_kept
def adaptive(size: int, input_size: int) -> Window:
    """Adaptive pooling: output o reads inputs floor(o n / m) to ceil((o + 1) n / m) - 1."""
    common = math.gcd(size, input_size)
    longest = -(-input_size // size) + 1

    def taps(o: Positions) -> Positions:
        first = o * input_size // size
        stop = -(-(o + 1) * input_size // size)
        i = first[:, None] + np.arange(longest)
        return np.where(i < stop[:, None], i, NONE)

    return Window(size, taps, period=size // common, shift=input_size // common)


@_kept
def nearest(size: int, input_size: int, ratio: Fraction, exact: bool = False) -> Window:
    """Nearest upsampling: output o reads input floor(o r), or floor((o + 1/2) r) if exact.

    The ratio r is input pixels per output pixel. torch multiplies in float32, and so does this.
    """
    factor = np.float32(float(ratio))

    def taps(o: Positions) -> Positions:
        position = (o.astype(np.float32) + np.float32(0.5 if exact else 0)) * factor
        return np.floor(position).astype(np.int64)[:, None]

    def bounded_taps(o: Positions) -> Positions:
        return np.minimum(taps(o), input_size - 1)

    return Window(size, taps, ratio.denominator, ratio.numerator, bounded_taps)


@_kept
def interpolating(size: int, ratio: Fraction, corners: bool, cubic: bool = False) -> Window:
    """Linear or cubic upsampling: output o reads the 2 or 4 inputs around o r + (r - 1)/2.

    With aligned corners they lie around o r. Where an output falls on an input, that one alone
    counts: the weights of the others are zero.
    """
    offset = Fraction(0) if corners else (ratio - 1) / 2
    around = np.arange(-1, 3) if cubic else np.arange(2)
    common = math.lcm(ratio.denominator, offset.denominator)
    step, start = int(ratio * common), int(offset * common)

    def taps(o: Positions) -> Positions:
        below, rest = np.divmod(o[:, None] * step + start, common)
        return np.where((rest != 0) | (around == 0), below + around, NONE)

    return Window(size, taps, ratio.denominator, ratio.numerator)
