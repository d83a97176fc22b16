"""A benchmark's own measure, beside ours: from a run, block by block, as the benchmark's authors define it.

It is described, not tested: the headline stays the measure that was fixed beforehand. The surprise of a
clip is the mean over all of its windows at the primary context.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from voe.clips import EVERYTHING as ALL
from voe.clips import Clip, StimulusSet
from voe.contrasts import Curves
from voe.errors import CardError, did_you_mean
from voe.stats.benchmarks import (
    adept_accuracy,
    inflevel_accuracy,
    intphys_absolute_error,
    intphys_relative_error,
    likephys_ppe,
)

Surprises = Mapping[str, float]
"""Clip -> its surprise."""


@dataclass(frozen=True)
class Scores:
    """Surprise of each scored clip over its windows at the primary context: their mean, and the greatest."""

    mean: Surprises
    greatest: Surprises


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
    scores = Scores(clip_surprises(curves, stream), clip_surprises(curves, stream, np.max))
    found: list[OwnMetric] = []
    for name in stimuli.own_metrics:
        if name not in _METRICS:
            raise CardError(
                f"stimuli {stimuli.name!r}: [metrics] names {name!r}.{did_you_mean(name, _METRICS)} Known: "
                f"{', '.join(_METRICS)}"
            )
        found += _METRICS[name](stimuli, scores)
    return found


def clip_surprises(
    curves: Curves, stream: str, aggregate: Callable[[npt.NDArray[np.float64]], object] = np.mean
) -> dict[str, float]:
    """Surprise of each scored clip over all windows at the primary context; their mean by default."""
    context = curves.protocol.headline_context
    return {clip: float(aggregate(curves.of(clip, stream, context))) for clip in curves.numbers}  # type: ignore[arg-type]


def _blocks(stimuli: StimulusSet, surprises: Surprises) -> Iterator[tuple[str, list[Clip]]]:
    """Each block's clips that were scored, then those of all."""
    clips = [clip for clip in stimuli.clips if clip.id in surprises]
    for block in dict.fromkeys(clip.tags.get("block", "") for clip in clips):
        yield block, [clip for clip in clips if clip.tags.get("block", "") == block]
    yield ALL, clips


def _intphys_relative(stimuli: StimulusSet, scores: Scores) -> list[OwnMetric]:
    surprises = scores.mean
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


def _intphys_absolute(stimuli: StimulusSet, scores: Scores) -> list[OwnMetric]:
    found, surprises = [], scores.mean
    for block, clips in _blocks(stimuli, surprises):
        real = [surprises[clip.id] for clip in clips if clip.possible]
        magic = [surprises[clip.id] for clip in clips if not clip.possible]
        if real and magic:
            value = intphys_absolute_error(real, magic)
            text = "1 - area under the ROC curve of single clips"
            found.append(OwnMetric("absolute error", block, value, len(clips), "lower", text))
    return found


def _inflevel(stimuli: StimulusSet, scores: Scores) -> list[OwnMetric]:
    surprises = scores.mean
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


def _likephys(stimuli: StimulusSet, scores: Scores) -> list[OwnMetric]:
    """PPE of each scenario; over all, their unweighted mean. What is no physics is left out."""
    found = []
    text = (
        "share of valid and invalid clips of which the valid one surprises more; by violation, then averaged"
    )
    surprises = scores.mean
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
            compared = {kind: by for kind, by in invalid.items() if valid.keys() & by.keys()}
            if compared:
                found.append(
                    OwnMetric("PPE", block, likephys_ppe(valid, compared), len(clips), "lower", text)
                )
    if found:
        mean, n = float(np.mean([one.value for one in found])), sum(one.n for one in found)
        found.append(OwnMetric("PPE", ALL, mean, n, "lower", f"{text}; the mean over scenarios"))
    return found


