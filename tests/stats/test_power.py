import numpy as np
import pytest
from scipy import stats

from voe.stats import (
    StatsError,
    detectable_accuracy,
    intraclass_correlation,
    plan_for_accuracy,
    plan_for_equivalence,
    simulated_power,
)
from voe.stats.power import binomial_power, formula_power, planned_design_effect, scene_counts


def exact_power(accuracy, n, alpha=0.05):
    right = np.arange(n + 1)
    significant = stats.binom.sf(right - 1, n, 0.5) <= alpha
    return stats.binom.pmf(right, n, accuracy)[significant].sum()


@pytest.mark.parametrize(("accuracy", "n"), [(0.6, 150), (0.7, 40), (0.8, 20)])
def test_simulation_against_the_exact_binomial(accuracy, n):
    assert simulated_power(accuracy, n, simulations=4_000) == pytest.approx(
        exact_power(accuracy, n), abs=0.02
    )


def test_formula_by_hand():
    needed = ((1.6449 * 0.5 + 0.8416 * np.sqrt(0.24)) / 0.1) ** 2
    plan = plan_for_accuracy(0.6, simulations=2_000)
    assert needed == pytest.approx(152.5, abs=0.1)
    assert 153 <= plan.n_quadruplets <= 165
    assert formula_power(0.6, 153) == pytest.approx(0.80, abs=0.002)
    assert plan.power_simulated == pytest.approx(exact_power(0.6, plan.n_quadruplets), abs=0.03)


def test_correlation_costs_quadruplets():
    alone = plan_for_accuracy(0.6, icc=0.2, simulations=1_000)
    four = plan_for_accuracy(0.6, icc=0.2, per_scene=4, simulations=1_000)
    assert (four.n_quadruplets, four.n_scenes) == (four.n_scenes * 4, four.n_scenes)
    assert four.n_quadruplets == pytest.approx(1.6 * alone.n_quadruplets, rel=0.08)
    assert four.power_simulated >= 0.78


@pytest.mark.parametrize(
    ("n", "alpha", "power"), [(5, 0.05, 0.8), (12, 0.05, 0.8), (20, 0.01, 0.9), (108, 0.05, 0.5)]
)
def test_detectable_accuracy_has_the_power_that_was_asked_for(n, alpha, power):
    plan = detectable_accuracy(n, alpha=alpha, power=power, simulations=2_000)
    assert exact_power(plan.accuracy, n, alpha) == pytest.approx(power, abs=1e-9)
    assert plan.power_simulated == pytest.approx(power, abs=0.03)


def test_the_exact_power_against_a_sum_over_all_outcomes():
    for n in (1, 4, 5, 12, 61, 200):
        for alpha in (0.2, 0.05, 0.001):
            assert binomial_power(0.7, n, alpha) == pytest.approx(exact_power(0.7, n, alpha), abs=1e-12)


@pytest.mark.parametrize("icc", [0.3, -0.2])
def test_detectable_accuracy_of_scenes_with_several_quadruplets(icc):
    plan = detectable_accuracy(160, icc=icc, per_scene=2, simulations=400)
    assert plan.n_scenes == 80
    for accuracy, lowest, highest in ((plan.accuracy, 0.75, 0.86), (plan.accuracy - 0.03, 0.4, 0.75)):
        power = simulated_power(
            accuracy, 80, icc=icc, per_scene=2, simulations=2_000, generator=np.random.default_rng(5)
        )
        assert lowest < power < highest


def test_equivalence():
    assert plan_for_equivalence(0.10) == 215  # (1.6449 + 1.2816)^2 / 0.04 = 214.1
    assert plan_for_equivalence(0.05) == 857
    assert plan_for_equivalence(0.10, deff=2) == 429


def test_an_accuracy_that_scores_cannot_have_is_said_to_be_a_trial():
    with pytest.raises(
        StatsError, match=r"the accuracy that 24 quadruplets find, 0\.\d+ was tried: ICC -0.3"
    ):
        detectable_accuracy(24, icc=-0.3, per_scene=2, simulations=200)


@pytest.mark.parametrize(
    ("accuracy", "icc", "per_scene"),
    [
        (0.5, 0.3, 4),
        (0.8, 0.3, 2),
        (0.6, 0.0, 3),
        (0.5, -0.5, 2),
        (0.5, -1.0, 2),
        (0.8, -0.2, 2),
        (0.9, 1.0, 3),
    ],
)
def test_simulated_scenes_have_the_accuracy_and_the_correlation(accuracy, icc, per_scene):
    generator = np.random.default_rng(1)
    counts = scene_counts(accuracy, icc, per_scene, (40_000,), generator)
    assert counts.mean() / per_scene == pytest.approx(accuracy, abs=0.006)
    scores = (np.arange(per_scene) < counts[:, None]).astype(float).ravel()
    measured = intraclass_correlation(scores, np.repeat(np.arange(40_000), per_scene))
    assert measured == pytest.approx(icc, abs=0.015)


@pytest.mark.parametrize(
    "call",
    [
        lambda: plan_for_accuracy(0.5),
        lambda: plan_for_accuracy(0.6, power=1),
        lambda: plan_for_accuracy(0.6, icc=-1, per_scene=4),
        lambda: detectable_accuracy(3),
        lambda: detectable_accuracy(3, per_scene=4),
        lambda: plan_for_equivalence(0.6),
        lambda: planned_design_effect(0.1, 0),
        lambda: scene_counts(0.8, -1, 2, (5,), np.random.default_rng(0)),
        lambda: simulated_power(1.2, 20),
    ],
)
def test_refusals(call):
    with pytest.raises(StatsError):
        call()
