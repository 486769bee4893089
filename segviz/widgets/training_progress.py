"""A training watched: its loss curve, what the network makes of a picture, and a stop button."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from segviz.datasets.camvid import CLASSES
from segviz.ops._checks import whole_number
from segviz.plot.fcn import CLASS_COLOURS, coloured
from segviz.plot.training_progress import training_progress
from segviz.widgets._base import TraceWidget
from segviz.widgets._fcn_input import VOID, colour, colours, true_classes
from segviz.widgets._parameters import Flag, Whole

_LARGEST = 7000  # pixels of the prediction that travel; larger pictures are thinned out
_POINTS = 240  # of the curve that travel
_MOST = 999  # moments that are kept


class TrainingProgress(TraceWidget):
    """The loss of a training while it runs, the class map of a picture by now, and a stop button.

    ``fit(..., on_step=progress.watch(model))`` keeps it up to date and ends where stop is
    pressed. Afterwards the moments can be played again.

    Args:
        picture: shape ``(3, H, W)``, ``(H, W, 3)`` or ``(H, W)``, uint8 or in [0, 1]. A drawn
            street by default. As a tensor (C, H, W) it is what the network is asked about.
        truth: its classes, integers of shape ``(H, W)``, 255 = void.
        classes: K names; CamVid's eleven by default.
        palette: K colours (red, green, blue), 0 to 255.
        **settings: ``moment`` (which of the predictions is shown, from 0), ``stop``.

    Raises:
        ValueError, TypeError: arrays or settings that do not fit each other.

    >>> progress = TrainingProgress(np.zeros((3, 4)), classes=("dark", "light"))
    >>> on_step = progress.watch(lambda: np.eye(3, 4, dtype=int), every=1)
    >>> on_step(0, 0.7), progress.losses, progress
    (False, [0.7], TrainingProgress(moment=0))
    """

    moment = Whole(0, 0, _MOST)
    stop = Flag(False, shown=False)

    def __init__(
        self,
        picture: Any = None,
        truth: Any = None,
        *,
        classes: Sequence[str] = CLASSES,
        palette: Any = CLASS_COLOURS,
        **settings: Any,
    ) -> None:
        if picture is None:
            picture, truth = _street()
        whole = colour(picture)
        size = whole.shape[:2]
        self._given, self._size, self._thin = picture, size, _thinned(size)
        self._picture = whole[self._thin]
        self._names = tuple(classes)
        self._palette = colours(palette, self._names, len(self._names))
        self._truth = None
        if truth is not None:
            self._truth = true_classes(truth, size, len(self._names))[self._thin]
        self._losses: list[float] = []
        self._moments: list[tuple[int, np.ndarray]] = []
        super().__init__(**settings)

    @property
    def losses(self) -> list[float]:
        """The loss of every step so far."""
        return list(self._losses)

    def watch(
        self, model: Any, *, every: int = 10, pause: float = 0.25
    ) -> Callable[[int, float], bool]:
        """Return what ``fit`` calls after each step, as ``on_step``.

        Args:
            model: the network in training, which takes the picture as (1, C, H, W); or a function
                that returns the class of each pixel by now, integers (H, W).
            every: steps from one prediction to the next.
            pause: least number of seconds between two of them.

        Returns:
            A function of step and loss that is true once stop has been pressed.

        Raises:
            ValueError, TypeError: ``every`` is no whole number from 1.
        """
        whole_number(every, "every", 1)
        predict = (
            model if not hasattr(model, "parameters") else partial(_classes, model, self._given)
        )
        looked = -float("inf")
        self.stop = False

        def on_step(step: int, loss: float) -> bool:
            nonlocal looked
            self._losses.append(float(loss))
            due = step % every == 0 and time.monotonic() - looked >= pause
            if due or self.stop:
                self._see(predict)
                looked = time.monotonic()
            return bool(self.stop)

        return on_step

    def _see(self, predict: Callable[[], Any]) -> None:
        """Keep a prediction, and show it to whoever looks at the newest one."""
        now = true_classes(predict(), self._size, len(self._names))[self._thin]
        with self._lock, self.hold_sync():  # moment and trace travel together
            newest = self.moment >= len(self._moments) - 1
            if len(self._moments) > _MOST:
                del self._moments[1::2]  # the film gets coarser, and has no end
            self._moments.append((len(self._losses), now))
            self._done.pop("_trace", None)
            last = len(self._moments) - 1
            self.moment = last if newest else min(self.moment, last)
            self._update()

    def open(self) -> None:
        """Open the comm; what the browser sends need not wait for the cell that opened it."""
        super().open()
        self._let_answers_pass()

    def _send(self, msg: Any, buffers: Any = None) -> None:
        super()._send(msg, buffers=buffers)
        self._let_answers_pass()

    def _let_answers_pass(self) -> None:
        """Have the kernel take the browser's messages at once, while the training's cell runs.

        ipykernel 7.4 hands them to the thread that wrote last, which is the cell's, and the stop
        would wait for the end; without this note of it, they go to the thread they ask for.
        """
        if self.comm is not None:
            self.comm.__dict__.pop("_reply_subshell_id", None)

    def _scene_arrays(self) -> dict[str, Any]:
        scene = {"picture": self._picture, "table": coloured(np.arange(256), self._palette)}
        if self._truth is not None:
            scene["truth"] = self._truth
        return scene

    def _compute(self, *, moment: int) -> dict[str, Any]:
        steps, moments = len(self._losses), len(self._moments)
        points = np.unique(np.linspace(0, max(steps - 1, 0), _POINTS).round().astype(np.int32))
        curve = np.array(self._losses, np.float32)[points[:steps]]
        trace = {"steps": steps, "moments": moments, "curve": curve, "points": points[:steps]}
        if moments:
            behind, codes = self._moments[min(moment, moments - 1)]
            trace |= {"prediction": codes, "at": behind, "loss": self._losses[behind - 1]}
            if self._truth is not None:
                known = self._truth != VOID
                right = (codes == self._truth)[known]
                trace["right"] = float(right.mean()) if right.size else 0.0
        return trace

    def _still(self) -> Figure:
        return self._frame(min(self.moment, self._frames() - 1))

    def _frames(self) -> int:
        return max(1, len(self._moments))

    def _frame(self, step: int) -> Figure:
        at, prediction = self._moments[step] if self._moments else (None, None)
        drawn = training_progress(
            self._losses, self._picture, prediction,
            truth=self._truth, at=at, palette=self._palette,
        )  # fmt: skip
        return drawn[0].figure

    def _describe(self) -> str:
        if not self._moments:
            return "A picture and its true classes, before the first step of a training."
        behind, _ = self._moments[min(self.moment, len(self._moments) - 1)]
        first, last = self._losses[0], self._losses[-1]
        return (
            f"The loss of {len(self._losses)} training steps, from {first:.3f} to {last:.3f}, and "
            f"a picture with the classes that the network gave it behind step {behind}."
        )


def _thinned(size: tuple[int, ...]) -> tuple[slice, slice]:
    """Every n-th row and column, so that what is left is small enough to travel."""
    every = 1
    while -(-size[0] // every) * -(-size[1] // every) > _LARGEST:
        every += 1
    return slice(None, None, every), slice(None, None, every)


def _classes(model: Any, picture: Any) -> np.ndarray:
    """What the network makes of the picture by now; it goes on training as it was."""
    import torch

    was_training, weight = model.training, next(model.parameters())
    image = torch.as_tensor(picture, dtype=torch.float32, device=weight.device)
    model.eval()
    try:
        with torch.no_grad():
            return model(image[None]).argmax(1)[0].cpu().numpy()
    finally:
        model.train(was_training)


@cache
def _street() -> tuple[Any, Any]:
    from segviz.datasets.synthetic import streets

    [street] = streets(1, size=(72, 96), seed=5)
    return street.image, street.mask
