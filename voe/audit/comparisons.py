"""What is compared with what, and which frames of a clip are its context and its outcome."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from voe.clips import Clip, Match, Pair, Quadruplet, StimulusSet

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Comparison:
    """A quadruplet, or a pair that belongs to none: clip ids and what is known of their design.

    `before` holds the (possible, impossible) clips that should show the same frames until the violation,
    `after` those that should show the same outcome. The context ends before frame `context_ends`, the
    outcome starts at `outcome_starts` (None: not stated). At a frame in `cuts` some clip of the comparison
    changes its source or violates what is possible, so the step that leads there is no motion of one event.
    """

    name: str
    scene: str
    concepts: tuple[str, ...]
    possible: tuple[str, ...]
    impossible: tuple[str, ...]
    before: tuple[tuple[str, str], ...]
    after: tuple[tuple[str, str], ...]
    context_ends: int | None
    outcome_starts: int | None
    cuts: tuple[int, ...]
    spliced: bool

    @property
    def clips(self) -> tuple[str, ...]:
        """All clip ids, the impossible ones first."""
        return (*self.impossible, *self.possible)

    @property
    def is_quadruplet(self) -> bool:
        """Whether it is a 2 x 2."""
        return len(self.clips) == 4


@dataclass(frozen=True)
class Parts:
    """Which of the T sampled frames are context and outcome: bool [T]; and which steps: bool [T - 1].

    A step leads from one sampled frame to the next; none leads over a cut. `stated` is False where the data
    set does not say where the outcome starts: then the clip is cut in its middle.
    """

    context: Bools
    outcome: Bools
    steps: Bools
    stated: bool

    @property
    def context_steps(self) -> Bools:
        """Steps within the context."""
        return np.asarray(self.context[:-1] & self.context[1:] & self.steps)

    @property
    def outcome_steps(self) -> Bools:
        """Steps within the outcome."""
        return np.asarray(self.outcome[:-1] & self.outcome[1:] & self.steps)


def comparisons_of(stimuli: StimulusSet) -> tuple[Comparison, ...]:
    """The quadruplets of a set, then the pairs whose clips are not both in one quadruplet."""
    quads = {clip: quad for quad in stimuli.quadruplets for clip in quad.clips}
    loose = [
        pair
        for pair in stimuli.pairs
        if quads.get(pair.possible) is None or quads.get(pair.possible) is not quads.get(pair.impossible)
    ]
    return (
        *(_of_quadruplet(quad, stimuli) for quad in stimuli.quadruplets),
        *(_of_pair(pair, stimuli) for pair in loose),
    )


def parts_of(comparison: Comparison, numbers: Ints) -> Parts:
    """Context, outcome and steps of a clip whose T sampled frames have these numbers."""
    steps = np.ones(max(len(numbers) - 1, 0), dtype=np.bool_)
    for cut in comparison.cuts:
        steps &= ~((numbers[:-1] < cut) & (cut <= numbers[1:]))
    ends, starts = comparison.context_ends, comparison.outcome_starts
    if ends is not None and starts is not None:
        context, outcome = numbers < ends, numbers >= starts
        if context.any() and outcome.any():
            return Parts(context, outcome, steps, stated=True)
    first_half = np.arange(len(numbers)) < len(numbers) // 2
    return Parts(first_half, ~first_half, steps, stated=False)


def _of_quadruplet(quad: Quadruplet, stimuli: StimulusSet) -> Comparison:
    clips = [stimuli.clip(name) for name in quad.clips]
    violation = next((c.violation_frame for c in clips if c.violation_frame is not None), None)
    starts = violation if quad.outcome_starts is None else quad.outcome_starts
    return Comparison(
        name=quad.id,
        scene=quad.scene,
        concepts=quad.concepts,
        possible=(quad.aa, quad.bb),
        impossible=(quad.ab, quad.ba),
        before=((quad.aa, quad.ab), (quad.bb, quad.ba)),
        after=((quad.bb, quad.ab), (quad.aa, quad.ba)),
        context_ends=starts if quad.context_ends is None else quad.context_ends,
        outcome_starts=starts,
        cuts=_cuts(clips),
        spliced=_share_sources(clips),
    )


def _of_pair(pair: Pair, stimuli: StimulusSet) -> Comparison:
    clips = [stimuli.clip(name) for name in pair.clips]
    both, outcome = (pair.clips,), pair.match is Match.OUTCOME
    return Comparison(
        name=f"{pair.possible} | {pair.impossible}",
        scene=pair.scene,
        concepts=pair.concepts,
        possible=(pair.possible,),
        impossible=(pair.impossible,),
        before=() if outcome else both,
        after=both if outcome else (),
        context_ends=clips[1].violation_frame,
        outcome_starts=clips[1].violation_frame,
        cuts=_cuts(clips),
        spliced=_share_sources(clips),
    )


def _cuts(clips: Iterable[Clip]) -> tuple[int, ...]:
    """Frames at which a clip changes its source, and violation frames, sorted."""
    return tuple(sorted({frame for clip in clips for frame in _cuts_of(clip)}))


def _cuts_of(clip: Clip) -> Iterator[int]:
    if clip.violation_frame is not None:
        yield clip.violation_frame
    offset = 0
    for segment, following in pairwise(clip.segments):
        offset += segment.n_frames or 0
        if segment.source != following.source or segment.stop != following.start:
            yield offset


def _share_sources(clips: Iterable[Clip]) -> bool:
    """Whether two of the clips show frames of the same file."""
    files = [frozenset(segment.source.path for segment in clip.segments) for clip in clips]
    return any(a & b for i, a in enumerate(files) for b in files[i + 1 :])
