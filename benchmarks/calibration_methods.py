"""One function a table of `calibration.py`, called once a cell: simulate, apply, count. Shares in percent."""

from __future__ import annotations

import numpy as np
import pandas as pd
from calibration_data import (
    SEED,
    UNEQUAL,
    Dependence,
    as_totals,
    contexts,
    right_by_scene,
    right_in_unequal_scenes,
    skewed,
)
from scipy import stats

from voe.stats import (
    adjust,
    checkpoint_sweep,
    clopper_pearson,
    cluster_bootstrap,
    clustered_auroc,
    compare_two,
    cross_fitted,
    curve_test,
    equivalence_p,
    gee,
    group_difference,
    jackknifed_latency,
    max_statistic,
    seeds_by_scenes,
    sign_test,
    single_case,
    totals_by_scene,
    wilson,
)
from voe.stats.chance import flip_test
from voe.stats.clusters import SceneTotals, effective_number
from voe.stats.intervals import wilson_limits

Cell = dict[str, object]
ALPHA = 0.05
CHECKPOINTS = 20


def percent(found: object) -> float:
    return float(100 * np.mean(found))


def accuracy_false_positives(cell: int, dependence: Dependence, scenes: int, sets: int) -> Cell:
    """One-sided tests of accuracy 1/2 where it is 1/2."""
    rng = np.random.default_rng([SEED, 1, cell])
    m = dependence.per_scene
    counts = right_by_scene(dependence, 0.5, scenes, sets, rng)
    tests = [flip_test(row) for row in 2 * counts - m]
    totals = as_totals(counts, m)
    alone = stats.binom.sf(counts.sum(axis=1) - 1, m * scenes, 0.5)
    return {
        "dependence": dependence.name,
        "scenes": scenes,
        "exact sign test over scenes (default)": percent([test.above <= ALPHA for test in tests]),
        "its mid-p": percent([test.mid_above <= ALPHA for test in tests]),
        "Wilson limit above 1/2": percent(wilson(totals, 1 - 2 * ALPHA)[0] > 0.5),
        "sign test that ignores scenes": percent(alone <= ALPHA),
    }


def contexts_false_positives(cell: int, correlation: float, scenes: int, sets: int) -> Cell:
    """The best of five contexts of chance."""
    rng = np.random.default_rng([SEED, 2, cell])
    batch = [contexts(5, scenes, 1, correlation, rng)[0] for _ in range(sets)]
    best = np.array([scores.sum(axis=1).max() for scores in batch])
    corrected = [max_statistic(scores, flips=999, generator=rng).p_value <= ALPHA for scores in batch]
    return {
        "contexts": "independent" if correlation == 0 else f"correlated ({correlation:g})",
        "scenes": scenes,
        "maximum statistic (default)": percent(corrected),
        "sign test of the best": percent(stats.binom.sf(best - 1, scenes, 0.5) <= ALPHA),
        "accuracy of the best": percent(best / scenes),
    }


def concepts_false_positives(cell: int, scenes: int, sets: int) -> Cell:
    """Any claim among nine concepts of chance."""
    rng = np.random.default_rng([SEED, 3, cell])
    right = rng.binomial(scenes, 0.5, (sets, 9))
    p = stats.binom.sf(right - 1, scenes, 0.5)
    names = [f"concept {index}" for index in range(9)]
    smallest = {
        method: np.array([min(adjust(dict(zip(names, row, strict=True)), method).values()) for row in p])
        for method in ("holm", "benjamini-hochberg")
    }
    return {
        "scenes a concept": scenes,
        "Holm (default)": percent(smallest["holm"] <= ALPHA),
        "Benjamini-Hochberg": percent(smallest["benjamini-hochberg"] <= ALPHA),
        "not adjusted": percent((p <= ALPHA).any(axis=1)),
    }


