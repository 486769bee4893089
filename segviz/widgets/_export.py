"""What a widget leaves where no kernel runs: a still, pages, films and pictures."""

from __future__ import annotations

import base64
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from segviz.ops._checks import shown
from segviz.plot import _style
from segviz.widgets import _film, _page

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FILMS, PICTURES = (".gif", ".mp4"), (".png", ".svg")
SECONDS = 12  # of a film, at most, if nothing else is asked for
# Set while a lecture is exported as HTML: then each view carries its playing page.
_PAGES = "SEGVIZ_PAGES"


class Exportable:
    """The part of a widget's base that outlives the kernel."""

    _offline: ClassVar[tuple[str, ...]] = ()

    # What a widget defines.

    def _still(self) -> Figure:
        raise NotImplementedError

    def _describe(self) -> str:
        return f"{self!r}."

    def _frames(self) -> int:
        """Number of steps of the animation as it is set now."""
        return 1

    def _frame(self, step: int) -> Figure:
        """The still at one step, 0 to ``_frames() - 1``."""
        return self._still()

    # What a student may call.

    def save(
        self, path: str | os.PathLike[str], *, step: int | None = None, fps: float | None = None
    ) -> None:
        """Save the widget, as it is set now, as a page that plays, a film or a picture.

        Args:
            path: ``.html`` is one file that plays in any browser, with neither kernel nor network;
                ``.gif`` and ``.mp4`` hold all steps, ``.png`` and ``.svg`` one. A file that is
                there is replaced, once the new one is whole.
            step: the step on a ``.png`` or ``.svg``, from 0; by default the picture that the
                notebook keeps.
            fps: steps per second of a ``.gif`` or ``.mp4``; by default one, or more where the film
                would take over 12 seconds.

        Raises:
            TypeError: ``path`` is no name of a file.
            ValueError: another ending, or a step or fps that does not exist or has no meaning.
            ModuleNotFoundError: ``.mp4`` without the package imageio-ffmpeg.
            OSError: the file cannot be written there.
        """
        if not isinstance(path, str | os.PathLike):
            raise TypeError(f'path={shown(path)} must be the name of a file. Use "widget.html".')
        target = Path(path).expanduser()
        suffix = target.suffix.lower()
        _check_suffix(suffix, step, fps)
        with replacing(target) as part:
            if suffix == ".html":
                part.write_text(_page.page(self), "utf-8", newline="\n")
            elif suffix in PICTURES:
                figure = self._still() if step is None else self._frame(self._checked(step))
                _film.write_picture(part, figure, suffix, self._describe())
            else:
                rate = _checked_rate(fps, self._frames())
                write = _film.write_gif if suffix == ".gif" else _film.write_mp4
                write(part, _film.drawn(self), rate)

    # How it works.

    def _checked(self, step: int) -> int:
        whole = isinstance(step, int | np.integer) and not isinstance(step, bool)
        if not whole or not 0 <= step < self._frames():
            last = self._frames() - 1
            steps = f"steps 0 to {last}" if last else "one step, 0"
            raise ValueError(f"step={step!r} does not exist: as it is set now there are {steps}.")
        return int(step)

    def _stem(self) -> str:
        return type(self).__module__.rpartition(".")[2]

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        made = super()._repr_mimebundle_(**kwargs)  # type: ignore[misc]
        if made is None:
            return None
        bundle, metadata = made
        bundle["image/png"] = base64.b64encode(self._png()).decode()
        metadata["image/png"] = {"alt": self._describe()}
        if os.environ.get(_PAGES):
            bundle["text/html"] = _page.frame(self)
        return bundle, metadata

    def _png(self) -> bytes:
        file = io.BytesIO()
        self._still().savefig(file, format="png", dpi=_style.DPI)
        return _style.few_colours(file.getvalue())


def _check_suffix(suffix: str, step: int | None, fps: float | None) -> None:
    if suffix not in (".html", *FILMS, *PICTURES):
        raise ValueError(
            f"A widget is not saved as {suffix or 'a file without an ending'!r}. "
            "Use .html, .gif, .mp4, .png or .svg."
        )
    if step is not None and suffix not in PICTURES:
        raise ValueError(
            f"step={step!r} picks the picture of a .png or .svg; {suffix} holds all steps. "
            "Leave it out."
        )
    if fps is not None and suffix not in FILMS:
        raise ValueError(f"fps={fps!r} is for .gif and .mp4, and this is {suffix}. Leave it out.")


def _checked_rate(fps: float | None, frames: int) -> float:
    if fps is None:
        return max(1.0, frames / SECONDS)
    number = isinstance(fps, int | float | np.integer | np.floating) and not isinstance(fps, bool)
    if not number or not 0.1 <= fps <= 50:
        raise ValueError(f"fps={fps!r} must be a number of steps per second. Use 0.1 to 50.")
    return float(fps)


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """A file beside ``target`` to write to; it takes the target's place when all went well.

    Raises:
        OSError: the folder is missing, or the file cannot be written; nothing is left behind.
    """
    if target.is_dir():
        raise IsADirectoryError(f"{target} is a folder. Give the name of a file in it.")
    if not target.parent.is_dir():
        raise FileNotFoundError(
            f"{target.name} cannot be saved: there is no folder {target.parent}. Make it first."
        )
    part = target.with_name(f".{target.stem}-{os.getpid()}.part{target.suffix}")
    try:
        yield part
        os.replace(part, target)
    except OSError as error:
        why = error.strerror or str(error)
        raise type(error)(f"{target} could not be saved: {why}. Save it elsewhere.") from error
    finally:
        part.unlink(missing_ok=True)
