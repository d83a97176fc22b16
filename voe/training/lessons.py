"""Lessons: probe scenes as training video, with context and outcome paired rightly, at random, or wrongly.

A control on the measure and the learner, not a way to acquire physics. All three pairings show the same
frames equally often; they differ in which outcome follows which context. Who learns that contingency must
end above chance after possible lessons, at chance after scrambled ones, and below it after impossible ones.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, get_args

import numpy as np
import numpy.typing as npt

from voe.cards import read_stimuli_card
from voe.clips import Quadruplet, Source
from voe.errors import CardError
from voe.loaders.manifest import load_manifest
from voe.video import decode
from voe.worlds.build import SetPlan
from voe.worlds.ondemand import plan_of, render_cached

Pairing = Literal["possible", "scrambled", "impossible"]
PAIRINGS: Final[tuple[Pairing, ...]] = get_args(Pairing)
Moments = Literal["all", "decisive"]
FRAME_STEP: Final = 2
"""Every second frame is shown, as in scoring."""
WINDOW, CONTEXT = 16, 8
"""Frames of a decisive moment, and how many of them come before what is to be predicted."""


@dataclass(frozen=True)
class Lesson:
    """Probe scenes in the appearance of the set that ships, from another seed.

    `pairing`: 'possible' shows the possible clips of each scene, 'impossible' the impossible ones (an
    inverted world), 'scrambled' both alike. `without` names concepts that are left out. `scenes` are of each
    concept. `moments`: 'all' shows whole clips; 'decisive' only their windows of 16 frames whose first half
    holds frames in which the contexts differ and none in which the outcomes do, and whose second half is the
    other way round. The first half then says of the second only what the pairing makes it say.
    """

    pairing: Pairing = "possible"
    scenes: int = 30
    seed: int = 7
    without: tuple[str, ...] = ()
    moments: Moments = "all"

    def __post_init__(self) -> None:
        if self.pairing not in get_args(Pairing):
            raise CardError(
                f"lesson: pairing is {self.pairing!r}; it must be one of {', '.join(get_args(Pairing))}"
            )
        if self.moments not in get_args(Moments):
            raise CardError(f"lesson: moments is {self.moments!r}; it must be 'all' or 'decisive'")
        if self.scenes < 1 or self.seed < 0:
            raise CardError(
                f"lesson: scenes is {self.scenes}, seed {self.seed}; scenes must be at least 1, and the seed "
                "not negative"
            )
        if self.seed == plan_of(read_stimuli_card("builtin")).seed:
            raise CardError(f"lesson: seed {self.seed} is that of the set that ships; choose another")

    def plan(self, size: int) -> SetPlan:
        """The set to render; all concepts, so that lessons that leave some out share it."""
        return SetPlan(plan_of(read_stimuli_card("builtin")).cards, self.scenes, self.seed, size)

    def clips(self, scene: Quadruplet) -> tuple[str, ...]:
        """The clips of a scene that the lesson shows."""
        if set(scene.concepts) & set(self.without):
            return ()
        possible, impossible = (scene.aa, scene.bb), (scene.ab, scene.ba)
        return {"possible": possible, "impossible": impossible}.get(self.pairing, possible + impossible)


@dataclass(frozen=True)
class Taught:
    """The clips of a lesson in memory: each is a list of frames, and a frame is held once.

    `frames` uint8 [U, size, size, 3]; `keys` int64 [count, length], the rows that each clip shows.
    """

    frames: npt.NDArray[np.uint8]
    keys: npt.NDArray[np.int64]

    @property
    def count(self) -> int:
        """How many clips there are."""
        return len(self.keys)

    @property
    def length(self) -> int:
        """Frames of each clip."""
        return int(self.keys.shape[1])

    def clips(self, numbers: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
        """The clips of these numbers: uint8 [n, length, size, size, 3]."""
        return self.frames[self.keys[numbers]]


def taught(lesson: Lesson, size: int, *, progress: Callable[[int, int], None] | None = None) -> Taught:
    """The clips of a lesson; its scenes are rendered once and kept.

    Raises:
        CardError: a concept that is to be left out does not exist.
    """
    plan = lesson.plan(size)
    if unknown := set(lesson.without) - set(plan.cards):
        raise CardError(f"lesson: there is no concept {min(unknown)!r} to leave out; there are {plan.cards}")
    stimuli = load_manifest(render_cached(plan, "lessons", progress=progress), name="lessons")
    by_id = {clip.id: clip for clip in stimuli.clips}
    first_row: dict[Source, int] = {}
    frames: list[npt.NDArray[np.uint8]] = []
    keys = []
    for scene, name in ((quad, name) for quad in stimuli.quadruplets for name in lesson.clips(quad)):
        shown: list[int] = []
        for segment in by_id[name].segments:
            if segment.source not in first_row:
                first_row[segment.source] = sum(map(len, frames))
                frames.append(decode(segment.source, itertools.count()).frames)
            row, n_frames = first_row[segment.source], segment.n_frames or 0
            shown += range(row + segment.start, row + segment.start + n_frames)
        rows = np.array(shown[::FRAME_STEP], dtype=np.int64)
        keys.append(rows[None] if lesson.moments == "all" else rows[_decisive(scene, len(rows))])
    return Taught(np.concatenate(frames), np.concatenate(keys))


def _decisive(scene: Quadruplet, n_frames: int) -> npt.NDArray[np.int64]:
    """Positions of the frames of each decisive window: int64 [W, 16]."""
    windows = np.arange(n_frames - WINDOW + 1)[:, None] + np.arange(WINDOW)
    numbers = FRAME_STEP * windows

    def shown(part: npt.NDArray[np.int64], start: int | None, stop: int | None) -> npt.NDArray[np.bool_]:
        """Whether a frame of a part of each window lies in a span; an open end has none."""
        inside = (part >= (0 if start is None else start)) & (part < (np.inf if stop is None else stop))
        return np.asarray(inside.any(axis=1))

    before, after = numbers[:, :CONTEXT], numbers[:, CONTEXT:]
    context, outcome = (scene.context_starts, scene.context_ends), (scene.outcome_starts, scene.outcome_ends)
    kept = shown(before, *context) & ~shown(before, *outcome) & shown(after, *outcome)
    return np.asarray(windows[kept & ~shown(after, *context)])
