"""What a judge gets wrong besides physics: positions, yeses, wordings, blindness, silence."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from voe.clips import Pair, Quadruplet
from voe.contrasts import FAILED, SCORED
from voe.stats.accuracy import accuracy_of
from voe.stats.single_clips import discrimination

if TYPE_CHECKING:
    from voe.judging.results import JudgeRun

_RESAMPLES: Final = 1_000


@dataclass(frozen=True)
class Share:
    """A share with its 95 % interval over scenes; NaN where there is nothing to count."""

    estimate: float
    low: float
    high: float
    n: int


@dataclass(frozen=True)
class Sensitivity:
    """d' and criterion with percentile intervals of a bootstrap over scenes.

    Of single clips 'yes' means 'impossible', and a positive criterion is slow to object (log-linear
    correction: `voe.stats.discrimination`). Of choices between two clips 'yes' means 'the first': with H its
    share where the first is right and F where the second is, d' = (z(H) - z(F)) / sqrt(2) and the criterion
    is -(z(H) + z(F)) / 2, negative for a liking of the first (Macmillan and Creelman 2005, Detection Theory,
    ch. 7).
    """

    d_prime: float
    d_low: float
    d_high: float
    criterion: float
    c_low: float
    c_high: float


@dataclass(frozen=True)
class Biases:
    """Of one concept, or of all. Shares are of answered questions with general prompts.

    `first`: of choices, those that name the first clip (50 %: no bias). `yes`: of questions about one clip,
    those answered with the first choice. `right_choices`: of choices. `orders_agree`: of pairings asked in
    both orders, those in which the same clip was named. `paraphrases_agree`: of two prompts of one polarity
    on one clip, those that said the same. `polarities_agree`: of two prompts of opposite polarity on one
    clip, those that meant the same. `seen`: of comprehension questions, those answered rightly.
    """

    first: Share
    yes: Share
    right_choices: Share
    orders_agree: Share
    paraphrases_agree: Share
    polarities_agree: Share
    seen: Share
    rating: Sensitivity | None
    choosing: Sensitivity | None


@dataclass(frozen=True)
class Missing:
    """Questions of one kind that got no answer, and accuracy if all comparisons that lost an answer were
    wrong, or right. Comparisons are those of the kind's general prompts; refused ones lost nothing.
    """

    asked: int
    answered: int
    unparsable: int
    refused: int
    failed: int
    lowest: float
    highest: float


def biases_of(run: JudgeRun) -> dict[str, Biases]:
    """Biases by concept, then over 'all'; intervals are over the scenes of the comparisons."""
    designs: list[Quadruplet | Pair] = [*run.stimuli.quadruplets, *run.stimuli.pairs]
    table = run.judgements
    table = table.assign(scene=table["clip"].map(_clusters(designs)).fillna(table["scene"]))
    about = _concepts(designs)
    asked = zip(table["clip"], table["other"], strict=True)
    concepts = pd.Series([about.get(frozenset({*both} - {""}), frozenset()) for both in asked], table.index)
    found = {}
    for concept in run.stimuli.concepts:
        part = table[concepts.map(lambda names, c=concept: c in names).astype(bool)]
        if len(part):
            found[concept] = _biases(part)
    return {**found, "all": _biases(table)}


def _clusters(designs: Sequence[Quadruplet | Pair]) -> dict[str, str]:
    """Clip -> the scene of its comparisons, which may be wider than its own (one set-up, several cameras).

    Scenes that share a clip are one.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    clips, clip_at = np.unique([clip for one in designs for clip in one.clips], return_inverse=True)
    scenes, scene_at = np.unique([one.scene for one in designs for _ in one.clips], return_inverse=True)
    size = len(clips) + len(scenes)
    edges = coo_array((np.ones(len(clip_at)), (clip_at, len(clips) + scene_at)), shape=(size, size))
    labels = connected_components(edges, directed=False)[1]
    named = {label: str(scene) for label, scene in zip(labels[len(clips) :], scenes, strict=True)}
    return {str(clip): named[label] for clip, label in zip(clips, labels, strict=False)}


def _concepts(designs: Sequence[Quadruplet | Pair]) -> dict[frozenset[str], frozenset[str]]:
    """A clip, or two that are compared -> the concepts of the comparisons that hold them."""
    found: dict[frozenset[str], set[str]] = {}
    for one in designs:
        for part in _parts(one):
            found.setdefault(part, set()).update(one.concepts)
    return {part: frozenset(concepts) for part, concepts in found.items()}


