"""What a kernel and everything that it started use, seen from outside."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import psutil


class Trouble(Exception):
    """A limit was passed or the kernel is gone; the text goes on after the task's name."""


@dataclass(frozen=True)
class Usage:
    """Sums over a tree of processes; `busy` if one of them runs or waits for a processor."""

    cpu_seconds: float
    memory_bytes: int
    processes: int
    busy: bool = False


def usage_of(root: int) -> Usage:
    """Add up processor time (ended children included), memory and threads of a process and those
    below it."""
    cpu, memory, threads, busy = 0.0, 0, 0, False
    for process in _below(root):
        try:
            with process.oneshot():
                times = process.cpu_times()
                cpu += times.user + times.system
                cpu += getattr(times, "children_user", 0.0) + getattr(times, "children_system", 0.0)
                memory += _memory_of(process)
                threads += process.num_threads()
                busy = busy or process.status() == psutil.STATUS_RUNNING
        except psutil.Error:
            continue  # it ended between the two looks
    return Usage(cpu, memory, threads, busy)


def _memory_of(process: psutil.Process) -> int:
    """Bytes that are no file's; memory shared among processes counts for each that touched it."""
    try:
        with open(f"/proc/{process.pid}/status") as status:
            held = dict(line.split(":", 1) for line in status)
        names = ("RssAnon", "RssShmem", "VmSwap")
        return 1024 * sum(int(held[name].split()[0]) for name in names)
    except (OSError, KeyError):  # gone, a zombie, or no Linux
        return int(process.memory_info().rss)


def _below(root: int) -> Iterator[psutil.Process]:
    try:
        process = psutil.Process(root)
        yield from (process, *process.children(recursive=True))
    except psutil.Error:
        return
