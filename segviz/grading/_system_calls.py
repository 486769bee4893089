"""Which calls of the operating system a student's code can't make: a seccomp filter, as bytes.

They would lead round a limit (memory that belongs to no process, a namespace with privileges of its
own) or to corners of the operating system that no answer needs. Python and torch use none of them.
"""

from __future__ import annotations

import platform
import struct

_NEW_USER_NAMESPACE = 0x10000000
_EVERYWHERE = {
    "io_uring_setup": 425,
    "io_uring_enter": 426,
    "io_uring_register": 427,
    "open_tree": 428,
    "move_mount": 429,
    "fsopen": 430,
    "fsconfig": 431,
    "fsmount": 432,
    "fspick": 433,
    "pidfd_getfd": 438,
    "mount_setattr": 442,
    "memfd_secret": 447,
}
_X86_64 = {
    "shmget": 29,
    "shmat": 30,
    "semget": 64,
    "msgget": 68,
    "ptrace": 101,
    "syslog": 103,
    "pivot_root": 155,
    "mount": 165,
    "umount2": 166,
    "mq_open": 240,
    "add_key": 248,
    "request_key": 249,
    "keyctl": 250,
    "unshare": 272,
    "perf_event_open": 298,
    "open_by_handle_at": 304,
    "setns": 308,
    "process_vm_readv": 310,
    "process_vm_writev": 311,
    "memfd_create": 319,
    "bpf": 321,
    "userfaultfd": 323,
}
_AARCH64 = {
    "umount2": 39,
    "mount": 40,
    "pivot_root": 41,
    "unshare": 97,
    "syslog": 116,
    "ptrace": 117,
    "mq_open": 180,
    "msgget": 186,
    "semget": 190,
    "shmget": 194,
    "shmat": 196,
    "add_key": 217,
    "request_key": 218,
    "keyctl": 219,
    "perf_event_open": 241,
    "open_by_handle_at": 265,
    "setns": 268,
    "process_vm_readv": 270,
    "process_vm_writev": 271,
    "memfd_create": 279,
    "bpf": 280,
    "userfaultfd": 282,
}
# By machine: the name that the operating system has for it, its own numbers, and those of clone,
# mmap and socket.
_MACHINES = {
    "x86_64": (0xC000003E, _X86_64, 56, 9, 41),
    "aarch64": (0xC00000B7, _AARCH64, 220, 222, 198),
}
_CLONE3, _FOREIGN = 435, 0x40000000

_LOAD, _IF_EQUAL, _IF_AT_LEAST, _IF_BITS, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _KILL = 0x7FFF0000, 0x80000000
_NOT_PERMITTED, _NOT_THERE, _NOT_SUPPORTED = 0x00050001, 0x00050026, 0x00050061
_NUMBER, _MACHINE, _FIRST_ARGUMENT, _FOURTH_ARGUMENT = 0, 4, 16, 40
_SHARED, _ANONYMOUS = 0x01, 0x20
_FAMILIES = (1, 2, 10, 16)  # of sockets: unix, internet, its version 6, netlink


def forbidden(machine: str = "") -> bytes:
    """Return the filter for this machine, or another; empty where its numbers aren't known.

    >>> len(forbidden("x86_64")) % 8, forbidden("riscv64")
    (0, b'')
    """
    if (machine or platform.machine()) not in _MACHINES:
        return b""
    name, own, clone, mmap, socket = _MACHINES[machine or platform.machine()]
    code = [
        (_LOAD, 0, 0, _MACHINE),
        (_IF_EQUAL, 1, 0, name),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER),
        (_IF_AT_LEAST, 0, 1, _FOREIGN),
        (_RETURN, 0, 0, _NOT_PERMITTED),
        (_IF_EQUAL, 0, 1, _CLONE3),  # its flags can't be seen from here; libc then uses clone
        (_RETURN, 0, 0, _NOT_THERE),
        (_IF_EQUAL, 0, 4, clone),
        (_LOAD, 0, 0, _FIRST_ARGUMENT),
        (_IF_BITS, 0, 1, _NEW_USER_NAMESPACE),
        (_RETURN, 0, 0, _NOT_PERMITTED),
        (_RETURN, 0, 0, _ALLOW),
        (_IF_EQUAL, 0, len(_FAMILIES) + 3, socket),  # a virtual machine's go past namespaces
        (_LOAD, 0, 0, _FIRST_ARGUMENT),
        *((_IF_EQUAL, len(_FAMILIES) - n, 0, one) for n, one in enumerate(_FAMILIES)),
        (_RETURN, 0, 0, _NOT_SUPPORTED),
        (_RETURN, 0, 0, _ALLOW),
        (_IF_EQUAL, 0, 5, mmap),  # shared memory that is no file's stays when who filled it is gone
        (_LOAD, 0, 0, _FOURTH_ARGUMENT),
        (_IF_BITS, 0, 2, _SHARED),
        (_IF_BITS, 0, 1, _ANONYMOUS),
        (_RETURN, 0, 0, _NOT_PERMITTED),
        (_RETURN, 0, 0, _ALLOW),
    ]
    for number in sorted({*own.values(), *_EVERYWHERE.values()}):
        code += [(_IF_EQUAL, 0, 1, number), (_RETURN, 0, 0, _NOT_PERMITTED)]
    code.append((_RETURN, 0, 0, _ALLOW))
    return b"".join(struct.pack("HBBI", *line) for line in code)
