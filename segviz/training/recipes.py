"""Train and evaluate the recipes of the course by name."""

from __future__ import annotations

import datetime
import difflib
import os
import platform
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from segviz.datasets import Samples, load
from segviz.models import create
from segviz.ops._checks import shown, whole_number
from segviz.training import camvid_ladder, patch_to_fcn
from segviz.training.cards import Card, Evaluation, Score
from segviz.training.checkpoints import load_checkpoint, save_checkpoint
from segviz.training.devices import device
from segviz.training.loop import fit
from segviz.training.recipe import Network, Recipe

_RECIPES = {module.RECIPE.name: module.RECIPE for module in (patch_to_fcn, camvid_ladder)}


def list_recipes() -> list[Recipe]:
    """Return every recipe.

    >>> [recipe.name for recipe in list_recipes()]
    ['patch_to_fcn', 'camvid_ladder']
    """
    return list(_RECIPES.values())


def recipe(name: str) -> Recipe:
    """Return a recipe by name.

    Raises
    ------
    ValueError
        If there is no such recipe.
    """
    if name not in _RECIPES:
        close = difflib.get_close_matches(str(name), _RECIPES) or list(_RECIPES)
        raise ValueError(f"name={shown(name)} is none of our recipes. Use {' or '.join(close)}.")
    return _RECIPES[name]


def train(
    name: str,
    *,
    source: str = "auto",
    seeds: Sequence[int] = (0,),
    folder: str | os.PathLike[str] = "checkpoints",
    progress: bool = True,
) -> list[Card]:
    """Train every network of a recipe, measure it on the test split, save the first seed's.

    Parameters
    ----------
    name : str
    source : str
        As for ``segviz.datasets.load``: "auto", "real" or "bundled".
    seeds : sequence of int
        Each network is trained once per seed; three or more tell the spread.
    folder : path
        Where the checkpoints go: NAME.safetensors and NAME.json.
    progress : bool
        Show progress bars.

    Returns
    -------
    list of Card
        One per network.

    Raises
    ------
    ValueError, TypeError
        If the recipe, the source or a seed is unknown.
    DatasetUnavailable
        If real pictures were asked for and cannot be had.
    OSError
        If the folder cannot be written to.
    """
    todo = recipe(name)
    chosen = _checked_seeds(seeds)
    Path(folder).mkdir(parents=True, exist_ok=True)  # now, not when all is trained
    pictures, test = (_pictures(todo, split, source) for split in ("train", "test"))
    prepared = todo.prepare(pictures, progress)
    cards = []
    for checkpoint, network in todo.networks.items():
        runs = [_run(todo, network, prepared, test, seed, progress) for seed in chosen]
        card = _card(todo, checkpoint, pictures, test, chosen, runs)
        cards.append(save_checkpoint(checkpoint, runs[0].model, card, folder=folder))
    return cards


@dataclass(frozen=True)
class _Run:
    """One seed of one network."""

    model: nn.Module
    scores: dict[str, float]
    seconds: float


def _run(
    todo: Recipe, network: Network, prepared: Any, test: Samples, seed: int, progress: bool
) -> _Run:
    model = create(network.model, seed=seed, **network.variant)
    start = time.process_time()
    fit(
        todo.trained(model),
        todo.draw(prepared, model, todo.batch_size),
        todo.loss,
        steps=todo.steps,
        learning_rate=todo.learning_rate,
        schedule=todo.schedule,
        seed=seed,
        progress=progress,
    )
    seconds = time.process_time() - start
    todo.finish(model, prepared)
    model.eval().to(device())
    return _Run(model, todo.measure(model, test, progress), seconds)


def evaluate(
    name: str,
    *,
    source: str = "auto",
    folder: str | os.PathLike[str] | None = None,
    progress: bool = True,
) -> list[Evaluation]:
    """Measure the checkpoints of a recipe on the test split again.

    Parameters
    ----------
    name : str
    source : str
        As for ``segviz.datasets.load``. Real pictures are judged with the checkpoint that was
        trained on real ones, stand-ins with their own.
    folder : path, optional
        By default that of the checkpoints that come with the course.
    progress : bool
        Show progress bars.

    Returns
    -------
    list of Evaluation
        One per network.

    Raises
    ------
    ValueError, TypeError, DatasetUnavailable, FileNotFoundError
        As ``train`` and ``load_checkpoint``.
    """
    todo = recipe(name)
    test = _pictures(todo, "test", source)
    found = []
    for checkpoint, network in todo.networks.items():
        trained = load_checkpoint(checkpoint, source=test.source, folder=folder)
        scores = todo.measure(trained.model.to(device()), test, progress)
        missed = network.missed(scores) if test.source == "real" else []
        found.append(Evaluation(trained.card, scores, tuple(missed)))
    return found


def _pictures(todo: Recipe, split: str, source: str) -> Samples:
    return load(todo.set, split=split, source=source, size=todo.size)


def _checked_seeds(seeds: object) -> tuple[int, ...]:
    if isinstance(seeds, (str, int)) or not isinstance(seeds, Sequence) or not len(seeds):
        raise TypeError(f"seeds={shown(seeds)} must be a sequence of whole numbers. Use (0, 1, 2).")
    return tuple(whole_number(seed, "seed", 0) for seed in seeds)


def _card(
    todo: Recipe,
    checkpoint: str,
    pictures: Samples,
    test: Samples,
    seeds: tuple[int, ...],
    runs: list[_Run],
) -> Card:
    if pictures.source != test.source:
        raise ValueError(
            f"the training pictures are {pictures.source}, the test pictures {test.source}. "
            "Use source='real' or source='bundled'."
        )
    network = todo.networks[checkpoint]
    height, width = todo.size or tuple(pictures[0].size)
    about = pictures.about
    return Card(
        name=checkpoint,
        recipe=todo.name,
        model=network.model,
        variant=dict(network.variant),
        set=todo.set,
        source=pictures.source,
        licence=about.licence if about else "",
        citation=about.citation if about else "",
        picture_size=(height, width),
        train=len(pictures),
        test=len(test),
        seed=seeds[0],
        seeds=seeds,
        steps=todo.steps,
        seconds=round(statistics.fmean(run.seconds for run in runs), 1),
        device=_device_in_words(),
        torch=torch.__version__,
        date=datetime.date.today().isoformat(),
        scores={
            metric: Score(score, tuple(run.scores[metric] for run in runs))
            for metric, score in runs[0].scores.items()
        },
    )


def _device_in_words() -> str:
    place = device()
    if place.type == "cuda":
        return torch.cuda.get_device_name(place)
    threads = torch.get_num_threads()
    return f"{place.type} ({platform.machine()}, {threads} thread{'s' * (threads != 1)})"
