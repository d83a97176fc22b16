"""From verdicts to the tables behind the figures: accuracy, effects over untrained networks, ablations."""

from __future__ import annotations

import math
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from voe.miniature.arms import ARMS, FAMILIES, LATENT, MODELS, PIXELS, UNTRAINED, levels_of, set_of
from voe.miniature.results import Results
from voe.stats import (
    StatsError,
    adjust,
    group_difference,
    rank_among_untrained,
    seeds_by_scenes,
    single_case,
)
from voe.stats.accuracy import verdict_of
from voe.stats.untrained import FEWEST_TRAINED


def accuracy_table(results: Results, stimuli: str, arms: tuple[str, ...]) -> pd.DataFrame:
    """Accuracy of arms by concept and over all, seeds pooled.

    Columns: arm, concept, seeds, n (quadruplets), estimate, low, high (of these networks, over scenes),
    seeds_low, seeds_high (over other seeds too), ties, p_value, p_holm (over concepts, within an arm),
    verdict (of the corrected test for concepts).
    """
    rows = []
    for arm in arms:
        if not (seeds := results.seeds(arm, stimuli)):
            continue
        block: list[dict[str, Any]] = []
        for concept in [*results.concepts(stimuli), "all"]:
            found = results.accuracy(arm, stimuli, concept)
            wide = results.over_seeds_too(arm, stimuli, concept)
            block.append(
                {
                    "arm": arm, "concept": concept, "seeds": len(seeds), "n": found.n // len(seeds),
                    "estimate": found.estimate, "low": found.low, "high": found.high, "ties": found.ties,
                    "p_value": found.p_value, "p_below": found.p_below,
                    "p_equivalent": found.p_equivalent, "verdict": found.verdict,
                    "seeds_low": wide[0], "seeds_high": wide[1],
                }
            )  # fmt: skip
        _corrected(block)
        rows += block
    return pd.DataFrame(rows)


def _corrected(block: list[dict[str, Any]]) -> None:
    """Add p_holm, and let the verdicts of concepts follow p-values that are corrected over them."""
    concepts = [row for row in block if row["concept"] != "all"]
    above, below, equivalent = (
        adjust({row["concept"]: row[key] for row in concepts if not math.isnan(row[key])})
        for key in ("p_value", "p_below", "p_equivalent")
    )
    for row in block:
        name = row["concept"]
        row["p_holm"] = above.get(name, row["p_value"])
        if name != "all" and row["verdict"] != "none":
            row["verdict"] = verdict_of(above.get(name, 1.0), below.get(name, 1.0), equivalent.get(name, 1.0))


def beside_untrained(results: Results, stimuli: str, arm: str) -> pd.DataFrame:
    """An arm beside untrained networks, on the comparisons that both answered.

    Columns: concept, n, seeds, trained (mean accuracy over seeds), untrained_n, untrained_mean, untrained_sd,
    untrained_high (the best of them), p_rank (of the first seed, one-sided), p_rank_worst (of the seed with
    the largest p); from five seeds on g, g_low, g_high (Hedges' g) and p_welch, from one on t and p_single
    (Crawford and Howell, first seed), NaN where there is no scale; p_holm, over concepts, of the `test` that
    can be had of all of them ('welch', else 'single case', else 'rank'). A rank among n cannot be below
    1 / (n + 1), so that of 99 never survives a correction over nine.
    """
    rows = []
    for concept in [*results.concepts(stimuli), "all"]:
        trained, others = results.scores(arm, stimuli, concept), results.scores(UNTRAINED, stimuli, concept)
        shared = trained.dropna().index.intersection(others.dropna().index)
        if shared.empty:
            continue
        first = trained.loc[shared].mean().to_numpy(dtype=np.float64)
        second = others.loc[shared].mean().to_numpy(dtype=np.float64)
        ranks = [rank_among_untrained(value, second) for value in first.tolist()]
        rows.append(
            {
                "concept": concept, "n": len(shared), "seeds": len(first), "trained": float(first.mean()),
                "untrained_n": len(second), "untrained_mean": float(second.mean()),
                "untrained_sd": float(second.std(ddof=1)), "untrained_high": float(second.max()),
                "p_rank": ranks[0], "p_rank_worst": max(ranks), **_effects(first, second),
            }
        )  # fmt: skip
    table = pd.DataFrame(rows)
    if len(table):
        tests = {"welch": "p_welch", "single case": "p_single", "rank": "p_rank_worst"}
        name = next(name for name, column in tests.items() if table[column].notna().all())
        table["test"], table["p_value"] = name, table[tests[name]]
        parts = table[table["concept"] != "all"]
        holm = adjust(dict(zip(parts["concept"], parts["p_value"], strict=True)))
        table["p_holm"] = [holm.get(c, p) for c, p in zip(table["concept"], table["p_value"], strict=True)]
    return table


