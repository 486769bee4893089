"""A row of numbers, a kernel with holes, and the matrix that the two make."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import traitlets
from matplotlib.figure import Figure

from segviz.ops.convolution import conv1d, convolution_indices
from segviz.ops.convolution_matrix import convolution_matrix_1d
from segviz.plot.atrous_convolution import atrous_convolution_1d
from segviz.widgets._base import TraceWidget
from segviz.widgets._parameters import Choice, Grid, Whole

LARGEST_INPUT, LARGEST_KERNEL = 12, 5
VALUES = (3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8)
KERNEL = (1, 2, 3, 4, 5)


class AtrousConvolution1D(TraceWidget):
    """An atrous convolution in one dimension, step by step, with its matrix.

    Args:
        values: the input, up to 12 whole numbers from -99 to 99.
        kernel: up to 5 whole numbers from -99 to 99.
        **settings: ``dilation`` (the rate, 1 to 5), ``kernel_size`` (1 to 5) and ``input_size`` (3
            to 12; beyond their ends the numbers go on with fixed ones), ``padding`` ("valid" for
            none, "same" for as many zeros as keep the size).

    Raises:
        ValueError, TypeError: numbers or a setting that is not legal.

    >>> widget = AtrousConvolution1D([3, 1, 4, 1, 5], [1, 2, 3], dilation=2)
    >>> widget.trace["output"].tolist()
    [26]
    >>> widget.trace["matrix"].tolist()
    [[1, 0, 2, 0, 3]]
    """

    dilation = Whole(2, 1, 5)
    kernel_size = Whole(3, 1, LARGEST_KERNEL)
    input_size = Whole(9, 3, LARGEST_INPUT)
    padding = Choice("valid", ("valid", "same"))
    values = Grid([VALUES[:9]], largest=LARGEST_INPUT, whole=True, shown=False)
    kernel = Grid([KERNEL[:3]], largest=LARGEST_KERNEL, whole=True, shown=False)

    _offline: ClassVar[tuple[str, ...]] = ("dilation", "kernel_size", "input_size", "padding")

    def __init__(self, values: Any = None, kernel: Any = None, **settings: Any) -> None:
        rows = {"values": values, "kernel": kernel}
        given = {name: _one_row(row, name) for name, row in rows.items() if row is not None}
        super().__init__(**given, **settings)

    @traitlets.observe("values")
    def _take_input_size(self, _change: Any) -> None:
        self.input_size = len(self.values[0])

    @traitlets.observe("kernel")
    def _take_kernel_size(self, _change: Any) -> None:
        self.kernel_size = len(self.kernel[0])

    def _compute(
        self,
        *,
        dilation: int,
        kernel_size: int,
        input_size: int,
        padding: str,
        values: Any,
        kernel: Any,
    ) -> dict[str, Any]:
        x = _extended(values, VALUES)[:input_size]
        weights = _extended(kernel, KERNEL)[:kernel_size]
        zeros = _zeros(input_size, padding, kernel_size, dilation)
        steps = {"padding": zeros, "dilation": dilation}
        output = conv1d(x, weights, **steps).astype(np.int32)
        return {
            "x": x,
            "kernel": weights,
            "zeros": zeros,
            "reach": dilation * (kernel_size - 1) + 1,
            "output": output,
            "indices": convolution_indices(input_size, kernel_size, **steps).astype(np.int8),
            "matrix": convolution_matrix_1d(weights, input_size, **steps).astype(np.int8),
            "formula": _formula(input_size, kernel_size, dilation, zeros, len(output)),
            "remark": _remark(input_size, kernel_size, dilation, zeros),
        }

    def _frames(self) -> int:
        return len(self.trace["output"])

    def _frame(self, step: int) -> Figure:
        trace = self.trace
        axes = atrous_convolution_1d(
            trace["x"],
            trace["kernel"],
            dilation=self._settled["dilation"],
            padding=trace["zeros"],
            step=step,
        )
        return axes[0].figure

    def _still(self) -> Figure:
        return self._frame(self._frames() // 2)

    def _describe(self) -> str:
        trace = self.trace
        sizes = f"{len(trace['x'])} numbers, a kernel of {_counted(len(trace['kernel']), 'weight')}"
        outputs = ", ".join(map(str, trace["output"]))
        zeros, matrix = _counted(trace["zeros"], "zero"), "x".join(map(str, trace["matrix"].shape))
        return (
            f"{sizes} {self._settled['dilation']} apart, {zeros} added on each side, the output "
            f"({outputs}), and the {matrix} matrix with one band per weight."
        )


def _one_row(numbers: Any, name: str) -> Any:
    if np.ndim(numbers) != 1:
        raise ValueError(
            f"{name} has {np.ndim(numbers)} axes, and this demo goes along one. Give a list of "
            "numbers, such as [1, 2, 3]."
        )
    return [numbers]


def _extended(row: Any, rest: tuple[int, ...]) -> np.ndarray:
    """The numbers, continued to the most there can be, so that a larger size has some to show."""
    numbers = [*row[0], *rest[len(row[0]) :]]
    return np.array(numbers, dtype=np.int8)


def _zeros(n: int, padding: str, k: int, d: int) -> int:
    """Zeros on each side."""
    reach = d * (k - 1) + 1
    if padding == "valid" and reach > n:
        raise ValueError(
            f"kernel_size={k} at dilation={d} reaches over {reach} inputs, and input_size={n}: it "
            f"fits nowhere. Use {_remedies(n, k, d)}."
        )
    if padding == "valid":
        return 0
    needed = d * (k - 1)
    if needed % 2:
        raise ValueError(
            f"padding='same' at kernel_size={k}, dilation={d} needs {_counted(needed, 'zero')} in "
            f"all: both sides cannot have as many. Use kernel_size={k - 1}, or an even dilation."
        )
    return needed // 2


def _remedies(n: int, k: int, d: int) -> str:
    """What makes a kernel fit that reaches beyond the input: of other ways only legal ones.

    >>> _remedies(9, 3, 5), _remedies(3, 4, 1)
    ("a smaller dilation, or padding='same'", 'kernel_size=3, or input_size=4')
    """
    reach = d * (k - 1) + 1
    ways = ["a smaller dilation"] * (k <= n) + ["padding='same'"] * (reach % 2)
    if not ways:
        ways = [f"kernel_size={(n - 1) // d + 1}"]
        ways += [f"input_size={reach}"] * (reach <= LARGEST_INPUT)
    return ", or ".join(ways)


def _counted(number: int, what: str) -> str:
    """One thing, or several.

    >>> _counted(1, "input"), _counted(0, "zero")
    ('1 input', '0 zeros')
    """
    return f"{number} {what}{'s' * (number != 1)}"


def _formula(n: int, k: int, d: int, p: int, m: int) -> list[str]:
    return [
        f"reach = d(k − 1) + 1 = {d}·({k} − 1) + 1 = {_counted(d * (k - 1) + 1, 'input')}, with "
        f"{_counted(k, 'weight')}",
        f"output size = n + 2p − d(k − 1) = {n} + 2·{p} − {d}·({k} − 1) = {m}",
    ]


def _remark(n: int, k: int, d: int, p: int) -> str:
    """What the matrix looks like, and what of the kernel is of no use."""
    idle = int((convolution_indices(n, k, padding=p, dilation=d) < 0).all(axis=0).sum())
    if idle and idle == k - 1:
        return "Only the centre weight ever meets an input: this is a 1×1 convolution."
    if idle:
        return f"{idle} of {k} weights never meet an input: they stand on added zeros everywhere."
    if k == 1:
        return "One weight has no neighbour to keep away from: the dilation changes nothing."
    if d == 1:
        return "The bands of the matrix touch each other: this is the ordinary convolution."
    zeros = f"are {d - 1} zeros" if d > 2 else "is one zero"
    holes = "the holes of the kernel, hatched"
    return f"Between two bands of the matrix there {zeros} in each row: {holes}."
