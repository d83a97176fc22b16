"""What a person calls the numbers that the marginal detectors look at."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from voe.audit.marginal import BINS, PATCHED, POSITIONS, positions

_OVER_TIME = ("brightness", "contrast", "sharpness", "amount of motion", "direction of motion")
_OF_A_PART = (
    "brightness", "contrast", "sharpness", "amount of motion", "motion to the right", "motion downwards",
)  # fmt: skip


def frame_names(numbers: Sequence[Sequence[int]]) -> tuple[str, ...]:
    """Names of the POSITIONS frames: their numbers where all clips have the same, else places in the clip.

    Args:
        numbers: of each comparison, the numbers of its sampled frames.
    """
    looked_at = {tuple(np.asarray(frames)[positions(len(frames))].tolist()) for frames in numbers}
    if len(looked_at) == 1:
        frames = looked_at.pop()
        ends = {frames[-1]: "the last frame", frames[0]: "the first frame"}
        return tuple(ends.get(number, f"frame {number}") for number in frames)
    names = [f"the frame {100 * i / (POSITIONS - 1):.0f} % into the clip" for i in range(POSITIONS)]
    return "the first frame", *names[1:-1], "the last frame"


def score_names(detector: str, frames: tuple[str, ...], n_scores: int) -> list[str]:
    """What each of a detector's scores is, in the order of `Reading.scores`."""
    patches = [f"row {r}, column {c} of 4" for r in range(1, 5) for c in range(1, 5)]
    patched = [frames[i] for i in positions(POSITIONS, PATCHED)]
    places = ("", " in the context", " in the outcome")
    known = {
        "single frames": [
            "mean brightness",
            *(f"brightness of one patch ({patch}) of {frame}" for frame in patched for patch in patches),
        ],
        "context only": [f"{measure} of the context alone" for measure in _OF_A_PART],
        "outcome only": [f"{measure} of the outcome alone" for measure in _OF_A_PART],
        "amount of motion": [
            "amount of motion",
            *(f"amount of motion in part {i} of {BINS} of the clip" for i in range(1, BINS + 1)),
        ],
        "direction of motion": [
            f"motion {way}{place}" for place in places for way in ("to the right", "downwards")
        ],
        "resolution": ["height in pixels", "width in pixels"],
    }
    for name in ("brightness", "contrast", "sharpness"):
        known[name] = [f"{name} of the clip", *(f"{name} of {frame}" for frame in frames)]
    return known.get(detector, [detector] * n_scores)


def vector_names(detector: str, frames: tuple[str, ...]) -> list[str]:
    """What each of a detector's classifiers looks at, in the order of `Reading.vectors`."""
    if detector == "single frames":
        return ["the frames one by one", *frames]
    return [f"{detector} over the clip"] if detector in _OVER_TIME else [detector]
