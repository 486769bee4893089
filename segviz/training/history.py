"""What a training leaves behind, besides weights."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from torch import Tensor


@dataclass
class History:
    """The loss of every step, the seconds they took, on this clock and of the CPU, and the device.

    In a training that was resumed the seconds are those of all its parts.
    """

    loss: list[float] = field(default_factory=list)
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    device: str = ""

    def start(self) -> None:
        """Start the clocks from what has been spent so far."""
        self._since = time.perf_counter() - self.seconds
        self._cpu_since = time.process_time() - self.cpu_seconds

    def add(self, loss: Tensor) -> float:
        """Note the loss of the step that has just ended, and return it.

        Raises
        ------
        ValueError
            If it is nan or infinite.
        """
        value = float(loss.detach())
        if value != value or abs(value) == float("inf"):
            raise ValueError(
                f"the loss is {value} at step {len(self.loss)}: the weights have run away. "
                "Use a smaller learning_rate."
            )
        self.loss.append(value)
        self.seconds = time.perf_counter() - self._since
        self.cpu_seconds = time.process_time() - self._cpu_since
        return value
