import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from voe.stats import StatsError, difference, informative_windows, interaction, score, tolerance

finite = st.floats(-100, 100, width=32)


def by_hand(frames, context, context_span, outcome_span):
    rows = []
    for window in frames.tolist():
        seen = [f for f in window[:context] if context_span is None or f in range(*context_span)]
        shown = [f for f in window[context:] if outcome_span is None or f in range(*outcome_span)]
        rows.append(bool(seen) and bool(shown))
    return rows


@given(
    step=st.integers(1, 3),
    context=st.integers(1, 7),
    starts=st.tuples(st.integers(0, 20), st.integers(0, 40)),
    lengths=st.tuples(st.integers(1, 10), st.integers(1, 10)),
)
def test_informative_windows_against_sets(step, context, starts, lengths):
    frames = step * (np.arange(0, 20, 2)[:, None] + np.arange(8))
    spans = [(start, start + length) for start, length in zip(starts, lengths, strict=True)]
    got = informative_windows(frames, context, *spans)
    assert got.tolist() == by_hand(frames, context, *spans)
    assert informative_windows(frames, context, None, None).all()


def test_spans_are_half_open():
    frames = np.arange(8)[None]
    assert informative_windows(frames, 4, (3, 4), (4, 5)).tolist() == [True]
    assert informative_windows(frames, 4, (4, 5), (4, 5)).tolist() == [False]
    assert informative_windows(frames, 4, (0, 1), (8, 9)).tolist() == [False]
    assert informative_windows(frames, 4, (0, 1), (0, 4)).tolist() == [False]


@pytest.mark.parametrize(
    ("frames", "context", "span", "words"),
    [
        (np.arange(8), 4, (0, 1), "windows, frames"),
        (np.arange(8.0)[None], 4, (0, 1), "integers"),
        (np.arange(8)[None], 8, (0, 1), "left to predict"),
        (np.arange(8)[None], 0, (0, 1), "left to predict"),
        (np.arange(8)[None], 4, (3, 3), "holds no frame"),
    ],
)
def test_bad_windows_are_refused(frames, context, span, words):
    with pytest.raises(StatsError, match=words):
        informative_windows(frames, context, span, (4, 8))


@given(cell=arrays(np.float64, 4, elements=finite), effects=arrays(np.float64, 5, elements=finite))
def test_what_a_context_or_an_outcome_costs_cancels(cell, effects):
    context_a, context_b, outcome_a, outcome_b, both = effects
    all_windows = [True, True]
    aa = [cell[0] + context_a + outcome_a] * 2
    ab = [cell[1] + context_a + outcome_b + both] * 2
    ba = [cell[2] + context_b + outcome_a + both] * 2
    bb = [cell[3] + context_b + outcome_b] * 2
    expected = cell[1] + cell[2] - cell[0] - cell[3] + 2 * both
    assert interaction(aa, ab, ba, bb, all_windows) == pytest.approx(expected, abs=1e-9)


@given(arrays(np.float64, (4, 5), elements=finite))
def test_swapping_the_labels_turns_the_sign(clips):
    aa, ab, ba, bb = clips
    keep = np.array([True, False, True, True, False])
    for aggregate in ("mean", "max"):
        forward = interaction(aa, ab, ba, bb, keep, aggregate=aggregate)
        assert interaction(ab, aa, bb, ba, keep, aggregate=aggregate) == pytest.approx(-forward, abs=1e-9)


def test_only_informative_windows_count():
    keep = np.array([False, True, True])
    aa, ab = [9, 1, 2], [-9, 4, 2]
    assert interaction(aa, ab, aa, aa, keep) == pytest.approx(1.5)
    assert interaction(aa, ab, aa, aa, keep, aggregate="max") == 2.0
    assert difference(aa, ab, keep) == pytest.approx(1.5)
    assert difference(aa, ab, keep, aggregate="max") == 2.0


def test_no_informative_window_is_not_testable_rather_than_a_coin_toss():
    nothing = np.zeros(3, dtype=bool)
    contrast = interaction([1, 2, 3], [1, 2, 3], [1, 2, 3], [1, 2, 3], nothing)
    assert np.isnan(contrast)
    assert np.isnan(score(contrast, 1e-6))


@pytest.mark.parametrize("bad", [[1, 2], [1, np.nan, 2], [1, np.inf, 2], [[1, 2, 3]]])
def test_unequal_or_missing_windows_are_refused(bad):
    good = [1, 2, 3]
    with pytest.raises(StatsError):
        interaction(good, good, bad, good, np.ones(3, dtype=bool))
    with pytest.raises(StatsError):
        difference(good, bad, np.ones(3, dtype=bool))


def test_other_refusals():
    with pytest.raises(StatsError, match="booleans"):
        difference([1, 2], [1, 2], [1, 1])
    with pytest.raises(StatsError, match="aggregate"):
        difference([1, 2], [1, 2], [True, True], aggregate="median")


def test_tolerance_and_score():
    assert tolerance([1.0, 2.0], 3e-7).tolist() == [1.2e-6, 2e-6]
    tau = 0.25
    contrasts = np.array([0.26, 0.25, 0.0, -0.25, -0.26, np.nan])
    np.testing.assert_array_equal(score(contrasts, tau), [1, 0.5, 0.5, 0.5, 0, np.nan])
    np.testing.assert_array_equal(score([0.1, 0.1], [0.05, 0.2]), [1.0, 0.5])
    for bad in (-1.0, np.nan):
        with pytest.raises(StatsError):
            tolerance(bad, 0.0)
        with pytest.raises(StatsError):
            score(0.1, bad)
    with pytest.raises(StatsError, match="infinite"):
        score(np.inf, 0.1)


def test_true_ties_stay_ties_under_float32_rounding():
    generator = np.random.default_rng(0)
    base = generator.uniform(0.4, 0.6, size=(500, 4, 3))
    surprise = (base[:, :1] + 0 * base).astype(np.float32)
    surprise += generator.uniform(-3e-8, 3e-8, size=surprise.shape).astype(np.float32)
    every = np.ones(3, dtype=bool)
    contrasts = np.array([interaction(*quad, every) for quad in surprise])
    assert (contrasts != 0).mean() > 0.3
    assert (score(contrasts, tolerance(surprise.mean(axis=(1, 2)), 0.0)) == 0.5).all()
