"""Continuity: a thing goes behind the left or the right of two screens; both drop: it is left, or right.

There is always exactly one thing. The gap between the screens stays in view, and nothing crosses it. The
thing comes from its own side of the room, or starts in the gap.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from voe.worlds.concepts.behind import BARE_FLOOR, LANE_Y, SCREEN_HEIGHT, SEEN_AFTER, stopping
from voe.worlds.draws import Draw, DrawRejectedError
from voe.worlds.room import EYE_Y, WIDE, camera, lamp, room
from voe.worlds.screens import DROP_FRAMES, hinged, screen_across, swing
from voe.worlds.simulate import simulate
from voe.worlds.stage import Part, Poses, Stage
from voe.worlds.takes import FPS, N_FRAMES, Scene, take
from voe.worlds.toys import apparent_half_width, drawn_toy, launched

LEAST_INSIDE: Final = 0.05
"""How far inside its hiding place the thing must stop, metres: two pixels, so that no pixel shows both."""
QUICK_RISE: Final = (1, 11)
"""First frame and duration of the screens' rise: the thing has not far to go."""
SIDES: Final = {"left": -1.0, "right": 1.0}


def stage_scene(draw: Draw, hidden: int) -> Scene:
    """Take A: in on the left, found on the left. Take B: on the right."""
    actor, view = drawn_toy(draw), camera(draw, WIDE)
    start, stop = _way(draw)
    half = apparent_half_width(actor, float(np.degrees(np.arctan2(stop, LANE_Y - EYE_Y))))
    hides = draw.count("hides_frame")
    outwards = start < stop
    speed, slowing, inside = stopping(abs(stop - start), hides, draw.count("occlusion"))
    deep = max(inside, LEAST_INSIDE)
    near = stop - (deep + half) * (1 if outwards else -1)
    far = near + (2 * half + 2 * deep) * (1 if outwards else -1)
    tracks = {
        side: _track(actor, sign * start, sign * stop, (speed, slowing)) for side, sign in SIDES.items()
    }
    last = hides + draw.count("occlusion") - 1
    if any(not np.array_equal(track[last], track[-1]) for track in tracks.values()):
        raise DrawRejectedError(f"{draw}: the object still moves when the screens drop")
    visible = draw.variant == "visible"
    boards = [] if visible else [
        screen_across(
            draw, view, f"{side} screen", (sign * near, sign * far), y=LANE_Y, height=SCREEN_HEIGHT
        )
        for side, sign in SIDES.items()
    ]  # fmt: skip
    stage = Stage((*room(draw, WIDE), *boards, actor), view, lamp(draw))
    drops = max(hides + hidden - SEEN_AFTER, sum(QUICK_RISE))
    angle = swing(N_FRAMES, [(*QUICK_RISE, 0.0, 90.0), (drops, DROP_FRAMES, 90.0, 0.0)])
    swings = {board.name: hinged(board, angle) for board in boards}
    a, b = (take(stage, {**swings, actor.name: tracks[side]}) for side in SIDES)
    conditions = {key: draw.text(key) for key in ("shape", "entry")}
    return Scene(stage, a, b, (actor.name,), hides + hidden - 3, conditions, visible=visible)


def _way(draw: Draw) -> tuple[float, float]:
    """How far from the middle it starts, at its own wall or in the gap, and how far it stops."""
    if draw.text("entry", ("wall", "gap")) == "wall":
        return draw.number("start_at_wall_x"), draw.number("stop_from_wall_x")
    return 0.0, draw.number("stop_from_gap_x")


def _track(actor: Part, start: float, stop: float, pace: tuple[float, float]) -> Poses:
    """From x = start to x = stop; `pace` is starting speed and slowing."""
    placed = replace(actor, position=(start, LANE_Y, actor.position[2]))
    moving = launched(placed, 0.0 if stop > start else 180.0, *pace)
    return simulate(Stage((BARE_FLOOR, moving)), {}, N_FRAMES, FPS)[:, 1]
