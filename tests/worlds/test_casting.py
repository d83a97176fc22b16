"""Rays against the pinhole formula and distances worked out by hand."""

import numpy as np
import pytest

from voe.worlds.casting import NOTHING, Caster, bounds, camera_rays, inside
from voe.worlds.materials import Material
from voe.worlds.stage import Camera, Part, Stage, corners

GREY = Material((0.5, 0.5, 0.5))
FLOOR = Part("floor", "box", (5.0, 5.0, 0.1), GREY, (0.0, 0.0, -0.1))
BALL = Part("ball", "sphere", (0.5,), GREY, (0.0, 0.0, 2.0), motion="moved")
DOWN = np.array([[0.0, 0.0, -1.0]])


def test_a_point_projects_to_the_ray_that_meets_it():
    camera = Camera(position=(0.3, -5.0, 2.0), target=(0.0, 0.2, 0.4), fov_deg=35.0)
    size = 40
    rays = camera_rays(camera, size).reshape(size, size, -1, 3)
    row, column = 11, 29
    for ray in rays[row, column]:
        u, v = camera.project(np.asarray(camera.position) + 3.7 * ray)
        assert (int(v * size), int(u * size)) == (row, column)


@pytest.mark.parametrize(
    ("parts", "distance", "part"), [("all", 2.5, 1), ("movable", 2.5, 1), ("fixed", 5.0, 0)]
)
def test_rays_meet_the_parts_that_are_asked_about(parts, distance, part):
    """From 5 m above the floor down through a ball of half a metre at 2 m."""
    caster = Caster(Stage((FLOOR, BALL)))
    caster.place(np.array([FLOOR.pose, BALL.pose]), [1])
    far, met, normal = caster.shoot(np.array([0.0, 0.0, 5.0]), DOWN, parts)
    assert far == pytest.approx([distance])
    assert met.tolist() == [part]
    assert normal[0] == pytest.approx([0, 0, 1])
    assert caster.reach(np.array([0.0, 0.0, 5.0]), DOWN, parts) == pytest.approx([distance])


def test_fixed_parts_are_not_movable():
    caster = Caster(Stage((FLOOR, BALL)))
    beside = np.array([1.0, 0.0, 5.0])
    assert [float(caster.reach(beside, DOWN, parts)[0]) for parts in ("fixed", "movable")] == [5.0, NOTHING]


def test_a_ray_that_meets_nothing():
    caster = Caster(Stage((FLOOR, BALL)))
    far, met, normal = caster.shoot(np.array([0.0, 0.0, 5.0]), -DOWN)
    assert (far.tolist(), met.tolist(), normal.tolist()) == ([NOTHING], [-1], [[0.0, 0.0, 0.0]])


def test_a_part_is_where_it_was_put():
    caster = Caster(Stage((FLOOR, BALL)))
    poses = np.array([FLOOR.pose, BALL.pose])
    poses[1, :3] = (1.0, 2.0, 3.0)
    caster.place(poses, [1])
    far, met, _ = caster.shoot(np.array([1.0, 2.0, 5.0]), DOWN)
    assert (far, met.tolist()) == (pytest.approx([1.5]), [1])
    assert caster.local(1, np.array([[1.0, 2.5, 3.0]]))[0] == pytest.approx([0.0, 0.5, 0.0])


def test_bounds_hold_what_is_seen_of_a_box():
    view = Camera(position=(0.0, 0.0, 0.0), target=(0.0, 1.0, 0.0), fov_deg=90.0)
    box = Part("box", "box", (1.0, 1.0, 1.0), GREY, (0.0, 5.0, 0.0))
    low, high = bounds(view, corners(box, np.array(box.pose))[None])
    # The near face, 4 m away, is 2 m of the 8 m that are seen there.
    assert low[0] == pytest.approx([3 / 8, 3 / 8], abs=1e-5)
    assert high[0] == pytest.approx([5 / 8, 5 / 8], abs=1e-5)
    at = np.array([[0.5, 0.1, 0.5], [0.5, 0.5, 0.9]])
    assert inside(at, low[0], high[0]).tolist() == [True, False, False]


def test_what_reaches_behind_the_eye_is_everywhere():
    view = Camera(position=(0.0, 0.0, 0.0), target=(0.0, 1.0, 0.0), fov_deg=90.0)
    box = Part("box", "box", (1.0, 1.0, 1.0), GREY, (0.0, 0.5, 0.0))
    low, high = bounds(view, corners(box, np.array(box.pose))[None])
    assert (low.tolist(), high.tolist()) == ([[-np.inf] * 2], [[np.inf] * 2])
