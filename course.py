"""Set the course up and open it, with Python's standard library only.

python course.py lab [LECTURE] [--port N] [--no-browser]   open JupyterLab on a lecture
python course.py test                                      run every check that CI runs

The first run makes `.venv` beside this file from requirements.lock; later runs start at once, and
a run that was interrupted is made good by the next one.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
STAMP = VENV / "course-setup.txt"  # what stands in .venv; "unfinished" while pip is at work
LOG = VENV / "course-setup.log"
MINIMUM_PYTHON = (3, 11)
# The packages, and pip's downloads while it unpacks them; torch on Linux brings CUDA along.
NEEDED_GIB = 10 if sys.platform == "linux" else 4


class Problem(Exception):
    """What stands in the way and what to do about it, in a line or two."""


def main() -> int:
    options = _parse(sys.argv[1:])
    try:
        _require_python()
        if options.command == "test":
            command = [python(), str(ROOT / "tests" / "checks.py")]
        else:
            lecture = find_lecture(options.lecture)
            command = lab_command(lecture, options.port, options.no_browser)
        set_up()
        return _hand_over(command)
    except Problem as problem:
        print(f"course.py: {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ncourse.py: interrupted; run the same command again to go on.", file=sys.stderr)
        return 130


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="course.py", description="Set the course up and open it.")
    commands = parser.add_subparsers(dest="command", required=True)
    lab = commands.add_parser("lab", help="open JupyterLab on a lecture")
    lab.add_argument("lecture", nargs="?", default="", help="for example 03; the first by default")
    lab.add_argument("--port", type=int, help="8888, or the next free one, by default")
    lab.add_argument("--no-browser", action="store_true", help="print the address only")
    commands.add_parser("test", help="run every check that CI runs")
    return parser.parse_args(arguments)


def find_lecture(name: str) -> Path:
    """The lecture that `name` (a number, a stem, a path) means; the first one for ''."""
    lectures = sorted((ROOT / "lectures").glob("[0-9][0-9]_*.ipynb"))
    found = [path for path in lectures if path.name.startswith(Path(name).name)]
    if not found:
        there = ", ".join(path.stem for path in lectures)
        raise Problem(f"no lecture is called {name!r}; there are: {there}")
    return found[0]


def lab_command(lecture: Path, port: int | None, no_browser: bool) -> list[str]:
    command = [python(), "-m", "jupyterlab", f"--ServerApp.root_dir={ROOT}"]
    command += [f"--LabApp.default_url=/lab/tree/{lecture.relative_to(ROOT).as_posix()}"]
    command += [f"--ServerApp.port={port}", "--ServerApp.port_retries=0"] if port else []
    command += ["--no-browser"] if no_browser else []
    # Jupyter refuses to run as root, which is who one is in most containers.
    command += ["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    return command


def python() -> str:
    """The environment's own interpreter."""
    return str(VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))


def set_up() -> None:
    """Make `.venv` hold what requirements.lock names; nothing to do when it does."""
    if _is_ready():
        return
    with _one_at_a_time():
        if _is_ready():
            return
        start = time.monotonic()
        print(f"Setting up in {VENV} (once; about three minutes on a fast connection)", flush=True)
        if not _can_be_updated():
            _make_environment()
        _write(STAMP, "unfinished")
        _pip("-r", "requirements.lock")
        _pip("--no-deps", "--no-build-isolation", "-e", ".")
        _quieten_lab()
        _write(STAMP, _wanted())
        print(f"Set up in {time.monotonic() - start:.0f} s.", flush=True)


def _wanted() -> str:
    """What a finished set-up of these files, in this place, leaves in the stamp."""
    files = [ROOT / "requirements.lock", ROOT / "pyproject.toml"]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest() + f" {ROOT}"


def _is_ready() -> bool:
    return STAMP.exists() and STAMP.read_text(encoding="utf-8") == _wanted() and _runs()


def _runs() -> bool:
    """False for an interpreter that is missing, broken, moved, or without pip."""
    try:
        return subprocess.run([python(), "-c", "import pip"], capture_output=True).returncode == 0
    except OSError:
        return False


def _can_be_updated() -> bool:
    """Whether pip may go on in `.venv`. Not after an interruption (a killed pip can leave a package
    that looks whole), nor in a folder that was moved (scripts name the folder they were made in).
    """
    made_here = not STAMP.exists() or STAMP.read_text(encoding="utf-8").endswith(f" {ROOT}")
    return made_here and _runs()


def _make_environment() -> None:
    try:
        if VENV.exists():
            shutil.rmtree(VENV)
        free = shutil.disk_usage(ROOT).free / 2**30
        if free < NEEDED_GIB:
            raise Problem(
                f"the set-up needs {NEEDED_GIB} GiB of disk, and {free:.1f} GiB are free at {ROOT}."
                " Free some, or move the folder to another disk."
            )
        VENV.mkdir()
        _write(STAMP, "unfinished")  # before venv's first file: it may be killed too
    except OSError as error:
        raise Problem(f"cannot replace .venv ({error}). Close JupyterLab, try again.") from error
    base = getattr(sys, "_base_executable", None) or sys.executable
    made = subprocess.run([base, "-m", "venv", str(VENV)], capture_output=True, text=True)
    if made.returncode:
        raise Problem(
            f"{base} cannot make a virtual environment: {_last_line(made.stdout + made.stderr)}"
            "\nOn Debian and Ubuntu: apt install python3-venv, then run the same command again."
        )


