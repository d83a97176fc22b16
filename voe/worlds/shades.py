"""Which points a stage's fixed parts can keep a lamp from: most are told without a ray."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from voe.worlds.casting import Bools, Floats
from voe.worlds.stage import Part, Stage, Vector, rotation, unit

Face = tuple[Floats, float]
"""Outward unit normal, and the face's distance from the origin along it."""

_MARGIN_M: Final = 1e-9


class Shades:
    """The fixed parts of a stage as one point of light has them.

    Where light and point both lie beyond one face of a part's box, no line between them meets the part. In a
    room that is so of nearly every point and part.
    """

    def __init__(self, stage: Stage, light: Vector) -> None:
        faces = [_faces_towards(stage.parts[i], light, stage.camera.target) for i in stage.fixed]
        # The first face tells nearly always; the others are asked where it does not.
        self._normals = np.array([first[0] for first, *_ in faces]).reshape(-1, 3)
        self._heights = np.array([[first[1]] for first, *_ in faces]).reshape(-1, 1)
        self._others = [others for _, *others in faces]
        self._row_of_part = np.full(len(stage.parts) + 1, -1)  # the last: of no part, -1
        self._row_of_part[stage.fixed] = np.arange(len(faces))

    def may_shade(self, points: Floats, parts: npt.NDArray[np.intp]) -> Bools:
        """Which points some fixed part may keep the light from; of the others it is certain that none does.

        Args:
            points: float64 [n, 3], on surfaces that are turned towards the light.
            parts: the part that each lies on [n], -1 for none. Convex, it does not shade its lit side.
        """
        doubtful = self._normals @ points.T <= self._heights
        own = self._row_of_part[parts]
        doubtful[own[own >= 0], np.flatnonzero(own >= 0)] = False
        for row in np.flatnonzero(doubtful.any(axis=1)):
            left = np.flatnonzero(doubtful[row])
            for normal, height in self._others[row]:
                left = left[points[left] @ normal <= height]
            doubtful[row] = False
            doubtful[row, left] = True
        return np.asarray(doubtful.any(axis=0))


def _faces_towards(part: Part, light: Vector, middle: Vector) -> list[Face]:
    """The faces of a part's box that the light lies beyond, first that which most of the stage is beyond too.

    Never none: a light within the box is beyond a face that no point is beyond.
    """
    turn = rotation(unit(np.array(part.orientation)))
    faces: list[tuple[float, Face]] = []
    for axis, sign in ((axis, sign) for axis in range(3) for sign in (-1.0, 1.0)):
        normal = sign * turn[:, axis]
        height = float(normal @ part.position) + part.half_extents[axis] + _MARGIN_M
        if normal @ light > height:
            faces.append((float(normal @ middle) - height, (normal, height)))
    faces.sort(key=lambda face: -face[0])
    return [face for _, face in faces] or [(np.zeros(3), np.inf)]