def _parts(one: Quadruplet | Pair) -> list[frozenset[str]]:
    """Every clip of a comparison, and every two of them: what a question may be about."""
    return [frozenset(some) for many in (1, 2) for some in combinations(one.clips, many)]


def missing_of(run: JudgeRun) -> dict[str, Missing]:
    """What was not answered, by kind."""
    table = run.judgements
    found = {}
    for kind in dict.fromkeys(table["kind"]):
        part = table[table["kind"] == kind]
        counts = part["status"].value_counts()
        low, high = _bounds(run, kind)
        answered, unparsable, refused, failed = (
            int(counts.get(status, 0)) for status in ("answered", "unparsable", "refused", "failed")
        )
        found[str(kind)] = Missing(len(part), answered, unparsable, refused, failed, low, high)
    return found


def _bounds(run: JudgeRun, kind: str) -> tuple[float, float]:
    """Accuracy of a kind if comparisons with an unanswered question were all wrong, or all right."""
    if kind not in run.streams:
        return math.nan, math.nan
    quadruplets = bool(run.stimuli.quadruplets)
    table = run.quadruplets() if quadruplets else run.pairs()
    table = table[table["stream"] == kind]
    rows = run.streams[kind]
    lost = rows[rows["leaning"].isna()]
    lost_parts = {frozenset({*both} - {""}) for both in zip(lost["clip"], lost["other"], strict=True)}
    design_of: dict[object, Quadruplet | Pair] = (
        {quad.id: quad for quad in run.stimuli.quadruplets}
        if quadruplets
        else {(pair.possible, pair.impossible): pair for pair in run.stimuli.pairs}
    )
    keys = (
        table["quadruplet"] if quadruplets else list(zip(table["possible"], table["impossible"], strict=True))
    )
    incomplete = np.array([not lost_parts.isdisjoint(_parts(design_of[key])) for key in keys])
    incomplete |= (table["status"] == FAILED).to_numpy()
    asked = np.array([not run.refusals.hold(design_of[key]) for key in keys], dtype=bool)
    counted = ((table["status"] == SCORED) | (table["status"] == FAILED)).to_numpy() & asked
    if not counted.any():
        return math.nan, math.nan
    scores = table["score"].to_numpy(dtype=np.float64)
    low, high = (np.where(incomplete, bound, scores)[counted].mean() for bound in (0.0, 1.0))
    return float(low), float(high)


def _biases(table: pd.DataFrame) -> Biases:
    general = table[table["concept"] == ""]
    rated = general[general["kind"].isin(("rate", "caption")) & general["leaning"].notna()]
    chosen = general[(general["kind"] == "choose") & general["leaning"].notna()]
    first_word = general["choices"].map(_first)
    seen = table[(table["kind"] == "comprehension") & (table["status"] == "answered")]
    rates = rated[rated["kind"] == "rate"]
    return Biases(
        first=_share(chosen["word"] == first_word.reindex(chosen.index), chosen["scene"]),
        yes=_share(rates["word"] == first_word.reindex(rates.index), rates["scene"]),
        right_choices=_share(chosen["word"] == chosen["right"], chosen["scene"]),
        orders_agree=_orders(chosen),
        paraphrases_agree=_agreement(rates, same=True),
        polarities_agree=_agreement(rates, same=False),
        seen=_share(seen["word"] == seen["right"], seen["scene"]),
        rating=_rating(rates if len(rates) else rated),
        choosing=_choosing(chosen, first_word),
    )


def _first(choices: str) -> str:
    import json

    return str(json.loads(choices)[0])


def _share(hits: pd.Series[bool], scenes: pd.Series[Any]) -> Share:
    """A share with the interval that accuracies get, clustered by scene."""
    if not len(hits):
        return Share(math.nan, math.nan, math.nan, 0)
    found = accuracy_of(hits.to_numpy(dtype=np.float64), scenes.to_numpy(dtype=str))
    return Share(found.estimate, found.low, found.high, len(hits))


