"""What the tests of ops draw at random: shapes, steps, arrays, and the same arrays in torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from hypothesis import settings
from hypothesis import strategies as st

RELAXED = settings(deadline=None, max_examples=60)
CLOSE = {"rtol": 1e-12, "atol": 1e-12}

seeds = st.integers(0, 2**32 - 1)


def normal(seed: int, *shape: int) -> np.ndarray:
    """Numbers without any symmetry, so that a flip, a swap or a shift shows."""
    return np.random.default_rng(seed).standard_normal(shape)


def ties(seed: int, *shape: int) -> np.ndarray:
    """Few different numbers, so that nearly every window has a tie."""
    return np.random.default_rng(seed).integers(-2, 2, shape)


def batch(x: np.ndarray) -> torch.Tensor:
    """The array as torch wants it: one picture, one channel."""
    return torch.from_numpy(np.ascontiguousarray(x))[None, None]


def per_axis(axes: int, first: int, last: int) -> st.SearchStrategy[tuple[int, ...]]:
    return st.tuples(*[st.integers(first, last)] * axes)


@dataclass(frozen=True)
class Case:
    """An input, a kernel, and the steps by which the kernel moves."""

    x: np.ndarray
    kernel: np.ndarray
    options: dict[str, Any]


@st.composite
def conv_cases(draw: st.DrawFn, axes: int) -> Case:
    k, s = draw(per_axis(axes, 1, 4)), draw(per_axis(axes, 1, 4))
    p, d = draw(per_axis(axes, 0, 5)), draw(per_axis(axes, 1, 3))
    smallest = [
        max(1, step * (size - 1) + 1 - 2 * pad) for size, step, pad in zip(k, d, p, strict=True)
    ]
    n = [draw(st.integers(first, first + 8)) for first in smallest]
    seed = draw(seeds)
    options = {"stride": s, "padding": p, "dilation": d}
    return Case(normal(seed, *n), normal(seed + 1, *k), options)


@st.composite
def conv_transpose_cases(draw: st.DrawFn, axes: int) -> Case:
    n, k = draw(per_axis(axes, 1, 7)), draw(per_axis(axes, 1, 4))
    s, d = draw(per_axis(axes, 1, 4)), draw(per_axis(axes, 1, 3))
    a = tuple(draw(st.integers(0, max(pair) - 1)) for pair in zip(s, d, strict=True))
    full = [(n[i] - 1) * s[i] + d[i] * (k[i] - 1) + a[i] + 1 for i in range(axes)]
    p = tuple(draw(st.integers(0, min(6, (size - 1) // 2))) for size in full)
    seed = draw(seeds)
    options = {"stride": s, "padding": p, "output_padding": a, "dilation": d}
    return Case(normal(seed, *n), normal(seed + 1, *k), options)
