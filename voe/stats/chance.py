"""Accuracy against a coin: an exact test that flips whole scenes, and a Bayes factor."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from voe.stats.checks import Floats, StatsError
from voe.stats.clusters import Scenes, totals_by_scene


@dataclass(frozen=True)
class SignTest:
    """One-sided p-values of accuracy against 1/2.

    `above` and `below` are exact; `mid_above` and `mid_below` count the observed value half (mid-p: less
    conservative, its size may exceed the nominal one slightly). `deciding_scenes` lean one way or the
    other; the rest (ties, or as many right as wrong) say nothing.
    """

    above: float
    below: float
    mid_above: float
    mid_below: float
    deciding_scenes: int


def sign_test(scores: npt.ArrayLike, scenes: Scenes = None) -> SignTest:
    """Exact test of accuracy 1/2 that flips the signs of whole scenes.

    Let D_s be the sum over scene s of the signs 2 score - 1 (1 right, 0 a tie, -1 wrong). If right and
    wrong are interchangeable, each D_s is as likely as -D_s, so sum_s D_s has the distribution of
    sum_s +-|D_s|, which is computed exactly by convolution of binomials: no Monte Carlo. With one score a
    scene this is the sign test without the ties (Dixon and Mood 1946, JASA 41:557), with several the
    permutation test of clustered binary data (in Gerard and Schucany 2007, CSDA 51:4622). It is exact if a
    scene is as likely to lean either way, and approximate where accuracy is 1/2 but the leaning is skewed.

    Args:
        scores: 1, 1/2 or 0 each, [n].
        scenes: the scene of each [n]; None: each its own.

    Raises:
        StatsError: a score other than 0, 1/2 and 1.

    >>> test = sign_test([1] * 15 + [0] * 5)
    >>> print(f"{test.above:.6f} {test.mid_above:.6f}")
    0.020695 0.013302
    """
    values = np.asarray(scores, dtype=np.float64)
    if not np.isin(values, (0.0, 0.5, 1.0)).all():
        raise StatsError("sign test: scores must be 1 (right), 1/2 (a tie) or 0 (wrong)")
    totals = totals_by_scene(values, scenes)
    leaning = np.rint(2 * totals.sums - totals.sizes).astype(np.int64)
    return flip_test(leaning)


def flip_test(leaning: npt.NDArray[np.int64]) -> SignTest:
    """The test of `sign_test` on the sums of signs by scene, int64 [S].

    >>> round(flip_test(np.array([2, 1, -1])).above, 6)  # of 8 flips 3 give a sum of 2 or more
    0.375
    """
    sizes, counts = np.unique(np.abs(leaning[leaning != 0]), return_counts=True)
    pmf = np.ones(1)
    for size, count in zip(sizes.tolist(), counts.tolist(), strict=True):
        pmf = np.convolve(pmf, _scaled_binomial(size, count))
    # pmf[i] is the probability of a sum of 2 i - total.
    total = int((sizes * counts).sum())
    observed = (int(leaning.sum()) + total) // 2
    here = float(pmf[observed])
    above, below = float(pmf[observed:].sum()), float(pmf[: observed + 1].sum())
    return SignTest(
        min(above, 1.0), min(below, 1.0), above - here / 2, below - here / 2, int(np.count_nonzero(leaning))
    )


def _scaled_binomial(size: int, count: int) -> Floats:
    """Probabilities of size * k for k ~ Binomial(count, 1/2), k in 0..count: [size * count + 1]."""
    from scipy import stats

    pmf = np.zeros(size * count + 1)
    pmf[::size] = stats.binom.pmf(np.arange(count + 1), count, 0.5)
    return pmf


def bayes_factor(right: int, wrong: int, shape: float = 1.0) -> float:
    """Evidence for 'better than a coin' over 'a coin': BF10 of `right` against `wrong` quadruplets.

    H0: p = 1/2. H1: p ~ Beta(a, a) truncated to (1/2, 1), a = `shape`; 1 is U(1/2, 1), and 4 the
    sensitivity analysis (smaller effects). With B the beta function, I the regularised incomplete one, and
    k right and l wrong of n quadruplets,

        BF10 = 2^(n + 1) B(k + a, l + a) I_{1/2}(l + a, k + a) / B(a, a)

    (Kass and Raftery 1995, JASA 90:773, for the definition; the integral is elementary). Above 1 speaks for
    H1; 1/3 to 3 is anecdotal. Ties carry no information on p and are left out. The quadruplets must be
    independent: one a scene.

    Raises:
        StatsError: negative counts, or a shape that is not above 0.

    >>> round(bayes_factor(15, 5), 3)
    6.356
    """
    from scipy import special

    if right < 0 or wrong < 0:
        raise StatsError(f"Bayes factor: {right} right and {wrong} wrong; counts must be 0 or more")
    if not shape > 0:
        raise StatsError(f"Bayes factor: shape is {shape}; it must be above 0")
    tail = special.betainc(wrong + shape, right + shape, 0.5)
    if tail < 1e-290:  # the same integral as a hypergeometric series, which does not underflow
        series = special.hyp2f1(right + wrong + 2 * shape, 1, wrong + shape + 1, 0.5)
        return float(2 ** (1 - 2 * shape) * series / ((wrong + shape) * special.beta(shape, shape)))
    log_factor = (
        (right + wrong + 1) * np.log(2)
        + special.betaln(right + shape, wrong + shape)
        - special.betaln(shape, shape)
        + np.log(tail)
    )
    with np.errstate(over="ignore"):
        return float(np.exp(log_factor))
