"""FCN's class maps rung by rung, with a lens on a boundary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Patch, Rectangle
from matplotlib.patheffects import withStroke

from segviz.plot import _style

# Eleven colours that stay apart for normal, red-blind, green-blind and blue-blind eyes (CIEDE2000
# of at least 15 between any two, in each); a street's classes get something that suits them.
CLASS_COLOURS = tuple(
    tuple(bytes.fromhex(colour))
    for colour in (
        *("bab1f8", "736979", "d7fdff", "1b1822", "b63bfa", "19b996"),
        *("fdffa4", "660000", "002aa4", "995600", "da9f00"),
    )
)


def fcn(
    picture: np.ndarray,
    class_maps: Mapping[str, np.ndarray],
    *,
    classes: Sequence[str],
    truth: np.ndarray | None = None,
    palette: Any = CLASS_COLOURS,
    at: Sequence[int] = (0, 0),
    lens: int = 32,
    step: int | None = None,
) -> np.ndarray:
    """Draw a picture, its class map on each rung of the ladder and, below, a part of each enlarged.

    Args:
        picture: uint8 or in [0, 1], shape ``(H, W, 3)``.
        class_maps: name of the rung -> integers of shape ``(H, W)``.
        classes: K names.
        truth: integers of shape ``(H, W)``; 255 = void, drawn in grey.
        palette: K colours (red, green, blue), 0 to 255.
        at: row and column at the centre of the enlarged part.
        lens: its rows and columns.
        step: the rung, from 0, after which nothing is filled in yet.

    Returns:
        The matplotlib Axes, shape ``(2, pictures)``.

    >>> fcn(np.zeros((8, 9, 3)), {"FCN-2s": np.eye(8, 9, dtype=int)}, classes=("a", "b")).shape
    (2, 2)
    """
    shown = {"picture": picture}
    for rung, (name, class_map) in enumerate(class_maps.items()):
        empty = step is not None and rung > step
        shown[name] = (
            np.full(picture.shape, 255, np.uint8) if empty else coloured(class_map, palette)
        )
    maps = list(class_maps.values())
    if truth is not None:
        shown["truth"] = coloured(truth, palette)
        maps.append(truth)
    height, width = picture.shape[:2]
    column = _style.WIDTH / len(shown)
    figure = _style.figure(height=column * (height / width + 1) + 1.0)
    axes = figure.subplots(2, len(shown), height_ratios=[height / width, 1], squeeze=False)
    corner = lens_corner(at, (height, width), lens)
    part = tuple(slice(first, first + lens) for first in corner)
    for (above, below), (name, image) in zip(axes.T, shown.items(), strict=True):
        _draw(above, image, name)
        _draw(below, image[part], f"{min(lens, height)} × {min(lens, width)}")
        _frame(above, corner, (lens, lens))
    _legend(figure, maps, classes, palette)
    return axes


def lens_corner(at: Sequence[int], size: Sequence[int], lens: int) -> tuple[int, int]:
    """Row and column at which a lens around ``at`` starts so that it stays within the picture.

    >>> lens_corner((0, 50), (40, 60), 8)
    (0, 46)
    """
    row, column = (
        max(0, min(centre - lens // 2, n - lens)) for centre, n in zip(at, size, strict=True)
    )
    return row, column


def coloured(class_map: np.ndarray, palette: Any) -> np.ndarray:
    """The classes' colours; what has no class, such as void, is grey: uint8 ``(H, W, 3)``.

    >>> coloured(np.array([[0, 255]]), [(1, 2, 3)]).tolist()
    [[[1, 2, 3], [160, 160, 160]]]
    """
    table = np.full((256, 3), 160, np.uint8)
    table[: len(palette)] = palette
    return table[class_map]


def _draw(axes: Axes, image: np.ndarray, title: str) -> None:
    axes.imshow(image, interpolation="nearest")
    axes.set(xticks=[], yticks=[])
    axes.set_title(title, fontsize=10)


def _frame(axes: Axes, corner: Sequence[int], size: Sequence[int]) -> None:
    box = Rectangle(
        (corner[1] - 0.5, corner[0] - 0.5), size[1], size[0], fill=False,
        edgecolor=_style.CURSOR, linewidth=1.5,
    )  # fmt: skip
    box.set_path_effects([withStroke(linewidth=3, foreground="black")])
    axes.add_patch(box)


def _legend(figure: Any, maps: Sequence[np.ndarray], classes: Sequence[str], palette: Any) -> None:
    present = [k for k in range(len(classes)) if any((one == k).any() for one in maps)]
    handles = [
        Patch(facecolor=_hex(palette[k]), edgecolor="#767676", label=classes[k]) for k in present
    ]
    if any((one == 255).any() for one in maps):
        handles.append(Patch(facecolor=(160 / 255,) * 3, edgecolor="#767676", label="void"))
    figure.legend(
        handles=handles, loc="outside lower center", ncols=6, frameon=False, fontsize=9,
        columnspacing=1.2, handlelength=1.2,
    )  # fmt: skip


def _hex(colour: Sequence[int]) -> str:
    return "#" + "".join(f"{int(part):02x}" for part in colour)
