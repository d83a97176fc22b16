"""Pictures against the pinhole formula, the geometry of shadows, and Lambert's law, worked out by hand."""

from dataclasses import replace

import numpy as np
import pytest

from voe.worlds.casting import Caster, camera_rays, lamp_points
from voe.worlds.colour import to_srgb
from voe.worlds.materials import Material
from voe.worlds.render import DAYLIGHT, Renderer
from voe.worlds.stage import ABSENT, Camera, Lamp, Part, Stage, turned
from voe.worlds.surfaces import BACKGROUND

GREY = Material((0.5, 0.5, 0.5), gloss=0.0)
FLOOR = Part("floor", "box", (20.0, 20.0, 0.1), GREY, (0.0, 0.0, -0.1))
DARK = Lamp(position=(0.0, 0.0, 5.0), key=(0.0, 0.0, 0.0), ambient=(1.0, 1.0, 1.0), bounce=(1.0, 1.0, 1.0))


def test_silhouette_and_depth_of_a_sphere():
    """Radius R at distance d: the silhouette's half-angle is asin(R / d), the nearest point d - R away."""
    d, radius, size = 5.0, 0.6, 256
    camera = Camera(position=(0.0, -d, 3.0), target=(0.0, 0.0, 3.0), fov_deg=30.0)
    ball = Part("ball", "sphere", (radius,), GREY, (0.0, 0.0, 3.0), motion="moved")
    renderer = Renderer(Stage((ball,), camera, DARK), size)
    renderer.frame(np.array([ball.pose]))
    seen = renderer.seen("ball")
    pixels = np.tan(np.arcsin(radius / d)) / np.tan(np.radians(15)) * size / 2
    rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
    assert (rows[-1] - rows[0] + 1) / 2 == pytest.approx(pixels, abs=1.0)
    assert (columns[-1] - columns[0] + 1) / 2 == pytest.approx(pixels, abs=1.0)
    assert seen.sum() == pytest.approx(np.pi * pixels**2, rel=0.03)
    assert renderer.depth().min() == pytest.approx(d - radius, abs=2e-4)


def test_projection_by_hand():
    """Camera at height 0 looking along y: u = 1/2 + x / (2 tan(fov/2) y)."""
    camera = Camera(position=(0.0, 0.0, 0.0), target=(0.0, 1.0, 0.0), fov_deg=90.0)
    assert camera.project(np.array([1.0, 2.0, 0.5])) == pytest.approx([0.5 + 1 / 4, 0.5 - 0.5 / 4])


def test_a_shadow_falls_where_the_line_from_the_lamp_meets_the_floor():
    """A ball at height h under a lamp at height H: the shadow's centre moves away by a factor H / (H - h)."""
    lamp = Lamp((2.0, 0.0, 6.0), radius=1e-6, key=(1.0, 1.0, 1.0), ambient=(0, 0, 0), bounce=(0, 0, 0))
    ball = Part("ball", "sphere", (0.2,), GREY, (0.0, 0.0, 2.0), motion="moved")
    camera = Camera(position=(0.0, -8.0, 8.0), target=(-1.0, 0.0, 0.0), fov_deg=30.0)
    renderer = Renderer(Stage((FLOOR, ball), camera, lamp), 256)
    stage = np.array([FLOOR.pose, ball.pose])
    picture = renderer.frame(stage)
    dark = (picture.sum(axis=-1) == 0) & ~renderer.seen("ball")
    rows, columns = np.nonzero(dark)
    # From the lamp (2, 0, 6) through (0, 0, 2) to z = 0: x = 2 - 2 * 6 / 4 = -1.
    u, v = camera.project(np.array([-1.0, 0.0, 0.0])) * 256
    assert columns.mean() + 0.5 == pytest.approx(u, abs=1.0)
    assert rows.mean() + 0.5 == pytest.approx(v, abs=1.5)


def test_lambert_and_inverse_square_by_hand():
    """Straight under the lamp the cosine is 1; at 45 degrees it is 0.7071 and the lamp sqrt(2) as far."""
    height = 4.0
    lamp = Lamp((0.0, 0.0, height), radius=1e-6, key=(0.8, 0.8, 0.8), ambient=(0, 0, 0), bounce=(0, 0, 0))
    for x, share in ((0.0, 1.0), (height, np.cos(np.pi / 4) / 2)):
        camera = Camera(position=(x, -3.0, 3.0), target=(x, 0.0, 0.0), fov_deg=1.0)
        picture = Renderer(Stage((FLOOR,), camera, lamp), 9).frame(np.array([FLOOR.pose]))
        expected = np.rint(to_srgb(np.array(0.8 * share * 0.5)) * 255)
        assert abs(int(picture[4, 4, 0]) - expected) <= 1


