import itertools
import json
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from voe.stats import StatsError, curve_test, jackknifed_latency, predicted_time

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "curves" / "mne.json").read_text())


def test_predicted_time_is_not_the_start_of_the_window():
    frames = np.arange(0, 12, 4)[:, None] + np.arange(8)
    np.testing.assert_array_equal(predicted_time(frames, 4), [5.5, 9.5, 13.5])
    np.testing.assert_array_equal(predicted_time(frames, 6), [6.5, 10.5, 14.5])
    np.testing.assert_array_equal(predicted_time(3 * frames, 7), [21, 33, 45])


@pytest.mark.parametrize("case", GOLDEN)
def test_values_against_mne(case):
    contrasts = np.array(case["contrasts"])
    result = curve_test(contrasts, use="values", threshold=case["threshold"])
    np.testing.assert_allclose(result.statistic, case["t"], rtol=1e-10)
    np.testing.assert_allclose(result.statistic, stats.ttest_1samp(contrasts, 0).statistic)
    assert [[cluster.start, cluster.stop] for cluster in result.clusters] == case["clusters"]
    flips = 2 ** len(contrasts)
    ours = np.array([cluster.p_value for cluster in result.clusters])
    # theirs counts the observation twice
    np.testing.assert_allclose(ours, case["p"], atol=1.01 / flips)
    np.testing.assert_allclose(ours, all_flips_by_hand(contrasts, case["threshold"]), rtol=1e-12)


def masses_by_hand(t, threshold):
    found = [0.0]
    for value in [*t, -np.inf]:
        if value > threshold:
            found[-1] += value
        elif found[-1]:
            found.append(0.0)
    return found[:-1]


def all_flips_by_hand(contrasts, threshold):
    observed = masses_by_hand(stats.ttest_1samp(contrasts, 0).statistic, threshold)
    largest = []
    for flip in itertools.product((1, -1), repeat=len(contrasts)):
        flipped = stats.ttest_1samp(contrasts * np.array(flip)[:, None], 0).statistic
        largest.append(max(masses_by_hand(flipped, threshold), default=0.0))
    return [np.mean([mass >= own - 1e-9 for mass in largest]) for own in observed]


def test_signs_do_not_see_how_large_a_contrast_is():
    contrasts = np.array(GOLDEN[0]["contrasts"])
    result = curve_test(contrasts)
    assert curve_test(contrasts**3).p_value == result.p_value
    signs = np.sign(contrasts)
    np.testing.assert_allclose(result.statistic, signs.sum(axis=0) / np.sqrt((signs**2).sum(axis=0)))
    np.testing.assert_allclose(result.mean, contrasts.mean(axis=0))
    assert "no claim about when" in result.caveat


def test_scenes_and_ties():
    generator = np.random.default_rng(3)
    contrasts = generator.normal(size=(24, 6)) + 0.8
    scenes = np.repeat(np.arange(12), 2)
    result = curve_test(contrasts, scenes)
    renamed = curve_test(contrasts, [f"scene {9 - s}" for s in scenes])
    assert (result.n_scenes, renamed.p_value) == (12, result.p_value)
    tied = curve_test(contrasts, scenes, tau=100.0)
    assert (tied.p_value, tied.clusters) == (1.0, ())
    assert curve_test(-np.abs(contrasts), scenes).p_value == 1


def test_null_curves_are_rarely_significant():
    generator = np.random.default_rng(5)
    found = 0
    for _ in range(300):
        noise = generator.normal(size=(12, 10)).cumsum(axis=1)
        found += curve_test(noise, use="values").p_value <= 0.05
    assert found / 300 < 0.09


def test_latency_is_the_one_that_was_built_in():
    times = np.arange(0, 40, 2.0)
    shape = np.clip((times - 10) / 8, 0, 1)  # half its peak at 14
    flat = jackknifed_latency(np.tile(shape, (6, 1)), times)
    assert (flat.estimate, flat.error) == (pytest.approx(14), pytest.approx(0))
    assert jackknifed_latency(np.tile(shape, (6, 1)), times, fraction=0.25).estimate == pytest.approx(12)
    doubled = jackknifed_latency(np.repeat(np.tile(shape, (6, 1)), 2, axis=0), times, np.repeat(range(6), 2))
    assert doubled.estimate == pytest.approx(14)


def test_error_of_latency_is_the_true_one():
    generator, times = np.random.default_rng(6), np.arange(0, 40, 2.0)
    found = []
    for _ in range(250):
        onsets = generator.normal(10, 3, size=(20, 1))
        curves = np.clip((times - onsets) / 8, 0, 1) + generator.normal(0, 0.05, (20, len(times)))
        found.append(jackknifed_latency(curves, times))
    errors, estimates = np.array([(result.error, result.estimate) for result in found]).T
    assert np.mean(errors) == pytest.approx(estimates.std(), rel=0.15)
    covered = [result.low <= 14 <= result.high for result in found]
    assert np.mean(covered) > 0.9


def test_no_latency_without_a_rise():
    falling = jackknifed_latency(-np.ones((6, 4)), range(4))
    assert np.isnan(falling.estimate)
    assert "rise" in falling.reason
    assert "5 are needed" in jackknifed_latency(np.ones((4, 4)), range(4)).reason


@pytest.mark.parametrize(
    "call",
    [
        lambda: curve_test(np.ones((4, 3))),
        lambda: curve_test(np.ones(9)),
        lambda: curve_test(np.full((9, 3), np.nan)),
        lambda: curve_test(np.ones((9, 3)), use="ranks"),
        lambda: predicted_time(np.ones((3, 4), dtype=int), 4),
        lambda: jackknifed_latency(np.ones((6, 3)), [0, 1]),
        lambda: jackknifed_latency(np.ones((6, 3)), [0, 2, 1]),
        lambda: jackknifed_latency(np.ones((6, 3)), [0, 1, 2], fraction=1.5),
    ],
)
def test_refusals(call):
    with pytest.raises(StatsError):
        call()