def _pip(*arguments: str) -> None:
    """Run pip with its words in the log and its latest doing on the screen."""
    scratch = VENV / "tmp"  # on the disk that was measured; /tmp is often small
    scratch.mkdir(exist_ok=True)
    command = [python(), "-m", "pip", "install", "--no-input", "--progress-bar=off", *arguments]
    extra = {"PIP_USER": "0", "PYTHONUNBUFFERED": "1", "TMPDIR": str(scratch), "TEMP": str(scratch)}
    with LOG.open("w", encoding="utf-8") as log:
        environment = {**_environment(), **extra}
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=log, stderr=log, close_fds=False
        )
        try:
            _show_progress(process)
        finally:
            process.terminate()
            process.wait()
    shutil.rmtree(scratch, ignore_errors=True)
    if process.returncode:
        log = LOG.read_text(encoding="utf-8", errors="replace")
        if "Installing collected packages" not in log:  # nothing was touched: keep what there is
            _write(STAMP, f"outdated {ROOT}")
        raise Problem(_explain(log))


def _show_progress(process: subprocess.Popen) -> None:
    start, shown, live = time.monotonic(), "", sys.stdout.isatty()
    while process.poll() is None:
        time.sleep(0.3)
        words = LOG.read_text(encoding="utf-8", errors="replace")
        doing = _last_line(words, "Downloading ", "Installing ")
        line = f"  {time.monotonic() - start:4.0f} s  {doing[:66]:66}"
        if live:
            print("\r" + line, end="", flush=True)
        elif doing != shown:
            print(line.rstrip(), flush=True)
        shown = doing
    print(f"\r{'':76}\r" if live else "", end="")


def _explain(log: str) -> str:
    if any(sign in log for sign in ("No space left", "Errno 28", "not enough space")):
        return f"the disk is full. Free {NEEDED_GIB} GiB, then run the same command again."
    if any(sign in log for sign in ("NewConnectionError", "NameResolutionError", "Read timed out")):
        return (
            "pip cannot reach the package index. Check the connection (or the proxy), then run the "
            f"same command again.\npip's own words: {LOG}"
        )
    return f"pip failed: {_last_line(log, 'ERROR: ', 'Error: ')}\nThe whole log: {LOG}"


def _last_line(text: str, *signs: str) -> str:
    """The last line that holds one of `signs`, or the last of all."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return ([line for line in lines if any(sign in line for sign in signs)] or lines or [""])[-1]


def _require_python() -> None:
    if sys.version_info < MINIMUM_PYTHON:
        raise Problem(
            f"the course needs Python {MINIMUM_PYTHON[0]}.{MINIMUM_PYTHON[1]} or newer, and "
            f"{sys.executable} is {sys.version.split()[0]}. Install one from python.org and run, "
            "for example: python3.12 course.py lab"
        )


def _quieten_lab() -> None:
    """Switch off JupyterLab's question about news, which covers the first lecture."""
    settings = VENV / "share" / "jupyter" / "lab" / "settings"
    settings.mkdir(parents=True, exist_ok=True)
    news = {"fetchNews": "false", "checkForUpdates": False}
    overrides = {"@jupyterlab/apputils-extension:notification": news}
    _write(settings / "overrides.json", json.dumps(overrides))


def _write(path: Path, text: str) -> None:
    part = path.with_name(path.name + ".part")
    part.write_text(text, encoding="utf-8")
    os.replace(part, path)


@contextlib.contextmanager
def _one_at_a_time():
    """Hold a lock that the operating system lets go of when its holders die: this process, and a
    pip that goes on alone after it was killed."""
    with (ROOT / ".course.lock").open("a+") as file:
        os.set_inheritable(file.fileno(), True)
        waiting = False
        while not _locked(file):
            if not waiting:
                print("Another course.py is setting up here; waiting for it.", flush=True)
            waiting = True
            time.sleep(0.3)
        yield


def _locked(file) -> bool:
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _environment() -> dict[str, str]:
    """Ours alone: no user site, no foreign kernel, no thread that spins while it waits."""
    ours = {"PYTHONNOUSERSITE": "1", "JUPYTER_PREFER_ENV_PATH": "1", "VIRTUAL_ENV": str(VENV)}
    kept = {k: v for k, v in os.environ.items() if k not in ("PYTHONHOME", "PYTHONPATH")}
    path = str(Path(python()).parent) + os.pathsep + kept.get("PATH", "")
    return {"OMP_WAIT_POLICY": "PASSIVE", **kept, **ours, "PATH": path}


def _hand_over(command: list[str]) -> int:
    """Let `command` take this process's place, so that signals reach it and nothing is orphaned."""
    sys.stdout.flush()
    os.chdir(ROOT)
    if os.name != "nt":
        os.execve(command[0], command, _environment())
    process = subprocess.Popen(command, env=_environment())
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue  # the child got it too, and says what it does about it


if __name__ == "__main__":
    sys.exit(main())
