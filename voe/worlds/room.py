"""The toy room that every scene takes place in, its camera and its lamp, from a scene's draw."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from voe.worlds.colour import colour
from voe.worlds.draws import Draw
from voe.worlds.materials import Material, shaded
from voe.worlds.stage import Camera, Lamp, Part, Vector

BACK: Final = 1.25
"""Where the back wall stands (y), metres."""
FLOORS: Final = ("checker", "planks", "plain", "dots", "grid")
EYE_Y: Final = -5.3
_FRONT: Final = -6.5
_WALL_HEIGHT: Final = 3.6


@dataclass(frozen=True)
class View:
    """How much of the stage is shown, and from how high: metres and degrees.

    `half_width` is the distance from the middle to either side wall.
    """

    half_width: float = 1.44
    eye_height: float = 2.1
    target: Vector = (0.0, 0.15, 0.32)
    fov_deg: float = 30.0


NEAR: Final = View()
WIDE: Final = View(half_width=1.92, eye_height=2.3, target=(0.0, 0.15, 0.34), fov_deg=39.0)
HIGH: Final = View(half_width=1.62, eye_height=4.4, target=(0.0, 0.14, 0.10), fov_deg=28.5)


def room(draw: Draw, view: View = NEAR) -> tuple[Part, ...]:
    """Floor, back wall, side walls and skirting boards: closed on all sides, so there is no unseen exit."""
    floor = _floor_material(draw)
    wall = Material(colour(draw.text("wall_colour")), gloss=0.0)
    side = Material(shaded(wall.colour, 0.93), gloss=0.0)
    skirting = Material(shaded(wall.colour, 0.62), gloss=0.05)
    deep, middle = (BACK - _FRONT) / 2, (BACK + _FRONT) / 2
    wide, high = view.half_width, _WALL_HEIGHT / 2
    parts = [
        Part("floor", "box", (4.0, deep, 0.1), floor, (0.0, middle, -0.1)),
        Part("back wall", "box", (4.0, 0.1, high), wall, (0.0, BACK + 0.1, high)),
        Part("back skirting", "box", (wide, 0.02, 0.05), skirting, (0.0, BACK - 0.02, 0.05)),
    ]
    for name, sign in (("left", -1), ("right", 1)):
        at_wall, at_foot = sign * (wide + 0.1), sign * (wide - 0.02)
        parts.append(Part(f"{name} wall", "box", (0.1, deep, high), side, (at_wall, middle, high)))
        parts.append(Part(f"{name} skirting", "box", (0.02, deep, 0.05), skirting, (at_foot, middle, 0.05)))
    return tuple(parts)


def camera(draw: Draw, view: View = NEAR) -> Camera:
    """The camera, moved a little to the side and in height as drawn (`camera_x`, `camera_z`, metres)."""
    eye = (draw.number("camera_x"), EYE_Y, view.eye_height + draw.number("camera_z"))
    return Camera(eye, view.target, view.fov_deg)


def lamp(draw: Draw) -> Lamp:
    """The lamp: in front, above, and `light_x` metres to the side, so that shadows fall behind things."""
    return Lamp(position=(draw.number("light_x"), -3.6, 5.6))


def _floor_material(draw: Draw) -> Material:
    kind = draw.text("floor", FLOORS)
    first = colour(draw.text("floor_colour"))
    phase = draw.number("floor_phase")
    match kind:
        case "checker":
            return Material(first, shaded(first, 0.80), "checker", scale=0.36, phase=phase, gloss=0.03)
        case "planks":
            return Material(first, shaded(first, 0.62), "planks", scale=0.24, phase=phase, gloss=0.04)
        case "dots":
            return Material(first, shaded(first, 0.74), "dots", scale=0.30, phase=phase, gloss=0.03)
        case "grid":
            return Material(first, shaded(first, 0.70), "grid", scale=0.42, phase=phase, gloss=0.03)
        case _:
            return Material(first, gloss=0.03)
