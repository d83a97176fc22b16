"""What may be concluded from a run: its headline with every test, what a search over settings is worth, and
surprise over time. Tables of numbers; nothing is formatted here.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from voe.clips import Pair, Quadruplet
from voe.contrasts import SCORED
from voe.results import ALL, QUADRUPLETS, Run
from voe.stats import (
    StatsError,
    accuracy_of,
    adjust,
    bayes_factor,
    cross_fitted,
    curve_test,
    jackknifed_latency,
    max_statistic,
    predicted_time,
    score,
    tolerance,
)

SENSITIVITY_SHAPE = 4.0
"""Shape of the truncated Beta prior of the second Bayes factor."""


def comparisons(run: Run) -> pd.DataFrame:
    """The comparisons of the headline measure, at every setting.

    `Run.quadruplets()` or `Run.pairs()`, with a column `comparison`: the quadruplet's id, or 'possible |
    impossible' (clip ids) of a pair.
    """
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
    stream, context = run.lock["measure"]["stream"], run.protocol.primary_context
    chosen: pd.DataFrame = table[(table["stream"] == stream) & (table["context"] == context)]
    return chosen.reset_index(drop=True)


def by_concept(table: pd.DataFrame, concepts: Sequence[str]) -> Iterator[tuple[str, pd.DataFrame]]:
    """The rows of each concept that has some, then those of all (`ALL`)."""
    for concept in concepts:
        part = table[[concept in of_row for of_row in table["concepts"]]]
        if len(part):
            yield concept, part
    yield ALL, table


def headline_statistics(run: Run) -> pd.DataFrame:
    """The headline measure at the setting fixed beforehand: one row a concept, and one for all.

    The columns of `Run.summary` (estimate with the default interval, p_value, p_mid, p_holm, p_equivalent,
    margin, ties, untestable, failed, verdict, ...), and

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
    p_values = {row["concept"]: row["p_value"] for row in best if row["concept"] != ALL}
    holm = adjust(p_values)
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


@dataclass(frozen=True)
class OverTime:
    """Surprise over predicted time.

    `tests` has one row a concept and one for all: concept, n_scenes, p_value, p_holm, start and stop
    (predicted times of the first and last window of the heaviest cluster), latency with its error, reason.
    `curve` has one row a concept and window: time, mean (contrast) and statistic. Times count sampled frames
    from the first frame that is compared.
    """

    tests: pd.DataFrame
    curve: pd.DataFrame


def surprise_over_time(run: Run) -> OverTime:
    """Cluster-based permutation test over time (`voe.stats.curve_test`) at the setting fixed beforehand.

    All windows that the comparisons have in common take part, informative or not; contrasts within their
    tolerance are ties. It licenses neither onset nor extent (`voe.stats.curves.CAVEAT`).

    Raises:
        RunError: nothing was scored.
    """
    table = primary_comparisons(run)
    contrasts = _contrasts_by_window(run)
    scored = table[(table["status"] == SCORED) & table["comparison"].isin(list(contrasts))]
    if scored.empty:
        return OverTime(pd.DataFrame(), pd.DataFrame())
    windows = min(len(contrasts[name]) for name in scored["comparison"])
    starts = run.protocol.stride * np.arange(windows)
    context = run.protocol.primary_context
    assert context is not None
    times = predicted_time(starts[:, None] + np.arange(run.protocol.window), context)
    tests, curves = [], []
    for concept, part in by_concept(scored, run.stimuli.concepts):
        values = np.stack([contrasts[name][:windows] for name in part["comparison"]])
        test, curve = _tested_curve(values, part["scene"].to_numpy(dtype=str), times)
        tests.append({"concept": concept, **test})
        curves += [{"concept": concept, **point} for point in curve]
    holm = adjust({row["concept"]: row["p_value"] for row in tests if row["concept"] != ALL})
    for row in tests:
        row["p_holm"] = holm.get(row["concept"], math.nan)
    return OverTime(pd.DataFrame(tests), pd.DataFrame(curves))


def _contrasts_by_window(run: Run) -> dict[str, npt.NDArray[np.float64]]:
    """Comparison -> its contrast in each window [W], 0 within tolerance, at the primary setting."""
    curves = run.curves
    stream, context = run.lock["measure"]["stream"], run.protocol.primary_context
    assert context is not None
    designs: Sequence[Quadruplet | Pair] = run.stimuli.quadruplets or run.stimuli.pairs
    contrasts = {}
    for design in designs:
        if not curves.comparable(design.clips):
            continue
        surprise = np.stack([curves.of(clip, stream, context) for clip in design.clips])
        signs = np.array([-1, 1, 1, -1] if isinstance(design, Quadruplet) else [-1, 1])
        contrast = signs @ surprise
        tau = float(tolerance(surprise.mean(), curves.rebatch_difference))
        name = design.id if isinstance(design, Quadruplet) else " | ".join(design.clips)
        contrasts[name] = np.where(np.abs(contrast) <= tau, 0.0, contrast)
    return contrasts


def _tested_curve(
    values: npt.NDArray[np.float64], scenes: npt.NDArray[np.str_], times: npt.NDArray[np.float64]
) -> tuple[dict[str, Any], list[dict[str, float]]]:
    """Test and curve of contrasts [n, W]; NaN and the reason with too few scenes."""
    nan = math.nan
    blank = {"n_scenes": len(set(scenes)), "p_value": nan, "start": nan, "stop": nan}
    try:
        test = curve_test(values, scenes)
    except StatsError as error:
        return {**blank, "latency": nan, "latency_error": nan, "reason": str(error)}, []
    blank["p_value"] = test.p_value
    if test.clusters:
        heaviest = max(test.clusters, key=lambda cluster: cluster.mass)
        blank |= {"start": float(times[heaviest.start]), "stop": float(times[heaviest.stop - 1])}
    found = {**blank, "latency": nan, "latency_error": nan, "reason": ""}
    if test.clusters:
        latency = jackknifed_latency(values, times, scenes)
        found |= {
            "latency": latency.estimate,
            "latency_error": latency.error,
            "reason": f"no latency: {latency.reason}" if latency.reason else "",
        }
    points = zip(times, test.mean, test.statistic, strict=True)
    return found, [{"time": float(t), "mean": float(m), "statistic": float(z)} for t, m, z in points]
