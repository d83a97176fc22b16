"""Marginal detectors: what tells possible from impossible without relating context and outcome.

A detector turns each clip into numbers; a comparison's contrast is their sum over the impossible clips less
that over the possible ones, as in `voe.stats.interaction` and `voe.stats.difference`. In a spliced 2 x 2 each
frame, and each step within one rendering, occurs once with each sign, so every contrast here is exactly 0.
The step that leads over the splice does not: it relates context and outcome, and is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from voe.audit.comparisons import Bools, Comparison, Ints, Parts, parts_of
from voe.audit.pictures import Floats, ScenePictures
from voe.stats.measure import RELATIVE_TOLERANCE

POSITIONS = 48
"""Frames of each clip that are looked at one by one: evenly spread, first and last included."""
PATCHED = 16
"""Of these, how many are looked at patch by patch."""
BINS = 16
"""Parts of equal length into which a clip's steps are summed."""
STILLS = 4
"""Frames of context and of outcome that a classifier sees at once."""


@dataclass(frozen=True)
class Reading:
    """The contrasts of one comparison under one detector; 0 is a tie.

    `scores` [M] are single numbers, each a detector by itself; `vectors` are features for classifiers, one
    array [p] for each classifier. The first of both is the one that was fixed beforehand.
    """

    scores: Floats
    vectors: tuple[Floats, ...]


def positions(n_frames: int, n_positions: int = POSITIONS) -> Ints:
    """Frames of T, evenly spread from first to last, repeated where T is smaller: int64 [n_positions]."""
    return np.linspace(0, n_frames - 1, n_positions).round().astype(np.int64)


def contrast(comparison: Comparison, values: Mapping[str, Floats]) -> Floats:
    """Sum over impossible less sum over possible clips, entry by entry; rounding becomes 0.

    A difference within 1e-6 of the mean magnitude is rounding (`voe.stats.tolerance`).

    >>> pair = Comparison("", "", (), ("p",), ("i",), (), (), None, None, (), False)
    >>> contrast(pair, {"i": np.array([2.0, 1.0]), "p": np.array([1.5, 1.0 + 1e-12])}).tolist()
    [0.5, 0.0]
    """
    impossible = np.sum([values[clip] for clip in comparison.impossible], axis=0)
    possible = np.sum([values[clip] for clip in comparison.possible], axis=0)
    size = np.mean([np.abs(values[clip]) for clip in comparison.clips], axis=0)
    difference = impossible - possible
    return np.asarray(np.where(np.abs(difference) <= RELATIVE_TOLERANCE * size, 0.0, difference))


def read_pictures(comparison: Comparison, pictures: ScenePictures) -> dict[str, Reading]:
    """The detectors that look at pictures, on one comparison whose clips were all decoded.

    Clips of unequal length are compared over the frames that all have, from the first on.
    """
    looks = _looks(comparison, pictures)
    names = comparison.clips
    readings = {"single frames": _single_frames(comparison, looks)}
    for name in ("brightness", "contrast", "sharpness"):
        readings[name] = _by_frame(comparison, {clip: getattr(looks[clip], name) for clip in names})
    for name, part in (("context only", "context"), ("outcome only", "outcome")):
        readings[name] = _part_only(comparison, looks, part)
    readings["amount of motion"] = _amount(comparison, looks)
    readings["direction of motion"] = _direction(comparison, looks)
    readings["codec noise"] = _codec_noise(comparison, pictures, looks)
    return readings


@dataclass(frozen=True)
class _Look:
    """One clip as the detectors see it: its T frames and T - 1 steps."""

    keys: Ints
    parts: Parts
    brightness: Floats
    contrast: Floats
    sharpness: Floats
    patches: Floats
    thumbnails: Floats
    amount: Floats
    direction: Floats


def _looks(comparison: Comparison, pictures: ScenePictures) -> dict[str, _Look]:
    clips = {name: pictures.scene.clips[name] for name in comparison.clips}
    n_frames = min(len(clip.keys) for clip in clips.values())
    # Spans and violation are frames of the impossible clip; clips aligned at their end count differently.
    parts = parts_of(comparison, clips[comparison.impossible[0]].numbers[:n_frames])
    frames, steps = pictures.frames, pictures.steps
    looks = {}
    for name, clip in clips.items():
        keys = clip.keys[:n_frames]
        rows = pictures.steps_of(keys)
        looks[name] = _Look(
            keys, parts, frames.brightness[keys], frames.contrast[keys], frames.sharpness[keys],
            frames.patches[keys], frames.thumbnails[keys],
            np.where(parts.steps, steps.amount[rows], 0.0),
            np.where(parts.steps[:, None], steps.direction[rows], 0.0),
        )  # fmt: skip
    return looks


def _single_frames(comparison: Comparison, looks: Mapping[str, _Look]) -> Reading:
    """Scores: mean of all, then each patch of some positions. Classifiers: these, then each position."""
    n_frames = len(looks[comparison.clips[0]].keys)
    at, patched = positions(n_frames), positions(n_frames)[positions(POSITIONS, PATCHED)]
    patches = contrast(comparison, {c: look.patches[patched].ravel() for c, look in looks.items()})
    mean = contrast(comparison, {c: look.patches.mean(keepdims=True).ravel() for c, look in looks.items()})
    thumbnails = contrast(comparison, {c: look.thumbnails[at] for c, look in looks.items()})
    each = tuple(frame.ravel() for frame in thumbnails)
    return Reading(np.concatenate([mean, patches]), (patches, *each))


