"""How a world to watch looks: drawn at random from what is not held out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal

import numpy as np

from voe.cards import ProbeCard
from voe.worlds.draws import Draw
from voe.worlds.room import HIGH, NEAR, WIDE, View

Complexity = Literal["plain", "textured", "noisy"]

OBJECT_COLOURS: Final = (
    "brick",
    "amber",
    "leaf",
    "teal",
    "navy",
    "violet",
    "coral",
    "lemon",
    "charcoal",
    "white",
)
BAND_COLOURS: Final = ("cream", "white")
PANEL_COLOURS: Final = ("slate", "sand", "rose", "sky", "oak", "walnut")
SHAPES: Final = ("ball", "cube", "cylinder")
LEVELS: Final[Mapping[str, tuple[str, ...]]] = {
    "floor_colour": ("birch", "oak", "linen", "stone"),
    "wall_colour": ("mint", "ice", "peach", "lilac"),
}
FLOORS: Final[Mapping[str, tuple[str, ...]]] = {
    "plain": ("plain",),
    "textured": ("checker", "planks", "plain"),
    "noisy": ("checker", "planks", "plain"),
}
PATTERNS: Final[Mapping[str, tuple[str, ...]]] = {
    "plain": ("plain",),
    "textured": ("plain", "stripes", "frame"),
    "noisy": ("plain", "stripes", "frame"),
}
VIEWS: Final[tuple[View, ...]] = (NEAR, WIDE, HIGH)


def draw_look(generator: np.random.Generator, complexity: Complexity) -> Draw:
    """Floor, walls, camera and lamp of one clip, as `voe.worlds.room` wants them."""
    values: dict[str, object] = {key: pick(generator, names) for key, names in LEVELS.items()}
    values |= {
        "floor": pick(generator, FLOORS[complexity]),
        "floor_phase": float(generator.random()),
        "camera_x": float(generator.uniform(-0.25, 0.25)),
        "camera_z": float(generator.uniform(-0.15, 0.25)),
        "light_x": float(generator.uniform(-0.9, 0.9)),
    }
    nowhere = ProbeCard("watch", "A world to watch", "Possible events.", Path("watch"), {})
    return Draw(nowhere, 0, 0, 0, values)


def pick(generator: np.random.Generator, names: tuple[str, ...]) -> str:
    """One of several names, each as likely."""
    return names[int(generator.integers(len(names)))]


def every_look() -> Mapping[str, frozenset[str]]:
    """Look -> all values of it that these worlds can show, by the names that probe cards use."""
    return {
        "shape": frozenset(SHAPES),
        "object_colour": frozenset(OBJECT_COLOURS),
        "band_colour": frozenset(BAND_COLOURS),
        "screen_colour": frozenset(PANEL_COLOURS),
        "screen_pattern": frozenset(name for names in PATTERNS.values() for name in names),
        "floor": frozenset(name for names in FLOORS.values() for name in names),
        "floor_colour": frozenset(LEVELS["floor_colour"]),
        "wall_colour": frozenset(LEVELS["wall_colour"]),
    }
