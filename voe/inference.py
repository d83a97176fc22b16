"""What may be concluded from a run: its headline with every test, and what a search over settings is worth.
Tables of numbers; nothing is formatted here.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from voe.contrasts import SCORED
from voe.errors import RunError
from voe.results import ALL, QUADRUPLETS, Run
from voe.stats import (
    accuracy_of,
    adjust_family,
    bayes_factor,
    cross_fitted,
    max_statistic,
    score,
)

SENSITIVITY_SHAPE = 4.0
"""Shape of the truncated Beta prior of the second Bayes factor."""


def comparisons(run: Run) -> pd.DataFrame:
    """The comparisons of the headline measure, at every setting.

    `Run.quadruplets()` or `Run.pairs()`, with a column `comparison`: the quadruplet's id, or 'possible |
    impossible' (clip ids) of a pair.
    """
    if run.stimuli.unlabelled:
        raise RunError(
            f"run {run.path}: its clips have no labels, so nothing can be compared; see `voe export`"
        )
    if run.lock["measure"]["headline"] == QUADRUPLETS:
        table = run.quadruplets()
        return table.assign(comparison=table["quadruplet"])
    table = run.pairs()
    return table.assign(comparison=table["possible"] + " | " + table["impossible"])


def primary_comparisons(run: Run) -> pd.DataFrame:
    """The comparisons of the headline measure at the setting that was fixed beforehand: one row each, in the
    order of the set.
    """
    table = comparisons(run)
    stream, context = run.primary_setting
    chosen: pd.DataFrame = table[(table["stream"] == stream) & (table["context"] == context)]
    return chosen.reset_index(drop=True)


def by_concept(table: pd.DataFrame, concepts: Sequence[str]) -> Iterator[tuple[str, pd.DataFrame]]:
    """The rows of each concept that has some, then those of all (`ALL`)."""
    for concept in concepts:
        part = table[[concept in of_row for of_row in table["concepts"]]]
        if len(part):
            yield concept, part
    yield ALL, table


def holm_over(concepts: Sequence[str], p_values: Mapping[str, float]) -> dict[str, float]:
    """Holm's p-values over all concepts of a set; one of which nothing was tested counts as p = 1."""
    return adjust_family({concept: p_values.get(concept, math.nan) for concept in concepts})


def headline_statistics(run: Run) -> pd.DataFrame:
    """The headline measure at the setting fixed beforehand: one row a concept, and one for all.

    The columns of `Run.summary` (estimate with the default interval, p_value, p_mid, p_holm, p_below_holm,
    p_equivalent, margin, ties, untestable, failed, verdict, ...), and

    - clopper_pearson_low, clopper_pearson_high, bootstrap_low, bootstrap_high: two more intervals
      (`voe.stats.clopper_pearson`, `voe.stats.cluster_bootstrap`);
    - right, wrong: comparisons won and lost;
    - bayes_factor, bayes_factor_sensitivity: evidence for 'better than a coin' with p ~ U(1/2, 1) and with
      Beta(4, 4) truncated to it (`voe.stats.bayes_factor`); NaN, with bayes_reason, where scenes hold several
      comparisons, which are not independent.
    """
    table: pd.DataFrame = run.summary()
    measure = run.lock["measure"]["headline"]
    table = table[table["primary"] & (table["measure"] == measure)].reset_index(drop=True)
    parts = dict(by_concept(primary_comparisons(run), run.stimuli.concepts))
    extra = [_more_intervals(parts[str(concept)]) for concept in table["concept"]]
    return pd.concat([table, pd.DataFrame(extra)], axis=1)


