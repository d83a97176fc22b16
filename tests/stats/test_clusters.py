import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.regression.linear_model import OLS

from voe.stats import StatsError, design_effect, effective_number, intraclass_correlation, totals_by_scene

scored = st.lists(st.tuples(st.sampled_from([0.0, 0.5, 1.0]), st.integers(0, 6)), min_size=3, max_size=40)


@given(scored)
def test_design_effect_is_that_of_cluster_robust_regression(rows):
    scores, scenes = np.array(rows).T
    totals = totals_by_scene(scores, scenes)
    deff = float(design_effect(totals))
    if np.ptp(scores) == 0:
        assert np.isnan(deff)
        return
    if totals.n_scenes == 1:
        assert deff == pytest.approx(0, abs=1e-12)
        return
    model = OLS(scores, np.ones((len(scores), 1)))
    clustered = model.fit(cov_type="cluster", cov_kwds={"groups": scenes.astype(int)}).cov_params()[0, 0]
    assert deff == pytest.approx(clustered / model.fit().cov_params()[0, 0], rel=1e-9, abs=1e-12)


def test_icc_of_shrout_and_fleiss():
    # Shrout and Fleiss 1979, Psychological Bulletin 86:420, tables 2 and 4: ICC(1,1) = .17
    ratings = np.array(
        [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], dtype=float
    )
    icc = intraclass_correlation(ratings.ravel() / 10, np.repeat(np.arange(6), 4))
    assert icc == pytest.approx(0.1657, abs=5e-5)


def test_icc_is_negative_where_a_scene_balances():
    scenes = np.repeat(np.arange(10), 2)
    assert intraclass_correlation(np.tile([1, 0], 10), scenes) == pytest.approx(-1)
    assert intraclass_correlation(np.repeat([1, 0], 10), scenes) == pytest.approx(1)


@pytest.mark.parametrize(("scores", "scenes"), [([1, 0], [0, 1]), ([1, 0], [0, 0]), ([1, 1, 1], [0, 0, 1])])
def test_icc_is_missing_where_nothing_shows_it(scores, scenes):
    assert np.isnan(intraclass_correlation(scores, scenes))


@given(scored, st.permutations(range(7)))
def test_names_and_order_of_scenes_do_not_matter(rows, names):
    scores, scenes = np.array(rows).T
    renamed = [f"scene {names[int(scene)]}" for scene in scenes]
    order = np.random.default_rng(0).permutation(len(scores))
    first = float(effective_number(totals_by_scene(scores, scenes)))
    assert float(effective_number(totals_by_scene(scores, renamed))) == pytest.approx(first)
    shuffled = totals_by_scene(scores[order], scenes[order])
    assert float(effective_number(shuffled)) == pytest.approx(first)


def test_effective_number_at_the_ends():
    pairs = np.repeat(np.arange(50), 2)
    together = totals_by_scene(np.repeat(np.arange(50) % 2, 2), pairs)
    assert float(effective_number(together)) == pytest.approx(50, rel=0.03)
    apart = float(effective_number(totals_by_scene(np.tile([1, 0], 50), pairs)))
    # design effect 0, with 3 imaginary scenes 3 / 53; averaged over 50 scenes and one that agrees (2)
    assert apart == pytest.approx(100 * 51 / (50 * 3 / 53 + 2))
    assert float(effective_number(totals_by_scene(np.ones(100), pairs))) == pytest.approx(50)
    single = totals_by_scene(np.arange(50) % 2)
    assert float(effective_number(single)) == pytest.approx(50)


def test_leading_axes():
    generator = np.random.default_rng(1)
    scores = generator.integers(0, 2, size=(4, 9, 3)).astype(float)
    scenes = np.repeat(np.arange(9), 3)
    from voe.stats.clusters import SceneTotals

    batch = SceneTotals(np.full((4, 9), 3.0), scores.sum(axis=2), (scores**2).sum(axis=2))
    singles = [float(effective_number(totals_by_scene(data.ravel(), scenes))) for data in scores]
    np.testing.assert_allclose(effective_number(batch), singles)


@pytest.mark.parametrize(
    ("scores", "scenes"),
    [([], None), ([1.5], None), ([np.nan], None), ([1, 0], ["a"]), ([1, 0], ["a", None]), ([[1, 0]], None)],
)
def test_refusals(scores, scenes):
    with pytest.raises(StatsError):
        totals_by_scene(scores, scenes)
