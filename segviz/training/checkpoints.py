"""Trained weights with a card that says how they came about and what they reach.

A checkpoint is two files: NAME.safetensors, which holds numbers and cannot run code, and NAME.json,
the card. The card carries the SHA-256 of the weights; weights of another card are not loaded.
"""

from __future__ import annotations

import difflib
import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save
from torch import nn

from segviz.datasets.registry import course_data
from segviz.models import create
from segviz.models.backbones import WEIGHTS_SHA256
from segviz.ops._checks import shown
from segviz.training import _weights
from segviz.training._files import as_path, made_folder, write_atomically
from segviz.training.cards import Card

STAND_IN = "-stand-in"


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A trained network, in evaluation mode, and its card."""

    model: nn.Module
    card: Card


def checkpoint_folder() -> Path:
    """Return the folder of the checkpoints that come with the course."""
    return course_data() / "checkpoints"


def load_checkpoint(
    name: str, *, source: str = "real", folder: str | os.PathLike[str] | None = None
) -> Checkpoint:
    """Load a trained network; frozen backbones come from their package.

    Parameters
    ----------
    name : str
        Such as "patch_to_fcn" or "camvid_fcn8s".
    source : "real" or "stand-in"
        What it was trained on; ``samples.source`` of the pictures that it shall run on.
    folder : path, optional
        By default that of the checkpoints that come with the course.

    Returns
    -------
    Checkpoint
        ``.model`` in evaluation mode, on the CPU; ``.card``.

    Raises
    ------
    FileNotFoundError
        If there is no such checkpoint.
    ValueError
        If a file is damaged, the two do not belong together, or the weights are not those of the
        network, in finite numbers.

    Examples
    --------
    >>> load_checkpoint("no_such_network")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    FileNotFoundError: no checkpoint 'no_such_network' here. There are ...
    """
    card_file = _find(name, source, folder)
    card = _read_card(card_file, source)
    stem, weights_file = card_file.stem, card_file.with_suffix(".safetensors")
    content = weights_file.read_bytes() if weights_file.is_file() else b""
    if hashlib.sha256(content).hexdigest() != card.sha256:
        raise ValueError(
            f"{weights_file.name} is missing, damaged, or not of the card {card_file.name} "
            f"(SHA-256 differs). Train it again with: segviz train {card.recipe}"
        )
    if card.backbone not in ("", WEIGHTS_SHA256):
        raise ValueError(
            f"{stem} was trained on a backbone of other weights than those installed. "
            f"Train it again with: segviz train {card.recipe}"
        )
    model = create(card.model, **_without_download(card))
    _weights.put_in(model, content, stem)
    return Checkpoint(model.eval(), card)


def _without_download(card: Card) -> dict[str, Any]:
    """The network's variant; ImageNet weights that the file replaces all of are not fetched."""
    known = {} if card.backbone or "pretrained" not in card.variant else {"pretrained": False}
    return {**card.variant, **known}


def save_checkpoint(
    name: str, model: nn.Module, card: Card, *, folder: str | os.PathLike[str]
) -> Card:
    """Write weights and card, each in one step, so that no half-written file is ever there.

    A frozen backbone is left out; convolution weights are kept as ``card.stored`` says. Returns the
    card with the SHA-256 of the weights.

    Raises
    ------
    ValueError
        If the name is no file name, a weight is nan or infinite, or the weights are not rounded yet
        to what is stored.
    OSError
        If the folder cannot be written to.
    """
    stem, place = _stem(name, card.source), as_path(folder, "folder")
    content = save(_stored(model, card.stored))
    card = card.with_weights(
        sha256=hashlib.sha256(content).hexdigest(),
        bytes=len(content),
        backbone=WEIGHTS_SHA256 if getattr(model, "frozen", False) else "",
    )
    made_folder(place, f"folder={str(place)!r}")
    write_atomically(place / f"{stem}.safetensors", content)
    write_atomically(place / f"{stem}.json", card.to_json().encode())
    return card