def coverage(cell: int, dependence: Dependence, scenes: int, accuracy: float, sets: int) -> Cell:
    """Coverage of 95 % intervals of an accuracy."""
    rng = np.random.default_rng([SEED, 4, cell])
    m = dependence.per_scene
    counts = right_by_scene(dependence, accuracy, scenes, sets, rng)
    totals = as_totals(counts, m)
    low, high = wilson(totals)
    some = min(sets, 1_000)
    drawn = [cluster_bootstrap(_one(totals, index), resamples=1_000, generator=rng) for index in range(some)]
    number = m * scenes
    ignoring = wilson_limits(counts.sum(axis=1) / number, number, stats.t.isf(0.025, number - 1))
    return {
        "dependence": dependence.name,
        "scenes": scenes,
        "accuracy": accuracy,
        "ICC": round(dependence.feasible(accuracy), 2),
        "Wilson, effective n, t (default)": percent(_inside((low, high), accuracy)),
        "its width": float(np.mean(high - low)),
        "Clopper-Pearson": percent(_inside(clopper_pearson(totals), accuracy)),
        "bootstrap over scenes": percent([_inside(interval, accuracy) for interval in drawn]),
        "Wilson that ignores scenes": percent(_inside(ignoring, accuracy)),
    }


def unequal_coverage(cell: int, sizes: str, scenes: int, truth: tuple[float, float], sets: int) -> Cell:
    """Coverage of 95 % intervals of an accuracy where scenes differ in size. `truth`: ICC and accuracy."""
    icc, accuracy = truth
    rng = np.random.default_rng([SEED, 11, cell])
    m = UNEQUAL[sizes](scenes)
    right = right_in_unequal_scenes(m, icc, accuracy, sets, rng).astype(np.float64)
    totals = SceneTotals(np.broadcast_to(m.astype(np.float64), right.shape), right, right)
    low, high = wilson(totals)
    n = effective_number(totals)
    plain = wilson_limits(totals.mean, n, stats.t.isf(0.025, scenes - 1))
    number = int(m.sum())
    ignoring = wilson_limits(right.sum(axis=1) / number, number, stats.t.isf(0.025, number - 1))
    return {
        "sizes of scenes": sizes,
        "scenes": scenes,
        "accuracy": accuracy,
        "ICC": icc,
        "Wilson, effective n, t (default)": percent(_inside((low, high), accuracy)),
        "its width": float(np.mean(high - low)),
        "the same with S - 1 degrees of freedom": percent(_inside(plain, accuracy)),
        "Wilson that ignores scenes": percent(_inside(ignoring, accuracy)),
    }


def latency_coverage(cell: int, shape: str, scenes: int, sets: int) -> Cell:
    """The latency of a mean curve of 20 times that rises to a plateau, or to a peak."""
    rng = np.random.default_rng([SEED, 12, cell])
    times = np.arange(20)
    plateau, peak = np.clip((times - 5) / 8, 0, 1), np.exp(-0.5 * ((times - 10) / 3) ** 2)
    curve = plateau if shape == "a plateau" else peak
    after = int(np.argmax(curve >= 0.5))
    truth = after - (curve[after] - 0.5) / (curve[after] - curve[after - 1])
    found = [jackknifed_latency(curve + rng.normal(0, 0.5, (scenes, 20)), times) for _ in range(sets)]
    found = [one for one in found if not one.reason]
    return {
        "the mean curve rises to": shape,
        "scenes": scenes,
        "true latency": f"{truth:.2f}",
        "mean latency": f"{np.mean([one.estimate for one in found]):.2f}",
        "its deviation": f"{np.std([one.estimate for one in found]):.2f}",
        "mean jackknife error": f"{np.mean([one.error for one in found]):.2f}",
        "coverage": percent([one.low <= truth <= one.high for one in found]),
    }


def _one(totals: SceneTotals, index: int) -> SceneTotals:
    return SceneTotals(totals.sizes[index], totals.sums[index], totals.squares[index])


def _inside(interval: tuple[object, object], truth: float) -> object:
    low, high = (np.asarray(limit) for limit in interval)
    return (low <= truth + 1e-12) & (truth - 1e-12 <= high)


def cross_fit_coverage(cell: int, scenes: int, accuracy: float, sets: int) -> Cell:
    """Coverage of the cross-fitted accuracy of the best of five settings that are equally good."""
    rng = np.random.default_rng([SEED, 5, cell])
    found = [
        cross_fitted((rng.random((5, scenes)) < accuracy).astype(float), resamples=400, generator=rng)
        for _ in range(sets)
    ]
    covered = [result.low <= accuracy <= result.high for result in found]
    return {
        "scenes": scenes,
        "accuracy of each": accuracy,
        "mean estimate": percent([result.estimate for result in found]),
        "coverage": percent(covered),
        "width": float(np.mean([result.high - result.low for result in found])),
    }


