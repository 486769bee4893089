"""course.py on a course of one line: the real venv and the real pip, no network."""

from __future__ import annotations

import ast
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time
from collections import namedtuple
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCE = (ROOT / "course.py").read_text("utf-8")
BACKEND = """
import os, pathlib, time, zipfile

def build_editable(directory, config_settings=None, metadata_directory=None):
    pathlib.Path("building").touch()
    time.sleep(float(os.environ.get("BUILD_SECONDS", 0)))
    name = "tiny-1.0-py3-none-any.whl"
    files = {
        "tiny.pth": str(pathlib.Path("stubs").resolve()),
        "tiny-1.0.dist-info/METADATA": "Metadata-Version: 2.1\\nName: tiny\\nVersion: 1.0\\n",
        "tiny-1.0.dist-info/WHEEL":
            "Wheel-Version: 1.0\\nGenerator: x\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
    }
    record = "".join(f"{file},,\\n" for file in files) + "tiny-1.0.dist-info/RECORD,,\\n"
    with zipfile.ZipFile(pathlib.Path(directory, name), "w") as wheel:
        for file, text in {**files, "tiny-1.0.dist-info/RECORD": record}.items():
            wheel.writestr(file, text)
    return name
"""
PROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "tiny"
version = "1.0"
"""


def make_course(folder: Path) -> Path:
    for name, text in {
        "course.py": SOURCE,
        "backend.py": BACKEND,
        "pyproject.toml": PROJECT,
        "requirements.lock": "# nothing\n",
        "tests/checks.py": "import os, sys; print('checked', sys.prefix, os.environ['PATH'])",
        "stubs/jupyterlab.py": "import sys; print('lab', *sys.argv[1:])",
        "lectures/02_first.ipynb": "{}",
        "lectures/03_second.ipynb": "{}",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    return folder


def environment() -> dict[str, str]:
    """No index but a port that nothing listens on, whatever this machine's pip is told."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PIP_")}
    nowhere = {"PIP_INDEX_URL": "http://127.0.0.1:9/", "PIP_RETRIES": "1"}
    return {**kept, **nowhere, "PIP_CONFIG_FILE": os.devnull}


def start(folder: Path, *arguments: str, **extra: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(folder / "course.py"), *arguments],
        env={**environment(), **extra},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def run(folder: Path, *arguments: str, **extra: str) -> tuple[int, str, str]:
    process = start(folder, *arguments, **extra)
    out, error = process.communicate(timeout=120)
    return process.returncode, out, error


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    folder = make_course(tmp_path_factory.mktemp("a course"))  # with a space in its path
    code, out, error = run(folder, "test")
    assert code == 0, out + error
    assert "Setting up" in out
    return folder


@pytest.fixture
def module(tmp_path, monkeypatch):
    """course.py itself, imported, in a folder of its own."""
    spec = importlib.util.spec_from_file_location("course", make_course(tmp_path) / "course.py")
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def test_checks_run_in_the_environment_at_once_when_it_stands(course):
    code, out, _ = run(course, "test")
    assert (code, "Setting up" in out) == (0, False)
    prefix = str(course / ".venv")
    assert out.startswith(f"checked {prefix} {prefix}")


def test_lab_opens_the_first_lecture_and_asks_nothing(course):
    _, out, _ = run(course, "lab", "--no-browser", "--port", "9123")
    assert "--LabApp.default_url=/lab/tree/lectures/02_first.ipynb" in out
    assert f"--ServerApp.root_dir={course}" in out
    assert "--ServerApp.port=9123 --ServerApp.port_retries=0 --no-browser" in out
    overrides = course / ".venv" / "share" / "jupyter" / "lab" / "settings" / "overrides.json"
    (news,) = json.loads(overrides.read_text()).values()
    assert news["fetchNews"] == "false"


@pytest.mark.parametrize("name", ["03", "03_second", "lectures/03_second.ipynb"])
def test_lab_opens_the_lecture_that_is_named(course, name):
    _, out, _ = run(course, "lab", name)
    assert "--LabApp.default_url=/lab/tree/lectures/03_second.ipynb" in out


