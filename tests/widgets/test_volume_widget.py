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
