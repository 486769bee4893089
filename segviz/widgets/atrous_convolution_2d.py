"""Atrous convolution of a picture: what a stack of such layers sees, and what it never sees."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np
from matplotlib.figure import Figure

from segviz.ops.convolution import conv2d
from segviz.ops.convolution_matrix import convolution_matrix_1d
from segviz.plot.atrous_convolution import atrous_convolution_2d
from segviz.plot.sliding_window import _heat_table
from segviz.widgets._base import TraceWidget, codes
from segviz.widgets._bound import Place
from segviz.widgets._parameters import Choice, Whole
from segviz.widgets._pictures import _cameraman, grey
from segviz.widgets.convolution import preset_kernel

LARGEST = 65  # what DeepLab's picture of 513 pixels is at stride 8
KERNELS = ("vertical edges (Sobel)", "all edges (Laplacian)", "blur")
K = 3
_MOST = 9**3  # ways from one pixel to one unit through three layers


class AtrousConvolution2D(TraceWidget):
    """One to three 3x3 convolutions with holes on a picture, and the pixels that one unit sees.

    Args:
        picture: see :func:`segviz.widgets._pictures.grey`, sides up to 65 pixels; scikit-image's
            cameraman by default.
        **settings: ``rate`` of the first layer (1 to 36), ``second_rate`` and ``third_rate`` (1 to
            12, or 0 for no such layer), ``kernel`` (one of ``KERNELS``, for every layer),
            ``cursor`` (row, column of the unit; the middle by default). Zeros keep the size:
            padding equals the rate.

    Raises:
        ValueError, TypeError: a picture or a setting that is not legal.

    >>> widget = AtrousConvolution2D()  # rates 2, 2, 2
    >>> widget.trace["fields"], widget.trace["seen"]
    ([5, 9, 13], [9, 25, 49])
    """

    rate = Whole(2, 1, 36)
    second_rate = Whole(2, 0, 12)
    third_rate = Whole(2, 0, 12)
    kernel = Choice("blur", KERNELS)
    cursor = Place((LARGEST // 2, LARGEST // 2))

    _offline: ClassVar[tuple[str, ...]] = ("rate",)

    def __init__(self, picture: Any = None, **settings: Any) -> None:
        self._picture = grey(_cameraman() if picture is None else picture, LARGEST)
        self._size = self._picture.shape
        middle = tuple(n // 2 for n in self._size)
        super().__init__(**({"cursor": middle} | settings))

    def _scene_arrays(self) -> dict[str, Any]:
        return {
            "picture": np.rint(self._picture * 255).astype(np.uint8),
            "heat_table": _heat_table(),
        }

    def _compute(
        self, *, rate: int, second_rate: int, third_rate: int, kernel: str
    ) -> dict[str, Any]:
        rates = _rates(rate, second_rate, third_rate)
        output = self._convolved(rates, kernel)
        limit = max(1.0, float(np.abs(output).max()))
        fields = [1 + (K - 1) * sum(rates[: layer + 1]) for layer in range(len(rates))]
        return {
            "output": codes(output, limit),
            "limit": limit,
            "rates": rates,
            "fields": fields,
            "cost": _cost(len(rates), fields[-1]),
        }

    def _convolved(self, rates: list[int], kernel: str) -> np.ndarray:
        maps, weights = self._picture, preset_kernel(kernel, K)
        for rate in rates:
            maps = conv2d(maps, weights, padding=rate, dilation=rate)
        return maps

    def _inspect(
        self, *, rate: int, second_rate: int, third_rate: int, cursor: tuple[int, int]
    ) -> dict[str, Any]:
        rates, size, at = _rates(rate, second_rate, third_rate), self._size, list(cursor)
        ways = [_ways(n, place, rates) for n, place in zip(size, at, strict=True)]
        largest = (ways[0].max(axis=1) * ways[1].max(axis=1)).astype(int)
        return {
            "at": at,
            "rows": ways[0],
            "columns": ways[1],
            "seen": [int(np.prod([(way[n] > 0).sum() for way in ways])) for n in range(len(rates))],
            "spans": [[_span(way[n]) for way in ways] for n in range(len(rates))],
            "taps": [_taps_inside(size, at, rates[: n + 1]) for n in range(len(rates))],
            "largest": largest.tolist(),
            "heat": np.stack([_heat(most) for most in largest]),
        }

    def _frames(self) -> int:
        return len(self.trace["rates"])

    def _frame(self, step: int) -> Figure:
        trace, settled = self.trace, self._settled
        output = self._convolved(trace["rates"], settled["kernel"])
        axes = atrous_convolution_2d(
            self._picture,
            np.outer(trace["rows"][step], trace["columns"][step]),
            output,
            at=trace["at"],
            field=trace["fields"][step],
            rates=trace["rates"][: step + 1],
        )
        return axes[0].figure

    def _still(self) -> Figure:
        return self._frame(self._frames() - 1)

    def _describe(self) -> str:
        trace = self.trace
        size, rates = "x".join(map(str, self._size)), "-".join(map(str, trace["rates"]))
        seen, field = trace["seen"][-1], trace["spans"][-1]
        pixels = math.prod(last - first + 1 for first, last in field)
        return (
            f"A {size} picture with the pixels that one unit behind 3x3 convolutions of rates "
            f"{rates} sees, how often each of them counts ({seen:,} of {pixels:,} "
            f"{'does' if seen == 1 else 'do'}), and the output, {self._settled['kernel']}."
        )


def _rates(rate: int, second_rate: int, third_rate: int) -> list[int]:
    return [one for one in (rate, second_rate, third_rate) if one]


def _ways(n: int, place: int, rates: list[int]) -> np.ndarray:
    """Along one axis: on how many ways each pixel reaches the unit at ``place`` of each layer.

    That is the gradient of the unit where every weight is 1, and the gradient of a convolution is
    its transposed matrix; uint8 of shape (layers, n).
    """
    ways = np.zeros((len(rates), n), np.uint8)
    for layer in range(len(rates)):
        counts = _taps(n, rates[layer])[place]
        for rate in rates[:layer][::-1]:
            counts = counts @ _taps(n, rate)
        ways[layer] = counts
    return ways


@lru_cache(maxsize=80)  # every rate, on both axes; all of them take less than 3 MB
def _taps(n: int, rate: int) -> np.ndarray:
    """The matrix of one layer along one axis, all weights one: row i marks what unit i reads."""
    return convolution_matrix_1d(np.ones(K), n, padding=rate, dilation=rate)


def _span(ways: np.ndarray) -> list[int]:
    """First and last pixel that counts."""
    places = np.flatnonzero(ways)
    return [int(places[0]), int(places[-1])]


def _taps_inside(size: tuple[int, ...], at: list[int], rates: list[int]) -> list[int]:
    """How many of the nine taps of each layer ever stand on the map and not on added zeros.

    Of a layer all units count that the unit at ``at`` of the last one depends on.
    """
    axes = [_axis_taps(n, place, rates) for n, place in zip(size, at, strict=True)]
    return [rows * columns for rows, columns in zip(*axes, strict=True)]


def _axis_taps(n: int, place: int, rates: list[int]) -> list[int]:
    units, counts = np.array([place]), []
    for rate in reversed(rates):
        read = units + rate * np.array([[-1], [0], [1]])
        inside = (read >= 0) & (read < n)
        counts.append(int(inside.any(axis=1).sum()))
        units = np.unique(read[inside])
    return counts[::-1]


@lru_cache
def _heat(most: int) -> np.ndarray:
    """Colour code of every count: 0 is black, 1 already easy to see, ``most`` the brightest."""
    counts = np.arange(_MOST + 1).clip(1, most)
    share = np.log(counts) / np.log(most) if most > 1 else np.ones(len(counts))
    table = np.rint(80 + 175 * share).astype(np.uint8)
    table[0] = 0
    return table


def _cost(layers: int, field: int) -> str:
    weights = layers * K**2
    return (
        f"{weights} weights and {weights} multiply-adds a pixel, whatever the rates; one layer "
        f"without holes that sees {field} × {field} pixels would have {field**2:,}."
    )
