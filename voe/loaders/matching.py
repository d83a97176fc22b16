"""Pairs by their first differing frame, where a data set has no key of its own.

Matched clips agree up to the violation. Of four clips of a scene, a clip's partner is the one that agrees
with it longest (Garrido et al. 2025 pair IntPhys so). Frames are compared raw, by the largest absolute
difference of a value: signed sums can cancel, and resizing hides small differences.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from voe.cache import cache_folder
from voe.clips import Clip
from voe.errors import CardError, ClipError

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


def matched_scene(clips: Sequence[Clip], tolerance: int = 0) -> list[tuple[Clip, Clip]]:
    """(possible, impossible) pairs of a scene of four clips, by their first differing frame.

    The clips are decoded the first time, and what was found is kept in the cache, under the names and
    sizes of their files. A scene in which two clips agree with the first equally long has no pairs, nor
    has one with a clip that cannot be read.

    Raises:
        CardError: a pair that is not one possible and one impossible clip.
    """
    place = cache_folder() / "matches" / f"{_digest(clips, tolerance)}.json"
    if place.is_file():
        found = json.loads(place.read_text(encoding="utf-8"))
    else:
        try:
            found = [list(pair) for pair in match_four([_frames(clip) for clip in clips], tolerance)]
        except ClipError as error:
            if "neither is its partner" not in str(error):
                return []  # a clip cannot be read: scoring says so, and takes its scene with it
            found = []
        place.parent.mkdir(parents=True, exist_ok=True)
        aside = place.with_suffix(".partial")
        aside.write_text(json.dumps(found), encoding="utf-8")
        aside.replace(place)
    pairs = []
    for first, second in found:
        one, other = clips[first], clips[second]
        if one.possible == other.possible:
            raise CardError(
                f"scene {one.scene!r}: {one.id} and {other.id} agree longest and have the same label, so "
                "they are no pair; its frames or its labels were changed"
            )
        pairs.append((one, other) if one.possible else (other, one))
    return pairs


def _frames(clip: Clip) -> Frames:
    from voe.video import decode

    [segment] = clip.segments
    stop = segment.stop if segment.stop is not None else 1 << 30
    return decode(segment.source, range(segment.start, stop)).frames


def _digest(clips: Sequence[Clip], tolerance: int) -> str:
    """Names, sizes and times of everything that the clips show."""
    seen: list[object] = [tolerance]
    for clip in clips:
        for segment in clip.segments:
            path = segment.source.path
            files = sorted(path.iterdir()) if path.is_dir() else [path]
            seen.append([segment.start, segment.stop, str(path.absolute())])
            seen += [[file.name, file.stat().st_size, file.stat().st_mtime_ns] for file in files]
    return hashlib.sha256(json.dumps(seen).encode()).hexdigest()[:24]
