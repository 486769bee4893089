"""The kernel as nbval sees it, guarded: watched limits, capped output, no waiting for the dead."""

from __future__ import annotations

import base64
import contextlib
import math
import shutil
import time
from collections import deque
from dataclasses import dataclass
from queue import Empty
from typing import Any

import psutil
import zmq
from jupyter_client.manager import KernelManager
from nbval.kernel import NbvalKernelspecManager, RunningKernel

from ._system_calls import forbidden
from ._temporary import temporary_folder
from ._usage import Trouble, usage_of
from .provisioner import SandboxSpecs

LARGEST_OUTPUT = 5_000_000
# What messages that aren't complete may take here; libzmq holds all parts of one until it ends.
MOST_UNREAD_BYTES = 200_000_000
SECONDS_TO_START = 60
SECONDS_FOR_STRAGGLERS = 10
_LOOK_EVERY = 0.25


@dataclass(frozen=True)
class Limits:
    """What one task may use; of `wall_seconds` those don't count in which it could only wait for
    a processor, up to `excused_seconds` for all tasks of a kernel, which has `total_seconds`."""

    cpu_seconds: float
    memory_bytes: int
    processes: int
    disk_bytes: int
    excused_seconds: float = math.inf
    total_seconds: float = math.inf

    @property
    def wall_seconds(self) -> float:
        return 3 * self.cpu_seconds


