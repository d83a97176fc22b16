"""Inertia: a ball rolls in from the lower or the upper left; it comes out at the upper or the lower right.

Seen from above. The two straight ways cross behind the screen, where the floor was seen to be empty: a ball
that comes out on the side it went in has turned without a cause.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from voe.worlds.concepts.behind import BARE_FLOOR
from voe.worlds.draws import Draw
from voe.worlds.room import HIGH, camera, lamp, room
from voe.worlds.screens import RISE, hinged, screen_across, swing
from voe.worlds.simulate import simulate
from voe.worlds.stage import Part, Poses, Stage
from voe.worlds.takes import FPS, N_FRAMES, Scene, take
from voe.worlds.toys import apparent_half_width, drawn_toy, launched

CROSSING_Y: Final = 0.28
SCREEN_HEIGHT: Final = 1.15


def stage_scene(draw: Draw, hidden: int) -> Scene:
    """Take A: from near to far. Take B: from far to near."""
    actor, view = drawn_toy(draw, "ball", ("ball",)), camera(draw, HIGH)
    hides, sign = draw.count("hides_frame"), 1.0 if draw.text("side", ("left", "right")) == "left" else -1.0
    speed, slowing = _pace(draw)
    times = np.array([hides, hides + hidden, hides + draw.count("occlusion")]) / FPS
    first, last, planned = (speed * times - slowing * times**2 / 2 - draw.number("start_x")).tolist()
    crossing, half = (first + planned) / 2, apparent_half_width(actor)
    tracks = [_track(draw, actor, sign, steep, crossing) for steep in (1.0, -1.0)]
    visible = draw.variant == "visible"
    strip = (sign * (first - half), sign * (last + half))
    board = screen_across(draw, view, "screen", strip, y=CROSSING_Y, height=SCREEN_HEIGHT)
    boards = () if visible else (board,)
    stage = Stage((*room(draw, HIGH), *boards, actor), view, lamp(draw))
    swings = {part.name: hinged(part, swing(N_FRAMES, [(*RISE, 0.0, 90.0)])) for part in boards}
    a, b = (take(stage, {**swings, actor.name: track}) for track in tracks)
    conditions = {"side": draw.text("side")}
    middle = _crossing_frame(tracks) if visible else hides + hidden // 2
    return Scene(stage, a, b, (actor.name,), middle, conditions, visible=visible)


def _pace(draw: Draw) -> tuple[float, float]:
    """Speed and slowing along x, so that the ball is at `end_x` in the last frame."""
    slowing, whole = draw.number("slowing"), (N_FRAMES - 1) / FPS
    return (draw.number("start_x") + draw.number("end_x")) / whole + slowing * whole / 2, slowing


def _track(draw: Draw, actor: Part, sign: float, steep: float, crossing: float) -> Poses:
    """Straight across the floor, through the crossing; `steep` 1 leads away from the camera, -1 to it."""
    slope = steep * draw.number("slope")
    start = draw.number("start_x")
    placed = replace(
        actor, position=(-sign * start, CROSSING_Y - slope * (start + crossing), actor.position[2])
    )
    longer = float(np.hypot(1.0, slope))
    speed, slowing = _pace(draw)
    heading = float(np.degrees(np.arctan2(slope, sign)))
    moving = launched(placed, heading, speed * longer, slowing * longer)
    return simulate(Stage((BARE_FLOOR, moving)), {}, N_FRAMES, FPS)[:, 1]


def _crossing_frame(tracks: list[Poses]) -> int:
    """The frame in which both balls are nearest to one place."""
    return int(np.argmin(np.linalg.norm(tracks[0][:, :3] - tracks[1][:, :3], axis=1)))