def _orders(chosen: pd.DataFrame) -> Share:
    """Pairings in both orders: was the same clip named?"""
    if chosen.empty:
        return Share(math.nan, math.nan, math.nan, 0)
    named = np.where(chosen["word"] == chosen["choices"].map(_first), chosen["clip"], chosen["other"])
    pairing = chosen[["clip", "other"]].min(axis=1) + "|" + chosen[["clip", "other"]].max(axis=1)
    groups = chosen.assign(named=named, pairing=pairing).groupby(["prompt", "repeat", "pairing"], sort=False)
    rows = [(part["named"].nunique() == 1, part["scene"].iloc[0]) for _, part in groups if len(part) == 2]
    return _share(pd.Series([hit for hit, _ in rows], dtype=bool), pd.Series([scene for _, scene in rows]))


def _agreement(rates: pd.DataFrame, *, same: bool) -> Share:
    """Two prompts on one clip, of the same polarity or of opposite ones: did they mean the same?"""
    rows = []
    for _, part in rates.groupby(["clip", "repeat"], sort=False):
        means = part["leaning"].to_numpy() > 0
        asks = part["asks"].to_numpy()
        rows += [
            (means[i] == means[j], part["scene"].iloc[0])
            for i, j in combinations(range(len(part)), 2)
            if (asks[i] == asks[j]) == same
        ]
    return _share(pd.Series([hit for hit, _ in rows], dtype=bool), pd.Series([scene for _, scene in rows]))


def _rating(rated: pd.DataFrame) -> Sensitivity | None:
    """d' of judgements of single clips; None unless both kinds of clips were judged."""
    objects = (rated["leaning"] < 0).to_numpy()
    first = rated["choices"].map(_first) if len(rated) else pd.Series(dtype=str)
    possible = ((rated["right"] == first) == (rated["asks"] == "possible")).to_numpy(dtype=bool)
    cells = np.stack([objects & ~possible, ~objects & ~possible, objects & possible, ~objects & possible])
    return _bootstrapped(cells, rated["scene"], _signal)


def _choosing(chosen: pd.DataFrame, first_word: pd.Series[Any]) -> Sensitivity | None:
    """d' and criterion of choices between two clips."""
    says = (chosen["word"] == first_word.reindex(chosen.index)).to_numpy(dtype=bool)
    wanted = (chosen["right"] == first_word.reindex(chosen.index)).to_numpy(dtype=bool)
    cells = np.stack([says & wanted, ~says & wanted, says & ~wanted, ~says & ~wanted])
    return _bootstrapped(cells, chosen["scene"], _forced_choice)


def _signal(counts: np.ndarray[Any, np.dtype[np.int64]]) -> tuple[float, float]:
    if counts[:2].sum() == 0 or counts[2:].sum() == 0:
        return math.nan, math.nan
    found = discrimination(*counts.tolist())
    return found.d_prime, found.criterion


def _forced_choice(counts: np.ndarray[Any, np.dtype[np.int64]]) -> tuple[float, float]:
    d_prime, criterion = _signal(counts)
    return d_prime / math.sqrt(2), criterion


def _bootstrapped(cells: np.ndarray[Any, Any], scenes: pd.Series[Any], measure: Any) -> Sensitivity | None:
    """The measure of counts [4], and its percentile interval over resampled scenes."""
    codes, names = pd.factorize(scenes)
    if not len(names):
        return None
    by_scene = np.zeros((len(names), 4), dtype=np.int64)
    np.add.at(by_scene, codes, cells.T.astype(np.int64))
    d_prime, criterion = measure(by_scene.sum(axis=0))
    if math.isnan(d_prime):
        return None
    nan = math.nan
    if len(names) < 5:  # too few to resample
        return Sensitivity(d_prime, nan, nan, criterion, nan, nan)
    generator = np.random.default_rng(0)
    drawn = generator.multinomial(len(names), np.full(len(names), 1 / len(names)), size=_RESAMPLES) @ by_scene
    found = np.array([measure(counts) for counts in drawn])
    (d_low, c_low), (d_high, c_high) = np.nanpercentile(found, (2.5, 97.5), axis=0)
    return Sensitivity(d_prime, float(d_low), float(d_high), criterion, float(c_low), float(c_high))


def plain_biases(biases: Mapping[str, Biases]) -> dict[str, Any]:
    """As JSON has it: NaN is null."""
    return {concept: _without_nan(asdict(one)) for concept, one in biases.items()}


def plain_missing(missing: Mapping[str, Missing]) -> dict[str, Any]:
    """As JSON has it: NaN is null."""
    return {kind: _without_nan(asdict(one)) for kind, one in missing.items()}


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nan(one) for key, one in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value
