"""The training loop, whole: draw, forward, loss, backward, step."""

from __future__ import annotations

import contextlib
import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from numbers import Real
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import LRScheduler
from tqdm.auto import tqdm

from segviz.ops._checks import shown, whole_number
from segviz.training import _refusals, _small_maps, processes
from segviz.training.devices import chosen, takes_bfloat16
from segviz.training.history import History
from segviz.training.optimizers import MakeOptimizer, Schedule, adamw, make_schedule, name_of
from segviz.training.states import Training, check_kept, load_state, save_state, writable

Inputs = Tensor | Sequence[Tensor] | Mapping[str, Tensor]
Draw = Callable[[torch.Generator], tuple[Inputs, Tensor]]
Loss = Callable[[Any, Tensor], Tensor]


def fit(
    model: nn.Module,
    draw: Draw,
    loss: Loss,
    *,
    steps: int,
    learning_rate: float,
    weight_decay: float = 0.01,
    optimizer: MakeOptimizer | None = None,
    schedule: Schedule = "constant",
    seed: int = 0,
    on: torch.device | str | None = None,
    bfloat16: bool | None = None,
    on_step: Callable[[int, float], bool | None] | None = None,
    progress: bool = True,
    state: str | os.PathLike[str] | None = None,
    save_every: int = 100,
) -> History:
    """Train a network, in place; it stays on the device it was trained on.

    Under ``torchrun`` each process draws a batch of its own, and all step together: as one process
    would with all those batches in one, but that batch norm sees each by itself.

    Parameters
    ----------
    model : nn.Module
    draw : function
        ``draw(generator)`` returns the next (inputs, target); all its chance comes from generator.
        Where a network takes or returns several tensors, they are a tuple, list or dict.
    loss : function
        ``loss(model(inputs), target)`` returns a scalar tensor.
    steps : int
    learning_rate, weight_decay : float
    optimizer : function, optional
        ``optimizer(weights, learning_rate)`` makes one; by default AdamW with the weight decay.
    schedule : str or function
        "constant"; "one_cycle": up to the learning rate and down to nearly 0; "poly": down to 0 as
        (1 - step / steps) ** 0.9; or a function of the step that returns a factor.
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
    state : path, optional
        File in which the state of the training is kept. Where it is there already, the training
        goes on from it, and ends with the same weights, bit for bit, as if it had not stopped.
    save_every : int
        Steps from one state to the next.

    Raises
    ------
    ValueError, TypeError
        If an argument or what a function returns is illegal, the loss becomes nan or infinite, or
        the state is damaged or of another training.
    OSError
        If the state cannot be written; this is tried before the first step.

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
    whole_number(steps, "steps", 1)
    whole_number(save_every, "save_every", 1)
    learning_rate = _rate(learning_rate, "learning_rate")
    weight_decay = _rate(weight_decay, "weight_decay")
    _refusals.check_model(model)
    _refusals.check_functions(draw=draw, loss=loss, optimizer=optimizer, on_step=on_step)
    place = chosen(on)
    bfloat16 = takes_bfloat16(place, bfloat16, model)
    processes.join(place)
    # Each process draws its own share, and one alone draws what it always drew.
    own_seed = whole_number(seed, "seed", 0) + 1_000_003 * processes.rank()
    model.to(place, memory_format=_layout(model)).train()  # type: ignore[call-overload]
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    adjust = (optimizer or adamw(weight_decay))(weights, learning_rate)
    _refusals.check_optimizer(adjust)
    rate = make_schedule(adjust, schedule, learning_rate, steps)
    generator = torch.Generator().manual_seed(own_seed)
    history = History(device=place.type)
    facts = {"steps": steps, "seed": seed, "bfloat16": bfloat16, **_facts(adjust, rate, place)}
    facts |= {"schedule_name": name_of(schedule), "frozen": _frozen(model)}
    training = Training(model, adjust, rate, generator, history, place, facts)
    if state is not None:
        check_kept(model)
    file = writable(state)  # now, not when much has been trained
    with (
        _seeded(own_seed, place),
        _small_maps.in_float32(model, bfloat16_on_cpu=bfloat16 and place.type == "cpu"),
    ):
        if file is not None and file.is_file():
            load_state(file, training)
        together, done = processes.in_step(model), len(history.loss)
        history.start()
        with _bar(done, steps, progress) as bar:
            for step in range(done, steps):
                value = history.add(_step(training, together, draw, loss))
                bar.set_postfix(loss=f"{value:.3f}", refresh=False)
                bar.update()
                last = step + 1 == steps
                if on_step is not None:
                    last |= processes.anyone(bool(on_step(step, value)), place)
                if file is not None and (last or (step + 1) % save_every == 0):
                    save_state(file, training)
                if last:
                    break
    model.eval()
    return history


def _step(training: Training, model: nn.Module, draw: Draw, loss: Loss) -> Tensor:
    """Draw, forward, loss, backward, step; the loss comes back."""
    place, bfloat16 = training.place, training.facts["bfloat16"]
    inputs, target = _refusals.pair(draw(training.generator))
    inputs, target = _moved(inputs, "inputs", place), _moved(target, "target", place)
    with (
        torch.autocast(place.type, torch.bfloat16, enabled=bfloat16),
        _refusals.dtype_in_words(training.model, inputs),
    ):
        output = model(inputs)
    value = loss(_refusals.each(_in_float32, output, "output"), target)
    _refusals.check_loss(value)
    training.optimizer.zero_grad()
    value.backward()
    training.optimizer.step()
    training.schedule.step()
    return value


def _bar(done: int, steps: int, progress: bool) -> tqdm:
    silent = not progress or processes.rank() > 0
    return tqdm(total=steps, initial=done, unit="step", disable=silent)


def _layout(model: nn.Module) -> torch.memory_format:
    """Channels last is the layout that convolutions of pictures are fastest in."""
    volumes = any(weight.ndim == 5 for weight in model.parameters())
    return torch.channels_last_3d if volumes else torch.channels_last


def _moved(given: Any, name: str, place: torch.device) -> Any:
    """Copy to the device while the GPU still computes the step before."""

    def moved(part: Tensor) -> Tensor:
        if part.ndim == 4:
            part = part.contiguous(memory_format=torch.channels_last)
        if place.type == "cuda" and part.device.type == "cpu":
            part = part.pin_memory()
        return part.to(place, non_blocking=True)

    return _refusals.each(moved, given, name)


def _in_float32(part: Tensor) -> Tensor:
    return part.float() if part.is_floating_point() else part


@contextlib.contextmanager
def _seeded(seed: int, place: torch.device) -> Iterator[None]:
    """Fix what torch itself draws (dropout), and leave its generators as they were."""
    with torch.random.fork_rng(devices=[place] if place.type == "cuda" else []):
        torch.manual_seed(seed)
        yield


def _facts(
    optimizer: torch.optim.Optimizer, rate: LRScheduler, place: torch.device
) -> dict[str, Any]:
    return {
        "device": place.type,
        "optimizer": type(optimizer).__name__,
        "schedule": type(rate).__name__,
        "processes": processes.count(),
        **optimizer.defaults,
    }


def _frozen(model: nn.Module) -> tuple[str, ...]:
    return tuple(name for name, weight in model.named_parameters() if not weight.requires_grad)


def _rate(value: object, name: str) -> float:
    number = isinstance(value, Real) and not isinstance(value, bool)
    try:
        rate = float(value) if number else -1.0  # type: ignore[arg-type]
    except OverflowError:  # an int that no float can hold
        rate = math.inf
    if not 0 <= rate < math.inf:
        kind = ValueError if number else TypeError
        raise kind(f"{name}={shown(value)} must be a finite number of at least 0. Use 1e-3.")
    return rate
