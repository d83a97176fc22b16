"""What rays meet, and all of its light that no shadow changes."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final

import numpy as np
import numpy.typing as npt

from voe.worlds.casting import Caster, Floats
from voe.worlds.materials import albedo
from voe.worlds.stage import Stage

Ints = npt.NDArray[np.intp]

BACKGROUND: Final = (0.80, 0.83, 0.86)
_SHININESS: Final = 40.0


@dataclass(frozen=True)
class Surfaces:
    """One point of a surface for each of n rays, in arrays that `put` writes into. Light is linear RGB.

    A point sends to the eye the ambient light `soft`, and of the lamp's light `strength` times the share of
    the lamp that it sees, times the lamp's colour, times `returned`.
    """

    part: Ints
    """Number of the part [n], -1 where a ray meets nothing."""
    distance: Floats
    """From the eye, metres [n]; `casting.NOTHING` for a ray that meets nothing, and its point is as far."""
    points: Floats
    """Where, [n, 3], metres."""
    normals: Floats
    """Outward and of unit length, [n, 3]; zeros where a ray meets nothing."""
    soft: Floats
    """Ambient light that reaches the eye, [n, 3]."""
    strength: Floats
    """Falloff of the whole lamp's light, 1 at the origin, [n]."""
    returned: Floats
    """Share of the lamp's light that goes on to the eye, matt and glossy, [n, 3]."""

    def copy(self) -> Surfaces:
        """The same, in arrays of its own."""
        return Surfaces(**{field.name: getattr(self, field.name).copy() for field in fields(self)})

    def put(self, rays: Ints, others: Surfaces) -> None:
        """Write other surfaces over those of these rays."""
        for field in fields(self):
            getattr(self, field.name)[rays] = getattr(others, field.name)

    def of(self, rays: Ints) -> Surfaces:
        """The surfaces of these rays."""
        return Surfaces(**{field.name: getattr(self, field.name)[rays] for field in fields(self)})


def surfaces(
    stage: Stage,
    caster: Caster,
    eye: Floats,
    rays: Floats,
    met: tuple[Floats, Ints, Floats],
) -> Surfaces:
    """What these rays met.

    Lambert's cosine law with inverse-square falloff, a hemispheric ambient term, and a Blinn-Phong highlight.

    Args:
        caster: with the parts where they are.
        eye: float64 [3], metres.
        rays: float64 [n, 3], unit directions from the eye.
        met: distance, part and normal, as `Caster.shoot` found them.
    """
    distance, part, normals = met
    points = eye + rays * distance[:, None]
    base, gloss = _materials(stage, caster, part, points)
    lamp = stage.lamp
    up = 0.5 + 0.5 * normals[:, 2:]
    soft = base * (np.asarray(lamp.ambient) * up + np.asarray(lamp.bounce) * (1 - up))
    to_lamp = np.asarray(lamp.position) - points
    away = np.sqrt(dot(to_lamp, to_lamp))
    to_lamp = to_lamp / away[:, None]
    cosine = np.maximum(dot(normals, to_lamp), 0.0)
    halfway = to_lamp - rays
    halfway /= np.sqrt(dot(halfway, halfway))[:, None]
    shine = gloss * np.maximum(dot(normals, halfway), 0.0) ** _SHININESS * (cosine > 0)
    returned = cosine[:, None] * base + shine[:, None]
    missed = part < 0
    soft[missed], returned[missed] = BACKGROUND, 0.0
    strength = (np.linalg.norm(lamp.position) / away) ** 2
    return Surfaces(part, distance, points, normals, soft, strength, returned)


def dot(a: Floats, b: Floats) -> Floats:
    """The inner product of each pair of rows, [n, 3] and [n, 3] -> [n]."""
    product = a * b
    return np.asarray(product[:, 0] + product[:, 1] + product[:, 2])


def _materials(stage: Stage, caster: Caster, part: Ints, points: Floats) -> tuple[Floats, Floats]:
    """Albedo [n, 3] and gloss [n] at points of parts."""
    base, gloss = np.zeros((len(part), 3)), np.zeros(len(part))
    for i in np.unique(part[part >= 0]):
        material, mine = stage.parts[i].material, np.flatnonzero(part == i)
        base[mine] = albedo(material, caster.local(i, points[mine]), stage.parts[i].half_extents)
        gloss[mine] = material.gloss
    return base, gloss
