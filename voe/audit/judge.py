"""Contrasts of marginal detectors -> verdicts.

A detector looks at many numbers (each frame, each patch, each concept by itself), and what is found by such a
search must pay for it: one p-value a detector and form, that of the best of all, by flipping whole scenes
(`voe.stats.max_statistic`; classifiers are trained again for each flip). Holm's correction over detectors and
forms comes on top. A form that is tied in every comparison makes no test and is not counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from voe.audit.classifier import classify, settings_of
from voe.audit.comparisons import Bools, Comparison, Ints
from voe.audit.findings import Best, Marginal, Verdict
from voe.audit.marginal import Reading
from voe.audit.pictures import Floats
from voe.stats import accuracy_of, adjust, max_statistic
from voe.stats.checks import scene_codes

ALPHA = 0.05
MARGIN = 0.10
FLIPS = 1_999
ALL = "all"


@dataclass(frozen=True)
class Groups:
    """The comparisons taken together, and those of each concept by themselves where there are several.

    `kept` are bool [n] each, `scenes` int64 [n].
    """

    names: tuple[str, ...]
    kept: tuple[Bools, ...]
    scenes: Ints


def groups_of(comparisons: Sequence[Comparison]) -> Groups:
    """All comparisons, then each concept."""
    concepts = list(dict.fromkeys(name for c in comparisons for name in c.concepts))
    kept = [np.ones(len(comparisons), dtype=np.bool_)]
    if len(concepts) > 1:
        kept += [np.array([name in c.concepts for c in comparisons]) for name in concepts]
    names = (ALL, *concepts) if len(concepts) > 1 else (ALL,)
    return Groups(names, tuple(kept), scene_codes([c.scene for c in comparisons], len(comparisons)))


def judge(
    readings: Mapping[str, Sequence[Reading]],
    groups: Groups,
    score_names: Mapping[str, Sequence[str]],
    vector_names: Mapping[str, Sequence[str]],
    flips: int = FLIPS,
) -> tuple[Marginal, ...]:
    """Every detector as a score and as a classifier, tested together.

    Args:
        readings: detector -> one reading a comparison.
        score_names, vector_names: what each score and each classifier of a detector is called.
        flips: random flips of scenes behind each p-value.
    """
    found = []
    for name, rows in readings.items():
        scores = np.stack([row.scores for row in rows])
        vectors = [np.stack(vector) for vector in zip(*(row.vectors for row in rows), strict=True)]
        found.append(_by_score(name, scores, groups, score_names[name], flips))
        found.append(_by_classifier(name, vectors, groups, vector_names[name], flips))
    corrected = adjust({f"{m.detector}, {m.form}": m.p_value for m in found})
    return tuple(_with_verdict(replace(m, p_holm=corrected[f"{m.detector}, {m.form}"])) for m in found)


def _with_verdict(found: Marginal) -> Marginal:
    verdict: Verdict = "inconclusive"
    if found.verdict in ("cancels", "not tested"):
        verdict = found.verdict
    elif found.p_holm <= ALPHA:
        verdict = "SHORTCUT"
    elif found.p_value <= ALPHA:
        verdict = "suspect"
    elif found.accuracy.p_equivalent <= ALPHA:
        verdict = "at chance"
    return replace(found, verdict=verdict)


def _by_score(name: str, contrasts: Floats, groups: Groups, names: Sequence[str], flips: int) -> Marginal:
    """Each score [n, M] as a detector by itself, in either direction, in each group."""
    signs = np.sign(contrasts)
    accuracy = accuracy_of((signs[:, 0] + 1) / 2, groups.scenes, margin=MARGIN)
    nan = float("nan")
    if not signs.any():
        return Marginal(name, "score", accuracy, None, nan, nan, "cancels")
    settings, origins = [], []
    for g, kept in enumerate(groups.kept):
        for m in np.flatnonzero(signs[kept].any(axis=0)).tolist():
            for direction in (1, -1):
                settings.append(np.where(kept, (direction * signs[:, m] + 1) / 2, np.nan))
                origins.append((g, m, direction))
    result = max_statistic(np.stack(settings), groups.scenes, flips)
    # Of settings that are equally far from chance, the one with the largest effect is named.
    equal = np.flatnonzero(
        (result.accuracies == result.accuracies[result.best]) & (result.adjusted == result.p_value)
    )
    effects = [np.abs(contrasts[groups.kept[origins[i][0]], origins[i][1]]).mean() for i in equal.tolist()]
    chosen = int(equal[np.argmax(effects)])
    g, m, direction = origins[chosen]
    best = _best(names[m], groups.names[g], settings[chosen])
    best = replace(best, sign="+" if direction > 0 else "-")
    return Marginal(name, "score", accuracy, best, result.p_value, nan, "inconclusive")


def _by_classifier(
    name: str, vectors: Sequence[Floats], groups: Groups, names: Sequence[str], flips: int
) -> Marginal:
    """Each kind of contrast vector as a classifier, in each group that is large enough to train in."""
    nan, tied = float("nan"), np.full(len(groups.scenes), 0.5)
    found = list(settings_of(vectors, groups.kept, groups.scenes))
    if not found:
        verdict: Verdict = "not tested" if any(v.any() for v in vectors) else "cancels"
        scores = np.full(len(tied), nan) if verdict == "not tested" else tied
        accuracy = accuracy_of(scores, groups.scenes, margin=MARGIN)
        return Marginal(name, "classifier", accuracy, None, nan, nan, verdict)
    answers = classify([setting for _, _, setting in found], groups.scenes, flips=flips)
    fixed = answers.scores[0] if found[0][:2] == (0, 0) else tied
    g, v, _ = found[answers.best]
    best = _best(names[v], groups.names[g], answers.scores[answers.best])
    accuracy = accuracy_of(fixed, groups.scenes, margin=MARGIN)
    return Marginal(name, "classifier", accuracy, best, answers.p_value, nan, "inconclusive")


def _best(what: str, among: str, scores: Floats) -> Best:
    tested = ~np.isnan(scores)
    return Best(what, among, float(scores[tested].sum()), int(tested.sum()), "")
