"""The process that reads a kernel's messages reaches neither the grader's files nor the network."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from segviz.grading import _confined, _worker

PROBE = """
import json, os, pathlib, signal, socket, sys, tempfile
from segviz.grading._confined import confine
own, secret = sys.argv[1:]

def tried(work):
    try:
        return str(work())
    except OSError as error:
        return type(error).__name__

def connect():
    return socket.create_connection(("127.0.0.1", listener.getsockname()[1]), 1) and "connected"

listener = socket.create_server(("127.0.0.1", 0))
deeds = {
    "read": lambda: pathlib.Path(secret).read_text(),
    "list": lambda: os.listdir(os.path.dirname(secret)),
    "write": lambda: pathlib.Path(secret).write_text("forged") and "written",
    "run": lambda: os.execv("/bin/true", ["true"]),
    "signal": lambda: os.kill(os.getppid(), 0),
    "connect": connect,
}
before = tried(deeds["read"]), tried(connect)
confined = confine(own)
after = {name: tried(work) for name, work in deeds.items()}
with tempfile.NamedTemporaryFile() as file:
    inside = os.path.dirname(file.name)
import difflib, xml.dom.minidom  # from Python's own folders, as before
print(json.dumps([confined, before, after, inside]))
"""


@pytest.mark.sandbox
def test_what_is_not_its_own_is_out_of_reach(tmp_path):
    own, secret = tmp_path / "own", tmp_path / "secret" / "grades.csv"
    own.mkdir()
    secret.parent.mkdir()
    secret.write_text("grades")
    command = [sys.executable, "-c", PROBE, str(own), str(secret)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    confined, before, after, inside = json.loads(done.stdout)
    assert before == ["grades", "connected"]
    assert inside == str(own)
    assert secret.read_text() == ("grades" if confined else "forged")
    if confined:
        assert set(after.values()) == {"PermissionError"}, after


def test_where_the_system_has_no_such_means_it_goes_without(tmp_path, monkeypatch):
    monkeypatch.setattr(_confined, "_system_call", lambda *arguments: -1)
    monkeypatch.setattr(_confined.tempfile, "tempdir", None)
    monkeypatch.setattr(_confined.os, "environ", {})
    monkeypatch.chdir(Path.cwd())
    assert _confined.confine(str(tmp_path)) is False
    assert _confined.tempfile.gettempdir() == str(tmp_path)


class Evil:
    """An object that acts where it is unpickled."""

    def __reduce__(self):
        return (os.mkdir, ("planted",))


def taken_over(answer, *_):
    """A judge's process that runs a student's code after all."""
    answer.send(Evil())
    os._exit(0)


def test_what_the_process_that_judged_says_is_text_and_never_an_object(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(_worker, "_judge", taken_over)
    result = _worker._in_own_process(None, {}, b"", "")  # type: ignore[arg-type]
    assert result["status"] == "error"
    assert "told nothing that can be read" in result["notes"][0]
    assert list(tmp_path.iterdir()) == []
