"""Surfaces enclose exactly what is labelled, are wound alike, and hide what is behind them."""

from __future__ import annotations

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra.numpy import arrays
from matplotlib.colors import to_rgb

from segviz.plot._surface_mesh import MOST_FACES, ball_around, surface_mesh, view_axes
from segviz.plot.volume import LABEL_COLOURS
from segviz.plot.volume_surface import volume_surface

SMALL = arrays(np.int64, (4, 5, 3), elements=st.integers(0, 2))


def _normals(mesh):
    """Of the triangles as they are wound, twice their areas long."""
    first, second, third = (mesh.corners[mesh.faces[:, n]] for n in range(3))
    return np.cross(second - first, third - first)


@given(SMALL)
@settings(deadline=None, max_examples=30)
def test_corners_lie_between_a_labelled_voxel_and_one_that_is_not(labels):
    """Of the voxels that meet in a corner some have its label, and not all."""
    mesh = surface_mesh(labels)
    padded = np.pad(labels, 2)
    for corner, label in zip(mesh.corners, mesh.labels, strict=True):
        # An odd number of half voxels is the middle of one, an even one lies between two.
        beside = np.ix_(*(sorted({n // 2 + 2, (n - 1) // 2 + 2}) for n in corner))
        inside = padded[beside] == label
        assert inside.any()
        assert not inside.all()


@given(SMALL)
@settings(deadline=None, max_examples=30)
def test_surfaces_are_closed_and_turn_their_backs_inwards(labels):
    """Each edge is walked once in both directions; the volume within is not below 0."""
    mesh = surface_mesh(labels)
    edges = np.concatenate([mesh.faces[:, [n, (n + 1) % 3]] for n in range(3)])
    there, back = (sorted(map(tuple, pairs.tolist())) for pairs in (edges, edges[:, ::-1]))
    assert there == back
    first = mesh.corners[mesh.faces[:, 0]]
    within = -(first * _normals(mesh)).sum() / 6 / 8  # of half voxels, in voxels
    assert 0 <= within <= (labels > 0).sum()
    assert (within > 0) == (labels > 0).any()


def test_a_block_has_its_size_and_normals_that_point_outwards():
    labels = np.zeros((6, 8, 10), int)
    labels[1:5, 2:6, 3:9] = 1
    mesh = surface_mesh(labels, spacing=(1, 1, 2))
    np.testing.assert_array_equal(mesh.corners.min(0), [2, 4, 6])
    np.testing.assert_array_equal(mesh.corners.max(0), [10, 12, 18])
    np.testing.assert_allclose(np.linalg.norm(mesh.normals, axis=1), 1, atol=1e-6)
    assert ((mesh.corners - [6, 8, 12]) * mesh.normals).sum(1).min() > 0
    centre, radius = ball_around([mesh], labels.shape, (1, 1, 2))
    np.testing.assert_array_equal(centre, [3, 4, 12])
    assert radius == pytest.approx(np.linalg.norm(mesh.centred(centre, (1, 1, 2)), axis=1).max())


def test_too_many_triangles_become_fewer_and_nothing_disappears():
    noise = np.random.default_rng(0).random((60, 60, 60)) < 0.02
    mesh = surface_mesh(noise.astype(int))
    assert 0 < len(mesh.faces) <= MOST_FACES
    dots = np.argwhere(noise)
    assert (mesh.corners.min(0) <= 2 * dots.min(0) + 1).all()
    assert (mesh.corners.max(0) >= 2 * dots.max(0) + 1).all()


@given(st.floats(0, 360), st.floats(-90, 90))
@settings(deadline=None, max_examples=30)
def test_the_reader_sees_a_turned_volume_not_a_mirrored_one(around, above):
    side = view_axes(around, above)
    np.testing.assert_allclose(side @ side.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(side) == pytest.approx(1)


@pytest.mark.parametrize(("around", "front"), [(0, 1), (180, 2)])
def test_what_is_near_hides_what_is_far(around, front):
    """Two plates across axis 0; from its far end the one of label 1 is in front."""
    labels = np.zeros((8, 6, 6), int)
    labels[6, 1:5, 1:5], labels[1, 1:5, 1:5] = 1, 2
    axes = volume_surface(labels, around=around, above=0)[0]
    last = axes.collections[0].get_facecolor()[-1, :3]
    hue = np.array(to_rgb(LABEL_COLOURS[front - 1]))
    assert np.corrcoef(last, hue)[0, 1] > 0.99


def test_an_empty_volume_is_drawn_empty():
    assert not volume_surface(np.zeros((3, 3, 3), int))[0].collections


@pytest.mark.parametrize(
    "volumes", [(), (np.ones((3, 3), int),), (np.ones((3, 3, 3), int), np.ones((3, 3, 4), int))]
)
def test_volumes_that_do_not_fit_are_refused(volumes):
    with pytest.raises(ValueError, match="volumes of one shape"):
        volume_surface(*volumes)


@pytest.mark.parametrize("name", ["titles", "classes"])
def test_a_text_is_no_list_of_names(name):
    words = rf"^{name}='abc' must be a list with one name for each\. Use {name}=\["
    with pytest.raises(TypeError, match=words):
        volume_surface(*[np.ones((3, 3, 3), int)] * 3, **{name: "abc"})