def latent_less_pixels(
    results: Results, stimuli: str, arms: tuple[str, str] = (LATENT, PIXELS)
) -> pd.DataFrame:
    """A latent predictor less a pixel predictor, on the comparisons that both answered.

    Columns: concept, n, latent, pixels, estimate, low, high (over seeds and scenes drawn anew,
    `voe.stats.seeds_by_scenes`), reason (why there is no interval).
    """
    rows = []
    for concept in [*results.concepts(stimuli), "all"]:
        if found := _less(results, *arms, stimuli, concept):
            first, second = found.pop("first"), found.pop("second")
            rows.append({"concept": concept, "latent": first, "pixels": second, **found})
    return pd.DataFrame(rows)


def group_differences(results: Results, group: str, stimuli: str) -> pd.DataFrame:
    """The arms of a group less each other on a set, of those of one family that have two seeds or more.

    Columns: first, second (arms), n, estimate, low, high (over seeds and scenes drawn anew,
    `voe.stats.seeds_by_scenes`), reason (why there is no interval).
    """
    rows = []
    for (first, _), (second, _) in combinations(levels_of(group), 2):
        several = min(len(results.seeds(arm, stimuli)) for arm in (first, second)) > 1
        alike = first.startswith(PIXELS) == second.startswith(PIXELS)
        if several and alike and (found := _less(results, second, first, stimuli, "all")):
            rows.append({**found, "first": second, "second": first})
    return pd.DataFrame(rows)


def _less(results: Results, first: str, second: str, stimuli: str, concept: str) -> dict[str, Any]:
    """Accuracies of two arms and their difference, on what both answered; empty where that is nothing."""
    one, other = (results.scores(arm, stimuli, concept).dropna() for arm in (first, second))
    shared = one.index.intersection(other.index)
    if shared.empty:
        return {}
    a, b = (scores.loc[shared].to_numpy(dtype=np.float64).T for scores in (one, other))
    found = seeds_by_scenes(a, b)
    return {
        "n": len(shared), "first": a.mean(), "second": b.mean(), "estimate": found.estimate,
        "low": found.low, "high": found.high, "reason": found.reason,
    }  # fmt: skip


def _effects(first: np.ndarray, second: np.ndarray) -> dict[str, float]:
    """Effect sizes; NaN where the numbers give none."""
    found = dict.fromkeys(("g", "g_low", "g_high", "p_welch", "t", "p_single"), math.nan)
    try:
        case = single_case(float(first[0]), second)
        found |= {"t": case.t, "p_single": case.p_value}
        if len(first) >= FEWEST_TRAINED:
            group = group_difference(first, second)
            found |= {"g": group.g, "g_low": group.low, "g_high": group.high, "p_welch": group.p_value}
    except StatsError:  # untrained networks that all agree give no scale
        pass
    return found


