"""Rays, shading and pictures: the poses of one frame -> uint8 [H, W, 3].

MuJoCo's ray caster says what each ray meets; the light is worked out here: Lambert's cosine law for a small
round lamp with inverse-square falloff and soft shadows, a hemispheric ambient term, and a Blinn-Phong
highlight. Only rays that a moved part can have touched are cast again, which changes no pixel.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from voe.worlds.colour import to_srgb
from voe.worlds.materials import albedo
from voe.worlds.simulate import add_part
from voe.worlds.stage import ABSENT, Camera, Lamp, Poses, Stage, corners

if TYPE_CHECKING:
    import mujoco

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

SAMPLES: Final = 2
"""Rays along each side of a pixel: 2 x 2 antialiasing."""
LAMP_POINTS: Final = 6
"""Points of the lamp that shadows are cast from."""
BACKGROUND: Final = (0.80, 0.83, 0.86)
DAYLIGHT: Final = np.ones((2, 3))
"""The light factor that changes nothing: rows ambient and lamp, columns RGB."""
_TOUCH_M: Final = 1e-4
_SHININESS: Final = 40.0
_MARGIN: Final = 1e-6


class Renderer:
    """Draws one stage, frame after frame, at `size` x `size` pixels.

    `frame` may be called with any poses in any order; what it returns depends on them alone.
    """

    def __init__(self, stage: Stage, size: int) -> None:
        import mujoco

        spec = mujoco.MjSpec()
        for part in stage.parts:
            add_part(spec, part, fixed=part.motion == "fixed")
        self._model = spec.compile()
        self._data = mujoco.MjData(self._model)
        self._stage = stage
        self._size = size
        names = {part.name: i for i, part in enumerate(stage.parts)}
        self._part_of_geom = np.array([names[self._model.geom(g).name] for g in range(self._model.ngeom)])
        self._geom_of_part = np.argsort(self._part_of_geom)
        self._moving = [i for i, part in enumerate(stage.parts) if part.motion != "fixed"]
        self._eye = np.asarray(stage.camera.position, dtype=np.float64)
        self._rays = camera_rays(stage.camera, size)
        self._lamp_views = [Camera(tuple(point), (0.0, 0.0, 0.0)) for point in lamp_points(stage.lamp)]
        n, m = len(self._rays), len(self._lamp_views)
        # What each ray meets, where the lamp's points see it, whether they do, and what light it brings.
        self._part = np.full(n, -1)
        self._points = np.zeros((n, 3))
        self._normals = np.zeros((n, 3))
        self._lamp_at = np.full((m, n, 2), np.inf)
        self._lit = np.zeros((m, n), dtype=bool)
        self._soft = np.zeros((n, 3))
        self._hard = np.zeros((n, 3))
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
        self._shade(np.flatnonzero(stale))
        pixels = np.flatnonzero(stale.reshape(-1, SAMPLES**2).any(axis=1))
        if self._light is None or not np.array_equal(light, self._light):
            pixels, self._light = np.arange(self._size**2), light.copy()
        rays = (pixels[:, None] * SAMPLES**2 + np.arange(SAMPLES**2)).ravel()
        linear = self._soft[rays] * light[0] + self._hard[rays] * light[1]
        mean = linear.reshape(len(pixels), SAMPLES**2, 3).mean(axis=1)
        self._picture[pixels] = np.rint(to_srgb(mean) * 255).astype(np.uint8)
        return self._picture.reshape(self._size, self._size, 3).copy()

    def seen(self, name: str) -> Bools:
        """Which pixels of the last frame show a part, at least in one of their rays: bool [H, W]."""
        hit = self._part == self._stage.index(name)
        return np.asarray(hit.reshape(-1, SAMPLES**2).any(axis=1).reshape(self._size, self._size))

    def depth(self) -> Floats:
        """Distance from the eye of what each ray of the last frame met, metres: float64 [H, W, rays]."""
        distance = np.linalg.norm(self._points - self._eye, axis=1)
        return np.where(self._part >= 0, distance, np.inf).reshape(self._size, self._size, -1)

    def _move(self, poses: Poses) -> Bools:
        """Put the parts where they are now and cast again what that can change; which rays it changed."""
        import mujoco

        before, self._poses = self._poses, poses.copy()
        changed = [i for i in self._moving if before is None or not np.array_equal(before[i], poses[i])]
        for i in changed:
            mocap = self._model.body(self._stage.parts[i].name).mocapid[0]
            self._data.mocap_pos[mocap], self._data.mocap_quat[mocap] = poses[i, :3], poses[i, 3:]
        mujoco.mj_kinematics(self._model, self._data)
        stale = np.ones(len(self._rays), dtype=bool)
        boxes = []
        if before is not None:
            parts = self._stage.parts
            boxes = [
                corners(parts[i], where[i]) for i in changed for where in (before, poses)
                if where[i, 2] > ABSENT[2]
            ]  # fmt: skip
            stale = self._pixels_of(boxes)
        self._cast(np.flatnonzero(stale))
        for k, view in enumerate(self._lamp_views):
            asked = stale.copy()
            for box in boxes:
                asked |= _inside(self._lamp_at[k], *_bounds(view, box))
            rays = np.flatnonzero(asked)
            lit = self._sees(k, rays)
            stale[rays[lit != self._lit[k, rays]]] = True
            self._lit[k, rays] = lit
        return stale

    def _pixels_of(self, boxes: list[Floats]) -> Bools:
        """The rays of all pixels that boxes (8 corners each) can show in: bool [n]."""
        size = self._size
        mask = np.zeros((size, size, SAMPLES**2), dtype=bool)
        for box in boxes:
            low, high = _bounds(self._stage.camera, box)
            (x0, y0), (x1, y1) = (np.clip(np.floor(e * size), -1, size).astype(int) for e in (low, high))
            mask[max(y0, 0) : y1 + 1, max(x0, 0) : x1 + 1] = True
        return mask.reshape(-1)

    def _cast(self, rays: Ints) -> None:
        """What each of these rays meets first, and where the lamp's points see that."""
        distance, geom, normal = _shoot(self._model, self._data, self._eye, self._rays[rays])
        self._part[rays] = np.where(geom >= 0, self._part_of_geom[geom], -1)
        self._points[rays] = self._eye + self._rays[rays] * distance[:, None]
        self._normals[rays] = normal
        for k, view in enumerate(self._lamp_views):
            self._lamp_at[k, rays] = np.where(geom[:, None] >= 0, view.project(self._points[rays]), np.inf)

    def _sees(self, k: int, rays: Ints) -> Bools:
        """Whether point k of the lamp sees what these rays met."""
        source = np.asarray(self._lamp_views[k].position)
        towards = self._points[rays] - source
        distance = np.sqrt((towards * towards).sum(axis=1))
        facing = (self._normals[rays] * towards).sum(axis=1) < 0
        asked = np.flatnonzero(facing & (self._part[rays] >= 0))
        met, _, _ = _shoot(self._model, self._data, source, towards[asked] / distance[asked, None])
        seen = np.zeros(len(rays), dtype=bool)
        seen[asked] = met >= distance[asked] - _TOUCH_M
        return seen

    def _shade(self, rays: Ints) -> None:
        """The light that these rays bring, ambient and lamp apart, both linear RGB."""
        lamp = self._stage.lamp
        normals = self._normals[rays]
        base, gloss = self._surface(rays)
        up = 0.5 + 0.5 * normals[:, 2:]
        self._soft[rays] = base * (np.asarray(lamp.ambient) * up + np.asarray(lamp.bounce) * (1 - up))
        to_lamp = np.asarray(lamp.position) - self._points[rays]
        distance = np.linalg.norm(to_lamp, axis=1, keepdims=True)
        to_lamp = to_lamp / distance
        cosine = np.maximum((normals * to_lamp).sum(axis=1), 0.0)
        halfway = to_lamp - self._rays[rays]
        halfway /= np.linalg.norm(halfway, axis=1, keepdims=True)
        shine = gloss * np.maximum((normals * halfway).sum(axis=1), 0.0) ** _SHININESS * (cosine > 0)
        falloff = (np.linalg.norm(lamp.position) / distance[:, 0]) ** 2
        arriving = (falloff * self._lit[:, rays].mean(axis=0))[:, None] * np.asarray(lamp.key)
        self._hard[rays] = arriving * (cosine[:, None] * base + shine[:, None])
        missed = rays[self._part[rays] < 0]
        self._soft[missed], self._hard[missed] = BACKGROUND, 0.0

    def _surface(self, rays: Ints) -> tuple[Floats, Floats]:
        """Albedo [n, 3] and gloss [n] of what the rays meet."""
        base, gloss = np.zeros((len(rays), 3)), np.zeros(len(rays))
        parts = self._part[rays]
        for i in np.unique(parts[parts >= 0]):
            geom, part = self._geom_of_part[i], self._stage.parts[i]
            mine = np.flatnonzero(parts == i)
            turn = self._data.geom_xmat[geom].reshape(3, 3)
            local = (self._points[rays[mine]] - self._data.geom_xpos[geom]) @ turn
            base[mine] = albedo(part.material, local, part.half_extents)
            gloss[mine] = part.material.gloss
        return base, gloss


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
    side /= np.linalg.norm(side)
    # A sunflower: each point stands for the same area of the disc.
    k = np.arange(LAMP_POINTS)
    angle = k * np.pi * (3 - np.sqrt(5))
    reach = lamp.radius * np.sqrt((k + 0.5) / LAMP_POINTS)
    plane = np.stack([side, np.cross(axis, side)])
    return np.asarray(centre + (reach[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)) @ plane)


