"""An object goes behind a screen and is found again: what permanence and the constancies have in common.

The stage is shown empty behind the screen, which lies on the floor; the screen rises; the object, moving
from the first frame and slowed by friction, goes behind it. Then either the screen drops where the object
came to rest, or the object comes out on the other side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from voe.worlds.draws import Draw, DrawRejectedError
from voe.worlds.materials import Material
from voe.worlds.room import camera, lamp, room
from voe.worlds.screens import DROP_FRAMES, RISE, hinged, screen_across, swing
from voe.worlds.simulate import simulate
from voe.worlds.stage import Part, Poses, Stage
from voe.worlds.takes import FPS, N_FRAMES, Scene, take
from voe.worlds.toys import apparent_half_width, launched

LANE_Y: Final = 0.25
SCREEN_HEIGHT: Final = 0.98
START_X: Final = 1.08
REVEALS: Final = ("screen drops", "emerges")
SEEN_AFTER: Final = 5
"""About how many frames after the screen begins to drop the object behind it shows."""
BARE_FLOOR: Final = Part("floor", "box", (4.0, 4.0, 0.1), Material((0.5, 0.5, 0.5)), (0.0, 0.0, -0.1))


@dataclass(frozen=True)
class Passage:
    """How the object moves (track [T, 7]) and what strip hides it: from `hides` on, surely at `middle`."""

    track: Poses
    strip: tuple[float, float]
    hides: int
    middle: int
    drops: int | None


def passage(draw: Draw, actor: Part, hidden: int, reveal: str) -> Passage:
    """Plan and simulate the passage so that it is hidden for about `hidden` frames.

    Raises:
        DrawRejectedError: the object still moves when it is revealed.
    """
    from_left = draw.text("side", ("left", "right")) == "left"
    sign = 1.0 if from_left else -1.0
    half = apparent_half_width(actor)
    drops = None
    if reveal == "screen drops":
        hides, stop = draw.count("hides_frame"), draw.number("stop_x")
        speed, slowing, inside = stopping(START_X + stop, hides, draw.count("occlusion"))
        near = stop - inside - half
        far = near + draw.number("screen_width") + 2 * half
        drops = max(hides + hidden - SEEN_AFTER, sum(RISE))
    else:
        hides = round(draw.number("hides_frame_moving"))
        speed, slowing, near, far = _passing(draw, half, hides, hidden)
    start = replace(actor, position=(-sign * START_X, LANE_Y, actor.position[2]))
    moving = launched(start, 0.0 if from_left else 180.0, speed, slowing)
    track = simulate(Stage((BARE_FLOOR, moving)), {}, N_FRAMES, FPS)[:, 1]
    if drops is not None and not np.array_equal(track[hides + draw.count("occlusion") - 1], track[-1]):
        raise DrawRejectedError(f"{draw}: the object still moves when the screen drops")
    middle = hides + (hidden // 2 if drops is None else hidden - 3)
    return Passage(track, (sign * near, sign * far), hides, middle, drops)


def scene(
    draw: Draw,
    shown: tuple[Part, Part | None],
    plan: Passage,
    *,
    conditions: Sequence[str],
    light: npt.NDArray[np.float64] | None = None,
) -> Scene:
    """The two takes: in take A the first part of `shown` follows the track, in take B the second, if any.

    In the variant 'visible' there is no screen.
    """
    view = camera(draw)
    board = screen_across(draw, view, "screen", plan.strip, y=LANE_Y, height=SCREEN_HEIGHT)
    actors = list({part.name: part for part in shown if part is not None}.values())
    visible = draw.variant == "visible"
    boards = () if visible else (board,)
    stage = Stage((*room(draw), *boards, *actors), view, lamp(draw))
    moves = [(*RISE, 0.0, 90.0)]
    if plan.drops is not None:
        moves.append((plan.drops, DROP_FRAMES, 90.0, 0.0))
    swings = {part.name: hinged(part, swing(N_FRAMES, moves)) for part in boards}
    takes = []
    for present in shown:
        tracks = swings if present is None else {**swings, present.name: plan.track}
        absent = [part.name for part in actors if part != present]
        takes.append(take(stage, tracks, absent, light))
    return Scene(
        stage,
        takes[0],
        takes[1],
        objects=tuple(part.name for part in actors),
        middle=plan.middle,
        conditions={key: draw.text(key) for key in conditions},
        visible=visible,
    )


def stopping(distance: float, hides: int, occlusion: int) -> tuple[float, float, float]:
    """Starting speed, slowing, and how far inside its hiding place an object stops.

    It stops after L = a (T + t)^2 / 2, having been hidden at time T: v = a (T + t), and a t^2 / 2 inside.
    It rests for at least two frames before it is revealed.
    """
    before, after = hides / FPS, min((occlusion - 3) / FPS, 0.5)
    slowing = 2 * distance / (before + after) ** 2
    return slowing * (before + after), slowing, slowing * after**2 / 2


def _passing(draw: Draw, half: float, hides: int, hidden: int) -> tuple[float, float, float, float]:
    """Speed, slowing, and strip for an object that comes out again and stays in the picture."""
    slowing, whole = draw.number("slowing"), (N_FRAMES - 1) / FPS
    speed = (START_X + draw.number("end_x")) / whole + slowing * whole / 2
    times = np.array([hides, hides + hidden]) / FPS
    first, last = (speed * times - slowing * times**2 / 2 - START_X).tolist()
    return speed, slowing, first - half, last + half
