"""``load``: the real pictures of a set where they can be had, its stand-in otherwise."""

from __future__ import annotations

import difflib
import functools
import importlib
import itertools
import os
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import cast

import numpy as np

from ..ops._checks import shown, sizes
from .catalogue import DataSet, DatasetUnavailable, all_sets, dataset
from .disk import read, remedy
from .loader import Labelled, LabelledVolume, Loader, Size
from .registry import obtain, on_disk
from .samples import About, Sample, Samples

SOURCES = ("auto", "real", "bundled")
# Module of each set that can be loaded; modules are imported when they are needed.
_MODULES = {
    "camvid": "camvid",
    "em_isbi2012": "electron_microscopy",
    "em_vnc": "electron_microscopy",
    "nuclei_dsb2018": "nuclei",
    "hippocampus": "hippocampus",
}
_SMALLEST = 32
_LARGEST = 8192


def load(
    name: str,
    *,
    split: str = "train",
    source: str = "auto",
    size: int | tuple[int, int] | None = None,
) -> Samples:
    """Return the pictures of a set, with labels.

    Real files are looked for in ``$SEGVIZ_DATA``, then in the cache, then downloaded, after licence
    and citation were shown. ``source="auto"`` never waits long: where there is no network, or a
    slow one, or the licence wants your own decision, it takes the stand-in and prints why.

    Args:
        name: "camvid", "em_isbi2012", "em_vnc", "nuclei_dsb2018" or "hippocampus" (volumes).
        split: "train" or "test"; camvid has "val" too.
        source: "auto"; "real" (or an error); "bundled", the stand-in that segviz draws itself.
            The environment variable ``SEGVIZ_SOURCE``, where it is set, wins.
        size: (height, width) in pixels; real pictures are resized, stand-ins drawn at this size.
            Volumes have none: each keeps its own size and spacing.

    Returns:
        Samples; a picture is read, and its SHA-256 checked, each time it is asked for.

    Raises:
        ValueError, TypeError: an unknown set, split or source, an illegal size.
        DatasetUnavailable: the real set was asked for and cannot be had.

    >>> load("em_vnc", split="test", source="bundled", size=(64, 96))
    em_vnc: stand-in pictures, drawn by segviz (source="bundled")
    Samples('em_vnc', split='test', source='stand-in', 2 pictures, 2 classes)
    """
    loader = _loader(name)
    _check_choice("split", split, loader.splits)
    wanted, why = _source(source)
    shape = None if size is None else _size(size, loader)
    if wanted == "bundled":
        return _stand_in(loader, split, shape, f"({why})")
    try:
        return _real(loader, split, shape)
    except DatasetUnavailable as error:
        if wanted == "real":
            raise
        return _stand_in(loader, split, shape, f"because {error.reason}")


def _loader(name: str) -> Loader:
    if isinstance(name, str) and name not in _MODULES and name in all_sets():
        raise ValueError(
            f"{name} can be fetched, but load does not read it yet. It reads {', '.join(_MODULES)}."
        )
    _check_choice("name", name, tuple(_MODULES))
    loaders = importlib.import_module(f"{__package__}.{_MODULES[name]}").LOADERS
    return cast(Loader, loaders[name])


def _check_choice(what: str, value: object, choices: Sequence[str]) -> None:
    if not isinstance(value, str):
        raise TypeError(f"{what}={shown(value)} must be a str. Use {' or '.join(choices)}.")
    if value not in choices:
        close = difflib.get_close_matches(value, choices) or choices
        raise ValueError(f"{what}={shown(value)} is none of ours. Use {' or '.join(close)}.")


def _source(source: str) -> tuple[str, str]:
    """The source that counts, and who asked for it."""
    _check_choice("source", source, SOURCES)
    named = os.environ.get("SEGVIZ_SOURCE", "")
    if not named:
        return source, f'source="{source}"'
    _check_choice("SEGVIZ_SOURCE", named, SOURCES)
    return named, f"SEGVIZ_SOURCE={named}"


