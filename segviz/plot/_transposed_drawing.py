"""The picture of ``TransposedConvolution1D``, drawn with matplotlib: where each number stands."""

from __future__ import annotations

from typing import Any

import numpy as np

from segviz.ops import conv1d, conv_transpose1d, convolution_matrix_1d
from segviz.ops._stamps import BORDER, INSERTED, spread
from segviz.plot._cells import CAPTION, Sheet, hue, sheets, text_of, unit_of

_LABEL = 3.0  # cells left of the columns for the rows' names
_HIGH = 5.5  # inches, at most


def _caption_gap(sizes: list[tuple[float, float]]) -> float:
    """Cells from one part to the next: a title must fit in between, however small they are."""
    return max(0.8, CAPTION / unit_of(sizes, height=_HIGH - 4 * CAPTION))


def draw_matrix(
    sheet: Sheet,
    matrix: np.ndarray,
    left: float,
    top: float,
    *,
    row: int | None = None,
    column: int | None = None,
    transposed: bool = False,
    taps: np.ndarray | None = None,
) -> None:
    """Draw a matrix whose rows have hues, or its transpose, on a sheet.

    Args:
        sheet: where to draw.
        matrix: of shape ``(small, large)``.
        left, top: of its corner, in cells.
        row, column: of ``matrix``, to be lit; in the transpose they are column and row.
        transposed: whether to draw the transpose.
        taps: bool of the matrix's shape, where a weight stands; where it is not zero if left out.
    """
    here = matrix != 0 if taps is None else taps
    for (i, j), value in np.ndenumerate(matrix):
        at = (left + i, top + j) if transposed else (left + j, top + i)
        strong = i == row or j == column
        colour = hue(i) if here[i, j] else None
        sheet.cell(*at, float(value), colour=colour, strong=strong, faint=not here[i, j])
    size = matrix.shape[::-1] if transposed else matrix.shape
    lit_row, lit_column = (column, row) if transposed else (row, column)
    if lit_row is not None:
        sheet.frame(left, top + lit_row, width=size[1])
    if lit_column is not None:
        sheet.frame(left + lit_column, top, height=size[0])


