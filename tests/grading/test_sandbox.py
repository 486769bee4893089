"""What a kernel in the sandbox can reach: nothing expected, no solution, no seed, nobody's work."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
from corpus.cases import RIGHT, answers, code_cell, notebook

from segviz.grading import _reference, _worker, sandbox
from segviz.grading.exercise import Exercise, find_exercises, read_exercise

pytestmark = pytest.mark.sandbox

LECTURES = Path(__file__).resolve().parents[2] / "lectures"
SEED = 918273645546372819
NEIGHBOUR = "NEIGHBOUR-OF-MINE-2718281828"

# Runs as an answer. What it looks for comes to it shifted by one, and so does what it looks in:
# neither is what it would be found by.
SPY = """
import gc, os, re, socket, sys
needles = {needles!r}
found, facts = [], {{}}
shift = bytes((number + 1) % 256 for number in range(256))

def look(place, content):
    content = content.translate(shift)
    found.extend(f"{{place}}: {{n[:30]}}" for n in needles if n in content)

def spy():
    for top, folders, files in os.walk("/"):
        # What the machine's own packages hold is the same on every machine.
        folders[:] = [one for one in folders if not re.match(
            "/(usr|proc|sys|lib|lib64|bin|sbin)$", os.path.join(top, one))]
        if "site-packages" in top and "segviz" not in top or "/python3" in top:
            continue
        for file in files:
            path = os.path.join(top, file)
            try:
                if os.path.isfile(path) and os.path.getsize(path) < 3_000_000:
                    look(path, open(path, "rb").read())
            except OSError:
                pass
    for process in filter(str.isdigit, os.listdir("/proc")):
        for part in ("environ", "cmdline", "mountinfo", "comm"):
            try:
                path = f"/proc/{{process}}/{{part}}"
                look(path, open(path, "rb").read())
            except OSError:
                pass
    with open("/proc/self/maps") as maps, open("/proc/self/mem", "rb", 0) as memory:
        for line in maps:
            start, end = (int(part, 16) for part in line.split()[0].split("-"))
            if " rw" in line and "[v" not in line and end - start < 2**28:
                try:
                    memory.seek(start)
                    look("memory", memory.read(end - start))
                except (OSError, ValueError):
                    pass
    look("environment", repr(dict(os.environ)).encode())
    kinds = []
    for number in os.listdir("/proc/self/fd"):
        try:
            kinds.append(os.readlink(f"/proc/self/fd/{{number}}").split(":")[0])
        except OSError:
            pass
    facts["descriptors"] = sorted(set(kinds))
    facts["processes"] = sum(one.isdigit() for one in os.listdir("/proc"))
    facts["user"] = os.getuid() >= 1_000_000
    status = dict(line.split(":", 1) for line in open("/proc/self/status").read().splitlines())
    facts["privileges"] = [status[name].strip() for name in
                           ("CapEff", "CapPrm", "CapBnd", "NoNewPrivs", "Seccomp", "Groups")]
    facts["network"] = [line.split(":")[0].strip() for line in open("/proc/net/dev") if ":" in line]
    facts["sockets"] = [line.split()[-1] for line in open("/proc/net/unix").read().splitlines()[1:]
                        if "/" in line or "@" in line]
    facts["writable"] = [path for path in ("/", "/dev", "/run", "/usr", "/work", sys.prefix)
                         if os.access(path, os.W_OK)]
    try:
        socket.create_connection(("127.0.0.1", 8786), 1)
        facts["connected"] = True
    except OSError as error:
        facts["connected"] = type(error).__name__

spy()
import json
raise LookupError(json.dumps({{"found": found, "facts": facts}}))
"""


@pytest.fixture(scope="module")
def exercise() -> Exercise:
    return read_exercise(find_exercises(LECTURES, "06")[0])


@pytest.fixture(scope="module")
def drawn(exercise) -> dict[str, Any]:
    return _reference.draw(exercise, SEED)


@pytest.fixture(scope="module")
def report(exercise, drawn, tmp_path_factory) -> dict[str, Any]:
    """What a spy tells that runs among other answers, while a neighbour's work lies on the disk."""
    neighbour = tmp_path_factory.mktemp("submissions") / "neighbour.ipynb"
    neighbour.write_bytes(notebook(answers(stamp=f"# {NEIGHBOUR}\n{RIGHT['stamp']}")))
    # Of the spy's own task: what the right answers beside it show is theirs to know.
    hidden = [one for name, one in drawn.items() if "matrix" in name]
    expected = [text for one in hidden for text in one["expected"]]
    assert min(map(len, expected)) > 25
    line = "row[i * stride : i * stride + k] = kernel"
    assert line in exercise.tasks["matrix"].answer.source
    needles = [*expected, line, "### BEGIN SOLUTION", str(SEED), NEIGHBOUR]
    spy = SPY.format(needles=[bytes(byte + 1 for byte in needle.encode()) for needle in needles])
    words: list[str] = []
    from segviz.grading import run

    # The report comes back as the words of an error, which are cut short for a student.
    patched = pytest.MonkeyPatch()
    patched.setattr("segviz.grading._judge._LONGEST_WORDS", 1_000_000)
    patched.setattr(run, "_notes", lambda task, done: words.extend(done.words) or [])
    try:
        content = notebook([*answers(matrix=spy)])
        address = _worker._server(exercise).address
        result = run.grade_one(exercise, drawn, content, address)
    finally:
        patched.undo()
        _worker._forget(exercise)
    assert result["points"] == {"stamp": 4.0, "output_size": 3.0, "matrix": 0.0}
    (told,) = [one for one in words if "LookupError" in one]
    return json.loads(told.partition("LookupError: ")[2])


