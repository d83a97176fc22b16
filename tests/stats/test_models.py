import itertools

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar

from voe.stats import StatsError, bayesian_mixed_model, compare_two, gee

GENERATOR = np.random.default_rng(8)


def two_models(n, p=(0.7, 0.6)):
    return [(GENERATOR.random(n) < share).astype(float) for share in p]


def test_one_quadruplet_a_scene_is_mcnemar():
    first, second = two_models(80)
    table = pd.crosstab(first, second).to_numpy()
    result = compare_two(first, second)
    assert result.p_value == pytest.approx(mcnemar(table, exact=True).pvalue, rel=1e-10)
    assert (result.first_only, result.second_only) == (table[1, 0], table[0, 1])
    assert result.estimate == pytest.approx(first.mean() - second.mean())
    smaller, n = min(table[1, 0], table[0, 1]), table[1, 0] + table[0, 1]
    mid = 2 * (stats.binom.cdf(smaller, n, 0.5) - 0.5 * stats.binom.pmf(smaller, n, 0.5))
    assert result.p_mid == pytest.approx(mid)


def test_mcnemar_as_published():
    # Agresti 2013, Categorical Data Analysis, table 11.1: 150 against 86 of 1,600
    first = np.repeat([1, 1, 0, 0], [794, 150, 86, 570])
    second = np.repeat([1, 0, 1, 0], [794, 150, 86, 570])
    result = compare_two(first, second)
    assert result.p_value == pytest.approx(stats.binomtest(86, 236).pvalue)
    assert (result.low, result.high) == (pytest.approx(0.0212, abs=3e-4), pytest.approx(0.0587, abs=3e-4))


def test_scenes_against_every_swap():
    first = np.array([1, 1, 0.5, 1, 0, 1, 1, 1, 0, 1, 1, 0.0])
    second = np.array([0, 1, 0, 1, 1, 0, 0.5, 0, 0, 1, 0, 0.0])
    scenes = np.array([0, 0, 0, 1, 1, 2, 2, 3, 4, 5, 5, 6])
    change = np.bincount(scenes, first - second)
    sums = np.array([np.dot(flip, change) for flip in itertools.product((-1, 1), repeat=7)])
    expected = min(1, 2 * min((sums >= change.sum()).mean(), (sums <= change.sum()).mean()))
    assert compare_two(first, second, scenes).p_value == pytest.approx(expected)


def test_swapping_the_models_turns_the_difference():
    first, second = two_models(60)
    scenes = np.arange(60) // 3
    one, two = compare_two(first, second, scenes), compare_two(second, first, scenes)
    assert (two.estimate, two.low, two.high) == pytest.approx((-one.estimate, -one.high, -one.low))
    assert two.p_value == pytest.approx(one.p_value)
    same = compare_two(first, first)
    assert (same.estimate, same.p_value) == (0, 1)
    assert same.high - same.low > 0.04
    assert np.isnan(compare_two(first[:8], second[:8], np.arange(8) // 2).low)


@pytest.mark.parametrize(("first_right", "second_right"), [(0.7, 0.6), (0.95, 0.9)])
def test_coverage_of_the_difference(first_right, second_right):
    covered = 0
    for _ in range(1_000):
        hard = np.repeat(GENERATOR.random(30) < 0.3, 2)  # both models fail alike there
        first = ((GENERATOR.random(60) < first_right) & ~hard).astype(float)
        second = ((GENERATOR.random(60) < second_right) & ~hard).astype(float)
        result = compare_two(first, second, np.repeat(np.arange(30), 2))
        covered += result.low <= 0.7 * (first_right - second_right) <= result.high
    assert 0.935 <= covered / 1_000 <= 0.985


def long_frame(scenes=30):
    shared = GENERATOR.normal(size=scenes)
    frame = pd.DataFrame(
        [(s, m, c) for s in range(scenes) for m in "ab" for c in ("solidity", "support")],
        columns=["scene", "model", "concept"],
    )
    logits = shared[frame["scene"]] + 0.8 * (frame["model"] == "b")
    frame["score"] = (GENERATOR.random(len(frame)) < 1 / (1 + np.exp(-logits))).astype(float)
    return frame


def test_gee_of_a_mean_is_the_bias_reduced_sandwich_by_hand():
    frame = long_frame()
    frame = frame.drop(frame.index[[3, 10, 11, 40]])
    fit = gee(frame, "1").iloc[0]
    p, n = frame["score"].mean(), len(frame)
    by_scene = (frame["score"] - p).groupby(frame["scene"])
    # Mancl and DeRouen: residuals over 1 - leverage, which for a mean is the share of the scene
    variance = ((by_scene.sum() / (1 - by_scene.count() / n)) ** 2).sum() / n**2
    assert fit["log_odds"] == pytest.approx(np.log(p / (1 - p)))
    assert fit["std_error"] == pytest.approx(np.sqrt(variance) / (p * (1 - p)), rel=1e-6)
    assert fit["df"] == frame["scene"].nunique() - 1
    assert fit["p_value"] == pytest.approx(2 * stats.t.sf(abs(fit["t"]), fit["df"]))


def test_gee_recovers_observed_accuracies():
    frame = long_frame()
    fit = gee(frame, "C(model) * C(concept)")
    assert next(iter(fit.index)) == "Intercept"
    observed = frame.groupby(["model", "concept"])["score"].mean()
    logit = np.log(observed / (1 - observed))
    assert fit["log_odds"].iloc[0] == pytest.approx(logit["a", "solidity"], abs=1e-6)
    assert fit["log_odds"].sum() == pytest.approx(logit["b", "support"], abs=1e-6)
    shuffled = frame.sample(frac=1, random_state=0)
    pd.testing.assert_frame_equal(gee(shuffled, "C(model) * C(concept)"), fit)


def test_gee_says_so_where_a_cell_is_all_right():
    frame = long_frame()
    frame.loc[frame["model"] == "b", "score"] = 1.0
    with pytest.raises(StatsError, match="all right or all wrong"):
        gee(frame, "C(model)")


def test_mixed_model_is_labelled():
    result = bayesian_mixed_model(long_frame(), "C(model)")
    assert set(result["kind"]) == {"Bayesian, variational, exploratory"}
    assert result["posterior_mean"]["C(model)[T.b]"] == pytest.approx(0.8, abs=0.8)
    assert "log sd of scene" in result.index


@pytest.mark.parametrize(
    "call",
    [
        lambda: compare_two([1, 0], [1]),
        lambda: compare_two([1, np.nan], [1, 0]),
        lambda: compare_two([], []),
        lambda: gee(long_frame().drop(columns="scene"), "1"),
        lambda: gee(long_frame(2), "C(model)"),
        lambda: gee(long_frame().replace({"score": {1.0: np.nan}}), "1"),
        lambda: bayesian_mixed_model(long_frame().replace({"score": {1.0: 0.5}}), "1"),
    ],
)
def test_refusals(call):
    with pytest.raises(StatsError):
        call()
