"""Nuclei of the 2018 Data Science Bowl: fluorescence and stained slides, one file per nucleus."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .loader import Labelled, Loader, Size, pixels
from .samples import Sample

CLASSES = ("background", "nucleus")
PALETTE = ((235, 235, 235), (40, 90, 180))

# The bowl has no test split with labels. Every fourth picture of each of the three types (in the
# order of their names) is one here.
_TEST = (
    "3a508d2d",
    "9c95eae1",
    "bff98559",
    "fdda64c4",
    "2e2d29fc",
    "a08166d9",
    "be771d68",
    "a1777737",
    "c169a778",
    "ff599c73",
)
_STAINED_EVERY = 3  # 12 of the 40 real pictures are stained slides


def pictures(paths: Sequence[str], split: str) -> dict[str, list[str]]:
    """Name the pictures of a split, each with its image file and its sorted mask files.

    >>> pictures(["nuclei_dsb2018/stage1_train/ab/masks/2.png",
    ...           "nuclei_dsb2018/stage1_train/ab/masks/1.png",
    ...           "nuclei_dsb2018/stage1_train/ab/images/ab.png"], "train")["ab"][1:]
    ['nuclei_dsb2018/stage1_train/ab/masks/1.png', 'nuclei_dsb2018/stage1_train/ab/masks/2.png']
    """
    found: dict[str, list[str]] = {}
    for path in sorted(paths):  # "images" sorts before "masks"
        name = path.split("/")[2]
        if name.startswith(_TEST) == (split == "test"):
            found.setdefault(name, []).append(path)
    return found


def decode(contents: Sequence[bytes]) -> Labelled:
    """Read the picture without its alpha (always 255) and number the nuclei in file order."""
    image, *masks = map(pixels, contents)
    instances = np.zeros(image.shape[:2], dtype=np.int32)
    for number, mask in enumerate(masks, start=1):
        instances[mask > 0] = number
    return Labelled(image[..., :3], (instances > 0).astype(np.uint8), instances)


def draw(index: int, size: Size, seed: int) -> Sample:
    """Draw touching nuclei, every third picture as a stained slide."""
    from .synthetic import touching_nuclei

    stained = index % _STAINED_EVERY == _STAINED_EVERY - 1
    return touching_nuclei(1, size, seed, style="stained" if stained else "fluorescence")[0]


LOADERS = {
    "nuclei_dsb2018": Loader(
        name="nuclei_dsb2018",
        classes=CLASSES,
        palette=PALETTE,
        splits=("train", "test"),
        pictures=pictures,
        decode=decode,
        draw=draw,
        size=(256, 256),
    )
}