def sweep_false_positives(cell: int, scenes: int, correlation: float, sets: int) -> Cell:
    """Twenty checkpoints of chance on the same scenes, looked at one after the other."""
    rng = np.random.default_rng([SEED, 10, cell])
    found = {"planned": 0, "unplanned": 0, "naive": 0}
    for _ in range(sets):
        fresh = rng.random((CHECKPOINTS, scenes))
        kept = rng.random((CHECKPOINTS, scenes)) < correlation
        scores = (np.where(kept, fresh[0], fresh) < 0.5).astype(np.float64)
        found["planned"] += checkpoint_sweep(scores, planned=CHECKPOINTS).crossed is not None
        found["unplanned"] += checkpoint_sweep(scores).crossed is not None
        most = int(scores.sum(axis=1).max())
        found["naive"] += stats.binom.sf(most - 1, scenes, 0.5) <= ALPHA
    return {
        "scenes": scenes,
        "correlation": correlation,
        "e-values, planned (default)": 100 * found["planned"] / sets,
        "e-values, no plan (default)": 100 * found["unplanned"] / sets,
        "any checkpoint, exact test": 100 * found["naive"] / sets,
    }


def area_calibration(cell: int, scenes: int, correlation: float, sets: int) -> Cell:
    """Two-sided size and coverage for the AUROC of clips that share the difficulty of their scene."""
    rng = np.random.default_rng([SEED, 6, cell])
    impossible = np.tile([0, 0, 1, 1], scenes)
    names = np.repeat(np.arange(scenes), 4)
    truth = float(stats.norm.cdf(1 / np.sqrt(2)))
    misses = {"Obuchowski (default)": 0, "DeLong": 0}
    covered = 0
    for _ in range(sets):
        noise = np.sqrt(correlation) * rng.normal(size=scenes)[names]
        noise += np.sqrt(1 - correlation) * rng.normal(size=4 * scenes)
        for name, clusters in (("Obuchowski (default)", names), ("DeLong", None)):
            area = clustered_auroc(noise, impossible, clusters)
            misses[name] += not area.low <= 0.5 <= area.high
        area = clustered_auroc(noise + impossible, impossible, names)
        covered += area.low <= truth <= area.high
    sizes = {f"size, {name}": 100 * count / sets for name, count in misses.items()}
    return {"scenes": scenes, "correlation": correlation, **sizes, "coverage at 0.76": 100 * covered / sets}


