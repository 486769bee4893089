"""Real sets by name: what there is, where it lies, whether it is whole, and how to get it.

A file is looked for in ``$SEGVIZ_DATA``, then in the cache, then downloaded from its pinned URL. No
byte is used whose SHA-256 is not the pinned one, wherever it was found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from .catalogue import DataFile, DataSet, DatasetUnavailable, all_sets, course_data, dataset
from .disk import Folders, cache_folder, folders, is_good, ready, remedy

__all__ = [
    "DatasetUnavailable",
    "Fetched",
    "Status",
    "Verified",
    "cache_folder",
    "course_data",
    "dataset",
    "fetch",
    "list_sets",
    "obtain",
    "verify",
    "where",
]


@dataclass(frozen=True)
class Status:
    """What is on disk of a set: numbers of files, and the folders looked in."""

    dataset: DataSet
    local: int
    cached: int
    folders: Folders

    @property
    def missing(self) -> int:
        """Number of files that are neither in the local folder nor in the cache."""
        return len(self.dataset.files) - self.local - self.cached


@dataclass(frozen=True)
class Verified:
    """Result of ``verify``: the good files, the damaged ones, and those that are not on disk."""

    good: tuple[Path, ...]
    damaged: tuple[Path, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True)
class Fetched:
    """Result of ``fetch``: files downloaded now, on disk before, and left out of a first fetch."""

    downloaded: int
    present: int
    left_out: int
    cache: Path


def list_sets() -> list[Status]:
    """Return what is on disk of every set, in the order of the registry.

    >>> [status.dataset.name for status in list_sets()][:3]
    ['camvid', 'em_isbi2012', 'em_vnc']
    """
    return [where(name) for name in all_sets()]


def where(name: str) -> Status:
    """Return how many files of a set are on disk, and in which folders; no file is read.

    Raises:
        TypeError, ValueError: there is no such set, or ``$SEGVIZ_DATA`` names no folder.
    """
    entry, places = dataset(name), folders()
    found = [path for file in entry.files.values() if (path := places.find(file))]
    local = sum(map(places.is_local, found))
    return Status(entry, local, len(found) - local, places)


def verify(name: str) -> Verified:
    """Compare the SHA-256 of every file of a set that is on disk with the pinned one.

    Raises:
        TypeError, ValueError: there is no such set, or ``$SEGVIZ_DATA`` names no folder.
    """
    entry, places = dataset(name), folders()
    good: list[Path] = []
    damaged: list[Path] = []
    missing: list[str] = []
    for file in entry.files.values():
        path = places.find(file)
        if path is None:
            missing.append(file.path)
        else:
            (good if _is_readable_and_good(file, path) else damaged).append(path)
    return Verified(tuple(good), tuple(damaged), tuple(missing))


def _is_readable_and_good(file: DataFile, path: Path) -> bool:
    try:
        return is_good(file, path, again=True)
    except OSError:
        return False


def fetch(
    name: str,
    *,
    everything: bool = False,
    progress: bool = True,
    announce: Callable[[str], None] = print,
) -> Fetched:
    """Download what is not on disk yet of a set, after showing its licence and citation.

    Args:
        name: set to fetch; for one of restricted licence this call is the user's own decision.
        everything: take every file, also of a set whose first fetch is a handful of pictures.
        progress: show a progress bar.
        announce: shows licence and citation.

    Raises:
        TypeError, ValueError: there is no such set.
        DatasetUnavailable: the download failed; files that arrived whole stay, parts of files
            don't.
    """
    entry = dataset(name)
    paths = list(entry.files) if everything else entry.first_fetch()
    downloaded = obtain(name, paths, progress=progress, announce=announce, decided=True)
    return Fetched(
        downloaded, len(paths) - downloaded, len(entry.files) - len(paths), cache_folder()
    )


def obtain(
    name: str,
    paths: Iterable[str],
    *,
    progress: bool = True,
    announce: Callable[[str], None] = print,
    decided: bool = False,
) -> int:
    """Make sure that files of a set are on disk and good; return how many were downloaded.

    ``decided`` says that the user asked for this set by name: a restricted licence needs that, and
    a slow host is then waited for longer.

    Raises:
        DatasetUnavailable: a file cannot be had.
    """
    entry = dataset(name)
    places = _places(entry)
    files = [entry.files[path] for path in paths]
    wanted = [file for file in files if not ready(entry, file, places)]
    if not wanted:
        return 0
    if entry.restricted and not decided:
        raise entry.unavailable(
            f"its licence asks for your own decision. Read it, then run {remedy(entry)}."
        )
    from . import download

    try:
        if not decided:
            download.check_reachable(wanted[0])
        announce(_before_download(entry, wanted, places.cache))
        download.download(
            wanted, places.cache, title=entry.name, progress=progress, patient=decided
        )
    except download.DownloadFailed as failed:
        raise entry.unavailable(str(failed)) from None
    return len(wanted)


def on_disk(name: str, paths: Iterable[str]) -> bool:
    """Tell whether all these files of a set are on disk, good or not."""
    entry = dataset(name)
    places = _places(entry)
    return all(places.find(entry.files[path]) for path in paths)


def _places(entry: DataSet) -> Folders:
    try:
        return folders()
    except ValueError as error:
        raise entry.unavailable(str(error)) from None


def _before_download(entry: DataSet, wanted: list[DataFile], cache: Path) -> str:
    hosts = sorted({file.url.split("/")[2] for file in wanted})
    size = sum(file.bytes for file in wanted) / 1e6
    return (
        f"{entry.name}: {entry.title}\nLicence: {entry.licence}\nCite: {entry.citation}\n"
        f"Downloading {len(wanted)} files, {size:.1f} MB, from {', '.join(hosts)} to {cache}"
    )
