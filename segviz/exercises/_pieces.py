"""One function out of a notebook's cells, statement by statement: what it needs, and nothing else.

A student's cell may stop before the function that it should define, at a package that isn't there,
say; and what a function needs may stand in a cell that never ends. So statements are picked by the
names that they bind, and one that fails stops nothing. It runs where the student's code runs.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import Any

# Magics whose cell is Python all the same.
_PYTHON = ("time", "timeit", "capture", "prun")


def define(name: str, sources: Sequence[str], names: dict[str, Any]) -> None:
    """Define a function, and print what failed on the way.

    Args:
        name: the function's.
        sources: the cells that may hold it and what it calls; the last definition counts.
        names: where to define it.

    >>> names = {}
    >>> define("f", ["import nowhere", "while True: pass", "a = 2\\n1 / 0\\nf = lambda: a"], names)
    >>> names["f"]()
    2
    """
    waiting = needed(name, [part for source in sources for part in _statements(source)])
    while waiting:
        failed = [part for part in waiting if not _done(part, names)]
        if len(failed) == len(waiting):
            print("\n".join(f"failed: {ast.unparse(part)[:200]}" for part in failed))
            return
        waiting = failed  # one may have used what a later one defines


def needed(name: str, statements: Sequence[ast.stmt]) -> list[ast.stmt]:
    """The statements that bind `name`, or what those use."""
    wanted, count = {name}, 0
    while count != len(wanted):
        count = len(wanted)
        chosen = [part for part in statements if wanted & {*_bound(part), *_stars(part)}]
        wanted |= {"*", *(used for part in chosen for used in _used(part))}
    return [part for part in statements if wanted & {*_bound(part), *_stars(part)}]


def _statements(source: str) -> list[ast.stmt]:
    first, _, rest = source.lstrip().partition("\n")
    if first.startswith("%%") and first[2:].split()[:1] and first[2:].split()[0] in _PYTHON:
        source = rest
    try:
        return ast.parse(_without_magics(source)).body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        print(f"left out a cell: {type(error).__name__}")
        return []


def _without_magics(source: str) -> str:
    from IPython.core.inputtransformer2 import TransformerManager

    return str(TransformerManager().transform_cell(source))


def _bound(part: ast.stmt) -> Iterator[str]:
    if isinstance(part, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        yield part.name
        return
    for node in ast.walk(part):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield node.name
        elif isinstance(node, ast.alias):
            yield (node.asname or node.name).split(".")[0]
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, (ast.Subscript, ast.Attribute)) and isinstance(node.ctx, ast.Store):
            yield from (one.id for one in ast.walk(node.value) if isinstance(one, ast.Name))


def _stars(part: ast.stmt) -> Iterator[str]:
    """``from x import *`` may bind anything."""
    if isinstance(part, ast.ImportFrom) and part.names[0].name == "*":
        yield "*"


def _used(part: ast.stmt) -> Iterator[str]:
    return (node.id for node in ast.walk(part) if isinstance(node, ast.Name))


def _done(part: ast.stmt, names: dict[str, Any]) -> bool:
    try:
        exec(compile(ast.Module([part], []), "<cell>", "exec"), names)
    except (Exception, SystemExit) as error:
        print(f"{type(error).__name__}: {error}")
        return False
    return True
