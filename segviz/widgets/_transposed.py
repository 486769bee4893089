"""What the widgets of transposed convolution share: rows of numbers, and their lines of text."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from segviz.widgets._base import TraceWidget
from segviz.widgets._parameters import Grid, as_numbers


class Square(Grid):
    """A small table of numbers to type in, as high as wide."""

    def __init__(self, default: Any, *, shortest: int, longest: int) -> None:
        super().__init__(default, largest=longest, limit=99.0, shown=False)
        self.shortest = shortest

    def legal(self, value: Any) -> tuple[tuple[float, ...], ...]:
        rows = super().legal(value)
        if len(rows) != len(rows[0]) or len(rows) < self.shortest:
            raise ValueError(
                f"{self.name} has {len(rows)} rows and {len(rows[0])} columns: give a square of "
                f"{self.shortest} x {self.shortest} to {self.largest} x {self.largest}."
            )
        return rows


class Row(Grid):
    """One row of numbers to type in, stored as a tuple that holds one tuple."""

    def __init__(self, default: Iterable[float], *, shortest: int, longest: int) -> None:
        super().__init__([list(default)], largest=longest, limit=99.0, shown=False)
        self.shortest = shortest

    def legal(self, value: Any) -> tuple[tuple[float, ...], ...]:
        try:
            table = np.atleast_2d(as_numbers(value))
        except (TypeError, ValueError):
            raise TypeError(f"{self.name} must be a row of numbers, such as [1, 2, -1].") from None
        if len(table) != 1 or not self.shortest <= table.size <= self.largest:
            raise ValueError(
                f"{self.name} has shape {np.shape(value)}: give one row of {self.shortest} to "
                f"{self.largest} numbers."
            )
        return super().legal(table)


def short(widget: TraceWidget, always: tuple[str, ...]) -> str:
    """``repr`` with what always counts, and of the rest what differs from a fresh widget."""
    shown = (
        f"{name}={getattr(widget, name)!r}"
        for name in widget.parameters
        if widget.trait_metadata(name, "shown")
        and (name in always or getattr(widget, name) != widget.trait_defaults(name))
    )
    return f"{type(widget).__name__}({', '.join(shown)})"


def number(value: float) -> str:
    """A number as it stands in text: four decimals at most, a true minus sign.

    >>> number(-0.25), number(2.0)
    ('−0.25', '2')
    """
    text = f"{value:.4f}".rstrip("0").rstrip(".")
    return ("0" if text == "-0" else text).replace("-", "−")


def row(values: Iterable[float]) -> str:
    """Numbers in brackets: ``(1, 2, −1)``."""
    return f"({', '.join(map(number, values))})"


def transposed_formula(
    n: int, k: int, m: int, *, stride: int, padding: int, output_padding: int, dilation: int
) -> str:
    """The output size with the numbers filled in."""
    return (
        "output size = (n − 1)s − 2p + d(k − 1) + a + 1 = "
        f"({n} − 1)·{stride} − 2·{padding} + {dilation}·({k} − 1) + {output_padding} + 1 = {m}"
    )


def normal_formula(n: int, k: int, m: int, *, stride: int, padding: int, dilation: int) -> str:
    """The output size of the convolution with the numbers filled in."""
    return (
        "output size = ⌊(n + 2p − d(k − 1) − 1) / s⌋ + 1 = "
        f"⌊({n} + 2·{padding} − {dilation}·({k} − 1) − 1) / {stride}⌋ + 1 = {m}"
    )


def compared_with_torch(
    name: str, x: np.ndarray, kernel: np.ndarray, output: np.ndarray, **sizes: int
) -> str:
    """What torch's function of that name gives on the same numbers, in words."""
    import torch

    function = getattr(torch.nn.functional, name)
    inputs = (torch.from_numpy(one)[None, None] for one in (x, kernel))
    theirs = function(*inputs, **sizes)[0, 0].numpy()
    if theirs.shape != output.shape:
        return f"torch's {name}: {theirs.size} numbers instead of {output.size}"
    count = f"{output.size} number{'s' * (output.size > 1)}"
    difference = float(np.abs(theirs - output).max())
    if difference == 0:
        return f"torch's {name}: same {count}, difference 0"
    return f"torch's {name}: {count}, largest difference {difference:.1e} (rounding)"


def transposed_remark(
    k: int, counts: np.ndarray, m: int, *, stride: int, padding: int, output_padding: int,
    dilation: int, end: str = "at the end",
) -> str:  # fmt: skip
    """What the settings do to the output, the rarest first; ``counts`` are stamps per output."""
    if output_padding:
        return _output_padding_remark(m, output_padding, stride, padding, end)
    if padding:
        return (
            f"padding = {padding} crops {padding} from each side: it is the padding of the "
            "convolution that this undoes in size, which added as many zeros there."
        )
    if stride == 1:
        return (
            f"Stride 1: the same as an ordinary convolution with the flipped kernel and "
            f"padding {dilation * (k - 1)}."
        )
    least, most = int(counts.min()), int(counts.max())
    spread = f"{most}" if least == most else f"{least} to {most}"
    return f"Each output gets {spread} product{'s' if most != 1 else ''}."


def _output_padding_remark(m: int, output_padding: int, stride: int, padding: int, end: str) -> str:
    words = f"output_padding = {output_padding} adds {output_padding} {end} only"
    if output_padding >= stride or output_padding >= m:
        reached = "stamps may still reach" if padding else "no stamp reaches: zeros"
        return f"{words}, where {reached}."
    return (
        f"{words}: a convolution takes {m - output_padding} and {m} to the same size, "
        f"and this says that {m} is meant."
    )


def normal_remark(sources: np.ndarray, n: int) -> str:
    """Whether the windows reach all inputs."""
    unread = n - np.unique(sources[sources >= 0]).size
    zeros = int((sources < 0).sum())
    parts = [f"{unread} of {n} inputs are never read."] if unread else ["Every input is read."]
    if zeros:
        parts.append(f"{zeros} taps read zeros of the padding.")
    return " ".join(parts)
