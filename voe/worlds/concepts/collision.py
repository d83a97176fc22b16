"""Collision: a striker runs in the near or the far lane; the near or the far target comes out.

Seen from above. A target stands in each lane; both are seen before the screen hides them. The striker hits
the one in its lane, behind the screen; that one takes over its motion (equal masses, nearly elastic), the
other one stays. In the control 'gap' a bar across both lanes, seen beforehand, stops the striker before it
can hit anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import numpy as np

from voe.worlds.colour import colour
from voe.worlds.concepts.behind import BARE_FLOOR
from voe.worlds.draws import Draw
from voe.worlds.materials import Material
from voe.worlds.room import HIGH, camera, lamp, room
from voe.worlds.screens import RISE, hinged, screen_across, swing
from voe.worlds.simulate import simulate
from voe.worlds.stage import Part, Poses, Stage
from voe.worlds.takes import FPS, N_FRAMES, Scene, cross, take
from voe.worlds.toys import OBJECTS, apparent_half_width, launched, toy

SCREEN_HEIGHT: Final = 1.3
HINGE_Y: Final = -0.54
MIDDLE_Y: Final = 0.30
LANES: Final = {"near": -1.0, "far": 1.0}
BEFORE_CONTACT: Final = 0.10
"""How far the striker still runs, hidden, before it hits, metres."""
BAR_THICKNESS: Final = 0.05
"""It leaves the striker hidden and does not touch the targets."""
FLATNESS: Final = 0.6

Tracks = Mapping[str, Poses]


def stage_scene(draw: Draw, hidden: int) -> Scene:
    """Take A: striker and launched target in the near lane. Take B: in the far lane."""
    view, sign = camera(draw, HIGH), 1.0 if draw.text("side", ("left", "right")) == "left" else -1.0
    pieces = _pieces(draw, sign)
    half, hides = apparent_half_width(pieces["striker"]), draw.count("hides_frame")
    bars = (_bar(draw, sign),) if draw.variant == "gap" else ()
    tracks = {lane: _run(draw, pieces, lane, sign, bars) for lane in LANES}
    emerging = abs(tracks["near"]["near target"][hides + hidden, 0] - pieces["near target"].position[0])
    target_x = sign * pieces["near target"].position[0]
    strip = (sign * (draw.number("vanish_x") - half), sign * (target_x + emerging + half))
    visible = draw.variant == "visible"
    board = screen_across(draw, view, "screen", strip, y=MIDDLE_Y, height=SCREEN_HEIGHT, hinge_y=HINGE_Y)
    boards = () if visible else (board,)
    stage = Stage((*room(draw, HIGH), *bars, *boards, *pieces.values()), view, lamp(draw))
    swings = {part.name: hinged(part, swing(N_FRAMES, [(*RISE, 0.0, 90.0)])) for part in boards}
    a, b = (take(stage, {**swings, **tracks[lane]}) for lane in LANES)
    crossed = (cross(stage, a, b, ["striker"]), cross(stage, b, a, ["striker"])) if visible else None
    conditions = {key: draw.text(key) for key in ("side", "shape")}
    middle = hides + hidden // 2
    return Scene(stage, a, b, tuple(pieces), middle, conditions, visible=visible, crossed=crossed)


def _pieces(draw: Draw, sign: float) -> dict[str, Part]:
    """The striker (its place depends on the lane) and the two targets where they stand."""
    striker = _piece(draw, "striker", "striker_colour")
    wide = 2 * striker.half_extents[0]
    target_x = sign * (draw.number("vanish_x") + BEFORE_CONTACT + wide)
    pieces = {"striker": striker}
    for lane in LANES:
        name = f"{lane} target"
        target = _piece(draw, name, "object_colour")
        pieces[name] = replace(target, position=(target_x, _lane_y(draw, lane), target.position[2]))
    return pieces


def _piece(draw: Draw, name: str, tint: str) -> Part:
    """A ball, or a cube or cylinder flattened to a piece that hides little of what is behind it."""
    size, band = draw.number("object_size"), colour(draw.text("band_colour"))
    piece = toy(name, draw.text("shape", OBJECTS), size, colour(draw.text(tint)), band)
    if piece.shape == "sphere":
        return piece
    height = FLATNESS * size
    return replace(piece, size=(*piece.size[:-1], height / 2), position=(0.0, 0.0, height / 2))


def _run(draw: Draw, pieces: Mapping[str, Part], lane: str, sign: float, bars: tuple[Part, ...]) -> Tracks:
    """Tracks of striker and targets when the striker runs in `lane`.

    Behind a bar the target is launched as it would be without: what a model must not take for granted.
    """
    start, slowing, hides = -draw.number("start_x"), draw.number("slowing"), draw.count("hides_frame") / FPS
    speed = (draw.number("vanish_x") - start) / hides + slowing * hides / 2
    striker = pieces["striker"]
    striker = replace(striker, position=(sign * start, _lane_y(draw, lane), striker.position[2]))
    heading = 0.0 if sign > 0 else 180.0
    moving = [launched(striker, heading, speed, slowing)]
    moving += [launched(piece, heading, 0.0, slowing) for name, piece in pieces.items() if name != "striker"]
    names = [part.name for part in moving]
    stage = Stage((BARE_FLOOR, *moving))
    poses = simulate(stage, {}, N_FRAMES, FPS, elastic=[("striker", name) for name in names[1:]])
    tracks = {name: poses[:, stage.index(name)] for name in names}
    if bars:
        stopped = Stage((BARE_FLOOR, *bars, moving[0]))
        track = simulate(stopped, {}, N_FRAMES, FPS)[:, stopped.index("striker")]
        # The bar is padded: the striker does not come back.
        furthest = int(np.argmax(sign * track[:, 0]))
        track[furthest:] = track[furthest]
        tracks["striker"] = track
    return tracks


def _bar(draw: Draw, sign: float) -> Part:
    """A bar on the floor across both lanes, just where the striker would hit."""
    size = draw.number("object_size")
    x = sign * (draw.number("vanish_x") + BEFORE_CONTACT + size / 2 - BAR_THICKNESS * 0.8)
    half = (BAR_THICKNESS / 2, draw.number("lane_distance") / 2 + size / 2, 0.10)
    return Part("bar", "box", half, Material(colour("charcoal"), gloss=0.1), (x, MIDDLE_Y, half[2]))


def _lane_y(draw: Draw, lane: str) -> float:
    return MIDDLE_Y + LANES[lane] * draw.number("lane_distance") / 2
