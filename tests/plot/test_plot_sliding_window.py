"""What is drawn is what was given: read back from the Axes."""

import numpy as np
import pytest

from segviz import plot
from segviz.plot.sliding_window import _heat_table


def drawn(axis):
    return np.asarray(axis.images[0].get_array())


def frames(axis):
    """(row, column, height, width) of each frame, in pixels."""
    return [
        (box.get_y() + 0.5, box.get_x() + 0.5, box.get_height(), box.get_width())
        for box in axis.patches
    ]


@pytest.fixture
def axes():
    return plot.sliding_window(
        np.linspace(0, 1, 48).reshape(6, 8),
        np.array([[0, 1, 0, 1, 0, 1]] * 4),
        np.arange(48).reshape(6, 8),
        step=8,
        window=3,
        palette=np.array([[10, 20, 30], [200, 0, 0]]),
        most=9,
        bill="so far 9 multiply-adds",
    )


def test_window_stands_on_its_pixel_in_the_picture_with_its_rim(axes):
    np.testing.assert_array_equal(drawn(axes[0]), np.linspace(0, 1, 48).reshape(6, 8))
    # Step 8 of rows of 6 pixels is row 1, column 2.
    assert frames(axes[0]) == [(1, 1, 4, 6), (1, 2, 3, 3)]
    assert frames(axes[1]) == [(1, 2, 1, 1)]


def test_class_map_is_filled_in_up_to_the_window(axes):
    colours = drawn(axes[1])
    assert colours[0, 1].tolist() == [200, 0, 0, 255]
    assert colours[1, 2].tolist() == [10, 20, 30, 255]
    assert (colours[1, 3:, 3] == 0).all()
    assert (colours[2:, :, 3] == 0).all()


def test_counts_are_drawn_by_their_logarithm_up_to_the_largest(axes):
    np.testing.assert_allclose(np.expm1(drawn(axes[2])), np.arange(48).reshape(6, 8), atol=1e-12)
    assert axes[2].images[0].get_clim() == (0, np.log(10))


def test_the_bill_stands_below(axes):
    assert axes[0].figure.get_supxlabel() == "so far 9 multiply-adds"


def test_heat_colours_grow_brighter_all_the_way():
    brightness = _heat_table() @ [0.299, 0.587, 0.114]
    assert (np.diff(brightness) > -1).all()
    assert brightness[0] < 2
    assert brightness[-1] > 230


def test_recomputation_shares_one_scale():
    axes = plot.recomputation({"pixels": np.array([[1, 99]]), "dense": np.array([[1, 1]])})
    assert [axis.get_title() for axis in axes] == ["pixels", "dense"]
    assert {axis.images[0].get_clim() for axis in axes} == {(0, np.log(100))}


def test_patches_have_the_pixel_in_their_middle_even_at_the_border():
    picture = np.arange(30.0).reshape(5, 6)
    axes = plot.patches(picture, (0, 5), [1, 3])
    assert drawn(axes[0]).tolist() == [[5]]
    # Row -1 is row 1 and column 6 is column 4, as in a mirror that stands on the last pixel.
    assert drawn(axes[1]).tolist() == [[10, 11, 10], [4, 5, 4], [10, 11, 10]]
    assert frames(axes[1]) == [(1, 1, 1, 1)]


def test_an_even_window_is_refused():
    with pytest.raises(ValueError, match="window=8 has no pixel at its centre"):
        plot.patches(np.eye(9), (4, 4), [9, 8])


def test_bars_are_as_long_as_the_numbers():
    axes = plot.multiply_adds_by_layer(["a", "b"], [4e9, 100], [1e6, 50])
    assert [bar.get_width() for bar in axes.patches] == [4e9, 100, 1e6, 50]
    assert [text.get_text() for text in axes.get_yticklabels()] == ["a", "b"]
    assert {text.get_text() for text in axes.texts} == {"4 billion", "100", "1 million", "50"}
