"""What a test may rely on: real pictures where it is marked so, Node.js where it asks for ``node``.

Where there are none the test is left out, and the run says so; in CI Node.js is never forgiven.
"""

from __future__ import annotations

import os
import shutil
import signal
from collections import Counter

import pytest

_LEFT_OUT = pytest.StashKey[Counter[str]]()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "sandbox: runs students' code in bubblewrap")
    # A shell starts its background jobs with Ctrl-C ignored, and programs pass that on.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    missing = {item: reason for item in items if (reason := _missing(item))}
    config.hook.pytest_deselected(items=list(missing))
    config.stash[_LEFT_OUT] = Counter(missing.values())
    items[:] = [item for item in items if item not in missing]


def _missing(item: pytest.Item) -> str:
    if item.get_closest_marker("real_data") and not os.environ.get("SEGVIZ_DATA"):
        return "on real pictures: set SEGVIZ_DATA to their folder"
    if os.environ.get("CI"):
        return ""
    if item.get_closest_marker("sandbox") and not shutil.which("bwrap"):
        return "of the sandbox: install bubblewrap, on Linux"
    if not shutil.which("node") and "node" in getattr(item, "fixturenames", ()):
        return "of the widgets' JavaScript: install Node.js"
    return ""


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    for reason, count in config.stash.get(_LEFT_OUT, Counter()).items():
        terminalreporter.write_line(f"{count} tests left out {reason}.")
