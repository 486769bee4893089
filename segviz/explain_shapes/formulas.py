"""The rules for output sizes, written out with their numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping

from segviz._trace import AXIS_NAMES


def convolution_formula(n: int, m: int, k: int, s: int, p: int, d: int) -> str:
    """Return floor((n + 2p - d(k - 1) - 1) / s) + 1 with its numbers, and the pixels not reached.

    >>> convolution_formula(572, 570, 3, 1, 0, 1)
    '(572 + 2*0 - 1*(3-1) - 1)//1 + 1 = 570'
    >>> convolution_formula(45, 22, 2, 2, 0, 1)
    '(45 + 2*0 - 1*(2-1) - 1)//2 + 1 = 22, 1 left over'
    """
    left_over = (n + 2 * p - d * (k - 1) - 1) % s - p  # the padding at the end may be left first
    rest = f", {left_over} left over" if left_over > 0 else ""
    return f"({n} + 2*{p} - {d}*({k}-1) - 1)//{s} + 1 = {m}{rest}"


def transposed_formula(n: int, m: int, k: int, s: int, p: int, d: int, a: int) -> str:
    """Return (n - 1)s - 2p + d(k - 1) + a + 1 with its numbers.

    >>> transposed_formula(28, 56, 2, 2, 0, 1, 0)
    '(28-1)*2 - 2*0 + 1*(2-1) + 0 + 1 = 56'
    """
    return f"({n}-1)*{s} - 2*{p} + {d}*({k}-1) + {a} + 1 = {m}"


def ceil_formula(n: int, m: int, k: int, s: int, p: int, d: int) -> str:
    """Return ceil((n + 2p - d(k - 1) - 1) / s) + 1, less a window that starts beyond the map.

    >>> ceil_formula(45, 23, 2, 2, 0, 1)
    'ceil((45 + 2*0 - 1*(2-1) - 1)/2) + 1 = 23'
    """
    windows = math.ceil((n + 2 * p - d * (k - 1) - 1) / s) + 1
    formula = f"ceil(({n} + 2*{p} - {d}*({k}-1) - 1)/{s}) + 1"
    if windows == m:
        return f"{formula} = {m}"
    return f"{formula} - 1 = {m}, as the last window would start beyond the map"


def crop_formula(n: int, m: int, start: int, stop: int, step: int) -> str:
    """Return what is left of n pixels from ``start`` to ``stop``, every ``step``-th of them.

    >>> crop_formula(64, 56, 4, 60, 1), crop_formula(8, 4, 0, 8, 2)
    ('64 - 4 - 4 = 56', 'ceil((8 - 0 - 0)/2) = 4')
    """
    left = f"{n} - {start} - {n - stop}"
    return f"{left} = {m}" if step == 1 else f"ceil(({left})/{step}) = {m}"


def by_dimension(formulas: Mapping[int, str], dims: int) -> str:
    """Return one text for the formulas of several dimensions of a tensor.

    >>> by_dimension({2: "4 = 4", 3: "4 = 4"}, 4), by_dimension({2: "4 = 4", 3: "5 = 5"}, 4)
    ('4 = 4', 'rows: 4 = 4; columns: 5 = 5')
    """
    if set(formulas) == set(range(2, dims)) and len(set(formulas.values())) == 1:
        return next(iter(formulas.values()))
    return "; ".join(f"{axis_name(dim, dims)}: {text}" for dim, text in formulas.items())


def axis_name(dim: int, dims: int) -> str:
    """Return what a dimension of a tensor (N, C, ...) is called."""
    names = ("batch", "channels", *AXIS_NAMES.get(dims - 2, ()))
    return names[dim] if dim < len(names) else f"axis {dim}"
