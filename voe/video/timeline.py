"""When the frames of a video are shown: its frame rate, and whether it ends where it should.

Completeness is judged by time, never by a frame count in the header: that is 0 for Matroska, MPEG-TS and
fragmented MP4, and counts hidden frames in an MP4 that was trimmed without re-encoding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt

from voe.errors import VideoError

Stamp = tuple[int | None, int]
"""When a frame is shown, and for how long, in ticks; None: its container does not say."""

EVEN_WITHIN = 0.25
"""Frames are evenly spaced if none is shown further than this from its place (in frames). Containers that
round times to milliseconds stay below an eighth at 120 fps; one frame too few is at least a half."""


@dataclass(frozen=True)
class Timeline:
    """Presentation times and durations of the frames that are shown, in ticks, in presentation order.

    `times` and `durations` are int64 [n]; `times` is None where the source gives its frames no times (raw
    streams) or times that run backwards. `tick` is the length of a tick in seconds.
    """

    n_frames: int
    times: npt.NDArray[np.int64] | None
    durations: npt.NDArray[np.int64]
    tick: Fraction

    @classmethod
    def of(cls, stamps: Sequence[Stamp], tick: Fraction) -> Timeline:
        """A timeline of frames as they are shown; one time that is missing or not later makes all unknown."""
        known = np.asarray([time for time, _ in stamps if time is not None], dtype=np.int64)
        orderly = len(known) == len(stamps) > 0 and bool(np.all(np.diff(known) > 0))
        durations = np.asarray([duration for _, duration in stamps], dtype=np.int64)
        return cls(len(stamps), known if orderly else None, durations, tick)

    @property
    def interval_s(self) -> float:
        """Seconds from one frame to the next: the median, or the only frame's duration (0: unknown)."""
        if self.times is None or self.n_frames == 0:
            return 0.0
        ticks = np.median(np.diff(self.times)) if self.n_frames > 1 else self.durations[0]
        return float(ticks) * float(self.tick)

    @property
    def first_s(self) -> float:
        """When the first frame is shown, in seconds (0: unknown)."""
        return 0.0 if self.times is None else float(self.times[0] * self.tick)

    @property
    def end_s(self) -> float:
        """When the last frame has been shown, in seconds (0: unknown)."""
        if self.times is None:
            return 0.0
        return float(self.times[-1] * self.tick) + max(float(self.durations[-1] * self.tick), self.interval_s)

    def rate(self, nominal: Sequence[Fraction | None] = ()) -> float | None:
        """Frames a second, or None where times are unknown or frames are not evenly spaced.

        The first of the `nominal` rates (the header's) that the times bear out is returned, since times are
        often rounded and 30000/1001 is not; otherwise (n - 1) / (last - first time), if that fits.

        >>> ms = Fraction(1, 1000)
        >>> Timeline.of([(0, 33), (33, 33), (67, 33), (100, 33)], ms).rate([Fraction(30)])
        30.0
        >>> print(Timeline.of([(0, 33), (33, 33), (100, 33), (133, 33)], ms).rate([Fraction(30)]))
        None
        """
        rates = [float(rate) for rate in nominal if rate]
        if self.times is None or self.n_frames == 0:
            return None
        if self.n_frames == 1:
            return rates[0] if rates else None
        seconds = (self.times - self.times[0]) * float(self.tick)
        for rate in (*rates, (self.n_frames - 1) / float(seconds[-1])):
            if np.abs(seconds * rate - np.arange(self.n_frames)).max() <= EVEN_WITHIN:
                return rate
        return None


def check_reaches(path: Path, timeline: Timeline, reached_s: float, promised_s: float) -> None:
    """Raise VideoError where a video ends a whole frame or more before the end that its header promises.

    Less than a frame may be missing: a trim need not fall between two frames. Both ends in seconds on the
    same clock; `reached_s` is the end of the last frame (or of the last packet of any stream, where only the
    whole file promises a length).
    """
    frame_s = max(timeline.interval_s, float(timeline.durations[-1] * timeline.tick))
    if promised_s - reached_s < frame_s - min(float(timeline.tick), frame_s / 20):
        return
    raise VideoError(
        f"reading the video {path}: it ends after {reached_s:.2f} s ({timeline.n_frames} frames), but its "
        f"header promises {promised_s:.2f} s{about_frames(promised_s, timeline.interval_s)}. It is cut off: "
        "copy or download it again. If the shorter video is what you want, re-encode it, so that header and "
        "frames agree: ffmpeg -i OLD -c:v libx264rgb -qp 0 NEW.mp4"
    )


def about_frames(seconds: float, interval_s: float) -> str:
    """`" (about 100 frames)"`, or nothing where the interval is unknown."""
    return f" (about {round(seconds / interval_s)} frames)" if interval_s > 0 else ""
