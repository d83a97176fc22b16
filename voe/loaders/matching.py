"""Pairs by their first differing frame, where a data set has no key of its own.

Matched clips agree up to the violation. Of four clips of a scene, a clip's partner is the one that agrees
with it longest (Garrido et al. 2025 pair IntPhys so). Frames are compared raw, by the largest absolute
difference of a value: signed sums can cancel, and resizing hides small differences.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from voe.errors import ClipError

Frames = npt.NDArray[np.integer]


def first_difference(one: Frames, other: Frames, tolerance: int = 0) -> int:
    """The first frame in which two clips [T, ...] differ by more than `tolerance`; T if none does.

    Raises:
        ClipError: clips of different shape.

    >>> first_difference(np.array([[1], [2], [3]]), np.array([[1], [2], [4]]))
    2
    """
    if one.shape != other.shape:
        raise ClipError(f"comparing clips frame by frame: their shapes are {one.shape} and {other.shape}")
    apart = (
        np.abs(one.astype(np.int64) - other.astype(np.int64)).reshape(len(one), -1).max(axis=1) > tolerance
    )
    return int(np.argmax(apart)) if apart.any() else len(one)


def match_four(clips: Sequence[Frames], tolerance: int = 0) -> tuple[tuple[int, int], tuple[int, int]]:
    """Two pairs of four clips: the first clip with the one that agrees with it longest, and the other two.

    Args:
        clips: four clips, [T, ...] each.
        tolerance: the largest difference of a value that codec noise may make.

    Returns:
        ((0, partner), (the others)), by position.

    Raises:
        ClipError: not four clips of one shape, or two that agree with the first equally long.

    >>> clips = [np.array([1, 1, 1]), np.array([1, 2, 2]), np.array([1, 1, 2]), np.array([2, 2, 1])]
    >>> match_four(clips)
    ((0, 2), (1, 3))
    """
    if len(clips) != 4:
        raise ClipError(f"matching clips by their first differing frame: there are {len(clips)} and not 4")
    departs = [first_difference(clips[0], clip, tolerance) for clip in clips[1:]]
    latest = [position for position, frame in enumerate(departs, start=1) if frame == max(departs)]
    if len(latest) > 1:
        raise ClipError(
            f"matching clips by their first differing frame: clips {', '.join(map(str, latest))} both depart "
            f"from clip 0 at frame {max(departs)} (tolerance {tolerance}), so neither is its partner"
        )
    partner = latest[0]
    rest = [position for position in (1, 2, 3) if position != partner]
    return (0, partner), (rest[0], rest[1])
