"""What is drawn is what was given: read back from the Axes."""

import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

from segviz import plot


def drawn(axis):
    return np.asarray(axis.images[0].get_array())


def test_pictures_are_drawn_in_order_with_their_values():
    grey, colour = np.eye(4), np.random.default_rng(0).random((3, 2, 5))
    axes = plot.pictures(grey, colour, titles=["grey", "colour"])
    np.testing.assert_array_equal(drawn(axes[0, 0]), grey)
    np.testing.assert_array_equal(drawn(axes[0, 1]), colour.transpose(1, 2, 0))
    assert [axis.get_title() for axis in axes[0]] == ["grey", "colour"]


def test_signed_pictures_have_zero_in_the_middle_of_the_colours():
    axes = plot.pictures(np.array([[-1.0, 3.0]]), signed=[0])
    assert axes[0, 0].images[0].get_clim() == (-3, 3)


def test_a_class_map_uses_the_palette_and_names_only_what_occurs():
    palette = [[255, 0, 0], [0, 255, 0], [0, 0, 255]]
    axes = plot.class_map([[0, 2], [255, 7]], ["a", "b", "c"], palette)
    expected = [[[1, 0, 0], [0, 0, 1]], [[0, 0, 0], [0, 0, 0]]]
    np.testing.assert_array_equal(drawn(axes), expected)
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["a", "c"]


def test_the_picture_shows_through_a_class_map():
    axes = plot.class_map([[0]], ["a"], [[255, 0, 0]], image=np.array([[0.5]]))
    np.testing.assert_allclose(drawn(axes)[0, 0], [0.8, 0.2, 0.2])


def test_a_kernel_of_zeros_is_grey_and_the_largest_weight_is_full():
    weights = np.zeros((2, 3, 1, 2))
    weights[1, 0, 0] = [2, -4]
    axes = plot.kernels(weights, columns=2)
    np.testing.assert_array_equal(drawn(axes[0, 0]), np.full((1, 2, 3), 0.5))
    np.testing.assert_allclose(drawn(axes[0, 1])[0, :, 0], [0.75, 0.0])


def test_feature_maps_stand_in_rows_beside_the_picture():
    maps = np.random.default_rng(0).random((2, 3, 3))
    axes = plot.feature_maps(np.zeros((4, 4)), {"one": maps, "two": maps[:1]})
    np.testing.assert_array_equal(drawn(axes[0, 2]), maps[1])
    assert [axes[row, 1].texts[0].get_text() for row in (0, 1)] == ["one", "two"]
    assert not axes[1, 2].images


def test_show_sends_the_picture_with_its_words():
    InteractiveShell.instance()
    with capture_output() as captured:
        plot.show(plot.pictures(np.eye(3)), alt="A diagonal")
    (output,) = captured.outputs
    assert output.data["text/plain"] == "A diagonal"
    assert output.metadata["image/png"]["alt"] == "A diagonal"
    assert output.data["image/png"].startswith("iVBOR")


def test_show_refuses_a_figure_without_words():
    with pytest.raises(ValueError, match="one sentence"):
        plot.show(plot.pictures(np.eye(3)), alt=" ")


@pytest.mark.parametrize("shape", [(3,), (2, 2, 2), (1, 2, 3, 4)])
def test_an_array_that_is_no_picture_is_named(shape):
    with pytest.raises(ValueError, match="Picture 1 has shape"):
        plot.pictures(np.eye(2), np.zeros(shape))