def _by_frame(comparison: Comparison, values: Mapping[str, Floats]) -> Reading:
    """Scores: the mean over the clip, then each position. Classifier: all positions at once."""
    at = positions(len(values[comparison.clips[0]]))
    each = contrast(comparison, {c: v[at] for c, v in values.items()})
    mean = contrast(comparison, {c: v.mean(keepdims=True) for c, v in values.items()})
    return Reading(np.concatenate([mean, each]), (each,))


def _part_only(comparison: Comparison, looks: Mapping[str, _Look], part: str) -> Reading:
    """Scores: means over the context (or the outcome) alone. Classifier: these and a few stills of it."""
    numbers, stills = {}, {}
    for name, look in looks.items():
        frames: Bools = getattr(look.parts, part)
        steps: Bools = getattr(look.parts, f"{part}_steps")
        means = [values[frames].mean() for values in (look.brightness, look.contrast, look.sharpness)]
        numbers[name] = np.array([*means, look.amount[steps].sum(), *look.direction[steps].sum(axis=0)])
        shown = np.flatnonzero(frames)
        chosen = shown[np.linspace(0, len(shown) - 1, STILLS).round().astype(np.int64)]
        stills[name] = look.thumbnails[chosen].ravel()
    scores = contrast(comparison, numbers)
    return Reading(scores, (np.concatenate([scores, contrast(comparison, stills)]),))


def _amount(comparison: Comparison, looks: Mapping[str, _Look]) -> Reading:
    """Scores: over the clip, then in each of BINS parts. Classifier: all parts."""
    binned = {name: _binned(look.amount) for name, look in looks.items()}
    parts = contrast(comparison, binned)
    total = contrast(comparison, {name: bins.sum(keepdims=True) for name, bins in binned.items()})
    return Reading(np.concatenate([total, parts]), (parts,))


def _direction(comparison: Comparison, looks: Mapping[str, _Look]) -> Reading:
    """Scores: across and down over the clip, its context and its outcome. Classifier: both in all parts."""
    sums, binned = {}, {}
    for name, look in looks.items():
        chosen = (look.parts.steps, look.parts.context_steps, look.parts.outcome_steps)
        sums[name] = np.concatenate([look.direction[steps].sum(axis=0) for steps in chosen])
        binned[name] = np.concatenate([_binned(look.direction[:, axis]) for axis in (0, 1)])
    return Reading(contrast(comparison, sums), (contrast(comparison, binned),))


def _binned(values: Floats) -> Floats:
    """Sums over BINS parts of nearly equal length: [T - 1] -> [BINS]."""
    if not len(values):
        return np.zeros(BINS)
    return np.asarray(np.bincount(np.arange(len(values)) * BINS // len(values), values, BINS), np.float64)


def _codec_noise(comparison: Comparison, pictures: ScenePictures, looks: Mapping[str, _Look]) -> Reading:
    """How much sharper the impossible clip is where it should show, and nearly shows, the same frame.

    Frames that are equal as decoded are free of codec noise, and frames that differ more than a codec makes
    them differ are another matter; neither is counted.
    """
    sharpness = np.zeros(1)
    for possible, impossible in (*comparison.before, *comparison.after):
        a, b = looks[possible], looks[impossible]
        before = (possible, impossible) in comparison.before
        part = _should_agree(a.parts, before, a.keys, b.keys, pictures)
        near = part & near_equal(pictures, a.keys, b.keys)
        if near.any():
            sharpness += (b.sharpness[near] - a.sharpness[near]).mean()
    size = np.mean([look.sharpness.mean() for look in looks.values()])
    noise = np.where(np.abs(sharpness) <= RELATIVE_TOLERANCE * size, 0.0, sharpness)
    return Reading(noise, (noise,))


def _should_agree(parts: Parts, before: bool, a: Ints, b: Ints, pictures: ScenePictures) -> Bools:
    """Frames that two matched clips should share; where no violation is stated, as long as they nearly do."""
    if not before:
        return parts.outcome
    if parts.stated:
        return ~parts.outcome
    alike = (a == b) | near_equal(pictures, a, b)
    return np.asarray(np.cumprod(alike).astype(np.bool_))


NEAR = 16.0
"""Grey levels that no part of 16 x 16 pixels may change by, on average, for two frames to be nearly equal."""


def near_equal(pictures: ScenePictures, a: Ints, b: Ints) -> Bools:
    """Where two clips (keys [T] each) show frames that differ, but by no more than lossy coding: bool [T]."""
    near = np.zeros(len(a), dtype=np.bool_)
    differs = np.flatnonzero(a != b)
    for i in differs.tolist():
        change = np.abs(pictures.pixels[a[i]] - pictures.pixels[b[i]]).mean(axis=0)
        near[i] = change.reshape(8, 16, 8, 16).mean(axis=(1, 3)).max() < NEAR
    return near
