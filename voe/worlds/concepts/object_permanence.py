"""Object permanence: an object goes behind the screen, or none does; the screen drops: object, or nothing.

Two controls go with it. In 'light-patch' no object but a patch of light wanders behind the screen, and a
light may go out. In 'light-dip' the object goes in and is found in all four clips, and the light dips for
half a second before it is hidden, or after it is found, or both, or never.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from voe.worlds.colour import colour
from voe.worlds.concepts.behind import passage, scene
from voe.worlds.draws import Draw
from voe.worlds.materials import Material
from voe.worlds.render import DAYLIGHT
from voe.worlds.stage import Part, Poses, turned
from voe.worlds.takes import N_FRAMES, Scene, Take
from voe.worlds.toys import drawn_toy

CONDITIONS: Final = ("side", "shape")
DIP_FRAMES: Final = 12
DIMMED: Final = 0.6


def stage_scene(draw: Draw, hidden: int) -> Scene:
    """Take A: the object goes in, stops behind the screen, is there. Take B: nothing, ever."""
    actor = drawn_toy(draw)
    plan = passage(draw, actor, hidden, "screen drops")
    if draw.variant == "light-patch":
        patch, track = _patch(actor, plan.track)
        return scene(draw, (patch, None), replace(plan, track=track), conditions=CONDITIONS)
    if draw.variant == "light-dip":
        return _dips(scene(draw, (actor, actor), plan, conditions=CONDITIONS), plan.hides, hidden)
    return scene(draw, (actor, None), plan, conditions=CONDITIONS)


def _patch(actor: Part, track: Poses) -> tuple[Part, Poses]:
    """A round patch of light as wide as the object, on the floor along the object's track."""
    light = Material(colour("white"), gloss=0.0)
    patch = Part("patch", "cylinder", (actor.half_extents[0], 0.001), light, motion="moved", solid=False)
    path = track.copy()
    path[:, 2] = 0.001
    path[:, 3:] = turned((0.0, 0.0, 1.0), 0.0)
    return patch, path


def _dips(scene: Scene, hides: int, hidden: int) -> Scene:
    """Take A: the light dips before the hidden span and after it. Take B: it does not."""
    frames = np.arange(N_FRAMES)
    dips = ((frames >= hides - DIP_FRAMES) & (frames < hides)) | (
        (frames >= hides + hidden) & (frames < hides + hidden + DIP_FRAMES)
    )
    light = np.where(dips[:, None, None], DIMMED * DAYLIGHT, DAYLIGHT)
    middle = hides + hidden // 2
    return replace(scene, a=Take(scene.a.poses, light), middle=middle, everywhere=True)