def test_ambient_light_from_above_and_below():
    lamp = Lamp((0.0, 0.0, 5.0), key=(0, 0, 0), ambient=(0.6, 0.6, 0.6), bounce=(0.2, 0.2, 0.2))
    camera = Camera(position=(0.0, -3.0, 3.0), target=(0.0, 0.0, 0.0), fov_deg=1.0)
    picture = Renderer(Stage((FLOOR,), camera, lamp), 5).frame(np.array([FLOOR.pose]))
    assert int(picture[2, 2, 1]) == round(float(to_srgb(np.array(0.3))) * 255)


def test_where_there_is_nothing_the_background_shows():
    ball = Part("ball", "sphere", (0.3,), GREY, (0.0, 0.0, 0.5), motion="moved")
    picture = Renderer(Stage((ball,), Camera(target=(0.0, 0.0, 0.5)), DARK), 9).frame(np.array([ball.pose]))
    assert picture[0, 0].tolist() == np.rint(to_srgb(np.array(BACKGROUND)) * 255).tolist()
    assert picture[4, 4].tolist() != picture[0, 0].tolist()


def test_a_factor_on_the_light_scales_linear_light():
    camera = Camera(position=(0.0, -3.0, 3.0), target=(0.0, 0.0, 0.0), fov_deg=1.0)
    renderer = Renderer(Stage((FLOOR,), camera, DARK), 5)
    pose = np.array([FLOOR.pose])
    renderer.frame(pose)
    dim = renderer.frame(pose, np.array([[0.25, 0.5, 1.0], [1.0, 1.0, 1.0]]))
    assert dim[2, 2].tolist() == np.rint(to_srgb(np.array([0.125, 0.25, 0.5])) * 255).tolist()
    assert np.array_equal(renderer.frame(pose), Renderer(renderer._stage, 5).frame(pose))


def test_penumbra_is_soft():
    lamp = Lamp((0.0, 0.0, 6.0), radius=0.6, ambient=(0, 0, 0), bounce=(0, 0, 0))
    assert len(lamp_points(lamp)) > 1
    distance = np.linalg.norm(lamp_points(lamp) - np.array(lamp.position), axis=1)
    assert 0 < distance.max() <= 0.6
    board = Part("board", "box", (0.5, 0.5, 0.02), GREY, (0.0, 0.0, 2.0), motion="moved")
    camera = Camera(position=(0.0, -9.0, 1.5), target=(0.0, 0.0, 0.2), fov_deg=20.0)
    picture = Renderer(Stage((FLOOR, board), camera, lamp), 64).frame(np.array([FLOOR.pose, board.pose]))
    assert len(np.unique(picture[40:, :, 0])) > 4


def test_moving_parts_are_drawn_as_if_afresh():
    """Only what a moved part can have touched is cast again: the picture must not know."""
    ball = Part("ball", "sphere", (0.3,), replace(GREY, pattern="beach", gloss=0.4), motion="moved")
    board = Part("board", "box", (0.5, 0.05, 0.5), GREY, motion="moved")
    stage = Stage((FLOOR, ball, board), Camera(), Lamp())
    running = Renderer(stage, 48)
    rng = np.random.default_rng(3)
    for step in range(12):
        ball_pose = (*rng.uniform(-1, 1, 2), 0.3, *turned((0.0, 1.0, 0.0), 40.0 * step))
        board_pose = (*rng.uniform(-1, 1, 2), 0.5, *turned((1.0, 0.0, 0.0), rng.uniform(0, 90)))
        poses = np.array([FLOOR.pose, ABSENT if step % 4 == 3 else ball_pose, board_pose])
        assert np.array_equal(running.frame(poses, DAYLIGHT), Renderer(stage, 48).frame(poses, DAYLIGHT))


LEDGE = Part("ledge", "box", (0.6, 0.3, 0.05), GREY, (0.5, 0.4, 0.9), turned((0.0, 0.0, 1.0), 25.0))
POST = Part("post", "cylinder", (0.12, 0.5), GREY, (-0.8, 0.1, 0.5))
BALL = Part("ball", "sphere", (0.25,), replace(GREY, gloss=0.5), motion="moved")
BOARD = Part("board", "box", (0.3, 0.04, 0.4), GREY, motion="moved")


