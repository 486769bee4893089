"""All steps of a widget as an animated GIF or an MP4, and one of them as PNG or SVG."""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image
from tqdm.auto import tqdm

from segviz.plot import _style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SLIDE_DPI = 200
_SAMPLES = 8  # steps from which the palette of all is taken
_LAST = 2.0  # seconds that the last step stays before a GIF begins again


def write_picture(path: Path, figure: Figure, suffix: str, words: str) -> None:
    """Write a figure as PNG or SVG, with its description and without the hour."""
    from matplotlib import rc_context

    dated = {"Date": None} if suffix == ".svg" else {}
    with rc_context({"svg.hashsalt": "segviz"}):
        figure.savefig(
            path, format=suffix[1:], dpi=SLIDE_DPI, metadata={"Description": words, **dated}
        )


def drawn(widget: Any) -> list[np.ndarray]:
    """Every step as uint8 of shape ``(H, W, 3)``, all of one size with even sides."""
    steps = tqdm(range(widget._frames()), desc="drawing", unit="step", delay=1, leave=False)
    return _one_size([_pixels(widget._frame(step)) for step in steps])


def _pixels(figure: Figure) -> np.ndarray:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    figure.set_dpi(_style.DPI)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()


def _one_size(pictures: Sequence[np.ndarray]) -> list[np.ndarray]:
    """White below and on the right where a picture is smaller; video wants even sides."""
    size = np.max([picture.shape[:2] for picture in pictures], axis=0)
    size += size % 2
    room = [size - picture.shape[:2] for picture in pictures]
    return [
        np.pad(picture, ((0, rows), (0, columns), (0, 0)), constant_values=255)
        for picture, (rows, columns) in zip(pictures, room, strict=True)
    ]


def write_gif(path: Path, pictures: Sequence[np.ndarray], fps: float) -> None:
    """Write the steps with one palette, so that no colour flickers; it plays for ever."""
    images = [Image.fromarray(picture) for picture in pictures]
    palette = _palette([*pictures[:: -(-len(pictures) // _SAMPLES)], pictures[-1]])
    first, *others = [image.quantize(palette=palette, dither=Image.Dither.NONE) for image in images]
    each = round(1000 / fps)
    durations = [each] * len(others) + [max(each, round(1000 * _LAST))]
    first.save(path, format="gif", save_all=True, append_images=others, duration=durations, loop=0)


def _palette(pictures: Sequence[np.ndarray]) -> Image.Image:
    """256 colours for all of them, the ground a true white rather than an average."""
    palette = Image.fromarray(np.concatenate(pictures)).quantize(256)
    colours = np.array(palette.getpalette()).reshape(-1, 3)
    colours[(colours >= 245).all(axis=1)] = 255
    palette.putpalette(colours.ravel().tolist())
    return palette


def write_mp4(path: Path, pictures: Sequence[np.ndarray], fps: float) -> None:
    """Write the steps as H.264, which slides and browsers play.

    Raises:
        ModuleNotFoundError: imageio-ffmpeg, which brings the encoder, is not installed.
        OSError: the encoder could not write the file.
    """
    try:
        from imageio_ffmpeg import get_ffmpeg_exe
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            "An .mp4 needs the package imageio-ffmpeg, which is not installed. "
            "Install it with pip install 'segviz[video]', or save as .gif.",
            name="imageio_ffmpeg",
        ) from None
    height, width, _ = pictures[0].shape
    command = [
        get_ffmpeg_exe(), "-loglevel", "error", "-y",
        "-f", "rawvideo", "-pixel_format", "rgb24", "-video_size", f"{width}x{height}",
        "-framerate", f"{fps:.4f}", "-i", "-",
        "-pix_fmt", "yuv420p", "-movflags", "+faststart", "-f", "mp4", str(path),
    ]  # fmt: skip
    _encode(command, pictures)


def _encode(command: Sequence[str], pictures: Iterable[np.ndarray]) -> None:
    # What ffmpeg says goes to a file: a pipe that nobody reads would stop it when full.
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=said)
        try:
            _feed(process, pictures)
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()
        said.seek(0)
        lines = said.read().decode(errors="replace").splitlines()
    if process.returncode:
        first = re.sub(r"^\[[^]]*\] ", "", lines[0]) if lines else f"code {process.returncode}"
        raise OSError(f"the encoder ended with {first}")


def _feed(process: subprocess.Popen[bytes], pictures: Iterable[np.ndarray]) -> None:
    assert process.stdin
    # An encoder that ends early breaks the pipe; why it did is in what it said.
    with suppress(BrokenPipeError), process.stdin as pipe:
        for picture in pictures:
            pipe.write(picture.tobytes())
    process.wait()
