import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from voe.stats import StatsError, bayes_factor, sign_test


@given(st.integers(0, 80), st.integers(0, 80), st.integers(0, 5))
def test_one_score_a_scene_is_the_binomial_test_without_ties(right, wrong, ties):
    if right + wrong == 0:
        return
    test = sign_test([1] * right + [0.5] * ties + [0] * wrong)
    n = right + wrong
    assert test.above == pytest.approx(stats.binomtest(right, n, alternative="greater").pvalue, rel=1e-10)
    assert test.below == pytest.approx(stats.binomtest(right, n, alternative="less").pvalue, rel=1e-10)
    mid = stats.binom.sf(right, n, 0.5) + stats.binom.pmf(right, n, 0.5) / 2
    assert test.mid_above == pytest.approx(mid, rel=1e-10)
    assert test.deciding_scenes == n


@given(st.lists(st.tuples(st.sampled_from([0.0, 0.5, 1.0]), st.integers(0, 7)), min_size=1, max_size=30))
def test_scenes_against_all_flips(rows):
    scores, scenes = np.array(rows).T
    leaning = np.bincount(scenes.astype(int), 2 * scores - 1)
    sums = [np.dot(flip, leaning) for flip in itertools.product((-1, 1), repeat=len(leaning))]
    test = sign_test(scores, scenes)
    assert test.above == pytest.approx(np.mean(np.array(sums) >= leaning.sum()))
    assert test.below == pytest.approx(np.mean(np.array(sums) <= leaning.sum()))
    assert test.mid_above + test.mid_below == pytest.approx(1)
    mirrored = sign_test(1 - scores, scenes)
    assert mirrored.above == pytest.approx(test.below)


def test_scenes_that_lean_nowhere_say_nothing():
    test = sign_test([1, 0] * 30, np.repeat(np.arange(30), 2))
    assert (test.above, test.below, test.deciding_scenes) == (1.0, 1.0, 0)


def test_many_scenes():
    generator = np.random.default_rng(0)
    scores = (generator.random(25_000) < 0.51).astype(float)
    expected = stats.binomtest(int(scores.sum()), 25_000, alternative="greater").pvalue
    assert sign_test(scores).above == pytest.approx(expected, rel=1e-9)


def test_only_scores_are_tested():
    for bad in ([0.7], [2], [np.nan]):
        with pytest.raises(StatsError):
            sign_test(bad)


@pytest.mark.parametrize(("right", "wrong"), [(15, 5), (0, 0), (30, 30), (3, 12), (48, 12)])
@pytest.mark.parametrize("shape", [1.0, 4.0])
def test_bayes_factor_by_quadrature(right, wrong, shape):
    prior = stats.beta(shape, shape)

    def likelihood(p):
        return 2 * prior.pdf(p) * p**right * (1 - p) ** wrong * 2.0 ** (right + wrong)

    expected, _ = integrate.quad(likelihood, 0.5, 1, epsabs=0, epsrel=1e-11)
    assert bayes_factor(right, wrong, shape) == pytest.approx(expected, rel=1e-9)


def test_bayes_factor_of_large_counts_and_refusals():
    assert bayes_factor(5000, 5000) < 0.05
    assert bayes_factor(0, 5000) == pytest.approx(1 / 5001)  # the integral is elementary
    assert bayes_factor(10, 5000, 4.0) == pytest.approx(0.000438288462866, rel=1e-10)  # mpmath, 40 digits
    assert bayes_factor(9000, 1000) > 1e300
    for bad in ((-1, 0, 1.0), (1, 1, 0.0)):
        with pytest.raises(StatsError):
            bayes_factor(*bad)
