"""What a kernel doesn't get of installed packages: what judges it, and what would be the answer."""

from __future__ import annotations

import ast
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

import segviz

__all__ = ["copy_package", "hidden_packages"]

# What is imported by name is there, and raises where it is used.
_STUB = """\
def _withheld(name):
    def withheld(*arguments, **options):
        raise NotImplementedError({words!r})
    return withheld

def __getattr__(name):
    if name.startswith("_"):
        raise AttributeError(name)
    return _withheld(name)
"""


def hidden_packages(withheld: Iterable[str]) -> Iterator[str]:
    """Where an installed package that would be the answer lies."""
    from importlib.util import find_spec

    for name in withheld:
        if name.split(".")[0] != "segviz" and (spec := find_spec(name)):
            yield from spec.submodule_search_locations or [str(spec.origin)]


def copy_package(target: Path, withheld: Iterable[str]) -> None:
    """Copy segviz as students have it, less what judges them and what answers for them."""
    package = Path(segviz.__file__).parent
    unwanted = shutil.ignore_patterns("__pycache__", "grading", "_data", "cli.py", "__main__.py")
    shutil.copytree(package, target, ignore=unwanted)
    (target / "_data").mkdir()
    for name in withheld:
        if name.startswith("segviz."):
            path = target.joinpath(*name.split(".")[1:])
            if path.is_dir():
                stub = _without_answers(path / "__init__.py", name)
                shutil.rmtree(path)
                path.mkdir()
                path = path / "__init__.py"
            else:
                path = path.with_suffix(".py")
                stub = _without_answers(path, name)
            path.write_text(stub, encoding="utf-8")


def _without_answers(path: Path, name: str) -> str:
    """The module with its public names kept, so that what imports them still can."""
    words = f"{name} may be the answer to this exercise, and is not there while it is graded."
    names = []
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.append(node.name)
        elif isinstance(node, ast.ImportFrom) and node.module != "__future__":
            names += [alias.asname or alias.name for alias in node.names]
    stubs = [f"{one} = _withheld({one!r})\n" for one in names if not one.startswith("__")]
    return "\n".join([f'"""{words}"""\n', _STUB.format(words=words), *stubs])
