"""The state of an unfinished training: all that the next step depends on, in one file.

The file holds the weights as safetensors and, as bytes among them, what optimizer, schedule and
generators remember, which is read with ``weights_only=True``: nothing in it can run code. It is
replaced in one step, and a SHA-256 in its header covers the whole.
"""

from __future__ import annotations

import hashlib
import io
import os
import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load, save
from torch import Tensor, nn

from segviz.ops._checks import shown
from segviz.training import processes
from segviz.training._files import as_path, made_folder, write_atomically
from segviz.training.history import History

_MODEL, _REST, _DIGEST = "model.", "rest", "sha256"
_KEPT = ("optimizer", "schedule", "chance", "history", "facts")
_NEWER = ("schedule_name", "frozen")  # facts that older states do not hold; they still go on


@dataclass(frozen=True)
class Training:
    """What changes from step to step, and ``facts``, which must be those of the state."""

    model: nn.Module
    optimizer: torch.optim.Optimizer
    schedule: torch.optim.lr_scheduler.LRScheduler
    generator: torch.Generator
    history: History
    place: torch.device
    facts: Mapping[str, Any]


def writable(state: str | os.PathLike[str] | None) -> Path | None:
    """Return the path of a state, once it is known that one can be written there.

    Raises
    ------
    ValueError, TypeError, OSError
        If none can.
    """
    if state is None:
        return None
    path = as_path(state, "state")
    if os.path.exists(path) and not os.path.isfile(path):
        kind = "folder" if os.path.isdir(path) else "device"
        raise ValueError(
            f"state={str(path)!r} is a {kind}, but must be a file. "
            "Use one in a folder, such as 'checkpoints/a.state'."
        )
    made_folder(path.parent, f"state={str(path)!r}")
    return path


def check_kept(model: nn.Module) -> None:
    """Refuse a network that remembers something else than tensors: no state could keep it."""
    for key, value in model.state_dict().items():
        if not isinstance(value, Tensor):
            raise TypeError(
                f"{key} of the network is a {type(value).__name__}, but a state keeps only tensors."
                " Use register_buffer instead of get_extra_state, or leave state out."
            )


def save_state(path: Path, training: Training) -> None:
    """Write the state behind a step; of several processes the first one writes that of all.

    None of them goes on before it is written: one that stopped would not find it.

    Raises
    ------
    OSError
        If the file cannot be written; an older one then stays.
    """
    chance = processes.gathered(_chance(training), training.place)
    if processes.rank() == 0:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, _content(training, chance))
    processes.wait()


def load_state(path: Path, training: Training) -> None:
    """Put a training into the state of a file.

    Raises
    ------
    ValueError
        If the file is damaged, or is the state of another training.
    """
    tensors = _read(path)
    rest = _unpacked(path, tensors.pop(_REST))
    _check_same(path, rest["facts"], training.facts)
    weights = {key.removeprefix(_MODEL): value for key, value in tensors.items()}
    if _kinds(weights) != _kinds(training.model.state_dict()):
        raise ValueError(f"{path.name} is the state of another network. {_remedy(path)}")
    training.model.load_state_dict(weights)
    training.optimizer.load_state_dict(rest["optimizer"])
    training.schedule.load_state_dict(rest["schedule"])
    _set_chance(training, rest["chance"][processes.rank()])
    history = training.history
    history.loss, history.seconds, history.cpu_seconds = rest["history"]


def _kinds(weights: Mapping[str, Tensor]) -> dict[str, tuple[torch.Size, torch.dtype]]:
    return {key: (value.shape, value.dtype) for key, value in weights.items()}


def _content(training: Training, chance: list[Tensor]) -> bytes:
    history, buffer = training.history, io.BytesIO()
    rest = {
        "optimizer": training.optimizer.state_dict(),
        "schedule": training.schedule.state_dict(),
        "chance": chance,
        "history": (history.loss, history.seconds, history.cpu_seconds),
        "facts": dict(training.facts),
    }
    torch.save(rest, buffer)
    tensors = {
        f"{_MODEL}{key}": value.detach().cpu().contiguous().clone()  # weights may be shared
        for key, value in training.model.state_dict().items()
    }
    tensors[_REST] = torch.frombuffer(bytearray(buffer.getvalue()), dtype=torch.uint8)
    return save(tensors, {_DIGEST: _digest(tensors)})


def _chance(training: Training) -> Tensor:
    """The generators of the draws, of torch on the CPU, and of torch on the device, as bytes."""
    states = [training.generator.get_state(), torch.get_rng_state()]
    if training.place.type == "cuda":
        states.append(torch.cuda.get_rng_state(training.place))
    elif training.place.type == "mps":
        states.append(torch.mps.get_rng_state())
    return torch.cat(states)


def _set_chance(training: Training, chance: Tensor) -> None:
    size = len(training.generator.get_state())
    training.generator.set_state(chance[:size].clone())
    torch.set_rng_state(chance[size : 2 * size].clone())
    if training.place.type == "cuda":
        torch.cuda.set_rng_state(chance[2 * size :].clone(), training.place)
    elif training.place.type == "mps":
        torch.mps.set_rng_state(chance[2 * size :].clone())


def _read(path: Path) -> dict[str, Tensor]:
    try:
        tensors = load(path.read_bytes())
        with safe_open(path, framework="pt") as file:
            digest = (file.metadata() or {}).get(_DIGEST)
    except (SafetensorError, KeyError, ValueError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0][:80]
        raise ValueError(f"{path.name} cannot be read ({reason}). {_remedy(path)}") from None
    if _REST not in tensors or _digest(tensors) != digest:
        raise ValueError(f"{path.name} is damaged (SHA-256 differs). {_remedy(path)}")
    return tensors


def _unpacked(path: Path, content: Tensor) -> dict[str, Any]:
    try:
        found = torch.load(io.BytesIO(content.numpy().tobytes()), weights_only=True)
        return {key: found[key] for key in _KEPT}
    except (pickle.UnpicklingError, RuntimeError, EOFError, KeyError, TypeError, ValueError):
        raise ValueError(
            f"{path.name} cannot be read: it holds something else than the numbers of a training. "
            f"{_remedy(path)}"
        ) from None


def _digest(tensors: dict[str, Tensor]) -> str:
    return hashlib.sha256(save(tensors)).hexdigest()


def _check_same(path: Path, found: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    for key, value in wanted.items():
        if found.get(key) != value and (key in found or key not in _NEWER):
            raise ValueError(
                f"{path.name} is the state of a training with {key}={_text(found.get(key))}, but "
                f"this one has {key}={_text(value)}. {_remedy(path)}"
            )


def _text(fact: object) -> str:
    return fact if isinstance(fact, str) else shown(fact)


def _remedy(path: Path) -> str:
    return f"Start again without --resume, or delete {path.name}."