def test_an_unknown_lecture_is_answered_with_those_there_are(course):
    code, _, error = run(course, "lab", "99")
    assert (code, error) == (
        1,
        "course.py: no lecture is called '99'; there are: 02_first, 03_second\n",
    )


def test_a_changed_lock_is_installed_into_the_same_environment(course):
    kept = course / ".venv" / "kept"
    kept.touch()
    (course / "requirements.lock").write_text("# still nothing\n")
    code, out, error = run(course, "test")
    assert code == 0, error
    assert "Setting up" in out
    assert kept.exists()


def test_without_network_it_says_so_and_keeps_what_there_is(course):
    kept = course / ".venv" / "kept"
    kept.touch()
    (course / "requirements.lock").write_text("tiny-missing==1.0\n")
    code, _, error = run(course, "test")
    assert (code, error.count("\n")) == (1, 2)
    assert error.startswith("course.py: pip cannot reach the package index.")
    assert error.endswith(f"pip's own words: {course / '.venv' / 'course-setup.log'}\n")
    (course / "requirements.lock").write_text("# nothing\n")
    assert run(course, "test")[0] == 0
    assert kept.exists()


def test_a_package_that_is_not_to_be_had_is_named(course, tmp_path):
    (course / "requirements.lock").write_text("tiny-missing==1.0\n")
    code, _, error = run(course, "test", PIP_NO_INDEX="1")
    assert code == 1
    assert "pip failed: ERROR: No matching distribution found for tiny-missing==1.0" in error
    (course / "requirements.lock").write_text("# nothing\n")


def test_killed_in_the_middle_the_next_run_heals_it(course):
    (course / ".venv" / "course-setup.txt").write_text("unfinished")
    (course / "building").unlink()
    process = start(course, "test", BUILD_SECONDS="5")
    while process.poll() is None and not (course / "building").exists():
        time.sleep(0.1)
    process.kill()  # pip goes on alone, and is waited for
    code, out, error = run(course, "test")
    assert code == 0, error
    assert "waiting for it" in out
    assert out.count("checked") == 1


def test_a_moved_course_is_set_up_anew_once_by_two_at_once(course, tmp_path):
    moved = tmp_path / "moved"
    shutil.copytree(course, moved, symlinks=True)
    first, second = start(moved, "test"), start(moved, "test")
    outputs = [process.communicate(timeout=120)[0] for process in (first, second)]
    assert (first.returncode, second.returncode) == (0, 0)
    assert sorted("Setting up" in out for out in outputs) == [False, True]
    assert sorted("waiting for it" in out for out in outputs) == [False, True]
    assert all(f"checked {moved / '.venv'}" in out for out in outputs)


def test_an_old_python_can_read_it_and_is_told(module, monkeypatch, capsys):
    ast.parse(SOURCE, feature_version=(3, 8))
    version_info = namedtuple("version_info", "major minor micro")(3, 8, 18)
    monkeypatch.setattr(sys, "version_info", version_info)
    monkeypatch.setattr(sys, "argv", ["course.py", "lab"])
    assert module.main() == 1
    assert "course.py: the course needs Python 3.11 or newer, and" in capsys.readouterr().err


def test_a_full_disk_is_told_before_anything_is_made(module, monkeypatch, capsys):
    usage = shutil.disk_usage(".")._replace(free=3 * 2**30)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    monkeypatch.setattr(sys, "argv", ["course.py", "lab"])
    assert module.main() == 1
    error = capsys.readouterr().err
    assert f"needs {module.NEEDED_GIB} GiB of disk, and 3.0 GiB are free" in error
    assert not module.VENV.exists()


def test_a_disk_that_fills_up_meanwhile_is_told(module):
    log = "Downloading torch\nERROR: Could not install packages due to an OSError: [Errno 28] No s"
    assert module._explain(log).startswith("the disk is full. Free")
