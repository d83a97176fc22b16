"""What a lamp's points see of the surfaces that the eye's rays met: soft shadows."""

from __future__ import annotations

from typing import Final

import numpy as np

from voe.worlds.casting import Bools, Caster, Floats, Parts, bounds, inside
from voe.worlds.shades import Shades
from voe.worlds.stage import Camera, Stage, Vector
from voe.worlds.surfaces import Ints, Surfaces, dot

_TOUCH_M: Final = 1e-4


class LampPoint:
    """One point of a lamp, for the n rays of a picture. Of fixed parts it is worked out once what it sees."""

    def __init__(self, stage: Stage, caster: Caster, position: Vector, fixed: Surfaces) -> None:
        self._caster = caster
        self._source = np.asarray(position)
        self._view = Camera(position, (0.0, 0.0, 0.0))
        self._shades = Shades(stage, position)
        self._movable = stage.movable
        self._fixed_at = self._view.project(fixed.points).T.copy()
        self._fixed_lit = self._past_fixed(fixed, np.arange(len(fixed.part)))
        self._at = self._fixed_at.copy()
        self.lit = self._fixed_lit.copy()
        """Whether this point sees what each ray met: bool [n]."""

    def look_again(self, met: Surfaces, touched: Bools, front: Bools, swept: Floats, boxes: Floats) -> Ints:
        """See what moved parts can have changed; the rays for which it did.

        Args:
            met: what all n rays meet now.
            touched: the rays that were cast again [n]; `front` those that met a movable part [n].
            swept: of each part that moved, the corners of its boxes before and after, [b, 16, 3].
            boxes: of each movable part, the corners of its box now, [b, 8, 3].
        """
        behind, ahead = np.flatnonzero(touched & ~front), np.flatnonzero(touched & front)
        self._at[:, behind] = self._fixed_at[:, behind]
        self._at[:, ahead] = self._view.project(met.points[ahead]).T
        asked = touched.copy()
        for low, high in zip(*bounds(self._view, swept), strict=True):
            asked |= inside(self._at, low, high)
        rays = np.flatnonzero(asked)
        lit = self._sees(met, rays, front[rays], boxes)
        changed = rays[lit != self.lit[rays]]
        self.lit[rays] = lit
        return np.asarray(changed)

    def _sees(self, met: Surfaces, rays: Ints, front: Bools, boxes: Floats) -> Bools:
        """Whether this point sees what these rays met: bool [n]."""
        seen = self._fixed_lit[rays]
        seen[front] = self._past_fixed(met, rays[front])
        asked = np.flatnonzero(seen)
        asked = asked[self._may_be_behind(rays[asked], met.part[rays[asked]], boxes)]
        seen[asked] = self._clear(met.points[rays[asked]], "movable")
        return seen

    def _past_fixed(self, met: Surfaces, rays: Ints) -> Bools:
        """Whether this point would see what these rays met, were fixed parts all there is: bool [n]."""
        points, part = met.points[rays], met.part[rays]
        seen: Bools = (dot(met.normals[rays], points - self._source) < 0) & (part >= 0)
        asked = np.flatnonzero(seen)
        asked = asked[self._shades.may_shade(points[asked], part[asked])]
        seen[asked] = self._clear(points[asked], "fixed")
        return seen

    def _may_be_behind(self, rays: Ints, part: Ints, boxes: Floats) -> Bools:
        """Whether a movable part can stand between this point and what these rays met: bool [n]."""
        at, behind = self._at[:, rays], np.zeros(len(rays), dtype=bool)
        for i, low, high in zip(self._movable, *bounds(self._view, boxes), strict=True):
            # Parts are convex: none shades its own lit side.
            behind |= inside(at, low, high) & (part != i)
        return behind

    def _clear(self, points: Floats, parts: Parts) -> Bools:
        """Whether none of some parts stands between this point and others: bool [n]."""
        towards = points - self._source
        distance = np.sqrt(dot(towards, towards))
        reach = self._caster.reach(self._source, towards / distance[:, None], parts)
        return np.asarray(reach >= distance - _TOUCH_M)
