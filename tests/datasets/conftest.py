"""A registry of a few small files, and a server on this machine that can misbehave."""

import hashlib
import socket
import struct
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from segviz.datasets import catalogue, disk, download

HOME = "https://example.org/home-of-the-set"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_HEAD(self):
        self.server.asked.append(f"HEAD {self.path}")
        self.answer(200, b"")

    def do_GET(self):
        self.server.asked.append(self.path)
        if self.path == "/login":
            return self.answer(200, b"<!DOCTYPE html><title>Log in</title>" + b" " * 5000)
        content = self.server.files[self.path]
        time.sleep(self.server.delay)
        faults = self.server.faults.get(self.path) or ["well"]
        fault = faults.pop(0) if len(faults) > 1 else faults[0]
        return getattr(self, fault)(content)

    def answer(self, status, body, length=None):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def well(self, content):
        self.answer(200, content)

    def cut(self, content):
        self.answer(200, content[: len(content) // 2], len(content))
        self.close_connection = True

    def reset(self, content):
        self.answer(200, content[: len(content) // 2], len(content))
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True

    def short(self, content):
        self.answer(200, content[:-1])

    def corrupted(self, content):
        self.answer(200, content[:-1] + bytes([content[-1] ^ 1]))

    def refused(self, content):
        self.answer(403, b"no")

    def gone(self, content):
        self.answer(404, b"gone")

    def busy(self, content):
        self.answer(429, b"later")

    def broken(self, content):
        self.answer(500, b"sorry")

    def silent(self, content):
        self.server.over.wait(20)

    def stuck(self, content):
        self.answer(200, content[: len(content) // 2], len(content))
        self.server.over.wait(20)

    def drip(self, content):
        self.answer(200, b"", len(content))
        for value in content:
            self.wfile.write(bytes([value]))
            if self.server.over.wait(0.2):
                break

    def endless(self, content):
        self.send_response(200)
        self.end_headers()
        while not self.server.over.is_set():
            self.wfile.write(content)

    def web_page(self, content):
        self.send_response(302)
        self.send_header("Location", "/login")
        self.send_header("Content-Length", "0")
        self.end_headers()


class Server(ThreadingHTTPServer):
    """Serves ``files``; ``faults[path]`` lists what happens, the last one from then on."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files, self.faults, self.asked = {}, {}, []
        self.delay = 0.0
        self.over = threading.Event()

    def handle_error(self, request, client_address):
        """Clients that hang up are what the tests are about."""

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"


@pytest.fixture(scope="session", autouse=True)
def own_source():
    """Whatever the shell asks for, these tests ask for themselves."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("SEGVIZ_SOURCE", raising=False)
        yield


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.over.set()
        running.shutdown()
        thread.join()


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache, no local folder, and nothing remembered of earlier transfers."""
    monkeypatch.delenv("SEGVIZ_DATA", raising=False)
    monkeypatch.delenv("SEGVIZ_SOURCE", raising=False)
    monkeypatch.setenv("SEGVIZ_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(download, "_silent_since", {})
    monkeypatch.setattr(disk, "_GOOD", set())
    return tmp_path / "cache"


@pytest.fixture
def register(tmp_path, server, cache, monkeypatch):
    """``register("set", {"set/a.bin": b"..."})``: pin files in a registry and serve them."""
    folder = tmp_path / "course_data"
    folder.mkdir()
    rows, about = ["set\tpath\tsha256\tbytes\turl\tlicence\tcitation"], []
    monkeypatch.setattr(catalogue, "course_data", lambda: folder)

    def add(name, contents, *, url=None, **more):
        for path, content in contents.items():
            server.files[f"/{path}"] = content
            digest = hashlib.sha256(content).hexdigest()
            rows.append(
                f"{name}\t{path}\t{digest}\t{len(content)}\t{url or server.url}/{path}\t-\t-"
            )
        more = {"title": name, "licence": "Ours", "citation": "Us", "homepage": HOME, **more}
        lines = (
            f"{key} = {str(value).lower() if value is True else value!r}"
            for key, value in more.items()
        )
        about.append(f"[{name}]\n" + "\n".join(lines))
        (folder / "registry.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")
        (folder / "sets.toml").write_text("\n".join(about) + "\n", encoding="utf-8")
        catalogue._read.cache_clear()
        return folder

    yield add
    catalogue._read.cache_clear()


@pytest.fixture
def snapshot(cache):
    """``snapshot()``: every file and folder of the cache with its content, None without one."""

    def look():
        if not cache.exists():
            return None
        return {
            path.relative_to(cache).as_posix(): path.read_bytes() if path.is_file() else None
            for path in sorted(cache.rglob("*"))
        }

    return look


@pytest.fixture
def hurry(monkeypatch):
    """Timeouts of a second at most, so that a silent host costs a test little."""
    monkeypatch.setattr(download, "TIMEOUT", (0.5, 0.5))
    monkeypatch.setattr(download, "PATIENCE", 1.0)
    monkeypatch.setattr(download, "HURRY", 0.7)
