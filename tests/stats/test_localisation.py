import numpy as np
import pytest

from voe.stats import StatsError, localise


def test_a_map_that_is_right_and_one_that_is_noise():
    region = np.zeros((4, 6, 6), dtype=bool)
    region[2:, 1:4, 2:5] = True
    generator = np.random.default_rng(0)
    right = localise(region + generator.normal(0, 0.1, region.shape), region)
    assert (right.auroc, right.hit, right.area) == (1, 1, region.mean())
    noise = [localise(generator.normal(size=region.shape), region) for _ in range(600)]
    assert np.mean([found.auroc for found in noise]) == pytest.approx(0.5, abs=0.01)
    assert np.mean([found.hit for found in noise]) == pytest.approx(region.mean(), abs=0.04)


def test_a_flat_map_says_nothing():
    region = np.array([[[1, 0], [0, 0]]])
    found = localise(np.ones((1, 2, 2)), region)
    assert (found.auroc, found.hit) == (0.5, 0.25)


@pytest.mark.parametrize(
    "region", [np.zeros((1, 2, 2)), np.ones((1, 2, 2)), np.ones((2, 2)), np.full((1, 2, 2), 2)]
)
def test_refusals(region):
    with pytest.raises(StatsError):
        localise(np.ones((1, 2, 2)), region)
