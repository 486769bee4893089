"""The training loop, whole: draw, forward, loss, backward, step."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from segviz.ops._checks import shown, whole_number
from segviz.training.devices import device, has_bfloat16

Inputs = Tensor | Sequence[Tensor]
Draw = Callable[[torch.Generator], tuple[Inputs, Tensor]]
Loss = Callable[[Any, Tensor], Tensor]
SCHEDULES = ("constant", "one_cycle")


@dataclass
class History:
    """What a training left: the loss of every step, the seconds it took, and on which device."""

    loss: list[float] = field(default_factory=list)
    seconds: float = 0.0
    device: str = ""


def fit(
    model: nn.Module,
    draw: Draw,
    loss: Loss,
    *,
    steps: int,
    learning_rate: float,
    weight_decay: float = 0.01,
    schedule: str = "constant",
    seed: int = 0,
    on: torch.device | str | None = None,
    bfloat16: bool | None = None,
    on_step: Callable[[int, float], bool | None] | None = None,
    progress: bool = True,
) -> History:
    """Train a network with AdamW, in place; it stays on the device it was trained on.

    Parameters
    ----------
    model : nn.Module
    draw : function
        ``draw(generator)`` returns the next (inputs, target); all its chance comes from generator.
    loss : function
        ``loss(model(inputs), target)`` returns a scalar tensor.
    steps : int
    learning_rate, weight_decay : float
    schedule : str
        "constant", or "one_cycle": up to the learning rate and down to nearly 0.
    seed : int
        Of the draws and of dropout; the same seed on the same device gives the same weights.
    on : device, optional
        By default ``device()``.
    bfloat16 : bool, optional
        Whether the forward pass multiplies in bfloat16; by default where the hardware can.
    on_step : function, optional
        Called as ``on_step(step, loss)`` after every step, for live curves; True ends the training.
    progress : bool
        Show a progress bar.

    Raises
    ------
    ValueError, TypeError
        If a number or the schedule is illegal, or the loss becomes nan or infinite.

    Examples
    --------
    One weight, to be fitted to y = 2 x:

    >>> line = nn.Linear(1, 1, bias=False)
    >>> _ = nn.init.zeros_(line.weight)
    >>> x = torch.tensor([[1.], [3.]])
    >>> draw = lambda generator: (x, 2 * x)
    >>> history = fit(line, draw, nn.functional.mse_loss, steps=200, learning_rate=0.1,
    ...               bfloat16=False, progress=False)
    >>> len(history.loss), round(line.weight.item(), 1)
    (200, 2.0)
    """
    _check(steps, learning_rate, weight_decay, schedule)
    place = torch.device(on) if on is not None else device()
    bfloat16 = has_bfloat16(place) if bfloat16 is None else bfloat16
    model.to(place, memory_format=_layout(model)).train()  # type: ignore[call-overload]
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(weights, learning_rate, weight_decay=weight_decay, fused=True)
    rate = _schedule(optimizer, schedule, learning_rate, steps)
    generator = torch.Generator().manual_seed(whole_number(seed, "seed", 0))
    history, start = History(device=place.type), time.perf_counter()
    with _seeded(seed, place), tqdm(total=steps, unit="step", disable=not progress) as bar:
        for step in range(steps):
            inputs, target = (_moved(given, place) for given in draw(generator))
            with torch.autocast(place.type, torch.bfloat16, enabled=bfloat16):
                output = model(inputs)
            value = loss(output.float(), target)
            optimizer.zero_grad()
            value.backward()
            optimizer.step()
            rate.step()
            history.loss.append(_finite(value, step))
            bar.set_postfix(loss=f"{history.loss[-1]:.3f}", refresh=False)
            bar.update()
            if on_step is not None and on_step(step, history.loss[-1]):
                break
    history.seconds = time.perf_counter() - start
    model.eval()
    return history


def _layout(model: nn.Module) -> torch.memory_format:
    """Channels last is the layout that convolutions of pictures are fastest in."""
    volumes = any(weight.ndim == 5 for weight in model.parameters())
    return torch.channels_last_3d if volumes else torch.channels_last


def _moved(given: Any, place: torch.device) -> Any:
    """Copy to the device while the GPU still computes the step before."""
    if not isinstance(given, Tensor):
        return type(given)(_moved(part, place) for part in given)
    if given.ndim == 4:
        given = given.contiguous(memory_format=torch.channels_last)
    if place.type == "cuda" and given.device.type == "cpu":
        given = given.pin_memory()
    return given.to(place, non_blocking=True)


def _schedule(
    optimizer: torch.optim.Optimizer, schedule: str, learning_rate: float, steps: int
) -> torch.optim.lr_scheduler.LRScheduler:
    if schedule == "constant":
        return torch.optim.lr_scheduler.ConstantLR(optimizer, factor=1.0)
    return torch.optim.lr_scheduler.OneCycleLR(optimizer, learning_rate, total_steps=steps)


@contextlib.contextmanager
def _seeded(seed: int, place: torch.device) -> Iterator[None]:
    """Fix what torch itself draws (dropout), and leave its generators as they were."""
    with torch.random.fork_rng(devices=[place] if place.type == "cuda" else []):
        torch.manual_seed(seed)
        yield


def _finite(loss: Tensor, step: int) -> float:
    value = float(loss.detach())
    if value != value or abs(value) == float("inf"):
        raise ValueError(
            f"the loss is {value} at step {step}: the weights have run away. "
            "Use a smaller learning_rate."
        )
    return value


def _check(steps: object, learning_rate: object, weight_decay: object, schedule: object) -> None:
    whole_number(steps, "steps", 1)
    for value, name in ((learning_rate, "learning_rate"), (weight_decay, "weight_decay")):
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not number or not 0 <= value < float("inf"):  # type: ignore[operator]
            kind = ValueError if number else TypeError
            raise kind(f"{name}={shown(value)} must be a number of at least 0. Use 1e-3.")
    if schedule not in SCHEDULES:
        raise ValueError(f"schedule={shown(schedule)} is unknown. Use {' or '.join(SCHEDULES)}.")