def model_calibration(cell: int, scenes: int, sets: int) -> Cell:
    """Two models that are equally good on scenes that both find hard: tests at 5 %, and coverage."""
    rng = np.random.default_rng([SEED, 7, cell])
    names, wrong, mid, covered, gee_wrong = np.repeat(np.arange(scenes), 2), 0, 0, 0, 0
    gee_sets = max(sets // (2 if scenes < 100 else 4), 1)  # it is slow
    for index in range(sets):
        p = np.repeat(rng.beta(3, 2, scenes), 2)
        first, second = (rng.random((2, 2 * scenes)) < p).astype(float)
        result = compare_two(first, second, names)
        wrong += result.p_value <= ALPHA
        mid += result.p_mid <= ALPHA
        covered += result.low <= 0 <= result.high
        if index < gee_sets:
            frame = pd.DataFrame(
                {
                    "score": np.concatenate([first, second]),
                    "scene": np.tile(names, 2),
                    "model": np.repeat(["a", "b"], 2 * scenes),
                }
            )
            gee_wrong += gee(frame, "C(model)")["p_value"].iloc[1] <= ALPHA
    return {
        "scenes": scenes,
        "exact swap of scenes (default)": 100 * wrong / sets,
        "its mid-p": 100 * mid / sets,
        "coverage of the difference": 100 * covered / sets,
        "GEE, bias-reduced, t": 100 * gee_wrong / gee_sets,
        "data sets for GEE": gee_sets,
    }


def curve_false_positives(cell: int, scenes: int, skew: bool, sets: int) -> Cell:
    """Curves of 12 times without a difference, symmetric or skewed to the left."""
    rng = np.random.default_rng([SEED, 8, cell])
    found = {"signs": 0, "values": 0}
    for _ in range(sets):
        draw = skewed((scenes, 12), rng) if skew else rng.normal(size=(scenes, 12))
        draw[:, 1:] = (draw[:, 1:] + draw[:, :-1]) / np.sqrt(2)
        centred = draw - (_median_of_sum() if skew else 0)
        for use, curves in (("signs", centred), ("values", draw)):
            found[use] += curve_test(curves, use=use, flips=499, generator=rng).p_value <= ALPHA
    return {
        "scenes": scenes,
        "contrasts": "skewed to the left" if skew else "symmetric",
        "signs (default), median 0": 100 * found["signs"] / sets,
        "values, mean 0": 100 * found["values"] / sets,
    }


def _median_of_sum() -> float:
    """Median of the neighbouring sums (2 - Gamma(2)) / sqrt 2 of `skewed`."""
    return float((2 - stats.gamma.ppf(0.5, 2)) / np.sqrt(2))


def other_rates(cell: int, what: str, sets: int) -> Cell:
    """Single rates that should be 5 %."""
    rng = np.random.default_rng([SEED, 9, cell])
    return {"rate": what, "percent": OTHER[what](rng, sets)}


def _equivalence(rng: np.random.Generator, n: int, margin: float, sets: int) -> float:
    right = rng.binomial(n, 0.5 + margin, sets)
    p = {
        k: float(equivalence_p(totals_by_scene([1] * k + [0] * (n - k)), margin)) for k in set(right.tolist())
    }
    return percent([p[k] <= ALPHA for k in right.tolist()])


def _skewed_leaning(rng: np.random.Generator, scenes: int, sets: int) -> float:
    """Three quadruplets a scene: all wrong in a quarter of the scenes, else two right."""
    counts = np.where(rng.random((sets, scenes)) < 0.25, 0, 2)
    return percent([flip_test(row).above <= ALPHA for row in 2 * counts - 3])


def _mean_flip(rng: np.random.Generator, scenes: int, sets: int) -> float:
    """Flips of skewed values, as an example of what the default avoids."""
    found = []
    for _ in range(sets):
        values = skewed((scenes,), rng)
        flipped = rng.choice([-1.0, 1.0], (499, scenes)) @ values
        found.append((1 + (flipped >= values.sum()).sum()) / 500 <= ALPHA)
    return percent(found)


def _signs_of_skewed(rng: np.random.Generator, scenes: int, sets: int) -> float:
    values = skewed((sets, scenes), rng) - (1 - np.log(2))
    return percent([sign_test((row > 0).astype(float)).above <= ALPHA for row in values])


def _single_case(rng: np.random.Generator, sets: int) -> float:
    draws = rng.normal(0.37, 0.16, (sets, 15))
    return percent([single_case(row[0], row[1:]).p_value <= ALPHA for row in draws])


def _welch(rng: np.random.Generator, sets: int) -> float:
    draws = [(rng.normal(0.4, 0.05, 5), rng.normal(0.4, 0.16, 14)) for _ in range(sets)]
    return percent([group_difference(*pair).p_value <= ALPHA for pair in draws])


def _seeds_by_scenes(rng: np.random.Generator, sets: int) -> float:
    missed = []
    for _ in range(sets):
        scene = rng.normal(size=40)
        groups = [
            (rng.random((seeds, 40)) < stats.norm.cdf(scene + rng.normal(0, 0.5, (seeds, 1)))).astype(float)
            for seeds in (5, 14)
        ]
        result = seeds_by_scenes(*groups, resamples=400, generator=rng)
        missed.append(not result.low <= 0 <= result.high)
    return percent(missed)


OTHER = {
    "equivalence within 10 points, truth 60 %, 214 quadruplets": lambda r, n: _equivalence(r, 214, 0.10, n),
    "equivalence within 5 points, truth 55 %, 857 quadruplets": lambda r, n: _equivalence(r, 857, 0.05, n),
    "sign test over scenes, leaning skewed, 20 scenes": lambda r, n: _skewed_leaning(r, 20, n),
    "sign test over scenes, leaning skewed, 60 scenes": lambda r, n: _skewed_leaning(r, 60, n),
    "sign test over scenes, leaning skewed, 500 scenes": lambda r, n: _skewed_leaning(r, 500, n),
    "signs of skewed contrasts of median 0, 20 scenes": lambda r, n: _signs_of_skewed(r, 20, n),
    "not used: flips of the mean of skewed contrasts, 20 scenes": lambda r, n: _mean_flip(r, 20, n),
    "not used: flips of the mean of skewed contrasts, 60 scenes": lambda r, n: _mean_flip(r, 60, n),
    "Crawford and Howell, 1 trained against 14 untrained": _single_case,
    "Welch, 5 trained against 14 untrained": _welch,
    "seeds by scenes, 5 against 14 seeds, 40 scenes (two-sided)": lambda r, n: _seeds_by_scenes(r, n // 5),
}
