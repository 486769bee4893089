"""Runs inside the sandbox: libraries are loaded once, and each kernel is a fork of this process.

It starts before any student's code and never runs any. Each request comes over a socket with the
kernel's four listening sockets; the kernel gets namespaces, file systems and a user of its own, so
that it meets neither this process nor another kernel. When the request's connection closes, the
kernel and all that it started are gone.

This file stands alone (standard library and ipykernel): it is mounted into the sandbox by itself.
"""

from __future__ import annotations

import base64
import contextlib
import ctypes
import functools
import gc
import importlib
import json
import os
import resource
import select
import signal
import socket
import sys
from collections.abc import Callable
from typing import Any, NoReturn

NEW_FILES, NEW_HOST_NAME, NEW_IPC = 0x00020000, 0x04000000, 0x08000000
NEW_PROCESSES, NEW_NETWORK = 0x20000000, 0x40000000
NO_SETUID, NO_DEVICES, NO_PROGRAMS, BIND_ALL, DETACH = 2, 4, 8, 0x5000, 2
DIE_WITH_PARENT, SET_DUMPABLE, SET_FILTER, DROP_CAPABILITY, NO_NEW_PRIVILEGES = 1, 4, 22, 24, 38
FIRST_USER = 1_000_000
SOCKETS = ("shell", "stdin", "control", "iopub")

_libc = ctypes.CDLL(None, use_errno=True)


def main() -> None:
    """Load the modules that the first line of the socket names, then fork a kernel per request."""
    lifeline, listener = (socket.socket(fileno=int(number)) for number in sys.argv[1:3])
    for name in sys.argv[3:]:
        importlib.import_module(name)
    importlib.import_module("ipykernel.kernelapp")
    gc.collect()
    gc.freeze()
    lifeline.send(b"ready")
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # no zombies: nobody here waits for a keeper
    while True:
        ready, _, _ = select.select([lifeline, listener], [], [])
        if lifeline in ready:
            return
        connection, _ = listener.accept()
        if os.fork() == 0:
            _never_return(functools.partial(_keep, connection))
        connection.close()


def _never_return(work: Callable[[], Any]) -> NoReturn:
    """Run a child's work; whatever happens in it, it never gets back into its parent's loop."""
    try:
        work()
    except BaseException as error:
        os.write(2, f"{type(error).__name__}: {error}\n".encode())
        os._exit(1)
    os._exit(0)


def _keep(connection: socket.socket) -> None:
    """Start one kernel, and end it when the grader's connection closes."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    message, descriptors, _, _ = socket.recv_fds(connection, 65536, len(SOCKETS))
    if len(descriptors) != len(SOCKETS):
        return
    request = json.loads(message)
    request["user"] = _new_namespaces()
    first = os.fork()
    if first == 0:
        connection.close()
        _never_return(lambda: _first_process(request, descriptors))
    for descriptor in descriptors:
        os.close(descriptor)
    connection.send(json.dumps({"keeper": os.getpid()}).encode())
    select.select([connection.fileno(), os.pidfd_open(first)], [], [])
    os.kill(first, signal.SIGKILL)  # the first process of a namespace takes all others with it
    _, status = os.waitpid(first, 0)
    connection.send(json.dumps({"ended": os.waitstatus_to_exitcode(status)}).encode())


def _new_namespaces() -> int:
    """Leave everything shared; return the user that the kernel will be."""
    _call("unshare", NEW_FILES | NEW_HOST_NAME | NEW_IPC | NEW_PROCESSES | NEW_NETWORK)
    # In a user namespace there is one user only, without rights outside it.
    return os.getuid() if "SEGVIZ_USER_NAMESPACE" in os.environ else FIRST_USER + os.getpid()


def _first_process(request: dict[str, Any], descriptors: list[int]) -> None:
    """The first process of the new namespace: start the kernel, and bury what dies."""
    _call("prctl", DIE_WITH_PARENT, signal.SIGKILL, 0, 0, 0)
    os.setsid()
    _mount_private_files(request)
    kernel = os.fork()
    if kernel == 0:
        _never_return(lambda: _kernel(request, descriptors))
    _close_all_but(())
    _become(request["user"])
    _call("prctl", SET_DUMPABLE, 0, 0, 0, 0)  # the kernel may have the same user
    while True:
        process, status = os.wait()
        if process == kernel:
            os._exit(max(0, os.waitstatus_to_exitcode(status)))


def _mount_private_files(request: dict[str, Any]) -> None:
    user, size = request["user"], request["disk_bytes"]
    options = f"size={size},nr_inodes=4096,mode=0755,uid={user},gid={user}".encode()
    safe = NO_SETUID | NO_DEVICES
    _call("mount", b"none", b"/", None, ctypes.c_ulong(0x40000 | 0x4000), None)  # private
    below_tmp = [path for path in os.environ["SEGVIZ_BELOW_TMP"].split(":") if path]
    _call("mount", b"/tmp", b"/run/tmp", None, ctypes.c_ulong(BIND_ALL), None)
    _call("mount", b"tmpfs", b"/tmp", b"tmpfs", ctypes.c_ulong(safe), options)
    for path in below_tmp:
        _put_back(path, user)
    _call("umount2", b"/run/tmp", DETACH)  # the server's own, which outlives this kernel
    _call("mount", b"tmpfs", b"/dev/shm", b"tmpfs", ctypes.c_ulong(safe), options)
    _call("mount", b"proc", b"/proc", b"proc", ctypes.c_ulong(safe | NO_PROGRAMS), None)


def _put_back(path: str, user: int) -> None:
    """The course or a Python that lies below /tmp, which the kernel's own files hide."""
    os.seteuid(user)
    os.makedirs(path, exist_ok=True)
    os.seteuid(0)
    source = path.replace("/tmp", "/run/tmp", 1).encode()
    _call("mount", source, path.encode(), None, ctypes.c_ulong(BIND_ALL), None)


