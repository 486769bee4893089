"""One seed of one network of a recipe: trained, measured, and written on a card."""

from __future__ import annotations

import datetime
import platform
import statistics
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn

from segviz.datasets import Samples
from segviz.models import create
from segviz.training import processes
from segviz.training.cards import Card, Score
from segviz.training.checkpoints import STAND_IN, round_weights
from segviz.training.devices import device
from segviz.training.loop import fit
from segviz.training.recipe import Network, Recipe


@dataclass(frozen=True)
class Run:
    """A trained network and its scores on the test split."""

    model: nn.Module
    seconds: float
    scores: dict[str, float] = field(default_factory=dict)


def state_file(folder: Path, checkpoint: str, source: str, seed: int) -> Path:
    """Return where the state of a training is kept until the whole recipe is done."""
    stem = checkpoint + (STAND_IN if source == "stand-in" else "")
    return folder / f"{stem}-seed{seed}.state"


def run(
    todo: Recipe, network: Network, prepared: Any, test: Samples, seed: int, state: Path,
    progress: bool,
) -> Run:  # fmt: skip
    """Train a network and measure it; of several processes the first one measures."""
    model = create(network.model, seed=seed, **network.variant)
    history = fit(
        todo.trained(model),
        todo.draw(prepared, model, processes.share(todo.batch_size, processes.count())),
        network.loss or todo.loss,
        steps=network.steps or todo.steps,
        learning_rate=network.learning_rate or todo.learning_rate,
        optimizer=todo.optimizer,
        schedule=todo.schedule,
        seed=seed,
        state=state,
        save_every=todo.save_every,
        progress=progress,
    )
    todo.finish(model, prepared)
    round_weights(model, todo.stored)
    # As it will be when it is loaded again: another layout in memory adds up in another order.
    model.eval().to(device(), memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    if processes.rank() > 0:
        return Run(model, history.cpu_seconds)
    measure = network.measure or todo.measure
    return Run(model, history.cpu_seconds, measure(model, test, progress))


def write_card(
    todo: Recipe, checkpoint: str, pictures: Samples, test: Samples, seeds: tuple[int, ...],
    runs: list[Run],
) -> Card:  # fmt: skip
    """Return the card of a network whose seeds have all been run."""
    network, about = todo.networks[checkpoint], pictures.about
    return Card(
        name=checkpoint,
        recipe=todo.name,
        model=network.model,
        variant=dict(network.variant),
        set=todo.set,
        source=pictures.source,
        licence=about.licence if about else "",
        citation=about.citation if about else "",
        picture_size=todo.size or tuple(pictures[0].size),
        train=len(pictures),
        test=len(test),
        seed=seeds[0],
        seeds=seeds,
        steps=network.steps or todo.steps,
        seconds=round(statistics.fmean(run.seconds for run in runs), 1),
        device=_device_in_words(),
        torch=torch.__version__,
        date=datetime.date.today().isoformat(),
        scores={
            metric: Score(score, tuple(run.scores[metric] for run in runs))
            for metric, score in runs[0].scores.items()
        },
        stored=todo.stored,
    )


def _device_in_words() -> str:
    place = device()
    if place.type == "cuda":
        return torch.cuda.get_device_name(place)
    threads = torch.get_num_threads()
    return f"{place.type} ({platform.machine()}, {threads} thread{'s' * (threads != 1)})"
