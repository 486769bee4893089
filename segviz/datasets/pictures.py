"""Single pictures: your own file, or one that comes with scikit-image."""

from __future__ import annotations

import os
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import torch

_LARGEST = 50_000_000  # pixels; larger ones are more often a mistake than a picture


def picture(source: str | Path, size: tuple[int, int] | None = None) -> torch.Tensor:
    """Read one picture as a network wants it.

    Args:
        source: a PNG, JPEG, TIFF, BMP or WebP file, or the name of a picture that comes with
            scikit-image, such as ``"chelsea"`` (a cat), ``"coffee"``, ``"coins"``, ``"cell"``.
        size: ``(height, width)`` in pixels; the picture is cut to this shape around its centre
            and then resized. ``None`` keeps it as it is.

    Returns:
        float32 tensor of shape ``(3, H, W)`` with values in [0, 1]; grey pictures get three equal
        channels, transparency is laid on white, 16-bit values are scaled by 65535.

    Raises:
        ValueError: no such file or name, not a picture, too large, or an illegal ``size``.

    >>> picture("chelsea", size=(30, 45)).shape
    torch.Size([3, 30, 45])
    """
    import torch

    image = _open(_find(source))
    if size is not None:
        image = _fit(image, _check_size(size))
    values = np.asarray(image, dtype=np.float32) / 255
    return torch.from_numpy(values).permute(2, 0, 1).contiguous()


@cache
def bundled_pictures() -> dict[str, Path]:
    """The pictures inside scikit-image's own package: no network is needed for them.

    Returns:
        name -> file, sorted by name.

    >>> "chelsea" in bundled_pictures()
    True
    """
    from importlib.util import find_spec

    spec = find_spec("skimage")
    folder = Path(spec.origin).parent / "data" if spec and spec.origin else Path()
    files = (path for path in folder.glob("*") if path.suffix in {".png", ".jpg"})
    return {path.stem: path for path in sorted(files)}


def _find(source: Any) -> Path:
    if not isinstance(source, str | Path):
        raise TypeError(
            f"source={source!r}: a picture is named by a file path or one of "
            f"{', '.join(bundled_pictures())}."
        )
    path = Path(source).expanduser()
    if path.is_file():
        return path
    if str(source) in bundled_pictures():
        return bundled_pictures()[str(source)]
    raise ValueError(
        f"No picture {str(source)!r}: there is no such file in {Path.cwd().name}/, and it is none "
        f"of the bundled ones. {_nearest(path)}Upload your file beside the notebook, or use one of "
        f"{', '.join(bundled_pictures())}."
    )


def _nearest(path: Path) -> str:
    """The file or bundled picture that was probably meant, as a question; or nothing."""
    meant = {name.lower(): name for name in bundled_pictures()}
    if os.access(path.parent, os.R_OK | os.X_OK):
        meant |= {file.name.lower(): str(file) for file in path.parent.iterdir() if file.is_file()}
    near = get_close_matches(path.name.lower(), meant, n=1, cutoff=0.7)
    return f"Do you mean {meant[near[0]]!r}? " if near else ""


def _open(path: Path) -> Any:
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        image = Image.open(path)
        if image.width * image.height > _LARGEST:
            raise ValueError(
                f"{path.name} has {image.width} x {image.height} pixels; at most {_LARGEST:,} are "
                "read. Make it smaller first."
            )
        return _to_rgb(ImageOps.exif_transpose(image))
    except UnidentifiedImageError:
        raise ValueError(
            f"{path.name} is not a picture that can be read. Save it as PNG or JPEG."
        ) from None
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise ValueError(
            f"{path.name} cannot be read to its end ({error}). Save it again as PNG or JPEG."
        ) from None


def _to_rgb(image: Any) -> Any:
    from PIL import Image

    if image.mode.startswith(("I", "F")):
        # PIL clips instead of scaling when it turns 16 bits into 8.
        values = np.asarray(image, dtype=np.float64)
        top = 65535 if values.max(initial=0) > 255 else 255
        return Image.fromarray(
            np.round(values.clip(0, top) * (255 / top)).astype(np.uint8)
        ).convert("RGB")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    return image.convert("RGB")


def _fit(image: Any, size: tuple[int, int]) -> Any:
    from PIL import Image, ImageOps

    return ImageOps.fit(image, (size[1], size[0]), Image.Resampling.LANCZOS)


def _check_size(size: Any) -> tuple[int, int]:
    if (
        not isinstance(size, tuple | list)
        or len(size) != 2
        or not all(isinstance(n, int) and not isinstance(n, bool) and 1 <= n <= 8192 for n in size)
    ):
        raise ValueError(
            f"size={size!r}: give (height, width), two whole numbers from 1 to 8192, or None."
        )
    return size[0], size[1]
