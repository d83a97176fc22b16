import json
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sk

from voe.stats import StatsError, corrected_metrics, reference_metrics
from voe.stats.reference import METRICS, ReferenceWarning
from voe.stats.reference_tables import COLUMNS

GOLDEN = Path(__file__).parents[1] / "golden" / "metrics"
EXPECTED = json.loads((GOLDEN / "metrics.json").read_text())


def case(name):
    with np.load(GOLDEN / "cases.npz") as arrays:
        return arrays[f"{name}/losses"], arrays[f"{name}/labels"]


def clips(n, windows=3, seed=0):
    generator = np.random.default_rng(seed)
    return generator.random((2 * n, windows)).astype(np.float32), np.tile([1, 0], n)


@pytest.mark.parametrize("name", EXPECTED)
def test_every_value_of_the_reference(name):
    got = reference_metrics(*case(name))
    assert tuple(got) == METRICS
    for metric, column in COLUMNS.items():
        exact = not metric.startswith("au")
        assert got[metric] == pytest.approx(EXPECTED[name][column], abs=0 if exact else 1e-12), metric


@pytest.mark.parametrize("name", EXPECTED)
def test_the_right_value_beside_it(name):
    surprise, labels = case(name)
    got = corrected_metrics(surprise, labels)
    mean, top = surprise.mean(axis=1, dtype=np.float64), surprise.max(axis=1).astype(float)
    for key, value in (("avg", mean), ("max", top)):
        possible, impossible = value[labels == 1], value[labels == 0]
        signs = np.sign(impossible - possible)
        assert got[f"relative_accuracy_{key}"] == pytest.approx(50 + 50 * signs.mean())
        assert got[f"auroc_{key}"] == pytest.approx(sk.roc_auc_score(labels, -value), abs=1e-12)
        assert got[f"auprc_{key}"] == pytest.approx(sk.average_precision_score(labels, -value), abs=1e-12)
    false_alarms, hits, _ = sk.roc_curve(labels == 0, top)
    best = 50 * (1 + (hits - false_alarms).max())
    assert got["best_absolute_accuracy_max"] == pytest.approx(best)
    called = top > got["threshold"]
    accuracy = 100 * sk.balanced_accuracy_score(labels == 0, called)
    assert got["absolute_accuracy_max"] == pytest.approx(accuracy)
    share = (~called[labels == 1]).mean()
    assert share >= 0.9
    assert share == 1 or (top[labels == 1] < got["threshold"]).mean() < 0.9


def test_constant_surprise_is_a_coin_toss_and_not_always_wrong():
    surprise, labels = case("constant")
    assert reference_metrics(surprise, labels)["relative_accuracy_avg"] == 0
    right = corrected_metrics(surprise, labels)
    assert [right[name] for name in METRICS if "threshold" not in name] == [50.0] * 4 + [0.5] * 4


@pytest.mark.parametrize("n", [1, 2, 5, 9])
def test_below_ten_possible_clips_there_is_no_threshold(n):
    surprise, labels = clips(n)
    with pytest.warns(ReferenceWarning, match=f"of {n} sorted possible clips.*10 possible clips or more"):
        got = reference_metrics(surprise, labels)
    assert np.isnan([got["absolute_accuracy_max"], got["threshold"]]).all()
    others = [got[name] for name in METRICS if name not in ("absolute_accuracy_max", "threshold")]
    assert np.isfinite(others).all()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isfinite(list(corrected_metrics(surprise, labels).values())).all()


@pytest.mark.parametrize(("n", "rank"), [(10, 0), (13, 0), (19, 0), (20, 1), (29, 1), (30, 2), (200, 19)])
def test_threshold_by_rank_from_the_top(n, rank):
    surprise, labels = clips(n)
    top = np.sort(surprise[labels == 1].max(axis=1))[::-1]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        got = reference_metrics(surprise, labels)
    assert got["threshold"] == top[rank]
    at_or_above = rank + 1
    caught = (surprise[labels == 0].max(axis=1) > top[rank]).sum()
    assert got["absolute_accuracy_max"] == pytest.approx(100 * (n - at_or_above + caught) / (2 * n))


