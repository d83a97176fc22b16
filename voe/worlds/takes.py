"""What happens in a scene before it is rendered: two takes, A and B, on one stage. Frozen data."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from voe.worlds.render import DAYLIGHT
from voe.worlds.stage import ABSENT, Poses, Stage

N_FRAMES: Final = 96
FPS: Final = 24.0


@dataclass(frozen=True)
class Take:
    """One rendering before it is rendered: poses [T, P, 7] and light factors [T, 2, 3]."""

    poses: Poses
    light: npt.NDArray[np.float64]


@dataclass(frozen=True)
class Scene:
    """What a concept stages: take A (context a, outcome a) and take B, on one stage.

    `objects` must be wholly inside the picture; `middle` is a frame at which all that differs is hidden.
    Where nothing hides the difference (`visible`), it is the frame at which one take follows the other; if
    the contexts stay in view, so that no splice will do, `crossed` holds the clips ab and ba. `everywhere`
    says that context and outcome are changes of the whole picture.
    """

    stage: Stage
    a: Take
    b: Take
    objects: tuple[str, ...]
    middle: int
    conditions: Mapping[str, str] = field(default_factory=dict)
    visible: bool = False
    everywhere: bool = False
    crossed: tuple[Take, Take] | None = None


def take(
    stage: Stage,
    tracks: Mapping[str, Poses],
    absent: Collection[str] = (),
    light: npt.NDArray[np.float64] | None = None,
) -> Take:
    """A take in which some parts follow a track [T, 7], some are absent, and the others rest."""
    poses = np.repeat(stage.rest[None], N_FRAMES, axis=0)
    for name, track in tracks.items():
        poses[:, stage.index(name)] = track
    for name in absent:
        poses[:, stage.index(name)] = ABSENT
    return Take(poses, np.repeat(DAYLIGHT[None], N_FRAMES, axis=0) if light is None else light)


def cross(stage: Stage, context: Take, outcome: Take, context_parts: Collection[str]) -> Take:
    """The context's parts as in one take, everything else as in the other."""
    poses = outcome.poses.copy()
    for name in context_parts:
        poses[:, stage.index(name)] = context.poses[:, stage.index(name)]
    return Take(poses, outcome.light)
