"""Hippocampus: MRI crops of 1 mm voxels around the hippocampus, from the Medical Decathlon, task 4.

Axes run left to right, back to front, bottom to top: a slice ``volume[d]`` is seen from the side.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .loader import LabelledVolume, Loader, Volume
from .samples import Sample

CLASSES = ("background", "anterior", "posterior")
PALETTE = ((235, 235, 235), (210, 90, 30), (40, 110, 180))

_FOLDER = "hippocampus/data/TrainingSet"
_DARKEST, _BRIGHTEST = 0.5, 99.5  # percentiles of a volume that become 0 and 1
_VARIES = 5  # voxels that a stand-in may be larger or smaller than usual, along each axis


def pictures(paths: Sequence[str], split: str) -> dict[str, list[str]]:
    """Name the volumes of a split, each with its image and its label; every fourth is a test one.

    >>> names = [f"{_FOLDER}/images/hippocampus_00{n}.nii.gz" for n in range(8)]
    >>> list(pictures(names, "test"))
    ['hippocampus_003', 'hippocampus_007']
    """
    images = sorted(path for path in paths if path.startswith(f"{_FOLDER}/images/"))
    chosen = [path for n, path in enumerate(images) if (n % 4 == 3) == (split == "test")]
    return {
        path.split("/")[-1].removesuffix(".nii.gz"): [path, path.replace("/images/", "/labels/")]
        for path in chosen
    }


def decode(contents: Sequence[bytes]) -> LabelledVolume:
    """Read image and label; each image is scaled by itself, because scanners differ 10^4-fold.

    Raises:
        ValueError: a file is no NIfTI volume, the two differ in size, or a value is illegal.
    """
    image, spacing = _nifti(contents[0], "image")
    label, _ = _nifti(contents[1], "label")
    if label.shape != image.shape:
        raise ValueError(
            f"the label has {label.shape} voxels, but its image {image.shape}: they do not belong "
            "together. Fetch the set again."
        )
    if not np.isin(label, range(len(CLASSES))).all():
        raise ValueError("the label holds other values than 0, 1 and 2. Fetch the set again.")
    return LabelledVolume(_normalised(image), label.astype(np.uint8), spacing)


def _nifti(content: bytes, what: str) -> tuple[NDArray[Any], tuple[float, ...]]:
    from nibabel.filebasedimages import ImageFileError
    from nibabel.nifti1 import Nifti1Image
    from nibabel.spatialimages import HeaderDataError
    from nibabel.wrapstruct import WrapStructError

    broken = (OSError, EOFError, zlib.error, ImageFileError, HeaderDataError, WrapStructError)
    try:
        image = Nifti1Image.from_bytes(gzip.decompress(content))
        values = np.asarray(image.dataobj)
    except (*broken, ValueError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0][:100]
        raise ValueError(
            f"the {what} cannot be read as a NIfTI volume ({reason}). Fetch the set again."
        ) from None
    if values.ndim != 3 or values.size == 0 or not np.isfinite(values).all():
        raise ValueError(
            f"the {what} has shape {values.shape} or values that are not finite, must be a volume "
            "of three axes. Fetch the set again."
        )
    return values, tuple(float(distance) for distance in image.header.get_zooms()[:3])


def _normalised(image: NDArray[Any]) -> Volume:
    low, high = np.percentile(image, (_DARKEST, _BRIGHTEST))
    scaled = (image.astype(np.float64) - low) / max(high - low, 1e-12)
    return scaled.clip(0, 1).astype(np.float32)


def draw(index: int, size: tuple[int, int, int], seed: int) -> Sample:
    """Draw a volume; like the real ones no two need have the same size."""
    from .synthetic import volumes

    rng = np.random.Generator(np.random.PCG64(seed))
    offsets = rng.integers(-_VARIES, _VARIES, 3, endpoint=True)
    depth, height, width = (int(n + offset) for n, offset in zip(size, offsets, strict=True))
    return replace(volumes(1, (depth, height, width), seed)[0], instances=None)


LOADERS = {
    "hippocampus": Loader(
        name="hippocampus",
        classes=CLASSES,
        palette=PALETTE,
        splits=("train", "test"),
        pictures=pictures,
        decode=decode,
        draw=draw,
        size=(36, 50, 36),
        spacing=(1.0, 1.0, 1.0),
        spacing_unit="mm",
        volumes=True,
    )
}
