"""Shape constancy: a cube or a cylinder slides behind the screen; a cube or a cylinder is found.

Both slide along the very same track, with the same colour, the same height and the same silhouette area.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from voe.worlds.colour import colour
from voe.worlds.concepts.behind import LANE_Y, REVEALS, START_X, passage, scene
from voe.worlds.draws import Draw
from voe.worlds.room import camera
from voe.worlds.stage import Part
from voe.worlds.takes import Scene
from voe.worlds.toys import toy

CONDITIONS = ("side", "reveal")


def stage_scene(draw: Draw, hidden: int) -> Scene:
    """Take A: the cube, before and after. Take B: the cylinder."""
    tint, size = colour(draw.text("object_colour")), draw.number("object_size")
    cube = toy("cube", "cube", size, tint, yaw_deg=draw.number("yaw_deg"))
    wide, proportion = size / draw.number("proportion"), draw.number("proportion")
    cube = replace(cube, size=(wide / 2, wide / 2, size / 2))
    eye = camera(draw).position
    down = float(np.arctan2(eye[2] - size / 2, LANE_Y - eye[1]))
    # Seen from the camera, the cube turns a little as it crosses the stage.
    across = np.linspace(-START_X, START_X, 9)
    turns = draw.number("yaw_deg") + np.degrees(np.arctan2(across - eye[0], LANE_Y - eye[1]))
    radius = equal_silhouette_radius(wide, turns, down, proportion)
    cylinder = toy("cylinder", "cylinder", size, tint)
    cylinder = replace(cylinder, size=(radius, size / 2), orientation=cube.orientation)
    plan = passage(draw, _wider(cube, cylinder), hidden, draw.text("reveal", REVEALS))
    return scene(draw, (cube, cylinder), plan, conditions=CONDITIONS)


def equal_silhouette_radius(
    side: float, yaws_deg: npt.NDArray[np.float64], down_rad: float, proportion: float = 1.0
) -> float:
    """Radius of the upright cylinder, as high as the box, whose silhouette has the box's mean area.

    The box has a square base of `side` and is `proportion` times as high: a cube at 1.

    Seen from afar, `down_rad` below the horizon: the box of height k s shows
    s^2 (k cos d (|cos y| + |sin y|) + sin d), averaged over its turns y towards the camera, the cylinder
    2 r k s cos d + pi r^2 sin d; r is the positive root of their difference.

    >>> round(equal_silhouette_radius(1.0, np.zeros(1), 0.0), 6)
    0.5
    """
    cos, sin, yaws = np.cos(down_rad), np.sin(down_rad), np.radians(yaws_deg)
    tall = proportion * cos
    area = side**2 * (tall * (np.abs(np.cos(yaws)) + np.abs(np.sin(yaws))).mean() + sin)
    if sin < 1e-9:
        return float(area / (2 * side * tall))
    half = side * tall
    return float((np.sqrt(half**2 + np.pi * sin * area) - half) / (np.pi * sin))


def _wider(cube: Part, cylinder: Part) -> Part:
    """The cube, as wide as the wider of the two: what the screen has to hide."""
    wide = max(cube.size[0], cylinder.size[0])
    return replace(cube, size=(wide, wide, cube.size[2]))
