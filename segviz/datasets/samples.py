"""What every set is made of: a ``Sample`` is one labelled picture, ``Samples`` a sequence of them.

torch is named here in annotations only, so that looking a set up does not load torch.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, overload

import numpy as np
import numpy.typing as npt

from ..ops._checks import shown

if TYPE_CHECKING:
    from torch import Tensor

VOID = 255


@dataclass(frozen=True, eq=False, repr=False)
class Sample:
    """One picture (or volume) with its labels.

    Args:
        name: name of the picture inside its set.
        image: float32 tensor of shape (C, H, W), a volume (C, D, H, W), values in [0, 1].
        mask: int64 tensor of shape (H, W), the class of every pixel, counted from 0; 255 = void,
            to be left out of loss and scores.
        instances: int32 tensor of shape (H, W), the number of the object that a pixel belongs to;
            0 = background.
        extras: tensors of shape (H, W) by name, what only the real pictures of a set have, such as
            the nine label codes of ``em_vnc``.
        spacing: distance between neighbours along each axis of a volume, as its own file says:
            depth, row and column.

    Raises:
        TypeError: a tensor has another dtype, or is no tensor.
        ValueError: image and labels differ in size, or a spacing is not positive.

    >>> import torch
    >>> Sample("a", torch.zeros(3, 2, 4), mask=torch.zeros(2, 4, dtype=torch.int64))
    Sample('a', image 3 x 2 x 4, mask 2 x 4)
    """

    name: str
    image: Tensor
    mask: Tensor | None = None
    instances: Tensor | None = None
    extras: Mapping[str, Tensor] = field(default_factory=dict)
    spacing: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not isinstance(self.extras, Mapping):
            raise TypeError(
                f"name={shown(self.name)}, extras={shown(self.extras)} must be a str and a dict of "
                "tensors. Use Sample('street', image, mask)."
            )
        _check_tensor("image", self.image, "float32")
        if self.image.ndim not in (3, 4):
            raise ValueError(
                f"image of shape {tuple(self.image.shape)} must be (C, H, W), or (C, D, H, W) for "
                "a volume. Add the channel axis with image[None]."
            )
        for key, dtype in (("mask", "int64"), ("instances", "int32")):
            if getattr(self, key) is not None:
                _check_tensor(key, getattr(self, key), dtype)
                _check_same_size(key, getattr(self, key), self.image)
        for key, value in self.extras.items():
            _check_tensor(key, value, None)
            _check_same_size(key, value, self.image)
        if self.spacing is not None:
            _check_spacing(self.spacing, self.image.ndim - 1)

    @property
    def size(self) -> tuple[int, ...]:
        """Height and width (depth, height and width of a volume), in pixels."""
        return tuple(self.image.shape[1:])

    def labels(self) -> dict[str, Tensor]:
        """Every label map that the sample has, by name: mask, instances, extras."""
        named = {"mask": self.mask, "instances": self.instances, **self.extras}
        return {key: value for key, value in named.items() if value is not None}

    def __repr__(self) -> str:
        tensors = {"image": self.image, **self.labels()}
        shapes = (f"{key} {' x '.join(map(str, t.shape))}" for key, t in tensors.items())
        return f"Sample({self.name!r}, {', '.join(shapes)})"


@dataclass(frozen=True)
class About:
    """Where pictures come from: title, licence, what to cite, home page."""

    title: str
    licence: str
    citation: str
    homepage: str

    def __str__(self) -> str:
        return (
            f"{self.title}\nLicence: {self.licence}\nCite: {self.citation}\n"
            f"Home page: {self.homepage}"
        )


@dataclass(frozen=True, eq=False, repr=False)
class Samples(Sequence[Sample]):
    """A sequence of samples that reads a picture only when it is asked for.

    ``len`` and indexing are what ``torch.utils.data.DataLoader`` needs; a slice is again Samples.

    Args:
        readers: ``readers[i]()`` returns sample i; picklable functions let a DataLoader use worker
            processes.
        name: the set.
        split: the part of the set.
        source: "real" or "stand-in".
        classes: names of the K classes; the mask value k means ``classes[k]``.
        palette: uint8 array of shape (K, 3), the usual colour of each class; or no array.
        about: title, licence, citation, home page.
        spacing: distance between neighbours along section, row and column, in ``spacing_unit``.
        spacing_unit: such as "nm".

    Raises:
        TypeError: ``readers`` is no sequence of functions.
        ValueError: the palette has another number of classes.

    >>> import torch
    >>> one = Sample("a", torch.zeros(1, 2, 2))
    >>> samples = Samples([lambda: one, lambda: one], name="tiny", classes=("dark",))
    >>> samples
    Samples('tiny', split='train', source='real', 2 pictures, 1 class)
    >>> len(samples[1:]), samples[1].name
    (1, 'a')
    """

    readers: Sequence[Callable[[], Sample]]
    name: str
    split: str = "train"
    source: str = "real"
    classes: tuple[str, ...] = ()
    palette: npt.NDArray[np.uint8] = field(default_factory=lambda: np.zeros((0, 3), np.uint8))
    about: About | None = None
    spacing: tuple[float, ...] | None = None
    spacing_unit: str = ""

    def __post_init__(self) -> None:
        if not isinstance(self.readers, Sequence) or not all(map(callable, self.readers)):
            raise TypeError(
                f"readers={shown(self.readers)} must be a list of functions that return a Sample "
                "each. Use [lambda: sample]."
            )
        if np.size(self.palette) and np.shape(self.palette) != (len(self.classes), 3):
            raise ValueError(
                f"palette of shape {np.shape(self.palette)} must be ({len(self.classes)}, 3): one "
                f"(red, green, blue) for each of the classes. Add or remove colours."
            )

    def __len__(self) -> int:
        return len(self.readers)

    def __iter__(self) -> Iterator[Sample]:
        # Sequence's own takes any IndexError, also one out of a reader, for the end.
        return (reader() for reader in self.readers)

    @overload
    def __getitem__(self, index: int) -> Sample: ...

    @overload
    def __getitem__(self, index: slice) -> Samples: ...

    def __getitem__(self, index: int | slice) -> Sample | Samples:
        if isinstance(index, slice):
            return self.subset(self._positions(index))
        return self.readers[self._position(index)]()

    def subset(self, indices: Iterable[int]) -> Samples:
        """The samples at these positions, in this order, as Samples.

        Raises:
            TypeError: ``indices`` are no ints.
            IndexError: a position lies outside the sequence.
        """
        if not isinstance(indices, Iterable):
            raise TypeError(f"indices={shown(indices)} must be several ints. Use [0, 1, 2].")
        chosen = [self.readers[self._position(index)] for index in indices]
        return replace(self, readers=chosen)

    def _positions(self, index: slice) -> range:
        try:
            return range(len(self))[index]
        except (TypeError, ValueError):
            raise TypeError(
                f"samples[{shown(index)}]: a slice is made of ints and its step is not 0. "
                "Use samples[0:4]."
            ) from None

    def _position(self, index: Any) -> int:
        try:
            position = operator.index(index)
        except TypeError:
            raise TypeError(
                f"samples[{shown(index)}]: an index must be an int or a slice. "
                f"Use 0 to {len(self) - 1}, or iterate over the samples."
            ) from None
        if not -len(self) <= position < len(self):
            raise IndexError(
                f"samples[{shown(position)}]: {self.name} ({self.split}) has {len(self)} pictures. "
                f"Use 0 to {len(self) - 1}."
            )
        return position % len(self)

    def __repr__(self) -> str:
        pictures = "1 picture" if len(self) == 1 else f"{len(self)} pictures"
        classes = "1 class" if len(self.classes) == 1 else f"{len(self.classes)} classes"
        return (
            f"Samples({self.name!r}, split={self.split!r}, source={self.source!r}, "
            f"{pictures}, {classes})"
        )


def _check_tensor(key: str, value: Any, dtype: str | None) -> None:
    import torch

    if not isinstance(value, torch.Tensor):
        raise TypeError(
            f"{key} is {type(value).__name__}, must be a torch tensor. Use torch.from_numpy."
        )
    if dtype is not None and value.dtype is not getattr(torch, dtype):
        raise TypeError(
            f"{key} has dtype {value.dtype}, must be torch.{dtype}. Use {key}.to(torch.{dtype})."
        )


def _check_same_size(key: str, labels: Tensor, image: Tensor) -> None:
    if labels.shape != image.shape[1:]:
        raise ValueError(
            f"{key} of shape {tuple(labels.shape)} must have the size of the image, "
            f"{tuple(image.shape[1:])}. Resize or crop both alike."
        )


def _check_spacing(spacing: Any, axes: int) -> None:
    if len(spacing) != axes or not all(0 < distance < float("inf") for distance in spacing):
        raise ValueError(
            f"spacing={shown(spacing)} must hold {axes} positive distances, one per axis of the "
            f"image. Use {(1.0,) * axes}."
        )
