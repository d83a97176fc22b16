"""What is told without a ray against rays."""

import numpy as np

from voe.cards import read_probe_card
from voe.worlds.casting import Caster
from voe.worlds.draws import draw
from voe.worlds.materials import Material
from voe.worlds.room import room
from voe.worlds.shades import Shades
from voe.worlds.stage import Part, Stage, turned

GREY = Material((0.5, 0.5, 0.5))
LIGHT = (0.3, -3.6, 5.6)
NOWHERE = -1


def reached(stage: Stage, points: np.ndarray) -> np.ndarray:
    towards = points - np.array(LIGHT)
    distance = np.linalg.norm(towards, axis=1)
    return Caster(stage).reach(np.array(LIGHT), towards / distance[:, None]) >= distance


def test_no_point_that_is_in_a_shadow_is_said_to_be_lit():
    rng = np.random.default_rng(11)
    parts = tuple(
        Part(
            f"{k}",
            shape,
            (0.3, 0.2, 0.4),
            GREY,
            tuple(rng.uniform(-1, 1, 3)),
            tuple((1 + k) * np.array(turned((0.0, 0.6, 0.8), 40.0 * k))),  # of any length, as in MuJoCo
        )
        for k, shape in enumerate(("box", "box", "ellipsoid", "capsule", "cylinder"))
    )
    stage = Stage(parts)
    points = rng.uniform(-2, 2, (20000, 3))
    doubtful = Shades(stage, LIGHT).may_shade(points, np.full(20000, NOWHERE))
    lit = reached(stage, points)
    assert lit[~doubtful].all()
    assert (~lit).sum() > 1000
    assert doubtful.mean() < 0.6


def test_in_a_room_hardly_a_point_is_in_doubt():
    stage = Stage(room(draw(read_probe_card("object-permanence"), count=1, seed=1, scene=0)))
    points = np.random.default_rng(2).uniform((-1.3, -1.0, 0.01), (1.3, 1.2, 1.5), (5000, 3))
    assert not Shades(stage, LIGHT).may_shade(points, np.full(5000, NOWHERE)).any()


def test_a_part_does_not_shade_its_own_lit_side():
    floor = Part("floor", "box", (5.0, 5.0, 0.1), GREY, (0.0, 0.0, -0.1))
    on_floor = np.array([[0.5, 0.5, 0.0]])
    shades = Shades(Stage((floor,)), LIGHT)
    assert shades.may_shade(on_floor, np.array([0])).tolist() == [False]
    assert shades.may_shade(on_floor, np.array([NOWHERE])).tolist() == [True]


def test_a_light_inside_a_part_leaves_every_point_in_doubt():
    around = Part("around", "box", (9.0, 9.0, 9.0), GREY)
    shades = Shades(Stage((around,)), LIGHT)
    assert shades.may_shade(np.zeros((2, 3)), np.full(2, NOWHERE)).all()


def test_a_stage_without_fixed_parts_casts_no_doubt():
    ball = Part("ball", "sphere", (0.5,), GREY, motion="moved")
    assert not Shades(Stage((ball,)), LIGHT).may_shade(np.zeros((2, 3)), np.zeros(2, dtype=int)).any()
