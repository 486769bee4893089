"""Jupyter kernels out of the sandbox: a provisioner that asks a `KernelServer` for a fork.

The grader listens on sockets of its own and hands them over, so that the sandbox needs neither a
network nor a folder for sockets. The kernel lives as long as the provisioner's connection.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import select
import shutil
import socket
from importlib.metadata import EntryPoint
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.provisioning import KernelProvisionerBase, KernelProvisionerFactory
from traitlets import Dict, Unicode

from ._temporary import temporary_folder

__all__ = ["SandboxProvisioner", "SandboxSpecs"]

NAME = "segviz-sandbox"
SOCKETS = ("shell", "stdin", "control", "iopub")
SECONDS_TO_FORK = 30


class SandboxProvisioner(KernelProvisionerBase):
    """Starts and ends one kernel; `address` and `limits` come from the kernel's specification."""

    address = Unicode()
    limits = Dict()

    _connection: socket.socket | None = None
    _folder = ""
    keeper = 0

    @property
    def has_process(self) -> bool:
        """Whether a kernel was started and not cleaned up."""
        return self._connection is not None

    async def pre_launch(self, **options: Any) -> dict[str, Any]:
        """Choose the sockets; the manager then knows where to connect."""
        self._folder = temporary_folder("socket")
        manager: Any = self.parent
        manager.transport, manager.ip = "ipc", f"{self._folder}/socket"
        manager.connection_file = f"{self._folder}/connection.json"
        for port, name in enumerate((*SOCKETS, "hb"), 1):  # nobody listens to heartbeats
            setattr(manager, f"{name}_port", port)
        self.connection_info = manager.get_connection_info()
        return {"cmd": []}

    async def launch_kernel(self, cmd: list[str], **options: Any) -> KernelConnectionInfo:
        """Have a kernel forked that listens on our sockets."""
        manager: Any = self.parent
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(SECONDS_TO_FORK)
        connection.connect(self.address)
        with contextlib.ExitStack() as stack:
            listeners = [
                stack.enter_context(_listener(f"{manager.ip}-{port}"))
                for port in range(1, len(SOCKETS) + 1)
            ]
            request = {**self.limits, "key": manager.session.key.decode()}
            descriptors = [listener.fileno() for listener in listeners]
            socket.send_fds(connection, [json.dumps(request).encode()], descriptors)
            self.keeper = json.loads(connection.recv(4096))["keeper"]
        self._connection = connection
        return self.connection_info

    async def poll(self) -> int | None:
        """None while the kernel runs, otherwise what it ended with."""
        if self._connection is None:
            return 0
        ended, _, _ = select.select([self._connection], [], [], 0)
        return 1 if ended else None

    async def wait(self) -> int | None:
        """Wait for the kernel's end."""
        while await self.poll() is None:
            await asyncio.sleep(0.02)
        return await self.poll()

    async def send_signal(self, signum: int) -> None:
        """Every signal ends the kernel: one that is not trusted can't be asked to stop."""
        if self._connection is not None:
            with contextlib.suppress(OSError):
                self._connection.shutdown(socket.SHUT_WR)

    async def kill(self, restart: bool = False) -> None:
        """End the kernel and all that it started."""
        await self.send_signal(9)

    async def terminate(self, restart: bool = False) -> None:
        """As `kill`."""
        await self.send_signal(15)

    async def cleanup(self, restart: bool = False) -> None:
        """Close the connection and remove the sockets."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        shutil.rmtree(self._folder, ignore_errors=True)


def _listener(path: str) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    os.chmod(path, 0o600)
    listener.listen(16)
    return listener


class SandboxSpecs(KernelSpecManager):
    """Knows one kernel, the one in the sandbox, and makes its provisioner known to Jupyter."""

    def __init__(self, address: str, limits: dict[str, Any]) -> None:
        super().__init__()
        self._config = {"address": address, "limits": limits}
        entry = EntryPoint(NAME, f"{__name__}:SandboxProvisioner", "jupyter_client")
        KernelProvisionerFactory.instance().provisioners.setdefault(NAME, entry)

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        """The sandbox, whatever name is asked for."""
        provisioner = {"provisioner_name": NAME, "config": self._config}
        return KernelSpec(
            argv=[],
            display_name=NAME,
            language="python",
            metadata={"kernel_provisioner": provisioner},
        )
