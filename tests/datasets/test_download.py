"""Whatever the network, the disk or the user does, the cache holds whole and checked files only."""

import errno
import os
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest
import requests

from segviz.datasets import arrival, download, registry
from segviz.datasets.catalogue import DatasetUnavailable

PICTURE = bytes(range(256)) * 200
FILES = {"demo/images/a.bin": PICTURE, "demo/labels/a.bin": PICTURE[::-1]}
HOME = "https://example.org/home-of-the-set"

FETCH = """
import sys
from pathlib import Path
from segviz.datasets import catalogue, download, registry
catalogue.course_data = lambda: Path(sys.argv[1])
if len(sys.argv) > 2:
    import resource
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
try:
    print(registry.fetch("demo", progress=False))
except registry.DatasetUnavailable as error:
    sys.exit(f"unavailable: {error}")
"""


def start(folder, *more):
    command = [sys.executable, "-c", FETCH, str(folder), *map(str, more)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_until(true, seconds=20):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


def test_a_fetch_puts_every_file_into_the_cache(register, cache, snapshot):
    register("demo", FILES)
    assert registry.fetch("demo").downloaded == 2
    assert {path: content for path, content in snapshot().items() if content} == FILES
    again = registry.fetch("demo")
    assert (again.downloaded, again.present) == (0, 2)


def test_licence_and_citation_are_shown_before_the_first_request(register, server):
    register("demo", FILES, licence="For looking at only.", citation="Curie 1903.")
    shown = []
    registry.fetch("demo", announce=lambda text: shown.append((text, list(server.asked))))
    [(text, asked)] = shown
    assert "For looking at only." in text
    assert "Curie 1903." in text
    assert "2 files, 0.1 MB" in text
    assert asked == []


FAULTS = {
    "cut": "cut",
    "reset": "cut",
    "short": "ended after 51199 of 51200 bytes",
    "corrupted": "wrong SHA-256",
    "endless": "wrong SHA-256",
    "refused": "403",
    "gone": "404",
    "busy": "429",
    "broken": "500",
    "silent": "does not answer",
    "stuck": "does not answer",
    "drip": "nothing has arrived",
    "web_page": "web page instead of the file",
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("used_before", [False, True])
def test_a_failed_download_leaves_the_cache_as_it_was(
    fault, used_before, register, server, cache, snapshot, hurry
):
    if used_before:
        (cache / "demo" / "images").mkdir(parents=True)
        (cache / "demo" / "images" / "older.bin").write_bytes(b"older")
    register("demo", FILES)
    server.faults = {f"/{path}": [fault] for path in FILES}
    before = snapshot()
    with pytest.raises(DatasetUnavailable, match=FAULTS[fault]) as caught:
        registry.fetch("demo", progress=False)
    assert HOME in str(caught.value)
    assert "\nHome page" in str(caught.value)
    assert snapshot() == before


def test_a_damaged_file_in_the_cache_survives_a_failed_repair(register, server, cache, snapshot):
    register("demo", FILES)
    registry.fetch("demo", progress=False)
    (cache / "demo/images/a.bin").write_bytes(b"rotten")
    before = snapshot()
    server.faults = {f"/{path}": ["corrupted"] for path in FILES}
    with pytest.raises(DatasetUnavailable, match="wrong SHA-256"):
        registry.fetch("demo", progress=False)
    assert snapshot() == before
    server.faults = {}
    assert registry.fetch("demo", progress=False).downloaded == 1
    assert (cache / "demo/images/a.bin").read_bytes() == PICTURE


@pytest.mark.parametrize("fault", ["cut", "reset", "short", "broken"])
def test_a_passing_fault_is_tried_once_more(fault, register, server):
    register("demo", FILES)
    server.faults = {f"/{path}": [fault, "well"] for path in FILES}
    assert registry.fetch("demo", progress=False).downloaded == 2
    assert len(server.asked) == 4


def test_whole_files_stay_so_that_the_next_fetch_goes_on(register, server, cache, monkeypatch):
    monkeypatch.setattr(download, "CONNECTIONS", 1)
    register("demo", FILES)
    server.faults = {"/demo/labels/a.bin": ["refused"]}
    with pytest.raises(DatasetUnavailable, match=r"1 of 2 files arrived whole and stay\."):
        registry.fetch("demo", progress=False)
    assert [path.name for path in (cache / "demo").rglob("*")] == ["images", "a.bin"]
    server.faults = {}
    assert registry.fetch("demo", progress=False).downloaded == 1


def closed_port():
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


def test_no_server_is_said_at_once(register, snapshot):
    register("demo", FILES, url=f"http://127.0.0.1:{closed_port()}")
    with pytest.raises(DatasetUnavailable, match="Is there a network"):
        registry.fetch("demo", progress=False)
    assert snapshot() is None


def test_a_name_that_nobody_knows_is_said_at_once(register, monkeypatch, snapshot):
    def unknown(*_, **__):
        raise socket.gaierror(-2, "Name or service not known")

    register("demo", FILES)
    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(DatasetUnavailable, match="Is there a network"):
        registry.fetch("demo", progress=False)
    assert snapshot() is None


@pytest.mark.parametrize("decided", [False, True])
def test_a_silent_name_server_is_given_up(decided, register, monkeypatch, snapshot, hurry):
    asleep = threading.Event()
    register("demo", FILES)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: asleep.wait(30) and [])
    with pytest.raises(DatasetUnavailable, match=r"does not answer|nothing has arrived"):
        registry.obtain("demo", FILES, decided=decided, progress=False)
    assert snapshot() is None
    asleep.set()


def test_a_lecture_asks_a_silent_host_only_once(register, server, monkeypatch):
    asked = []

    def head(url, **_):
        asked.append(url)
        raise requests.ConnectionError

    register("demo", FILES)
    monkeypatch.setattr(requests, "head", head)
    for reason in ("Is there a network", "a moment ago"):
        with pytest.raises(DatasetUnavailable, match=reason):
            registry.obtain("demo", FILES, progress=False)
    assert len(asked) == 1
    assert server.asked == []
    # An explicit fetch does not rely on what was true a moment ago.
    assert registry.fetch("demo", progress=False).downloaded == 2


def test_a_lecture_does_not_wait_minutes_for_a_slow_network(
    register, server, monkeypatch, snapshot
):
    monkeypatch.setattr(download, "TRIAL", 0.5)
    monkeypatch.setattr(download, "LONGEST", 1.0)
    register("demo", {f"demo/{i}": PICTURE for i in range(30)})
    server.delay = 1.0
    with pytest.raises(DatasetUnavailable, match="the connection is slow"):
        registry.obtain("demo", [f"demo/{i}" for i in range(30)], progress=False)
    assert not any(arrival.PART in path for path in snapshot() or {})


def test_too_little_room_is_said_before_the_first_request(register, server, monkeypatch, snapshot):
    register("demo", FILES)
    usage = download.shutil.disk_usage("/")
    monkeypatch.setattr(download.shutil, "disk_usage", lambda _: usage._replace(free=100_000))
    with pytest.raises(DatasetUnavailable, match=r"0.1 MB are needed, 0.1 MB are free"):
        registry.fetch("demo", progress=False)
    assert server.asked == []
    assert snapshot() is None


class FullDisk:
    def write(self, _):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def close(self):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_disk_that_fills_up_leaves_the_cache_as_it_was(register, monkeypatch, snapshot):
    really_open = arrival.Arrival._open

    def open_on_a_full_disk(self):
        really_open(self).close()
        return FullDisk()

    register("demo", FILES)
    monkeypatch.setattr(arrival.Arrival, "_open", open_on_a_full_disk)
    with pytest.raises(DatasetUnavailable, match="disk is full") as caught:
        registry.fetch("demo", progress=False)
    assert HOME in str(caught.value)
    assert snapshot() is None


@pytest.mark.parametrize("code", [errno.EACCES, errno.EROFS])
def test_a_cache_that_may_not_be_written_to(code, register, cache, monkeypatch):
    def refuse(*_, **__):
        raise OSError(code, os.strerror(code))

    register("demo", FILES)
    monkeypatch.setattr(arrival.Path, "mkdir", refuse)
    with pytest.raises(DatasetUnavailable, match=r"cannot write to .* Set SEGVIZ_CACHE"):
        registry.fetch("demo", progress=False)
    assert not cache.exists()


def test_a_cache_below_a_file(register, tmp_path, monkeypatch):
    (tmp_path / "file").write_bytes(b"not a folder")
    monkeypatch.setenv("SEGVIZ_CACHE", str(tmp_path / "file" / "cache"))
    register("demo", FILES)
    with pytest.raises(DatasetUnavailable, match="cannot write to"):
        registry.fetch("demo", progress=False)
    assert (tmp_path / "file").read_bytes() == b"not a folder"


def test_a_folder_in_the_place_of_a_file(register, cache, snapshot):
    (cache / "demo/images/a.bin").mkdir(parents=True)
    register("demo", {"demo/images/a.bin": PICTURE})
    before = snapshot()
    with pytest.raises(DatasetUnavailable, match="cannot"):
        registry.fetch("demo", progress=False)
    assert snapshot() == before


def test_parts_of_a_killed_download_are_removed_a_day_later(register, cache):
    cache.mkdir()
    for name, age in (("old", 2 * 24 * 3600), ("young", 60)):
        part = cache / f"{arrival.PART}{name}"
        part.write_bytes(b"half")
        os.utime(part, (time.time() - age,) * 2)
    register("demo", FILES)
    registry.fetch("demo", progress=False)
    assert [path.name for path in cache.glob(f"{arrival.PART}*")] == [f"{arrival.PART}young"]


def test_two_processes_at_once_do_not_harm_each_other(register, server, cache, snapshot):
    files = {f"demo/{i}/{i}.bin": PICTURE[i:] for i in range(40)}
    folder = register("demo", files)
    server.delay = 0.02
    both = [start(folder), start(folder)]
    outputs = [process.communicate(timeout=60) for process in both]
    assert [process.returncode for process in both] == [0, 0], outputs
    assert {path: content for path, content in snapshot().items() if content} == files
    assert not registry.verify("demo").damaged


def test_a_killed_process_does_not_harm_another(register, server, snapshot):
    files = {f"demo/{i}/{i}.bin": PICTURE[i:] for i in range(40)}
    folder = register("demo", files)
    server.delay = 0.05
    victim, other = start(folder), start(folder)
    wait_until(lambda: len(server.asked) > 20)
    victim.kill()
    victim.communicate()
    outputs = other.communicate(timeout=60)
    assert other.returncode == 0, outputs
    kept = {path: content for path, content in snapshot().items() if content}
    assert {path: content for path, content in kept.items() if arrival.PART not in path} == files


# Windows has neither SIGINT for another process nor file size limits.
if sys.platform != "win32":

    @pytest.mark.parametrize("fault", ["stuck", "drip"])
    def test_ctrl_c_leaves_the_cache_as_it_was(fault, register, server, cache, snapshot):
        folder = register("demo", FILES)
        server.faults = {f"/{path}": [fault] for path in FILES}
        process = start(folder)
        wait_until(lambda: len(server.asked) == 2 and (fault == "drip" or cache.exists()))
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=30)
        assert "KeyboardInterrupt" in error
        assert snapshot() is None

    def test_a_limit_on_file_sizes_is_met_like_a_full_disk(register, snapshot):
        folder = register("demo", FILES)
        process = start(folder, 10_000)
        _, error = process.communicate(timeout=60)
        assert "unavailable: demo is not available: the disk is full" in error
        assert snapshot() is None
