"""Every check that CI runs, cheapest first, with one summary: ``python course.py test``.

A check whose program is missing (Node.js, Chromium) is left out, loudly; in CI it fails instead,
and so does a test that skips itself. ``python tests/checks.py mypy doctests`` runs those named.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOGS = ROOT / "build" / "checks"
IN_CI = os.environ.get("CI", "").lower() in ("1", "true")
# Two halves of the unit tests, to run side by side: what is not named here is the other half.
COURSE_TESTS = (
    *("widgets", "grading", "exercises", "lectures", "test_course.py", "test_cli.py"),
    *("test_doctor.py", "test_checks.py", "test_environment.py", "test_pages.py"),
)
# Parts of the browser tests, two at a time side by side: what is not named here is the third.
LECTURES_IN_LAB = ("test_lectures_in_lab.py",)
EVERY_WIDGET = ("test_saved_pages.py", "test_widgets_in_lab.py", "test_widgets_moving.py")
SHOWN_LINES, SHOWN_COLUMNS = 120, 300
DEBIAN_PACKAGES = {
    "node": "nodejs",
    "chromium": "chromium fonts-liberation",
    "bwrap": "bubblewrap",
}
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
MAC_CHROME = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"


@dataclass(frozen=True)
class Check:
    """One command; `program` is what it needs beyond the locked environment."""

    name: str
    command: tuple[str, ...]
    program: str = ""
    environment: dict[str, str] = field(default_factory=dict)


@dataclass
class Result:
    """How a check ended, what it said last, and how many tests it counted."""

    check: Check
    outcome: str  # "passed", "FAILED" or "SKIPPED"
    words: str = ""
    seconds: float = 0.0
    tests: Counter[str] = field(default_factory=Counter)


def main(names: list[str]) -> int:
    """Run the checks called `names`, all by default; return 1 if one failed."""
    LOGS.mkdir(parents=True, exist_ok=True)
    start, results = time.monotonic(), []
    for width, checks in phases():
        chosen = [check for check in checks if not names or check.name in names]
        results += run(chosen, width)
    return summarize(results, time.monotonic() - start)


def phases() -> list[tuple[int, list[Check]]]:
    """What runs, in this order: how many side by side, and which."""
    lectures = sorted(str(path) for path in (ROOT / "lectures").glob("[0-9][0-9]_*.ipynb"))
    nbval = pytest("-o", "addopts=", "--nbval-lax", "-q", *(lectures or ["lectures"]))
    one_thread = {"OMP_NUM_THREADS": "1"}
    cheap = [
        Check("ruff check", module("ruff", "check", ".")),
        Check("ruff format", module("ruff", "format", "--check", ".")),
        Check("imports", (script("lint-imports"),)),
        Check("built lectures", module("segviz", "build", "--check")),
        Check("javascript", ("node", "--test", *javascript_tests()), program="node"),
        Check("mypy", module("mypy")),
    ]
    unit = pytest("-rs", "-m", "not browser and not sandbox")
    others = [f"--ignore=tests/{name}" for name in COURSE_TESTS]
    course = [f"tests/{name}" for name in COURSE_TESTS]
    python_tests = [
        Check("tests of library", (*unit, "tests", *others), environment=one_thread),
        Check("tests of course", (*unit, *course), environment=one_thread),
        Check("doctests", pytest("--doctest-modules", "segviz"), environment=one_thread),
    ]
    # Each has a JupyterLab and a Chromium of its own, and waits for what it reads: what runs beside
    # it makes it late, but not wrong.
    browser = pytest("-m", "browser")
    in_lab, every = (
        [f"tests/browser/{name}" for name in part] for part in (LECTURES_IN_LAB, EVERY_WIDGET)
    )
    rest = ["tests/browser", *(f"--ignore={path}" for path in in_lab + every)]
    shown = [
        Check("browser, lectures", (*browser, *in_lab), program="chromium"),
        Check("browser, all widgets", (*browser, *every), program="chromium"),
        Check("browser, one widget", (*browser, *rest), program="chromium"),
    ]
    # nbval waits five seconds at most: nothing else runs beside it.
    quiet = [
        Check("grading", pytest("tests/grading", "-m", "sandbox"), program="bwrap"),
        Check("lectures, stand-ins", nbval, environment={"SEGVIZ_SOURCE": "bundled"}),
    ]
    if os.environ.get("SEGVIZ_DATA"):
        quiet.append(Check("lectures, real sets", nbval))
    return [(2, cheap), (2, python_tests), (2, shown), (1, quiet)]


def module(*command: str) -> tuple[str, ...]:
    return (sys.executable, "-m", *command)


def pytest(*arguments: str) -> tuple[str, ...]:
    return module("pytest", *arguments)


def script(name: str) -> str:
    return str(Path(sys.executable).with_name(name + (".exe" if os.name == "nt" else "")))


def javascript_tests() -> list[str]:
    return sorted(str(path) for path in (ROOT / "tests").rglob("*.test.*js"))


def run(checks: list[Check], width: int) -> list[Result]:
    """Run checks, at most `width` side by side; Ctrl-C ends those that run."""
    waiting, results = list(checks), []
    running: dict[str, tuple[Check, subprocess.Popen[bytes], float]] = {}
    try:
        while waiting or running:
            while waiting and len(running) < width:
                check = waiting.pop(0)
                if program_of(check) is None:
                    results.append(tell(without_program(check)))
                else:
                    running[check.name] = (check, start(check), time.monotonic())
            for name, (check, process, began) in list(running.items()):
                if process.poll() is not None:
                    del running[name]
                    seconds = time.monotonic() - began
                    results.append(tell(judge(check, process.returncode, seconds)))
            show_running({name: began for name, (_, _, began) in running.items()})
            time.sleep(0.2)
    finally:
        for _, process, _ in running.values():
            process.terminate()
            process.wait()
    return results


def start(check: Check) -> subprocess.Popen[bytes]:
    environment = {**os.environ, **check.environment}
    if program := program_of(check):
        environment[check.program.upper()] = program
    if check.environment.get("SEGVIZ_SOURCE") == "bundled":
        environment.pop("SEGVIZ_DATA", None)
    with log_of(check).open("wb") as log:
        return subprocess.Popen(
            check.command, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT
        )


def log_of(check: Check) -> Path:
    return LOGS / (re.sub(r"\W+", "-", check.name) + ".log")


def program_of(check: Check) -> str | None:
    """Where the program is that a check needs, '' if it needs none, None if there is none."""
    if not check.program:
        return ""
    found = find_program(check.program)
    if found is None and IN_CI and hasattr(os, "geteuid") and os.geteuid() == 0:
        install(*DEBIAN_PACKAGES[check.program].split())
        found = find_program(check.program)
    return found


def find_program(name: str) -> str | None:
    if name != "chromium":
        return shutil.which(name)
    named = os.environ.get("CHROMIUM")
    candidates = [named] if named else [*CHROMIUM_NAMES, MAC_CHROME]
    return next((found for candidate in candidates if (found := shutil.which(candidate))), None)


def install(*packages: str) -> None:
    """As root in CI, on Debian: have it, or let the check fail for want of it."""
    if shutil.which("apt-get"):
        print(f"  installing {' '.join(packages)}", flush=True)
        quiet = {
            "stdout": subprocess.DEVNULL,
            "env": {**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
        }
        subprocess.run(["apt-get", "update", "-qq"], check=False, **quiet)
        command = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages]
        subprocess.run(command, check=False, **quiet)


def without_program(check: Check) -> Result:
    remedy = f"{check.program} is missing; on Debian: apt install {DEBIAN_PACKAGES[check.program]}"
    return Result(check, "FAILED" if IN_CI else "SKIPPED", remedy)


def judge(check: Check, code: int, seconds: float) -> Result:
    log = log_of(check).read_text(encoding="utf-8", errors="replace")
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    result = Result(check, "FAILED" if code else "passed", "", seconds, count_tests(log))
    result.words = (lines or ["said nothing"])[-1]
    if check.program == "node":
        result.words = f"{result.tests['passed']} passed, {result.tests['failed']} failed"
    if IN_CI and result.tests["skipped"]:
        result.outcome = "FAILED"
        result.words += " (in CI no test may skip itself)"
    if result.outcome == "FAILED":
        shown = [line[:SHOWN_COLUMNS] for line in log.splitlines()[-SHOWN_LINES:]]
        print(f"\n----- {check.name}: {log_of(check)} -----", *shown, sep="\n")
    return result


def count_tests(log: str) -> Counter[str]:
    """Tests by outcome, from pytest's closing line or node's last lines."""
    counts: Counter[str] = Counter()
    closing = re.findall(
        r"^=*\s*(\d+ (?:passed|failed|skipped|error|deselected).* in [\d.]+s.*)$", log, re.M
    )
    for number, outcome in re.findall(
        r"(\d+) (passed|failed|skipped|error)", (closing or [""])[-1]
    ):
        counts["failed" if outcome == "error" else outcome] += int(number)
    for outcome, number in re.findall(r"^\S+ (pass|fail|skipped) (\d+)$", log, re.M):
        counts[{"pass": "passed", "fail": "failed"}.get(outcome, outcome)] += int(number)
    return counts


def tell(result: Result) -> Result:
    clear_line()
    name = result.check.name
    print(f"{result.outcome:8} {name:20} {result.seconds:6.1f} s  {result.words[:100]}", flush=True)
    return result


def show_running(began: dict[str, float]) -> None:
    if sys.stdout.isatty():
        now = time.monotonic()
        words = ", ".join(f"{name} ({now - then:.0f} s)" for name, then in began.items())
        print(f"\r{'  running: ' + words:100}", end="", flush=True)


def clear_line() -> None:
    if sys.stdout.isatty():
        print(f"\r{'':100}\r", end="")


def summarize(results: list[Result], seconds: float) -> int:
    tests: Counter[str] = sum((result.tests for result in results), Counter())
    failed = [result for result in results if result.outcome == "FAILED"]
    skipped = [result for result in results if result.outcome == "SKIPPED"]
    clear_line()
    print(f"\n{len(results)} checks in {seconds:.0f} s")
    for result in failed + skipped:
        print(f"  {result.outcome}: {result.check.name}: {result.words}")
    if not os.environ.get("SEGVIZ_DATA"):
        print("  Left out: tests on real pictures, because SEGVIZ_DATA is not set")
    print(f"{tests['passed']} passed, {tests['failed']} failed, {tests['skipped']} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)
        sys.exit(130)
