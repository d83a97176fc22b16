"""A ball is dropped in from above behind a screen: what gravity and solidity have in common.

An apparatus is shown, then a screen rises in front of it. An arm holds a ball over its middle, in view, and
lets it go; the ball falls behind the screen and rolls out on the left or on the right, along the floor.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from voe.worlds.concepts.behind import BARE_FLOOR, LANE_Y
from voe.worlds.draws import Draw, DrawRejectedError
from voe.worlds.room import NEAR, camera, lamp, room
from voe.worlds.screens import hinged, screen_across, swing
from voe.worlds.simulate import Nudge, simulate
from voe.worlds.stage import Part, Poses, Stage
from voe.worlds.takes import FPS, N_FRAMES, Scene, cross, take
from voe.worlds.toys import arm, drawn_toy, lets_go

SCREEN_HEIGHT: Final = 0.96
RISE_FRAMES: Final = 12
HELD_Z: Final = 1.02
"""Height of the middle of the held ball, metres."""
SIDES: Final = {"left": -1.0, "right": 1.0}

Paths = Mapping[str, Poses]


@dataclass(frozen=True)
class Drop:
    """One take: where the apparatus is in every frame, and how the ball moves once it is let go, [T, 7]."""

    paths: Paths
    track: Poses


def held_ball(draw: Draw) -> Part:
    """The ball as the arm holds it."""
    ball = drawn_toy(draw, "ball", ("ball",))
    return replace(ball, position=(0.0, LANE_Y, HELD_Z), friction=0.8, rolling=draw.number("rolling"))


def fall(ball: Part, apparatus: Sequence[Part], width: float, nudges: Sequence[Nudge] = ()) -> Poses:
    """How the ball moves, let go at frame 0, between walls `width` from the middle: float64 [T, 7]."""
    walls = [
        Part(f"{side} wall", "box", (0.1, 4.0, 2.0), ball.material, (sign * (width + 0.1), 0.0, 2.0))
        for side, sign in SIDES.items()
    ]
    stage = Stage((BARE_FLOOR, *walls, *apparatus, ball))
    return simulate(stage, {}, N_FRAMES, FPS, nudges=nudges)[:, stage.index("ball")]


def scene(
    draw: Draw, hidden: int, apparatus: Sequence[Part], drops: tuple[Drop, Drop], reach: float
) -> Scene:
    """The two takes behind a screen that hides `reach` metres on either side of the middle.

    The ball is let go so that it comes out `hidden` frames after the screen has risen.

    Raises:
        DrawRejectedError: the ball would meet the apparatus before that is hidden.
    """
    view, ball, hides = camera(draw, NEAR), held_ball(draw), draw.count("hides_frame")
    radius = ball.size[0]
    latency = min(int(np.argmax(np.abs(drop.track[:, 0]) + radius > reach)) for drop in drops)
    release = hides + hidden - latency
    if release < 0 or hides + hidden - latency + _falls(ball) < hides - 1:
        raise DrawRejectedError(f"{draw}: the ball would reach the apparatus before the screen hides it")
    rod, cup = arm(0.0, LANE_Y, HELD_Z + radius)
    board = screen_across(draw, view, "screen", (-reach, reach), y=LANE_Y, height=SCREEN_HEIGHT)
    visible = draw.variant == "visible"
    boards = () if visible else (board,)
    stage = Stage((*room(draw, NEAR), *apparatus, *boards, ball, rod, cup), view, lamp(draw))
    # The apparatus is out of sight some frames before the screen stands upright.
    angle = swing(N_FRAMES, [(hides + 4 - RISE_FRAMES, RISE_FRAMES, 0.0, 90.0)])
    shared = {part.name: hinged(part, angle) for part in boards} | lets_go((rod, cup), release, N_FRAMES)
    a, b = (take(stage, {**shared, **drop.paths, "ball": _held_then(drop.track, release)}) for drop in drops)
    context_parts = [name for name in drops[0].paths]
    crossed = (cross(stage, a, b, context_parts), cross(stage, b, a, context_parts)) if visible else None
    middle = release + _falls(ball) if visible else hides + hidden - min(4, hidden // 2)
    return Scene(stage, a, b, ("ball",), middle, {"shape": "ball"}, visible=visible, crossed=crossed)


def _falls(ball: Part) -> int:
    """Frames in which the ball falls to the height at which apparatus can be, 0.66 m."""
    from voe.worlds.simulate import GRAVITY

    return int(np.sqrt(2 * (HELD_Z - ball.size[0] - 0.5) / GRAVITY) * FPS)


def _held_then(track: Poses, release: int) -> Poses:
    """The track, held at its start until frame `release`."""
    return track[np.clip(np.arange(N_FRAMES) - release, 0, None)]