def round_weights(model: nn.Module, stored: str) -> None:
    """Round convolution weights, in place, to what a checkpoint stores: "float32" or "float16".

    Biases and the numbers of batch norm stay as they are: they are few, and 16 bits cannot hold
    every variance.

    >>> line = nn.Linear(1, 1)
    >>> _ = nn.init.constant_(line.weight, 0.1)
    >>> round_weights(line, "float16")
    >>> line.weight.item()
    0.0999755859375
    """
    weights = model.state_dict()
    with torch.no_grad():
        for key in _roundable(model):
            weights[key].copy_(weights[key].to(_DTYPES[stored]))


_DTYPES = {"float32": torch.float32, "float16": torch.float16}


def _roundable(model: nn.Module) -> set[str]:
    """Trained weights only: a frozen one comes from its package as it is."""
    named = model.named_parameters()
    return {key for key, weight in named if weight.requires_grad and weight.ndim >= 2}


def _stored(model: nn.Module, stored: str) -> dict[str, torch.Tensor]:
    """Return what a checkpoint holds: every weight but those of a frozen backbone."""
    frozen, rounded = bool(getattr(model, "frozen", False)), _roundable(model)
    kept = {}
    for key, value in model.state_dict().items():
        if frozen and key.startswith(_weights.BACKBONE):
            continue
        weight = _weights.finite(value.detach().cpu().contiguous(), key)
        kept[key] = weight.to(_DTYPES[stored]) if key in rounded else weight
        if not torch.equal(kept[key].to(weight), weight):
            raise ValueError(
                f"{key} is not rounded to {stored}: scores of other weights would stand on the "
                "card. Call round_weights first, then measure."
            )
    return kept


def load_card(
    name: str, *, source: str = "real", folder: str | os.PathLike[str] | None = None
) -> Card:
    """Return the card of a checkpoint; its weights are not read."""
    return _read_card(_find(name, source, folder), source)


def _find(name: str, source: str, folder: str | os.PathLike[str] | None) -> Path:
    place = checkpoint_folder() if folder is None else as_path(folder, "folder")
    card_file = place / f"{_stem(name, source)}.json"
    if not card_file.is_file():
        there = _names(place)
        near = difflib.get_close_matches(card_file.stem, there, 4) or there[:4]
        words = ", ".join(near) or "none in this folder"
        raise FileNotFoundError(
            f"no checkpoint {card_file.stem!r} here. There are {words}"
            f"{', and others' if len(near) < len(there) else ''}. Train one with "
            "segviz train RECIPE, and name its folder: --folder checkpoints (folder='checkpoints')."
        )
    return card_file


def _stem(name: object, source: object) -> str:
    if not isinstance(name, str) or not re.fullmatch(r"\w[\w.-]*", name):
        raise ValueError(
            f"name={shown(name)} is no name of a checkpoint: letters, digits, _ and -. "
            "Use one such as 'patch_to_fcn'."
        )
    if source not in ("real", "stand-in"):
        raise ValueError(
            f"source={shown(source)} must say what the network was trained on. "
            "Use 'real' or 'stand-in', or samples.source."
        )
    if name.endswith(STAND_IN):
        raise ValueError(
            f"name={shown(name)} must not say the source. "
            f"Use {name.removesuffix(STAND_IN)!r} with source='stand-in'."
        )
    return name if source == "real" else name + STAND_IN


def _names(place: Path) -> list[str]:
    stems = {path.stem for path in place.glob("*.json")}
    return sorted(stems)


def _read_card(path: Path, source: str) -> Card:
    try:
        card = Card.from_json(path.read_text(encoding="utf-8"))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"the card {path.name} cannot be read ({shown(str(error))}). "
            "Take it from the course again, or train the network again."
        ) from error
    if card.source != source:
        raise ValueError(
            f"the card {path.name} is of a training on {shown(card.source)} pictures, "
            f"not of source={source!r}. Take both files from the course again, or train again."
        )
    return card
