"""bubblewrap around every process that runs a student's code.

What a kernel sees: Python, the installed packages, a copy of segviz without its withheld parts and
without this package, an empty folder of limited size. No network, no other process, no folder of
sockets, none of the grader's files, environment or privileges.
"""

from __future__ import annotations

import functools
import itertools
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import segviz

from ._temporary import temporary_folder
from ._withheld import copy_package, hidden_packages

__all__ = ["KernelServer", "NoSandbox", "why_no_sandbox"]

SECONDS_TO_START = 120
_SERVER = "/run/kernel_server.py"
_CAPABILITIES = ("SYS_ADMIN", "SETUID", "SETGID", "SETPCAP", "KILL")
_ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "HOME": "/tmp",
    "LANG": "C.UTF-8",
    "MPLCONFIGDIR": "/tmp/matplotlib",
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_WAIT_POLICY": "PASSIVE",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONHASHSEED": "0",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    "PIP_NO_INDEX": "1",
    "PIP_NO_INPUT": "1",
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    "SEGVIZ_SOURCE": "bundled",
    "TQDM_DISABLE": "1",
}


class NoSandbox(RuntimeError):
    """Students' code can't be shut in here: why, and what to do about it."""


@functools.cache
def why_no_sandbox() -> str:
    """Say in one line why bubblewrap can't start here; an empty text where it can."""
    if sys.platform != "linux":
        return "bubblewrap is for Linux; use WSL2, a virtual machine or a container"
    program = shutil.which("bwrap")
    if program is None:
        return "the program bwrap is missing; on Debian: apt install bubblewrap"
    command = [program, *_privileges(), "--unshare-net", "--ro-bind", "/", "/", "true"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        return (
            f"{said}; run as root outside a container, give the container --cap-add SYS_ADMIN "
            "(docker: also --security-opt seccomp=unconfined), or allow user namespaces: "
            "sysctl -w kernel.unprivileged_userns_clone=1"
        )
    return ""


def _privileges() -> list[str]:
    """As root: keep what a new namespace takes. Otherwise: a namespace in which we are root."""
    user = [] if os.geteuid() == 0 else ["--unshare-user", "--uid", "0", "--gid", "0"]
    kept = [part for name in _CAPABILITIES for part in ("--cap-add", f"CAP_{name}")]
    return [*user, "--cap-drop", "ALL", *kept]


@dataclass
class KernelServer:
    """A running process in the sandbox that forks kernels; connect to `address` to have one."""

    address: str
    process: subprocess.Popen[bytes]

    @classmethod
    @contextmanager
    def start(
        cls, modules: Sequence[str] = (), withheld: Sequence[str] = ()
    ) -> Iterator[KernelServer]:
        """Start the server with `modules` loaded, and end it with all its kernels.

        Args:
            modules: names to import before the first fork.
            withheld: modules that are the answer: those of segviz keep their functions' names and
                raise when called, those of others are gone.

        Raises:
            NoSandbox: bubblewrap is missing, or can't start.
        """
        if reason := why_no_sandbox():
            raise NoSandbox(reason)
        folder = Path(temporary_folder("sandbox"))
        ours, theirs = socket.socketpair()
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            copy_package(folder / "segviz", withheld)
            address = str(folder / "kernels")
            listener.bind(address)
            listener.listen(64)
            descriptors = (theirs.fileno(), listener.fileno())
            command = [*_bubblewrap(folder, withheld), *_python(descriptors, modules)]
            with (folder / "log").open("wb") as log:
                process = subprocess.Popen(
                    command, pass_fds=descriptors, stdin=subprocess.DEVNULL, stdout=log, stderr=log
                )
            theirs.close()
            _wait_until_ready(ours, folder / "log")
            yield cls(address, process)
        finally:
            for one in (ours, theirs, listener):
                one.close()
            if "process" in locals():
                process.kill()
                process.wait()
            shutil.rmtree(folder, ignore_errors=True)


def _python(descriptors: Iterable[int], modules: Iterable[str]) -> list[str]:
    return [sys.executable, "-s", "-P", _SERVER, *map(str, descriptors), *modules]


def _wait_until_ready(ours: socket.socket, log: Path) -> None:
    ours.settimeout(SECONDS_TO_START)
    try:
        said = ours.recv(16)
    except TimeoutError:
        said = b""
    if said != b"ready":
        words = (log.read_text("utf-8", "replace").strip().splitlines() or ["no word of why"])[-1]
        raise NoSandbox(f"the process that starts kernels ended: {words[:300]}")


def _bubblewrap(folder: Path, withheld: Iterable[str]) -> list[str]:
    program = shutil.which("bwrap") or "bwrap"
    command = [program, *_privileges(), "--unshare-net", "--unshare-ipc"]
    command += ["--unshare-uts", "--unshare-cgroup-try", "--clearenv"]
    namespace = {} if os.geteuid() == 0 else {"SEGVIZ_USER_NAMESPACE": "1"}
    system, own = _system_folders(), _own_folders(folder)
    below_tmp = {"SEGVIZ_BELOW_TMP": ":".join(p for p in (*system, *own) if p.startswith("/tmp/"))}
    course = {"PYTHONPATH": str(Path(segviz.__file__).parents[1])}
    for name, value in {**_ENVIRONMENT, **namespace, **below_tmp, **course}.items():
        command += ["--setenv", name, value]
    command += ["--tmpfs", "/tmp", "--dir", "/run/tmp"]
    command += [*_bound(system), *_without_course(Path(segviz.__file__).parents[1], system)]
    for path in ("/bin", "/sbin", "/lib", "/lib32", "/lib64"):
        if os.path.islink(path):
            command += ["--symlink", os.readlink(path), path]
    command += _bound(own)
    for path in hidden_packages(withheld):
        command += ["--tmpfs", path] if os.path.isdir(path) else ["--ro-bind", os.devnull, path]
    command += ["--ro-bind", str(Path(__file__).with_name("_kernel_server.py")), _SERVER]
    command += ["--dev", "/dev", "--proc", "/proc", "--dir", "/dev/shm"]
    command += ["--ro-bind", os.devnull, "/dev/zero"]  # a way to shared memory, as mmap is
    # In a user namespace a kernel owns what bubblewrap made: what it wrote there would await the
    # next kernel, as a module called torch, say.
    for path in ("/", "/dev", *_made_empty(command)):
        command += ["--remount-ro", path]
    return [*command, "--chdir", "/", "--"]


def _made_empty(command: Sequence[str]) -> list[str]:
    """The empty folders that bubblewrap is told to make, but for that of temporary files."""
    places = itertools.pairwise(command)
    return [path for option, path in places if option == "--tmpfs" and path != "/tmp"]


def _own_folders(folder: Path) -> dict[str, str]:
    """Where segviz and its data are seen, and what is seen there."""
    package = Path(segviz.__file__).parent
    data = [str(one) for one in (package / "_data", package.parent / "data") if one.is_dir()]
    return {str(package): str(folder / "segviz"), **{one: one for one in data}}


def _bound(folders: dict[str, str]) -> list[str]:
    command = []
    for path, source in folders.items():
        command += [*_parents(path), "--ro-bind", source, path]
    return command


def _without_course(root: Path, folders: dict[str, str]) -> list[str]:
    """A clone of the course below a folder that Python needs: its solutions must not be seen."""
    if not (root / "lectures").is_dir() or not any(root.is_relative_to(one) for one in folders):
        return []
    inside = [one for one in folders if Path(one).is_relative_to(root)]
    return ["--tmpfs", str(root), *_bound({one: one for one in inside})]


def _parents(path: str | Path) -> list[str]:
    """Made by bubblewrap unasked, they would be closed to the kernel's user."""
    parents = list(Path(path).parents)[-2::-1]
    return [part for parent in parents for part in ("--dir", str(parent))]


def _system_folders() -> dict[str, str]:
    """What Python needs in order to run, and no more."""
    wanted = ["/usr", "/etc/ld.so.cache", "/etc/alternatives", sys.base_prefix, sys.prefix]
    wanted += ["/bin", "/sbin", "/lib", "/lib32", "/lib64"]
    wanted += [path for path in sys.path if path.endswith(("site-packages", "dist-packages"))]
    there = [os.path.abspath(path) for path in wanted if os.path.exists(path)]
    return {path: path for path in there if not os.path.islink(path)}