def shadowed_as_if_all_were_cast(renderer: Renderer, poses: np.ndarray) -> int:
    """Hold the last frame to rays that are cast one and all; how many of the lamp's rays were in shadow."""
    stage, size = renderer._stage, renderer._size
    caster = Caster(stage)
    caster.place(poses, stage.movable)
    eye, rays = np.asarray(stage.camera.position), camera_rays(stage.camera, size)
    distance, part, normal = caster.shoot(eye, rays)
    assert np.array_equal(renderer._met.part, part)
    points, shadowed = eye + rays * distance[:, None], 0
    for point, source in zip(renderer._lamp, lamp_points(stage.lamp), strict=True):
        towards = points - source
        away = np.linalg.norm(towards, axis=1)
        faces = ((towards * normal).sum(axis=1) < 0) & (part >= 0)
        clear = caster.reach(source, towards / away[:, None]) >= away - 1e-4
        assert np.array_equal(point.lit, faces & clear)
        shadowed += int((faces & ~clear).sum())
    return shadowed


def test_light_is_that_of_rays_cast_one_and_all():
    """What is known of fixed parts, faces and boxes saves rays: no light may be lost or gained by it."""
    stage = Stage((FLOOR, LEDGE, POST, BALL, BOARD), Camera(), Lamp(radius=0.5))
    renderer, rng, shadowed = Renderer(stage, 40), np.random.default_rng(5), 0
    poses = stage.rest
    for step in range(12):
        # In turns both, the ball alone (the board shades it, standing still), and the board alone.
        if step % 3 < 2:
            poses[3] = (*rng.uniform((-1, -0.5, 0.25), (1, 0.8, 1.4)), 1, 0, 0, 0)
        if step % 3 != 1:
            middle = rng.uniform((-1, -0.5, 0.4), (1, 0.8, 1.2))
            poses[4] = (*middle, *turned((0.0, 0.6, 0.8), rng.uniform(0, 180)))
        if step == 7:
            poses[3] = ABSENT
        renderer.frame(poses)
        shadowed += shadowed_as_if_all_were_cast(renderer, poses)
    assert shadowed > 5000


@pytest.mark.parametrize(
    "stage",
    [
        Stage((FLOOR, BALL, BOARD), lamp=Lamp((0.0, 0.0, 5.0), radius=0.0)),
        Stage((FLOOR, BALL, BOARD), Camera((0.0, 0.0, 6.0), (0.0, 0.0, 0.0)), Lamp((0.0, 4.0, 0.0))),
        Stage((FLOOR, replace(LEDGE, orientation=(0.5, 0.0, 0.0, 0.5)), BALL, BOARD)),
        Stage((BALL, BOARD)),
        Stage((replace(LEDGE, size=(9.0, 9.0, 9.0)), FLOOR, BALL)),
    ],
    ids=[
        "lamp overhead",
        "seen from overhead",
        "quaternions of any length",
        "nothing fixed",
        "lamp in a box",
    ],
)
def test_light_of_unusual_stages(stage):
    poses = stage.rest
    poses[-1] = (-0.1, -0.3, 1.1, 0.9, 0.0, 0.3, 0.0)
    renderer = Renderer(stage, 24)
    shadowed = 0
    for x in (0.0, 0.1, 0.3):
        poses[-2, :3] = (x, 0.0, 0.5)
        renderer.frame(poses)
        shadowed += shadowed_as_if_all_were_cast(renderer, poses)
    assert shadowed > 0


def test_parts_far_below_cast_shadows_too():
    """Nothing is taken to be absent for its height."""
    down = np.array([0.0, 0.0, -200.0])
    parts = [replace(part, position=tuple(np.array(part.position) + down)) for part in (FLOOR, BALL, BOARD)]
    camera = Camera((0.0, -5.2, -198.0), (0.0, 0.15, -199.5))
    stage = Stage(tuple(parts), camera, Lamp((-1.2, -3.4, -194.6)))
    poses = stage.rest
    poses[1, 2], poses[2, :3] = -199.6, (0.2, 0.0, -198.8)
    renderer = Renderer(stage, 24)
    renderer.frame(poses)
    assert shadowed_as_if_all_were_cast(renderer, poses) > 10