class GuardedKernel(RunningKernel):
    """nbval's kernel out of the sandbox; where `address` is empty, an ordinary one."""

    def __init__(self, address: str, limits: Limits) -> None:
        self.limits = limits
        self._messages: deque[dict[str, Any]] = deque()
        self._replies: deque[dict[str, Any]] = deque()
        self.written = 0
        self._here = psutil.Process()
        self._held_before = self._here.memory_info().rss
        self.trouble = ""
        self.cpu_seconds = self.seconds = self.excused = 0.0
        self._began: float | None = None
        context = zmq.Context()
        context.setsockopt(zmq.MAXMSGSIZE, 2 * LARGEST_OUTPUT)
        context.setsockopt(zmq.RCVHWM, 200)
        specs = SandboxSpecs(address, _request(limits)) if address else NbvalKernelspecManager()
        self.km = KernelManager(kernel_name="python3", kernel_spec_manager=specs)
        self._folder = temporary_folder("kernel")  # never the one of the notebook
        self.km.start_kernel(cwd=self._folder)
        self.kc = self.km.client(context=context)
        self._context = context
        self.kc.start_channels(stdin=False, hb=False, control=False)
        self.start_task()
        self._wait_until_ready()
        self._began = None
        self.start_task()

    def _wait_until_ready(self) -> None:
        """The first messages are lost until iopub is connected, so ask until one comes back."""
        end = time.monotonic() + SECONDS_TO_START
        while not self._messages:
            if time.monotonic() > end or not self.is_alive():
                raise RuntimeError("the kernel did not start")
            self.kc.kernel_info()
            for _ in range(20):
                self._read(0.02)
                if self._messages:
                    break
        self._messages.clear()
        self._replies.clear()

    @property
    def process(self) -> int:
        """The process below which everything of this kernel runs."""
        provisioner: Any = self.km.provisioner
        keeper = getattr(provisioner, "keeper", 0)
        return keeper or int(getattr(provisioner, "pid", 0) or 0)

    def start_task(self) -> None:
        """Count what is used from here on."""
        self._end_task()
        self._began = self._looked = time.monotonic()
        self._waited = 0.0
        self._cpu_before = usage_of(self.process).cpu_seconds
        self.written = 0

    def _end_task(self) -> None:
        """Add what a task took to what all took."""
        if self._began is not None:
            took = time.monotonic() - self._began
            excused = min(max(0.0, took - self.limits.wall_seconds), self._waited)
            self.excused += excused
            self.seconds += took - excused
            self._began = None

    def await_reply(self, msg_id: str, timeout: float | None = None) -> None:
        """Wait for a reply, reading outputs meanwhile, within the task's limits."""
        while True:
            while self._replies:
                reply = self._replies.popleft()
                if reply.get("parent_header", {}).get("msg_id") == msg_id:
                    self._replied = time.monotonic()
                    return
            self._wait()

    def get_message(self, stream: str, timeout: float | None = None) -> dict[str, Any]:
        """The next output; one that was lost is not waited for."""
        while True:
            if self._messages:
                return self._messages.popleft()
            if time.monotonic() > self._replied + SECONDS_FOR_STRAGGLERS:
                raise self._ended("lost its outputs")
            self._wait()

    def _wait(self) -> None:
        self._read(0.05)
        now = time.monotonic()
        if self.written > LARGEST_OUTPUT:
            raise self._ended(f"wrote more than {LARGEST_OUTPUT // 1_000_000} MB of output")
        if self._here.memory_info().rss > self._held_before + MOST_UNREAD_BYTES:
            raise self._ended("sent a message without end")
        if now > self._looked + _LOOK_EVERY:
            self._look(now)
            self._looked = now

    def _look(self, now: float) -> None:
        if not self.is_alive():
            raise self._ended("ended the kernel")
        used, limits = usage_of(self.process), self.limits
        if used.busy:  # a crowded machine is no fault of the answer's
            self._waited += now - self._looked
        took = now - (self._began or now)
        took -= min(self._waited, limits.wall_seconds, limits.excused_seconds - self.excused)
        if took > limits.wall_seconds:
            raise self._ended(f"took more than {limits.wall_seconds:g} s")
        if self.seconds + took > limits.total_seconds:
            raise self._ended(f"took more than {limits.total_seconds:g} s with the cells around it")
        if used.cpu_seconds - self._cpu_before > limits.cpu_seconds:
            raise self._ended(f"used more than {limits.cpu_seconds:g} s of CPU")
        if used.memory_bytes > limits.memory_bytes:
            raise self._ended(f"used more than {limits.memory_bytes / 1e6:.0f} MB of memory")
        if used.processes > limits.processes + 16:
            raise self._ended(f"started more than {limits.processes} processes")

    def _read(self, seconds: float) -> None:
        """Take what has come on both channels; what can't be read is the kernel's fault."""
        channels = {
            self.kc.shell_channel.socket: (self.kc.shell_channel, self._replies),
            self.kc.iopub_channel.socket: (self.kc.iopub_channel, self._messages),
        }
        ready = zmq.select(list(channels), [], [], seconds)[0]
        for socket in ready:
            channel, messages = channels[socket]
            for _ in range(100):
                try:
                    parts = socket.recv_multipart(zmq.NOBLOCK)
                except zmq.Again:
                    break
                self.written += sum(map(len, parts))
                try:
                    _, body = channel.session.feed_identities(parts)
                    messages.append(channel.session.deserialize(body))
                except Exception as error:  # signed by nobody, no JSON, nested without end
                    raise self._ended("sent a message that can't be read") from error

    def _ended(self, words: str) -> Trouble:
        self.trouble = words
        self.stop()
        return Trouble(words)

    def stop(self) -> None:
        """End the kernel at once, with everything that it started."""
        if hasattr(self, "km"):
            self._end_task()
            self.cpu_seconds = usage_of(self.process).cpu_seconds
            self.kc.stop_channels()
            with contextlib.suppress(RuntimeError, Empty):
                self.km.shutdown_kernel(now=True)
            self._context.destroy(linger=0)
            shutil.rmtree(self._folder, ignore_errors=True)
            del self.km


def _request(limits: Limits) -> dict[str, Any]:
    """The hard limits, in the kernel of the operating system: a little above the watched ones."""
    return {
        "cpu_seconds": int(20 * limits.cpu_seconds),
        "memory_bytes": limits.memory_bytes,
        "disk_bytes": limits.disk_bytes,
        "processes": limits.processes,
        "forbidden": base64.b64encode(forbidden()).decode(),
    }
