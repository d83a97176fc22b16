"""Solidity: a door shuts the left or the right end of a roof; a ball that is dropped on the ridge rolls out.

The ball may go to either side of the ridge, and comes out at the open end. To come out at the shut one it
would have to pass through the door. Which way it goes, chance decides: a nudge, out of sight.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from voe.worlds.colour import colour
from voe.worlds.concepts.behind import LANE_Y
from voe.worlds.concepts.dropped import HELD_Z, SIDES, Drop, fall, held_ball, scene
from voe.worlds.draws import Draw
from voe.worlds.materials import Material
from voe.worlds.room import NEAR
from voe.worlds.simulate import GRAVITY, Nudge
from voe.worlds.stage import Part, Poses, turned
from voe.worlds.takes import FPS, N_FRAMES, Scene

RIDGE_Z: Final = 0.34
EAVES: Final = (0.36, 0.05)
"""Where the roof ends: x and z, metres."""
ROOF_HALF_DEPTH: Final = 0.17
ROOF_THICKNESS: Final = 0.03
DOOR_X: Final = 0.47
DOOR_HALF: Final = (0.045, 0.21, 0.19)
SHUTTING: Final = (5, 12)
"""First frame and duration of the door's rise."""
NUDGE: Final = 0.5
"""m/s, sideways."""


def stage_scene(draw: Draw, hidden: int) -> Scene:
    """Take A: the right end is shut, the ball comes out on the left. Take B: the other way round."""
    wood = Material(colour(draw.text("roof_colour")), None, "grain", scale=0.5, gloss=0.1)
    roof = [_slope(f"{side} slope", sign, wood) for side, sign in SIDES.items()]
    doors = {side: _door(f"{side} door", sign, draw) for side, sign in SIDES.items()}
    slots = [_slot(f"{side} slot", sign) for side, sign in SIDES.items()]
    drops = []
    for out, shut in (("left", "right"), ("right", "left")):
        closed = replace(doors[shut], position=(doors[shut].position[0], LANE_Y, DOOR_HALF[2]))
        nudge = Nudge("ball", _meets_ridge(draw), (SIDES[out] * NUDGE, 0.0, 0.0))
        track = fall(held_ball(draw), [*roof, closed], NEAR.half_width, [nudge])
        paths = {f"{side} door": _path(doors[side], rises=side == shut) for side in SIDES}
        drops.append(Drop(paths, track))
    apparatus = [*roof, *slots, *doors.values()]
    return scene(draw, hidden, apparatus, (drops[0], drops[1]), draw.number("screen_reach"))


def _meets_ridge(draw: Draw) -> int:
    """The frame, after its release, in which the ball meets the ridge."""
    drop = HELD_Z - draw.number("object_size") / 2 - RIDGE_Z - ROOF_THICKNESS / 2
    return int(np.ceil(np.sqrt(2 * drop / GRAVITY) * FPS))


def _slope(name: str, sign: float, wood: Material) -> Part:
    """One side of the roof, a board from the ridge down to the eaves."""
    run, height = EAVES[0], RIDGE_Z - EAVES[1]
    length, angle = float(np.hypot(run, height)), float(np.degrees(np.arctan2(height, run)))
    half = (length / 2, ROOF_HALF_DEPTH, ROOF_THICKNESS / 2)
    at = (sign * run / 2, LANE_Y, (RIDGE_Z + EAVES[1]) / 2)
    return Part(name, "box", half, wood, at, turned((0.0, 1.0, 0.0), sign * angle), friction=0.8)


def _door(name: str, sign: float, draw: Draw) -> Part:
    """A door, let down into the floor."""
    paint = Material(colour(draw.text("door_colour")), gloss=0.15)
    at = (sign * DOOR_X, LANE_Y, -DOOR_HALF[2] - 0.01)
    return Part(name, "box", DOOR_HALF, paint, at, motion="moved")


def _slot(name: str, sign: float) -> Part:
    """The dark slot in the floor that a door comes out of."""
    half = (DOOR_HALF[0] + 0.012, DOOR_HALF[1] + 0.012, 0.002)
    at = (sign * DOOR_X, LANE_Y, 0.0)
    return Part(name, "box", half, Material(colour("charcoal"), gloss=0.0), at, solid=False)


def _path(door: Part, *, rises: bool) -> Poses:
    """Poses of a door that rises early in the clip, or stays down: [T, 7]."""
    path = np.repeat(np.array([door.pose]), N_FRAMES, axis=0)
    if rises:
        share = np.clip((np.arange(N_FRAMES) - SHUTTING[0]) / SHUTTING[1], 0.0, 1.0)
        path[:, 2] += (DOOR_HALF[2] - door.position[2]) * share**2 * (3 - 2 * share)
    return path
