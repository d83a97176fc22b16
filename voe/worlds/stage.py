"""What stands on the stage, where the camera is, and where the light comes from. Frozen data.

Coordinates are in metres: x to the right, y away from the camera, z up. Orientations are unit quaternions
(w, x, y, z). The floor's surface is z = 0.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from voe.errors import CardError
from voe.worlds.materials import Material

Shape = Literal["box", "sphere", "cylinder", "capsule", "ellipsoid"]
Motion = Literal["fixed", "moved", "free"]
Vector = tuple[float, float, float]
Quaternion = tuple[float, float, float, float]
Poses = npt.NDArray[np.float64]
"""Positions and orientations: float64 [..., 7], x y z then w x y z."""

UPRIGHT: Final[Quaternion] = (1.0, 0.0, 0.0, 0.0)
ABSENT: Final[tuple[float, ...]] = (0.0, 0.0, -100.0, *UPRIGHT)
"""The pose of a part that is not there: far below the floor, where neither camera nor light reaches."""


@dataclass(frozen=True)
class Part:
    """One solid body.

    `size` is MuJoCo's: half-extents (box, ellipsoid), radius (sphere), radius and half-height (cylinder,
    capsule). A 'fixed' part never moves, a 'moved' one follows a path, a 'free' one obeys physics from
    `release_frame` on, starting with `velocity` (m/s) and `spin` (rad/s); before that it is held.
    `friction` is the sliding coefficient, `rolling` the rolling one (metres). `solid=False`: seen, not felt.
    """

    name: str
    shape: Shape
    size: tuple[float, ...]
    material: Material
    position: Vector = (0.0, 0.0, 0.0)
    orientation: Quaternion = UPRIGHT
    motion: Motion = "fixed"
    mass_kg: float = 1.0
    friction: float = 0.0
    rolling: float = 0.0
    velocity: Vector = (0.0, 0.0, 0.0)
    spin: Vector = (0.0, 0.0, 0.0)
    release_frame: int = 0
    solid: bool = True

    @property
    def pose(self) -> tuple[float, ...]:
        """Position and orientation, 7 numbers."""
        return (*self.position, *self.orientation)

    @property
    def half_extents(self) -> Vector:
        """Half the sides of the box that just holds the part, in its own coordinates."""
        s = self.size
        match self.shape:
            case "sphere":
                return (s[0], s[0], s[0])
            case "cylinder":
                return (s[0], s[0], s[1])
            case "capsule":
                return (s[0], s[0], s[0] + s[1])
            case _:
                return (s[0], s[1], s[2])


@dataclass(frozen=True)
class Camera:
    """A pinhole camera with square pixels; `fov_deg` is the whole angle across the square picture."""

    position: Vector = (0.0, -5.2, 2.0)
    target: Vector = (0.0, 0.15, 0.48)
    fov_deg: float = 34.0

    @cached_property
    def axes(self) -> npt.NDArray[np.float64]:
        """Unit vectors right, up and forward: float64 [3, 3], one a row. Straight down, right is along x."""
        forward = np.subtract(self.target, self.position)
        forward = forward / np.linalg.norm(forward)
        right = np.cross(forward, (0.0, 0.0, 1.0))
        right = right / np.linalg.norm(right) if right.any() else np.array([1.0, 0.0, 0.0])
        return np.stack([right, np.cross(right, forward), forward])

    def project(self, points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """World points [..., 3] -> picture coordinates [..., 2]: x right, y down, 0..1 inside the picture.

        u = 1/2 + (p . right) / (2 tan(fov / 2) (p . forward)), and the same for v with -up, p relative to
        the camera (the pinhole formula).
        """
        local = (np.asarray(points) - np.asarray(self.position)) @ self.axes.T
        scale = 2 * np.tan(np.radians(self.fov_deg) / 2) * local[..., 2]
        return np.stack([0.5 + local[..., 0] / scale, 0.5 - local[..., 1] / scale], axis=-1)


@dataclass(frozen=True)
class Lamp:
    """A small round lamp with soft shadows, over a soft light from everywhere.

    `key` is the lamp's irradiance at the origin relative to white, `ambient` and `bounce` that of the sky
    above and the floor below, all linear RGB.
    """

    position: Vector = (-1.2, -3.4, 5.4)
    radius: float = 0.3
    key: Vector = (0.92, 0.87, 0.78)
    ambient: Vector = (0.30, 0.32, 0.37)
    bounce: Vector = (0.22, 0.19, 0.16)


@dataclass(frozen=True)
class Stage:
    """Everything that can be seen, and from where."""

    parts: tuple[Part, ...]
    camera: Camera = field(default_factory=Camera)
    lamp: Lamp = field(default_factory=Lamp)

    def __post_init__(self) -> None:
        names = [part.name for part in self.parts]
        if len(set(names)) != len(names):
            raise CardError(f"stage: two parts share a name; the parts are {', '.join(names)}")

    def index(self, name: str) -> int:
        """Number of the part of that name (StopIteration where there is none)."""
        return next(i for i, part in enumerate(self.parts) if part.name == name)

    @property
    def fixed(self) -> list[int]:
        """The numbers of the parts that never move."""
        return [i for i, part in enumerate(self.parts) if part.motion == "fixed"]

    @property
    def movable(self) -> list[int]:
        """The numbers of the parts that can be elsewhere in another frame."""
        return [i for i, part in enumerate(self.parts) if part.motion != "fixed"]

    @property
    def rest(self) -> Poses:
        """The poses of all parts as they are described: float64 [P, 7]."""
        return np.array([part.pose for part in self.parts])


def turned(axis: Vector, degrees: float) -> Quaternion:
    """The orientation that a turn about a unit axis gives.

    >>> [round(v, 3) for v in turned((0, 0, 1), 90)]
    [0.707, 0.0, 0.0, 0.707]
    """
    half = np.radians(degrees) / 2
    x, y, z = (float(a * np.sin(half)) for a in axis)
    return (float(np.cos(half)), x, y, z)


def corners(part: Part, pose: Poses) -> npt.NDArray[np.float64]:
    """The eight corners of a part's box in the world: float64 [8, 3]. Quaternions may have any length."""
    signs = np.array([[i, j, k] for i in (-1, 1) for j in (-1, 1) for k in (-1, 1)], dtype=np.float64)
    return np.asarray(pose[:3] + (signs * part.half_extents) @ rotation(unit(pose[3:])).T)


def unit(quaternion: Poses) -> Poses:
    """The unit quaternion of the same direction."""
    return np.asarray(quaternion / np.linalg.norm(quaternion))


def rotation(quaternion: Poses) -> npt.NDArray[np.float64]:
    """The 3 x 3 matrix of a unit quaternion: takes a part's own coordinates to the world's."""
    w, x, y, z = quaternion
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    )
