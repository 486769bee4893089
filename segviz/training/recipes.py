"""Train and evaluate the recipes of the course by name."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from segviz.datasets import Samples, load
from segviz.ops._checks import shown, whole_number
from segviz.training import (
    camvid_atrous,
    camvid_decoders,
    camvid_ladder,
    camvid_pretrained,
    deeplabv2_camvid,
    deeplabv3plus_camvid,
    em_unet,
    fcn8s_camvid,
    hippo_vnet,
    patch_to_fcn,
    processes,
    segnet_camvid,
    sliding_window_isbi2012,
    unet_isbi2012,
    vnet_hippocampus,
)
from segviz.training._files import as_path, made_folder, remove_with_leftovers
from segviz.training.cards import Card, Evaluation
from segviz.training.checkpoints import load_checkpoint, save_checkpoint
from segviz.training.devices import device
from segviz.training.recipe import Recipe
from segviz.training.runs import run, state_file, write_card

_FOR_LAPTOPS = (
    patch_to_fcn,
    camvid_ladder,
    camvid_pretrained,
    camvid_decoders,
    camvid_atrous,
    em_unet,
    hippo_vnet,
)
_AS_IN_THE_PAPERS = (
    sliding_window_isbi2012,
    fcn8s_camvid,
    segnet_camvid,
    unet_isbi2012,
    vnet_hippocampus,
    deeplabv2_camvid,
    deeplabv3plus_camvid,
)
_RECIPES = {module.RECIPE.name: module.RECIPE for module in (*_FOR_LAPTOPS, *_AS_IN_THE_PAPERS)}


def list_recipes() -> list[Recipe]:
    """Return every recipe: first those for a laptop, then the papers' own, which need a GPU.

    >>> [recipe.name for recipe in list_recipes()][:2]
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
    if not isinstance(name, str) or name not in _RECIPES:
        close = difflib.get_close_matches(str(name), _RECIPES) or list(_RECIPES)
        raise ValueError(f"name={shown(name)} is none of our recipes. Use {' or '.join(close)}.")
    return _RECIPES[name]


def train(
    name: str,
    *,
    source: str = "auto",
    seeds: Sequence[int] = (0,),
    folder: str | os.PathLike[str] = "checkpoints",
    resume: bool = False,
    on_cpu: bool = False,
    progress: bool = True,
) -> list[Card]:
    """Train every network of a recipe, measure it on the test split, save the first seed's.

    Under ``torchrun`` the processes share each batch; the first one measures and saves.

    Parameters
    ----------
    name : str
    source : str
        As for ``segviz.datasets.load``: "auto", "real" or "bundled".
    seeds : sequence of int
        Each network is trained once per seed; three or more tell the spread.
    folder : path
        Where the checkpoints go: NAME.safetensors and NAME.json; until all are done, the state of
        each training lies there too.
    resume : bool
        Go on from the states that a training of this recipe left here when it was stopped.
    on_cpu : bool
        Begin even a recipe of a paper's own size on a CPU.
    progress : bool
        Show progress bars.

    Returns
    -------
    list of Card
        One per network; none in the other processes of ``torchrun``.

    Raises
    ------
    ValueError, TypeError
        If the recipe, the source or a seed is unknown, the folder is no path, a state is damaged,
        or there is no GPU for a recipe that needs one.
    DatasetUnavailable
        If real pictures were asked for and cannot be had.
    OSError
        If the folder cannot be written to.
    """
    todo = recipe(name)
    chosen, place = _checked_seeds(seeds), as_path(folder, "folder")
    _check_device(todo, on_cpu)
    processes.share(todo.batch_size, processes.count())  # now, not when all is prepared
    made_folder(place, f"folder={str(place)!r}")  # now, not when all is trained
    pictures, test = _both_splits(todo, source)
    states = _states(todo, place, pictures.source, chosen)
    _clear(() if resume else states.values())
    prepared = todo.prepare(pictures, progress)
    cards = []
    for checkpoint, network in todo.networks.items():
        runs = [
            run(todo, network, prepared, test, seed, states[checkpoint, seed], progress)
            for seed in chosen
        ]
        if processes.rank() == 0:
            card = write_card(todo, checkpoint, pictures, test, chosen, runs)
            cards.append(save_checkpoint(checkpoint, runs[0].model, card, folder=folder))
    _clear(states.values())
    return cards


def _states(
    todo: Recipe, folder: Path, source: str, seeds: Sequence[int]
) -> dict[tuple[str, int], Path]:
    return {
        (checkpoint, seed): state_file(folder, checkpoint, source, seed)
        for checkpoint in todo.networks
        for seed in seeds
    }


def _clear(states: Iterable[Path]) -> None:
    """Remove states; all processes wait until none is left to be taken for a newer one."""
    processes.join(device())
    if processes.rank() == 0:
        for state in states:
            remove_with_leftovers(state)
    processes.wait()


def _check_device(todo: Recipe, on_cpu: bool) -> None:
    if todo.needs_gpu and device().type == "cpu" and not on_cpu:
        raise ValueError(
            f"{todo.name} needs a GPU: {todo.needs_gpu} Use a machine with one, or insist with "
            "--on-cpu (on_cpu=True)."
        )


def _both_splits(todo: Recipe, source: str) -> tuple[Samples, Samples]:
    pictures, test = (_pictures(todo, split, source) for split in ("train", "test"))
    if pictures.source != test.source:
        raise ValueError(
            f"the training pictures are {pictures.source}, the test pictures {test.source}. "
            "Use source='real' or source='bundled'."
        )
    return pictures, test


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
    place = None if folder is None else as_path(folder, "folder")
    test = _pictures(todo, "test", source)
    found = []
    for checkpoint, network in todo.networks.items():
        trained = load_checkpoint(checkpoint, source=test.source, folder=place)
        measure = network.measure or todo.measure
        scores = measure(trained.model.to(device()), test, progress)
        missed = network.missed(scores) if test.source == "real" else []
        found.append(Evaluation(trained.card, scores, tuple(missed)))
    return found


def _pictures(todo: Recipe, split: str, source: str) -> Samples:
    size = todo.size if todo.size and len(todo.size) == 2 else None
    return load(todo.set, split=split, source=source, size=size)


def _checked_seeds(seeds: object) -> tuple[int, ...]:
    if isinstance(seeds, range) and not seeds:  # as the command line counts them
        raise ValueError("there is no seed, so nothing would be trained. Use --seeds 1 or more.")
    if isinstance(seeds, (str, int)) or not isinstance(seeds, Sequence) or not len(seeds):
        raise TypeError(f"seeds={shown(seeds)} must be a sequence of whole numbers. Use (0, 1, 2).")
    checked = tuple(whole_number(seed, "seed", 0) for seed in seeds)
    if len(set(checked)) < len(checked):
        raise ValueError(
            f"seeds={shown(seeds)} must all differ: the same seed gives the same network, and that "
            f"is no spread. Use {tuple(dict.fromkeys(checked))}."
        )
    return checked
