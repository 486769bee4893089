"""Dots and bars against the numbers that they draw."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.colors import to_hex

from segviz.plot import cost_shares, network_size

GIB = 2**30
MEMORY = np.array([[1, 2, 3], [0.5, 0.25, 30]]) * GIB


def _drawn(card=8 * GIB):
    return network_size(["small", "large"], [3e7, 1e8], [5e10, 2e12], MEMORY, card=card)


def test_counts_are_dots_at_their_numbers_with_words():
    axes = _drawn()
    for axis, values, words in (
        (axes[0], [3e7, 1e8], ["30 M", "100 M"]),
        (axes[1], [5e10, 2e12], ["50 G", "2 T"]),
    ):
        assert axis.lines[0].get_xdata().tolist() == values
        assert [text.get_text() for text in axis.texts] == words
        low, high = axis.get_xlim()
        assert low < min(values)
        assert high > max(values)
    assert [text.get_text() for text in axes[0].get_yticklabels()] == ["small", "large"]
    assert axes[0].yaxis_inverted()


def test_bars_are_stacked_in_gib_and_the_card_is_a_line():
    axis = _drawn()[2]
    found = np.array([[(bar.get_x(), bar.get_width()) for bar in bars] for bars in axis.containers])
    assert np.allclose(found[:, :, 1].T * GIB, MEMORY)
    assert np.allclose(found[1:, :, 0], np.cumsum(found[:, :, 1], axis=0)[:-1])
    assert axis.lines[0].get_xdata() == [8, 8]
    assert [text.get_text() for text in axis.texts] == ["6 GiB", "30.8 GiB →"]
    colours = {to_hex(bars[0].get_facecolor()) for bars in axis.containers}
    assert len(colours) == 3


def test_a_bar_beyond_the_axis_keeps_its_words_inside():
    axis = _drawn()[2]
    cut = axis.texts[1]
    assert cut.xy[0] == axis.get_xlim()[1] == 12
    assert cut.get_horizontalalignment() == "right"


def test_what_is_very_large_has_a_larger_unit():
    memory = np.array([[0, 0, 15475.9], [1, 2, 3]]) * GIB
    axes = network_size(["vast", "small"], [3e8, 3e7], [1.026e15, 5e10], memory, card=4 * GIB)
    assert [text.get_text() for text in axes[1].texts] == ["1.03 P", "50 G"]
    assert [text.get_text() for text in axes[2].texts] == ["15.1 TiB →", "6 GiB"]


@pytest.mark.parametrize("shape", [(), (1,), (1, 2)])
def test_memory_without_its_three_parts_is_refused(shape):
    with pytest.raises(ValueError, match=r"memory of shape .* Give one row per network, of three"):
        network_size(["small"], [1], [1], np.ones(shape), card=GIB)


def test_numbers_of_another_length_are_refused():
    with pytest.raises(ValueError, match=r"1 names, 2 parameters, 2 multiply-adds"):
        network_size(["small"], [1, 2], [1, 2], MEMORY, card=GIB)


def test_shares_are_percent_of_each_bill():
    axes = cost_shares(["down", "up", "head"], {"parameters": [6, 3, 1], "maps": [1, 1, 2]})
    widths = [[bar.get_width() for bar in axis.patches] for axis in axes]
    assert np.allclose(widths, [[60, 30, 10], [25, 25, 50]])
    assert [text.get_text() for text in axes[0].texts] == ["60.0 %", "30.0 %", "10.0 %"]
    assert [text.get_text() for text in axes[0].get_yticklabels()] == ["down", "up", "head"]
    assert axes[0].yaxis_inverted()


@pytest.mark.parametrize("numbers", [[1], [0, 0]])
def test_shares_of_nothing_or_of_other_parts_are_refused(numbers):
    with pytest.raises(ValueError, match=r"'parameters' has .* for 2 parts. Give one for each"):
        cost_shares(["down", "up"], {"parameters": numbers})
