"""The figure of a U-Net shows each size once, and what a skip cuts off."""

from __future__ import annotations

from segviz.ops.encoder_decoder import unet_sizes
from segviz.plot.encoder_decoder import columns, encoder_decoder


def _texts(axes):
    return [text.get_text() for text in axes.texts]


def test_sizes_of_the_papers_figure_are_written():
    texts = _texts(encoder_decoder(572))
    for size in (572, 570, 568, 284, 140, 68, 32, 30, 28, 56, 104, 200, 392, 390):
        assert texts.count(str(size)) == 1
    assert texts.count("388") == 2
    assert [f"crop {cut}" in texts for cut in (88, 40, 16, 4)] == [True] * 4


def test_a_clash_names_the_map_and_writes_no_size_behind_it():
    axes = encoder_decoder(570)
    assert (
        axes.get_title(loc="left") == "570 × 570 does not fit: a map of 279 rows cannot be halved"
    )
    assert "279" in _texts(axes)
    assert "280" not in _texts(axes)


def test_padded_maps_need_no_crop():
    texts = _texts(encoder_decoder(64, depth=2, padded=True))
    assert texts.count("nothing to crop") == 2


def test_columns_never_go_back():
    for depth in (1, 3, 5):
        found = columns(unet_sizes(764, depth).steps)
        assert found == sorted(found)
