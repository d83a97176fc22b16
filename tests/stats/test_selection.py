import itertools

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from voe.stats import StatsError, cross_fitted, max_statistic, sign_test

GENERATOR = np.random.default_rng(11)


def coins(k, n, p=0.5):
    return (GENERATOR.random((k, n)) < p).astype(float)


def test_against_every_flip():
    scenes = np.array([0, 0, 1, 2, 3, 3, 4, 5, 6, 7])
    scores = np.array([[1, 1, 1, 1, 0, 1, 0.5, 1, 1, 0], [1, 0, 1, 1, 1, 1, 0, 0, 1, 1.0]])
    leaning = np.stack([np.bincount(scenes, 2 * row - 1) for row in scores])
    norm = np.sqrt((leaning**2).sum(axis=1))
    flips = np.array(list(itertools.product((-1, 1), repeat=8)))
    largest = (flips @ leaning.T / norm).max(axis=1)
    observed = leaning.sum(axis=1) / norm
    expected = [(largest >= value - 1e-9).mean() for value in observed]
    result = max_statistic(scores, scenes)
    np.testing.assert_allclose(result.adjusted, expected)
    random = max_statistic(scores, scenes, flips=255, generator=np.random.default_rng(1))
    np.testing.assert_allclose(random.adjusted, expected, atol=0.1)
    assert result.best == int(np.argmax(observed))
    assert result.p_value == result.adjusted.min()
    np.testing.assert_allclose(result.accuracies, scores.mean(axis=1))


def test_one_setting_is_the_sign_test():
    scores = coins(1, 60, 0.6)
    scenes = np.arange(60) // 2
    result = max_statistic(scores, scenes, flips=40_000)
    assert result.p_value == pytest.approx(sign_test(scores[0], scenes).above, abs=0.007)


def test_copies_of_a_setting_cost_nothing_and_independent_ones_do():
    scores = coins(1, 40, 0.65)
    alone = max_statistic(scores).p_value
    assert max_statistic(np.repeat(scores, 6, axis=0)).p_value == alone
    assert max_statistic(np.vstack([scores, coins(5, 40)])).p_value > 1.5 * alone


def test_missing_settings_and_order_of_scenes():
    scores = coins(3, 30)
    scores[1, ::3] = np.nan
    result = max_statistic(scores)
    assert result.accuracies[1] == pytest.approx(np.nanmean(scores[1]))
    turned = max_statistic(scores[:, ::-1])
    np.testing.assert_allclose(turned.adjusted, result.adjusted, atol=0.02)
    constant = max_statistic(np.full((2, 30), 0.5))
    assert constant.p_value == 1


def test_best_of_five_contexts_of_chance_looks_like_57_percent():
    best = [max_statistic(coins(5, 60), flips=1).accuracies.max() for _ in range(2_000)]
    right = np.arange(61)
    cumulative = stats.binom.cdf(right, 60, 0.5) ** 5
    expected = (right * np.diff(np.append(0, cumulative))).sum() / 60
    assert expected == pytest.approx(0.575, abs=0.001)
    assert np.mean(best) == pytest.approx(expected, abs=0.003)


def slow_cross_fit(scores, scenes, fold_of):
    right = number = 0.0
    for fold in np.unique(fold_of):
        inside = fold_of[scenes] == fold
        best = np.argmax(scores[:, ~inside].mean(axis=1))
        right += scores[best, inside].sum()
        number += inside.sum()
    return right / number


def test_cross_fit_against_plain_loops():
    scores, scenes = coins(4, 90), np.repeat(np.arange(30), 3)
    fold_of = np.random.default_rng(3).permutation(np.arange(30) % 6)
    result = cross_fitted(scores, scenes, folds=6, generator=np.random.default_rng(3))
    assert result.estimate == pytest.approx(slow_cross_fit(scores, scenes, fold_of))
    assert result.chosen.sum() == 6


def test_interval_of_cross_fit_against_plain_loops():
    scores = np.vstack([coins(1, 40, 0.7), coins(2, 40, 0.5)])
    fold_of = np.random.default_rng(5).permutation(np.arange(40) % 5)
    generator, drawn = np.random.default_rng(9), []
    for _ in range(3_000):
        picked = generator.integers(0, 40, 40)
        drawn.append(slow_cross_fit(scores[:, picked], np.arange(40), fold_of[picked]))
    result = cross_fitted(scores, folds=5, resamples=6_000, generator=np.random.default_rng(5))
    p, spread = result.estimate, np.std(drawn)
    t = stats.t.ppf(0.975, 39)
    number = p * (1 - p) / spread**2
    width = 2 * t * np.sqrt(p * (1 - p) / number + t**2 / (4 * number**2)) / (1 + t**2 / number)
    low, high = proportion_confint(p * 40, 40, 2 * stats.norm.sf(stats.t.isf(0.025 / 3, 39)), method="wilson")
    assert result.high - result.low == pytest.approx(max(width, high - low), rel=0.05)


def test_cross_fit_does_not_reward_the_search():
    estimates = [cross_fitted(coins(5, 60), resamples=2).estimate for _ in range(800)]
    assert np.mean(estimates) == pytest.approx(0.5, abs=0.01)


def test_ends_of_cross_fit():
    perfect = cross_fitted(np.ones((3, 20)))
    assert (perfect.estimate, perfect.high) == (1, 1)
    t = stats.t.isf(0.025 / 3, 19)  # three settings to choose from
    assert perfect.low == pytest.approx(20 / (20 + t**2))
    few = cross_fitted(coins(2, 8), np.repeat(np.arange(4), 2))
    assert np.isnan(few.low)
    assert "only 4 scenes" in few.reason


@pytest.mark.parametrize("bad", [np.ones(3), np.full((2, 3), 0.7), np.full((2, 3), np.nan), np.ones((0, 3))])
def test_refusals(bad):
    for function in (max_statistic, cross_fitted):
        with pytest.raises(StatsError):
            function(bad)
    with pytest.raises(StatsError, match="folds"):
        cross_fitted(np.ones((2, 9)), folds=1)
