"""Pinned downloads into the cache: a file appears there whole and checked, or not at all.

A few threads fetch; the calling thread watches, so that Ctrl-C and a stalled connection end the
whole transfer at once.
"""

from __future__ import annotations

import collections
import contextlib
import os
import queue
import shutil
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import pooch
import requests

from .arrival import PART, Arrival, Cut, DownloadFailed, in_words, no_empty_folders
from .catalogue import DataFile

CONNECTIONS = 8
TRIES = 2
TIMEOUT = (5.0, 10.0)  # seconds to connect, seconds between two packets
PATIENCE = 15.0  # seconds without a byte until the transfer is given up
HURRY = 6.0  # seconds that a lecture, with a stand-in at hand, waits for a host's first word
LONGEST = 180.0  # seconds that a lecture waits for the whole transfer ...
TRIAL = 20.0  # ... as estimated after these seconds
REMEMBER = 300.0  # seconds during which a lecture does not ask a silent host again
OLD = 24 * 3600.0  # seconds after which a part belongs to a download that was killed

_silent_since: dict[str, float] = {}


def download(
    files: Sequence[DataFile], cache: Path, *, title: str, progress: bool, patient: bool
) -> None:
    """Download files into the cache, several at once.

    Args:
        files: what to fetch.
        cache: folder that they go to.
        title: name beside the progress bar.
        progress: show the bar.
        patient: False while a lecture waits: a connection that needs minutes is given up.

    Raises:
        DownloadFailed: one of them cannot be had; no part of a file is left behind.
    """
    _check_room(files, cache)
    _sweep(cache)
    with no_empty_folders(cache), _Transfer(files, cache, patient) as transfer:
        try:
            transfer.watch(title, progress)
        except DownloadFailed as failed:
            kept = f" {transfer.kept} of {transfer.count} files arrived whole and stay."
            raise DownloadFailed(f"{failed}{kept if transfer.kept else ''}") from None


def check_reachable(file: DataFile) -> None:
    """Wait a few seconds at most for any word of the host, also where the name server is silent.

    Raises:
        DownloadFailed: none comes, or none came a moment ago.
    """
    host = file.url.split("/")[2]
    if time.monotonic() - _silent_since.get(host, -REMEMBER) < REMEMBER:
        raise DownloadFailed(f"{host} could not be reached a moment ago.")
    answer: queue.SimpleQueue[DownloadFailed | None] = queue.SimpleQueue()
    threading.Thread(target=_knock, args=(file, answer), daemon=True).start()
    try:
        failure = answer.get(timeout=HURRY)
    except queue.Empty:
        failure = DownloadFailed(f"{host} does not answer.")
    if failure is not None:
        _silent_since[host] = time.monotonic()
        raise failure


def _knock(file: DataFile, answer: queue.SimpleQueue[DownloadFailed | None]) -> None:
    try:
        requests.head(file.url, timeout=TIMEOUT)
    except requests.RequestException as error:
        answer.put(in_words(error, file, Path()))
    else:
        answer.put(None)


def _check_room(files: Sequence[DataFile], cache: Path) -> None:
    existing = next(path for path in (cache, *cache.parents) if os.path.exists(path))
    needed, free = sum(file.bytes for file in files), shutil.disk_usage(existing).free
    if free < needed:
        raise DownloadFailed(
            f"{needed / 1e6:.1f} MB are needed, {free / 1e6:.1f} MB are free in {cache}. "
            "Make room, or set SEGVIZ_CACHE to another folder."
        )


def _sweep(cache: Path) -> None:
    """Remove the parts that a killed process left a day ago or longer."""
    for part in cache.glob(f"{PART}*"):
        with contextlib.suppress(OSError):
            if time.time() - part.stat().st_mtime > OLD:
                part.unlink()


class _Transfer:
    """The fetching threads and what they share with the watching one."""

    def __init__(self, files: Sequence[DataFile], cache: Path, patient: bool) -> None:
        self.cache = cache
        self.patient = patient
        self.count = len(files)
        self.kept = 0
        self.total = sum(file.bytes for file in files)
        self._waiting = collections.deque(files)
        self._results: queue.SimpleQueue[Exception | None] = queue.SimpleQueue()
        self._stopped = threading.Event()
        self._arrivals: list[Arrival] = []

    def __enter__(self) -> _Transfer:
        for _ in range(min(CONNECTIONS, self.count)):
            # Daemons, so that one that waits for a name server does not hold up the exit.
            threading.Thread(target=self._work, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        for arrival in list(self._arrivals):
            arrival.interrupt()
        deadline = time.monotonic() + 3.0
        while any(arrival.part for arrival in self._arrivals) and time.monotonic() < deadline:
            time.sleep(0.01)

    def received(self) -> int:
        """Number of bytes that have arrived so far."""
        return sum(arrival.size for arrival in list(self._arrivals))

    def watch(self, title: str, progress: bool) -> None:
        """Wait until every file has arrived.

        Raises:
            DownloadFailed: as soon as one of them fails, or the transfer stalls.
        """
        from tqdm.auto import tqdm

        started = last_byte = time.monotonic()
        so_far = 0
        with tqdm(
            total=self.total,
            unit="B",
            unit_scale=True,
            desc=title,
            disable=not progress,
            leave=False,
        ) as bar:
            while self.kept < self.count:
                self.kept += self._arrived()
                before, so_far = so_far, self.received()
                if so_far != before:
                    bar.update(so_far - before)
                    last_byte = time.monotonic()
                self._check_pace(started, last_byte, so_far)

    def _arrived(self) -> int:
        try:
            failure = self._results.get(timeout=0.1)
        except queue.Empty:
            return 0
        if failure is not None:
            raise failure
        return 1

    def _check_pace(self, started: float, last_byte: float, so_far: int) -> None:
        now = time.monotonic()
        if now - last_byte > PATIENCE:
            raise DownloadFailed(f"nothing has arrived for {PATIENCE:.0f} seconds.")
        if (
            not self.patient
            and now - started > TRIAL
            and so_far * LONGEST < self.total * (now - started)
        ):
            raise DownloadFailed(
                f"the connection is slow: {so_far / 1e6:.1f} of {self.total / 1e6:.1f} MB in "
                f"{now - started:.0f} seconds."
            )

    def _work(self) -> None:
        while not self._stopped.is_set():
            try:
                file = self._waiting.popleft()
            except IndexError:
                return
            try:
                self._fetch(file)
            except Exception as failure:
                self._results.put(failure)  # raised again by the watching thread
            else:
                self._results.put(None)

    def _fetch(self, file: DataFile) -> None:
        for _ in range(TRIES - 1):
            with contextlib.suppress(Cut):
                return self._try(file)
            self._stopped.wait(0.3)
        return self._try(file)

    def _try(self, file: DataFile) -> None:
        arrival = Arrival(file, self.cache, self._stopped)
        self._arrivals.append(arrival)
        get = pooch.HTTPDownloader(
            chunk_size=2**13, timeout=TIMEOUT, hooks={"response": arrival.answered}
        )
        try:
            get(file.url, arrival, None)
            arrival.keep()
        except Exception as error:
            raise in_words(error, file, self.cache) from None
        finally:
            arrival.discard()
