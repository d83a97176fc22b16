"""Lessons in a flat world: what follows what is known, there are clips without end, and minutes will do.

As in `voe.training.lessons`, all pairings show the same halves equally often; they differ in which second
half follows which first. A lesson is about one concept: were there several, one would undo the other. Where
colours change in some scenes and shapes in others, either stays the same in half of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, get_args

import numpy as np
import numpy.typing as npt

from voe.errors import CardError
from voe.training.lessons import Pairing
from voe.worlds.flat import CONCEPTS, N_FRAMES, PROBE_SEEDS, Concept, filmed, flat_scene

_SHOWN: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "possible": (("a", "a"), ("b", "b")),
    "impossible": (("a", "b"), ("b", "a")),
    "scrambled": (("a", "a"), ("b", "b"), ("a", "b"), ("b", "a")),
}


MOST: Final = 2**31 - 1
"""The largest seed, and number of scenes."""


@dataclass(frozen=True)
class FlatLesson:
    """Clips of `voe.worlds.flat`: `scenes` scenes of one concept, drawn from `seed` when they are shown.

    `pairing`: 'possible' shows the possible clips of each scene, 'impossible' the impossible ones (an
    inverted world), 'scrambled' both alike. In `one_room` a context says nothing of an outcome but what
    the pairing makes it say (`voe.worlds.flat.flat_scene`). With `noise`, in grey levels, each clip is
    filmed: it has a grain of its own (`voe.worlds.flat.filmed`).
    """

    pairing: Pairing = "possible"
    concept: Concept = "colour-constancy"
    one_room: bool = False
    noise: float = 0.0
    scenes: int = 20_000
    seed: int = 7

    def __post_init__(self) -> None:
        for key, kind in (("pairing", Pairing), ("concept", Concept)):
            if getattr(self, key) not in get_args(kind):
                raise CardError(
                    f"flat lesson: {key} is {getattr(self, key)!r}; it must be one of "
                    f"{', '.join(get_args(kind))}"
                )
        if not 0.0 <= self.noise <= 255.0:
            raise CardError(f"flat lesson: noise is {self.noise}; it is in grey levels, and lies in 0..255")
        if not 1 <= self.scenes <= MOST or not 0 <= self.seed <= MOST or self.seed in PROBE_SEEDS:
            raise CardError(
                f"flat lesson: scenes is {self.scenes}, seed {self.seed}; scenes must lie in 1..{MOST}, the "
                f"seed in 0..{MOST}, and it must be none of the probes' ({', '.join(map(str, PROBE_SEEDS))})"
            )


@dataclass(frozen=True)
class FlatFootage:
    """The clips of a lesson, drawn when they are asked for; a clip is one window."""

    lesson: FlatLesson
    size: int

    @property
    def count(self) -> int:
        """How many clips there are."""
        return self.lesson.scenes * len(_SHOWN[self.lesson.pairing])

    @property
    def length(self) -> int:
        """Frames of each clip."""
        return N_FRAMES

    def clips(self, numbers: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
        """The clips of these numbers: uint8 [n, 16, size, size, 3]."""
        shown = _SHOWN[self.lesson.pairing]
        first = CONCEPTS.index(self.lesson.concept)
        made = []
        for number in numbers.tolist():
            scene = flat_scene(
                self.lesson.seed, first + len(CONCEPTS) * (number // len(shown)), self.size,
                one_room=self.lesson.one_room,
            )  # fmt: skip
            clip = scene.clip(*shown[number % len(shown)])
            if self.lesson.noise:
                grain = np.random.default_rng([self.lesson.seed, 1, number])
                clip = filmed(clip, self.lesson.noise, grain)
            made.append(clip)
        return np.stack(made)
