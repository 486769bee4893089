"""A kernel that you can paint, on a real picture, with the dot product under the cursor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import traitlets
from matplotlib.figure import Figure

from segviz.ops.convolution import conv2d
from segviz.ops.output_size import conv_output_size
from segviz.plot.convolution import convolution
from segviz.widgets._base import TraceWidget, codes
from segviz.widgets._parameters import Cell, Choice, Flag, Grid, Whole
from segviz.widgets._pictures import grey

OWN = "drawn by hand"
PRESETS = (
    "identity",
    "vertical edges (Sobel)",
    "horizontal edges (Sobel)",
    "all edges (Laplacian)",
    "blur",
    "sharpen",
    "emboss",
    OWN,
)


class Convolution2D(TraceWidget):
    """A picture, a kernel to paint and what their convolution gives.

    Args:
        picture: what to convolve, see :func:`segviz.widgets._pictures.grey`; scikit-image's
            cameraman by default.
        **settings: ``preset`` (one of ``PRESETS``), ``kernel_size`` (1, 3 or 5), ``kernel``
            (1 x 1, 3 x 3 or 5 x 5 numbers; makes the preset "drawn by hand"), ``stride`` (1 to 3),
            ``padding`` (0 to 5, zeros), ``relu``, ``cursor`` (row, column of the output).

    Raises:
        ValueError, TypeError: a picture or a setting that is not legal.

    >>> Convolution2D(stride=2).trace["size"]
    [39, 39]
    """

    preset = Choice("vertical edges (Sobel)", PRESETS)
    kernel_size = Whole(3, 1, 5, step=2)
    kernel = Grid([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], largest=5)
    stride = Whole(1, 1, 3)
    padding = Whole(0, 0, 5)
    relu = Flag(False)
    cursor = Cell((24, 36))
    _offline = ("preset", "stride", "relu")

    def __init__(self, picture: Any = None, **settings: Any) -> None:
        self._picture = grey(picture)
        super().__init__(**settings)

    @property
    def picture(self) -> np.ndarray:
        """The picture that is convolved: float64 of shape (H, W) in [0, 1]."""
        return self._picture.copy()

    @property
    def output(self) -> np.ndarray:
        """The convolution as shown, with ReLU where it is on: float64 of shape (H', W')."""
        output = conv2d(self._picture, self.kernel, stride=self.stride, padding=self.padding)
        return np.maximum(output, 0) if self.relu else output

    @traitlets.observe("preset", "kernel_size")
    def _take_preset(self, _change: Any) -> None:
        if self.preset == OWN and _is_offered(self.kernel):
            self.kernel = _recentred(self.kernel, self.kernel_size)
        elif self.preset != OWN and self.kernel_size >= _smallest(self.preset):
            self.kernel = preset_kernel(self.preset, self.kernel_size)

    @traitlets.observe("kernel")
    def _take_kernel(self, _change: Any) -> None:
        # Both at once, or the first would bring the old preset's kernel back.
        with self.hold_trait_notifications():
            if not _is_preset(self.kernel, self.preset):
                self.preset = OWN
            if _is_offered(self.kernel):
                self.kernel_size = len(self.kernel)

    def _scene_arrays(self) -> dict[str, Any]:
        return {"picture": np.rint(self._picture * 255).astype(np.uint8)}

    def _compute(
        self, *, preset: str, kernel_size: int, kernel: Any, stride: int, padding: int, relu: bool
    ) -> dict[str, Any]:
        _check(preset, kernel_size, kernel, padding)
        output = conv2d(self._picture, kernel, stride=stride, padding=padding)
        # Never below 1: a kernel that makes the picture darker must look darker.
        limit = max(1.0, float(np.abs(output).max()))
        shown = np.maximum(output, 0) if relu else output
        return {
            "output": codes(shown, limit),
            "limit": limit,
            "size": list(output.shape),
            "formula": _formula(self._picture.shape, output.shape, kernel_size, stride, padding),
            "negative": float((output < 0).mean()),
        }

    def _inspect(
        self, *, kernel: Any, stride: int, padding: int, relu: bool, cursor: tuple[int, int]
    ) -> dict[str, Any]:
        weights = np.array(kernel)
        rows, columns = conv_output_size(
            self._picture.shape, weights.shape, stride=stride, padding=padding
        )
        row, column = min(max(cursor[0], 0), rows - 1), min(max(cursor[1], 0), columns - 1)
        top, left = row * stride, column * stride
        size = len(weights)
        patch = np.pad(self._picture, padding)[top : top + size, left : left + size]
        products = patch * weights
        total = float(products.sum())
        return {
            "at": [row, column],
            "corner": [top, left],
            "patch": patch.tolist(),
            "products": products.tolist(),
            "sum": total,
            "result": max(total, 0.0) if relu else total,
        }

    def _still(self) -> Figure:
        return self._drawn(self.trace["at"])

    def _frames(self) -> int:
        """One a row of the output: pixel by pixel would be thousands."""
        return self.trace["size"][0]

    def _frame(self, step: int) -> Figure:
        columns = self.trace["size"][1]
        return self._drawn((step, columns - 1), (step + 1) * columns - 1)

    def _drawn(self, at: Sequence[int], step: int | None = None) -> Figure:
        settings = self._settled
        kernel = np.array(settings["kernel"])
        stride, padding = settings["stride"], settings["padding"]
        axes = convolution(
            self._picture,
            kernel,
            conv2d(self._picture, kernel, stride=stride, padding=padding),
            relu=settings["relu"],
            at=at,
            corner=[stride * place for place in at],
            padding=padding,
            step=step,
        )
        return axes[0].figure

    def _describe(self) -> str:
        size = "x".join(map(str, self._picture.shape))
        output = "x".join(map(str, self.trace["size"]))
        return (
            f"A {size} grey picture, the {self.kernel_size}x{self.kernel_size} kernel "
            f"{self.preset!r} and their {output} convolution at stride {self.stride}, padding "
            f"{self.padding}{', after ReLU' if self.relu else ''}."
        )


def preset_kernel(preset: str, size: int) -> np.ndarray:
    """The weights of a preset, of shape ``(size, size)``.

    >>> preset_kernel("vertical edges (Sobel)", 3).tolist()
    [[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]]
    """
    ones, centre = np.ones((size, size)), np.zeros((size, size))
    centre[size // 2, size // 2] = 1
    distance = np.arange(size) - size // 2
    match preset:
        case "identity":
            return centre
        case "vertical edges (Sobel)":
            return _sobel(size)
        case "horizontal edges (Sobel)":
            return _sobel(size).T
        case "all edges (Laplacian)":
            return ones - size**2 * centre
        case "blur":
            return ones / size**2
        case "sharpen":
            return size**2 * centre - ones + centre
        case _:
            return np.sign(distance[:, None] + distance) + centre


def _sobel(size: int) -> np.ndarray:
    """Smoothing down the columns times a difference along the rows, both from binomials."""
    smooth = np.poly1d([1, 1]) ** (size - 1)
    difference = np.poly1d([1, 1]) ** (size - 3) * np.poly1d([1, 0, -1])
    return np.outer(smooth.coeffs, -difference.coeffs).astype(float)


def _is_offered(kernel: Any) -> bool:
    return np.shape(kernel) in ((1, 1), (3, 3), (5, 5))


def _is_preset(kernel: Any, preset: str) -> bool:
    if preset == OWN or not _is_offered(kernel) or len(kernel) < _smallest(preset):
        return False
    return np.array_equal(kernel, preset_kernel(preset, len(kernel)))


def _smallest(preset: str) -> int:
    """Smallest kernel size that can do it: all but these compare a pixel with its neighbours."""
    return 1 if preset in ("identity", "blur", OWN) else 3


def _check(preset: str, kernel_size: int, kernel: Any, padding: int) -> None:
    if kernel_size < _smallest(preset):
        raise ValueError(
            f"kernel_size={kernel_size} is too small for {preset!r}: it compares a pixel with its "
            "neighbours, and a 1x1 kernel sees none. Use 3 or 5."
        )
    if (len(kernel), len(kernel[0])) != (kernel_size, kernel_size):
        raise ValueError(
            f"kernel has {len(kernel)} rows and {len(kernel[0])} columns: this demo draws square "
            "kernels with a centre. Use 1x1, 3x3 or 5x5."
        )
    if padding > kernel_size:
        raise ValueError(
            f"padding={padding} is larger than kernel_size={kernel_size}: the outer rim of the "
            f"output would see nothing but added zeros. Use {kernel_size} or less."
        )


def _recentred(kernel: Any, size: int) -> np.ndarray:
    weights = np.array(kernel)
    margin = (size - len(weights)) // 2
    return np.pad(weights, margin) if margin >= 0 else weights[-margin:margin, -margin:margin]


def _formula(size: Any, output: Any, k: int, s: int, p: int) -> list[str]:
    """⌊(n + 2p - k) / s⌋ + 1 with the numbers filled in; one line where both axes agree."""
    lines = {
        f"⌊({n} + 2·{p} − {k}) / {s}⌋ + 1 = {m}": name
        for n, m, name in zip(size, output, ("rows", "columns"), strict=True)
    }
    names = ["output size"] if len(lines) == 1 else list(lines.values())
    return [
        f"{name} = ⌊(n + 2p − k) / s⌋ + 1 = {line}" for name, line in zip(names, lines, strict=True)
    ]
