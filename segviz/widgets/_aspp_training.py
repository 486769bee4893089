"""Fit ASPP's branches to drawn streets: ``python -m segviz.widgets._aspp_training``.

By least squares, which has one answer: scores near 1 for the true class and near 0 for all others.
It takes two or three minutes of one core, most of them for the backbone, and replaces the file in
``data/``.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from safetensors.torch import save
from torch import Tensor, nn

from segviz.datasets import Sample, load
from segviz.datasets.registry import course_data
from segviz.widgets._aspp_branches import (
    CHANNELS,
    CLASSES,
    FILE,
    HEADS,
    RATES,
    SIZE,
    STRIDE,
    backbone,
    branch_scores,
    join_of,
    network,
)
from segviz.widgets._aspp_input import MEAN, POINT

RIDGE = 1e-2  # of the columns' mean square: few pictures must not fix large weights
BATCH = 4


@torch.no_grad()
def prepare(samples: Sequence[Sample]) -> tuple[Tensor, Tensor]:
    """The backbone's maps, and the class of the pixel in the middle of each of their places."""
    deep, half = backbone(), STRIDE // 2
    maps = torch.cat([deep(sample.image[None])[STRIDE].half() for sample in samples])
    labels = torch.stack([sample.labels()["mask"] for sample in samples])
    return maps, labels[:, half::STRIDE, half::STRIDE]


@torch.no_grad()
def fit(maps: Tensor, labels: Tensor) -> nn.ModuleDict:
    """Fit the reduction, then each branch by itself, then each join on the branches' scores."""
    net = network()
    _fit_reduction(net.get_submodule("reduce"), maps)
    for rate in RATES:
        branch = net.get_submodule(f"branches.{rate}")
        _put(branch, least_squares(_columns_of(net, rate), maps, labels))
    for head in HEADS:
        _put(join_of(net, head), least_squares(_columns_behind(net, head), maps, labels))
    return net.eval()


def _fit_reduction(reduce: nn.Module, maps: Tensor) -> None:
    """The principal components of what the backbone gives, each with variance 1."""
    values = maps.movedim(1, -1).flatten(0, 2).float()
    mean = values.mean(0)
    spread, directions = torch.linalg.eigh(torch.cov(values.T))
    weight = directions[:, -CHANNELS:] / spread[-CHANNELS:].sqrt()
    _put(reduce, torch.cat([weight, -(mean @ weight)[None]]))


def _columns_of(net: nn.ModuleDict, rate: int | str) -> Callable[[Tensor], Tensor]:
    """What a branch of this rate reads: (N, values, places)."""
    reduce = net.get_submodule("reduce")

    def columns(maps: Tensor) -> Tensor:
        reduced = reduce(maps)
        if rate == MEAN:
            mean = reduced.mean((2, 3))[:, :, None]
            return mean.expand(-1, -1, reduced[0, 0].numel())
        size, step = (1, 1) if rate == POINT else (3, int(rate))
        return F.unfold(reduced, size, dilation=step, padding=step if size > 1 else 0)

    return columns


def _columns_behind(net: nn.ModuleDict, head: str) -> Callable[[Tensor], Tensor]:
    """What the join of a head reads: the scores of all its branches."""

    def columns(maps: Tensor) -> Tensor:
        scores = branch_scores(net, maps)
        return torch.cat([scores[rate] for rate in HEADS[head]], 1).flatten(2)

    return columns


def least_squares(columns: Callable[[Tensor], Tensor], maps: Tensor, labels: Tensor) -> Tensor:
    """Weights (values, K) with the bias below them, from the sums over all pictures.

    Places of rare classes count more, by the root of how rare they are; void does not count.
    """
    weights = _weights_of(labels)
    left, right = torch.zeros(1), torch.zeros(1)
    for first in range(0, len(maps), BATCH):
        part = slice(first, first + BATCH)
        truth = labels[part].flatten()
        values = columns(maps[part].float()).movedim(1, -1).flatten(0, 1)
        values = F.pad(values, (0, 1), value=1.0)  # for the bias
        counted = (values * weights[truth][:, None]).T
        left = left + (counted @ values).double()
        right = right + (counted @ F.one_hot(truth, 256)[:, :CLASSES].float()).double()
    ridge = RIDGE * left.diagonal().mean() * torch.eye(len(left), dtype=left.dtype)
    ridge[-1, -1] = 0
    return torch.linalg.solve(left + ridge, right).float()


def _weights_of(labels: Tensor) -> Tensor:
    """How much a place of each class counts; codes beyond the classes are void."""
    places = torch.bincount(labels[labels != 255], minlength=CLASSES).clamp(min=1)
    return F.pad((places.sum() / places).sqrt(), (0, 256 - CLASSES))


def _put(layer: nn.Module, solution: Tensor) -> None:
    """Weights (values, K) with the bias below them, rounded to the 16 bits that are stored."""
    weight, bias = layer.get_parameter("weight"), layer.get_parameter("bias")
    weight.copy_(solution[:-1].T.reshape(weight.shape).half())
    bias.copy_(solution[-1])


def main() -> None:
    """Fit, and replace the file."""
    samples = load("camvid", split="train", source="bundled", size=SIZE)
    net = fit(*prepare([samples[i] for i in range(len(samples))]))
    stored = {
        name: weight.half() if weight.ndim > 1 else weight
        for name, weight in net.state_dict().items()
    }
    target = course_data() / FILE
    part = target.with_suffix(".part")
    part.write_bytes(save(stored))
    os.replace(part, target)


if __name__ == "__main__":
    main()
