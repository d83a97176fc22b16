"""Which clips can be compared, window by window or by a judge, and why the others cannot.

Clips that differ in more than the event (their length, rate, picture size) differ in surprise for that alone,
so such a comparison is refused with its reason and never scored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from voe.clips import Align, Clip, Pair, Quadruplet, StimulusSet
from voe.runs import JOINED, Failure
from voe.video import SAME_RATE


class HowRead(Protocol):
    """How a clip was read: int64 `numbers` of its sampled frames, its frames before sampling, its rate, and
    height and width before resizing.
    """

    @property
    def numbers(self) -> npt.NDArray[np.int64]: ...
    @property
    def n_frames(self) -> int: ...
    @property
    def fps(self) -> float | None: ...
    @property
    def size(self) -> tuple[int, int]: ...


def sampled_alike(numbers: Sequence[npt.NDArray[np.int64]], *, aligned: bool) -> bool:
    """Whether clips have as many sampled frames; where they share a timeline (`aligned`), the same ones."""
    first, *others = numbers
    return all(np.array_equal(first, one) if aligned else len(first) == len(one) for one in others)


def equal_rates(fps: Sequence[float | None]) -> bool:
    """Whether all frame rates that are known agree within 1 %, so that windows cover the same time."""
    known = [rate for rate in fps if rate is not None and np.isfinite(rate)]
    return not known or max(known) <= (1 + SAME_RATE) * min(known)


def equal_sizes(sizes: Sequence[tuple[int, int] | None]) -> bool:
    """Whether all picture sizes (height, width) that are known are the same."""
    return len({size for size in sizes if size is not None}) <= 1


def beyond(quad: Quadruplet, n_frames: int) -> str:
    """The span of a quadruplet that its clips, of `n_frames`, do not have; empty where they have all."""
    for kind in ("context", "outcome"):
        span = span_of(quad, kind)
        if span is not None and span[1] > n_frames:
            return f"{kind} in frames {span[0]}..{span[1]}"
    return ""


def span_of(quad: Quadruplet, kind: str) -> tuple[int, int] | None:
    """Frames `start..stop` of the 'context' or the 'outcome' of a quadruplet; None where it states none."""
    start, stop = getattr(quad, f"{kind}_starts"), getattr(quad, f"{kind}_ends")
    return None if start is None or stop is None else (start, stop)


def unequal(
    stimuli: StimulusSet, scene: str, read: Mapping[str, HowRead], *, every: bool = False
) -> list[Failure]:
    """The comparisons of a scene whose clips cannot be compared, of those whose clips were all `read`.

    Lengths must agree unless the card aligns the clips at their ends, and in a 2 x 2 always: its spans are
    on one timeline. Pairs of a quadruplet that is refused already are named too with `every` alone.
    """
    failures: list[Failure] = []
    refused: list[set[str]] = []
    for design in stimuli.designs_of(scene):
        clips = set(design.clips)
        if not clips <= read.keys() or (not every and any(clips <= named for named in refused)):
            continue
        of_design = {clip_id: read[clip_id] for clip_id in design.clips}
        names = {clip_id: stimuli.clip(clip_id) for clip_id in of_design}
        reason = _why_not(design, of_design, names, stimuli.align)
        if reason:
            refused.append(clips)
            failures.append(Failure(scene, JOINED.join(design.clips), "comparison", reason))
    return failures


def _why_not(
    design: Pair | Quadruplet, read: Mapping[str, HowRead], clips: Mapping[str, Clip], align: Align
) -> str:
    """Why the clips of a design cannot be compared; empty where they can."""
    lengths = {clip_id: frames.n_frames for clip_id, frames in read.items()}
    must_agree = align == "strict" or isinstance(design, Quadruplet)
    alike = sampled_alike([frames.numbers for frames in read.values()], aligned=must_agree)
    other_rates = not equal_rates([frames.fps for frames in read.values()])

    def listed(values: Mapping[str, object]) -> str:
        return ", ".join(f"{one} ({files_of(clips[one])}) {value}" for one, value in values.items())

    if not equal_sizes([frames.size for frames in read.values()]):
        sizes = {clip_id: f"{frames.size[1]} x {frames.size[0]}" for clip_id, frames in read.items()}
        return f"clips of unequal picture size, in pixels: {listed(sizes)}; re-encode them to one size"
    if other_rates or (len(set(lengths.values())) == 1 and not alike):
        rates = {clip_id: frames.fps for clip_id, frames in read.items()}
        return f"clips of unequal frame rate, in fps: {listed(rates)}; re-encode them to one rate"
    if must_agree and len(set(lengths.values())) > 1:
        or_aligned = "" if isinstance(design, Quadruplet) else ", or a card with align = 'end'"
        return (
            f"clips of unequal length, in frames: {listed(lengths)}; give start and stop in the manifest so "
            f"that they agree{or_aligned}"
        )
    if isinstance(design, Quadruplet) and (span := beyond(design, min(lengths.values()))):
        return (
            f"quadruplet {design.id!r} states its {span}, and its clips have {min(lengths.values())} "
            "frames; correct the spans in the manifest"
        )
    return ""


def files_of(clip: Clip) -> str:
    """The files of a clip, each once."""
    return ", ".join(dict.fromkeys(str(segment.source.path) for segment in clip.segments))