class Drawing:
    """The widget's picture: columns are the places of the longer side, rows the stamps."""

    def __init__(self, x: np.ndarray, kernel: np.ndarray, reading: str, direction: str, sizes: Any):
        self.x, self.kernel, self.sizes = x, kernel, sizes
        self.normal = direction == "normal"
        self.gather = reading == "gather" and not self.normal
        steps = {name: sizes.get(name, one) for name, one in (("stride", 1), ("padding", 0))}
        self.stride, self.padding = steps["stride"], steps["padding"]
        self.dilation = sizes.get("dilation", 1)
        self.output = (conv1d if self.normal else conv_transpose1d)(x, kernel, **sizes)
        self.rows = len(self.output) if self.normal else len(x)
        self.grid = len(x) if self.normal else len(self.output)
        self.reach = self.dilation * (len(kernel) - 1) / 2
        self.side = self.padding if self.normal else max(self.padding, self.reach)
        self.taps = self._matrix(np.arange(1.0, len(kernel) + 1)) > 0
        self.matrix = self._matrix(kernel)
        self.steps = self.grid if self.gather else self.rows
        across = _LABEL + self.grid + 2 * self.side + (1.5 if self.normal else 0)
        beside = self.rows + (0 if self.normal else 1.6)
        self.gap = gap = _caption_gap([(across, 2 * self.rows + 2.4), (beside, self.grid + 2.6)])
        tall = 2 * self.rows + 2.4 + 4 * gap
        self.left, self.right = sheets(
            [(across, tall), (beside, self.grid + 2.6 + gap)], height=_HIGH
        )
        below = 1 + 3 * gap + self.rows
        self.tops = (gap, 1 + 2 * gap, below, below + 1.2 + gap)

    def _matrix(self, kernel: np.ndarray) -> np.ndarray:
        steps = {"stride": self.stride, "padding": self.padding, "dilation": self.dilation}
        return convolution_matrix_1d(kernel, self.grid, **steps)[: self.rows]

    def light(self, step: int) -> None:
        if not 0 <= step < self.steps:
            raise ValueError(
                f"step={step} is not one of the {self.steps} steps. Use 0 to {self.steps - 1}."
            )
        self.step = step

    def column(self, place: float) -> float:
        return _LABEL + place + self.side

    def middle(self, row: int) -> float:
        return self.column(row * self.stride - self.padding + self.reach)

    def places(self, row: int) -> list[int]:
        return [
            row * self.stride - self.padding + tap * self.dilation
            for tap in range(len(self.kernel))
        ]

    def draw_left(self) -> Sheet:
        draw = self._normal if self.normal else self._gather if self.gather else self._scatter
        draw()
        top = self.tops[3]
        self.left.title(0, top, f"C, matrix of the convolution from {self.grid} to {self.rows}")
        row, column = (None, self.step) if self.gather else (self.step, None)
        draw_matrix(
            self.left, self.matrix, self.column(0), top, row=row, column=column, taps=self.taps
        )
        if self.normal:
            for i in range(self.rows):
                value = self.output[i] if i <= self.step else None
                self.left.cell(self.column(self.grid + 0.5), top + i, value, colour=hue(i))
        return self.left

    def draw_transpose(self) -> Sheet:
        row, column = (None, self.step) if self.gather else (self.step, None)
        top = self.gap + 1.4
        self.right.title(0, self.gap, f"Cᵀ, {self.grid} × {self.rows}")
        draw_matrix(
            self.right, self.matrix, 0, top, row=row, column=column, transposed=True, taps=self.taps
        )
        if not self.normal:
            for i, value in enumerate(self.x):
                self.right.cell(i, self.gap + 0.1, value, colour=hue(i), lit=i == row)
            for place, (value, _) in enumerate(self._outputs()):
                self.right.cell(self.rows + 0.5, top + place, value)
        return self.right

    def _outputs(self) -> list[tuple[float | None, list[str]]]:
        """Each output as far as it has come, and the hues of what it is made of."""
        if self.gather:
            come = [value if i <= self.step else None for i, value in enumerate(self.output)]
            hits = self.taps
        else:
            hits = self.taps[: self.step + 1]
            sums = self.x[: self.step + 1] @ self.matrix[: self.step + 1]
            last = self.step + 1 >= self.rows  # then what no stamp reaches is known too: 0
            come = [float(one) if last or any(hits[:, i]) else None for i, one in enumerate(sums)]
        return [
            (value, [] if value is None else [hue(int(row)) for row in np.flatnonzero(hits[:, i])])
            for i, value in enumerate(come)
        ]

    def _scatter(self) -> None:
        above, stamps, _, _ = self.tops
        self.left.title(0, above, "input x")
        self.left.title(0, stamps, "stamps: input × kernel")
        for i, value in enumerate(self.x):
            lit = i == self.step
            self.left.cell(self.middle(i), above, value, colour=hue(i), strong=lit, lit=lit)
            self._stamp(i, stamps + i)
        self._long_row("output y: the stamps so far, added up")

    def _stamp(self, row: int, top: float) -> None:
        come, lit = row <= self.step, row == self.step
        if come:
            self.left.write(0, top, f"{text_of(self.x[row])} ×", width=2.6, align="right")
        for place, weight in zip(self.places(row), self.kernel, strict=True):
            cropped = not 0 <= place < self.grid
            self.left.cell(
                self.column(place), top, weight * self.x[row] if come else None,
                colour=hue(row) if come and not cropped else None, strong=lit,
                lit=lit and not cropped, hatched=come and cropped, dashed=not come, faint=cropped,
            )  # fmt: skip

    def _long_row(self, title: str) -> None:
        top, added = self.tops[2], self.sizes.get("output_padding", 0)
        if added:
            title = f"output y; the last {added} of it: output_padding"
        self.left.title(0, top, title)
        cropped = max(0, self.padding - added)  # at the end, output_padding takes less away
        for place in (*range(-self.padding, 0), *range(self.grid, self.grid + cropped)):
            self.left.cell(self.column(place), top, hatched=True, faint=True)
        met = [self.step] if self.gather else self.places(self.step)
        for place, (value, stripes) in enumerate(self._outputs()):
            self.left.cell(self.column(place), top, value, stripes=stripes, lit=place in met)
        if added:
            self.left.frame(self.column(self.grid - added), top + 1.08, width=added, height=0.04)

    def _gather(self) -> None:
        above, stamps, _, _ = self.tops
        wide = spread(len(self.x), len(self.kernel), **self.sizes)
        zeros = {INSERTED: "zeros inserted", BORDER: "a border of zeros"}
        named = " and ".join(words for kind, words in zeros.items() if kind in wide.source)
        self.left.title(0, above, f"input x with {named}" if named else "input x")
        self.left.title(0, stamps, "the flipped kernel on it, and their products")
        first = wide.start + self.step
        met = [first + tap * self.dilation for tap in range(len(self.kernel))]
        for place, source in enumerate(wide.source):
            inside, seen = wide.start <= place < wide.stop, place in met
            self.left.cell(
                self.column(place - wide.start - self.reach), above,
                self.x[source] if source >= 0 else 0.0, strong=seen, lit=seen, hatched=not inside,
                colour=hue(source) if source >= 0 and inside else None, faint=source < 0,
            )  # fmt: skip
        for place, weight in zip(met, self.kernel[::-1], strict=True):
            source = wide.source[place]
            value = weight * self.x[source] if source >= 0 else 0.0
            at = self.column(place - wide.start - self.reach)
            self.left.cell(at, stamps, weight, lit=True)
            self.left.cell(at, stamps + 1, value, colour=hue(source) if source >= 0 else None)
        self._long_row("output y: the sum of the products")

    def _normal(self) -> None:
        above, stamps, below, _ = self.tops
        self.left.title(0, above, "input x")
        self.left.title(0, stamps, "windows: kernel × what lies under it")
        self.left.title(0, below, "output y: the sum of each window")
        extended = np.pad(self.x, self.padding)
        for place, value in enumerate(extended, -self.padding):
            seen = place in self.places(self.step)
            self.left.cell(
                self.column(place), above, value, lit=seen, faint=not 0 <= place < self.grid,
                colour=hue(self.step) if seen else None,
            )  # fmt: skip
        for row in range(self.rows):
            come, lit = row <= self.step, row == self.step
            for place, weight in zip(self.places(row), self.kernel, strict=True):
                value = weight * extended[place + self.padding] if come else None
                colour = hue(row) if come else None
                self.left.cell(
                    self.column(place), stamps + row, value, colour=colour, strong=lit, lit=lit,
                    dashed=not come,
                )  # fmt: skip
            value = self.output[row] if come else None
            self.left.cell(self.middle(row), below, value, colour=hue(row), strong=lit, lit=lit)
