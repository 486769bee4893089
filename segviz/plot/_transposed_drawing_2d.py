"""The picture of ``TransposedConvolution2D``, drawn with matplotlib."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.patches import Rectangle

from segviz.ops import conv_transpose2d
from segviz.ops._stamps import spread, stamps
from segviz.plot import _style
from segviz.plot._cells import INK, LINE, Sheet, hue


class Drawing2D:
    """One step, with the input, the stamp or window, the output and the matrix."""

    def __init__(self, x: np.ndarray, kernel: np.ndarray, reading: str, sizes: dict[str, int]):
        self.x, self.kernel, self.sizes = x, kernel, sizes
        self.gather = reading == "gather"
        self.output = conv_transpose2d(x, kernel, **sizes)
        options = {"stride": 1, "padding": 0, "dilation": 1, **sizes}
        self.made = stamps(x, kernel, **options)
        self.stride, self.padding = options["stride"], options["padding"]
        self.dilation = options["dilation"]
        self.steps = self.output.size if self.gather else x.size

    def draw(self, step: int) -> np.ndarray:
        if not 0 <= step < self.steps:
            raise ValueError(
                f"step={step} is not one of the {self.steps} steps. Use 0 to {self.steps - 1}."
            )
        self.step = step
        figure = _style.figure(height=5.6)
        spots = figure.add_gridspec(2, 3, height_ratios=[2.5, 1], width_ratios=[0.6, 1, 1])
        first, second, third = (figure.add_subplot(spots[0, i]) for i in range(3))
        lower = figure.add_subplot(spots[1, :])
        rows, columns = self.x.shape
        input_sheet = self._sheet(first, rows, columns, "input x")
        for place, value in enumerate(self.x.ravel()):
            lit = place in self._inputs()
            at = place % columns, place // columns
            input_sheet.cell(*at, value, colour=hue(place), strong=lit, lit=lit)
        (self._spread if self.gather else self._stamp)(second)
        self._output(third)
        matrix = np.zeros((self.x.size, self.output.size + 1))
        matrix[np.arange(self.x.size)[:, None], self.made.targets] = self.kernel.ravel()
        row, column = (None, step) if self.gather else (step, None)
        sides = len(self.x), len(self.output)
        blocks = draw_blocks(lower, matrix[:, :-1], sides, row=row, column=column)
        return np.array([first, second, third, blocks])

    def _inputs(self) -> list[int]:
        if not self.gather:
            return [self.step]
        return [row for row, places in enumerate(self.made.targets) if self.step in places]

    def _sheet(self, axes: Axes, rows: float, columns: float, title: str, margin: int = 0) -> Sheet:
        axes.set(xlim=(-margin - 0.1, columns + margin + 0.1), aspect="equal", anchor="NW")
        axes.set_ylim(rows + margin + 0.1, -margin - 0.1)
        axes.set_axis_off()
        axes.set_title(title, fontsize=10, loc="left")
        return Sheet(axes, min(0.45, 3.4 / (max(rows, columns) + 2 * margin)))

    def _ground(self, axes: Axes, title: str) -> Sheet:
        rows, columns = self.output.shape
        sheet = self._sheet(axes, rows, columns, title, self.padding)
        # What the padding crops: at the ends, output_padding takes less away.
        cropped = max(0, self.padding - self.sizes.get("output_padding", 0))
        for row in range(-self.padding, rows + cropped):
            for column in range(-self.padding, columns + cropped):
                inside = 0 <= row < rows and 0 <= column < columns
                sheet.cell(column, row, faint=True, hatched=not inside)
        return sheet

    def _stamp(self, axes: Axes) -> None:
        sheet = self._ground(axes, "stamp: input × kernel")
        corner = np.array(divmod(self.step, self.x.shape[1])) * self.stride - self.padding
        for tap, place in enumerate(np.ndindex(self.kernel.shape)):
            row, column = corner + self.dilation * np.array(place)
            cropped = bool(self.made.targets[self.step, tap] < 0)
            sheet.cell(
                column, row, self.made.products[self.step, tap], strong=True, lit=not cropped,
                colour=None if cropped else hue(self.step), faint=cropped,
            )  # fmt: skip

    def _spread(self, axes: Axes) -> None:
        wide = [
            spread(n, k, **self.sizes) for n, k in zip(self.x.shape, self.kernel.shape, strict=True)
        ]
        rows, columns = (len(one.source) for one in wide)
        sheet = self._sheet(axes, rows, columns, "input with zeros, window")
        first = np.divmod(self.step, self.output.shape[1]) + np.array([one.start for one in wide])
        taps = [
            range(at, at + self.dilation * k, self.dilation)
            for at, k in zip(first, self.kernel.shape, strict=True)
        ]
        for row, up in enumerate(wide[0].source):
            for column, across in enumerate(wide[1].source):
                is_input = up >= 0 and across >= 0
                inside = all(
                    one.start <= place < one.stop
                    for one, place in zip(wide, (row, column), strict=True)
                )
                seen = inside and row in taps[0] and column in taps[1]
                colour = hue(up * self.x.shape[1] + across) if is_input and inside else None
                sheet.cell(
                    column, row, self.x[up, across] if is_input else 0.0, colour=colour,
                    strong=seen, lit=seen, faint=not is_input, hatched=not inside,
                )  # fmt: skip

    def _output(self, axes: Axes) -> None:
        rows, columns = self.output.shape
        sheet = self._ground(axes, f"output y, {rows} × {columns}")
        upto = len(self.x.ravel()) if self.gather else self.step + 1
        values, stripes = self._so_far(upto)
        met = [self.step] if self.gather else self.made.targets[self.step]
        for place in range(self.output.size):
            if self.gather and place > self.step:
                break
            lit = place in met
            at = place % columns, place // columns
            sheet.cell(*at, values.get(place), stripes=stripes.get(place, []), lit=lit)

    def _so_far(self, upto: int) -> tuple[dict[int, float], dict[int, list[str]]]:
        """Outputs as the stamps before ``upto`` leave them, and the hues of those stamps."""
        # When all stamps have come, what none of them reaches is known too: 0.
        known = self.gather or upto == self.x.size
        values = dict(enumerate(self.output.ravel().tolist())) if known else {}
        stripes: dict[int, list[str]] = {}
        for row in range(upto):
            for target, after in zip(self.made.targets[row], self.made.after[row], strict=True):
                if target >= 0:
                    values[int(target)] = after
                    stripes.setdefault(int(target), []).append(hue(row))
        return values, stripes


def draw_blocks(
    axes: Axes,
    matrix: np.ndarray,
    blocks: tuple[int, int],
    *,
    row: int | None = None,
    column: int | None = None,
) -> Axes:
    """Draw a doubly blocked matrix; see ``doubly_blocked_matrix``."""
    hues = np.array([to_rgb(hue(i)) for i in range(len(matrix))])[:, None, :]
    strength = np.where(matrix != 0, 0.45, 0.0)
    if row is not None:
        strength[row] *= 2
    if column is not None:
        strength[:, column] *= 2
    rows, columns = matrix.shape
    picture = 1 - strength[..., None] * (1 - hues)
    axes.imshow(picture, extent=(0, columns, rows, 0), aspect="auto", interpolation="nearest")
    lines: dict[str, Any] = {"color": LINE, "linewidth": 0.6}
    for place in np.linspace(0, rows, blocks[0] + 1):
        axes.axhline(place, **lines)
    for place in np.linspace(0, columns, blocks[1] + 1):
        axes.axvline(place, **lines)
    frame: dict[str, Any] = {"fill": False, "edgecolor": INK, "linewidth": 1.8, "clip_on": False}
    if row is not None:
        axes.add_patch(Rectangle((0, row), columns, 1, **frame))
    if column is not None:
        axes.add_patch(Rectangle((column, 0), 1, rows, **frame))
    axes.set(xticks=[], yticks=[])
    axes.set_title(f"C, {rows} × {columns}", fontsize=10, loc="left")
    return axes
