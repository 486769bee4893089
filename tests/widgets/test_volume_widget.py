"""The viewer of volumes sends them whole, and refuses what lies outside."""

from __future__ import annotations

import numpy as np
import pytest

from segviz.widgets import VolumeSlices

IMAGE = np.linspace(0, 1, 4 * 6 * 8).reshape(4, 6, 8)
LABELS = (IMAGE > 0.5).astype(int)


def _widget(**settings):
    return VolumeSlices(IMAGE, LABELS, classes=("a", "b"), **settings)


def test_the_volume_travels_once_as_bytes():
    sent = _widget()._scene["image"]
    codes = np.frombuffer(sent["data"], sent["dtype"]).reshape(sent["shape"])
    assert np.abs(codes / 255 - IMAGE).max() <= 0.5 / 255 + 1e-9


def test_the_voxel_is_read():
    trace = _widget(axis_0=3, axis_1=1, axis_2=7).trace
    assert trace["grey"] == IMAGE[3, 1, 7]
    assert trace["labels"] == ["b"]


def test_several_labels_are_cut_at_the_same_voxel():
    widget = VolumeSlices(IMAGE, LABELS, 1 - LABELS, classes=("a", "b"), axis_0=3)
    assert widget.trace["labels"] == ["b", "a"]
    assert widget._scene["labels"]["shape"] == [2, 4, 6, 8]
    assert widget._scene["titles"] == ["labels 1", "labels 2"]
    assert len(widget._still().axes) == 6


def test_titles_are_as_many_as_the_labels():
    with pytest.raises(ValueError, match="2 titles for 1 labels"):
        VolumeSlices(IMAGE, LABELS, titles=("truth", "network"), classes=("a", "b"))


def test_sliders_end_where_the_volume_does():
    controls = _widget()._controls
    assert [controls[f"axis_{axis}"]["max"] for axis in range(3)] == [3, 5, 7]


def test_a_slice_behind_the_volume_is_refused_and_the_last_one_offered():
    with pytest.raises(ValueError, match="Use 0 to 3"):
        _widget(axis_0=4)
    widget = _widget()
    widget.axis_1 = 9
    assert "Use 0 to 5" in widget.error
    assert widget._error["remedy"] == {"axis_1": 5}


def test_it_begins_at_the_labelled_voxel_next_to_the_object_s_centroid():
    image, ring = np.zeros((12, 20, 30)), np.zeros((12, 20, 30), int)
    ring[3:8, 2:9, 20:29] = 1
    ring[4:7, 3:8, 21:28] = 0  # hollow: the centroid itself is not labelled
    widget = VolumeSlices(image, ring, classes=("a", "b"))
    at = (widget.axis_0, widget.axis_1, widget.axis_2)
    assert ring[at] == 1
    far = np.linalg.norm(np.argwhere(ring) - np.array([5, 5, 24]), axis=1)
    assert np.linalg.norm(np.subtract(at, (5, 5, 24))) == far.min() == 2
    assert widget.trace["labels"] == ["b"]
    second = VolumeSlices(image, 0 * ring, ring, classes=("a", "b"))
    assert (second.axis_0, second.axis_1, second.axis_2) == at
    given = VolumeSlices(image, ring, classes=("a", "b"), axis_1=0)
    assert (given.axis_0, given.axis_1, given.axis_2) == (at[0], 0, at[2])


def test_without_labels_it_begins_in_the_middle():
    for labels in ((), (np.zeros(IMAGE.shape, int),)):
        widget = VolumeSlices(IMAGE, *labels)
        assert (widget.axis_0, widget.axis_1, widget.axis_2) == (2, 3, 4)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"titles": "ab"}, r"^titles='ab' must be a list with one name for each\. Use titles=\["),
        ({"titles": None}, "^titles=None must be a list"),
        ({"classes": "ab"}, "^classes='ab' must be a list with one name"),
    ],
)
def test_a_text_is_no_list_of_names(given, words):
    with pytest.raises(TypeError, match=words):
        VolumeSlices(IMAGE, LABELS, LABELS, **given)


@pytest.mark.parametrize(
    ("image", "labels", "words"),
    [
        (IMAGE[0], None, r"give \(D, H, W\)"),
        (IMAGE * 255, None, "Divide"),
        (IMAGE, LABELS[:2], "image's shape"),
        (IMAGE, LABELS * 5, "2 classes"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(image, labels, words):
    with pytest.raises(ValueError, match=words):
        VolumeSlices(image, labels, classes=("a", "b"))
