"""The benchmarks' own measures, against scikit-learn and by hand; ties as each defines them."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from voe.stats import StatsError
from voe.stats import benchmarks as own

RNG = np.random.default_rng(6)


def test_absolute_error_is_one_minus_sklearns_area() -> None:
    real, magic = RNG.normal(size=30).round(1), RNG.normal(0.4, size=40).round(1)
    area = roc_auc_score([0] * 30 + [1] * 40, [*real, *magic])
    assert own.intphys_absolute_error(real, magic) == pytest.approx(1 - area, abs=1e-12)


def test_ties_are_half_in_intphys_and_inflevel_and_right_in_likephys() -> None:
    assert own.intphys_relative_error([[1, 2]], [[2, 1]]) == 0.5
    assert own.inflevel_accuracy([[1, 1]], [[1, 1]]) == 0.5
    assert own.likephys_ppe({"s": [1.0]}, {"v": {"s": [1.0]}}) == 0.0


def test_likephys_weights_violations_and_not_pairs() -> None:
    valid = {"s": [2.0], "t": [2.0]}
    invalid = {"often": {"s": [1.0, 1.0, 1.0], "t": [1.0]}, "seldom": {"t": [3.0]}}
    assert own.likephys_ppe(valid, invalid) == 0.5


def test_chance_of_mvp_is_a_quarter() -> None:
    coin = RNG.random((200_000, 2)) < 0.5
    assert own.mvp_pair_accuracy(coin) == pytest.approx(0.25, abs=0.005)


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        (["yes"] * 4, 0.5),
        (["yes", "yes", "no", "no"], 1.0),
        ([None] * 4, 0.0),
        (["no", "no", "yes", "yes"], 0.0),
    ],
)
def test_planted_answers_to_yes_no(answers: list[str | None], expected: float) -> None:
    assert own.yes_no_accuracy(answers, [True, True, False, False]) == expected


def test_adept_by_hand() -> None:
    relative, area = own.adept_accuracy([3, 1], [[1, 3], [2]])
    assert relative == pytest.approx((0.75 + 0) / 2)
    assert area == pytest.approx(roc_auc_score([1, 1, 0, 0, 0], [3, 1, 1, 3, 2]))
    # The clip that scores 3 is a control of both cases, and one clip.
    shared = own.adept_accuracy([2, 2], [[3, 1], [3]], [3, 1])
    assert shared == (pytest.approx(0.25), pytest.approx(roc_auc_score([1, 1, 0, 0], [2, 2, 3, 1])))


@pytest.mark.parametrize(
    "call",
    [
        lambda: own.intphys_relative_error([[1, 2]], [[1, 2], [3, 4]]),
        lambda: own.inflevel_accuracy([[1, 2, 3]], [[1, 2, 3]]),
        lambda: own.inflevel_accuracy([[np.nan, 2]], [[1, 2]]),
        lambda: own.likephys_ppe({"s": [1.0]}, {"v": {"t": [1.0]}}),
        lambda: own.likephys_ppe({"s": [1.0]}, {}),
        lambda: own.yes_no_accuracy([], []),
        lambda: own.mvp_pair_accuracy([True, False]),
        lambda: own.adept_accuracy([1.0], [[]]),
    ],
)
def test_nonsense_is_refused(call) -> None:
    with pytest.raises(StatsError):
        call()
