"""Every step of a transposed convolution, in both readings, for what draws it number by number.

Places are grid places: those of the longer side, the output of a transposed convolution and the
input of a normal one. A 2-D grid is read row by row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segviz.ops.convolution import convolution_indices
from segviz.ops.output_size import conv_transpose_output_size

INSERTED, BORDER = -1, -2


@dataclass(frozen=True)
class Stamps:
    """The scattered reading: stamp i is the kernel times input i.

    ``targets[i, j]`` is the output that tap j of stamp i is added to, -1 where the padding crops
    it; ``products[i, j]`` is what is added, ``after[i, j]`` that output once it is.
    """

    targets: NDArray[np.int16]
    products: NDArray[Any]
    after: NDArray[Any]

    def counts(self, outputs: int) -> NDArray[np.int64]:
        """How many stamps meet each of that many outputs."""
        return np.bincount(self.targets[self.targets >= 0], minlength=outputs)


def stamps(x: NDArray[Any], kernel: NDArray[Any], **sizes: Any) -> Stamps:
    """Return the stamps of ``x`` of shape (n,) or (H, W); sizes as in ``conv_transpose1d``.

    >>> made = stamps(np.array([1.0, 10.0]), np.array([1.0, 2.0, 3.0]), stride=2, padding=0)
    >>> made.targets.tolist(), made.after.tolist()
    ([[0, 1, 2], [2, 3, 4]], [[1.0, 2.0, 3.0], [13.0, 20.0, 30.0]])
    """
    targets = _targets(x.shape, kernel.shape, **sizes)
    products = np.outer(x, kernel)
    after = np.zeros(products.shape)
    # The last place takes what is cropped.
    canvas = np.zeros(targets.max(initial=0) + 2)
    for i, places in enumerate(targets):
        canvas[places] += products[i]
        after[i] = canvas[places]
    after[targets < 0] = 0
    return Stamps(targets.astype(np.int16), products, after)


def _targets(
    size: tuple[int, ...], kernel_size: tuple[int, ...], output_padding: int = 0, **steps: Any
) -> NDArray[np.int64]:
    output = conv_transpose_output_size(size, kernel_size, output_padding=output_padding, **steps)
    places = np.zeros((1, 1), np.int64)
    for n, k, m in zip(size, kernel_size, output, strict=True):
        # Where output_padding reaches the stride, a convolution of m would have more than n rows.
        axis = convolution_indices(m, k, **steps)[:n]
        both = places[:, None, :, None] * m + axis[None, :, None, :]
        cropped = (places < 0)[:, None, :, None] | (axis < 0)[None, :, None, :]
        places = np.where(cropped, -1, both).reshape(len(places) * n, -1)
    return places


@dataclass(frozen=True)
class Spread:
    """One axis of the gathered reading: the input with zeros between and around its numbers.

    ``source`` holds, place by place, the index of an input, INSERTED or BORDER; places ``start``
    to ``stop`` are what the flipped kernel slides over, the others are cropped first.
    """

    source: NDArray[np.int8]
    start: int
    stop: int


def spread(
    n: int,
    k: int,
    *,
    stride: int = 1,
    padding: int = 0,
    output_padding: int = 0,
    dilation: int = 1,
) -> Spread:
    """Return where an ordinary convolution finds the inputs of a transposed one.

    >>> spread(2, 3, stride=2, padding=1).source.tolist()
    [-2, 0, -1, 1, -2]
    >>> cropped = spread(3, 1, padding=1)
    >>> cropped.source[cropped.start : cropped.stop].tolist()
    [1]
    """
    reach = dilation * (k - 1)
    m = conv_transpose_output_size(
        n, k, stride=stride, padding=padding, output_padding=output_padding, dilation=dilation
    )
    first, end = padding - reach, padding + m
    last_input = (n - 1) * stride
    places = np.arange(min(0, first), max(last_input + 1, end))
    source = np.where(places % stride == 0, places // stride, INSERTED)
    source[(places < 0) | (places > last_input)] = BORDER
    return Spread(source.astype(np.int8), first - int(places[0]), end - int(places[0]))
