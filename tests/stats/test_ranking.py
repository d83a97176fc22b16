import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn import metrics

from voe.stats import StatsError, auroc, average_precision
from voe.stats.ranking import placements, precision_recall

rows = st.lists(st.tuples(st.integers(-5, 5), st.booleans()), min_size=2, max_size=60).filter(
    lambda pairs: len({kind for _, kind in pairs}) == 2
)


@given(rows)
def test_against_scikit_learn(pairs):
    score, positive = np.array(pairs, dtype=float).T
    assert auroc(score, positive) == pytest.approx(metrics.roc_auc_score(positive, score), abs=1e-12)
    expected = metrics.average_precision_score(positive, score)
    assert average_precision(score, positive) == pytest.approx(expected, abs=1e-12)
    precision, recall, _ = metrics.precision_recall_curve(positive, score)
    got = precision_recall(score, positive)
    assert np.trapezoid(*got) == pytest.approx(metrics.auc(recall, precision), abs=1e-12)


@given(rows)
def test_a_monotone_transform_changes_nothing_and_a_swap_mirrors(pairs):
    score, positive = np.array(pairs, dtype=float).T
    assert auroc(np.exp(score) + 3, positive) == pytest.approx(auroc(score, positive))
    assert average_precision(score**3, positive) == pytest.approx(average_precision(score, positive))
    assert auroc(score, 1 - positive) == pytest.approx(1 - auroc(score, positive))


@given(rows)
def test_both_means_of_placements_are_the_auroc(pairs):
    score, positive = np.array(pairs, dtype=float).T
    share = placements(score, positive)
    statistic = stats.mannwhitneyu(score[positive == 1], score[positive == 0]).statistic
    area = statistic / (positive.sum() * (1 - positive).sum())
    assert share[positive == 1].mean() == pytest.approx(area)
    assert share[positive == 0].mean() == pytest.approx(area)


@pytest.mark.parametrize(
    ("score", "positive"),
    [([1, 2], [1, 1]), ([1, 2], [0, 0]), ([1, np.nan], [1, 0]), ([1, 2], [1]), ([1, 2], [0.5, 1])],
)
def test_refusals(score, positive):
    with pytest.raises(StatsError):
        auroc(score, positive)
