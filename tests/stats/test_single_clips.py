import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import balanced_accuracy_score, roc_auc_score

from voe.stats import StatsError, clustered_auroc, discrimination, fitted_threshold

GENERATOR = np.random.default_rng(2)


def scenes_of_clips(n_scenes, correlation, shift=1.0, generator=GENERATOR):
    """Two possible and two impossible clips a scene, whose difficulty they share."""
    shared = np.sqrt(correlation) * generator.normal(size=(n_scenes, 1))
    impossible = np.tile([0, 0, 1, 1], (n_scenes, 1))
    own = np.sqrt(1 - correlation) * generator.normal(size=(n_scenes, 4))
    return (shared + own + shift * impossible).ravel(), impossible.ravel(), np.repeat(np.arange(n_scenes), 4)


def test_delong_is_the_jackknife_of_either_kind():
    score = np.round(GENERATOR.normal(size=30), 1)
    impossible = np.arange(30) % 3 == 0
    variance = 0.0
    for kind in (impossible, ~impossible):
        areas = [roc_auc_score(np.delete(impossible, i), np.delete(score, i)) for i in np.flatnonzero(kind)]
        variance += (len(areas) - 1) * np.var(areas)
    found = clustered_auroc(score, impossible)
    assert found.estimate == pytest.approx(roc_auc_score(impossible, score), abs=1e-12)
    # the mean of leave-one-out areas is the area itself, so both are the same to the last digits
    assert found.error**2 == pytest.approx(variance, rel=1e-10)
    assert found.method == "DeLong"


def test_obuchowski_by_plain_loops():
    score, impossible, scenes = scenes_of_clips(9, 0.5)
    keep = np.ones(36, dtype=bool)
    keep[[0, 1, 7, 13, 14, 15, 22]] = False  # unequal scenes, one without possible clips
    score, impossible, scenes = score[keep], impossible[keep] == 1, scenes[keep]
    x, y = score[impossible], score[~impossible]
    area = np.mean([[(a > b) + 0.5 * (a == b) for b in y] for a in x])
    rows = []
    for scene in range(9):
        mine = scenes == scene
        v10 = sum(np.mean(a > y) - area for a in score[mine & impossible])
        v01 = sum(np.mean(x > b) - area for b in score[mine & ~impossible])
        rows.append((v10, v01, (mine & impossible).any(), (mine & ~impossible).any()))
    v10, v01, has1, has0 = np.array(rows, dtype=float).T
    i10, i01, m, n = has1.sum(), has0.sum(), len(x), len(y)
    s10 = i10 / ((i10 - 1) * m) * (v10**2).sum()
    s01 = i01 / ((i01 - 1) * n) * (v01**2).sum()
    s11 = 9 / 8 * (v10 * v01).sum()
    found = clustered_auroc(score, impossible, scenes)
    assert found.estimate == pytest.approx(area)
    assert found.error**2 == pytest.approx(s10 / m + s01 / n + 2 * s11 / (m * n))
    assert (found.n_impossible, found.n_possible, found.n_scenes, found.method) == (m, n, 9, "Obuchowski")


def test_clustered_error_is_the_true_one_and_delong_is_not():
    areas, clustered, naive, covered = [], [], [], 0
    for _ in range(400):
        score, impossible, scenes = scenes_of_clips(40, 0.5)
        found = clustered_auroc(score, impossible, scenes)
        areas.append(found.estimate)
        clustered.append(found.error)
        naive.append(clustered_auroc(score, impossible).error)
        covered += found.low <= stats.norm.cdf(1 / np.sqrt(2)) <= found.high
    true = np.std(areas)
    assert np.mean(clustered) == pytest.approx(true, rel=0.1)
    assert np.mean(naive) > 1.15 * true
    assert 0.92 <= covered / 400 <= 0.98


def test_interval_is_monotone_and_mirrors():
    score, impossible, scenes = scenes_of_clips(20, 0.3)
    found = clustered_auroc(score, impossible, scenes)
    assert clustered_auroc(np.exp(score), impossible, [f"s{i}" for i in scenes]) == found
    mirrored = clustered_auroc(-score, impossible, scenes)
    assert (mirrored.low, mirrored.high) == (pytest.approx(1 - found.high), pytest.approx(1 - found.low))


