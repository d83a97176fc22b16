"""Support: a shelf stands under a held box, or beside it; a low screen hides the shelf; the box is let go.

The box stays in view above the screen all the time. With the shelf under it it stays; with the shelf beside
it it falls behind the screen. The same shelf is always there, so nothing can be counted.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from voe.worlds.colour import colour
from voe.worlds.concepts.behind import BARE_FLOOR, LANE_Y
from voe.worlds.draws import Draw
from voe.worlds.materials import Material
from voe.worlds.room import camera, lamp, room
from voe.worlds.screens import hinged, screen_across, swing
from voe.worlds.simulate import simulate
from voe.worlds.stage import Part, Poses, Stage
from voe.worlds.takes import FPS, N_FRAMES, Scene, cross, take
from voe.worlds.toys import arm, drawn_toy, lets_go

SCREEN_HEIGHT: Final = 0.70
RISE_FRAMES: Final = 12
SHELF_HALF: Final = (0.25, 0.20, 0.18)
MARGIN: Final = 0.16
"""What the screen hides on either side of shelf and box, for their shadows, metres."""
PLACES: Final = ("under", "beside")


def stage_scene(draw: Draw, hidden: int) -> Scene:
    """Take A: the shelf is under the box, which stays. Take B: beside it, and the box falls."""
    side = 1.0 if draw.text("side", ("left", "right")) == "right" else -1.0
    view, hides = camera(draw), draw.count("hides_frame")
    release = hides + hidden - 1
    box_x, apart = -side * draw.number("shelf_offset") / 2, side * draw.number("shelf_offset")
    box = drawn_toy(draw, "box", ("cube", "cylinder", "slab", "post"))
    held_z = 2 * SHELF_HALF[2] + box.position[2]
    box = replace(box, position=(box_x, LANE_Y, held_z), friction=0.6, release_frame=release)
    shelf = _shelf(draw)
    spots = {"under": box_x, "beside": box_x + apart}
    shelves = {place: replace(shelf, position=(x, LANE_Y, shelf.position[2])) for place, x in spots.items()}
    fates = {place: _fate(box, shelves[place]) for place in PLACES}
    rod, cup = arm(box_x, LANE_Y, held_z + box.half_extents[2])
    reach = SHELF_HALF[0] + MARGIN
    strip = (min(spots.values()) - reach, max(spots.values()) + reach)
    board = screen_across(draw, view, "screen", strip, y=LANE_Y, height=SCREEN_HEIGHT)
    visible = draw.variant == "visible"
    boards = () if visible else (board,)
    stage = Stage((*room(draw), *boards, shelf, box, rod, cup), view, lamp(draw))
    angle = swing(N_FRAMES, [(hides - RISE_FRAMES, RISE_FRAMES, 0.0, 90.0)])
    shared = {part.name: hinged(part, angle) for part in boards} | lets_go((rod, cup), release, N_FRAMES)
    a, b = (
        take(stage, {**shared, "box": fates[place], "shelf": _resting(shelves[place])}) for place in PLACES
    )
    crossed = (cross(stage, a, b, ["shelf"]), cross(stage, b, a, ["shelf"])) if visible else None
    conditions = {key: draw.text(key) for key in ("side", "shape")}
    middle = release if visible else release - 2
    return Scene(stage, a, b, ("box", "shelf"), middle, conditions, visible=visible, crossed=crossed)


def _shelf(draw: Draw) -> Part:
    tint = Material(colour(draw.text("shelf_colour")), None, "grain", scale=0.5, gloss=0.1)
    return Part("shelf", "box", SHELF_HALF, tint, (0.0, LANE_Y, SHELF_HALF[2]), motion="moved", friction=0.6)


def _fate(box: Part, shelf: Part) -> Poses:
    """What becomes of the box."""
    stage = Stage((BARE_FLOOR, shelf, box))
    return simulate(stage, {}, N_FRAMES, FPS)[:, stage.index("box")]


def _resting(part: Part) -> Poses:
    return Stage((part,)).rest
