import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from voe.stats import StatsError, accuracy_of


def coins(right, wrong, ties=0):
    return [1.0] * right + [0.0] * wrong + [0.5] * ties


def test_counts_and_estimate():
    found = accuracy_of([1, 1, 0.5, 0, 1, 1, np.nan, 1], list("aabbccde"))
    assert found.estimate == pytest.approx(5.5 / 7)
    assert (found.n, found.n_scenes, found.ties, found.untestable) == (7, 4, 1, 1)
    assert found.tie_share == pytest.approx(1 / 7)


def test_p_value_is_exact():
    found = accuracy_of(coins(15, 5))
    assert found.p_value == pytest.approx(stats.binomtest(15, 20, alternative="greater").pvalue)
    assert found.p_below == pytest.approx(stats.binomtest(15, 20, alternative="less").pvalue)
    assert found.p_mid < found.p_value


@pytest.mark.parametrize(
    ("scores", "verdict", "sentence"),
    [
        (coins(15, 5), "above", "above chance"),
        (coins(5, 15), "below", "below chance"),
        (coins(11, 9), "inconclusive", "inconclusive"),
        (coins(150, 150), "equivalent", "equivalent to chance (within 10 points)"),
        (coins(13, 0, 7), "none", "no verdict: 35 % ties"),
        (coins(16, 0, 4), "above", "above chance"),
        (coins(0, 0, 20), "none", "no verdict: 100 % ties"),
        ([np.nan] * 4, "none", "no verdict: nothing is testable at this window"),
        ([], "none", "no verdict: there are no scores"),
    ],
)
def test_verdicts(scores, verdict, sentence):
    found = accuracy_of(scores)
    assert (found.verdict, found.sentence) == (verdict, sentence)


def test_margin_decides_equivalence():
    assert accuracy_of(coins(120, 120), margin=0.05).verdict == "inconclusive"
    assert accuracy_of(coins(450, 450), margin=0.05).verdict == "equivalent"


@pytest.mark.parametrize("method", ["wilson", "clopper-pearson", "bootstrap"])
def test_too_few_scenes_have_no_interval(method):
    found = accuracy_of([1] * 40, np.repeat(np.arange(4), 10), method=method)
    assert np.isnan([found.low, found.high, found.p_equivalent]).all()
    assert found.p_value == pytest.approx(1 / 16)
    assert found.sentence == "inconclusive: only 4 scenes, at least 5 are needed"


@pytest.mark.parametrize("method", ["wilson", "clopper-pearson", "bootstrap"])
def test_all_right_is_an_interval(method):
    found = accuracy_of([1] * 40, np.repeat(np.arange(20), 2), method=method)
    assert (found.estimate, found.verdict) == (1, "above")
    assert 0.80 < found.low < 0.86
    assert found.high == pytest.approx(1)


def test_scenes_widen_or_narrow():
    pairs = np.repeat(np.arange(40), 2)
    apart = accuracy_of(np.tile([1, 0], 40), pairs)
    alone = accuracy_of(np.tile([1, 0], 40))
    together = accuracy_of(np.repeat(np.arange(40) % 2, 2), pairs)
    widths = [found.high - found.low for found in (apart, alone, together)]
    assert widths == sorted(widths)
    assert widths[2] / widths[1] == pytest.approx(np.sqrt(2), rel=0.06)
    assert (apart.icc, together.icc) == (pytest.approx(-1, abs=0.03), 1)
    assert np.isnan(alone.icc)


@given(st.lists(st.tuples(st.sampled_from([0.0, 0.5, 1.0]), st.integers(0, 12)), min_size=1, max_size=60))
def test_swapping_the_labels(rows):
    scores, scenes = np.array(rows).T
    found, swapped = accuracy_of(scores, scenes), accuracy_of(1 - scores, scenes)
    assert swapped.estimate == pytest.approx(1 - found.estimate)
    np.testing.assert_allclose(
        [swapped.low, swapped.high], [1 - found.high, 1 - found.low], atol=1e-9, equal_nan=True
    )
    assert swapped.p_value == pytest.approx(found.p_below)
    other = {"above": "below", "below": "above"}
    assert swapped.verdict == other.get(found.verdict, found.verdict)
    renamed = accuracy_of(scores, [f"s{int(-scene)}" for scene in scenes])
    assert renamed.low == pytest.approx(found.low, nan_ok=True)
    assert renamed.p_value == pytest.approx(found.p_value)


def test_refusals():
    for arguments in ({"method": "wald"}, {"margin": 0.7}, {"alpha": 0}, {"confidence": 95}):
        with pytest.raises(StatsError):
            accuracy_of(coins(10, 10), **arguments)
    for scores, scenes in (([0.7], None), ([[1, 0]], None), ([1, 0], ["a"])):
        with pytest.raises(StatsError):
            accuracy_of(scores, scenes)
