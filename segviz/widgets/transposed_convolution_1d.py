"""Transposed convolution in 1-D: stamps that add up, beside the matrix and its transpose."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import traitlets
from matplotlib.figure import Figure

from segviz.ops._stamps import spread, stamps
from segviz.ops.convolution import conv1d, convolution_indices
from segviz.ops.transposed_convolution import conv_transpose1d
from segviz.plot.transposed_convolution import transposed_convolution_1d
from segviz.widgets import _transposed as texts
from segviz.widgets._base import TraceWidget
from segviz.widgets._parameters import Choice, Whole
from segviz.widgets._transposed import Row

VALUES = (1, 3, 2, -1, 2, 1, -2, 3, 1, -1, 2, 1)
KERNEL = (1, 2, -1, 1, 3, -2, 1)


class TransposedConvolution1D(TraceWidget):
    """A row of numbers and a kernel: each number stamps the kernel, and the stamps add up.

    Args:
        values: the input, 2 to 12 numbers from -99 to 99.
        **settings: ``n`` (how many inputs are shown; beyond those given they go on with fixed
            ones), ``kernel_size`` (1 to 7), ``stride`` (1 to 4), ``padding`` (0 to 6),
            ``output_padding`` (0 to 3), ``dilation`` (1 to 3), ``direction`` ("transposed" or
            "normal": the convolution with the same settings), ``reading`` ("scatter": stamps,
            "gather": zeros between the inputs, then the flipped kernel), ``kernel`` (1 to 7
            numbers from -99 to 99).

    Raises:
        ValueError, TypeError: a row of numbers or a setting that is not legal.

    >>> widget = TransposedConvolution1D([1, 10 / 2], kernel=[1, 2, 3], stride=2)
    >>> widget, widget.trace["output"].tolist()
    (TransposedConvolution1D(n=2, kernel_size=3, stride=2), [1.0, 2.0, 8.0, 10.0, 15.0])
    """

    n = Whole(4, 2, 12)
    kernel_size = Whole(3, 1, 7)
    stride = Whole(2, 1, 4)
    padding = Whole(0, 0, 6)
    output_padding = Whole(0, 0, 3)
    dilation = Whole(1, 1, 3)
    direction = Choice("transposed", ("transposed", "normal"))
    reading = Choice("scatter", ("scatter", "gather"))
    values = Row(VALUES[:4], shortest=2, longest=12)
    kernel = Row(KERNEL[:3], shortest=1, longest=7)

    _offline: ClassVar[tuple[str, ...]] = ("direction", "stride", "padding", "output_padding")

    def __init__(self, values: Any = None, **settings: Any) -> None:
        if values is not None:
            settings = {"values": values, **settings}
        # Rows bring their own size; one that is asked for counts more, so it comes later.
        rows = {name: settings[name] for name in ("values", "kernel") if name in settings}
        super().__init__(**(rows | settings))

    def __repr__(self) -> str:
        return texts.short(self, always=("n", "kernel_size", "stride"))

    @traitlets.observe("values")
    def _take_values(self, _change: Any) -> None:
        self.n = len(self.values[0])

    @traitlets.observe("kernel")
    def _take_kernel(self, _change: Any) -> None:
        self.kernel_size = len(self.kernel[0])

    def _compute(
        self, *, n: int, kernel_size: int, direction: str, values: Any, kernel: Any, stride: int,
        padding: int, output_padding: int, dilation: int,
    ) -> dict[str, Any]:  # fmt: skip
        x, weights = extended(values, VALUES)[:n], extended(kernel, KERNEL)[:kernel_size]
        sizes = {"stride": stride, "padding": padding, "dilation": dilation}
        if direction == "normal":
            return {"x": x, "kernel": weights, **_normal(x, weights, **sizes)}
        sizes["output_padding"] = output_padding
        return {"x": x, "kernel": weights, **_transposed(x, weights, **sizes)}

    def _still(self) -> Figure:
        return self._frame(self._frames() - 1)

    def _frames(self) -> int:
        trace = self.trace
        gathers = self.direction == "transposed" and self.reading == "gather"
        return len(trace["output"] if gathers else trace["targets"])

    def _frame(self, step: int) -> Figure:
        sizes = {name: self._settled[name] for name in ("stride", "padding", "dilation")}
        if self._settled["direction"] == "transposed":
            sizes["output_padding"] = self._settled["output_padding"]
        return transposed_convolution_1d(
            self.trace["x"], self.trace["kernel"], step=step, reading=self._settled["reading"],
            direction=self._settled["direction"], **sizes,
        )[0].figure  # fmt: skip

    def _describe(self) -> str:
        trace = self.trace
        x, kernel, output = (texts.row(trace[name]) for name in ("x", "kernel", "output"))
        if self.direction == "normal":
            return f"The convolution of {x} with the kernel {kernel} at stride {self.stride}: " + (
                f"{output}, with its matrix and the transpose."
            )
        return (
            f"{x} stamp the kernel {kernel} at stride {self.stride}; where stamps overlap they "
            f"add up to {output}. Below and beside them stand the matrix of the convolution and "
            "its transpose."
        )


def extended(given: Any, rest: tuple[float, ...]) -> np.ndarray:
    """The row, continued to its largest size, so that a longer one has numbers to show."""
    [row] = given
    return np.array([*row, *rest[len(row) :]], dtype=float)


def _transposed(x: np.ndarray, kernel: np.ndarray, **sizes: Any) -> dict[str, Any]:
    output = conv_transpose1d(x, kernel, **sizes)
    made = stamps(x, kernel, **sizes)
    wide = spread(len(x), len(kernel), **sizes)
    return {
        "output": output,
        "grid": len(output),
        "targets": made.targets,
        "products": made.products,
        "after": made.after,
        "source": wide.source,
        "window": [wide.start, wide.stop],
        "formula": texts.transposed_formula(len(x), len(kernel), len(output), **sizes),
        "check": texts.compared_with_torch("conv_transpose1d", x, kernel, output, **sizes),
        "remark": texts.transposed_remark(
            len(kernel), made.counts(len(output)), len(output), **sizes
        ),
    }


def _normal(x: np.ndarray, kernel: np.ndarray, **sizes: int) -> dict[str, Any]:
    output = conv1d(x, kernel, **sizes)
    sources = convolution_indices(len(x), len(kernel), **sizes)
    seen = np.where(sources < 0, 0.0, x[sources])
    return {
        "output": output,
        "grid": len(x),
        "targets": sources.astype(np.int16),
        "products": seen * kernel,
        "formula": texts.normal_formula(len(x), len(kernel), len(output), **sizes),
        "check": texts.compared_with_torch("conv1d", x, kernel, output, **sizes),
        "remark": texts.normal_remark(sources, len(x)),
    }
