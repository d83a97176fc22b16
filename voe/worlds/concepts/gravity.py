"""Gravity: a plank tilts to the left or to the right, then is screened; a ball dropped on it rolls out.

The ball is dropped on the middle and comes out on the left or on the right, at the same height. It can only
have rolled down.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from voe.worlds.colour import colour
from voe.worlds.concepts.behind import LANE_Y
from voe.worlds.concepts.dropped import SIDES, Drop, fall, held_ball, scene
from voe.worlds.draws import Draw
from voe.worlds.materials import Material
from voe.worlds.room import NEAR
from voe.worlds.stage import Part, Poses, Stage, rotation, turned
from voe.worlds.takes import FPS, N_FRAMES, Scene, Take

PIVOT_Z: Final = 0.34
PLANK_HALF: Final = (0.43, 0.15, 0.018)
TILTING: Final = (5, 12)
"""First frame and duration of the tilt."""


def stage_scene(draw: Draw, hidden: int) -> Scene:
    """Take A: tilted to the left, out on the left. Take B: to the right."""
    wood = Material(colour(draw.text("plank_colour")), None, "grain", scale=0.5, gloss=0.1)
    at = (0.0, LANE_Y, PIVOT_Z)
    plank = Part("plank", "box", PLANK_HALF, wood, at, motion="moved", friction=0.8)
    foot_z = (PIVOT_Z - PLANK_HALF[2]) / 2
    foot = Part("foot", "box", (0.035, 0.11, foot_z), wood, (0.0, LANE_Y, foot_z - 0.005))
    drops = []
    for sign in SIDES.values():
        angle = sign * draw.number("tilt_deg")
        tilted = _tilted(plank, np.array([angle]))[0]
        resting = Part("plank", "box", PLANK_HALF, wood, at, tuple(tilted[3:]), motion="moved", friction=0.8)
        track = fall(held_ball(draw), [resting, foot], NEAR.half_width)
        share = np.clip((np.arange(N_FRAMES) - TILTING[0]) / TILTING[1], 0.0, 1.0)
        drops.append(Drop({"plank": _tilted(plank, angle * share**2 * (3 - 2 * share))}, track))
    staged = scene(draw, hidden, [foot, plank], (drops[0], drops[1]), draw.number("screen_reach"))
    if staged.crossed is None:
        return staged
    ab, ba = (_uphill(draw, staged.stage, take) for take in (staged.a, staged.b))
    return replace(staged, crossed=(ab, ba))


def _uphill(draw: Draw, stage: Stage, take: Take) -> Take:
    """The take with the ball going up the plank as it goes down it, and falling off the upper end.

    From where it meets the plank, s(t) along the plank becomes -s(t). From the upper end on it is simulated
    afresh, with the speed that it has there.
    """
    ball, plank = stage.index("ball"), stage.index("plank")
    tilted, poses = take.poses[-1, plank], take.poses.copy()
    turn, track = rotation(tilted[3:]), poses[:, ball]
    rolls = int(np.argmax(np.abs(track[:, 0]) > 1e-3))
    along = (track[:, :3] - tilted[:3]) @ turn
    # Where the ball, right above the pivot, touches the plank.
    meets = (PLANK_HALF[2] + stage.parts[ball].size[0]) / turn[2, 2] * turn[2, 0]
    along[:, 0] = 2 * meets - along[:, 0]
    leaves = rolls + int(np.argmax(np.abs(along[rolls:, 0]) > PLANK_HALF[0]))
    track[rolls : leaves + 1, :3] = tilted[:3] + along[rolls : leaves + 1] @ turn.T
    track[rolls : leaves + 1, 5] *= -1
    speed = (track[leaves, :3] - track[leaves - 1, :3]) * FPS
    flying = replace(
        held_ball(draw),
        position=tuple(track[leaves, :3]),
        orientation=tuple(track[leaves, 3:]),
        velocity=tuple(speed),
    )
    fixtures = [part for part in stage.parts if part.name == "foot"]
    track[leaves:] = fall(flying, fixtures, NEAR.half_width)[: N_FRAMES - leaves]
    return Take(poses, take.light)


def _tilted(plank: Part, degrees: Poses) -> Poses:
    """Poses of the plank turned about its middle, positive: the right end goes down: [T, 7]."""
    return np.array([(*plank.position, *turned((0.0, 1.0, 0.0), float(angle))) for angle in degrees])
