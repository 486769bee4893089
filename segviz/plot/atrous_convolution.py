"""Atrous convolution in figures: taps with holes between them, the matrix, what a stack sees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.patches import Circle, Rectangle

from segviz.ops._checks import real_array, shown
from segviz.ops.convolution import conv1d, convolution_indices
from segviz.ops.convolution_matrix import convolution_matrix_1d
from segviz.plot import _style
from segviz.plot.convolution import picture_axes
from segviz.plot.sliding_window import _draw_times, _frame

_LINE = "#767676"


def atrous_convolution_1d(
    x: np.ndarray, kernel: np.ndarray, *, dilation: int = 1, padding: int = 0, step: int = 0
) -> np.ndarray:
    """Draw one step of an atrous convolution, and the row of the matrix that does the same.

    Args:
        x: numbers of shape (n,).
        kernel: weights of shape (k,), at most six; each has its colour.
        dilation: inputs from one weight to the next, the rate.
        padding: zeros added on each side.
        step: the output whose sum is drawn and written out.

    Returns:
        Two matplotlib Axes: the taps on the input, and the matrix beside the output.

    Raises:
        ValueError: a size out of range, as in ``ops.conv1d``.

    >>> atrous_convolution_1d(np.arange(5), np.array([1, 2, 3]), dilation=2).shape
    (2,)
    """
    steps = {"padding": padding, "dilation": dilation}
    output = conv1d(x, kernel, **steps)
    matrix = convolution_matrix_1d(kernel, len(x), **steps)
    indices = convolution_indices(len(x), len(kernel), **steps)
    widths = [len(x) + 2 * padding, len(x) + 2]
    figure = _style.figure(height=0.36 * max(6.0, len(output)) + 0.9)
    left, right = figure.subplots(1, 2, width_ratios=widths)
    _draw_taps(left, x, kernel, output, dilation, padding, step)
    _draw_matrix(right, matrix, output, indices, step)
    left.set_title(_written(x, kernel, indices[step], output[step], step), fontsize=11, loc="left")
    return np.array([left, right])


def _draw_taps(
    axes: Axes, x: np.ndarray, kernel: np.ndarray, output: np.ndarray,
    dilation: int, padding: int, step: int,
) -> None:  # fmt: skip
    middle = dilation * (len(kernel) - 1) / 2
    places = [step + dilation * tap for tap in range(len(kernel))]
    for tap, (place, weight) in enumerate(zip(places, kernel, strict=True)):
        colour = _style.CYCLE[tap]
        axes.plot([place, step + middle], [1.7, 3.6], color=colour, linewidth=2, zorder=1)
        axes.add_patch(Circle((place, 1.45), 0.42, facecolor=_tint(tap), edgecolor=colour))
        _number(axes, place, 1.45, weight)
    colours: dict[int, object] = {place: _tint(tap) for tap, place in enumerate(places)}
    padded = np.pad(x, padding)
    for place, value in enumerate(padded):
        added = not padding <= place < padding + len(x)
        _cell(axes, place, 0, value, colours.get(place, "white"), dashed=added)
    for place, value in enumerate(output):
        shown = None if place > step else value
        _cell(axes, place + middle, 4, shown, "#f2cf80" if place == step else "white")
    reach = places[-1] - places[0] + 1
    box = Rectangle((step - 0.5, -0.5), reach, 1, fill=False, edgecolor=_style.CYCLE[1], lw=2)
    axes.add_patch(box)
    axes.set(xlim=(-0.7, len(padded) - 0.3), ylim=(4.7, -0.7), aspect="equal", anchor="NW")
    axes.set_axis_off()


def _draw_matrix(
    axes: Axes, matrix: np.ndarray, output: np.ndarray, indices: np.ndarray, step: int
) -> None:
    rows, columns = matrix.shape
    for row in range(rows):
        taps = {int(place): tap for tap, place in enumerate(indices[row]) if place >= 0}
        for column in range(columns):
            tap = taps.get(column)
            colour = "white" if tap is None else _tint(tap, 0.75 if row == step else 0.4)
            _cell(axes, column, row, matrix[row, column], colour, faint=tap is None)
        shown = None if row > step else output[row]
        _cell(axes, columns + 0.7, row, shown, "#f2cf80" if row == step else "white")
    row_box = Rectangle((-0.5, step - 0.5), columns, 1, fill=False, edgecolor=_style.CYCLE[1], lw=2)
    axes.add_patch(row_box)
    axes.set_title(f"matrix, {rows} × {columns}, and the output", fontsize=11, loc="left")
    axes.set(xlim=(-0.7, columns + 1.4), ylim=(rows - 0.3, -0.7), aspect="equal", anchor="NW")
    axes.set_axis_off()


def _cell(
    axes: Axes, column: float, row: float, value: float | None, colour: object,
    *, dashed: bool = False, faint: bool = False,
) -> None:  # fmt: skip
    style = "--" if dashed else "-"
    square = Rectangle(
        (column - 0.5, row - 0.5), 1, 1, facecolor=colour, edgecolor=_LINE, linestyle=style, lw=0.8
    )
    axes.add_artist(square)  # add_patch would look for new limits, and they are set anyway
    if value is not None:
        _number(axes, column, row, value, "#767676" if faint else "black")


def _number(axes: Axes, column: float, row: float, value: float, colour: str = "black") -> None:
    text = _text(value)
    size = 10 if len(text) < 3 else 8
    # Within the Axes, so that the layout need not ask each of them how large it is.
    style: dict[str, Any] = {"ha": "center", "va": "center", "in_layout": False}
    axes.text(column, row, text, fontsize=size, color=colour, **style)


def _text(value: float) -> str:
    return f"{value:.4g}".replace("-", "−")


def _tint(tap: int, share: float = 0.4) -> tuple[float, ...]:
    """A tap's colour, thin enough for black text."""
    return tuple(1 - share * (1 - one) for one in to_rgb(_style.CYCLE[tap]))


