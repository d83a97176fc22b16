"""Whether a 2 x 2 is sound, measured on the rendered frames: two takes -> spans and splice, or a refusal.

A scene has two takes, A (context a, outcome a) and B (context b, outcome b). In the impossible clips one
take follows the other, spliced where nothing of the difference can be seen, so every property below is
checked on pixels and not taken from the plan. Visible variants have no such place, and are held to less.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from voe.errors import VoeError
from voe.worlds.stage import ABSENT, corners
from voe.worlds.takes import Scene

FRAME_STEP: Final = 2
WINDOW_FRAMES: Final = 32
"""One window: 16 samples, every second frame."""
MAX_HIDDEN: Final = 24
"""A window less its shortest context: (16 - 4) samples of 2 frames. A hidden span must be shorter."""

OCCLUDED: Final = "occluded"
"""The variant that is the probe proper; others are controls."""

Frames = npt.NDArray[np.uint8]


class DesignError(VoeError):
    """A rendered scene breaks a rule of the 2 x 2 design."""


@dataclass(frozen=True)
class Spans:
    """Where contexts and outcomes differ, half-open, and the frame `splice` at which takes are joined."""

    context_starts: int
    context_ends: int
    outcome_starts: int
    outcome_ends: int
    splice: int

    @property
    def hidden(self) -> int:
        """Frames between context and outcome during which the takes are one and the same."""
        return max(self.outcome_starts - self.context_ends, 0)


def measure(a: Frames, b: Frames, middle: int, who: str) -> Spans:
    """The spans in which two takes differ, from their frames uint8 [T, H, W, 3].

    Raises:
        DesignError: they differ at `middle`, or do not differ before it or after it.
    """
    differs = (a != b).any(axis=(1, 2, 3))
    before, after = np.flatnonzero(differs[:middle]), middle + np.flatnonzero(differs[middle:])
    if differs[middle]:
        raise DesignError(
            f"{who}, frame {middle}: the takes still differ there ({_count(a, b, middle)} pixels), so what "
            "should be hidden can be seen"
        )
    for which, frames in (("context", before), ("outcome", after)):
        if not len(frames):
            raise DesignError(f"{who}: the {which}s of the two takes cannot be told apart")
    first, last, event, end = int(before[0]), int(before[-1]) + 1, int(after[0]), int(after[-1]) + 1
    return Spans(first, last, event, end, splice=(last + event) // 2)


def measure_visible(clips: Mapping[str, Frames], splice: int, who: str) -> Spans:
    """The spans of a scene that hides nothing, from its clips aa, ab, ba, bb.

    Contexts differ where clips of the same outcome do, outcomes where clips of the same context do.

    Raises:
        DesignError: contexts or outcomes cannot be told apart, or an outcome shows within a window of an
            end of the clip.
    """
    spans = []
    for which, pairs in (("context", ("aa ba", "ab bb")), ("outcome", ("aa ab", "ba bb"))):
        differs = np.zeros(len(clips["aa"]), dtype=bool)
        for one, other in (pair.split() for pair in pairs):
            differs |= (clips[one] != clips[other]).any(axis=(1, 2, 3))
        frames = np.flatnonzero(differs)
        if not len(frames):
            raise DesignError(f"{who}: the {which}s of the takes cannot be told apart")
        spans += [int(frames[0]), int(frames[-1]) + 1]
    measured = Spans(spans[0], spans[1], spans[2], spans[3], splice)
    if not WINDOW_FRAMES <= measured.outcome_starts <= len(clips["aa"]) - WINDOW_FRAMES:
        raise DesignError(
            f"{who}: outcome_starts is frame {measured.outcome_starts}; it must lie a window from both ends"
        )
    return measured


def check(a: Frames, b: Frames, spans: Spans, who: str, *, disjoint: bool = True) -> None:
    """Refuse spans that no window could use, and context and outcome that meet in a pixel.

    Args:
        disjoint: what is revealed must lie where nothing entered; a change of light is everywhere.

    Raises:
        DesignError: naming the scene, the frame and the rule.
    """
    last = len(a) - WINDOW_FRAMES
    for name, frame in (("context_ends", spans.context_ends), ("outcome_starts", spans.outcome_starts)):
        if not WINDOW_FRAMES <= frame <= last:
            raise DesignError(
                f"{who}: {name} is frame {frame}; it must lie in {WINDOW_FRAMES}..{last}, a window from "
                "both ends of the clip"
            )
    if spans.hidden >= MAX_HIDDEN:
        raise DesignError(
            f"{who}, frames {spans.context_ends}..{spans.outcome_starts}: hidden for {spans.hidden} frames; "
            f"at most {MAX_HIDDEN - 1}, or no window spans it"
        )
    splice = spans.splice
    for start, stop in ((spans.context_ends, splice), (splice, spans.outcome_starts)):
        if not any(frame % FRAME_STEP == 0 for frame in range(start, stop)):
            raise DesignError(
                f"{who}, frame {splice}: hidden for only {spans.hidden} frames; on each side of the splice "
                "at least one sampled frame must be the same in both takes"
            )
    entry = (a[:splice] != b[:splice]).any(axis=(0, 3))
    reveal = (a[splice:] != b[splice:]).any(axis=(0, 3))
    if disjoint and (entry & reveal).any():
        row, column = np.argwhere(entry & reveal)[0]
        raise DesignError(
            f"{who}, pixel row {row}, column {column}: both contexts and outcomes differ there "
            f"({int((entry & reveal).sum())} such pixels); what is revealed must lie where nothing entered"
        )


def check_in_picture(scene: Scene, who: str) -> None:
    """Refuse an object that the picture's edge cuts.

    Raises:
        DesignError: naming the object and the frame.
    """
    for name in scene.objects:
        i = scene.stage.index(name)
        for take in (scene.a, scene.b):
            for frame in range(len(take.poses)):
                pose = take.poses[frame, i]
                if pose[2] <= ABSENT[2]:
                    continue
                at = scene.stage.camera.project(corners(scene.stage.parts[i], pose))
                if at.min() < 0.0 or at.max() > 1.0:
                    raise DesignError(f"{who}, frame {frame}: the {name} is cut by the edge of the picture")


def _count(a: Frames, b: Frames, frame: int) -> int:
    return int((a[frame] != b[frame]).any(axis=-1).sum())