def test_unequal_numbers():
    surprise, labels = clips(12)
    surprise, labels = surprise[:-3], labels[:-3]  # 11 possible, 10 impossible
    with pytest.warns(ReferenceWarning, match="11 possible and 10 impossible"):
        got = reference_metrics(surprise, labels)
    assert np.isnan([got["relative_accuracy_avg"], got["relative_accuracy_max"]]).all()
    top = surprise.max(axis=1)
    grid = np.linspace(top[labels == 1].min(), top[labels == 0].max(), 100)
    right = [(top[labels == 1] < t).sum() + (top[labels == 0] > t).sum() for t in grid]
    assert got["best_absolute_accuracy_max"] == pytest.approx(100 * max(right) / 22)
    assert got["auroc_max"] == pytest.approx(sk.roc_auc_score(labels, -top))


def test_grid_of_the_best_threshold_can_miss_every_trivial_classifier():
    possible, impossible = np.full((10, 1), 0.9), np.linspace(0.1, 0.2, 10)[:, None]
    surprise, labels = np.vstack([possible, impossible]), [1] * 10 + [0] * 10
    assert reference_metrics(surprise, labels)["best_absolute_accuracy_max"] == 0.0
    assert corrected_metrics(surprise, labels)["best_absolute_accuracy_max"] == 50.0


def test_ragged_clips_are_padded_with_zeros_by_the_reference_only():
    full, labels = clips(12, windows=4)
    ragged = [row[: 4 - index % 2] for index, row in enumerate(full)]
    padded = full.copy()
    padded[1::2, 3] = 0
    missing = full.copy()
    missing[1::2, 3] = np.nan
    with pytest.warns(ReferenceWarning, match="padded with zeros"):
        got = reference_metrics(ragged, labels)
    assert got == reference_metrics(padded, labels)
    right = corrected_metrics(missing, labels)
    assert right == corrected_metrics(ragged, labels)
    assert corrected_metrics(pd.DataFrame(missing), pd.Series(labels)) == right
    mean = np.nanmean(missing, axis=1, dtype=float)
    assert right["auroc_avg"] == pytest.approx(sk.roc_auc_score(labels, -mean))


def test_one_kind_of_clip_only():
    surprise, _ = clips(10)
    with pytest.warns(ReferenceWarning) as caught:
        got = reference_metrics(surprise, np.ones(20))
    assert any("both needed" in str(warning.message) for warning in caught)
    assert all(np.isnan(got[name]) for name in METRICS if name.startswith(("au", "rel", "best")))


@pytest.mark.parametrize(
    ("surprise", "labels"),
    [
        ([[1, np.nan, 2], [1, 2, 3]], [1, 0]),
        ([[np.nan, np.nan], [1, 2]], [1, 0]),
        ([[np.inf, 1], [1, 2]], [1, 0]),
        ([], []),
        ([[1, 2], [3, 4]], [1]),
        ([[1, 2], [3, 4]], [1, 2]),
        (np.ones((2, 2, 2)), [1, 0]),
    ],
)
def test_bad_input_never_yields_a_number(surprise, labels):
    for function in (reference_metrics, corrected_metrics):
        with pytest.raises(StatsError):
            function(surprise, labels)


@given(st.integers(0, 2**32 - 1))
def test_monotone_transforms_and_swaps(seed):
    generator = np.random.default_rng(seed)
    top = generator.integers(0, 64, size=(24, 1)).astype(np.float32)
    labels = np.tile([1, 0], 12)
    right, moved = corrected_metrics(top, labels), corrected_metrics(top**2 + 1, labels)
    swapped = corrected_metrics(top, 1 - labels)
    for name in METRICS:
        if "threshold" not in name:
            assert moved[name] == pytest.approx(right[name])
    for key in ("avg", "max"):
        assert swapped[f"relative_accuracy_{key}"] == pytest.approx(100 - right[f"relative_accuracy_{key}"])
        assert swapped[f"auroc_{key}"] == pytest.approx(1 - right[f"auroc_{key}"])
