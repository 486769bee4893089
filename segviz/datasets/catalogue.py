"""What is written about the real sets: ``data/registry.tsv`` and ``data/sets.toml``."""

from __future__ import annotations

import csv
import difflib
import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class DatasetUnavailable(RuntimeError):
    """A real set cannot be had now: the message says which, why, its home page and stand-in."""

    reason: str = ""


@dataclass(frozen=True)
class DataFile:
    """One pinned file; ``path`` is its place below the local folder and below the cache."""

    path: str
    sha256: str
    bytes: int
    url: str


@dataclass(frozen=True)
class DataSet:
    """One set of the registry: its files by path, and what a student should know about it.

    ``licence`` and ``citation`` are in full, ``licence_in_short`` fits into a table.
    """

    name: str
    title: str
    licence: str
    licence_in_short: str
    citation: str
    homepage: str
    stand_in: str
    restricted: bool
    first: tuple[str, ...]
    files: Mapping[str, DataFile]

    @property
    def bytes(self) -> int:
        """Size of all files in bytes."""
        return sum(file.bytes for file in self.files.values())

    def first_fetch(self) -> list[str]:
        """Paths that a first fetch takes: all of them, or the handful named in sets.toml."""
        beginnings = tuple(f"{self.name}/{start}" for start in self.first)
        return [path for path in self.files if not beginnings or path.startswith(beginnings)]

    def unavailable(self, reason: str) -> DatasetUnavailable:
        """The error that says why this set cannot be had, and what there is instead."""
        drawn = f"segviz.datasets.synthetic.{self.stand_in}" if self.stand_in else "none yet"
        error = DatasetUnavailable(
            f"{self.name} is not available: {reason}\n"
            f"Home page of the set: {self.homepage} (stand-in: {drawn})"
        )
        error.reason = reason
        return error


def course_data() -> Path:
    """Return the course's ``data`` folder, in the repository or inside the installed package.

    Raises:
        DatasetUnavailable: the package was installed without it.

    >>> (course_data() / "registry.tsv").is_file()
    True
    """
    package = Path(__file__).resolve().parents[1]
    for folder in (package.parent / "data", package / "_data"):
        if (folder / "registry.tsv").is_file():
            return folder
    raise DatasetUnavailable(
        f"There is no registry.tsv beside {package} or in its _data: install segviz again."
    )


def dataset(name: str) -> DataSet:
    """Return the registry's entry for a set.

    Raises:
        TypeError: the name is no str.
        ValueError: there is no such set; close names are offered.

    >>> len(dataset("camvid").files)
    310
    """
    if not isinstance(name, str):
        raise TypeError(f"A set is named by a str, not {type(name).__name__}. Use 'camvid'.")
    known = all_sets()
    if name in known:
        return known[name]
    close = difflib.get_close_matches(name, known) or sorted(known)
    raise ValueError(f"There is no set {name[:60]!r}. Did you mean {' or '.join(close)}?")


def all_sets() -> Mapping[str, DataSet]:
    """Return every set of the registry by name."""
    return _read(course_data())


@functools.cache
def _read(folder: Path) -> Mapping[str, DataSet]:
    with (folder / "sets.toml").open("rb") as stream:
        about = tomllib.load(stream)
    files: dict[str, dict[str, DataFile]] = {}
    short: dict[str, str] = {}
    with (folder / "registry.tsv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream, delimiter="\t"):
            file = DataFile(row["path"], row["sha256"], int(row["bytes"]), row["url"])
            files.setdefault(row["set"], {})[file.path] = file
            short[row["set"]] = row["licence"]
    return {name: _entry(name, about[name], short[name], files[name]) for name in files}


def _entry(
    name: str, about: Mapping[str, Any], short: str, files: Mapping[str, DataFile]
) -> DataSet:
    return DataSet(
        name=name,
        title=about["title"],
        licence=about["licence"],
        licence_in_short=short,
        citation=about["citation"],
        homepage=about["homepage"],
        stand_in=about.get("stand_in", ""),
        restricted=about.get("restricted", False),
        first=tuple(about.get("first", ())),
        files=files,
    )