def _written(
    x: np.ndarray, kernel: np.ndarray, inputs: np.ndarray, result: float, step: int
) -> str:
    values = (x[place] if place >= 0 else 0 for place in inputs)
    products = " + ".join(
        f"{_factor(weight)}·{_factor(value)}" for weight, value in zip(kernel, values, strict=True)
    )
    return f"y[{step}] = {products} = {_text(result)}"


def _factor(value: float) -> str:
    return f"({_text(value)})" if value < 0 else _text(value)


def atrous_convolution_2d(
    picture: np.ndarray,
    counts: np.ndarray,
    output: np.ndarray,
    *,
    at: Sequence[int],
    field: int,
    rates: Sequence[int],
) -> np.ndarray:
    """Draw which pixels of a picture one unit sees, how often each counts, and the output.

    Args:
        picture: grey, shape ``(H, W)``, in [0, 1].
        counts: on how many ways each pixel reaches the unit, shape ``(H, W)``.
        output: shape ``(H, W)``, signed; black is zero, blue is below zero.
        at: row and column of the unit.
        field: size of its receptive field by formula, which is odd.
        rates: of the layers up to the unit's, for the title.

    Returns:
        Three matplotlib Axes, left to right.

    >>> atrous_convolution_2d(np.eye(5), np.eye(5), np.eye(5), at=(2, 2), field=3, rates=[1]).shape
    (3,)
    """
    axes = _style.figure(height=3.8).subplots(1, 3, width_ratios=[1, 1.12, 1])
    left, middle, right = axes
    corner = [place - field // 2 for place in at]
    left.imshow(_marked(picture, counts > 0), interpolation="nearest")
    left.set(xticks=[], yticks=[], xlabel=f"{picture.shape[0]} × {picture.shape[1]}")
    _frame(left, corner, (field, field), _style.CYCLE[5])
    left.set_title(f"seen by one unit, rates {'-'.join(map(str, rates))}")
    _draw_times(middle, counts, int(counts.max()))
    edges = [(first - 0.5, first + field - 0.5) for first in corner]
    middle.set(xlim=edges[1], ylim=edges[0][::-1], facecolor="#d9d9d9")
    middle.set_title("how often each counts")
    middle.set_xlabel(f"{_field_read(field, counts)}, of which {_counting(counts)}")
    picture_axes(right, output, max(1.0, float(np.abs(output).max())))
    right.set_title("output, blue below zero")
    return axes


def _field_read(field: int, counts: np.ndarray) -> str:
    """The field by formula, and what of it the border leaves, which is where pixels count."""
    formula = f"{field} × {field}"
    if not counts.any():
        return formula
    rows, columns = (int(np.ptp(np.flatnonzero(counts.any(axis=axis)))) + 1 for axis in (1, 0))
    if (rows, columns) == (field, field):
        return formula
    return f"{formula} by formula, {rows} × {columns} here"


def coverage(counts: Mapping[str, np.ndarray]) -> np.ndarray:
    """Draw how often each pixel counts for one unit of several stacks of layers.

    Args:
        counts: name of the stack -> counts of shape ``(H, W)``; black pixels are never seen.

    Returns:
        One matplotlib Axes per stack.

    Raises:
        ValueError, TypeError: no stack, or counts that are no picture of numbers.

    >>> coverage({"rates 1": np.ones((3, 3)), "rates 2": np.eye(5)}).shape
    (2,)
    """
    if not isinstance(counts, Mapping) or not counts:
        raise ValueError(
            f"counts={shown(counts)} must name at least one stack. Use "
            '{"rates 1-2": counts}, an array of shape (H, W) for each.'
        )
    maps = {name: real_array(one, f"counts[{name!r}]", 2) for name, one in counts.items()}
    figure = _style.figure(height=3.1, width=min(12.0, 3.3 * len(maps)))
    axes = figure.subplots(1, len(maps), squeeze=False)[0]
    for axis, (name, one) in zip(axes, maps.items(), strict=True):
        _draw_times(axis, one, int(one.max()))
        axis.set_title(name, fontsize=11)
        axis.set_xlabel(f"{one.shape[0]} × {one.shape[1]}, {_counting(one)}")
    return axes


def _counting(counts: np.ndarray) -> str:
    """How many pixels count.

    >>> _counting(np.ones((70, 70))), _counting(np.ones((1, 1)))
    ('4,900 count', '1 counts')
    """
    number = int((counts > 0).sum())
    return f"{number:,} count{'s' * (number == 1)}"


def _marked(picture: np.ndarray, marks: np.ndarray) -> np.ndarray:
    """The picture in grey, its marked pixels in orange, bright ones lighter than dark ones."""
    grey = np.repeat(picture[..., None], 3, axis=-1)
    return np.where(marks[..., None], 0.3 * grey + 0.7 * np.array(to_rgb(_style.CURSOR)), grey)
