"""Cell membranes in electron microscopy: ``em_isbi2012`` and ``em_vnc``, both of fly larvae.

Both are stacks of thin sections, numbered in order: pixels are 4 nm apart inside a section, the
sections ten times as far. Class 0 is the inside of a cell, class 1 its membrane.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from .loader import Labelled, Loader, Size, pixels
from .samples import Sample

CLASSES = ("inside", "membrane")
PALETTE = ((235, 235, 235), (200, 30, 50))

# What the label codes of em_vnc say; extras["codes"] of its real samples holds them.
EM_VNC_CODES = {
    0: "membrane, 0 degrees",
    32: "membrane, 45 degrees",
    64: "membrane, 90 degrees",
    96: "membrane, 135 degrees",
    128: "membrane junction",
    159: "glia or extracellular space",
    191: "mitochondrion",
    223: "synapse",
    255: "inside of a cell",
}
_JUNCTION = 128

_ISBI_SECTIONS = {"train": range(18), "test": range(18, 24)}
_VNC_SECTIONS = {"train": range(6), "test": range(6, 8)}


def isbi_pictures(paths: Sequence[str], split: str) -> dict[str, list[str]]:
    """Name the slices of a split in the order of the stack, which is that of the numbers.

    >>> list(isbi_pictures([], "test"))
    ['18', '19', '20', '21', '22', '23']
    """
    folder = "em_isbi2012/data/membrane/train"
    return {
        f"{n:02d}": [f"{folder}/image/{n}.png", f"{folder}/label/{n}.png"]
        for n in _ISBI_SECTIONS[split]
    }


def decode_isbi(contents: Sequence[bytes]) -> Labelled:
    """Read slice and label (0 = membrane, 255 = inside); connected insides are the instances."""
    from scipy import ndimage

    image, label = map(pixels, contents)
    cells, _ = ndimage.label(label > 0)
    return Labelled(image, (label == 0).astype(np.uint8), cells.astype(np.int32))


def draw_isbi(index: int, size: Size, seed: int) -> Sample:
    """Draw a section with numbered cells."""
    from .synthetic import membranes

    return membranes(1, size, seed)[0]


def vnc_pictures(paths: Sequence[str], split: str) -> dict[str, list[str]]:
    """Name the sections of a split in the order of the stack.

    >>> list(vnc_pictures([], "test"))
    ['06', '07']
    """
    folder = "em_vnc/stack1"
    return {
        f"{n:02d}": [f"{folder}/raw/{n:02d}.tif", f"{folder}/labels/labels{n:08d}.png"]
        for n in _VNC_SECTIONS[split]
    }


def decode_vnc(contents: Sequence[bytes]) -> Labelled:
    """Read section and codes; membranes and their junctions are class 1, glia is not.

    The set's own 1-bit membrane files are not used: they count glia as membrane.
    """
    image, codes = map(pixels, contents)
    return Labelled(image, (codes <= _JUNCTION).astype(np.uint8), extras={"codes": codes})


def draw_vnc(index: int, size: Size, seed: int) -> Sample:
    """Draw a section; like the real ones it has no numbered cells."""
    return replace(draw_isbi(index, size, seed), instances=None)


LOADERS = {
    "em_isbi2012": Loader(
        name="em_isbi2012",
        classes=CLASSES,
        palette=PALETTE,
        splits=tuple(_ISBI_SECTIONS),
        pictures=isbi_pictures,
        decode=decode_isbi,
        draw=draw_isbi,
        size=(512, 512),
        spacing=(50.0, 4.0, 4.0),
    ),
    "em_vnc": Loader(
        name="em_vnc",
        classes=CLASSES,
        palette=PALETTE,
        splits=tuple(_VNC_SECTIONS),
        pictures=vnc_pictures,
        decode=decode_vnc,
        draw=draw_vnc,
        size=(1024, 1024),
        # Sections are 45 to 50 nm thick.
        spacing=(47.5, 4.6, 4.6),
    ),
}
