"""Physics against the formulas of mechanics."""

from dataclasses import replace

import numpy as np
import pytest

from voe.worlds.materials import Material
from voe.worlds.simulate import GRAVITY, Nudge, simulate
from voe.worlds.stage import Part, Stage, turned

GREY = Material((0.5, 0.5, 0.5))
FLOOR = Part("floor", "box", (9.0, 9.0, 0.1), GREY, (0.0, 0.0, -0.1))
FPS = 24.0


def run(*parts, frames=48, paths=None):
    return simulate(Stage(parts), paths or {}, frames, FPS)


def test_free_fall():
    ball = Part("ball", "sphere", (0.1,), GREY, (0.0, 0.0, 5.0), motion="free")
    z = run(FLOOR, ball, frames=20)[:, 1, 2]
    t = np.arange(20) / FPS
    assert z == pytest.approx(5.0 - GRAVITY * t**2 / 2, abs=0.006)


def test_a_part_is_held_until_its_release():
    ball = Part("ball", "sphere", (0.1,), GREY, (0.0, 0.0, 5.0), motion="free", release_frame=10)
    z = run(FLOOR, ball, frames=20)[:, 1, 2]
    assert (z[:11] == 5.0).all()
    assert z[19] == pytest.approx(5.0 - GRAVITY * (9 / FPS) ** 2 / 2, abs=0.006)


def test_sliding_stops_after_v_squared_over_two_mu_g():
    mu, speed = 0.1, 1.0
    box = Part(
        "box",
        "box",
        (0.2, 0.2, 0.2),
        GREY,
        (0.0, 0.0, 0.2),
        motion="free",
        friction=mu,
        velocity=(speed, 0, 0),
    )
    x = run(FLOOR, box)[:, 1, 0]
    assert x[-1] == pytest.approx(speed**2 / (2 * mu * GRAVITY), rel=0.02)
    t = np.arange(len(x)) / FPS
    moving = t < 0.9 * speed / (mu * GRAVITY)
    assert x[moving] == pytest.approx((speed * t - mu * GRAVITY * t**2 / 2)[moving], abs=0.01)


def test_a_ball_rolls_down_a_slope_at_five_sevenths_g_sin():
    slope = 12.0
    ramp = Part("ramp", "box", (4.0, 1.0, 0.05), GREY, (0.0, 0.0, 0.0), turned((0.0, 1.0, 0.0), slope))
    radius, tilt = 0.2, np.radians(slope)
    up = (0.05 + radius) * np.array([np.sin(tilt), 0.0, np.cos(tilt)])
    ball = Part("ball", "sphere", (radius,), GREY, tuple(up), motion="free", friction=0.8)
    track = run(ramp, ball, frames=24)[:, 1, :3]
    gone = np.linalg.norm(track - track[0], axis=1)
    t = np.arange(24) / FPS
    assert gone == pytest.approx(5 / 7 * GRAVITY * np.sin(tilt) * t**2 / 2, abs=0.012)


def test_rolling_friction_slows_by_five_sevenths_mu_g_over_r():
    radius, slowing, speed = 0.25, 0.5, 1.0
    ball = Part(
        "ball", "sphere", (radius,), GREY, (0.0, 0.0, radius), motion="free", friction=0.8,
        rolling=1.4 * slowing * radius / GRAVITY, velocity=(speed, 0, 0), spin=(0, speed / radius, 0),
    )  # fmt: skip
    x = run(FLOOR, ball, frames=60)[:, 1, 0]
    assert x[-1] == pytest.approx(speed**2 / (2 * slowing), rel=0.03)


def test_a_body_at_rest_stays_at_rest_to_the_last_bit():
    box = Part("box", "box", (0.2, 0.2, 0.2), GREY, (0.0, 0.0, 0.2), motion="free", friction=0.5)
    track = run(FLOOR, replace(box, velocity=(0.5, 0.0, 0.0)), frames=60)[:, 1]
    assert np.array_equal(track[30], track[-1])
    assert not np.array_equal(track[2], track[-1])


def test_a_moved_part_follows_its_path_and_pushes():
    path = np.zeros((30, 7))
    path[:, 0], path[:, 2], path[:, 3] = np.linspace(-1.0, 0.0, 30), 0.2, 1.0
    pusher = Part("pusher", "box", (0.1, 0.3, 0.2), GREY, (-1.0, 0.0, 0.2), motion="moved")
    box = Part("box", "box", (0.2, 0.2, 0.2), GREY, (-0.6, 0.0, 0.2), motion="free", friction=0.3)
    poses = run(FLOOR, pusher, box, frames=30, paths={"pusher": path})
    assert np.array_equal(poses[:, 1], path)
    assert poses[-1, 2, 0] == pytest.approx(0.3, abs=0.02)


def test_the_same_stage_moves_the_same_twice():
    ball = Part("ball", "sphere", (0.2,), GREY, (0.0, 0.0, 1.0), motion="free", velocity=(0.4, 0.1, 0.0))
    assert np.array_equal(run(FLOOR, ball), run(FLOOR, ball))


def test_equal_masses_exchange_their_velocities():
    """An elastic collision of equal masses: the striker stops, the target goes on with its speed."""
    half, speed = 0.2, 0.6
    striker = Part(
        "striker", "box", (half,) * 3, GREY, (-1.0, 0.0, half), motion="free", friction=0.001,
        velocity=(speed, 0.0, 0.0),
    )  # fmt: skip
    target = replace(striker, name="target", position=(0.0, 0.0, half), velocity=(0.0, 0.0, 0.0))
    stage = Stage((FLOOR, striker, target))
    poses = simulate(stage, {}, 60, FPS, elastic=[("striker", "target")])
    x = poses[:, 1:, 0]
    after = (x[-1] - x[-11]) / (10 / FPS)
    assert after[0] == pytest.approx(0.0, abs=0.03)
    assert after[1] == pytest.approx(speed, rel=0.07)
    assert (x[:, 1] - x[:, 0]).min() > 2 * half - 0.005
    untouched = x[: int(0.5 / speed * FPS), 1]
    assert (untouched == 0.0).all()


def test_a_nudge_changes_the_velocity_once():
    box = Part("box", "box", (0.2,) * 3, GREY, (0.0, 0.0, 0.2), motion="free")
    poses = simulate(Stage((FLOOR, box)), {}, 20, FPS, nudges=[Nudge("box", 5, (0.3, 0.0, 0.0))])
    assert (poses[:6, 1, 0] == 0.0).all()
    assert poses[15, 1, 0] == pytest.approx(0.3 * 10 / FPS, abs=0.003)
