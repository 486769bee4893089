"""Answers that mean harm. They lose ``stamp``; the other answers keep their points."""

from __future__ import annotations

from .cases import FULL, Case, answers, code_cell, notebook, stamp_case

_HEAD = "def stamp(x, kernel, stride):\n"


def _inside(body: str, note: str = "stamp ") -> Case:
    lines = "".join(f"    {line}\n" for line in body.strip().splitlines())
    return stamp_case(_HEAD + lines, note=note)


_IGNORE = """
import signal, threading
for number in range(1, 65):
    try: signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError): pass
while True:
    try:
        while True: pass
    except BaseException: pass
"""
_FORKS = """
import os
while True:
    try: os.fork()
    except OSError: pass
"""
_DAEMON = """
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for number in range(3, 100):
            try: os.close(number)
            except OSError: pass
        time.sleep(100000)
    os._exit(0)
os._exit(0)
"""
_SHARED_MEMORY = """
import mmap
held = []
while True:
    held.append(mmap.mmap(-1, 2**28))
    held[-1].write(bytes(2**28))
"""
_DISK = """
import os
for folder in ("/tmp", "/dev/shm", "/var/tmp", ".", "/"):
    number = 0
    try:
        while True:
            with open(f"{folder}/{number}", "wb") as file:
                file.write(bytes(2**24))
            number += 1
    except OSError: pass
while True: pass
"""
_ESCAPE = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
assert libc.unshare(0x10000000) == -1, "a user namespace"
assert libc.mount(b"none", b"/tmp", b"tmpfs", 0, None) == -1, "a mount"
assert libc.syscall(319, b"x", 0) == -1, "memory without a process"
assert libc.ptrace(16, 1, 0, 0) == -1, "a debugger"
for path in ("/proc/sysrq-trigger", "/proc/sys/kernel/core_pattern", "/sys/power/state",
             "/dev/mem", "/dev/kmsg", "/dev/sda", "/etc/passwd", "/usr/bin/evil"):
    try: open(path, "w"); raise SystemError(path)
    except OSError: pass
try: os.setuid(0); raise SystemError("root")
except OSError: pass
os._exit(3)
"""
_CHATTY = """
import itertools, threading
def talk():
    for number in itertools.count(): print("x" * 100, number)
threading.Thread(target=talk, daemon=True).start()
while True: pass
"""
_JSON = """
from IPython.display import display
deep = []
for _ in range(100000): deep = [deep]
socket = get_ipython().kernel.iopub_socket
session = get_ipython().kernel.session
text = b"[" * 100000 + b"]" * 100000
parts = [b"{}", b"{}", b"{}", text]
socket.send_multipart([b"display_data", b"<IDS|MSG>", session.sign(parts), *parts])
while True: pass
"""
_GARBAGE = """
socket = get_ipython().kernel.iopub_socket
for part in (b"", b"\\xff" * 100, b"<IDS|MSG>", b"{"):
    socket.send_multipart([part, b"<IDS|MSG>", b"x", part, part, part, part])
while True: pass
"""
_POISON = """
import os, threading
def output_size(n, kernel_size, stride, padding, output_padding, dilation):
    np.array = np.zeros = None
    threading.Timer(0.3, os._exit, [1]).start()
    return (n - 1) * stride - 2 * padding + dilation * (kernel_size - 1) + output_padding + 1
"""

_UNWAITED = """
import os, signal, time
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
while True:
    for _ in range(8):
        try:
            if os.fork() == 0:
                end = time.time() + 0.2
                while time.time() < end: pass
                os._exit(0)
        except OSError: pass
    time.sleep(0.1)
