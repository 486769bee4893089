"""Answers that want points without being right. All of them get none for ``stamp``."""

from __future__ import annotations

from .cases import FULL, IMPORTS, RIGHT, STAMP, Case, answers, code_cell, notebook, stamp_case

WRONG = "def stamp(x, kernel, stride):\n    return np.zeros((len(x) - 1) * stride + len(kernel))\n"
_MIME = "text/x-segviz"


def _wrong(before: str) -> Case:
    return stamp_case(f"{before.strip()}\n\n{WRONG}")


_SEARCH = """
import os, re
def _found():
    for top in ("/", "/work", "/root", "/home", "/tmp", "/proc/1/root", "/run", "/mnt"):
        for folder, _, files in os.walk(top):
            for name in files:
                if re.match(r"06_transposed.*[.](py|ipynb)$", name):
                    yield os.path.join(folder, name)
for _path in _found():
    _text = open(_path, errors="ignore").read()
    _match = re.search(r"def stamp(?:.|\\n)*?return output", _text)
    if _match and "NotImplementedError" not in _match[0]:
        exec(_match[0].replace("\\\\n", "\\n"))
if "stamp" not in globals():
    raise LookupError("no solution anywhere")
"""

_GC = """
import gc, sys
from IPython.display import display
def stamp(x, kernel, stride):
    texts, frame = [], sys._getframe()
    while frame:
        texts += [v for v in list(frame.f_locals.values()) if isinstance(v, str)]
        frame = frame.f_back
    for one in gc.get_objects():
        if isinstance(one, dict):
            texts += [v for v in list(one.values()) if isinstance(v, str) and v.startswith("(")]
    for text in texts:
        if text.startswith("(") and len(text) < 2000:
            display({"text/x-segviz": text}, raw=True)
    return np.zeros((len(x) - 1) * stride + len(kernel))
"""

_RAW_MESSAGES = """
from IPython import get_ipython
def stamp(x, kernel, stride):
    shell = get_ipython()
    kernel_ = shell.kernel
    parent = shell.parent_header
    for kind, content in (
        ("display_data", {"data": {"text/x-segviz": "(6,) 0 0 0 0 0 0"}, "metadata": {}}),
        ("status", {"execution_state": "idle"}),
    ):
        kernel_.session.send(kernel_.iopub_socket, kind, content, parent=parent)
    return np.zeros((len(x) - 1) * stride + len(kernel))
"""

_PROCESSES = """
import os, re
def _texts():
    for name in os.listdir("/proc"):
        if name.isdigit():
            for part in ("environ", "cmdline", "maps", "mem", "fd"):
                try:
                    path = f"/proc/{name}/{part}"
                    if part == "fd":
                        for number in os.listdir(path):
                            yield open(f"{path}/{number}", "rb").read(1000)
                    else:
                        yield open(path, "rb").read(100000)
                except OSError:
                    pass
_loot = b" ".join(_texts())
_shown = re.findall(rb"\\(\\d+,\\) [-0-9. ]+", _loot)
from IPython.display import display
def stamp(x, kernel, stride):
    for text in _shown[:5]:
        display({"text/x-segviz": text.decode()}, raw=True)
    return np.zeros((len(x) - 1) * stride + len(kernel))
"""

_SOCKETS = """
import glob, os, socket
_found = []
for port in (8786, 8787, 8888, 22, 80):
    try:
        socket.create_connection(("127.0.0.1", port), 0.2)
        _found.append(port)
    except OSError:
        pass
for path in glob.glob("/tmp/segviz-*/*") + glob.glob("/run/*") + glob.glob("/tmp/dask*"):
    try:
        socket.socket(socket.AF_UNIX).connect(path)
        _found.append(path)
    except OSError:
        pass
try:
    socket.gethostbyname("pypi.org"); _found.append("names")
except OSError:
    pass
"""

_ALWAYS_EQUAL = """
class Equal(np.ndarray):
    __eq__ = __ge__ = __le__ = lambda self, other: True
    __ne__ = __lt__ = __gt__ = lambda self, other: False
    __hash__ = object.__hash__
    def __array__(self, dtype=None, copy=None): return np.zeros(self.shape)
    def __repr__(self): return "whatever you expect"
    __str__ = __format__ = __repr__
def stamp(x, kernel, stride):
    return np.zeros((len(x) - 1) * stride + len(kernel)).view(Equal)
"""

_LYING_TEXT = """
class Text(str):
    __eq__ = lambda self, other: True
    __hash__ = str.__hash__
def stamp(x, kernel, stride):
    return Text("(6,) anything")
"""

