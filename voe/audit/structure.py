"""Structure: what a set of matched clips promises by its design, checked on the decoded frames."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from voe.audit.comparisons import Comparison, Ints
from voe.audit.findings import Check, FirstDifference, Severity
from voe.audit.marginal import near_equal
from voe.audit.pictures import ScenePictures
from voe.clips import Label, StimulusSet
from voe.stats import adjust
from voe.words import counted

ALPHA = 0.05
MOST_VALUES = 20
"""A column with more values than this is a measurement or a name, not a condition."""


@dataclass(frozen=True)
class Structure:
    """What is kept of one comparison: lengths in frames, whether frames balance, where clips first differ."""

    lengths: tuple[int, ...]
    balanced: bool
    first_differences: tuple[FirstDifference, ...]


def read_structure(comparison: Comparison, pictures: ScenePictures) -> Structure:
    """The structure of one comparison whose clips were all decoded."""
    clips = {name: pictures.scene.clips[name] for name in comparison.clips}
    shown = [
        Counter(key for name in names for key in clips[name].keys.tolist())
        for names in (comparison.possible, comparison.impossible)
    ]
    return Structure(
        tuple(clip.n_frames for clip in clips.values()),
        shown[0] == shown[1],
        tuple(_first_difference(comparison, pictures, *pair) for pair in comparison.before),
    )


def clip_digests(pictures: ScenePictures) -> dict[str, str]:
    """A digest of all that each clip shows, comparable between scenes."""
    frames = [hashlib.blake2b(frame.tobytes(), digest_size=16).digest() for frame in pictures.pixels]
    return {
        name: hashlib.blake2b(b"".join(frames[key] for key in clip.keys), digest_size=16).hexdigest()
        for name, clip in pictures.scene.clips.items()
    }


def _first_difference(
    comparison: Comparison, pictures: ScenePictures, possible: str, impossible: str
) -> FirstDifference:
    clips = pictures.scene.clips
    n_frames = min(len(clips[name].keys) for name in (possible, impossible))
    a, b = (clips[name].keys[:n_frames] for name in (possible, impossible))
    numbers = clips[impossible].numbers[:n_frames]
    differs = np.flatnonzero(a != b)
    violation = comparison.outcome_starts
    frame = int(numbers[differs[0]]) if len(differs) else None
    kind = _kind(comparison, pictures, (a, b), numbers, differs)
    return FirstDifference(comparison.name, comparison.scene, possible, impossible, frame, violation, kind)


def _kind(
    comparison: Comparison, pictures: ScenePictures, keys: tuple[Ints, Ints], numbers: Ints, differs: Ints
) -> str:
    violation = comparison.outcome_starts
    if not len(differs):
        return "never"
    at_start = keys[0][0] != keys[1][0]
    if at_start and not near_equal(pictures, keys[0][:1], keys[1][:1]).any():
        return "unmatched"
    if violation is None:
        return "no violation stated"
    early = differs[numbers[differs] < violation]
    if len(early):
        near = near_equal(pictures, keys[0][early], keys[1][early])
        return "codec noise" if near.all() else "early"
    expected = int(np.searchsorted(numbers, violation))
    return "as stated" if differs[0] == expected else "late"


def check_structure(
    stimuli: StimulusSet,
    comparisons: Sequence[Comparison],
    structures: Sequence[Structure],
    digests: Mapping[str, str],
    failures: Mapping[str, str],
    *,
    left_out: Sequence[str] = (),
) -> tuple[Check, ...]:
    """All checks of a set; `failures` maps clips that cannot be read to the reason, `left_out` names the
    comparisons that could not be made."""
    return (
        _readable(failures, left_out),
        _lengths(stimuli, comparisons, structures),
        _up_to_the_violation(comparisons, structures),
        _frame_balance(comparisons, structures),
        _label_balance(stimuli),
        _duplicates(stimuli, digests),
    )


def _readable(failures: Mapping[str, str], left_out: Sequence[str]) -> Check:
    name = "clips can be read"
    if failures:
        return Check(
            name, "FAULT", f"{counted(len(failures), 'clip')} cannot be read", tuple(failures.values())
        )
    if left_out:
        message = f"{counted(len(left_out), 'comparison')} between clips of two scenes, not looked at"
        return Check(name, "FAULT", message, tuple(left_out))
    return Check(name, "ok", "every clip was decoded from its first frame to its last")


def _lengths(
    stimuli: StimulusSet, comparisons: Sequence[Comparison], structures: Sequence[Structure]
) -> Check:
    name = "equal lengths"
    unequal = [
        f"{c.name}: {', '.join(f'{clip} {n}' for clip, n in zip(c.clips, s.lengths, strict=True))} frames"
        for c, s in zip(comparisons, structures, strict=True)
        if len(set(s.lengths)) > 1
    ]
    if not unequal:
        return Check(name, "ok", "the clips of each comparison have as many frames")
    severity: Severity = "note" if stimuli.align == "end" else "FAULT"
    word = "; the card aligns them at their end" if severity == "note" else ""
    message = f"in {len(unequal)} of {counted(len(comparisons), 'comparison')}, clips of unequal length{word}"
    return Check(name, severity, message, tuple(unequal))


def _up_to_the_violation(comparisons: Sequence[Comparison], structures: Sequence[Structure]) -> Check:
    name = "equal frames up to the violation"
    designed = {c.name for c in comparisons if c.is_quadruplet}
    found = [first for s in structures for first in s.first_differences]
    kinds = Counter(first.kind for first in found)
    listed = ", ".join(f"{n} {kind}" for kind, n in kinds.most_common())
    if not found:
        return Check(name, "note", "no clips are matched up to a violation")
    # Where most clips are unlike from the first frame on, the set was never meant to match frame by frame.
    excused = {"unmatched"} if kinds["unmatched"] > len(found) / 2 else set()
    faulty = [
        first
        for first in found
        if first.kind in {"early", "never", "unmatched"} - excused
        or (first.kind == "codec noise" and first.comparison in designed)
    ]
    examples = tuple(_in_words(first) for first in found if first.kind != "as stated")
    if faulty:
        examples = tuple(_in_words(first) for first in faulty)
        return Check(name, "FAULT", f"{len(faulty)} of {len(found)} matched clips: {listed}", examples)
    severity: Severity = "ok" if set(kinds) <= {"as stated"} else "note"
    return Check(name, severity, f"matched clips first differ: {listed}", examples)


def _in_words(first: FirstDifference) -> str:
    stated = "" if first.violation_frame is None else f", the violation is at frame {first.violation_frame}"
    if first.kind == "never":
        return f"{first.possible} and {first.impossible} show the same frames throughout{stated}"
    how = {
        "codec noise": " (slightly: they were encoded apart)",
        "early": " (too early)",
        "late": " (later than stated)",
        "unmatched": " (nothing matches)",
    }.get(first.kind, "")
    return f"{first.possible} and {first.impossible} differ from frame {first.frame} on{how}{stated}"


def _frame_balance(comparisons: Sequence[Comparison], structures: Sequence[Structure]) -> Check:
    """Each frame as often in possible as in impossible clips; a duty of quadruplets that share files."""
    name = "each frame as often in possible as in impossible clips"
    quads = [(c, s) for c, s in zip(comparisons, structures, strict=True) if c.is_quadruplet]
    if not quads:
        return Check(name, "note", "a property of 2 x 2 designs, and the set has none: pairs must differ")
    unbalanced = [c for c, s in quads if not s.balanced]
    n = len(quads)
    if not unbalanced:
        return Check(name, "ok", f"by content, in all {n} quadruplets")
    examples = tuple(c.name for c in unbalanced)
    message = f"not so in {len(unbalanced)} of {n} quadruplets"
    if len(unbalanced) == n and not any(c.spliced for c in unbalanced):
        return Check(name, "note", f"{message}, which share no files: they were made afresh")
    return Check(name, "FAULT", message, examples)


def _label_balance(stimuli: StimulusSet) -> Check:
    """Labels alike under each condition, by Fisher's exact test with Holm's correction over conditions."""
    from scipy.stats import fisher_exact

    name = "labels balanced by condition"
    labels = [clip.label for clip in stimuli.clips]
    totals = (labels.count(Label.POSSIBLE), labels.count(Label.IMPOSSIBLE))
    counts, restating = _conditions(stimuli)
    if not counts:
        if restating:
            return Check(name, "note", f"the columns {', '.join(restating)} restate the label")
        return Check(name, "ok", "there are no conditions that differ between clips")
    p_values = {
        key: float(fisher_exact(np.array([n, (totals[0] - n[0], totals[1] - n[1])]))[1])
        for key, n in counts.items()
    }
    words = {key: f"{key}: {n[0]} possible, {n[1]} impossible" for key, n in counts.items()}
    unfair = tuple(words[key] for key, p in adjust(p_values).items() if p <= ALPHA)
    if unfair:
        return Check(name, "FAULT", "a condition tells possible from impossible", unfair)
    odd = tuple(words[key] for key, n in counts.items() if n[0] * totals[1] != n[1] * totals[0])
    if odd:
        return Check(name, "note", f"not exactly, under {len(odd)} of {len(counts)} conditions", odd)
    return Check(name, "ok", f"under all {len(counts)} conditions")


def _conditions(stimuli: StimulusSet) -> tuple[dict[str, tuple[int, int]], list[str]]:
    """Possible and impossible clips under each 'column = value', and the columns that restate the label."""
    columns: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(lambda: [0, 0]))
    for clip in stimuli.clips:
        for column, value in clip.tags.items():
            if clip.label is not None:
                columns[column][value][clip.label is Label.IMPOSSIBLE] += 1
    varied = {name: values for name, values in columns.items() if 1 < len(values) <= MOST_VALUES}
    restating = [name for name, values in varied.items() if all(0 in counts for counts in values.values())]
    counts = {
        f"{name} = {value or '(empty)'}": (n[0], n[1])
        for name, values in varied.items()
        for value, n in values.items()
        if name not in restating
    }
    return counts, restating


def _duplicates(stimuli: StimulusSet, digests: Mapping[str, str]) -> Check:
    name = "no clip twice"
    clips: dict[str, list[str]] = defaultdict(list)
    for clip, digest in digests.items():
        clips[digest].append(clip)
    repeated = [names for names in clips.values() if len(names) > 1]
    if not repeated:
        return Check(name, "ok", f"all {len(digests)} clips show something different")
    both = [names for names in repeated if len({stimuli.clip(clip).label for clip in names}) > 1]
    message = f"{counted(len(repeated), 'group')} of clips that show the same frames"
    if both:
        message += f", {len(both)} of them with both labels"
    return Check(name, "FAULT", message, tuple(", ".join(names) for names in (*both, *repeated)))
