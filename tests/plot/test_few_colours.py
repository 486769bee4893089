"""Pictures with few colours: small files in which no colour of the legend is lost."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from segviz.plot import _style

ORANGE, BLUE = (230, 159, 0), (86, 180, 233)


@pytest.fixture
def scan():
    """A noisy grey picture with two thin lines, as a scan with outlines."""
    grey = np.random.default_rng(0).integers(0, 256, (200, 300))
    pixels = np.repeat(grey[..., None], 3, 2).astype(np.uint8)
    pixels[40, :60], pixels[60, :60] = ORANGE, BLUE
    return pixels


def few(pixels, most_bytes):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, format="png")
    small = _style.few_colours(file.getvalue(), most_bytes)
    return small, np.asarray(Image.open(io.BytesIO(small)).convert("RGB")).astype(int)


@pytest.mark.parametrize("most_bytes", [100_000, 50_000])
def test_thin_lines_keep_their_colours(scan, most_bytes):
    small, shown = few(scan, most_bytes)
    assert len(small) <= most_bytes
    assert np.abs(shown[40, :60] - ORANGE).max() <= 12
    assert np.abs(shown[60, :60] - BLUE).max() <= 12


def test_as_many_colours_as_fit(scan):
    count = [
        len(np.unique(few(scan, most)[1].reshape(-1, 3), axis=0)) for most in (100_000, 50_000)
    ]
    assert 256 >= count[0] > count[1] > 16
