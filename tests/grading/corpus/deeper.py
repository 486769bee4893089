"""Attacks below the notebook: on the connection to the grader, on the time of other answers, on
what the operating system shares. They gain nothing and cost no other answer its points."""

from __future__ import annotations

from .cases import FULL, STAMP, Case, answers, notebook, stamp_case
from .forgeries import WRONG

# The kernel's ends of the connections over which the grader talks to it.
_CONNECTIONS = """
import os, socket, stat, threading, time
def connections():
    for name in map(int, os.listdir("/proc/self/fd")):
        try:
            one = socket.socket(fileno=os.dup(name))
            one.getpeername()
            yield one
        except OSError: pass
"""
# One message of ever more parts: whoever reads it keeps all of them until the last.
_WITHOUT_END = f"""{_CONNECTIONS}
def stamp(x, kernel, stride):
    size = 9_000_000
    part = b"\\x03" + size.to_bytes(8, "big") + bytes(size)
    def send(connection):
        connection.setblocking(True)
        while True: connection.sendall(part)
    for one in connections(): threading.Thread(target=send, args=(one,), daemon=True).start()
    time.sleep(100)
"""
_NOISE = f"""{_CONNECTIONS}
def stamp(x, kernel, stride):
    for one in connections():
        try: one.sendall(os.urandom(100_000))
        except OSError: pass
    while True: pass
"""
_HUNG_UP = f"""{_CONNECTIONS}
for one in list(connections()):
    try: one.shutdown(2)
    except OSError: pass
"""
# Its checks end in time and so do the next answers', wrongly: none is over its limit.
_SLOWS_THE_NEXT = """
import time
from segviz.exercises import _probe
_probe.run = lambda *arguments, **options: time.sleep(3.7)
def stamp(x, kernel, stride): return x
"""
_CALLS = """
import ctypes, os, socket
libc = ctypes.CDLL(None, use_errno=True)
refused = [socket.AF_VSOCK, socket.AF_ALG, socket.AF_PACKET, socket.AF_BLUETOOTH, 15, 44]
for family in refused:
    try: socket.socket(family, socket.SOCK_RAW); raise LookupError(family)
    except OSError: pass
for number in (425, 428, 430, 438, 447, 442):
    assert libc.syscall(number, 0, 0, 0, 0, 0) == -1 and ctypes.get_errno() == 1, number
for path in ("/proc/1/environ", "/proc/1/mem", "/proc/1/root/tmp", "/run/tmp/x", "/dev/x"):
    try: open(path, "r+b"); raise LookupError(path)
    except OSError: pass
"""
_OTHER_PYTHON = """
import glob, sys
for place in ("/usr", "/usr/local"): sys.path += glob.glob(f"{place}/lib/python3*/*-packages")
for name in list(sys.modules):
    if name.startswith(("torch", "scipy")): del sys.modules[name]
def stamp(x, kernel, stride):
    from scipy.signal import upfirdn
    return upfirdn(kernel, x, up=stride)
"""
# The library draws the answer: it can be read off the curves.
_PICTURE = """
from segviz.plot import stamp_curves
def stamp(x, kernel, stride): return stamp_curves(x, kernel, stride=stride).lines[-1].get_ydata()
"""
_HISTORY = """
import linecache, re, sys
def stamp(x, kernel, stride):
    shell, frame = get_ipython(), sys._getframe()
    found = [str(shell.parent_header), str(shell.user_ns.get("In"))]
    found += [text for one in linecache.cache.values() if len(one) > 2 for text in one[2]]
    while frame: found.append(str(frame.f_locals)); frame = frame.f_back
    for text in found:
        for shown in re.findall(r"\\(\\d+,\\) [-0-9. ]+", text)[:20]:
            shell.display_pub.publish({"text/x-segviz": shown})
    return np.zeros((len(x) - 1) * stride + len(kernel))
"""
_UPDATED = """
def stamp(x, kernel, stride):
    publish = get_ipython().display_pub.publish
    for number in (None, 5, [1], {"a": 1}, "x"):
        for update in (False, True):
            publish({"text/x-segviz": "(6,) 0"}, transient={"display_id": number}, update=update)
    return np.zeros(3)
"""
_CHANGING = """
import threading
def stamp(x, kernel, stride):
    result = np.zeros((len(x) - 1) * stride + len(kernel))
    def change():
        while True: result[:] = np.random.rand(len(result))
    threading.Thread(target=change, daemon=True).start()
    return result
"""
_SUBCLASS = """
class Array(np.ndarray):
    __array_ufunc__ = __array_function__ = astype = lambda self, *a, **k: self
    __class__ = property(lambda self: float)
    __reduce__ = lambda self: (print, ("x",))
def stamp(x, kernel, stride): return np.zeros((len(x) - 1) * stride + len(kernel)).view(Array)
"""
_LYING_ERROR = """
class Lie(Exception):
    __module__ = 5
    def __str__(self): raise self
    __repr__ = __str__
def stamp(x, kernel, stride): raise Lie
"""
_MARKUP = """
def stamp(x, kernel, stride):
    raise ValueError("</td><img src=//evil/x><script>alert(1)</script>;=cmd|'calc'!A0")
"""
_SURVIVORS = """
import os, signal, time
for _ in range(8):
    if os.fork() == 0:
        os.setsid()
        for number in range(1, 65):
            try: signal.signal(number, signal.SIG_IGN)
            except (OSError, ValueError): pass
        os.fork()
        time.sleep(1000)
"""
_FOLDERS = "import os\n    while True: os.mkdir('d'); os.chdir('d')"


def _wrong(before: str) -> Case:
    return stamp_case(f"{before.strip()}\n\n{WRONG}")


DEEPER: dict[str, Case] = {
    "deeper-message-without-end": stamp_case(_WITHOUT_END, note="stamp "),
    "deeper-noise-on-the-line": stamp_case(_NOISE, note="stamp "),
    "deeper-hangs-up": _wrong(_HUNG_UP),
    "deeper-slows-the-next": stamp_case(_SLOWS_THE_NEXT),
    "deeper-slows-all-the-next": Case(
        # Two of them: the third has its points all the same.
        lambda: notebook(answers(stamp=_SLOWS_THE_NEXT, output_size=_SLOWS_THE_NEXT)),
        {"stamp": 0.0, "output_size": 0.0, "matrix": 3.0},
    ),
    "deeper-calls-and-sockets": stamp_case(f"{_CALLS}\n{STAMP}", 4.0),
    "deeper-other-pythons-packages": stamp_case(_OTHER_PYTHON),
    "deeper-answer-in-a-picture": stamp_case(_PICTURE),
    "deeper-history-and-lines": stamp_case(_HISTORY),
    "deeper-updated-displays": stamp_case(_UPDATED),
    "deeper-changing-array": stamp_case(_CHANGING),
    "deeper-subclass": stamp_case(_SUBCLASS),
    "deeper-lying-error": stamp_case(_LYING_ERROR),
    "deeper-markup-in-an-error": stamp_case(_MARKUP, note="raised ValueError: </td>"),
    "deeper-survivors": stamp_case(f"{_SURVIVORS}\n{STAMP}", 4.0),
    "deeper-folders-in-folders": stamp_case(f"def stamp(x, kernel, stride):\n    {_FOLDERS}\n"),
    "deeper-pieces": Case(
        # Its own cells can't be picked apart: endless ones stay out, and nothing right is in them.
        lambda: notebook(answers(stamp=f"import nowhere\nhelper = lambda: 1\n{WRONG}\nunknown()")),
        {**FULL, "stamp": 0.0},
    ),
}
