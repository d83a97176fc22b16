"""The classifier against scikit-learn, and its p-value against a slow permutation and a simulation."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from voe.audit.classifier import classify, decisions, folds_of, ridge_weights, settings_of


def data(seed: int, n: int, p: int, shift: float = 0.0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.normal(shift, 1, (n, p)) * rng.uniform(0.1, 10, p)


@pytest.mark.parametrize("p", [3, 60])
def test_ridge_is_scikit_learns(p: int) -> None:
    contrasts = data(0, 25, p)
    targets = np.where(np.arange(25) % 3, 1.0, -1.0)
    scale = np.sqrt((contrasts**2).mean(axis=0))
    theirs = Ridge(alpha=p, fit_intercept=False).fit(contrasts / scale, targets)
    assert np.allclose(ridge_weights(contrasts) @ targets, theirs.coef_ / scale, atol=1e-10)


def test_held_out_answers_are_those_of_clips_labelled_possible_and_impossible() -> None:
    """On pairs, the same as ridge regression on the clips, centred within the pair, with labels +1 and -1."""
    rng = np.random.default_rng(1)
    possible, impossible = rng.normal(0, 1, (30, 4)), rng.normal(0.3, 1, (30, 4))
    scenes = np.arange(30) // 2
    folds = folds_of(scenes)
    said = decisions(impossible - possible, folds, np.ones(30))
    for fold in range(5):
        train, test = folds != fold, folds == fold
        centred = np.concatenate([(impossible - possible)[train], (possible - impossible)[train]]) / 2
        labels = np.repeat([1.0, -1.0], train.sum())
        scale = np.sqrt(((impossible - possible)[train] ** 2).mean(axis=0))
        # Rows are halved and doubled in number, so the penalty of p becomes p / 2 on unit scale.
        model = Ridge(alpha=4 / 2, fit_intercept=False).fit(centred / scale, labels)
        expected = model.predict((impossible - possible)[test] / scale)
        assert np.array_equal(np.sign(said[test]), np.sign(expected))
        assert np.corrcoef(said[test], expected)[0, 1] == pytest.approx(1, abs=1e-9)


def test_a_scene_is_never_in_training_and_test() -> None:
    scenes = np.repeat(np.arange(13), 3)
    folds = folds_of(scenes)
    assert all(len(set(folds[scenes == s])) == 1 for s in range(13))
    assert sorted(np.bincount(folds) // 3) == [2, 2, 3, 3, 3]


def test_swapped_labels_are_trained_again() -> None:
    contrasts, scenes = data(2, 10, 3, shift=0.4), np.arange(10)
    folds = folds_of(scenes)
    for swaps in itertools.islice(itertools.product((1.0, -1.0), repeat=10), 5, 400, 37):
        signs = np.array(swaps)
        slow = decisions(contrasts * signs[:, None], folds, np.ones(10))
        assert np.allclose(decisions(contrasts, folds, signs[None])[0], slow, atol=1e-12)


def test_what_tells_is_found_and_what_does_not_is_not() -> None:
    scenes, everyone = np.arange(40), np.ones(40, dtype=np.bool_)
    found = classify([(everyone, data(3, 40, 5)), (everyone, data(4, 40, 5, shift=1.0))], scenes)
    assert found.best == 1 and found.scores[1].mean() > 0.95
    assert found.p_value == pytest.approx(1 / 2000)
    assert classify([(everyone, data(5, 40, 5))], scenes).p_value > 0.05


def test_contrasts_of_zero_are_ties() -> None:
    scenes, everyone = np.arange(12), np.ones(12, dtype=np.bool_)
    assert not list(settings_of([np.zeros((12, 3))], [everyone], scenes))
    contrasts = np.zeros((12, 1))
    contrasts[:3] = 1
    scores = classify([(everyone, contrasts)], scenes).scores[0]
    assert (scores[3:] == 0.5).all()


def test_the_p_value_keeps_its_size_where_a_binomial_one_does_not() -> None:
    """Answers of a cross-validation depend on each other: the sign test rejects pure noise too often."""
    from scipy.stats import binomtest

    scenes, everyone = np.arange(12), np.ones(12, dtype=np.bool_)
    ours, binomial = 0, 0
    for seed in range(300):
        found = classify([(everyone, data(1000 + seed, 12, 1))], scenes, flips=99)
        ours += found.p_value <= 0.1
        binomial += binomtest(int(found.scores[0].sum()), 12, alternative="greater").pvalue <= 0.1
    assert ours / 300 <= 0.15
    assert binomial > ours
