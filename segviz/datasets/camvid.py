"""CamVid: street scenes seen from a car, 360 x 480 pixels, in SegNet's 11 classes.

Validation pictures come from a drive that half the training pictures come from, so scores on
``val`` flatter; ``test`` is the honest one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from .loader import Labelled, Loader, Size, pixels
from .samples import VOID, Sample

CLASSES = (
    "sky",
    "building",
    "pole",
    "road",
    "pavement",
    "tree",
    "sign",
    "fence",
    "car",
    "pedestrian",
    "bicyclist",
)
PALETTE = (
    (128, 128, 128),
    (128, 0, 0),
    (192, 192, 128),
    (128, 64, 128),
    (60, 40, 222),
    (128, 128, 0),
    (192, 128, 128),
    (64, 64, 128),
    (64, 0, 128),
    (64, 64, 0),
    (0, 128, 192),
)
_UNLABELLED = 11


def pictures(paths: Sequence[str], split: str) -> dict[str, list[str]]:
    """Name the pictures of a split: ``CamVid/train/NAME.png`` and ``CamVid/trainannot/NAME.png``.

    >>> pictures(["camvid/CamVid/val/b.png", "camvid/CamVid/valannot/b.png"], "val")
    {'b': ['camvid/CamVid/val/b.png', 'camvid/CamVid/valannot/b.png']}
    """
    folder = f"camvid/CamVid/{split}"
    names = sorted(path.split("/")[-1] for path in paths if path.startswith(f"{folder}/"))
    return {
        name.removesuffix(".png"): [f"{folder}/{name}", f"{folder}annot/{name}"] for name in names
    }


def decode(contents: Sequence[bytes]) -> Labelled:
    """Read picture and label; what was left unlabelled becomes void."""
    image, label = map(pixels, contents)
    return Labelled(image, np.where(label == _UNLABELLED, VOID, label).astype(np.uint8))


def draw(index: int, size: Size, seed: int) -> Sample:
    """Draw a street scene of the same classes; like the real ones it has no numbered objects."""
    from .synthetic import streets

    return replace(streets(1, size, seed)[0], instances=None)


LOADERS = {
    "camvid": Loader(
        name="camvid",
        classes=CLASSES,
        palette=PALETTE,
        splits=("train", "val", "test"),
        pictures=pictures,
        decode=decode,
        draw=draw,
        size=(360, 480),
    )
}
