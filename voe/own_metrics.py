"""A benchmark's own measure, beside ours: from a run, block by block, as the benchmark's authors define it.

It is described, not tested: the headline stays the measure that was fixed beforehand. The surprise of a
clip is the mean over all of its windows at the primary context.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from voe.clips import EVERYTHING as ALL
from voe.clips import Clip, StimulusSet
from voe.contrasts import Curves
from voe.errors import CardError, did_you_mean
from voe.stats.benchmarks import (
    inflevel_accuracy,
    intphys_absolute_error,
    intphys_relative_error,
    likephys_ppe,
)

Surprises = Mapping[str, float]


@dataclass(frozen=True)
class OwnMetric:
    """One value of a benchmark's own measure: a share, of `n` units; `better` is 'higher' or 'lower'."""

    metric: str
    block: str
    value: float
    n: int
    better: str
    definition: str


def own_metrics(stimuli: StimulusSet, curves: Curves, stream: str) -> list[OwnMetric]:
    """The measures that the set's card names, by block and over all.

    Raises:
        CardError: the card names a measure that there is not.
    """
    found: list[OwnMetric] = []
    for name in stimuli.own_metrics:
        if name not in _METRICS:
            raise CardError(
                f"stimuli {stimuli.name!r}: [metrics] names {name!r}.{did_you_mean(name, _METRICS)} Known: "
                f"{', '.join(_METRICS)}"
            )
        found += _METRICS[name](stimuli, clip_surprises(curves, stream))
    return found


def clip_surprises(curves: Curves, stream: str) -> dict[str, float]:
    """Mean surprise of each scored clip over all windows, at the primary context."""
    context = curves.protocol.primary_context or curves.protocol.contexts[0]
    return {clip: float(curves.of(clip, stream, context).mean()) for clip in curves.numbers}


def _blocks(stimuli: StimulusSet, surprises: Surprises) -> Iterator[tuple[str, list[Clip]]]:
    """Each block's clips that were scored, then those of all."""
    clips = [clip for clip in stimuli.clips if clip.id in surprises]
    for block in dict.fromkeys(clip.tags.get("block", "") for clip in clips):
        yield block, [clip for clip in clips if clip.tags.get("block", "") == block]
    yield ALL, clips


def _intphys_relative(stimuli: StimulusSet, surprises: Surprises) -> list[OwnMetric]:
    quads = [quad for quad in stimuli.quadruplets if all(clip in surprises for clip in quad.clips)]
    found = []
    for block in [*dict.fromkeys(quad.conditions["block"] for quad in quads), ALL]:
        chosen = [quad for quad in quads if block in (ALL, quad.conditions["block"])]
        if not chosen:
            continue
        real = [[surprises[quad.aa], surprises[quad.bb]] for quad in chosen]
        magic = [[surprises[quad.ab], surprises[quad.ba]] for quad in chosen]
        value = intphys_relative_error(real, magic)
        text = "1 - share of scenes whose two impossible clips together surprise more than the possible ones"
        found.append(OwnMetric("relative error", block, value, len(chosen), "lower", text))
    return found


def _intphys_absolute(stimuli: StimulusSet, surprises: Surprises) -> list[OwnMetric]:
    found = []
    for block, clips in _blocks(stimuli, surprises):
        real = [surprises[clip.id] for clip in clips if clip.possible]
        magic = [surprises[clip.id] for clip in clips if not clip.possible]
        if real and magic:
            value = intphys_absolute_error(real, magic)
            text = "1 - area under the ROC curve of single clips"
            found.append(OwnMetric("absolute error", block, value, len(clips), "lower", text))
    return found


def _inflevel(stimuli: StimulusSet, surprises: Surprises) -> list[OwnMetric]:
    groups: dict[str, dict[bool, list[float]]] = {}
    blocks: dict[str, str] = {}
    for clip in stimuli.clips:
        if clip.id in surprises:
            groups.setdefault(clip.tags["group"], {}).setdefault(clip.possible, []).append(surprises[clip.id])
            blocks[clip.tags["group"]] = clip.tags["block"]
    whole = {name: by for name, by in groups.items() if len(by.get(True, ())) == len(by.get(False, ())) == 2}
    found = []
    for block in [*dict.fromkeys(blocks[name] for name in whole), ALL]:
        chosen = [by for name, by in whole.items() if block in (ALL, blocks[name])]
        if chosen:
            value = inflevel_accuracy([by[True] for by in chosen], [by[False] for by in chosen])
            text = "mean of the four comparisons of two real with two magic clips of a set-up and camera"
            found.append(OwnMetric("accuracy", block, value, len(chosen), "higher", text))
    return found


def _likephys(stimuli: StimulusSet, surprises: Surprises) -> list[OwnMetric]:
    """PPE of each scenario; over all, their unweighted mean. What is no physics is left out."""
    found = []
    text = (
        "share of valid and invalid clips of which the valid one surprises more; by violation, then averaged"
    )
    for block, clips in _blocks(stimuli, surprises):
        valid: dict[str, list[float]] = {}
        invalid: dict[str, dict[str, list[float]]] = {}
        for clip in clips:
            if clip.possible:
                valid.setdefault(clip.scene, []).append(surprises[clip.id])
            elif (block, clip.tags["violation"]) not in LIKEPHYS_DROPPED:
                by_scene = invalid.setdefault(clip.tags["violation"], {})
                by_scene.setdefault(clip.scene, []).append(surprises[clip.id])
        if block != ALL and valid and invalid:
            found.append(OwnMetric("PPE", block, likephys_ppe(valid, invalid), len(clips), "lower", text))
    if found:
        mean, n = float(np.mean([one.value for one in found])), sum(one.n for one in found)
        found.append(OwnMetric("PPE", ALL, mean, n, "lower", f"{text}; the mean over scenarios"))
    return found


LIKEPHYS_DROPPED = frozenset(
    {
        ("shadowm", "shadow_disconnection"), ("pendulum", "reverse_gravity"),
        ("pendulum", "break_conservation_energy"), ("river", "color_change"), ("river", "teleporting_fluid"),
        ("river", "negative_viscosity"),
    }
)  # fmt: skip
"""What the authors' final script leaves out (scenario, violation)."""

_METRICS: dict[str, Callable[[StimulusSet, Surprises], list[OwnMetric]]] = {
    "intphys-relative": _intphys_relative,
    "intphys-absolute": _intphys_absolute,
    "inflevel": _inflevel,
    "likephys-ppe": _likephys,
}
