"""Transposed convolution as figures: stamps that add up, and the matrix with its transpose."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike

from segviz.plot import _style
from segviz.plot._cells import sheets
from segviz.plot._transposed_drawing import Drawing, draw_matrix
from segviz.plot._transposed_drawing_2d import Drawing2D, draw_blocks


def transposed_convolution_1d(
    x: ArrayLike,
    kernel: ArrayLike,
    *,
    step: int | None = None,
    reading: str = "scatter",
    direction: str = "transposed",
    **sizes: int,
) -> np.ndarray:
    """Draw one step of a 1-D transposed convolution, or of the normal one, with its matrices.

    Args:
        x: the input, shape ``(n,)``.
        kernel: shape ``(k,)``.
        step: which input ("scatter") or output ("gather", or a normal convolution) is lit; what
            comes after it is left out. The last one if left out.
        reading: "scatter", stamps added up, or "gather", the flipped kernel on the input with
            zeros inserted.
        direction: "transposed" or "normal".
        **sizes: ``stride``, ``padding``, ``dilation`` and, if transposed, ``output_padding``.

    Returns:
        Two matplotlib Axes: stamps with the matrix below, and its transpose.

    Raises:
        ValueError, TypeError: as ``segviz.ops.conv_transpose1d`` or ``conv1d``.

    >>> transposed_convolution_1d([1, 10], [1, 2, 3], stride=2).shape
    (2,)
    """
    x, kernel = np.asarray(x, float), np.asarray(kernel, float)
    drawing = Drawing(x, kernel, reading, direction, sizes)
    drawing.light(drawing.steps - 1 if step is None else step)
    return np.array([drawing.draw_left().axes, drawing.draw_transpose().axes])


def transposed_convolution_2d(
    x: ArrayLike, kernel: ArrayLike, *, step: int | None = None, reading: str = "scatter",
    **sizes: int,
) -> np.ndarray:  # fmt: skip
    """Draw one step of a 2-D transposed convolution: stamp or window, output, and the matrix.

    Args:
        x: the input, shape ``(H, W)``.
        kernel: shape ``(kh, kw)``.
        step: which input ("scatter") or output ("gather") is lit, both counted row by row; what
            comes after it is left out. The last one if left out.
        reading: "scatter" or "gather", as in ``transposed_convolution_1d``.
        **sizes: ``stride``, ``padding``, ``output_padding``, ``dilation``.

    Returns:
        Four matplotlib Axes: input, stamp (or input with zeros), output, doubly blocked matrix.

    Raises:
        ValueError, TypeError: as ``segviz.ops.conv_transpose2d``.

    >>> transposed_convolution_2d([[1, 2], [3, 4]], [[1, 0], [0, 1]]).shape
    (4,)
    """
    drawing = Drawing2D(np.asarray(x, float), np.asarray(kernel, float), reading, sizes)
    return drawing.draw(drawing.steps - 1 if step is None else step)


def doubly_blocked_matrix(
    matrix: np.ndarray, blocks: tuple[int, int], *, row: int | None = None,
    column: int | None = None,
) -> Axes:  # fmt: skip
    """Draw the matrix of a 2-D convolution as a picture, with lines between its blocks.

    Args:
        matrix: dense, of shape ``(outputs, inputs)``, both read row by row; such as
            ``ops.convolution_matrix_2d(..., dense=True)``.
        blocks: how many rows the output and the input have.
        row, column: which ones are framed.

    Returns:
        The matplotlib Axes. Rows have hues; a weight of zero is as white as a place without one.

    >>> doubly_blocked_matrix(np.eye(4), (2, 2)).get_title("left")
    'C, 4 × 4'
    """
    figure = _style.figure(height=2.6)
    return draw_blocks(figure.subplots(), matrix, blocks, row=row, column=column)


def matrix_pair(
    matrix: np.ndarray, *, row: int | None = None, column: int | None = None
) -> np.ndarray:
    """Draw the matrix of a convolution and its transpose with one row or column lit in both.

    Args:
        matrix: of shape ``(small, large)``, such as ``ops.convolution_matrix_1d`` returns.
        row: which row of the matrix is lit, and column of its transpose.
        column: which column of the matrix is lit, and row of its transpose.

    Returns:
        Two matplotlib Axes.

    >>> matrix_pair(np.eye(2), row=0).shape
    (2,)
    """
    rows, columns = matrix.shape
    left, right = sheets([(columns, rows + 0.8), (rows, columns + 0.8)], height=5)
    draw_matrix(left, matrix, 0, 0.8, row=row, column=column)
    left.title(0, 0.8, f"C, {rows} × {columns}")
    draw_matrix(right, matrix, 0, 0.8, row=row, column=column, transposed=True)
    right.title(0, 0.8, f"Cᵀ, {columns} × {rows}")
    return np.array([left.axes, right.axes])


def overlap_counts(counts: ArrayLike, *, title: str = "stamps on each output") -> Axes:
    """Draw how many stamps each output gets: the checkerboard before any weights.

    Args:
        counts: whole numbers of shape ``(m,)`` or ``(H, W)``, for example the transposed
            convolution of ones with a kernel of ones.
        title: what stands above it.

    Returns:
        The matplotlib Axes.

    >>> overlap_counts([1, 1, 2, 1, 1]).get_title("left")
    'stamps on each output, 1 to 2'
    """
    table = np.atleast_2d(counts)
    [sheet] = sheets([(table.shape[1], table.shape[0] + 0.9)], height=5)
    most = max(float(table.max()), 1.0)
    for (row, column), count in np.ndenumerate(table):
        grey = str(1 - 0.5 * count / most)
        below = Rectangle((column, row + 0.9), 1, 1, facecolor=grey, linewidth=0, zorder=0.9)
        sheet.axes.add_patch(below)
        sheet.cell(column, row + 0.9, float(count))
    words = f"{title}, {table.min():g} to {most:g}"
    sheet.axes.set_title(words, loc="left", fontsize=10, y=0.98, va="top")
    return sheet.axes
