"""Benchmarks run on request alone: ``pytest tests/benchmarks --benchmark-only``.

Every figure is a ratio: ours and theirs take turns in one run, so that whatever else the machine
does falls on both. Nothing here is asserted but that both sides did the same work.
"""

import statistics
import time

import pytest

RATIOS = pytest.StashKey[list[str]]()


def pytest_configure(config):
    config.stash[RATIOS] = []


def pytest_ignore_collect(collection_path, config):
    """Keep benchmarks out of the test suite."""
    if collection_path.suffix == ".py" and not config.getoption("benchmark_only", False):
        return True
    return None


@pytest.fixture
def against(benchmark, request):
    """Time ``ours`` with ``theirs`` before each round, and report the ratio of the medians."""

    def run(ours, theirs, goal="none set", rounds=15):
        seconds = []

        def their_turn():
            start = time.perf_counter()
            theirs()
            seconds.append(time.perf_counter() - start)

        benchmark.pedantic(ours, setup=their_turn, rounds=rounds, warmup_rounds=1)
        peer = statistics.median(seconds[1:])
        ratio = benchmark.stats.stats.median / peer
        benchmark.extra_info.update(peer_ms=1e3 * peer, ratio=ratio, goal=goal)
        request.config.stash[RATIOS].append(
            f"{request.node.name}: ours {1e3 * benchmark.stats.stats.median:.2f} ms, "
            f"peer {1e3 * peer:.2f} ms, ratio {ratio:.3f} (goal {goal})"
        )

    return run


def pytest_terminal_summary(terminalreporter, config):
    if config.stash[RATIOS]:
        terminalreporter.section("ours against the peer, medians")
        for line in config.stash[RATIOS]:
            terminalreporter.write_line(line)
