"""Class maps before and behind a dense CRF, and which pixels it changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from segviz.plot import _style
from segviz.plot.fcn import CLASS_COLOURS, _hex, coloured

# As it was, right now, wrong now, wrong as before. Blue and orange are told apart by every eye.
CHANGE_COLOURS = ((250, 250, 250), (0, 158, 255), (240, 120, 0), (190, 190, 190))
_UNCHANGED, _RIGHT_NOW, _WRONG_NOW, _STILL_WRONG = range(4)


def dense_crf(
    picture: np.ndarray,
    before: np.ndarray,
    after: np.ndarray,
    *,
    classes: Sequence[str],
    truth: np.ndarray | None = None,
    palette: Any = CLASS_COLOURS,
    iteration: int = 10,
) -> np.ndarray:
    """Draw a picture, its class maps before and after, what changed, and the truth.

    Args:
        picture: uint8 or in [0, 1], shape ``(H, W, 3)``.
        before, after: integers of shape ``(H, W)``.
        classes: K names.
        truth: integers of shape ``(H, W)``; 255 = void, drawn in grey.
        palette: K colours (red, green, blue), 0 to 255.
        iteration: of ``after``, for its title.

    Returns:
        The matplotlib Axes, one per picture.

    >>> dense_crf(np.zeros((4, 5, 3)), np.eye(4, 5, dtype=int), np.zeros((4, 5), int),
    ...           classes=("a", "b")).shape
    (4,)
    """
    kinds = coloured(changes(before, after, truth), CHANGE_COLOURS)
    shown = {
        "picture": picture,
        "network": coloured(before, palette),
        f"iteration {iteration}": coloured(after, palette),
        "what changed": kinds,
    }
    maps = [before, after]
    if truth is not None:
        shown["truth"] = coloured(truth, palette)
        maps.append(truth)
    height, width = before.shape
    figure = _style.figure(height=_style.WIDTH / len(shown) * height / width + 1.0)
    axes = figure.subplots(1, len(shown))
    for axis, (name, image) in zip(axes, shown.items(), strict=True):
        axis.imshow(image, interpolation="nearest")
        axis.set(xticks=[], yticks=[])
        axis.set_title(name, fontsize=10)
    _legend(figure, maps, classes, palette, truth is not None)
    return axes


def changes(before: np.ndarray, after: np.ndarray, truth: np.ndarray | None) -> np.ndarray:
    """Say of each pixel: 0 as it was, 1 right now, 2 wrong now, 3 wrong before and now.

    Where no truth is known, 3 is any change. uint8 of shape ``(H, W)``.

    >>> changes(np.array([[0, 0, 0]]), np.array([[0, 1, 1]]), np.array([[1, 1, 0]])).tolist()
    [[3, 1, 2]]
    """
    moved = before != after
    if truth is None:
        return np.where(moved, _STILL_WRONG, _UNCHANGED).astype(np.uint8)
    void = truth == 255
    kinds = np.full(before.shape, _STILL_WRONG, np.uint8)
    kinds[before == truth] = _WRONG_NOW
    kinds[(after == truth) & moved] = _RIGHT_NOW
    kinds[(after == truth) & ~moved] = _UNCHANGED
    kinds[void & ~moved] = _UNCHANGED
    return kinds


def _legend(figure: Any, maps: Any, classes: Sequence[str], palette: Any, known: bool) -> None:
    from matplotlib.patches import Patch

    words = {_RIGHT_NOW: "right now", _WRONG_NOW: "wrong now", _STILL_WRONG: "wrong as before"}
    named = words if known else {_STILL_WRONG: "changed"}
    present = [k for k in range(len(classes)) if any((one == k).any() for one in maps)]
    entries = [(classes[k], palette[k]) for k in present]
    entries += [(word, CHANGE_COLOURS[kind]) for kind, word in named.items()]
    handles = [
        Patch(facecolor=_hex(shade), edgecolor="#767676", label=name) for name, shade in entries
    ]
    figure.legend(
        handles=handles, loc="outside lower center", ncols=7, frameon=False, fontsize=9,
        columnspacing=1.2, handlelength=1.2,
    )  # fmt: skip
