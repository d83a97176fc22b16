import numpy as np
import pytest
from scipy import stats

from voe.stats import StatsError, effective_rank, latent_health

GENERATOR = np.random.default_rng(4)


def test_effective_rank_against_scipy_entropy():
    tokens = GENERATOR.normal(size=(50, 12)) * np.geomspace(1, 0.01, 12)
    singular = np.linalg.svd(tokens, compute_uv=False)
    assert effective_rank(tokens) == pytest.approx(np.exp(stats.entropy(singular)))
    assert effective_rank(np.outer(np.arange(1, 9), np.ones(5))) == pytest.approx(1)
    assert effective_rank(np.zeros((4, 4))) == 0
    rotated = tokens @ np.linalg.qr(GENERATOR.normal(size=(12, 12)))[0]
    assert effective_rank(3 * rotated) == pytest.approx(effective_rank(tokens))


def test_a_healthy_space():
    targets = GENERATOR.normal(size=(2_000, 32))
    health = latent_health(targets, targets + 0.5 * GENERATOR.normal(size=targets.shape))
    assert health.warnings == ()
    assert health.target_variance == pytest.approx(1, rel=0.02)
    assert health.effective_rank > 31
    assert health.norm_ratio == pytest.approx(np.sqrt(1.25), rel=0.02)
    assert (health.full_rank, health.dead_share) == (32, 0)


def test_collapse_to_a_point():
    constant = np.tile(GENERATOR.normal(size=32), (200, 1))
    health = latent_health(constant + 1e-5 * GENERATOR.normal(size=(200, 32)), constant)
    assert health.relative_variance < 1e-9
    assert health.effective_rank < 1.01
    assert "collapsed" in health.warnings[0]
    assert "few directions" in health.warnings[1]


def test_collapse_to_a_line():
    line = np.outer(GENERATOR.normal(size=500), GENERATOR.normal(size=64))
    health = latent_health(line, line)
    assert health.warnings == (f"effective rank 1.0 of 64: {'the targets lie in very few directions'}",)


def test_dead_channels_and_wrong_length():
    targets = GENERATOR.normal(size=(500, 20))
    targets[:, 8:] = 0.3
    health = latent_health(targets, 40 * targets)
    assert health.dead_share == pytest.approx(0.6)
    assert "40 times the norm" in health.warnings[0]
    assert health.warnings[1] == "60 % of the channels never vary"
    assert latent_health(np.zeros((5, 3)), np.ones((5, 3))).norm_ratio == np.inf


def test_refusals():
    good = np.ones((5, 3))
    for targets, predictions in (
        (good[:1], good),
        (good, good[:, :2]),
        (good, good[:0]),
        (good * np.nan, good),
    ):
        with pytest.raises(StatsError):
            latent_health(targets, predictions)
