"""Colours: sRGB as people write it, linear light as shading needs it, CIE L*C*h where lightness must match.

The transfer curve is that of sRGB (IEC 61966-2-1), the white point D65.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from voe.errors import CardError, did_you_mean

Colour = tuple[float, float, float]
"""Linear-light red, green and blue, each in 0..1."""

NAMED: Final = {
    "brick": "#c8553d", "coral": "#ef7b5b", "amber": "#f0a63c", "lemon": "#f2d24b", "leaf": "#6aa84f",
    "teal": "#2a9d8f", "sky": "#4ea5d9", "navy": "#35508c", "violet": "#8467b8", "rose": "#e07a9b",
    "cream": "#f4ead7", "sand": "#e2cda6", "oak": "#c79b63", "walnut": "#8a6242", "slate": "#6b7785",
    "mint": "#bfe0cf", "ice": "#cfe2ee", "peach": "#f7d9c4", "lilac": "#ddd3ea", "white": "#f7f5f0",
    "charcoal": "#3d4248", "birch": "#d9bd91", "linen": "#d8cbb4", "stone": "#b7b0a4", "moss": "#8fa57a",
    "crimson": "#a8203a", "olive": "#8a8f2c", "cobalt": "#2a55d6", "plum": "#7a3a72", "jade": "#17a673",
    "rust": "#a65a24", "butter": "#f6e58d", "ink": "#23272f", "sage": "#9bb08a", "denim": "#5f7fa8",
    "clay": "#c08a6a", "mauve": "#a58aa6", "ash": "#c9c4bd", "terracotta": "#cf9b7a", "seagrass": "#b9bf9a",
    "wheat": "#e3d3a0", "vanilla": "#f3efc6", "aqua": "#c4e6e3", "blush": "#f2cfd6", "fog": "#d3d6db",
}  # fmt: skip
"""Names that a card may use beside '#rrggbb'."""

_RGB_TO_XYZ: Final = np.array(
    [[0.4123908, 0.3575843, 0.1804808], [0.2126390, 0.7151687, 0.0721923], [0.0193308, 0.1191948, 0.9505322]]
)
_WHITE: Final = np.array([0.9504559, 1.0, 1.0890578])


def to_srgb(linear: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Linear light in 0..1 -> sRGB in 0..1, any shape; values outside are clipped.

    >>> to_srgb(np.array([0.0, 0.214041, 1.0])).round(4).tolist()
    [0.0, 0.5, 1.0]
    """
    x = np.clip(linear, 0.0, 1.0)
    return np.asarray(np.where(x <= 0.0031308, 12.92 * x, 1.055 * np.power(x, 1 / 2.4) - 0.055))


def to_linear(srgb: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """sRGB in 0..1 -> linear light in 0..1, any shape: the inverse of `to_srgb`."""
    x = np.asarray(srgb, dtype=np.float64)
    return np.asarray(np.where(x <= 0.04045, x / 12.92, np.power((x + 0.055) / 1.055, 2.4)))


def colour(name: str) -> Colour:
    """A named colour or '#rrggbb' -> linear light.

    Raises:
        CardError: the name is unknown, or not six hexadecimal digits.
    """
    code = NAMED.get(name, name)
    digits = code.removeprefix("#")
    if not code.startswith("#") or len(digits) != 6 or any(c not in "0123456789abcdefABCDEF" for c in digits):
        raise CardError(
            f"unknown colour {name!r}.{did_you_mean(name, NAMED)} Write '#rrggbb' or one of "
            f"{', '.join(NAMED)}"
        )
    red, green, blue = to_linear(np.array([int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)])).tolist()
    return (red, green, blue)


def from_lch(lightness: float, chroma: float, hue_deg: float) -> Colour:
    """CIE L*C*h(ab) -> linear light, so that two hues can have the same lightness.

    Args:
        lightness: L*, 0 to 100. chroma: C*ab. hue_deg: h_ab in degrees.

    Raises:
        CardError: the colour lies outside of what sRGB can show.
    """
    a, b = chroma * np.cos(np.radians(hue_deg)), chroma * np.sin(np.radians(hue_deg))
    fy = (lightness + 16) / 116
    f = np.array([fy + a / 500, fy, fy - b / 200])
    delta = 6 / 29
    xyz = _WHITE * np.where(f > delta, f**3, 3 * delta**2 * (f - 4 / 29))
    rgb = np.linalg.solve(_RGB_TO_XYZ, xyz)
    if rgb.min() < -1e-6 or rgb.max() > 1 + 1e-6:
        raise CardError(
            f"the colour L*={lightness:g}, C*={chroma:g}, h={hue_deg:g} degrees cannot be shown in sRGB; "
            "choose a smaller chroma"
        )
    red, green, blue = np.clip(rgb, 0.0, 1.0).tolist()
    return (red, green, blue)


def lightness(linear: Colour) -> float:
    """CIE L* of a linear colour, from its relative luminance Y.

    >>> round(lightness((0.18, 0.18, 0.18)), 1)
    49.5
    """
    y = float(_RGB_TO_XYZ[1] @ np.asarray(linear))
    return 116 * float(np.cbrt(y)) - 16 if y > (6 / 29) ** 3 else y * (29 / 3) ** 3
