"""Rays: which leave the camera and the lamp, and what of a stage each meets first (MuJoCo's ray caster)."""

from __future__ import annotations

from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from voe.worlds.simulate import add_part
from voe.worlds.stage import Camera, Lamp, Poses, Stage

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Parts = Literal["all", "fixed", "movable"]

SAMPLES: Final = 2
"""Rays along each side of a pixel: 2 x 2 antialiasing."""
LAMP_POINTS: Final = 6
"""Points of the lamp that shadows are cast from."""
NOTHING: Final = 1e9
"""The distance of a ray that meets nothing, metres."""
_GROUPS: Final = {"all": None, "fixed": [1, 0, 0, 0, 0, 0], "movable": [0, 1, 0, 0, 0, 0]}
_MARGIN: Final = 1e-6


class Caster:
    """The parts of a stage, and the rays that meet them. Fixed parts stand where the stage has them."""

    def __init__(self, stage: Stage) -> None:
        import mujoco

        spec = mujoco.MjSpec()
        for part in stage.parts:
            add_part(spec, part, fixed=part.motion == "fixed")
        self._model = spec.compile()
        self._data = mujoco.MjData(self._model)
        self._names = [part.name for part in stage.parts]
        numbers = {name: i for i, name in enumerate(self._names)}
        self._part_of_geom = np.array([numbers[self._model.geom(g).name] for g in range(self._model.ngeom)])
        self._geom_of_part = np.argsort(self._part_of_geom)
        mujoco.mj_kinematics(self._model, self._data)

    def place(self, poses: Poses, parts: list[int]) -> None:
        """Put these parts, none of them fixed, where `poses` [P, 7] has them."""
        import mujoco

        for i in parts:
            mocap = self._model.body(self._names[i]).mocapid[0]
            self._data.mocap_pos[mocap], self._data.mocap_quat[mocap] = poses[i, :3], poses[i, 3:]
        mujoco.mj_kinematics(self._model, self._data)

    def shoot(
        self, origin: Floats, rays: Floats, parts: Parts = "all"
    ) -> tuple[Floats, npt.NDArray[np.intp], Floats]:
        """What each ray meets first among some parts.

        Args:
            origin: float64 [3], where all rays begin.
            rays: float64 [n, 3], unit directions.

        Returns:
            Distance [n] (NOTHING for a miss), number of the part [n] (-1 for a miss), its normal [n, 3].
        """
        normal = np.zeros((len(rays), 3))
        distance, geom = self._meet(origin, rays, parts, normal)
        return distance, np.where(geom >= 0, self._part_of_geom[geom], -1), normal

    def reach(self, origin: Floats, rays: Floats, parts: Parts = "all") -> Floats:
        """How far rays get: `shoot` without what they meet, float64 [n]."""
        return self._meet(origin, rays, parts, None)[0]

    def local(self, part: int, points: Floats) -> Floats:
        """World points in a part's own coordinates: float64 [n, 3]."""
        geom = self._geom_of_part[part]
        return np.asarray((points - self._data.geom_xpos[geom]) @ self._data.geom_xmat[geom].reshape(3, 3))

    def _meet(
        self, origin: Floats, rays: Floats, parts: Parts, normal: Floats | None
    ) -> tuple[Floats, npt.NDArray[np.int32]]:
        import mujoco

        n = len(rays)
        geom, distance = np.full(n, -1, dtype=np.int32), np.zeros(n)
        groups = _GROUPS[parts]
        if n:
            mujoco.mj_multiRay(
                self._model,
                self._data,
                origin,
                np.ascontiguousarray(rays).ravel(),
                None if groups is None else np.array(groups, dtype=np.uint8),
                True,
                -1,
                geom,
                distance,
                None if normal is None else normal.reshape(-1),
                n,
                mujoco.mjMAXVAL,
            )
        distance[geom < 0] = NOTHING
        return distance, geom


def camera_rays(camera: Camera, size: int) -> Floats:
    """Unit directions, the rays of a pixel together: float64 [size * size * SAMPLES^2, 3]."""
    right, up, forward = camera.axes
    half = np.tan(np.radians(camera.fov_deg) / 2)
    offsets = (np.arange(SAMPLES) + 0.5) / SAMPLES
    at = ((np.arange(size)[:, None] + offsets) / size * 2 - 1) * half
    down, across = at[:, None, :, None], at[None, :, None, :]
    rays = forward + across[..., None] * right - down[..., None] * up
    rays = np.broadcast_to(rays, (size, size, SAMPLES, SAMPLES, 3)).reshape(-1, 3)
    return np.asarray(rays / np.linalg.norm(rays, axis=1, keepdims=True))


def lamp_points(lamp: Lamp) -> Floats:
    """Points on the lamp's disc, which faces the origin: float64 [LAMP_POINTS, 3]."""
    centre = np.asarray(lamp.position, dtype=np.float64)
    axis = centre / np.linalg.norm(centre)
    side = np.cross(axis, (0.0, 1.0, 0.0))
    side = side / np.linalg.norm(side) if side.any() else np.array([1.0, 0.0, 0.0])
    # A sunflower: each point stands for the same area of the disc.
    k = np.arange(LAMP_POINTS)
    angle = k * np.pi * (3 - np.sqrt(5))
    reach = lamp.radius * np.sqrt((k + 0.5) / LAMP_POINTS)
    plane = np.stack([side, np.cross(axis, side)])
    return np.asarray(centre + (reach[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)) @ plane)


def bounds(view: Camera, corners: Floats) -> tuple[Floats, Floats]:
    """Least and greatest picture coordinates of things: what is seen of each lies between them.

    Args:
        corners: float64 [b, c, 3], of each of b things the corners of boxes that hold it.

    Returns:
        Two float64 [b, 2]: everywhere for a thing that reaches behind the view's point.
    """
    at = view.project(corners)
    low, high = at.min(axis=1) - _MARGIN, at.max(axis=1) + _MARGIN
    behind = (((corners - np.asarray(view.position)) @ view.axes[2]) < _MARGIN).any(axis=1)
    low[behind], high[behind] = -np.inf, np.inf
    return low, high


def inside(at: Floats, low: Floats, high: Floats) -> Bools:
    """Which picture coordinates [2, n] lie between two corners: bool [n]."""
    x, y = at
    return np.asarray((x >= low[0]) & (x <= high[0]) & (y >= low[1]) & (y <= high[1]))
