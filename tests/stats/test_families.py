import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests

from voe.stats import StatsError, adjust, adjust_family

# Benjamini and Hochberg 1995, section 4: 15 p-values of an infarction trial
TRIAL = [
    *(0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344),
    *(0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0),
]


def named(values):
    return {f"concept {index}": value for index, value in enumerate(values)}


def test_as_published():
    # Benjamini and Hochberg reject four at q = .05, Bonferroni (and Holm) three
    adjusted = list(adjust(named(TRIAL), "benjamini-hochberg").values())
    assert sum(value <= 0.05 for value in adjusted) == 4
    assert sum(value <= 0.05 for value in adjust(named(TRIAL)).values()) == 3


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_against_the_definition_of_holm_and_scipy(values):
    order, m = np.argsort(values, kind="stable"), len(values)
    holm, largest = np.empty(m), 0.0
    for rank, index in enumerate(order):
        largest = max(largest, (m - rank) * values[index])
        holm[index] = min(1, largest)
    np.testing.assert_allclose(list(adjust(named(values)).values()), holm, atol=1e-12)
    expected = stats.false_discovery_control(values)
    np.testing.assert_allclose(
        list(adjust(named(values), "benjamini-hochberg").values()), expected, atol=1e-12
    )


@pytest.mark.parametrize(("method", "theirs"), [("holm", "holm"), ("benjamini-hochberg", "fdr_bh")])
def test_against_statsmodels(method, theirs):
    values = [*TRIAL, 0.0459, 0.0344]
    expected = multipletests(values, method=theirs)[1]
    np.testing.assert_allclose(list(adjust(named(values), method).values()), expected, rtol=1e-12)


def test_what_was_not_tested_is_not_paid_for():
    adjusted = adjust({"a": 0.02, "b": float("nan"), "c": 0.5})
    assert adjusted["a"] == 0.04
    assert np.isnan(adjusted["b"])
    assert adjust({}) == {}


def test_refusals():
    for values, method in (({"a": 1.2}, "holm"), ({"a": 0.1}, "bonferroni")):
        with pytest.raises(StatsError):
            adjust(values, method)


def test_a_lost_member_of_a_family_helps_no_other():
    nan = float("nan")
    found = adjust_family({"a": 0.01, "b": nan, "c": 0.03})
    assert (found["a"], found["c"]) == (pytest.approx(0.03), pytest.approx(0.06)) and np.isnan(found["b"])
    assert adjust({"a": 0.01, "b": nan, "c": 0.03})["a"] == pytest.approx(0.02)
    assert adjust_family({}) == {}
