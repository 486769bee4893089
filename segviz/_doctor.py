"""``segviz doctor``: what works on this machine, and what to do about what does not.

Every finding is looked up on its own, so that the report comes whole even where torch is missing.
"""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from . import __version__

if TYPE_CHECKING:
    from packaging.requirements import Requirement

MEMORY_GB, DISK_GB = 4, 2
LAB_EXTENSIONS = {"anywidget": "anywidget", "ipywidgets": "@jupyter-widgets/jupyterlab-manager"}
REINSTALL = "run: python course.py lab (or: pip install -r requirements.lock -e .)"


class Finding(NamedTuple):
    """One line of the report; `remedy` is empty where all is well, `broken` stops the course."""

    topic: str
    words: str
    remedy: str = ""
    broken: bool = False


def examine() -> int:
    """Print every finding with its remedy; return 1 if one keeps the course from running."""
    broken = 0
    for look in LOOKS:
        for finding in _safely(look):
            mark = "ok" if not finding.remedy else "BROKEN" if finding.broken else "note"
            print(f"{mark:>6}  {finding.topic:<9} {finding.words}")
            if finding.remedy:
                print(f"{'':18}-> {finding.remedy}")
            broken += finding.broken
    print(f"\n{broken} thing(s) to repair." if broken else "\nReady for the course.")
    return 1 if broken else 0


def _safely(look: Callable[[], Iterator[Finding]]) -> list[Finding]:
    """One look must not end the others: a half-installed package can raise anything."""
    try:
        return list(look())
    except Exception as error:
        words = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
        return [Finding(look.__name__.strip("_"), words, REINSTALL, broken=True)]


def _python() -> Iterator[Finding]:
    place = Path(__file__).parent
    yield Finding("python", f"{platform.python_version()} on {platform.platform()}")
    yield Finding("segviz", f"{__version__} in {place}")


def _packages() -> Iterator[Finding]:
    """Whether everything that segviz asks for is there, and new enough."""
    from packaging.requirements import Requirement

    wanted = [Requirement(line) for line in requires("segviz") or ()]
    needed = [r for r in wanted if not r.marker or r.marker.evaluate({"extra": "lab"})]
    faults = [fault for requirement in needed if (fault := _fault(requirement))]
    main = ", ".join(f"{name} {_version(name)}" for name in ("torch", "numpy", "jupyterlab"))
    if faults:
        yield Finding("packages", "; ".join(faults), REINSTALL, broken=True)
    else:
        yield Finding("packages", f"all {len(needed)} there: {main}")


def _fault(requirement: Requirement) -> str:
    found = _version(requirement.name)
    if not found:
        return f"{requirement.name} is missing"
    if not requirement.specifier.contains(found, prereleases=True):
        return f"{requirement.name} {found} is not {requirement.specifier}"
    return ""


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _device() -> Iterator[Finding]:
    import torch

    if torch.cuda.is_available():
        for index in range(torch.cuda.device_count()):
            card = torch.cuda.get_device_properties(index)
            yield Finding("device", f"cuda:{index} {card.name}, {card.total_memory / 1e9:.0f} GB")
    elif torch.backends.mps.is_available():
        yield Finding("device", "mps (Apple GPU)")
    else:
        yield Finding("device", "no GPU that torch can use: everything runs on the CPU, as planned")
        if shutil.which("nvidia-smi"):
            remedy = "update the driver, or in a container: start it with its GPUs"
            yield Finding("device", "nvidia-smi is here, but torch sees no card", remedy)


def _memory() -> Iterator[Finding]:
    import psutil

    memory = psutil.virtual_memory()
    words = f"{memory.available / 1e9:.1f} of {memory.total / 1e9:.1f} GB free"
    remedy = f"close other programs: a lecture needs up to {MEMORY_GB} GB"
    yield Finding("memory", words, remedy if memory.available < MEMORY_GB * 1e9 else "")


def _threads() -> Iterator[Finding]:
    import torch

    policy = os.environ.get("OMP_WAIT_POLICY", "")
    words = f"{torch.get_num_threads()} of {os.cpu_count()} cores, OMP_WAIT_POLICY={policy}"
    idle = "set OMP_WAIT_POLICY=PASSIVE: threads that spin while they wait slow every program here"
    yield Finding("threads", words, "" if policy.upper() == "PASSIVE" else idle)


def _disk() -> Iterator[Finding]:
    from .datasets.disk import cache_folder

    cache = cache_folder()
    existing = next(folder for folder in (cache, *cache.parents) if folder.exists())
    free = shutil.disk_usage(existing).free / 1e9
    words = f"{free:.0f} GB free for downloads in {cache}"
    if not os.access(existing, os.W_OK):
        yield Finding("disk", words + ", not writable", "set SEGVIZ_CACHE to a folder of yours")
    else:
        yield Finding("disk", words, f"free {DISK_GB} GB" if free < DISK_GB else "")


def _sets() -> Iterator[Finding]:
    from .datasets.registry import list_sets

    statuses = list_sets()
    there = [status.dataset.name for status in statuses if not status.missing]
    words = f"{len(there)} of {len(statuses)} real sets whole on disk: {', '.join(there) or 'none'}"
    remedy = "lectures draw stand-ins for the others; for real ones: segviz data fetch SET"
    yield Finding("data", words, "" if len(there) == len(statuses) else remedy)


def _widgets() -> Iterator[Finding]:
    """A widget needs its Python half, and its half in JupyterLab, in the same environment."""
    from jupyter_core.paths import jupyter_path

    folders = [Path(folder) / "labextensions" for folder in jupyter_path()]
    for package, extension in LAB_EXTENSIONS.items():
        shown = any((folder / extension / "package.json").exists() for folder in folders)
        words = f"{package} {_version(package) or 'missing'}"
        words += "" if shown else ", but JupyterLab has no extension for it here"
        yield Finding("widgets", words, "" if shown else REINSTALL, broken=not shown)


def _kernel() -> Iterator[Finding]:
    """The notebooks ask for the kernel `python3`; it must be this Python."""
    from jupyter_client.kernelspec import KernelSpecManager

    asked = KernelSpecManager().get_kernel_spec("python3").argv[0]
    same = not os.path.isabs(asked) or Path(asked).resolve() == Path(sys.executable).resolve()
    remedy = "remove it (jupyter kernelspec list), or start Lab with: python course.py lab"
    words = "python3 runs this Python" if same else f"python3 runs another Python, {asked}"
    yield Finding("kernel", words, "" if same else remedy)


def _for_developers() -> Iterator[Finding]:
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    browser = browser or shutil.which("google-chrome") or ""
    words = browser or "no Chromium"
    remedy = "only developers need it (browser tests): apt install chromium, or brew install"
    yield Finding("chromium", words, "" if browser else remedy)
    node = shutil.which("node") or ""
    remedy = "only developers need it (tests of the widgets' JavaScript): install Node.js 20+"
    yield Finding("node", node or "no Node.js", "" if node else remedy)


LOOKS = (
    _python,
    _packages,
    _device,
    _memory,
    _threads,
    _disk,
    _sets,
    _widgets,
    _kernel,
    _for_developers,
)
