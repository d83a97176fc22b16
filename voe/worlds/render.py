"""Pictures: the poses of one frame -> uint8 [H, W, 3].

Rays meet surfaces (`casting`), which send on light (`surfaces`) of a small round lamp with soft shadows
(`lamplight`). What can be saved is, and changes no pixel: fixed parts are cast and shaded once, and after the
first frame only rays that a moved part can have touched.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from voe.worlds.casting import SAMPLES, Bools, Caster, Floats, bounds, camera_rays, lamp_points
from voe.worlds.colour import to_srgb
from voe.worlds.lamplight import LampPoint
from voe.worlds.stage import Poses, Stage, corners
from voe.worlds.surfaces import Ints, surfaces

DAYLIGHT: Final = np.ones((2, 3))
"""The light factor that changes nothing: rows ambient and lamp, columns RGB."""


class Renderer:
    """Draws one stage, frame after frame, at `size` x `size` pixels.

    `frame` may be called with any poses in any order; what it returns depends on them alone.
    """

    def __init__(self, stage: Stage, size: int) -> None:
        self._stage = stage
        self._size = size
        self._caster = Caster(stage)
        self._eye = np.asarray(stage.camera.position, dtype=np.float64)
        self._rays = camera_rays(stage.camera, size)
        met = self._caster.shoot(self._eye, self._rays, "fixed")
        self._backdrop = surfaces(stage, self._caster, self._eye, self._rays, met)
        self._met = self._backdrop.copy()
        self._front = np.zeros(len(self._rays), dtype=bool)
        self._lamp = [
            LampPoint(stage, self._caster, (float(x), float(y), float(z)), self._backdrop)
            for x, y, z in lamp_points(stage.lamp)
        ]
        self._hard = np.zeros((len(self._rays), 3))
        self._picture = np.zeros((size * size, 3), dtype=np.uint8)
        self._poses: Poses | None = None
        self._light: Floats | None = None

    def frame(self, poses: Poses, light: Floats = DAYLIGHT) -> npt.NDArray[np.uint8]:
        """One picture.

        Args:
            poses: float64 [P, 7], parts in the order of the stage; `stage.ABSENT` for one that is not there.
            light: float64 [2, 3], factors on the ambient light and on the lamp.
        """
        stale = self._move(poses)
        self._illuminate(np.flatnonzero(stale))
        pixels = np.flatnonzero(stale.reshape(-1, SAMPLES**2).any(axis=1))
        if self._light is None or not np.array_equal(light, self._light):
            pixels, self._light = np.arange(self._size**2), light.copy()
        rays = (pixels[:, None] * SAMPLES**2 + np.arange(SAMPLES**2)).ravel()
        linear = self._met.soft[rays] * light[0] + self._hard[rays] * light[1]
        mean = linear.reshape(len(pixels), SAMPLES**2, 3).mean(axis=1)
        self._picture[pixels] = np.rint(to_srgb(mean) * 255).astype(np.uint8)
        return self._picture.reshape(self._size, self._size, 3).copy()

    def seen(self, name: str) -> Bools:
        """Which pixels of the last frame show a part, at least in one of their rays: bool [H, W]."""
        hit = self._met.part == self._stage.index(name)
        return np.asarray(hit.reshape(-1, SAMPLES**2).any(axis=1).reshape(self._size, self._size))

    def depth(self) -> Floats:
        """Distance from the eye of what each ray of the last frame met, metres: float64 [H, W, rays]."""
        distance = np.where(self._met.part >= 0, self._met.distance, np.inf)
        return distance.reshape(self._size, self._size, -1)

    def _move(self, poses: Poses) -> Bools:
        """Put the parts where they are now and cast again what that can change; which rays it changed."""
        before, self._poses = self._poses, poses.copy()
        changed = [
            i for i in self._stage.movable if before is None or not np.array_equal(before[i], poses[i])
        ]
        self._caster.place(poses, changed)
        if before is not None and not changed:
            return np.zeros(len(self._rays), dtype=bool)
        if before is None:
            swept, touched = np.empty((0, 16, 3)), np.ones(len(self._rays), dtype=bool)
        else:
            swept = np.concatenate([self._boxes(changed, before), self._boxes(changed, poses)], axis=1)
            touched = self._pixels_of(swept.reshape(-1, 8, 3))
        self._cast(np.flatnonzero(touched))
        boxes = self._boxes(self._stage.movable, poses)
        stale = touched.copy()
        for point in self._lamp:
            stale[point.look_again(self._met, touched, self._front, swept, boxes)] = True
        return stale

    def _boxes(self, parts: Sequence[int], poses: Poses) -> Floats:
        """The corners of parts' boxes: float64 [b, 8, 3]."""
        return np.array([corners(self._stage.parts[i], poses[i]) for i in parts]).reshape(-1, 8, 3)

    def _pixels_of(self, boxes: Floats) -> Bools:
        """The rays of all pixels that boxes (float64 [b, 8, 3], their corners) can show in: bool [n]."""
        size = self._size
        mask = np.zeros((size, size, SAMPLES**2), dtype=bool)
        for edges in zip(*bounds(self._stage.camera, boxes), strict=True):
            (x0, y0), (x1, y1) = (np.clip(np.floor(e * size), -1, size).astype(int) for e in edges)
            mask[max(y0, 0) : y1 + 1, max(x0, 0) : x1 + 1] = True
        return mask.reshape(-1)

    def _cast(self, rays: Ints) -> None:
        """What each of these rays meets first: a movable part, where one stands before the fixed ones."""
        distance, part, normal = self._caster.shoot(self._eye, self._rays[rays], "movable")
        nearer = distance < self._backdrop.distance[rays]
        self._front[rays] = nearer
        behind, ahead = rays[~nearer], rays[nearer]
        self._met.put(behind, self._backdrop.of(behind))
        met = (distance[nearer], part[nearer], normal[nearer])
        self._met.put(ahead, surfaces(self._stage, self._caster, self._eye, self._rays[ahead], met))

    def _illuminate(self, rays: Ints) -> None:
        """The lamp's light that these rays bring, linear RGB."""
        share = np.mean([point.lit[rays] for point in self._lamp], axis=0)
        strength = self._met.strength[rays] * share
        self._hard[rays] = strength[:, None] * np.asarray(self._stage.lamp.key) * self._met.returned[rays]
