import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from voe.stats import (
    StatsError,
    clopper_pearson,
    cluster_bootstrap,
    effective_number,
    equivalence_p,
    totals_by_scene,
    wilson,
)
from voe.stats.clusters import SceneTotals
from voe.stats.intervals import wilson_limits

ALL = (wilson, clopper_pearson, cluster_bootstrap)


def coins(right, wrong):
    return totals_by_scene([1] * right + [0] * wrong)


@pytest.mark.parametrize(
    ("right", "n", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_as_published(right, n, low, high):
    # Newcombe 1998, Statistics in Medicine 17:857, table I, method 3
    limits = wilson_limits(right / n, n, stats.norm.isf(0.025))
    np.testing.assert_allclose(limits, (low, high), atol=5e-5)


@pytest.mark.parametrize(
    ("right", "n", "low", "high"),
    [(81, 263, 0.2527, 0.3676), (15, 148, 0.0578, 0.1617), (0, 20, 0.0, 0.1684), (1, 29, 0.0009, 0.1776)],
)
def test_clopper_pearson_as_published(right, n, low, high):
    # Newcombe 1998, table I, method 5
    np.testing.assert_allclose(clopper_pearson(coins(right, n - right)), (low, high), atol=5e-5)


@given(st.integers(0, 60), st.integers(0, 60), st.sampled_from([0.8, 0.95, 0.99]))
def test_one_score_a_scene_against_statsmodels(right, wrong, confidence):
    n = right + wrong
    if n < 2:
        return
    got = clopper_pearson(coins(right, wrong), confidence)
    expected = proportion_confint(right, n, 1 - confidence, method="beta")
    np.testing.assert_allclose(got, expected, rtol=1e-10, atol=1e-12)
    as_normal = 2 * stats.norm.sf(stats.t.isf((1 - confidence) / 2, n - 1))
    if as_normal > 0:
        expected = proportion_confint(right, n, as_normal, method="wilson")
        np.testing.assert_allclose(wilson(coins(right, wrong), confidence), expected, rtol=1e-9, atol=1e-10)


def test_clustered_clopper_pearson_is_korn_and_graubard():
    generator = np.random.default_rng(3)
    scenes = np.repeat(np.arange(25), 4)
    scores = (generator.random(100) < np.repeat(generator.beta(4, 2, 25), 4)).astype(float)
    totals = totals_by_scene(scores, scenes)
    number = float(effective_number(totals)) * (stats.t.ppf(0.975, 99) / stats.t.ppf(0.975, 24)) ** 2
    expected = proportion_confint(scores.mean() * number, number, 0.05, method="beta")
    np.testing.assert_allclose(clopper_pearson(totals), expected, rtol=1e-10)


@pytest.mark.parametrize("interval", ALL)
@pytest.mark.parametrize("value", [0.0, 1.0, 0.5])
@pytest.mark.parametrize("scenes", [None, np.repeat(np.arange(10), 2)])
def test_never_of_zero_width(interval, value, scenes):
    low, high = interval(totals_by_scene(np.full(20, value), scenes))
    assert 0 <= low <= value <= high <= 1
    assert high - low > (0.13 if scenes is None else 0.25)


def test_perfectly_balanced_scenes_still_have_a_width():
    low, high = wilson(totals_by_scene([1, 0] * 20, np.repeat(np.arange(20), 2)))
    assert 0.1 < high - low < 0.2


@pytest.mark.parametrize("interval", ALL)
@given(data=st.lists(st.tuples(st.sampled_from([0.0, 0.5, 1.0]), st.integers(0, 8)), min_size=2, max_size=40))
def test_swapping_the_labels_mirrors_the_interval(interval, data):
    scores, scenes = np.array(data).T
    low, high = interval(totals_by_scene(scores, scenes))
    assert 0 <= low <= scores.mean() + 1e-9 <= high + 1e-8 <= 1 + 2e-8
    if interval is not cluster_bootstrap:  # its draws differ
        mirrored = interval(totals_by_scene(1 - scores, scenes))
        np.testing.assert_allclose(mirrored, (1 - high, 1 - low), atol=1e-9)


def test_bootstrap_is_that_of_drawing_scenes_one_by_one():
    generator = np.random.default_rng(5)
    sizes = generator.integers(1, 5, 30)
    scenes = np.repeat(np.arange(30), sizes)
    scores = generator.integers(0, 2, sizes.sum()).astype(float)
    sums = np.bincount(scenes, scores)
    drawn = generator.integers(0, 30, size=(40_000, 30))
    means = sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1)
    got = cluster_bootstrap(totals_by_scene(scores, scenes), resamples=40_000)
    np.testing.assert_allclose(got, np.quantile(means, [0.025, 0.975]), atol=0.006)


def test_bootstrap_of_single_scores_against_scipy():
    scores = np.array([1.0] * 37 + [0.5] * 4 + [0.0] * 19)
    expected = stats.bootstrap(
        (scores,), np.mean, n_resamples=20_000, method="percentile", rng=np.random.default_rng(1)
    ).confidence_interval
    got = cluster_bootstrap(totals_by_scene(scores), resamples=20_000)
    np.testing.assert_allclose(got, expected, atol=0.009)
    assert cluster_bootstrap(totals_by_scene(scores)) == cluster_bootstrap(totals_by_scene(scores))


@given(st.integers(2, 150), st.integers(2, 150), st.sampled_from([0.05, 0.1, 0.2]))
def test_equivalence_is_the_90_percent_interval_within_the_margin(right, wrong, margin):
    totals = coins(right, wrong)
    low, high = wilson(totals, 0.90)
    inside = low >= 0.5 - margin and high <= 0.5 + margin
    p = float(equivalence_p(totals, margin))
    if abs(p - 0.05) > 1e-9:
        assert inside == (p < 0.05)


def test_equivalence_by_hand():
    t = (0.1 + 6 / 200) / np.sqrt(0.4 * 0.6 / 200), (0.1 - 6 / 200) / np.sqrt(0.4 * 0.6 / 200)
    assert float(equivalence_p(coins(106, 94), 0.1)) == pytest.approx(stats.t.sf(min(t), 199))
    assert float(equivalence_p(coins(94, 106), 0.1)) == pytest.approx(stats.t.sf(min(t), 199))


def test_equivalence_needs_as_many_quadruplets_as_planned():
    # 80 % power at accuracy 1/2: about 214 quadruplets within 10 points, 857 within 5
    for n, margin in ((214, 0.10), (857, 0.05)):
        right = np.arange(n + 1)
        p = np.array([float(equivalence_p(coins(k, n - k), margin)) for k in right])
        assert stats.binom.pmf(right, n, 0.5)[p <= 0.05].sum() == pytest.approx(0.80, abs=0.03)


def unequal(sizes, accuracy, icc, sets, seed):
    """Right scores of beta-binomial scenes: `SceneTotals` of [sets, scenes]."""
    generator = np.random.default_rng(seed)
    scale = (1 - icc) / icc
    p = generator.beta(accuracy * scale, (1 - accuracy) * scale, (sets, len(sizes)))
    right = generator.binomial(sizes, p).astype(np.float64)
    return SceneTotals(np.broadcast_to(np.float64(sizes), right.shape), right, right)


def test_few_large_scenes_leave_few_degrees_of_freedom():
    sizes = np.where(np.arange(20) % 5 == 0, 10, 1)  # four scenes carry nearly all of the variance
    totals = unequal(sizes, 0.5, 0.6, 4_000, seed=1)
    low, high = wilson(totals)
    assert 0.94 <= ((low <= 0.5) & (high >= 0.5)).mean() <= 0.97
    narrow = wilson_limits(totals.mean, effective_number(totals), stats.t.isf(0.025, 19))
    assert ((narrow[0] <= 0.5) & (narrow[1] >= 0.5)).mean() < 0.92
    # By hand, in a set in which every scene agrees with itself: ICC 1, so a scene of m scores counts m^2.
    agreed = totals_by_scene(
        [1] * 8 + [0] * 8 + [1] * 8 + [0] * 3 + [1] * 3, [0] * 8 + [1] * 8 + [2] * 8 + list(range(3, 9))
    )
    freedom = (3 * 64 + 6) ** 2 / (3 * 64**2 + 6) - 1
    expected = wilson_limits(agreed.mean, effective_number(agreed), stats.t.isf(0.025, freedom))
    np.testing.assert_allclose(wilson(agreed), expected, rtol=1e-9)


def test_scenes_of_one_size_keep_their_degrees_of_freedom():
    totals = unequal(np.full(12, 3), 0.7, 0.3, 50, seed=2)
    expected = wilson_limits(totals.mean, effective_number(totals), stats.t.isf(0.025, 11))
    np.testing.assert_allclose(wilson(totals), expected, rtol=1e-9)


def test_refusals():
    totals = coins(5, 5)
    for interval in ALL:
        with pytest.raises(StatsError, match="confidence"):
            interval(totals, 1.0)
    with pytest.raises(StatsError, match="margin"):
        equivalence_p(totals, 0.5)