def _size(size: object, loader: Loader) -> Size:
    if loader.volumes:
        raise ValueError(
            f"size={shown(size)}: the volumes of {loader.name} keep their size, or their spacing "
            "would not be true. Use size=None, then cut or pad them."
        )
    height, width = sizes(size, "size", 2, _SMALLEST)
    if max(height, width) > _LARGEST:
        raise ValueError(
            f"size=({height}, {width}) must be at most {_LARGEST} each way: larger pictures do not "
            "fit in memory. Use a smaller size."
        )
    return height, width


def _real(loader: Loader, split: str, size: Size | None) -> Samples:
    entry = dataset(loader.name)
    pictures = loader.pictures(list(entry.files), split)
    if entry.first and not on_disk(entry.name, itertools.chain(*pictures.values())):
        pictures = _handful(entry, pictures)
    obtain(entry.name, itertools.chain(*pictures.values()))
    readers = [
        functools.partial(_read, entry.name, picture, tuple(paths), size)
        for picture, paths in pictures.items()
    ]
    about = About(entry.title, entry.licence, entry.citation, entry.homepage)
    return _samples(loader, split, "real", readers, about, _spacing(loader, size))


def _handful(entry: DataSet, pictures: Mapping[str, list[str]]) -> dict[str, list[str]]:
    first = set(entry.first_fetch())
    few = {picture: paths for picture, paths in pictures.items() if first.issuperset(paths)}
    print(
        f"{entry.name}: {len(few)} of the {len(pictures)} pictures of this split, for a start; "
        f"{remedy(entry)} gets the others."
    )
    return few


def _read(name: str, picture: str, paths: Sequence[str], size: Size | None) -> Sample:
    entry = dataset(name)
    labelled = _loader(name).decode([read(entry, entry.files[path]) for path in paths])
    return labelled.resized(size).as_sample(picture)


def _stand_in(loader: Loader, split: str, size: Size | None, why: str) -> Samples:
    print(f"{loader.name}: stand-in pictures, drawn by segviz {why}")
    count = len(loader.pictures(list(dataset(loader.name).files), split))
    shape = size or loader.size
    readers = [
        functools.partial(_drawn_sample, loader.name, split, index, shape) for index in range(count)
    ]
    about = About(
        title=f"Drawn by segviz in the place of: {dataset(loader.name).title}",
        licence="MIT, as segviz itself.",
        citation="none needed",
        homepage=f"segviz.datasets.synthetic.{dataset(loader.name).stand_in}",
    )
    return _samples(loader, split, "stand-in", readers, about, loader.spacing)


def _drawn_sample(name: str, split: str, index: int, size: tuple[int, ...]) -> Sample:
    return _drawn(name, split, index, size).as_sample(f"{split}-{index:03d}")


@functools.lru_cache(maxsize=128)
def _drawn(name: str, split: str, index: int, size: tuple[int, ...]) -> Labelled | LabelledVolume:
    """Draw once per process; kept as arrays that nobody changes in place."""
    loader = _loader(name)
    # The two sets of membranes share a drawing function and must not share pictures.
    first = zlib.crc32(f"{name} {split}".encode())
    stored = LabelledVolume if loader.volumes else Labelled
    return stored.of(loader.draw(index, size, first + index))


def _spacing(loader: Loader, size: Size | None) -> tuple[float, ...] | None:
    """Pixels of a resized picture are further apart."""
    if loader.spacing is None or size is None:
        return loader.spacing
    section, row, column = loader.spacing
    return section, row * loader.size[0] / size[0], column * loader.size[1] / size[1]


def _samples(
    loader: Loader,
    split: str,
    source: str,
    readers: Sequence[Callable[[], Sample]],
    about: About,
    spacing: tuple[float, ...] | None,
) -> Samples:
    return Samples(
        readers,
        name=loader.name,
        split=split,
        source=source,
        classes=loader.classes,
        palette=np.array(loader.palette, dtype=np.uint8),
        about=about,
        spacing=spacing,
        spacing_unit=loader.spacing_unit if spacing else "",
    )
