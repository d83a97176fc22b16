"""What is shown: clips, pairs, quadruplets and sets of them. Frozen data; nothing here opens a file.

A clip is an *edit list*: a sequence of segments, each a half-open range of frames of one source. An
impossible clip of a spliced design is [frames 0..k of A, frames k.. of B], so it shares its frames with the
possible clips by identity. All frame numbers below are on the clip's own timeline unless they are a
segment's, which are on its source's.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal

from voe.errors import CardError, ClipError

Align = Literal["strict", "end"]


RESERVED = frozenset(
    (
        *(
            "quadruplet",
            "scene",
            "concepts",
            "concept",
            "stream",
            "context",
            "status",
            "n_windows",
            "contrast",
        ),
        *("contrast_max", "mean_surprise", "tau", "score", "possible", "impossible", "match", "measure"),
    )
)
"""Columns of the tables of results: no condition may bear such a name."""

EVERYTHING = "all"
"""The row over all concepts: no concept may bear this name."""


class Label(enum.Enum):
    """Whether the event of a clip can happen."""

    POSSIBLE = "possible"
    IMPOSSIBLE = "impossible"


@dataclass(frozen=True)
class Source:
    """Where frames come from: a video file, a folder of images (one a frame, in natural order), or a record.

    `fps` is given where the medium does not know it (an image folder); a video file knows its own. `part`
    says which clip of a container it is (`voe.video.records`).
    """

    path: Path
    kind: Literal["video", "images", "record"] = "video"
    fps: float | None = None
    part: str = ""


@dataclass(frozen=True)
class Segment:
    """Frames `start..stop` (half-open) of a source; `stop=None` means up to its last frame."""

    source: Source
    start: int = 0
    stop: int | None = None

    def __post_init__(self) -> None:
        if self.start < 0 or (self.stop is not None and self.stop <= self.start):
            raise CardError(
                f"segment of {self.source.path}: frames {self.start}..{self.stop} hold nothing; "
                "start must be 0 or more and stop greater than start (half-open)"
            )

    @property
    def n_frames(self) -> int | None:
        """Number of frames, or None where only decoding can tell."""
        return None if self.stop is None else self.stop - self.start


@dataclass(frozen=True)
class Clip:
    """One video as it is shown to a model, with its label where it has one.

    `scene` is what is read and scored together; clips that are compared must share it.
    `violation_frame` is the first frame at which an impossible clip departs from what is possible.
    Under `align = "end"` the clips of a scene that share `aligned_with` lose their first frames together.
    """

    id: str
    scene: str
    label: Label | None
    segments: tuple[Segment, ...]
    violation_frame: int | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    aligned_with: str = ""

    def __post_init__(self) -> None:
        if not self.segments:
            raise CardError(f"clip {self.id!r} has no segment; name at least one video or frame folder")
        if any(s.stop is None for s in self.segments[:-1]):
            raise CardError(
                f"clip {self.id!r}: only its last segment may be open-ended; give `stop` for the others"
            )

    @property
    def possible(self) -> bool:
        """True for a possible clip.

        Raises:
            ClipError: the clip is unlabelled. A missing label is never 'possible'.
        """
        if self.label is None:
            raise ClipError(f"clip {self.id!r} has no label, so whether it is possible cannot be read")
        return self.label is Label.POSSIBLE


class Match(enum.Enum):
    """What the two clips of a pair have in common in a context x outcome design."""

    OUTCOME = "outcome-matched"
    """The same outcome after different contexts: the surprise of seeing it cannot come from the outcome."""
    PREFIX = "prefix-matched"
    """The same context before different outcomes: identical frames up to the violation."""
    NONE = "matched by the data set"


@dataclass(frozen=True)
class Pair:
    """A possible and an impossible clip (ids) that are compared with each other.

    `scene` is the cluster of the statistics: comparisons of one set-up share it and are not independent. It
    is the clips' own scene, or wider than that (one set-up seen by several cameras).
    """

    possible: str
    impossible: str
    scene: str
    concepts: tuple[str, ...]
    match: Match = Match.NONE
    conditions: Mapping[str, str] = field(default_factory=dict)

    @property
    def clips(self) -> tuple[str, str]:
        """Both clip ids."""
        return (self.possible, self.impossible)


@dataclass(frozen=True)
class Quadruplet:
    """Two contexts crossed with two outcomes: aa and bb are possible, ab and ba impossible (clip ids).

    `ab` is the clip with context A and outcome B. The contexts differ only within frames
    `context_starts..context_ends`, the outcomes only within `outcome_starts..outcome_ends` (half-open). All
    four are None where a data set does not state them: then every window counts as informative.
    """

    id: str
    scene: str
    concepts: tuple[str, ...]
    aa: str
    ab: str
    ba: str
    bb: str
    context_starts: int | None = None
    context_ends: int | None = None
    outcome_starts: int | None = None
    outcome_ends: int | None = None
    conditions: Mapping[str, str] = field(default_factory=dict)

    @property
    def clips(self) -> tuple[str, str, str, str]:
        """The ids in the order aa, ab, ba, bb."""
        return (self.aa, self.ab, self.ba, self.bb)


@dataclass(frozen=True)
class StimulusSet:
    """Clips, their pairs and, where the design has them, their quadruplets.

    `protocols` maps 'default' and model families ('latent', 'pixel', ...) to what the card's paper used.
    `align` says what happens to clips of unequal length that are compared: 'strict' refuses them, 'end'
    drops the first frames of the longer one. `note` must stand above every table of results. `block` is the
    condition that holds the data set's own blocks, `own_metrics` names its own measures (`voe.own_metrics`).
    An `unlabelled` set is scored for a submission: nothing in it can be compared here.
    """

    name: str
    clips: tuple[Clip, ...]
    pairs: tuple[Pair, ...]
    quadruplets: tuple[Quadruplet, ...] = ()
    align: Align = "strict"
    protocols: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    card_hash: str = ""
    root: Path = Path()
    note: str = ""
    block: str = ""
    own_metrics: tuple[str, ...] = ()
    unlabelled: bool = False

    def __post_init__(self) -> None:
        seen: set[str] = set()
        for clip in self.clips:
            if clip.id in seen:
                raise CardError(
                    f"stimuli {self.name!r}: two clips are called {clip.id!r}; ids must be unique"
                )
            seen.add(clip.id)
        designs: tuple[Pair | Quadruplet, ...] = (*self.pairs, *self.quadruplets)
        for design in designs:
            for clip_id in design.clips:
                if clip_id not in seen:
                    raise CardError(f"stimuli {self.name!r}: {design!r} names an unknown clip {clip_id!r}")
        for design in designs:
            if len({self.clip(clip_id).scene for clip_id in design.clips}) > 1:
                raise CardError(f"stimuli {self.name!r}: {design!r} compares clips of different scenes")
        self._require_names(designs)
        for pair in self.pairs:
            self._require_labels(pair.clips, (True, False), f"pair of scene {pair.scene!r}")
        for quad in self.quadruplets:
            self._require_labels(quad.clips, (True, False, False, True), f"quadruplet {quad.id!r}")

    def _require_names(self, designs: tuple[Pair | Quadruplet, ...]) -> None:
        """Conditions and concepts must not be called what the tables of results call their own columns."""
        for design in designs:
            taken = RESERVED.intersection(design.conditions)
            if taken:
                raise CardError(
                    f"stimuli {self.name!r}: a condition (an extra column) is called {min(taken)!r}, which "
                    "is a column of the results; give it another name"
                )
            if EVERYTHING in design.concepts:
                raise CardError(
                    f"stimuli {self.name!r}: a concept is called {EVERYTHING!r}, which is the name of the "
                    "row over all concepts; give it another name"
                )

    def _require_labels(self, ids: tuple[str, ...], possible: tuple[bool, ...], what: str) -> None:
        for clip_id, wanted in zip(ids, possible, strict=True):
            if self.clip(clip_id).possible is not wanted:
                word = "possible" if wanted else "impossible"
                raise CardError(f"stimuli {self.name!r}, {what}: clip {clip_id!r} is not labelled {word}")

    @cached_property
    def _by_id(self) -> dict[str, Clip]:
        return {clip.id: clip for clip in self.clips}

    def clip(self, clip_id: str) -> Clip:
        """The clip of that id (KeyError where there is none)."""
        return self._by_id[clip_id]

    @cached_property
    def scenes(self) -> dict[str, tuple[Clip, ...]]:
        """Scene name -> its clips, both in the order of the set."""
        grouped: dict[str, list[Clip]] = {}
        for clip in self.clips:
            grouped.setdefault(clip.scene, []).append(clip)
        return {scene: tuple(clips) for scene, clips in grouped.items()}

    @cached_property
    def _pairs_by_scene(self) -> dict[str, list[Pair]]:
        grouped: dict[str, list[Pair]] = {}
        for pair in self.pairs:
            grouped.setdefault(self.clip(pair.possible).scene, []).append(pair)
        return grouped

    @cached_property
    def _quadruplets_by_scene(self) -> dict[str, list[Quadruplet]]:
        grouped: dict[str, list[Quadruplet]] = {}
        for quad in self.quadruplets:
            grouped.setdefault(self.clip(quad.aa).scene, []).append(quad)
        return grouped

    def pairs_of(self, scene: str) -> tuple[Pair, ...]:
        """The pairs of the clips of one scene."""
        return tuple(self._pairs_by_scene.get(scene, ()))

    def quadruplets_of(self, scene: str) -> tuple[Quadruplet, ...]:
        """The quadruplets of the clips of one scene."""
        return tuple(self._quadruplets_by_scene.get(scene, ()))

    def designs_of(self, scene: str) -> tuple[Quadruplet | Pair, ...]:
        """The comparisons of the clips of one scene, quadruplets first."""
        return (*self.quadruplets_of(scene), *self.pairs_of(scene))

    @cached_property
    def concepts(self) -> tuple[str, ...]:
        """Every concept that a pair or a quadruplet measures, in order of first appearance."""
        designs: tuple[Pair | Quadruplet, ...] = (*self.quadruplets, *self.pairs)
        return tuple(dict.fromkeys(concept for design in designs for concept in design.concepts))
