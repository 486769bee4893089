"""A training as it goes: the loss of every step, and what the network makes of a picture by now."""

from __future__ import annotations

from typing import Any

import numpy as np

from segviz.plot import _style
from segviz.plot.fcn import CLASS_COLOURS, coloured


def training_progress(
    losses: Any,
    picture: np.ndarray,
    prediction: np.ndarray | None = None,
    *,
    truth: np.ndarray | None = None,
    at: int | None = None,
    palette: Any = CLASS_COLOURS,
) -> np.ndarray:
    """Draw the loss curve beside a picture, its prediction and its truth.

    Args:
        losses: one loss for each step, step 1 first.
        picture: uint8 or in [0, 1], shape ``(H, W, 3)``.
        prediction: class numbers of shape ``(H, W)``, if there are any yet.
        truth: class numbers of shape ``(H, W)``; 255 = void, drawn in grey.
        at: the step behind which the prediction was made.
        palette: K colours (red, green, blue), 0 to 255.

    Returns:
        The matplotlib Axes: curve, picture, prediction, truth where it is given.

    >>> training_progress([0.7, 0.5], np.zeros((4, 5, 3)), np.eye(4, 5, dtype=int), at=2).shape
    (3,)
    """
    shown = [("picture", picture)]
    empty = np.full(picture.shape, 255, np.uint8)
    drawn = empty if prediction is None else coloured(prediction, palette)
    shown.append(("no prediction yet" if at is None else f"prediction, step {at}", drawn))
    if truth is not None:
        shown.append(("truth", coloured(truth, palette)))
    ratio = picture.shape[0] / picture.shape[1]
    width = _style.WIDTH / (len(shown) + 1.4)
    figure = _style.figure(height=max(2.4, width * ratio + 0.8))
    axes = figure.subplots(1, len(shown) + 1, width_ratios=[1.4, *[1] * len(shown)])
    _curve(axes[0], losses, at)
    for axis, (title, pixels) in zip(axes[1:], shown, strict=True):
        axis.imshow(pixels, interpolation="nearest")
        axis.set(title=title, xticks=[], yticks=[])
    return axes


def _curve(axis: Any, losses: Any, at: int | None) -> None:
    steps = np.arange(1, len(losses) + 1)
    axis.plot(steps, losses, color=_style.CYCLE[0])
    if at is not None:
        axis.axvline(at, color=_style.CURSOR)
    axis.set(xlabel="step", title="loss")
    axis.set_ylim(bottom=0)
    if not len(losses):
        axis.text(0.5, 0.5, "no step yet", ha="center", va="center", transform=axis.transAxes)
