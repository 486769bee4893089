"""The ladder's figure against the maps that it draws; its colours against four kinds of eyes."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from skimage.color import deltaE_ciede2000, rgb2lab

from segviz.plot import fcn
from segviz.plot.fcn import CLASS_COLOURS, lens_corner

# Machado, Oliveira and Fernandes, IEEE TVCG 2009, full severity, on linear RGB.
EYES = {
    "normal": np.eye(3),
    "red-blind": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "green-blind": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "blue-blind": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}


def _seen(colours, eye):
    values = np.asarray(colours) / 255
    linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    light = np.clip(linear @ np.transpose(EYES[eye]), 0, 1)
    return rgb2lab(np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055))


@pytest.mark.parametrize("eye", EYES)
def test_class_colours_stay_apart(eye):
    lab = _seen(CLASS_COLOURS, eye)
    for one, two in itertools.combinations(range(len(lab)), 2):
        assert deltaE_ciede2000(lab[one], lab[two]) >= 15, (one, two)


@pytest.fixture
def drawn():
    rng = np.random.default_rng(0)
    picture = rng.random((20, 30, 3))
    maps = {"FCN-16s": rng.integers(0, 3, (20, 30)), "FCN-8s": rng.integers(0, 3, (20, 30))}
    truth = rng.integers(0, 2, (20, 30))
    truth[4, 5] = 255
    axes = fcn(picture, maps, truth=truth, classes=("a", "b", "c"), at=(4, 29), lens=8)
    return picture, maps, truth, axes


def _image(axes):
    return axes.images[0].get_array()


def test_every_pixel_has_the_colour_of_its_class(drawn):
    picture, maps, truth, axes = drawn
    assert axes.shape == (2, 4)
    assert np.array_equal(_image(axes[0, 0]), picture)
    colours = np.array(CLASS_COLOURS)
    for axis, class_map in zip(axes[0, 1:3], maps.values(), strict=True):
        assert np.array_equal(_image(axis), colours[class_map])
    shown = _image(axes[0, 3])
    assert shown[4, 5].tolist() == [160, 160, 160]
    assert np.array_equal(shown[truth < 255], colours[truth[truth < 255]])


def test_lens_enlarges_what_the_frame_marks(drawn):
    *_, axes = drawn
    for above, below in axes.T:
        frame = above.patches[0]
        assert (frame.get_xy(), frame.get_width(), frame.get_height()) == ((21.5, -0.5), 8, 8)
        assert np.array_equal(_image(below), _image(above)[0:8, 22:30])


def test_legend_names_what_occurs_and_void(drawn):
    *_, axes = drawn
    figure = axes[0, 0].figure
    assert [text.get_text() for text in figure.legends[0].texts] == ["a", "b", "c", "void"]
    handles = figure.legends[0].legend_handles[:3]
    colours = [np.rint(255 * np.array(one.get_facecolor()[:3])).tolist() for one in handles]
    assert colours == [list(colour) for colour in CLASS_COLOURS[:3]]
    titles = [axis.get_title() for axis in axes[0]]
    assert titles == ["picture", "FCN-16s", "FCN-8s", "truth"]


def test_without_truth_there_is_neither_its_picture_nor_void():
    axes = fcn(np.zeros((9, 9, 3)), {"8s": np.ones((9, 9), int)}, classes=("a", "b"))
    assert axes.shape == (2, 2)
    assert [text.get_text() for text in axes[0, 0].figure.legends[0].texts] == ["b"]


@pytest.mark.parametrize(
    ("at", "corner"), [((0, 0), (0, 0)), ((10, 12), (6, 8)), ((99, 99), (12, 22))]
)
def test_lens_stays_within_the_picture(at, corner):
    assert lens_corner(at, (20, 30), 8) == corner
