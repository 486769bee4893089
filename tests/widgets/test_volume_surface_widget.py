"""The turnable surfaces send the mesh once, and say what does not fit."""

from __future__ import annotations

import numpy as np
import pytest

from segviz.plot._surface_mesh import surface_mesh
from segviz.widgets import VolumeSurface

BLOCK = np.zeros((6, 8, 10), int)
BLOCK[1:4, 2:6, 3:9] = 1
BLOCK[4, 2:6, 3:9] = 2


def _array(sent):
    return np.frombuffer(sent["data"], sent["dtype"]).reshape(sent["shape"])


def test_the_mesh_travels_as_small_numbers():
    scene = VolumeSurface(BLOCK, BLOCK * 0, titles=("truth", "network"))._scene
    mesh = surface_mesh(BLOCK)
    for name in ("corners", "labels", "faces"):
        np.testing.assert_array_equal(_array(scene[f"{name}_0"]), getattr(mesh, name))
    normals = _array(scene["normals_0"]) / 127
    np.testing.assert_allclose(normals, mesh.normals, atol=0.5 / 127 + 1e-9)
    assert scene["faces_1"]["shape"] == [0, 3]  # nothing was found: an empty picture
    assert scene["titles"] == ["truth", "network"]


def test_voxels_are_counted_by_label():
    trace = VolumeSurface(BLOCK, (BLOCK == 2).astype(int)).trace
    assert trace["voxels"].tolist() == [[3 * 4 * 6, 4 * 6], [4 * 6, 0]]


def test_all_volumes_are_seen_in_one_scale():
    """The ball is around what both hold, in the units of the spacing."""
    other = np.roll(BLOCK, 1, axis=2)
    scene = VolumeSurface(BLOCK, other, spacing=(1, 1, 3))._scene
    np.testing.assert_allclose(scene["centre"], [3, 4, 3 * 6.5])
    assert scene["radius"] > 3 * 3.5


def test_turning_asks_nothing_of_python():
    widget = VolumeSurface(BLOCK)
    before = widget._trace
    widget.set_state({"around": 90, "above": -30})
    assert widget._trace is before
    assert repr(widget) == "VolumeSurface(around=90, above=-30)"
    assert "90 degrees around and -30 above" in widget._describe()


@pytest.mark.parametrize(
    ("volumes", "given", "error", "words"),
    [
        ((BLOCK[0],), {}, ValueError, r"must be \(D, H, W\)"),
        ((np.zeros((2, 2, 97), int),), {}, ValueError, "Cut a part"),
        ((BLOCK / 2,), {}, TypeError, "argmax"),
        ((BLOCK * 2,), {}, ValueError, "3 classes"),
        ((BLOCK, BLOCK[:3]), {}, ValueError, "one shape"),
        ((BLOCK,), {"titles": ("a", "b")}, ValueError, "2 titles for 1"),
        ((BLOCK,) * 3, {"titles": "abc"}, TypeError, r"^titles='abc' must .*Use titles=\["),
        ((BLOCK,), {"titles": "a"}, TypeError, "must be a list with one name for each"),
        ((BLOCK,), {"titles": None}, TypeError, "^titles=None must be a list with one name"),
        ((BLOCK,), {"classes": "ab"}, TypeError, "^classes='ab' must be a list with one name"),
        ((BLOCK,), {"spacing": 1}, ValueError, "^spacing=1 must be three positive numbers"),
        ((BLOCK,), {"spacing": "abc"}, ValueError, "^spacing='abc' must be three positive"),
        ((BLOCK,), {"spacing": (1, 0, 1)}, ValueError, "three positive numbers"),
        ((BLOCK,), {"around": 1}, ValueError, "in steps of 2. Use 0"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(volumes, given, error, words):
    with pytest.raises(error, match=words):
        VolumeSurface(*volumes, **given)