"""
_NEARLY = "import time\ntime.sleep(11)\ndef {name}(*arguments): return 1\n"


def _everything_nearly_too_slow() -> bytes:
    """Each cell just keeps its limit, and every answer is wrong: none may be tried too often."""
    slow = {name: _NEARLY.format(name=name) for name in FULL}
    return notebook([*answers(**slow), code_cell("import time; time.sleep(11)", "extra")])


def _fence() -> bytes:
    cell = {"cell_type": "markdown", "id": "answer-stamp", "metadata": {}}
    return notebook([{**cell, "source": "```" + "\n" * 300_000}, *answers()[2:]])


HOSTILE: dict[str, Case] = {
    "hostile-endless": _inside("while True: pass", "stamp used more than 4 s of CPU"),
    "hostile-endless-at-once": stamp_case(
        "while True: pass\n" + _HEAD + "    return x", note="stamp "
    ),
    "hostile-ignores-signals": _inside(_IGNORE),
    "hostile-sleeps": _inside("import time\nwhile True: time.sleep(1000)", "stamp took more than"),
    "hostile-stops-itself": _inside("import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)"),
    "hostile-exit": _inside("import os\nos._exit(0)", "stamp ended the kernel"),
    "hostile-segfault": _inside("import ctypes\nctypes.string_at(0)", "stamp ended the kernel"),
    "hostile-kills-everybody": _inside(
        "import os, signal\nfor p in (1, os.getppid(), -1, 0):\n"
        "    try: os.kill(p, signal.SIGKILL)\n    except OSError: pass"
    ),
    "hostile-fork-bomb": _inside(_FORKS),
    "hostile-daemon": _inside(_DAEMON),
    "hostile-threads": _inside(
        "import threading, time\nwhile True:\n"
        "    try: threading.Thread(target=time.sleep, args=(99,)).start()\n"
        "    except RuntimeError: pass"
    ),
    "hostile-memory": _inside(
        "held = []\nwhile True:\n    try: held.append(np.ones(2**24))\n    except MemoryError: pass"
    ),
    "hostile-shared-memory": _inside(_SHARED_MEMORY, ""),
    "hostile-disk": _inside(_DISK),
    # Whichever comes first: the limit on output, or on the memory that holds what was not yet read.
    "hostile-output": _inside("while True: print('x' * 1000000)", "stamp"),
    "hostile-one-large-output": _inside(
        "from IPython.display import display\n"
        "display({'text/x-segviz': 'x' * 10**8}, raw=True)\nreturn x",
        "stamp ",
    ),
    "hostile-chatty-thread": _inside(_CHATTY),
    "hostile-deep-json": _inside(_JSON),
    "hostile-garbage-messages": _inside(_GARBAGE),
    "hostile-escape": _inside(_ESCAPE, "stamp ended the kernel"),
    "hostile-recursion": stamp_case(
        "import sys\nsys.setrecursionlimit(10**9)\n"
        + _HEAD
        + "    return stamp(x, kernel, stride)",
        note="stamp ",
    ),
    "hostile-huge-number": _inside("return 10**10**9"),
    "hostile-files": _inside(
        "held = []\nwhile True:\n    try: held.append(open('/dev/null'))\n    except OSError: pass"
    ),
    "hostile-closes-everything": _inside("import os\nos.closerange(0, 1000)\nwhile True: pass"),
    "hostile-second-of-three": Case(
        lambda: notebook(answers(output_size="def output_size(*a, **k):\n    while True: pass\n")),
        {"stamp": 4.0, "output_size": 0.0, "matrix": 3.0},
        "output_size ",
    ),
    "hostile-children-nobody-waits-for": _inside(_UNWAITED, "stamp took more than"),
    "hostile-everything-nearly-too-slow": Case(
        _everything_nearly_too_slow, dict.fromkeys(FULL, 0.0)
    ),
    "hostile-fence": Case(_fence, {**FULL, "stamp": 0.0}),
    "hostile-poisons-the-next": Case(
        # Right itself, it breaks what comes after it in the same kernel.
        lambda: notebook(answers(output_size=_POISON)),
        {"stamp": 4.0, "output_size": 3.0, "matrix": 3.0},
    ),
}
