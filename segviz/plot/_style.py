"""One look for figures and widgets: size, ink and colours that hold for colour-blind eyes."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DPI = 100
WIDTH = 10.0  # inches: a notebook's column at DPI

# Okabe and Ito (2008), without yellow and black, which vanish on light and dark ground.
CYCLE = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
CURSOR = CYCLE[4]
NEGATIVE = ((0.0, 0.0, 0.0), (0.08, 0.33, 0.62), (0.45, 0.80, 1.0))


@cache
def grey_table() -> np.ndarray:
    """Code 0 is black and 255 white; uint8 of shape ``(256, 3)``.

    >>> grey_table()[[0, 255]].tolist()
    [[0, 0, 0], [255, 255, 255]]
    """
    return np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, axis=1)


@cache
def signed_table() -> np.ndarray:
    """Code 128 is zero and black, above it grey up to white, below it blue up to light blue.

    The positive half equals a grey picture, so that a kernel that changes nothing shows the
    picture that went in; what is below zero is the only thing with a colour.

    >>> signed_table()[[1, 128, 255]].tolist()
    [[115, 204, 255], [0, 0, 0], [255, 255, 255]]
    """
    level = (np.arange(256) - 128) / 127
    grey = np.repeat(level[:, None], 3, axis=1)
    stops = np.linspace(0, 1, len(NEGATIVE))
    blue = np.stack([np.interp(-level, stops, channel) for channel in zip(*NEGATIVE, strict=True)])
    colours = np.where(level[:, None] < 0, blue.T, grey)
    return np.rint(255 * colours.clip(0, 1)).astype(np.uint8)


def look() -> dict[str, Any]:
    """The colours that the browser needs: tables as arrays, single ones as CSS text."""
    return {
        "grey": grey_table(),
        "signed": signed_table(),
        "cycle": list(CYCLE),
        "cursor": CURSOR,
    }


def signed_map() -> Any:
    """The signed table as a matplotlib colour map."""
    from matplotlib.colors import ListedColormap

    return ListedColormap(signed_table()[1:] / 255, name="segviz_signed")


def weight_map() -> Any:
    """Blue below zero, white, orange above: for tables of weights, faint enough for black text."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("segviz_weights", ["#7fb8d8", "white", "#f2cf80"])


def figure(height: float = 3.6, width: float = WIDTH) -> Figure:
    """A figure without pyplot, so that it may be drawn in any thread and is freed with its last
    name; ``width`` and ``height`` in inches."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained", facecolor="white")


def few_colours(png: bytes, most_bytes: int = 32_000) -> bytes:
    """The same PNG with as many colours, at most 256, as fit: a notebook holds dozens of them."""
    import io

    from PIL import Image

    image = Image.open(io.BytesIO(png)).convert("RGB")
    for colours in (256, 128, 64, 32):
        file = io.BytesIO()
        # Maximum coverage keeps a colour that few pixels have, such as a thin outline's.
        palette = image.quantize(
            colours, Image.Quantize.MAXCOVERAGE, kmeans=1, dither=Image.Dither.NONE
        )
        palette.save(file, format="png", optimize=True)
        if file.tell() <= most_bytes:
            break
    return file.getvalue()
