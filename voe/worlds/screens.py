"""Screens that rise from the floor like a drawbridge, and where to put them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from voe.worlds.colour import colour
from voe.worlds.draws import Draw
from voe.worlds.materials import Material, Pattern, shaded
from voe.worlds.stage import Camera, Part, Poses, turned

PATTERNS: Final[dict[str, Pattern]] = {p: p for p in ("plain", "stripes", "frame", "dots", "grid")}
SCREEN_Y: Final = -0.42
"""Where screens are hinged unless a concept says otherwise, metres."""
RISE: Final = (3, 12)
"""First frame and duration of a screen's rise."""
DROP_FRAMES: Final = 11
_THICKNESS: Final = 0.05


def sightline(camera: Camera, x: float, y: float, on_y: float) -> float:
    """Where the line of sight through (x, y), seen from above, crosses the plane at depth `on_y`.

    x' = e + (x - e) (y' - ey) / (y - ey), with the eye at (e, ey).
    """
    eye_x, eye_y, _ = camera.position
    return eye_x + (x - eye_x) * (on_y - eye_y) / (y - eye_y)


def screen_across(
    draw: Draw,
    camera: Camera,
    name: str,
    strip: tuple[float, float],
    *,
    y: float,
    height: float,
    hinge_y: float = SCREEN_Y,
) -> Part:
    """The screen that, standing, hides the strip from x = strip[0] to strip[1] at depth y."""
    ends = [sightline(camera, x, y, hinge_y) for x in strip]
    return screen(draw, name, x=sum(ends) / 2, y=hinge_y, width=abs(ends[1] - ends[0]), height=height)


def screen(draw: Draw, name: str, *, x: float, y: float, width: float, height: float) -> Part:
    """An opaque board hinged at the floor at (x, y), lying flat towards the camera until it is raised."""
    tint = colour(draw.text("screen_colour"))
    pattern: Pattern = PATTERNS[draw.text("screen_pattern", PATTERNS)]
    scale = {"stripes": 0.13, "dots": 0.17, "grid": 0.21}.get(pattern, 0.06)
    material = Material(tint, shaded(tint, 0.78), pattern, scale=scale, gloss=0.05)
    size = (width / 2, _THICKNESS / 2, height / 2)
    flat = (x, y - height / 2, _THICKNESS / 2)
    return Part(name, "box", size, material, flat, turned((1.0, 0.0, 0.0), 90.0), motion="moved", solid=False)


def hinged(board: Part, degrees: npt.NDArray[np.float64]) -> Poses:
    """Poses of a screen at angles [T]: 0 degrees lies flat towards the camera, 90 stands: [T, 7]."""
    _, half_thickness, half_height = board.half_extents
    x, hinge_y = board.position[0], board.position[1] + half_height
    rows = []
    for angle in np.radians(degrees):
        # Along the board from the hinge, and half a thickness off the floor while it lies.
        y = hinge_y - half_height * np.cos(angle) + half_thickness * np.sin(angle)
        z = half_height * np.sin(angle) + half_thickness * np.cos(angle)
        rows.append((x, y, z, *turned((1.0, 0.0, 0.0), 90 - float(np.degrees(angle)))))
    return np.array(rows)


def swing(n_frames: int, moves: Sequence[tuple[float, float, float, float]]) -> npt.NDArray[np.float64]:
    """An angle over time, easing in and out: float64 [n_frames], degrees.

    Args:
        moves: (first frame, frames it takes, from, to), in order of time.
    """
    t = np.arange(n_frames, dtype=np.float64)
    angle = np.full(n_frames, moves[0][2])
    for start, duration, low, high in moves:
        share = np.clip((t - start) / duration, 0.0, 1.0)
        angle = np.where(t >= start, low + (high - low) * share**2 * (3 - 2 * share), angle)
    return angle