_STARTUP = """
import os, pathlib, site
_evil = "import numpy as np\\ndef stamp(x, kernel, stride):\\n    return [0]\\n"
for _place in ("~/.ipython/profile_default/startup/00.py", "/tmp/sitecustomize.py",
               site.getusersitepackages() + "/usercustomize.py", "/tmp/numpy.py", "/tmp/segviz.py",
               "/usr/lib/python3/dist-packages/sitecustomize.py"):
    try:
        _path = pathlib.Path(_place).expanduser()
        _path.parent.mkdir(parents=True, exist_ok=True)
        _path.write_text(_evil)
    except OSError:
        pass
def stamp(x, kernel, stride):
    os._exit(0)
"""

_TRANSFORMER = """
def _rewrite(lines):
    return ["pass\\n"] if "_probe" in "".join(lines) else lines
get_ipython().input_transformers_cleanup.append(_rewrite)
get_ipython().input_transformers_post.append(_rewrite)
"""

_RUN_CELL = """
from IPython.core.interactiveshell import ExecutionResult
async def _nothing(self, *arguments, **options):
    return ExecutionResult(None)
_shell = get_ipython()
type(_shell).run_cell_async = _nothing
type(_shell).run_cell = lambda self, *a, **k: ExecutionResult(None)
"""

_DO_EXECUTE = """
_kernel = get_ipython().kernel
async def _fine(*arguments, **options):
    return {"status": "ok", "execution_count": 1, "payload": [], "user_expressions": {}}
type(_kernel).do_execute = _fine
_kernel.do_execute = _fine
"""

_MUTED = """
_shell = get_ipython()
_shell.showtraceback = lambda *a, **k: None
_shell._showtraceback = lambda *a, **k: None
_shell.set_custom_exc((BaseException,), lambda *a, **k: None)
"""

_PUBLISH = """
_pub = get_ipython().display_pub
_real = _pub.publish
def _publish(data, *arguments, **options):
    if "text/x-segviz" in data:
        data = {**data, "text/x-segviz": "(6,) 1 2 3 4 5 6"}
    return _real(data, *arguments, **options)
_pub.publish = _publish
type(_pub).publish = lambda self, data, *a, **k: _publish(data, *a, **k)
"""

_NUMPY = """
import builtins
np.random.default_rng = lambda *a: None
np.random.Generator = np.random.PCG64 = lambda *a: None
np.round = np.around = np.asarray = np.array
np.allclose = np.array_equal = np.isclose = lambda *a, **k: True
"""

_REPLAY = """
from segviz.exercises import _probe
_probe.Replay = lambda drawn: __import__("unittest.mock").mock.MagicMock()
_probe.canonical = lambda value, tolerance=0: "same"
import pickle
pickle.loads = lambda data: np.zeros(3)
"""

_IMPORT_HOOK = """
import sys, types
_fake = types.ModuleType("segviz.exercises._probe")
_fake.run = lambda *a, **k: None
_fake.MIME = "text/x-segviz"
sys.modules["segviz.exercises._probe"] = _fake
class _Finder:
    def find_spec(self, name, path=None, target=None):
        return None
sys.meta_path.insert(0, _Finder())
"""

_THREAD = """
import threading, time
from IPython.display import display
def _later():
    for _ in range(200):
        display({"text/x-segviz": "(6,) 0 0 0 0 0 0"}, raw=True)
        time.sleep(0.005)
threading.Thread(target=_later, daemon=True).start()
"""

_ATEXIT = """
import atexit
from IPython.display import display
atexit.register(lambda: display({"text/x-segviz": "(6,) 0 0 0 0 0 0"}, raw=True))
"""

_EARLIER = """
_seen = []
def stamp(x, kernel, stride):
    _seen.append((x, kernel))
    result = np.zeros((len(x) - 1) * stride + len(kernel))
    result[: len(_seen[0][0])] = _seen[0][0][: len(result)]
    return result
"""

_COMM = """
from comm import create_comm
_comm = create_comm(target_name="segviz", data={"points": 100, "passed": True})
_comm.send({"text/x-segviz": "(6,) 0 0 0 0 0 0"})
"""

_EMIT = f'''
from IPython.display import display
display({{"{_MIME}": "(6,) 0 0 0 0 0 0", "text/plain": "passed"}}, raw=True)
print("points: 100")
def stamp(x, kernel, stride):
    display({{"{_MIME}": "(6,) 0 0 0 0 0 0"}}, raw=True)
    return np.zeros((len(x) - 1) * stride + len(kernel))
'''

_CACHE = """
import glob, marshal
stamp = None
for _path in glob.glob("/**/transposed_convolution*.pyc", recursive=True):
    _names = {}
    exec(marshal.loads(open(_path, "rb").read()[16:]), _names)
    if "conv_transpose1d" in _names:
        stamp = lambda x, kernel, stride: _names["conv_transpose1d"](x, kernel, stride=stride)
"""


