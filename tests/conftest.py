"""What every test may rely on: real pictures are there for a test that is marked so, or it is left
out and the run says so."""

from __future__ import annotations

import os

import pytest

_LEFT_OUT = pytest.StashKey[int]()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if os.environ.get("SEGVIZ_DATA"):
        return
    real = [item for item in items if item.get_closest_marker("real_data")]
    config.hook.pytest_deselected(items=real)
    config.stash[_LEFT_OUT] = len(real)
    items[:] = [item for item in items if item not in real]


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    if count := config.stash.get(_LEFT_OUT, 0):
        terminalreporter.write_line(
            f"{count} tests on real pictures were left out: set SEGVIZ_DATA to their folder."
        )
