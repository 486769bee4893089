"""Several processes that train one network together, started by ``torchrun``."""

from __future__ import annotations

import atexit

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel


def join(place: torch.device) -> int:
    """Meet the other processes that ``torchrun`` started, if it did; return their number."""
    if dist.is_available() and dist.is_torchelastic_launched() and not dist.is_initialized():
        if place.type == "cuda":
            torch.cuda.set_device(place)
        dist.init_process_group("nccl" if place.type == "cuda" else "gloo")
        atexit.register(dist.destroy_process_group)
    return count()


def rank() -> int:
    """Return the number of this process, from 0; 0 if it is alone."""
    return dist.get_rank() if dist.is_available() and dist.is_initialized() else 0


def count() -> int:
    """Return how many processes train together."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def wait() -> None:
    """Wait until every process has come this far."""
    if count() > 1:
        dist.barrier()


def in_step(model: nn.Module) -> nn.Module:
    """Return the model as all processes train it: each step takes the mean of their gradients."""
    return DistributedDataParallel(model) if count() > 1 else model


def gathered(tensor: Tensor, place: torch.device) -> list[Tensor]:
    """Return the tensor of each process, all of one shape, on the CPU."""
    if count() == 1:
        return [tensor]
    everyone = [torch.empty_like(tensor, device=place) for _ in range(count())]
    dist.all_gather(everyone, tensor.to(place))
    return [one.cpu() for one in everyone]


def anyone(yes: bool, place: torch.device) -> bool:
    """Return whether it is true in any process, so that all stop at the same step."""
    if count() == 1:
        return yes
    flag = torch.tensor(int(yes), device=place)
    dist.all_reduce(flag, dist.ReduceOp.MAX)
    return bool(flag)


def share(batch_size: int, processes: int) -> int:
    """Return how many of a batch each process draws.

    Raises
    ------
    ValueError
        If the batch cannot be shared out evenly.

    >>> share(8, processes=2)
    4
    """
    if batch_size % processes:
        raise ValueError(
            f"a batch of {batch_size} cannot be shared out evenly among {processes} processes: "
            f"each must draw as many. Use a number of processes that divides {batch_size}."
        )
    return batch_size // processes