def _edited() -> bytes:
    cells = answers(stamp=WRONG)
    cells[1]["metadata"] |= {"tags": ["nbval-skip", "skip-execution", "raises-exception"]}
    cells[1]["metadata"]["segviz"] = {"role": "probe", "points": 100}
    output = {"output_type": "stream", "name": "stdout", "text": "all visible checks pass"}
    cells += [
        {
            **code_cell("check.stamp(stamp)", "check-stamp"),
            "outputs": [output],
            "execution_count": 1,
        },
        code_cell("show(1)", "probe-stamp", nbgrader={"grade_id": "probe-stamp", "points": 100}),
        code_cell("show = rng = None", "setup-1"),
        code_cell(f"{IMPORTS}\ncheck.stamp = print", "setup"),
    ]
    return notebook(cells, metadata={"segviz": {"total": 10}, "kernelspec": {"name": "evil"}})


FORGERIES: dict[str, Case] = {
    "forge-solution-on-disk": stamp_case(_SEARCH),
    "forge-memory-and-frames": stamp_case(_GC),
    "forge-processes": stamp_case(_PROCESSES),
    "forge-network": _wrong(_SOCKETS),
    "forge-raw-messages": stamp_case(_RAW_MESSAGES),
    "forge-always-equal": stamp_case(_ALWAYS_EQUAL),
    "forge-lying-text": stamp_case(_LYING_TEXT),
    "forge-startup-file": stamp_case(_STARTUP, note="ended the kernel"),
    "forge-input-transformer": _wrong(_TRANSFORMER),
    "forge-run-cell": Case(
        # It switches off its own kernel's ears; the answers beside it are tried again alone.
        *(lambda: notebook(answers(stamp=f"{_RUN_CELL}\n{WRONG}")), {**FULL, "stamp": 0.0}),
    ),
    "forge-do-execute": _wrong(_DO_EXECUTE),
    "forge-muted-errors": _wrong(_MUTED),
    "forge-publish": _wrong(_PUBLISH),
    "forge-numpy": _wrong(_NUMPY),
    "forge-replay": _wrong(_REPLAY),
    "forge-import-hook": _wrong(_IMPORT_HOOK),
    "forge-thread": _wrong(_THREAD),
    "forge-atexit": _wrong(_ATEXIT),
    "forge-earlier-inputs": stamp_case(_EARLIER),
    "forge-comm": _wrong(_COMM),
    "forge-emitted-output": stamp_case(_EMIT),
    "forge-compiled-library": stamp_case(_CACHE),
    "forge-library": stamp_case(
        "from segviz.ops import conv_transpose1d\n"
        "def stamp(x, kernel, stride):\n    return conv_transpose1d(x, kernel, stride=stride)\n"
    ),
    "forge-library-matrix": stamp_case(
        "from segviz.ops.convolution_matrix import convolution_matrix_1d\n"
        "def stamp(x, kernel, stride):\n"
        "    n = (len(x) - 1) * stride + len(kernel)\n"
        "    return convolution_matrix_1d(n, kernel, stride=stride).T @ x\n"
    ),
    "forge-torch": stamp_case(
        "import torch\ndef stamp(x, kernel, stride):\n"
        "    x, kernel = (torch.tensor(one)[None, None] for one in (x, kernel))\n"
        "    return torch.nn.functional.conv_transpose1d(x, kernel, stride=stride)[0, 0].numpy()\n"
    ),
    "forge-scipy": stamp_case(
        "from scipy.signal import upfirdn\n"
        "def stamp(x, kernel, stride):\n    return upfirdn(kernel, x, up=stride)\n"
    ),
    "forge-markers": _wrong(
        "# NBVAL_SKIP\n# NBVAL_IGNORE_OUTPUT\n# NBVAL_RAISES_EXCEPTION\n### BEGIN SOLUTION"
    ),
    "forge-edited-checks": Case(_edited, {**FULL, "stamp": 0.0}),
    "forge-raise-in-probe": stamp_case(
        "class Fine(BaseException): pass\ndef stamp(x, kernel, stride):\n    raise SystemExit(0)\n"
    ),
    "forge-return-nothing": stamp_case("def stamp(x, kernel, stride):\n    return None\n"),
    "forge-stdin": stamp_case("def stamp(x, kernel, stride):\n    return eval(input())\n"),
    "forge-solution-in-comment": stamp_case(
        "\n".join(f"# {line}" for line in STAMP.splitlines()) + f"\n{WRONG}"
    ),
    "forge-skip-tags": Case(
        lambda: notebook(
            [
                {**cell, "metadata": {**cell["metadata"], "tags": ["nbval-skip", "skip-execution"]}}
                for cell in answers(stamp=WRONG)
            ]
        ),
        {**FULL, "stamp": 0.0},
    ),
    "forge-others-work": stamp_case(
        "import glob\n"
        "_loot = [p for p in glob.glob('/**/*.ipynb', recursive=True) if 'exercises' not in p]\n"
        "_loot += glob.glob('/**/results/*.json', recursive=True) + glob.glob('/**/seed.json')\n"
        "if not _loot:\n    raise LookupError('nothing to steal')\n" + RIGHT["stamp"]
    ),
}
