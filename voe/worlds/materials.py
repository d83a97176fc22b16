"""What surfaces look like: a material is one or two colours, a pattern, and a gloss.

Patterns are functions of the point in the part's own coordinates, so they move and turn with the part.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from voe.worlds.colour import Colour

Pattern = Literal["plain", "checker", "planks", "grain", "stripes", "frame", "beach", "band", "dots", "grid"]
Points = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Material:
    """Colours (linear light), pattern, pattern size in metres, its offset, and gloss in 0..1."""

    colour: Colour
    second: Colour | None = None
    pattern: Pattern = "plain"
    scale: float = 0.3
    phase: float = 0.0
    gloss: float = 0.15


def albedo(material: Material, points: Points, half_size: tuple[float, ...]) -> Points:
    """Diffuse reflectance at surface points.

    Args:
        points: float64 [n, 3], in the part's own coordinates, metres.
        half_size: half the sides of the part's box; only 'frame' and 'band' use it.

    Returns:
        float64 [n, 3], linear light.
    """
    first = np.asarray(material.colour)
    second = first * 0.72 if material.second is None else np.asarray(material.second)
    mix = _mix(material, points, half_size)
    return np.asarray(first + (second - first) * mix[:, None])


def shaded(tint: Colour, factor: float) -> Colour:
    """The colour with `factor` times its light."""
    red, green, blue = (c * factor for c in tint)
    return (red, green, blue)


def _mix(material: Material, points: Points, half_size: tuple[float, ...]) -> Points:
    """How much of the second colour there is: float64 [n] in 0..1."""
    x, y, z = points.T
    step, phase = material.scale, material.phase
    match material.pattern:
        case "checker":
            mix = (np.floor(x / step + phase) + np.floor(y / step + phase)) % 2
        case "planks":
            mix = _planks(x, y, step, phase)
        case "grain":
            mix = 0.5 + 0.5 * np.sin(9.0 * z / step + 1.3 * np.sin(2.2 * x / step + phase) + phase)
        case "stripes":
            mix = np.floor(x / step + phase) % 2
        case "frame":
            mix = np.maximum(np.abs(x) - half_size[0], np.abs(z) - half_size[2]) > -step
        case "beach":
            mix = np.floor((np.arctan2(z, x) / np.pi + 1) * 3 + 1e-9) % 2
        case "band":
            mix = np.abs(z) < step * half_size[-1]
        case "dots":
            u, v = (np.modf(np.abs(at / step + phase + 64.0))[0] - 0.5 for at in (x, y + z))
            mix = u * u + v * v < 0.08
        case "grid":
            u, v = (np.modf(np.abs(at / step + phase + 64.0))[0] for at in (x, y + z))
            mix = np.minimum(u, v) < 0.12
        case "plain":
            mix = np.zeros(len(points))
    return np.asarray(mix, dtype=np.float64)


def _planks(x: Points, y: Points, step: float, phase: float) -> Points:
    """Boards along x, each of its own tone, with a faint grain and a dark joint between them."""
    row = np.floor(y / step + phase)
    shift = np.modf(np.abs(np.sin(row * 12.9898 + 1.0)) * 43.758)[0]
    board = np.floor(x / (step * 5) + shift * 5)
    tone = np.modf(np.abs(np.sin(row * 7.13 + board * 3.71 + 0.5)) * 91.17)[0]
    grain = 0.5 + 0.5 * np.sin(40 * y / step + 2 * np.sin(3 * x / step + tone * 9))
    joint = np.minimum(np.modf(np.abs(y / step + phase + 64.0))[0], 1.0) < 0.06
    return np.asarray(np.clip(0.15 + 0.5 * tone + 0.12 * grain + 0.5 * joint, 0.0, 1.0))
