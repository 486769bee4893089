"""Transposed convolution in 2-D: stamps that add up, who gave what, the doubly blocked matrix."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import traitlets
from matplotlib.figure import Figure

from segviz.ops._stamps import spread, stamps
from segviz.ops.transposed_convolution import conv_transpose2d
from segviz.plot.transposed_convolution import transposed_convolution_2d
from segviz.widgets import _transposed as texts
from segviz.widgets._base import TraceWidget
from segviz.widgets._parameters import Choice, Whole
from segviz.widgets._transposed import Square

VALUES = ((1, 2, -1, 1, 3), (3, 1, 2, -1, 1), (-1, 2, 1, 2, -2), (2, -1, 1, 3, 1), (1, 2, -2, 1, 2))
KERNEL = ((1, 2, 0, 1), (0, 1, -1, 2), (2, -1, 1, -1), (1, 0, 2, 1))


class TransposedConvolution2D(TraceWidget):
    """A small picture and a kernel: each number stamps the kernel, and the stamps add up.

    Args:
        values: the input, 2 x 2 to 5 x 5 numbers from -99 to 99.
        **settings: ``n`` (rows and columns of the input that are shown; beyond those given it goes
            on with fixed numbers), ``kernel_size`` (1 to 4), ``stride`` (1 to 3), ``padding`` (0 to
            3), ``output_padding`` (0 to 2), ``dilation`` (1 or 2), ``reading`` ("scatter": stamps,
            "gather": zeros between the inputs, then the flipped kernel), ``kernel`` (1 x 1 to
            4 x 4 numbers from -99 to 99).

    Raises:
        ValueError, TypeError: a table of numbers or a setting that is not legal.

    >>> widget = TransposedConvolution2D([[1, 2], [0, 0]], kernel=[[1, 1], [1, 1]], stride=1)
    >>> widget.trace["output"].tolist()
    [[1.0, 3.0, 2.0], [1.0, 3.0, 2.0], [0.0, 0.0, 0.0]]
    """

    n = Whole(3, 2, 5)
    kernel_size = Whole(3, 1, 4)
    stride = Whole(2, 1, 3)
    padding = Whole(0, 0, 3)
    output_padding = Whole(0, 0, 2)
    dilation = Whole(1, 1, 2)
    reading = Choice("scatter", ("scatter", "gather"))
    values = Square([row[:3] for row in VALUES[:3]], shortest=2, longest=5)
    kernel = Square([row[:3] for row in KERNEL[:3]], shortest=1, longest=4)

    _offline: ClassVar[tuple[str, ...]] = ("stride", "padding", "output_padding")

    def __init__(self, values: Any = None, **settings: Any) -> None:
        if values is not None:
            settings = {"values": values, **settings}
        # Tables bring their own size; one that is asked for counts more, so it comes later.
        tables = {name: settings[name] for name in ("values", "kernel") if name in settings}
        super().__init__(**(tables | settings))

    def __repr__(self) -> str:
        return texts.short(self, always=("n", "kernel_size", "stride"))

    @traitlets.observe("values")
    def _take_values(self, _change: Any) -> None:
        self.n = len(self.values)

    @traitlets.observe("kernel")
    def _take_kernel(self, _change: Any) -> None:
        self.kernel_size = len(self.kernel)

    def _compute(
        self, *, n: int, kernel_size: int, values: Any, kernel: Any, stride: int, padding: int,
        output_padding: int, dilation: int,
    ) -> dict[str, Any]:  # fmt: skip
        x, weights = extended(values, VALUES, n), extended(kernel, KERNEL, kernel_size)
        sizes = {
            "stride": stride, "padding": padding, "output_padding": output_padding,
            "dilation": dilation,
        }  # fmt: skip
        output = conv_transpose2d(x, weights, **sizes)
        made, wide = stamps(x, weights, **sizes), spread(n, kernel_size, **sizes)
        m = len(output)
        return {
            "x": x,
            "kernel": weights,
            "output": output,
            "targets": made.targets,
            "products": made.products.astype(np.float32),
            "after": made.after.astype(np.float32),
            "source": wide.source,
            "window": [wide.start, wide.stop],
            "formula": texts.transposed_formula(n, kernel_size, m, **sizes),
            "check": texts.compared_with_torch("conv_transpose2d", x, weights, output, **sizes),
            "remark": texts.transposed_remark(
                kernel_size, made.counts(m * m), m, end="at the bottom and on the right", **sizes
            ),
        }

    def _still(self) -> Figure:
        return self._frame(self._frames() - 1)

    def _frames(self) -> int:
        return self.trace["output" if self.reading == "gather" else "x"].size

    def _frame(self, step: int) -> Figure:
        names = ("stride", "padding", "output_padding", "dilation")
        return transposed_convolution_2d(
            self.trace["x"], self.trace["kernel"], step=step, reading=self.reading,
            **{name: self._settled[name] for name in names},
        )[0].figure  # fmt: skip

    def _describe(self) -> str:
        n, m, k = (len(self.trace[name]) for name in ("x", "output", "kernel"))
        return (
            f"{n * n} numbers in {n} rows stamp a {k}x{k} kernel at stride {self.stride}; where "
            f"stamps overlap they add up to an output of {m}x{m}. Below stands the doubly blocked "
            f"matrix of the convolution, {n * n}x{m * m}."
        )


def extended(given: Any, rest: Any, size: int) -> np.ndarray:
    """The square table of that size, continued by fixed numbers where it is larger than given."""
    whole = np.array(rest, dtype=float)
    whole[: len(given), : len(given)] = given
    return whole[:size, :size]