def model_table(results: Results, stimuli: str) -> pd.DataFrame:
    """The models and the untrained networks on a set: model, family, stimuli, seeds, estimate, low, high.

    The interval is over other scenes and, of several seeds, other seeds.
    """
    names = {
        LATENT: (FAMILIES[0], "latent"),
        PIXELS: (FAMILIES[1], "pixel"),
        UNTRAINED: ("untrained", "untrained"),
    }
    rows = []
    for arm, (model, family) in names.items():
        if seeds := results.seeds(arm, stimuli):
            low, high = results.over_seeds_too(arm, stimuli)
            rows.append(
                {
                    "stimuli": stimuli, "model": model, "family": family, "seeds": len(seeds),
                    "estimate": results.accuracy(arm, stimuli).estimate, "low": low, "high": high,
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


def contrast_table(results: Results, group: str, stimuli: str) -> pd.DataFrame:
    """Contrasts of the arms of a group as shares of the surprise of their clips.

    Columns: level, seed, comparison, share; levels in the group's order. Verdicts without contrast or
    surprise are left out, so the table may be empty.
    """
    verdicts = results.verdicts.reindex(
        columns=["arm", "seed", "stimuli", "comparison", "contrast", "mean_surprise"]
    )
    parts = []
    for arm, level in levels_of(group):
        part = verdicts[(verdicts["arm"] == arm) & (verdicts["stimuli"] == stimuli)]
        share = part["contrast"] / part["mean_surprise"]
        parts.append(part[["seed", "comparison"]].assign(level=level, share=share))
    return pd.concat(parts, ignore_index=True).dropna(subset=["share"])


def ablation_table(results: Results, group: str, stimuli: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A group's arms: level, family, estimate, low, high, verdict, effect; and those of each seed.

    `verdict` is of these networks, a quadruplet with all its seeds being one cluster; `effect` is the median
    contrast as a share of surprise. Of each seed: level, family, estimate.
    """
    rows, dots = [], []
    for arm, level in levels_of(group):
        if not (seeds := results.seeds(arm, stimuli)):
            continue
        family = FAMILIES[1] if arm.startswith("pixels") else FAMILIES[0]
        low, high = results.over_seeds_too(arm, stimuli)
        found = results.accuracy(arm, stimuli)
        rows.append(
            {
                "arm": arm, "level": level, "family": family, "seeds": len(seeds),
                "estimate": found.estimate, "low": low, "high": high, "verdict": found.verdict,
                "effect": results.effect(arm, stimuli),
            }
        )  # fmt: skip
        means = results.scores(arm, stimuli).mean()
        dots += [{"level": level, "family": family, "estimate": value} for value in means.tolist()]
    return pd.DataFrame(rows), pd.DataFrame(dots)


def by_concept(results: Results, stimuli: str) -> pd.DataFrame:
    """Share right of every trained arm, seeds pooled. Columns: arm, seeds, and a concept each.

    NaN where an arm was not scored on a concept.
    """
    rows = []
    for arm in ARMS:
        if seeds := results.seeds(arm.name, stimuli):
            shares = {
                concept: math.nan if results.scores(arm.name, stimuli, concept).empty
                else results.accuracy(arm.name, stimuli, concept).estimate
                for concept in results.concepts(stimuli)
            }  # fmt: skip
            rows.append({"arm": arm.name, "seeds": len(seeds), **shares})
    return pd.DataFrame(rows)


def space_table(results: Results, stimuli: str) -> pd.DataFrame:
    """Both predictors and untrained networks in third spaces.

    Columns: space, model, seeds, r2 (mean over seeds: how much of the space is read out in ordinary video),
    estimate, low, high, ties (share of comparisons), verdict, and the accuracy of single concepts.
    """
    rows = []
    table = results.verdicts
    arms = [
        str(arm) for arm in dict.fromkeys(table.loc[table["stimuli"] == stimuli, "arm"]) if "@" in str(arm)
    ]
    for arm in arms:
        found = results.accuracy(arm, stimuli)
        low, high = results.over_seeds_too(arm, stimuli)
        part = table[(table["arm"] == arm) & (table["stimuli"] == stimuli)]
        model, _, space = arm.partition("@")
        single = {c: results.accuracy(arm, stimuli, c).estimate for c in results.concepts(stimuli)}
        rows.append(
            {
                "space": space, "model": model, "seeds": len(results.seeds(arm, stimuli)),
                "r2": float(part["r2"].mean()), "estimate": found.estimate, "low": low,
                "high": high, "ties": found.ties / found.n, "verdict": found.verdict, **single,
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def groups_with_results(results: Results, stimuli: str) -> list[str]:
    """The questions that a set answers, of which an arm was scored, and something to set it beside."""
    known = dict.fromkeys(arm.group for arm in ARMS)
    groups = [group for group in known if group != MODELS and set_of(group) == stimuli]
    scored = {arm.name for arm in ARMS if results.seeds(arm.name, stimuli)}
    own = {arm.group for arm in ARMS if arm.name in scored}
    return [g for g in groups if g in own and len(ablation_table(results, g, stimuli)[0]) > 1]


def groups_met_whole(results: Results, stimuli: str) -> list[str]:
    """The questions of which every arm was scored on a set: of others a part would be told as the whole."""
    known = dict.fromkeys(arm.group for arm in ARMS if arm.group != MODELS)
    return [group for group in known if all(results.seeds(arm, stimuli) for arm, _ in levels_of(group))]
