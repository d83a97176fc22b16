"""From contrasts to verdicts: p-values that pay for the search, Holm's correction, equivalence."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from voe.audit.accounts import lean_accounts
from voe.audit.comparisons import Comparison
from voe.audit.findings import Marginal
from voe.audit.judge import groups_of, judge
from voe.audit.marginal import Reading


def comparisons(n: int, *concepts: str) -> list[Comparison]:
    named = concepts or ("solidity",)
    return [
        Comparison(f"c{i}", f"s{i}", (named[i % len(named)],), ("p",), ("i",), (), (), None, None, (), False)
        for i in range(n)
    ]


def judged(columns: dict[str, np.ndarray], *concepts: str) -> dict[tuple[str, str], Marginal]:
    """Contrasts [n, M] of each detector -> its verdicts as score and as classifier."""
    n = len(next(iter(columns.values())))
    readings = {name: [Reading(row, (row,)) for row in values] for name, values in columns.items()}
    names = {name: [f"{name} {m}" for m in range(values.shape[1])] for name, values in columns.items()}
    found = judge(readings, groups_of(comparisons(n, *concepts)), names, {name: [name] for name in columns})
    return {(m.detector, m.form): m for m in found}


def test_one_number_in_either_direction_has_the_two_sided_sign_test() -> None:
    found = judged({"more": np.ones((10, 1)), "less": -np.ones((10, 1))})
    assert found["more", "score"].p_value == pytest.approx(2 / 2**10)
    assert found["less", "score"].p_value == pytest.approx(2 / 2**10)
    best = found["less", "score"].best
    assert best is not None and (best.right, best.n, best.sign) == (10, 10, "-")
    assert (
        found["less", "score"].sentence("pairs").startswith("less 0 tells possible from impossible in 10 of")
    )


def test_holm_is_over_every_detector_and_form_that_made_a_test() -> None:
    rng = np.random.default_rng(0)
    columns = {
        name: rng.normal(shift, 1, (30, 2)) for name, shift in zip("abcd", (0, 0.4, 0.8, 1.5), strict=True)
    }
    columns["none"] = np.zeros((30, 1))
    found = judged(columns)
    tested = [m for m in found.values() if m.detector != "none"]
    expected = multipletests([m.p_value for m in tested], method="holm")[1]
    assert np.allclose([m.p_holm for m in tested], expected)
    assert found["none", "score"].verdict == found["none", "classifier"].verdict == "cancels"
    for m in tested:
        assert (m.verdict == "SHORTCUT") == (m.p_holm <= 0.05)
        assert (m.verdict == "suspect") == (m.p_value <= 0.05 < m.p_holm)
    assert {m.verdict for m in tested} >= {"SHORTCUT", "inconclusive"}


def test_a_search_over_many_numbers_pays_for_it() -> None:
    rng = np.random.default_rng(1)
    one = np.where(np.arange(40) < 30, 1.0, -1.0)[:, None]
    many = np.concatenate([one, rng.normal(0, 1, (40, 200))], axis=1)
    found = judged({"one": one, "many": many})
    assert found["one", "score"].p_value < 0.01
    assert found["many", "score"].p_value > 0.05


def test_a_shortcut_in_one_concept_is_found_there() -> None:
    contrasts = np.random.default_rng(2).choice([-1.0, 1.0], (80, 1))
    contrasts[::4] = 1.0
    found = judged({"brightness": contrasts}, "gravity", "support", "inertia", "collision")
    best = found["brightness", "score"].best
    assert best is not None and (best.among, best.right, best.n) == ("gravity", 20, 20)
    assert found["brightness", "score"].verdict == "SHORTCUT"
    assert "in 20 of 20 pairs of gravity" in found["brightness", "score"].sentence("pairs")


def test_at_chance_is_a_claim_that_needs_scenes() -> None:
    def coin(n: int) -> np.ndarray:
        return np.where(np.arange(n) % 2, 1.0, -1.0)[:, None]

    few, many = judged({"brightness": coin(40)}), judged({"brightness": coin(220)})
    assert few["brightness", "score"].verdict == "inconclusive"
    assert many["brightness", "score"].verdict == "at chance"
    assert many["brightness", "score"].accuracy.p_equivalent < 0.01


def test_too_few_scenes_are_not_trained_on() -> None:
    found = judged({"brightness": np.ones((9, 1))})
    assert found["brightness", "classifier"].verdict == "not tested"
    assert np.isnan(found["brightness", "classifier"].p_value)
    assert found["brightness", "score"].p_value == pytest.approx(2 / 2**9)


def test_what_lean_accounts_amount_to() -> None:
    listed = comparisons(24)
    scores = {
        "right": np.ones(24),
        "wrong": np.zeros(24),
        "mostly": np.where(np.arange(24) < 20, 1.0, 0.0),
        "coin": np.tile([1.0, 0.0], 12),
        "tied": np.full(24, 0.5),
        "untestable": np.full(24, np.nan),
    }
    found = {a.account: a for a in lean_accounts(listed, scores)}
    powers = {name: account.power for name, account in found.items()}
    assert powers == {
        "right": "solves",
        "wrong": "reversed",
        "mostly": "above chance",
        "coin": "no",
        "tied": "ties",
        "untestable": "not testable",
    }
    # Five of six make a test (ties alone have p = 1); the smallest of five is multiplied by five.
    assert found["right"].p_holm == pytest.approx(5 * 2 / 2**24)
    unnamed = lean_accounts([replace(c, concepts=()) for c in listed], {"right": np.ones(24)})
    assert [a.concept for a in unnamed] == ["(no concept)"]
