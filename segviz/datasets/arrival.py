"""One file on its way into the cache: written beside it, checked, moved into place or thrown away.

Also the words for everything that can go wrong on the way.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import secrets
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from .catalogue import DataFile
from .disk import is_good

PART = ".segviz-part-"
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_WEB_PAGE = (b"<!doctype html", b"<html", b"<head", b"<body")


class DownloadFailed(Exception):
    """Why a download ended, in words for the user."""


class Cut(DownloadFailed):
    """The answer ended early: worth another try."""


class Arrival:
    """What ``pooch.HTTPDownloader`` writes a file into."""

    def __init__(self, file: DataFile, cache: Path, stopped: threading.Event) -> None:
        self.file = file
        self.cache = cache
        self.stopped = stopped
        self.size = 0
        self.part: Path | None = None
        self._stream: BinaryIO | None = None
        self._digest = hashlib.sha256()
        self._head = b""
        self._response: Any = None

    def answered(self, response: Any, *_: Any, **__: Any) -> None:
        """Remember the answer (a hook of requests), so that ``interrupt`` can end it."""
        self._response = response

    def write(self, chunk: bytes) -> None:
        """Take the next bytes; more than the pinned number of them are refused."""
        if self._stream is None:
            self._stream = self._open()
        if self.stopped.is_set():
            raise DownloadFailed("stopped")
        self._head = (self._head + chunk)[:256]
        self.size += len(chunk)
        if self.size > self.file.bytes:
            raise self._wrong()
        self._digest.update(chunk)
        self._stream.write(chunk)

    def flush(self) -> None:
        """Asked for by pooch after each chunk; nobody reads the part before it is closed."""

    def keep(self) -> None:
        """Move the file into place if it is the pinned one.

        Raises:
            DownloadFailed: it is not.
        """
        if self.size != self.file.bytes or self._digest.hexdigest() != self.file.sha256:
            raise self._wrong()
        if self._stream is None or self.part is None:
            raise self._wrong()
        self._stream.close()
        _move(self.part, self.file, self.cache / self.file.path)
        self.part = None

    def discard(self) -> None:
        """Remove what is left of the part, if anything is."""
        self._response = None
        if self.part is None:
            return
        # Closing flushes, which fails on a full disk, and where nothing could be written nothing
        # can be removed; a part that stays in spite of this is swept a day later.
        with contextlib.suppress(OSError):
            if self._stream is not None:
                self._stream.close()
        with contextlib.suppress(OSError):
            self.part.unlink()
        self.part, self.size = None, 0

    def interrupt(self) -> None:
        """Wake the thread that waits for the next packet."""
        # Each of these means that the answer has ended by itself.
        with contextlib.suppress(AttributeError, OSError, RuntimeError, ValueError):
            self._response.raw.shutdown()

    def _open(self) -> BinaryIO:
        # Named before the check: whoever stops the transfer sees either the name or no file.
        self.part = self.cache / f"{PART}{os.getpid()}-{secrets.token_hex(6)}"
        if self.stopped.is_set():
            raise DownloadFailed("stopped")
        for _ in range(3):
            # Another process that gave up may remove the empty cache folder just now.
            self.cache.mkdir(parents=True, exist_ok=True)
            with contextlib.suppress(FileNotFoundError):
                return self.part.open("xb")
        return self.part.open("xb")

    def _wrong(self) -> DownloadFailed:
        if self._head.lstrip().lower().startswith(_WEB_PAGE):
            return DownloadFailed(
                f"{self.file.url} answered with a web page instead of the file. "
                "Does this network want you to log in first?"
            )
        if self.size < self.file.bytes:
            return Cut(f"{self.file.url} ended after {self.size} of {self.file.bytes} bytes.")
        return DownloadFailed(f"{self.file.url} is not the pinned file (wrong SHA-256).")


@contextlib.contextmanager
def no_empty_folders(folder: Path) -> Iterator[None]:
    """Remove the folders that were made on the way to ``folder`` and stayed empty."""
    made = [path for path in (folder, *folder.parents) if not os.path.exists(path)]
    try:
        yield
    finally:
        for path in made:
            # Refused where something has arrived, which is as it should be.
            with contextlib.suppress(OSError):
                path.rmdir()


def _move(part: Path, file: DataFile, target: Path) -> None:
    with no_empty_folders(target.parent):
        for _ in range(3):
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                return os.replace(part, target)
            except FileNotFoundError:
                continue  # another process removed the empty folder just now
            except PermissionError:
                # Windows refuses while another process reads the same file, fetched before ours.
                if target.is_file() and is_good(file, target):
                    return None
                raise
        raise DownloadFailed(f"{target.parent} is removed while files arrive. Try again.")


def in_words(error: Exception, file: DataFile, cache: Path) -> DownloadFailed:
    """Say what an exception of requests or of the file system means for the user."""
    import requests

    if isinstance(error, DownloadFailed):
        return error
    if isinstance(error, requests.RequestException):
        return _network_in_words(error, file.url)
    if isinstance(error, OSError) and error.errno in _FULL:
        return DownloadFailed(
            f"the disk is full: {cache} has no room for {file.bytes / 1e6:.1f} MB more. "
            "Make room, or set SEGVIZ_CACHE to another folder."
        )
    if isinstance(error, OSError):
        return DownloadFailed(
            f"cannot write to {cache} ({error.strerror}). Set SEGVIZ_CACHE to a folder of yours."
        )
    raise error


def _network_in_words(error: Exception, url: str) -> DownloadFailed:
    import requests

    host = url.split("/")[2]
    text = str(error)
    if isinstance(error, requests.HTTPError) and error.response is not None:
        status = error.response.status_code
        kind = Cut if status >= 500 else DownloadFailed
        return kind(f"{host} refused {url} (HTTP {status} {error.response.reason}).")
    if isinstance(error, requests.exceptions.SSLError):
        return DownloadFailed(
            f"{host} does not prove who it is. Does this network want you to log in first, "
            "or is this computer's clock wrong?"
        )
    if isinstance(error, requests.Timeout) or "timed out" in text.lower():
        return DownloadFailed(f"{host} does not answer.")
    if isinstance(error, requests.exceptions.ChunkedEncodingError) or "aborted" in text:
        return Cut(f"the connection to {host} was cut.")
    if isinstance(error, requests.ConnectionError):
        return DownloadFailed(f"{host} cannot be reached. Is there a network?")
    return DownloadFailed(f"{host} sent no readable answer ({type(error).__name__}).")