def _kernel(request: dict[str, Any], descriptors: list[int]) -> None:
    _close_all_but(descriptors)
    for descriptor in (0, 1, 2):
        os.dup2(os.open(os.devnull, os.O_RDWR), descriptor)
    _limit(request)
    _become(request["user"])
    os.chdir("/tmp")
    _call("prctl", SET_DUMPABLE, 1, 0, 0, 0)
    _forbid(base64.b64decode(request["forbidden"]))
    _run_kernel(request, dict(zip(SOCKETS, descriptors, strict=True)))


def _limit(request: dict[str, Any]) -> None:
    with open("/proc/self/statm") as file:
        mapped = int(file.read().split()[0]) * resource.getpagesize()
    limits = {
        "CPU": request["cpu_seconds"],
        "AS": mapped + request["memory_bytes"],
        "FSIZE": request["disk_bytes"],
        "NPROC": request["processes"],
        "NOFILE": 256,
        "CORE": 0,
        "MSGQUEUE": 0,
        "SIGPENDING": 1024,
        "MEMLOCK": 65536,
    }
    for name, limit in limits.items():
        resource.setrlimit(getattr(resource, f"RLIMIT_{name}", 11), (limit, limit))


def _become(user: int) -> None:
    """Give up every privilege, for good."""
    with open("/proc/sys/kernel/cap_last_cap") as file:
        last = int(file.read())
    for capability in range(last + 1):
        _call("prctl", DROP_CAPABILITY, capability, 0, 0, 0)
    if user != os.getuid():
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    _drop_capabilities()
    _call("prctl", NO_NEW_PRIVILEGES, 1, 0, 0, 0)


def _forbid(code: bytes) -> None:
    """Install a seccomp filter: from here on the operating system refuses these calls."""
    if code:
        buffer = ctypes.create_string_buffer(code)
        program = _Program(len(code) // 8, ctypes.cast(buffer, ctypes.c_void_p))
        _call("prctl", SET_FILTER, 2, ctypes.byref(program), 0, 0)


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_void_p))


def _drop_capabilities() -> None:
    """In a user namespace a change of user keeps them, so they are dropped by name as well."""
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    _call("capset", header, (ctypes.c_uint32 * 6)())


def _run_kernel(request: dict[str, Any], sockets: dict[str, int]) -> None:
    import zmq
    from ipykernel.kernelapp import IPKernelApp
    from traitlets.config import Config

    class Kernel(IPKernelApp):
        def _try_bind_socket(self, s: Any, port: int) -> int:
            """Listen where the grader listens: the sandbox has no folder for sockets."""
            s.setsockopt(zmq.USE_FD, sockets[SOCKETS[port - 1]])
            return int(super()._try_bind_socket(s, port))

        def init_heartbeat(self) -> None:
            """The grader watches the process itself."""

        def write_connection_file(self, **options: Any) -> None:
            """The grader knows the connection already."""

    config = Config()
    config.HistoryManager.enabled = False
    config.IPKernelApp.log_level = 50
    config.IPKernelApp.transport = "ipc"
    config.IPKernelApp.ip = "/tmp/kernel"  # a name only: it listens on what it was given
    config.Session.key = request["key"].encode()
    for port, name in enumerate(SOCKETS, 1):
        config.IPKernelApp[f"{name}_port"] = port
    kernel: Any = Kernel.instance(config=config)
    kernel.initialize([])
    kernel.debug_shell_socket.close(0)
    kernel.kernel.raw_input = lambda prompt="": ""  # nobody is there to answer a question
    kernel.shell.ask_exit = lambda: None  # exit() would end the kernel within a tenth of a second
    kernel.start()


def _close_all_but(kept: Any) -> None:
    for descriptor in {int(name) for name in os.listdir("/proc/self/fd")} - {0, 1, 2, *kept}:
        with contextlib.suppress(OSError):  # the descriptor of the listing itself
            os.close(descriptor)


def _call(name: str, *arguments: Any) -> None:
    if getattr(_libc, name)(*arguments) == -1:
        error = ctypes.get_errno()
        raise OSError(error, f"{name}: {os.strerror(error)}")


if __name__ == "__main__":
    main()
