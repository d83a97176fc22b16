"""Colour constancy: a thing of one hue goes behind the screen; a thing of that hue or of another is found.

The two hues have the same CIE lightness and chroma. In half of the scenes the light changes once, for all
four clips alike, before the object is hidden or while it is.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt

from voe.worlds.colour import from_lch
from voe.worlds.concepts.behind import REVEALS, passage, scene
from voe.worlds.draws import Draw
from voe.worlds.render import DAYLIGHT
from voe.worlds.takes import N_FRAMES, Scene
from voe.worlds.toys import OBJECTS, toy

CONDITIONS = ("side", "reveal", "shape")
LIGHTS: Final[dict[str, npt.NDArray[np.float64]]] = {
    "constant": DAYLIGHT,
    "dimmer": np.array([[0.80, 0.80, 0.80], [0.62, 0.62, 0.62]]),
    "warmer": np.array([[0.92, 0.84, 0.74], [1.00, 0.86, 0.66]]),
    "cooler": np.array([[0.78, 0.88, 1.00], [0.72, 0.84, 0.96]]),
}
"""What the light becomes: factors on ambient light and lamp (rows), red, green and blue (columns)."""
CHANGE_FRAMES: Final = 3


def stage_scene(draw: Draw, hidden: int) -> Scene:
    """Take A: the thing in the first hue, before and after. Take B: in the second."""
    level, chroma = draw.number("lightness"), draw.number("chroma")
    hues = draw.numbers("hues_deg", 2)
    kind, size = draw.text("shape", OBJECTS), draw.number("object_size")
    first, second = (
        toy(f"object {'ab'[i]}", kind, size, from_lch(level, chroma, hue)) for i, hue in enumerate(hues)
    )
    reveal = draw.text("reveal", REVEALS)
    plan = passage(draw, first, hidden, reveal)
    becomes = draw.text("illumination", LIGHTS)
    start = {"before": plan.hides - 16, "while hidden": plan.hides + 2}[
        draw.text("change_when", ("before", "while hidden"))
    ]
    staged = scene(draw, (first, second), plan, conditions=CONDITIONS, light=_light(LIGHTS[becomes], start))
    changes = "constant" if becomes == "constant" else "change"
    return replace(staged, conditions={**staged.conditions, "illumination": changes})


def _light(after: npt.NDArray[np.float64], start: int) -> npt.NDArray[np.float64]:
    """Light factors that go from daylight to `after` within `CHANGE_FRAMES`: [T, 2, 3]."""
    share = np.clip((np.arange(N_FRAMES) - start) / CHANGE_FRAMES, 0.0, 1.0)[:, None, None]
    return np.asarray(DAYLIGHT + share * (after - DAYLIGHT))
