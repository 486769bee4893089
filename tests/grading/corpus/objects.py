"""Answers that are no numbers but objects which lie, and hooks that rewrite what checks them."""

from __future__ import annotations

from .cases import FULL, Case, answers, code_cell, notebook, stamp_case
from .forgeries import WRONG

_FLOAT = """
class Number(float):
    def __format__(self, spec): return "0.5"
    def __eq__(self, other): return True
    __hash__ = float.__hash__
def stamp(x, kernel, stride): return [Number(0)] * ((len(x) - 1) * stride + len(kernel))
"""
_TENSOR = """
class Tensor:
    def detach(self): return self
    cpu = numpy = detach
    def __eq__(self, other): return True
    def __array__(self, *a, **k): return np.zeros(6)
    def __iter__(self):
        while True: yield self
def stamp(x, kernel, stride): return Tensor()
"""
_ENDLESS = """
class Rows(list):
    def __iter__(self):
        while True: yield [1, "x"]
def stamp(x, kernel, stride): return Rows([[1], [1, 2]])
"""
_CIRCLE = """
def stamp(x, kernel, stride):
    rows = [1, [2, 3]]
    rows.append(rows)
    return rows
"""
_WORDS = """
class Words:
    def __repr__(self):
        while True: pass
def stamp(x, kernel, stride): raise ValueError(Words())
"""
_TRACE = """
import sys, threading
_seen = []
def _trace(frame, event, argument):
    _seen.extend(v for v in list(frame.f_locals.values()) if isinstance(v, str))
    return _trace
sys.settrace(_trace); threading.settrace(_trace); sys.addaudithook(lambda event, arguments: None)
"""
_FORMATTER = """
_formatter = get_ipython().display_formatter
_formatter.format = lambda *a, **k: ({"text/x-segviz": "(6,) 1"}, {})
_formatter.formatters.clear()
"""
_REWRITE = """
import ast
class _Empty(ast.NodeTransformer):
    def visit(self, node): return type(node)(body=[], type_ignores=[])
get_ipython().ast_transformers.append(_Empty())
get_ipython().events.register("pre_run_cell", lambda info: setattr(info, "raw_cell", "pass"))
"""
_BUILTINS = """
import builtins
builtins.exec = builtins.compile = builtins.hasattr = lambda *a, **k: None
"""


def _extra_cells() -> bytes:
    patch = "__import__('segviz.exercises._probe', fromlist=['x']).run = lambda *a: None"
    extra = [code_cell(patch, "e1"), code_cell("import os; os._exit(0)", "e2")]
    return notebook([*answers(stamp=WRONG), *extra])


def _wrong(before: str) -> Case:
    return stamp_case(f"{before.strip()}\n\n{WRONG}")


OBJECTS: dict[str, Case] = {
    "object-float": stamp_case(_FLOAT),
    "object-tensor": stamp_case(_TENSOR),
    "object-endless-list": stamp_case(_ENDLESS),
    "object-list-in-itself": stamp_case(_CIRCLE),
    "object-endless-words": stamp_case(_WORDS),
    "hook-trace": _wrong(_TRACE),
    "hook-formatter": _wrong(_FORMATTER),
    "hook-rewritten-cells": _wrong(_REWRITE),
    "hook-builtins": _wrong(_BUILTINS),
    "hook-in-cells-of-ones-own": Case(_extra_cells, {**FULL, "stamp": 0.0}),
    "hook-shell-magic": stamp_case(
        "%%bash\ncat /proc/1/environ /etc/shadow; ls /work /root /home\n"
    ),
    "hook-browser-magic": stamp_case("%%javascript\nJupyter.notebook.execute_all_cells()\n"),
}
