import itertools

import numpy as np
import pytest
from scipy import stats
from statsmodels.regression.linear_model import OLS

from voe.stats import StatsError, group_difference, rank_among_untrained, seeds_by_scenes, single_case

GENERATOR = np.random.default_rng(7)
UNTRAINED = GENERATOR.normal(0.37, 0.16, 14)


def test_rank():
    assert rank_among_untrained(0.99, np.linspace(0.1, 0.9, 99)) == 0.01
    assert rank_among_untrained(0.05, np.linspace(0.1, 0.9, 99)) == 1.0
    assert rank_among_untrained(0.5, [0.5, 0.6]) == 1.0  # ties count against
    assert rank_among_untrained(0.9, np.zeros(20)) == pytest.approx(1 / 21)


def test_rank_is_exact_for_exchangeable_networks():
    values = [0.1, 0.2, 0.3, 0.4, 0.5]
    p = [rank_among_untrained(values[i], values[:i] + values[i + 1 :]) for i in range(5)]
    assert sorted(p) == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])


def test_single_case_is_a_regression_on_being_trained():
    accuracies = np.append(UNTRAINED, 0.81)
    design = np.column_stack([np.ones(15), np.arange(15) == 14]).astype(float)
    fit = OLS(accuracies, design).fit()
    result = single_case(0.81, UNTRAINED)
    assert result.t == pytest.approx(fit.tvalues[1], rel=1e-9)
    assert result.df == fit.df_resid == 13
    assert result.p_value == pytest.approx(fit.pvalues[1] / 2, rel=1e-9)
    assert result.z == pytest.approx((0.81 - UNTRAINED.mean()) / UNTRAINED.std(ddof=1))


def test_hedges_g_as_published():
    # Borenstein et al. 2009, Introduction to Meta-Analysis, p. 27: means 103 and 100, standard deviations 5.5
    # and 4.5, 50 each; g = 0.5924, its variance 0.0411
    base = stats.zscore(np.arange(50.0), ddof=1)
    result = group_difference(103 + 5.5 * base, 100 + 4.5 * base)
    assert result.g == pytest.approx(0.5924, abs=5e-5)
    variance = ((result.high - result.low) / (2 * stats.norm.isf(0.025))) ** 2
    assert variance == pytest.approx(0.0411, abs=5e-5)


def test_welch_by_its_formula():
    first, second = GENERATOR.normal(0.7, 0.05, 6), UNTRAINED
    a, b = first.var(ddof=1) / 6, second.var(ddof=1) / 14
    result = group_difference(first, second)
    assert result.t == pytest.approx((first.mean() - second.mean()) / np.sqrt(a + b))
    assert result.df == pytest.approx((a + b) ** 2 / (a**2 / 5 + b**2 / 13))
    assert result.p_value == pytest.approx(stats.t.sf(result.t, result.df))


def test_seeds_by_scenes_against_every_resample():
    trained = np.array([[1, 1, 0, 1, 1], [1, 0.5, 1, 0, 1]])
    untrained = np.array([[0, 1, 0, 1, 0], [0.5, 0, 0, 1, 1]])
    differences = []
    for scenes in itertools.product(range(5), repeat=5):
        first, second = trained[:, scenes].mean(axis=1), untrained[:, scenes].mean(axis=1)
        for i, j, k, m in itertools.product(range(2), repeat=4):
            differences.append((first[i] + first[j] - second[k] - second[m]) / 2)
    result = seeds_by_scenes(trained, untrained, resamples=20_000)
    assert result.estimate == pytest.approx(trained.mean() - untrained.mean())
    expected = np.quantile(differences, [0.025, 0.975])
    np.testing.assert_allclose([result.low, result.high], expected, atol=0.03)


def test_a_scene_weighs_as_much_as_it_has_comparisons():
    sizes, generator = np.array([6, 1, 2, 1, 3]), np.random.default_rng(3)
    right = [generator.binomial(sizes, p, (2, 5)) for p in (0.8, 0.4)]
    found = seeds_by_scenes(*(one / sizes for one in right), resamples=20_000, sizes=sizes)
    assert found.estimate == pytest.approx((right[0].sum() - right[1].sum()) / (2 * sizes.sum()))
    differences = []
    for scenes in itertools.product(range(5), repeat=5):
        first, second = (one[:, scenes].sum(axis=1) / sizes[list(scenes)].sum() for one in right)
        for i, j, k, m in itertools.product(range(2), repeat=4):
            differences.append((first[i] + first[j] - second[k] - second[m]) / 2)
    expected = np.quantile(differences, [0.025, 0.975])
    np.testing.assert_allclose([found.low, found.high], expected, atol=0.02)
    one_size = seeds_by_scenes(*(one / 7 for one in right), sizes=[7] * 5)
    assert one_size == seeds_by_scenes(*(one / 7 for one in right))
    with pytest.raises(StatsError, match="4 sizes for 5 scenes"):
        seeds_by_scenes(*right, sizes=[1, 2, 3, 4])


def test_no_interval_without_seeds_or_variation():
    one = seeds_by_scenes([[1, 0, 1, 1, 0]], [[0, 0, 1, 1, 0]])
    assert np.isnan([one.low, one.high]).all()
    assert "2 seeds" in one.reason
    constant = seeds_by_scenes(np.ones((3, 6)), np.zeros((3, 6)))
    assert (constant.estimate, constant.reason) == (1, "nothing varies between seeds or scenes")


@pytest.mark.parametrize(
    "call",
    [
        lambda: rank_among_untrained(0.5, []),
        lambda: rank_among_untrained(np.nan, [0.5]),
        lambda: single_case(0.5, [0.5]),
        lambda: single_case(0.5, [0.5, 0.5]),
        lambda: group_difference([0.9] * 4, UNTRAINED),
        lambda: group_difference([0.9] * 5, [0.5, 0.5]),
        lambda: seeds_by_scenes(np.ones((2, 5)), np.ones((2, 6))),
        lambda: seeds_by_scenes(np.ones(5), np.ones(5)),
    ],
)
def test_refusals(call):
    with pytest.raises(StatsError):
        call()