def _more_intervals(part: pd.DataFrame) -> dict[str, Any]:
    """Clopper-Pearson, bootstrap and Bayes factors of the comparisons that were scored."""
    scored = part[part["status"] == SCORED]
    scores, scenes = scored["score"].to_numpy(), scored["scene"].to_numpy(dtype=str)
    exact = accuracy_of(scores, scenes, method="clopper-pearson")
    drawn = accuracy_of(scores, scenes, method="bootstrap")
    right, wrong = int((scores == 1).sum()), int((scores == 0).sum())
    clustered = exact.n != exact.n_scenes
    silent = clustered or not exact.n
    reason = "several comparisons a scene are not independent" if clustered else ""
    return {
        "clopper_pearson_low": exact.low, "clopper_pearson_high": exact.high,
        "bootstrap_low": drawn.low, "bootstrap_high": drawn.high, "bootstrap_method": drawn.method,
        "right": right, "wrong": wrong,
        "bayes_factor": math.nan if silent else bayes_factor(right, wrong),
        "bayes_factor_sensitivity": math.nan if silent else bayes_factor(right, wrong, SENSITIVITY_SHAPE),
        "bayes_reason": reason,
    }  # fmt: skip


@dataclass(frozen=True)
class Searched:
    """The best of all settings, and all settings.

    `best` has one row a concept and one for all: concept, n_settings, stream, context, aggregate (of the best
    setting), estimate (chosen on these data: too high), p_value (max-statistic), p_holm (of concepts, over
    concepts), cross_fitted with low and high, reason. `settings` has one row a concept and setting: estimate
    and adjusted, its single-step p-value.
    """

    best: pd.DataFrame
    settings: pd.DataFrame


def chosen_settings(run: Run) -> Searched:
    """What the best of all streams, contexts and aggregates (mean or maximum over windows) is worth.

    The p-value is that of `voe.stats.max_statistic` over all settings at once, the estimate that of
    `voe.stats.cross_fitted`. Settings at which nothing is testable are left out.

    Raises:
        RunError: nothing was scored.
    """
    table = _at_all_aggregates(comparisons(run))
    best, settings = [], []
    for concept, part in by_concept(table, run.stimuli.concepts):
        wide = part.pivot(
            index=["comparison", "scene"], columns=["stream", "context", "aggregate"], values="score"
        )
        wide = wide.dropna(axis=1, how="all").dropna(axis=0, how="all")
        if not wide.size:
            continue
        found = _best_of(wide)
        best.append({"concept": concept, **found[0]})
        settings += [{"concept": concept, **one} for one in found[1]]
    holm = holm_over(run.stimuli.concepts, {row["concept"]: row["p_value"] for row in best})
    for row in best:
        row["p_holm"] = holm.get(row["concept"], math.nan)
    return Searched(pd.DataFrame(best), pd.DataFrame(settings))


def _at_all_aggregates(table: pd.DataFrame) -> pd.DataFrame:
    """Each comparison twice: scored by the mean over windows, and by their maximum."""
    top = table["contrast_max"].where(table["status"] == SCORED)
    tau = table["tau"].fillna(0.0)
    mean = table.assign(aggregate="mean", score=table["score"])
    return pd.concat([mean, table.assign(aggregate="max", score=score(top.to_numpy(), tau.to_numpy()))])


def _best_of(wide: pd.DataFrame) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The best column of scores [comparisons, settings], and all of them."""
    scores = wide.to_numpy(dtype=np.float64).T
    scenes = wide.index.get_level_values("scene").to_numpy(dtype=str)
    maximum, fitted = max_statistic(scores, scenes), cross_fitted(scores, scenes)
    names: list[dict[str, Any]] = [
        dict(zip(("stream", "context", "aggregate"), column, strict=True)) for column in wide.columns
    ]
    settings = [
        {**name, "estimate": float(share), "adjusted": float(p), "chosen_in_folds": int(count)}
        for name, share, p, count in zip(
            names, maximum.accuracies, maximum.adjusted, fitted.chosen, strict=True
        )
    ]
    best = {
        "n_settings": len(names), **names[maximum.best],
        "estimate": maximum.estimate, "p_value": maximum.p_value,
        "cross_fitted": fitted.estimate, "low": fitted.low, "high": fitted.high, "reason": fitted.reason,
    }  # fmt: skip
    return best, settings
