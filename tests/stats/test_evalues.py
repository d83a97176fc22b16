"""E-values are what they say: their mean is at most 1 where there is nothing to find."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate

from voe.stats import StatsError, checkpoint_sweep, e_value, fresh_data


def by_integration(right: int, wrong: int) -> float:
    value, _ = integrate.quad(lambda p: 2 * p**right * (1 - p) ** wrong, 0.5, 1)
    return float(value * 2.0 ** (right + wrong))


@pytest.mark.parametrize(("right", "wrong"), [(0, 0), (3, 0), (0, 3), (15, 5), (40, 38)])
def test_it_is_the_likelihood_ratio_by_integration(right: int, wrong: int) -> None:
    assert e_value([1] * right + [0] * wrong + [0.5]) == pytest.approx(by_integration(right, wrong), rel=1e-9)


@pytest.mark.parametrize("accuracy", [0.5, 0.4, 0.1])
@pytest.mark.parametrize("n", [1, 7, 30])
def test_its_mean_is_at_most_one_exactly(n: int, accuracy: float) -> None:
    mean = sum(
        comb(n, k) * accuracy**k * (1 - accuracy) ** (n - k) * e_value([1] * k + [0] * (n - k))
        for k in range(n + 1)
    )
    assert mean == pytest.approx(1, abs=1e-9) if accuracy == 0.5 else mean < 1


def test_a_scene_counts_once_and_as_most_of_its_scores() -> None:
    scores, scenes = [1, 1, 0, 0, 1, 0.5, 0, 1], list("aaabbccc")
    # a leans right, b neither way, c (1/2, 0, 1) neither: one right scene.
    assert e_value(scores, scenes) == pytest.approx(by_integration(1, 0))


def test_a_sweep_by_hand() -> None:
    scores = np.array([[1] * 6, [0] * 6, [1] * 6])
    own = [by_integration(6, 0), by_integration(0, 6), by_integration(6, 0)]
    unplanned = checkpoint_sweep(scores)
    assert unplanned.e_values == pytest.approx(own)
    assert unplanned.running == pytest.approx(
        [own[0] / 2, own[0] / 2 + own[1] / 6, own[0] * 7 / 12 + own[1] / 6]
    )
    assert checkpoint_sweep(scores, planned=4).running[-1] == pytest.approx(sum(own) / 4)
    assert unplanned.crossed is None
    strong = checkpoint_sweep(np.ones((3, 12)), alpha=0.05)
    assert strong.crossed == 0 and strong.running[0] >= 20


@given(st.lists(st.lists(st.sampled_from([0, 0.5, 1]), min_size=4, max_size=4), min_size=1, max_size=6))
def test_the_evidence_only_grows_and_weights_sum_to_at_most_one(scores: list[list[float]]) -> None:
    sweep = checkpoint_sweep(scores)
    assert (np.diff(sweep.running) >= 0).all()
    assert sweep.running[-1] <= max(sweep.e_values)


def test_stopping_at_will_claims_too_much_less_often_than_alpha() -> None:
    """20 dependent checkpoints on the same 40 quadruplets of pure chance, stopped when it looks good."""
    rng = np.random.default_rng(5)
    claims = {"planned": 0, "unplanned": 0, "naive": 0}
    sets = 2_000
    for _ in range(sets):
        base = rng.random((20, 40))
        mixed = np.where(rng.random((20, 40)) < 0.8, base[0], base) < 0.5
        claims["planned"] += checkpoint_sweep(mixed, planned=20).crossed is not None
        claims["unplanned"] += checkpoint_sweep(mixed).crossed is not None
        claims["naive"] += max(mixed.sum(axis=1)) >= 26  # P(K >= 26) = .04 at one look
    assert claims["planned"] / sets <= 0.05 and claims["unplanned"] / sets <= 0.05
    assert claims["naive"] / sets > 0.08


def test_fresh_data_multiply() -> None:
    assert fresh_data([2.0, 3.0, 0.5]).tolist() == [2, 6, 3]


@pytest.mark.parametrize(
    "call",
    [
        lambda: checkpoint_sweep([1, 0, 1]),
        lambda: checkpoint_sweep([[1, 0], [1, 1]], planned=1),
        lambda: checkpoint_sweep([[1, 2]]),
        lambda: e_value([]),
        lambda: fresh_data([-1.0]),
        lambda: fresh_data([]),
    ],
)
def test_nonsense_is_refused(call) -> None:
    with pytest.raises(StatsError):
        call()
