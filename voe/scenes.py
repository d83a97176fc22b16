"""The clips of a scene -> the frames that a model is fed, each distinct frame held once.

Every source is decoded once, in sequence, and only the frames that the protocol looks at are kept.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from voe.clips import Align, Clip, Segment, Source
from voe.errors import ClipError
from voe.frames import FramePool
from voe.protocols import Protocol
from voe.video import Backend, decode, frame_rate
from voe.windows import sample_stream

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class ClipFrames:
    """One clip as sampled: T frames, of which `keys` says which row of `Scene.frames` each is.

    `numbers` are int64 [T] on the clip's own timeline, `keys` int64 [T]. `n_frames` counts the clip's
    frames before sampling, `size` is their height and width before resizing. `verified` is False where the
    medium has no duration against which completeness could be judged.
    """

    numbers: npt.NDArray[np.int64]
    keys: npt.NDArray[np.int64]
    n_frames: int
    fps: float | None
    verified: bool
    size: tuple[int, int]


@dataclass(frozen=True)
class Scene:
    """The decoded clips of one scene.

    `frames` is float32 [U, 3, h, w] in 0..255, resized; equal frames are one row. `failures` holds the
    error of each clip that could not be read; such a clip is not in `clips`.
    """

    name: str
    frames: Tensor
    clips: Mapping[str, ClipFrames]
    failures: Mapping[str, ClipError]


@dataclass(frozen=True)
class _Plan:
    """One clip before its sources are decoded: `skip` frames at its start are not looked at."""

    clip: Clip
    fps: float | None
    protocol: Protocol
    skip: int = 0

    def sampled(self) -> Iterator[int]:
        """Frame numbers on the clip's timeline, without an end."""
        return (self.skip + k for k in sample_stream(self.protocol, self.fps))

    def wanted(self, source: Source) -> Iterator[int]:
        """Ascending frame numbers of one source that the clip shows and the protocol looks at."""
        offset, streams = 0, []
        for segment in self.clip.segments:
            end = None if segment.n_frames is None else offset + segment.n_frames
            if segment.source == source:
                streams.append(_between(self.sampled(), offset, end, segment.start - offset))
            offset += segment.n_frames or 0
        return _ascending(streams)


@dataclass(frozen=True)
class _SourceFrames:
    """What one source gave: pool rows by frame number."""

    rows: Mapping[int, int]
    n_frames: int
    verified: bool
    size: tuple[int, int]


def read_scene(
    name: str,
    clips: Sequence[Clip],
    protocol: Protocol,
    size: tuple[int, int],
    *,
    align: Align = "strict",
    backend: Backend = "pyav",
) -> Scene:
    """Decode, sample and resize the clips of a scene; every source is decoded once.

    With `align='end'` the longer clips of the scene lose their first frames, so that all end together (those
    that share `Clip.aligned_with`).
    A clip that cannot be read goes to `failures` and takes no other clip with it.
    """
    failures: dict[str, ClipError] = {}
    plans: list[_Plan] = []
    for clip in clips:
        try:
            plans.append(_Plan(clip, _clip_fps(clip), protocol))
            plans[-1].sampled()
        except ClipError as error:
            failures[clip.id] = _naming(error, clip)
    plans = [plan for plan in plans if plan.clip.id not in failures]
    if align == "end":
        plans = _aligned_at_end(plans, backend, failures)
    pool = FramePool(size, protocol.resize)
    sources: dict[Source, _SourceFrames | ClipError] = {}
    for source in dict.fromkeys(s.source for plan in plans for s in plan.clip.segments):
        wanted = _ascending([plan.wanted(source) for plan in plans])
        sources[source] = _read_source(source, wanted, backend, pool)
    read: dict[str, ClipFrames] = {}
    for plan in plans:
        try:
            read[plan.clip.id] = _assemble(plan, sources)
        except ClipError as error:
            failures[plan.clip.id] = _naming(error, plan.clip)
    return Scene(name, pool.tensor(), read, failures)


def _read_source(
    source: Source, wanted: Iterator[int], backend: Backend, pool: FramePool
) -> _SourceFrames | ClipError:
    """Decode one source into the pool; its error, if any, belongs to every clip that shows it."""
    try:
        decoded = decode(source, wanted, backend)
    except ClipError as error:
        return error
    rows = pool.add(decoded.frames).tolist()
    return _SourceFrames(
        dict(zip(decoded.numbers.tolist(), rows, strict=True)),
        decoded.n_frames,
        decoded.verified,
        (decoded.frames.shape[1], decoded.frames.shape[2]),
    )


