import itertools

import numpy as np

from voe.stats.flips import random_signs, sign_flips


def test_all_flips_where_there_are_few_scenes():
    signs = np.concatenate(list(sign_flips(5, 32, None)))
    assert (signs[0] == 1).all()
    assert {tuple(row) for row in signs.tolist()} == set(itertools.product((-1.0, 1.0), repeat=5))


def test_random_flips_come_after_what_was_observed():
    signs = np.concatenate(list(sign_flips(5, 31, np.random.default_rng(0))))
    assert signs.shape == (32, 5)
    assert (signs[0] == 1).all()
    assert len(np.unique(signs, axis=0)) < 32


def test_random_signs_are_fair():
    signs = random_signs(2_000, 37, np.random.default_rng(0))
    assert signs.shape == (2_000, 37)
    assert set(np.unique(signs)) == {-1, 1}
    assert np.abs(signs.mean(axis=0)).max() < 0.1
    assert np.abs(np.corrcoef(signs.T) - np.eye(37)).max() < 0.1