def _shoot(
    model: mujoco.MjModel, data: mujoco.MjData, origin: Floats, rays: Floats
) -> tuple[Floats, npt.NDArray[np.int32], Floats]:
    """Distance (inf for a miss), geometry (-1 for a miss) and normal of the first thing each ray meets."""
    import mujoco

    n = len(rays)
    geom, distance, normal = np.full(n, -1, dtype=np.int32), np.zeros(n), np.zeros((n, 3))
    if n:
        flat = np.ascontiguousarray(rays).ravel()
        mujoco.mj_multiRay(
            model, data, origin, flat, None, True, -1, geom, distance, normal.reshape(-1), n, mujoco.mjMAXVAL
        )
    distance[geom < 0] = 1e9
    return distance, geom, normal


def _bounds(view: Camera, box: Floats) -> tuple[Floats, Floats]:
    """Least and greatest picture coordinates of a box (8 corners): what is seen of it lies between them."""
    if (((box - np.asarray(view.position)) @ view.axes[2]) < 1e-6).any():
        return np.full(2, -np.inf), np.full(2, np.inf)
    at = view.project(box)
    return at.min(axis=0) - _MARGIN, at.max(axis=0) + _MARGIN


def _inside(at: Floats, low: Floats, high: Floats) -> Bools:
    """Which picture coordinates [n, 2] lie between two corners: bool [n]."""
    x, y = at[:, 0], at[:, 1]
    return np.asarray((x >= low[0]) & (x <= high[0]) & (y >= low[1]) & (y <= high[1]))
