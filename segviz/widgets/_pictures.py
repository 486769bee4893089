"""Pictures small enough to see every pixel and to send with every change."""

from __future__ import annotations

from typing import Any

import numpy as np

LARGEST = 88  # with padding 5 the output still travels in less than 10 kB


def grey(picture: Any = None, largest: int = LARGEST, digits: int | None = 2) -> np.ndarray:
    """A picture as grey values, by default in hundredths: what is shown is what is computed with.

    Args:
        picture: an array, tensor or PIL picture of shape ``(H, W)``, ``(H, W, 3)`` or
            ``(3, H, W)``, uint8 or in [0, 1]; scikit-image's cameraman at 80 x 80 by default.
        largest: longer sides are shrunk to this many pixels by averaging.
        digits: decimals to round to; None where equal values are counted, which rounding makes.

    Returns:
        float64 of shape ``(H, W)`` in [0, 1].

    Raises:
        ValueError: another shape, or values that are neither uint8 nor in [0, 1].

    >>> grey(np.array([[0, 51, 255]], dtype=np.uint8)).tolist()
    [[0.0, 0.2, 1.0]]
    """
    if picture is None:
        return grey(_cameraman(), 80, digits)
    values = _shrink(_one_channel(_unit(np.asarray(picture))), largest)
    return values if digits is None else np.round(values, digits)


def _cameraman() -> np.ndarray:
    from PIL import Image

    from segviz.datasets.pictures import bundled_pictures

    return np.asarray(Image.open(bundled_pictures()["camera"]))


def _unit(values: np.ndarray) -> np.ndarray:
    if values.dtype == np.uint8:
        return values / 255
    if values.dtype.kind not in "biuf" or values.size == 0:
        raise ValueError(
            f"The picture has shape {values.shape} and dtype {values.dtype}: give numbers, as "
            "uint8 or from 0 to 1."
        )
    if not ((values >= 0) & (values <= 1)).all():
        raise ValueError(
            f"The picture's values go from {values.min():g} to {values.max():g}: give uint8, or "
            "numbers from 0 to 1, for example (x - x.min()) / (x.max() - x.min())."
        )
    return values.astype(float)


def _one_channel(values: np.ndarray) -> np.ndarray:
    if values.ndim == 2:
        return values
    if values.ndim == 3 and 3 in (values.shape[0], values.shape[2]):
        colour = values if values.shape[2] == 3 else values.transpose(1, 2, 0)
        return colour @ np.array([0.299, 0.587, 0.114])  # ITU-R BT.601 luma
    raise ValueError(f"The picture has shape {values.shape}: give (H, W), (H, W, 3) or (3, H, W).")


def _shrink(values: np.ndarray, largest: int) -> np.ndarray:
    from PIL import Image

    height, width = values.shape
    scale = largest / max(height, width)
    if scale >= 1:
        return values
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = Image.fromarray(values.astype(np.float32)).resize(size, Image.Resampling.BOX)
    return np.asarray(small, dtype=float)
