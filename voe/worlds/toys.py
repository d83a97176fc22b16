"""The objects on the stage: balls, cubes, cylinders, and the arm that holds one up and lets it go."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from voe.worlds.colour import Colour, colour
from voe.worlds.draws import Draw
from voe.worlds.materials import Material
from voe.worlds.simulate import GRAVITY
from voe.worlds.stage import Part, Poses, turned

OBJECTS: Final = ("ball", "cube", "cylinder", "slab", "post")
LIFT: Final = 0.16
"""How far the arm rises when it lets go, metres."""
_ROD: Final = 2.4


def toy(
    name: str, kind: str, size: float, tint: Colour, second: Colour | None = None, *, yaw_deg: float = 0.0
) -> Part:
    """An object that stands on the floor at the origin; `size` is its height in metres.

    A ball has sectors of two colours, so that one sees it roll; what slides has a band. A slab is a box with
    a narrow side, a post a slim cylinder.
    """
    half = size / 2
    at, turn = (0.0, 0.0, half), turned((0.0, 0.0, 1.0), yaw_deg)
    if kind == "ball":
        material = Material(tint, second, "plain" if second is None else "beach", gloss=0.35)
        return Part(name, "sphere", (half,), material, at, motion="free")
    material = Material(tint, second, "plain" if second is None else "band", scale=0.28, gloss=0.25)
    if kind == "cube":
        return Part(name, "box", (half, half, half), material, at, turn, motion="free")
    if kind == "slab":
        return Part(name, "box", (0.84 * half, 0.56 * half, half), material, at, turn, motion="free")
    radius = 0.66 * half if kind == "post" else half
    return Part(name, "cylinder", (radius, half), material, at, turn, motion="free")


def drawn_toy(draw: Draw, name: str = "object", kinds: tuple[str, ...] = OBJECTS) -> Part:
    """A toy of the drawn shape, size and colours."""
    return toy(
        name, draw.text("shape", kinds), draw.number("object_size"),
        colour(draw.text("object_colour")), colour(draw.text("band_colour")),
    )  # fmt: skip


def launched(part: Part, direction_deg: float, speed: float, slowing: float) -> Part:
    """A part that starts at `speed` (m/s) towards `direction_deg` (0: along x, 90: along y).

    Friction slows it by `slowing` (m/s^2). Sliding: mu = a / g. A ball of radius r, which rolls without
    slipping and has the inertia 2/5 m r^2: mu_r = 7/5 a r / g.
    """
    along_x, along_y = speed * np.cos(np.radians(direction_deg)), speed * np.sin(np.radians(direction_deg))
    moving = replace(part, velocity=(float(along_x), float(along_y), 0.0))
    if part.shape != "sphere":
        return replace(moving, friction=slowing / GRAVITY)
    radius = part.size[0]
    spin = (float(-along_y / radius), float(along_x / radius), 0.0)
    return replace(moving, spin=spin, friction=0.8, rolling=1.4 * slowing * radius / GRAVITY)


def apparent_half_width(part: Part, seen_from_deg: float = 0.0) -> float:
    """Half of how wide a part looks from a direction, with a little to spare for perspective, metres.

    A cube that is seen over a corner looks wider: x |cos y| + y |sin y|.
    """
    x, y, _ = part.half_extents
    w, _, _, z = part.orientation
    turn = 2 * np.arctan2(z, w) + np.radians(seen_from_deg)
    wide = x if part.shape != "box" else x * abs(np.cos(turn)) + y * abs(np.sin(turn))
    return float(wide) * 1.06 + 0.03


def arm(x: float, y: float, tip_z: float) -> tuple[Part, Part]:
    """An arm from above whose cup touches what it holds at height `tip_z`: rod and cup, moved together."""
    steel = Material(colour("slate"), gloss=0.4)
    rod = Part(
        "arm",
        "cylinder",
        (0.022, _ROD / 2),
        steel,
        (x, y, tip_z + 0.03 + _ROD / 2),
        motion="moved",
        solid=False,
    )
    cup_at = (x, y, tip_z + 0.015)
    cup = Part("arm cup", "cylinder", (0.07, 0.015), steel, cup_at, motion="moved", solid=False)
    return rod, cup


def lets_go(parts: tuple[Part, ...], frame: int, n_frames: int) -> dict[str, Poses]:
    """Tracks [T, 7] of an arm that rises by `LIFT` within half a second from `frame` on."""
    share = np.clip((np.arange(n_frames) - frame) / 12, 0.0, 1.0)
    lift = LIFT * share**2 * (3 - 2 * share)
    tracks = {}
    for part in parts:
        track = np.repeat(np.array([part.pose]), n_frames, axis=0)
        track[:, 2] += lift
        tracks[part.name] = track
    return tracks