def _assemble(plan: _Plan, sources: Mapping[Source, _SourceFrames | ClipError]) -> ClipFrames:
    """Follow the edit list of a clip whose sources are decoded.

    Raises:
        ClipError: a source failed, or has fewer frames than a segment asks for; segments differ in size; the
            violation is stated after the last frame.
    """
    shown: list[tuple[int, int]] = []  # (frame on the clip's timeline, pool row)
    sizes: dict[Source, tuple[int, int]] = {}
    offset, verified = 0, True
    for segment in plan.clip.segments:
        source = sources[segment.source]
        if isinstance(source, ClipError):
            raise source
        length = _stop(segment, source.n_frames) - segment.start
        numbers = _between(plan.sampled(), offset, offset + length, 0)
        shown += [(k, source.rows[k - offset + segment.start]) for k in numbers]
        sizes[segment.source] = source.size
        offset, verified = offset + length, verified and source.verified
    step = plan.protocol.frame_step
    if plan.protocol.whole_steps and step is not None and shown and shown[-1][0] + step > offset:
        del shown[-1]
    numbers_and_keys = np.array(shown, dtype=np.int64).reshape(-1, 2)
    _require_violation(plan.clip, offset)
    size = _one_size(sizes)
    return ClipFrames(numbers_and_keys[:, 0], numbers_and_keys[:, 1], offset, plan.fps, verified, size)


def _one_size(sizes: Mapping[Source, tuple[int, int]]) -> tuple[int, int]:
    """The picture size (height, width) of a clip's files.

    Raises:
        ClipError: they differ.
    """
    if len(set(sizes.values())) > 1:
        listed = ", ".join(f"{source.path} {w} x {h}" for source, (h, w) in sizes.items())
        raise ClipError(f"its segments have different picture sizes ({listed}); re-encode them to one size")
    return next(iter(sizes.values()))


def _require_violation(clip: Clip, n_frames: int) -> None:
    """Raise ClipError where the violation of a clip is stated to be after its last frame."""
    if clip.violation_frame is not None and clip.violation_frame >= n_frames:
        raise ClipError(
            f"its violation is said to begin at frame {clip.violation_frame}, and it has {n_frames} frames "
            f"(0..{n_frames - 1}); correct violation_frame"
        )


def _aligned_at_end(plans: Sequence[_Plan], backend: Backend, failures: dict[str, ClipError]) -> list[_Plan]:
    """Skip the first frames of the longer clips; a first pass over the files counts their frames."""
    lengths: dict[str, int] = {}
    counts: dict[Source, int] = {}
    for plan in plans:
        try:
            lengths[plan.clip.id] = _n_frames(plan.clip, counts, backend)
        except ClipError as error:
            failures[plan.clip.id] = _naming(error, plan.clip)
    shortest: dict[str, int] = {}
    kept = [plan for plan in plans if plan.clip.id in lengths]
    for plan in kept:
        group, length = plan.clip.aligned_with, lengths[plan.clip.id]
        shortest[group] = min(length, shortest.get(group, length))
    return [
        _Plan(plan.clip, plan.fps, plan.protocol, lengths[plan.clip.id] - shortest[plan.clip.aligned_with])
        for plan in kept
    ]


def _n_frames(clip: Clip, counts: dict[Source, int], backend: Backend) -> int:
    """Length of a clip; `counts` remembers what has been counted."""
    total = 0
    for segment in clip.segments:
        if segment.source not in counts:
            counts[segment.source] = decode(segment.source, (), backend).n_frames
        total += _stop(segment, counts[segment.source]) - segment.start
    return total


def _stop(segment: Segment, n_frames: int) -> int:
    """The end of a segment of a source that has `n_frames`.

    Raises:
        ClipError: it asks for frames that the source does not have.
    """
    stop = n_frames if segment.stop is None else segment.stop
    if stop > n_frames or segment.start >= stop:
        raise ClipError(
            f"{segment.source.path}: frames {segment.start}..{stop} are asked for and it has {n_frames}; "
            "correct start and stop in the manifest"
        )
    return stop


def _clip_fps(clip: Clip) -> float | None:
    """The frame rate of a clip, None where it is unknown.

    Raises:
        ClipError: a file that cannot be opened, or segments of different rates.
    """
    sources = dict.fromkeys(segment.source for segment in clip.segments)
    rates: dict[Source, float | None] = {source: frame_rate(source) for source in sources}
    first, *others = rates.values()
    if any(rate != first for rate in others):
        listed = ", ".join(f"{source.path.name} {rate} fps" for source, rate in rates.items())
        raise ClipError(f"its segments have different frame rates ({listed}); re-encode them to one rate")
    return first


def _between(numbers: Iterator[int], start: int, stop: int | None, shift: int) -> Iterator[int]:
    """`number + shift` for the ascending numbers within start..stop (half-open; None: without an end)."""
    for number in numbers:
        if stop is not None and number >= stop:
            return
        if number >= start:
            yield number + shift


def _ascending(streams: Sequence[Iterator[int]]) -> Iterator[int]:
    """Merge ascending streams, each number once."""
    return (number for number, _ in itertools.groupby(heapq.merge(*streams)))


def _naming(error: ClipError, clip: Clip) -> ClipError:
    """The same error, naming the clip."""
    text = str(error)
    return error if repr(clip.id) in text else type(error)(f"clip {clip.id!r}: {text}")
