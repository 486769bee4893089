"""What street scenes are drawn with: shapes on the canvas, the camera, light and texture."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from skimage.measure import points_in_poly

from segviz.datasets.synthetic._street.canvas import BUILDING, CAR, SKY, Canvas, Tag
from segviz.datasets.synthetic._street.stage import NEAR, Camera, Light, Stage, cover, tiling_noise

WHITE = np.ones(3)
CAMERA = Camera(focal=100.0, horizon=30.0, centre=40.0, height=1.5)
LIGHT = Light(
    sun=np.array([0.0, 1.0, 0.0]),
    direct=0.5,
    ambient=0.4,
    tint=WHITE,
    zenith=np.array([0.2, 0.4, 0.8]),
    horizon=np.array([0.9, 0.9, 0.9]),
    clouds=0.0,
    reach=100.0,
)

inside = st.floats(5, 45)


def painted(canvas):
    """How much of each pixel is white, on a canvas that was black."""
    return canvas.colour[..., 0]


@given(top=inside, left=inside, height=st.floats(1, 20), width=st.floats(1, 20))
@settings(deadline=None)
def test_a_rectangle_covers_exactly_its_area(top, left, height, width):
    canvas = Canvas.blank((70, 70))
    corners = [(top, left), (top + height, left), (top + height, left + width), (top, left + width)]
    canvas.polygon(np.array(corners), WHITE, Tag(CAR, 3))
    # At a corner the sum of two cut-off halves stands for their product: at most 1/4 pixel each.
    assert painted(canvas).sum() == pytest.approx(height * width, abs=1.0)
    rows, columns = np.arange(70)[:, None] + 0.5, np.arange(70)[None, :] + 0.5
    away = (np.abs(rows - top) > 1) & (np.abs(rows - top - height) > 1)
    edge = (columns > left) & (columns < left + width) & (rows > top) & (rows < top + height)
    middle = np.minimum(np.abs(columns - left), np.abs(columns - left - width)) > 1e-6
    sure = away & middle
    assert np.array_equal((canvas.label == CAR)[sure], edge[sure])
    assert np.array_equal(canvas.instances > 0, canvas.label == CAR)


@given(st.lists(st.tuples(st.floats(2, 62), st.floats(2, 62)), min_size=3, max_size=3))
@settings(deadline=None)
def test_labels_of_a_triangle_agree_with_point_in_polygon(corners):
    points = np.array(corners)
    along, up = points[1] - points[0], points[2] - points[0]
    assume(abs(along[0] * up[1] - along[1] * up[0]) > 300)
    sides = np.linalg.norm(points - np.roll(points, 1, 0), axis=1)
    assume(sides.min() > 12)
    canvas = Canvas.blank((64, 64))
    canvas.polygon(points, WHITE, Tag(BUILDING))
    centres = np.stack(np.mgrid[0:64, 0:64], axis=-1).reshape(-1, 2) + 0.5
    wanted = points_in_poly(centres, points)
    from_corner = np.min([np.linalg.norm(centres - corner, axis=1) for corner in points], axis=0)
    ends = np.roll(points, -1, 0) - points
    offset = [
        np.abs((centres - a) @ np.array([-e[1], e[0]])) / np.linalg.norm(e)
        for a, e in zip(points, ends, strict=True)
    ]
    sharp = np.min(offset, axis=0) < 1e-6
    far = (from_corner > 8) & ~sharp
    labelled = (canvas.label == BUILDING).ravel()
    assert np.array_equal(labelled[far], wanted[far])


def test_a_hand_worked_slab_two_and_a_half_pixels_wide():
    canvas = Canvas.blank((5, 8))
    slab = np.array([(-9.0, 2.25), (-9.0, 4.75), (14.0, 4.75), (14.0, 2.25)])
    canvas.polygon(slab, WHITE, Tag(CAR, 1))
    assert painted(canvas)[2].tolist() == [0, 0, 0.75, 1, 0.75, 0, 0, 0]
    assert canvas.label[2].tolist() == [SKY, SKY, CAR, CAR, CAR, SKY, SKY, SKY]
    canvas.polygon(slab, np.zeros(3), None, opacity=0.5)
    assert painted(canvas)[2].tolist() == [0, 0, 0.46875, 0.5, 0.46875, 0, 0, 0]
    assert canvas.instances[2].tolist() == [0, 0, 1, 1, 1, 0, 0, 0]


@given(row=inside, column=inside, tall=st.floats(3, 15), wide=st.floats(3, 15))
@settings(deadline=None)
def test_ellipses_and_strokes_cover_about_their_area(row, column, tall, wide):
    canvas = Canvas.blank((80, 80))
    canvas.ellipse((row + 15, column + 15), (tall, wide), WHITE, None)
    assert painted(canvas).sum() == pytest.approx(np.pi * tall * wide, rel=0.03)
    canvas = Canvas.blank((80, 80))
    canvas.stroke((row + 15, 20), (row + 15, 20 + 3 * wide), (6, 6), WHITE, None)
    assert painted(canvas).sum() == pytest.approx(18 * wide + 9 * np.pi, rel=0.03)


def test_what_lies_outside_the_canvas_changes_nothing():
    canvas = Canvas.blank((20, 20))
    away = np.array([(30.0, 30.0), (30.0, 40.0), (40.0, 40.0)])
    canvas.polygon(away, WHITE, Tag(CAR))
    canvas.ellipse((-50, -50), (5, 5), WHITE, Tag(CAR))
    canvas.stroke((-9, -9), (-4, 30), (3, 3), WHITE, Tag(CAR))
    assert not canvas.colour.any()
    assert (canvas.label == SKY).all()


@given(x=st.floats(-20, 20), z=st.floats(1, 200))
@settings(deadline=None)
def test_ground_undoes_the_projection_of_the_road(x, z):
    row, column = CAMERA.project(np.array([x, 0.0, z]))
    assert row > CAMERA.horizon
    assert np.allclose(CAMERA.ground(row, column), (x, z))


@given(x=st.floats(1, 20), y=st.floats(-1, 15), z=st.floats(1, 200), side=st.sampled_from([-1, 1]))
@settings(deadline=None)
def test_walls_undo_their_projection(x, y, z, side):
    row, column = CAMERA.project(np.array([side * x, y, z]))
    assume(abs(column - CAMERA.centre) > 0.1)
    assert np.allclose(CAMERA.side_wall(side * x, row, column), (z, y))
    assert np.allclose(CAMERA.front_wall(z, row, column), (side * x, y))


def test_polygons_are_cut_in_front_of_the_lens():
    wall = np.array([(2.0, 0, -5), (2.0, 3, -5), (2.0, 3, 20), (2.0, 0, 20)])
    corners = CAMERA.corners(wall)
    near = CAMERA.project(np.array([(2.0, 3, NEAR), (2.0, 0, NEAR)]))
    assert len(corners) == 4
    assert np.isfinite(corners).all()
    for corner in near:
        assert np.abs(corners - corner).sum(axis=1).min() < 1e-9
    assert CAMERA.corners(wall - np.array([0, 0, 40])).shape == (0, 2)


def test_light_falls_from_above_and_haze_takes_over_far_away():
    up, down, ahead = (LIGHT.shade(n)[0] for n in ((0, 1, 0), (0, -1, 0), (0, 0, -1)))
    assert up == pytest.approx(0.4 * 1.15 + 0.5)
    assert down < ahead < up
    assert np.allclose(LIGHT.haze(np.zeros(3), 0.0), 0)
    assert np.allclose(LIGHT.haze(np.zeros(3), 100.0), 0.9 * (1 - np.exp(-1)))
    assert np.allclose(LIGHT.haze(np.zeros(3), 1e5), LIGHT.horizon)


def test_texture_repeats_without_a_seam_and_the_view_has_edges():
    noise = tiling_noise(np.random.default_rng(0))
    stage = Stage(np.random.default_rng(1), Canvas.blank((60, 80)), CAMERA, LIGHT, noise)
    u, v = np.random.default_rng(2).uniform(0, 256, (2, 500))
    assert np.allclose(stage.grain(u, v), stage.grain(u + 256, v - 512))
    assert stage.grain(np.array([3.0]), np.array([7.0])) == pytest.approx(noise[7, 3])
    assert stage.in_view(0.0, 10.0, reach=1.0)
    assert not stage.in_view(30.0, 10.0, reach=3.0)
    assert not stage.in_view(0.0, -5.0, reach=3.0)


@given(
    value=st.floats(-3, 3), low=st.floats(-1, 0), width=st.floats(0.1, 2), size=st.floats(0.05, 4)
)
@settings(deadline=None)
def test_cover_is_the_overlap_of_two_intervals(value, low, width, size):
    high = low + width
    overlap = min(value + size / 2, high) - max(value - size / 2, low)
    assert cover(np.array(value), low, high, size) == pytest.approx(
        max(overlap, 0) / size, abs=1e-9
    )
