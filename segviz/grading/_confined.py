"""The process that reads a kernel's messages, shut in as well: a fault in what reads them, libzmq
say, would leave an attacker without the grader's files, network and privileges.

The means is Linux's Landlock, which needs no privilege; what an older Linux doesn't know of it is
left out, and a system without it goes without.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

import segviz

__all__ = ["confine"]

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same on every machine
_NO_NEW_PRIVILEGES, _VERSION_ASKED, _BENEATH_A_PATH = 38, 1, 1
_READ_FILE, _READ_FOLDER, _WRITE_FILE = 1 << 2, 1 << 3, 1 << 1
_TCP, _SIGNALS_AND_ABSTRACT_SOCKETS = 0b11, 0b11
# Rights on files that each version of Landlock knows; networks came with 4, signals with 6.
_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15}
_LATEST_RIGHTS = 16
_libc = ctypes.CDLL(None, use_errno=True)


def confine(folder: str) -> bool:
    """From here on, read what Python needs, write in `folder` alone, and reach nobody.

    Args:
        folder: an empty one, where temporary files then go as well.

    Returns:
        Whether this system can.
    """
    tempfile.tempdir = folder
    names = ("JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR", "IPYTHONDIR")
    os.environ.update(dict.fromkeys((*names, "TMPDIR"), folder))
    os.chdir(folder)
    version = _system_call(_CREATE_RULESET, None, 0, _VERSION_ASKED)
    if sys.platform != "linux" or version < 1:
        return False
    everything = (1 << _RIGHTS.get(version, _LATEST_RIGHTS)) - 1
    rules = _ruleset(version, everything)
    _allow(rules, [folder], everything)
    _allow(rules, [os.devnull], _READ_FILE | _WRITE_FILE)
    _allow(rules, _needed(), _READ_FILE | _READ_FOLDER)
    _libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    confined = _system_call(_RESTRICT_SELF, rules, 0) == 0
    os.close(rules)
    return confined


def _needed() -> Iterable[str]:
    package = str(Path(segviz.__file__).parent)
    packages = [path for path in sys.path if path.endswith(("site-packages", "dist-packages"))]
    system = ("/usr", "/lib", "/lib64", "/etc", "/proc", "/dev/urandom", "/sys/devices/system/cpu")
    return [*system, sys.prefix, sys.base_prefix, package, *packages]


def _ruleset(version: int, everything: int) -> int:
    """What is refused unless a rule allows it."""
    attributes = struct.pack("QQQ", everything, _TCP, _SIGNALS_AND_ABSTRACT_SOCKETS)
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    return _system_call(_CREATE_RULESET, attributes, ctypes.c_size_t(size), 0)


def _allow(rules: int, paths: Iterable[str], rights: int) -> None:
    for path in filter(os.path.exists, paths):
        about_files_only = rights if os.path.isdir(path) else rights & ~_READ_FOLDER
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
        attributes = struct.pack("=Qi", about_files_only, place)
        _system_call(_ADD_RULE, rules, _BENEATH_A_PATH, attributes, 0)
        os.close(place)


def _system_call(number: int, *arguments: object) -> int:
    return int(_libc.syscall(number, *arguments))