def test_no_file_variable_memory_or_process_holds_what_is_secret(report):
    assert report["found"] == []


def test_no_descriptor_leads_out(report):
    assert set(report["facts"]["descriptors"]) <= {
        "/dev/null",
        "anon_inode",
        "pipe",
        "socket",
        "/proc/2/fd",
    }


def test_no_network_and_no_socket_leads_out(report):
    facts = report["facts"]
    assert facts["network"] in ([], ["lo"])
    # Its own end of the sockets that the grader listens on; nobody else's.
    assert all("segviz-kernel-" in path for path in facts["sockets"])
    assert facts["connected"] in ("ConnectionRefusedError", "OSError")


def test_no_privilege_is_left_and_only_its_own_folder_can_be_written(report):
    facts = report["facts"]
    assert facts["user"]
    assert facts["privileges"] == ["0000000000000000"] * 3 + ["1", "2", ""]
    assert facts["writable"] == []
    assert facts["processes"] <= 3


def test_a_user_namespace_does_where_we_are_not_root(exercise, drawn, monkeypatch):
    """Simulated: the sandbox is made as for a user without rights."""
    monkeypatch.setattr("segviz.grading.sandbox.os.geteuid", lambda: 1000)
    from segviz.grading.run import grade_one

    try:
        address = _worker._server(exercise).address
        result = grade_one(exercise, drawn, notebook(answers()), address)
    finally:
        _worker._forget(exercise)
    assert result["total"] == 10.0, result["notes"]


def test_the_same_seed_gives_the_same_grades_and_another_folder_other_inputs(tmp_path):
    """And what is handed in twice is judged once: the second run only reads."""
    submissions = tmp_path / "in"
    submissions.mkdir()
    (submissions / "ana.ipynb").write_bytes(notebook(answers()))
    (submissions / "bo.ipynb").write_bytes(notebook([code_cell("", "answer-stamp")]))

    def grade(out: str, *more: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "segviz", "grade", str(submissions), "--exercise", "06"]
        command += ["--out", str(tmp_path / out), "--jobs", "1", *more]
        return subprocess.run(command, capture_output=True, text=True)

    first = grade("a", "--seed", "5")
    assert first.returncode == 0, first.stderr
    results = sorted((tmp_path / "a" / "results").iterdir())
    before = [(path.name, path.stat().st_mtime_ns) for path in results]
    assert grade("a").returncode == 0
    assert [(path.name, path.stat().st_mtime_ns) for path in results] == before
    refused = grade("a", "--seed", "6")
    assert refused.returncode == 2
    assert "was graded with another seed than 6" in refused.stderr
    seed = tmp_path / "a" / "seed.json"
    assert seed.stat().st_mode & 0o077 == 0


def test_a_clone_below_tmp_is_seen_by_kernels_without_its_lectures(exercise, drawn, tmp_path):
    """There the kernels' own files lie, and a clone beside them must not be hidden by those."""
    clone = Path(tempfile.mkdtemp(dir="/tmp"))
    try:
        shutil.copytree(LECTURES.parent / "segviz", clone / "segviz")
        shutil.copytree(LECTURES / "src", clone / "lectures" / "src")
        (tmp_path / "ana.ipynb").write_bytes(notebook(answers(matrix=FIND)))
        command = [sys.executable, "-m", "segviz", "grade", str(tmp_path / "ana.ipynb")]
        command += ["--exercise", "06", "--out", str(tmp_path / "out"), "--jobs", "1"]
        environment = {**os.environ, "PYTHONPATH": str(clone)}
        done = subprocess.run(command, cwd=clone, env=environment, capture_output=True, text=True)
    finally:
        shutil.rmtree(clone)
    assert done.returncode == 0, done.stderr
    (path,) = (tmp_path / "out" / "results").iterdir()
    result = json.loads(path.read_text("utf-8"))
    assert result["points"] == {"stamp": 4.0, "output_size": 3.0, "matrix": 0.0}
    assert result["notes"][0].endswith("LookupError: ['segviz']"), result["notes"]


FIND = """
import os, segviz
raise LookupError(sorted(os.listdir(os.path.dirname(os.path.dirname(segviz.__file__)))))
"""


def test_a_clone_below_a_folder_that_python_needs_is_hidden(monkeypatch):
    """As in /usr/local/src: all of /usr is seen, but what holds the solutions."""
    monkeypatch.setattr(sandbox, "_system_folders", lambda: {"/usr": "/usr", "/": "/"})
    command = sandbox._bubblewrap(Path("/nowhere"), [])
    root = str(LECTURES.parent)
    place = command.index(root, command.index("--tmpfs"))
    assert command[place - 1] == "--tmpfs"
    assert command.index(str(LECTURES.parent / "segviz")) > place


def test_memory_shared_among_processes_is_refused_and_their_files_are_not(exercise, drawn):
    """Pages that a process filled and left stay, while no process is seen to hold them."""
    source = f"""
import mmap, multiprocessing
for open_it in (lambda: mmap.mmap(-1, 4096), lambda: mmap.mmap(open("/dev/zero").fileno(), 4096)):
    try:
        open_it()
        raise LookupError("shared memory")
    except OSError:
        pass
assert multiprocessing.Value("i", 3).value == 3
{RIGHT["stamp"]}"""
    from segviz.grading.run import grade_one

    try:
        address = _worker._server(exercise).address
        result = grade_one(exercise, drawn, notebook(answers(stamp=source)), address)
    finally:
        _worker._forget(exercise)
    assert result["total"] == 10.0, result["notes"]