def _by_block(blocks: Mapping[str, str]) -> Iterator[tuple[str, list[str]]]:
    """Block -> its keys (in `blocks`: key -> block), then all of them."""
    for block in dict.fromkeys(blocks.values()):
        yield block, [key for key, of in blocks.items() if of == block]
    yield ALL, list(blocks)


def _xvoe_comparative(stimuli: StimulusSet, scores: Scores) -> list[OwnMetric]:
    """The compared parts of each item; a tie is one half."""
    pairs = [p for p in stimuli.pairs if all(clip in scores.mean for clip in p.clips)]
    wins = {" | ".join(p.clips): _win(scores.mean[p.impossible], scores.mean[p.possible]) for p in pairs}
    blocks = {" | ".join(p.clips): p.conditions["block"] for p in pairs}
    text = "share of compared parts (0 and 1, 4 and 5) of which the impossible one surprises more"
    return [
        OwnMetric(
            "comparative", block, float(np.mean([wins[key] for key in keys])), len(keys), "higher", text
        )
        for block, keys in _by_block(blocks)
        if keys
    ]


def _xvoe_holistic(stimuli: StimulusSet, scores: Scores) -> list[OwnMetric]:
    """All pairs of a possible with an impossible clip of a scenario."""
    found = []
    text = (
        "share of all pairs of a possible and an impossible clip of which the impossible one surprises more"
    )
    for block, clips in _blocks(stimuli, scores.mean):
        real = [scores.mean[clip.id] for clip in clips if clip.possible]
        magic = [scores.mean[clip.id] for clip in clips if not clip.possible]
        if block != ALL and real and magic:
            value = 1 - intphys_absolute_error(real, magic)
            found.append(OwnMetric("holistic", block, value, len(clips), "higher", text))
    return found


def _win(magic: float, real: float) -> float:
    """1, or one half for a tie, or 0."""
    return float((np.sign(magic - real) + 1) / 2)


def _adept(stimuli: StimulusSet, scores: Scores) -> list[OwnMetric]:
    """Relative accuracy by violation, and AUROC, of the greatest surprise."""
    cases: dict[str, dict[str, list[str]]] = {}
    for pair in stimuli.pairs:
        if all(clip in scores.greatest for clip in pair.clips):
            of_block = cases.setdefault(pair.conditions["block"], {})
            of_block.setdefault(pair.impossible, []).append(pair.possible)
    found: list[OwnMetric] = []
    if not cases:
        return found
    every = {magic: controls for of_block in cases.values() for magic, controls in of_block.items()}
    for block, chosen in [*cases.items(), (ALL, every)]:
        relative, area = adept_accuracy(
            [scores.greatest[magic] for magic in chosen],
            [[scores.greatest[real] for real in controls] for controls in chosen.values()],
            [scores.greatest[real] for real in {real for controls in chosen.values() for real in controls}],
        )
        text = "each surprising clip against its own controls, by their greatest surprise; a tie is one half"
        found.append(OwnMetric("relative accuracy", block, relative, len(chosen), "higher", text))
        if block == ALL:
            text = "area under the ROC curve of the greatest surprise of single clips"
            found.append(OwnMetric("AUROC", block, area, len(chosen), "higher", text))
    return found


LIKEPHYS_DROPPED = frozenset(
    {
        ("shadowm", "shadow_disconnection"), ("pendulum", "reverse_gravity"),
        ("pendulum", "break_conservation_energy"), ("river", "color_change"), ("river", "teleporting_fluid"),
        ("river", "negative_viscosity"),
    }
)  # fmt: skip
"""What the authors' final script leaves out (scenario, violation)."""

_METRICS: dict[str, Callable[[StimulusSet, Scores], list[OwnMetric]]] = {
    "intphys-relative": _intphys_relative,
    "intphys-absolute": _intphys_absolute,
    "inflevel": _inflevel,
    "likephys-ppe": _likephys,
    "xvoe-comparative": _xvoe_comparative,
    "xvoe-holistic": _xvoe_holistic,
    "adept": _adept,
}
