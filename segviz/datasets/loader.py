"""What one set has to say for itself: a ``Loader``, from which ``load`` makes samples."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from .samples import Sample

Size = tuple[int, int]
Picture = NDArray[np.uint8]
Volume = NDArray[np.float32]
_Integer = TypeVar("_Integer", bound=np.integer)


@dataclass(frozen=True)
class Labelled:
    """A picture and its labels as they are stored: small integers.

    ``image`` has shape (H, W) or (H, W, 3), the labels (H, W); class 255 is void.
    """

    image: Picture
    mask: Picture | None = None
    instances: NDArray[np.int32] | None = None
    extras: Mapping[str, Picture] = field(default_factory=dict)

    @classmethod
    def of(cls, sample: Sample) -> Labelled:
        """The inverse of ``as_sample``, for an image in steps of 1/255."""
        levels = sample.image.mul(255).round().byte().numpy()
        image = levels[0] if len(levels) == 1 else np.moveaxis(levels, 0, -1)
        mask = None if sample.mask is None else sample.mask.byte().numpy()
        instances = None if sample.instances is None else sample.instances.numpy()
        return cls(image, mask, instances)

    def resized(self, size: Size | None) -> Labelled:
        """The same at another size: the image averaged, the labels picked, never mixed."""
        if size is None or size == self.image.shape[:2]:
            return self
        return Labelled(
            _resize(self.image, size, smooth=True),
            None if self.mask is None else _resize(self.mask, size),
            None if self.instances is None else _resize(self.instances, size),
            {key: _resize(value, size) for key, value in self.extras.items()},
        )

    def as_sample(self, name: str) -> Sample:
        """The same as tensors: image float32 in [0, 1], mask int64, instances int32."""
        import torch

        channels = self.image[None] if self.image.ndim == 2 else np.moveaxis(self.image, -1, 0)
        image = torch.from_numpy(channels.astype(np.float32, order="C")).div_(255)
        mask = None if self.mask is None else torch.from_numpy(self.mask.astype(np.int64))
        instances = None if self.instances is None else torch.from_numpy(self.instances.copy())
        extras = {key: torch.from_numpy(value.copy()) for key, value in self.extras.items()}
        return Sample(name, image, mask, instances, extras)


@dataclass(frozen=True)
class LabelledVolume:
    """A volume and its labels: image float32 (D, H, W) in [0, 1], classes (D, H, W), spacing."""

    image: Volume
    mask: Picture
    spacing: tuple[float, ...]

    @classmethod
    def of(cls, sample: Sample) -> LabelledVolume:
        """The inverse of ``as_sample``."""
        assert sample.mask is not None
        assert sample.spacing is not None
        return cls(sample.image[0].numpy(), sample.mask.byte().numpy(), sample.spacing)

    def resized(self, size: Size | None) -> LabelledVolume:
        """The volume itself: ``load`` lets no size through, a spacing would no longer be true."""
        return self

    def as_sample(self, name: str) -> Sample:
        """The same as tensors: image (1, D, H, W), mask int64."""
        import torch

        image = torch.from_numpy(self.image[None].copy())
        mask = torch.from_numpy(self.mask.astype(np.int64))
        return Sample(name, image, mask, spacing=self.spacing)


@dataclass(frozen=True)
class Loader:
    """One set: its classes, which files make a picture, how they are read, what stands in.

    Args:
        name: the set's name in the registry.
        classes: names; the mask value k means ``classes[k]``.
        palette: one (red, green, blue) per class.
        splits: names of the splits.
        pictures: ``pictures(paths, split)`` names the pictures of a split and the files that each
            is made of, out of the registry's paths.
        decode: makes a picture from the bytes of those files.
        draw: ``draw(index, size, seed)`` draws a stand-in.
        size: height and width of a stand-in, in pixels; of a volume, its usual depth too.
        spacing: from one neighbour to the next, in ``spacing_unit``: section, row, column.
        spacing_unit: "nm" or "mm".
        volumes: whether samples are volumes, which keep their size.
    """

    name: str
    classes: tuple[str, ...]
    palette: tuple[tuple[int, int, int], ...]
    splits: tuple[str, ...]
    pictures: Callable[[Sequence[str], str], dict[str, list[str]]]
    decode: Callable[[Sequence[bytes]], Labelled | LabelledVolume]
    draw: Callable[[int, Any, int], Sample]
    size: tuple[int, ...]
    spacing: tuple[float, float, float] | None = None
    spacing_unit: str = "nm"
    volumes: bool = False


def pixels(content: bytes) -> NDArray[np.uint8]:
    """Read the pixels of an 8-bit or 1-bit PNG or TIFF file; a 1-bit one gives 0 and 1."""
    from PIL import Image

    with Image.open(io.BytesIO(content)) as image:
        return np.asarray(image).astype(np.uint8, copy=False)


def _resize(array: NDArray[_Integer], size: Size, smooth: bool = False) -> NDArray[_Integer]:
    from PIL import Image

    # Both look at pixel centres, so that image and labels stay in step. BILINEAR averages over
    # all the pixels that one new pixel covers.
    method = Image.Resampling.BILINEAR if smooth else Image.Resampling.NEAREST
    return np.asarray(Image.fromarray(array).resize((size[1], size[0]), method))