def test_no_error_without_scenes_or_overlap():
    apart = clustered_auroc([1, 2, 3, 4, 5, 6], [0, 0, 0, 1, 1, 1])
    assert apart.estimate == 1
    assert np.isnan([apart.error, apart.low, apart.high]).all()
    assert "separated" in apart.reason
    for surprise in ([1.0] * 20, [2.0, 1.0] * 5 + [1.0, 2.0] * 5):  # all equal; half the scenes either way
        same = clustered_auroc(
            surprise, [0, 1] * 10, np.repeat(np.arange(5), 4) if surprise[0] == 1 else None
        )
        assert same.estimate == 0.5
        assert "separated" not in same.reason
    assert (
        "scenes do not differ"
        in clustered_auroc([2, 1, 2, 3] * 6, [0, 0, 1, 1] * 6, [i // 4 for i in range(24)]).reason
    )
    few = clustered_auroc([1, 5, 3, 4], [0, 0, 1, 1], list("abab"))
    assert np.isnan(few.low)
    assert "5 scenes" in few.reason


def test_thresholds_come_from_other_scenes():
    # one scene is shifted by 10: fitted on it, all its clips would be right; fitted elsewhere, half of them
    score = np.array([1, 2, 1.2, 2.2, 0.9, 1.8, 11, 12.0])
    impossible = np.tile([0, 1], 4)
    result = fitted_threshold(score, impossible, list("aabbccdd"), folds=4)
    assert result.scores.tolist() == [1, 1, 1, 1, 1, 1, 0, 1]
    assert result.balanced == pytest.approx(0.875)
    assert len(result.thresholds) == 4


def test_threshold_of_noise_is_not_rewarded():
    balanced = []
    for _ in range(300):
        score, impossible, scenes = scenes_of_clips(15, 0.3, shift=0.0)
        balanced.append(fitted_threshold(score, impossible, scenes, folds=5).balanced)
    assert np.mean(balanced) == pytest.approx(0.5, abs=0.02)


def test_threshold_against_brute_force():
    score, impossible, scenes = scenes_of_clips(12, 0.2)
    result = fitted_threshold(score, impossible, scenes, folds=3, generator=np.random.default_rng(4))
    fold_of = np.random.default_rng(4).permutation(np.arange(12) % 3)[scenes]
    for fold, threshold in enumerate(result.thresholds):
        outside = fold_of != fold
        at = [balanced_accuracy_score(impossible[outside], score[outside] > t) for t in score]
        reached = balanced_accuracy_score(impossible[outside], score[outside] > threshold)
        assert reached == pytest.approx(max(at))
    called = score > result.thresholds[fold_of]
    assert result.scores.mean() == pytest.approx((called == impossible).mean())


def test_discrimination():
    found = discrimination(20, 5, 10, 15)
    h, f = stats.norm.ppf(20.5 / 26), stats.norm.ppf(10.5 / 26)
    assert found.d_prime == pytest.approx(h - f)
    assert found.criterion == pytest.approx(-(h + f) / 2)
    # Stanislaw and Todorov 1999, Behavior Research Methods 31:137: without the half counts 1.095 and -0.294
    many = discrimination(20_000, 5_000, 10_000, 15_000)
    assert (many.d_prime, many.criterion) == (pytest.approx(1.095, abs=1e-3), pytest.approx(-0.294, abs=1e-3))
    assert np.isfinite(discrimination(25, 0, 0, 25).d_prime)
    swapped = discrimination(10, 15, 20, 5)
    assert swapped.d_prime == pytest.approx(-found.d_prime)


def test_error_of_d_prime_by_simulation():
    generator = np.random.default_rng(1)
    hits, false_alarms = generator.binomial(100, 0.8, 1_000), generator.binomial(100, 0.4, 1_000)
    values = [discrimination(h, 100 - h, f, 100 - f).d_prime for h, f in zip(hits, false_alarms, strict=True)]
    assert discrimination(80, 20, 40, 60).error == pytest.approx(np.std(values), rel=0.07)


@pytest.mark.parametrize(
    "call",
    [
        lambda: clustered_auroc([1, 2], [1, 1]),
        lambda: fitted_threshold([1, 2], [0, 1], ["a", "a"]),
        lambda: fitted_threshold([1, 2, 3], [0, 1, 1], ["a", "b", "c"]),
        lambda: discrimination(-1, 5, 5, 5),
        lambda: discrimination(0, 0, 5, 5),
    ],
)
def test_refusals(call):
    with pytest.raises(StatsError):
        call()
