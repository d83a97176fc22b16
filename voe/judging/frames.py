"""The frames of a clip that a judge is shown, and the proof that they hold what matters."""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from voe.adapters.judge import ShownClip
from voe.clips import Clip, Quadruplet, Source
from voe.errors import ClipError
from voe.judging.plan import Asking
from voe.video import Backend, decode, frame_rate

if TYPE_CHECKING:
    from voe.video.decoded import Decoded

UNKNOWN_RATE = 24.0
"""Frames a second of clips that do not know their own rate."""

Frames = npt.NDArray[np.uint8]


def sampled_numbers(n_frames: int, clip_fps: float | None, asking: Asking) -> npt.NDArray[np.int64]:
    """Frame numbers of a clip that are shown: int64 [n], ascending, from the first frame to the last.

    At `fps` frames a second where that makes no more than `frames` of them, else evenly spread.

    >>> sampled_numbers(96, 24.0, Asking(frames=5)).tolist()
    [0, 24, 48, 71, 95]
    >>> sampled_numbers(96, 24.0, Asking(frames=5, fps=1)).tolist()
    [0, 24, 48, 72]
    """
    if asking.fps is not None:
        step = max((clip_fps or UNKNOWN_RATE) / asking.fps, 1.0)
        at_rate = np.floor(np.arange(0, n_frames, step) + 1e-6).astype(np.int64)
        if len(at_rate) <= asking.frames:
            return at_rate
    n = min(asking.frames, n_frames)
    return np.rint(np.linspace(0, n_frames - 1, n)).astype(np.int64)


def shows_both(quad: Quadruplet, numbers: Sequence[int]) -> bool:
    """Whether the frames hold at least one in which the contexts differ, and one in which the outcomes do."""
    spans = ((quad.context_starts, quad.context_ends), (quad.outcome_starts, quad.outcome_ends))
    return all(
        start is None or stop is None or any(start <= number < stop for number in numbers)
        for start, stop in spans
    )


@dataclass(frozen=True)
class ClipFacts:
    """How a clip was read: `voe.comparable.HowRead`."""

    numbers: npt.NDArray[np.int64]
    n_frames: int
    fps: float | None
    size: tuple[int, int]


@dataclass(frozen=True)
class ReadClips:
    """Clips as a judge is shown them, how each was read, and the error of each that could not be."""

    shown: Mapping[str, ShownClip]
    facts: Mapping[str, ClipFacts]
    failures: Mapping[str, ClipError]


def read_clips(clips: Sequence[Clip], asking: Asking, backend: Backend = "pyav") -> ReadClips:
    """The shown frames of the clips of a scene, and what could not be read. Every source is read in sequence.

    Under the control of the run frames are replaced: 'blank' by grey, 'single-frame' by the last one,
    'shuffled' by another order, drawn from the clip's name.
    """
    lengths: dict[Source, int] = {}
    shown: dict[str, ShownClip] = {}
    facts: dict[str, ClipFacts] = {}
    failures: dict[str, ClipError] = {}
    for clip in clips:
        try:
            rate, n_frames = _rate(clip), _length(clip, lengths, backend)
            numbers = sampled_numbers(n_frames, rate, asking)
            whole = _frames(clip, numbers, lengths, backend)
        except ClipError as error:
            failures[clip.id] = error
            continue
        span = int(numbers[-1] - numbers[0]) / (rate or UNKNOWN_RATE)
        fps = (len(numbers) - 1) / span if span else 1.0
        facts[clip.id] = ClipFacts(numbers, n_frames, rate, (whole.shape[1], whole.shape[2]))
        frames = _controlled(_resized(whole, asking.size), clip.id, asking)
        frames.setflags(write=False)  # the next question shows them too
        shown[clip.id] = ShownClip(clip.id, frames, fps, tuple(numbers.tolist()))
    return ReadClips(shown, facts, failures)


def _rate(clip: Clip) -> float | None:
    source = clip.segments[0].source
    return source.fps if source.fps is not None else frame_rate(source)


def _length(clip: Clip, lengths: dict[Source, int], backend: Backend) -> int:
    """Frames of the clip; sources are counted once."""
    total = 0
    for segment in clip.segments:
        if segment.source not in lengths:
            lengths[segment.source] = decode(segment.source, (), backend).n_frames
        there = lengths[segment.source]
        stop = there if segment.stop is None else segment.stop
        if stop > there or segment.start >= there:
            raise ClipError(
                f"clip {clip.id!r}: {segment.source.path} has {there} frames, and frames "
                f"{segment.start}..{stop} are wanted; correct start and stop"
            )
        total += stop - segment.start
    return total


def _frames(
    clip: Clip, numbers: npt.NDArray[np.int64], lengths: Mapping[Source, int], backend: Backend
) -> Frames:
    """Those frames of a clip, through its edit list: uint8 [n, H, W, 3]."""
    offset, pieces = 0, []
    for segment in clip.segments:
        stop = lengths[segment.source] if segment.stop is None else segment.stop
        end = offset + stop - segment.start
        inside = numbers[(numbers >= offset) & (numbers < end)] - offset + segment.start
        if len(inside):
            decoded: Decoded = decode(segment.source, inside.tolist(), backend)
            pieces.append(decoded.frames)
        offset = end
    if len({piece.shape[1:] for piece in pieces}) > 1:
        raise ClipError(f"clip {clip.id!r}: its segments have frames of different sizes; re-encode them")
    return np.concatenate(pieces)


def _resized(frames: Frames, longer: int | None) -> Frames:
    """At most `longer` pixels along the longer side."""
    height, width = frames.shape[1:3]
    if longer is None or max(height, width) <= longer:
        return frames
    from PIL import Image

    scale = longer / max(height, width)
    size = (max(round(width * scale), 1), max(round(height * scale), 1))
    return np.stack(
        [np.asarray(Image.fromarray(frame).resize(size, Image.Resampling.LANCZOS)) for frame in frames]
    )


def _controlled(frames: Frames, clip: str, asking: Asking) -> Frames:
    if asking.control == "blank":
        return np.full_like(frames, 128)
    if asking.control == "single-frame":
        return np.repeat(frames[-1:], len(frames), axis=0)
    if asking.control == "shuffled":
        generator = np.random.default_rng(zlib.crc32(clip.encode()))
        order = generator.permutation(len(frames))
        return np.ascontiguousarray(frames[order])
    return frames


def scene_clips(names: Sequence[str], by_id: Mapping[str, Clip]) -> list[Clip]:
    """The clips of those ids, each once, in order."""
    return [by_id[name] for name in dict.fromkeys(itertools.chain(names))]
