"""A trained network against untrained ones of the same architecture, whose accuracy is not 50 %.

Random networks prefer some clips to others, and on a small set that preference can be anything from 10 to
90 %. So 'above chance' and 'above untrained' are two claims, and a headline needs both.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from voe.stats.checks import StatsError, finite, probability

FEWEST_TRAINED = 5
"""Trained seeds below which the spread between them is not known."""
_DRAWN_AT_ONCE = 1_000_000
"""Scenes drawn before they are counted: 10,000 resamples of thousands of scenes do not fit into memory."""


@dataclass(frozen=True)
class SingleCase:
    """One trained network among n untrained: `t` on `df` degrees of freedom, one-sided `p_value` of being
    higher, and `z`, how many standard deviations of untrained networks it lies above their mean.
    """

    t: float
    df: int
    p_value: float
    z: float


@dataclass(frozen=True)
class GroupDifference:
    """Several trained networks against several untrained: Hedges' `g` with its interval, and Welch's test
    (`t`, `df`, one-sided `p_value` of being higher). The unit is the seed.
    """

    g: float
    low: float
    high: float
    t: float
    df: float
    p_value: float


@dataclass(frozen=True)
class SeedDifference:
    """Trained less untrained accuracy, with a percentile interval over seeds and scenes drawn anew.

    `low` and `high` are NaN where `reason` says why.
    """

    estimate: float
    low: float
    high: float
    reason: str = ""


def rank_among_untrained(trained: float, untrained: npt.ArrayLike) -> float:
    """One-sided p-value of a trained network's rank: (1 + number of untrained at least as good) / (n + 1).

    Exact if trained and untrained are exchangeable (Phipson and Smyth 2010, SAGMB 9:39). Cannot be below
    1 / (n + 1): 99 untrained seeds reach .01, 20 do not.

    Args:
        trained: accuracy of the trained network.
        untrained: accuracies of the untrained ones, [n].

    Raises:
        StatsError: no untrained network, or a value that is not finite.

    >>> rank_among_untrained(0.8, [0.3, 0.5, 0.9, 0.4])
    0.4
    """
    accuracies = _accuracies(untrained, "untrained", 1)
    value = float(finite(trained, "trained accuracy", ndim=0))
    return float((1 + (accuracies >= value).sum()) / (len(accuracies) + 1))


def single_case(trained: float, untrained: npt.ArrayLike) -> SingleCase:
    """Crawford and Howell's test of one trained network against a small sample of untrained ones.

    t = (x - m) / (s sqrt(1 + 1 / n)), n - 1 degrees of freedom, m and s the mean and standard deviation of
    the untrained (Crawford and Howell 1998, The Clinical Neuropsychologist 12:482). It supposes that
    untrained accuracies are about normal; `rank_among_untrained` does not.

    Raises:
        StatsError: fewer than 2 untrained networks, or all alike.

    >>> result = single_case(0.8, [0.3, 0.5, 0.4, 0.4])
    >>> print(f"t({result.df}) = {result.t:.3f}, p = {result.p_value:.4f}, z = {result.z:.2f}")
    t(3) = 4.382, p = 0.0110, z = 4.90
    """
    from scipy import stats

    accuracies = _accuracies(untrained, "untrained", 2)
    value = float(finite(trained, "trained accuracy", ndim=0))
    n, spread = len(accuracies), float(accuracies.std(ddof=1))
    if spread < 1e-12:
        raise StatsError("single case: all untrained networks have the same accuracy, so there is no scale")
    z = (value - float(accuracies.mean())) / spread
    t = z / np.sqrt(1 + 1 / n)
    return SingleCase(t=float(t), df=n - 1, p_value=float(stats.t.sf(t, n - 1)), z=z)


def group_difference(
    trained: npt.ArrayLike, untrained: npt.ArrayLike, confidence: float = 0.95
) -> GroupDifference:
    """Hedges' g and Welch's test of several trained seeds against several untrained ones.

    With d the difference of the means over the pooled standard deviation on f = k + n - 2 degrees of freedom,
    g = J d, J = Gamma(f / 2) / (sqrt(f / 2) Gamma((f - 1) / 2)), and its variance
    J^2 ((k + n) / (k n) + d^2 / 2 (k + n)) (Hedges 1981, J. Educational Statistics 6:107; interval as in
    Borenstein et al. 2009, Introduction to Meta-Analysis, ch. 4). Welch 1947, Biometrika 34:28.

    Raises:
        StatsError: fewer than 5 trained or 2 untrained seeds (use `single_case` for each), or no spread.

    >>> result = group_difference([0.7, 0.8, 0.75, 0.72, 0.78], [0.4, 0.6, 0.5, 0.45, 0.55])
    >>> print(f"g = {result.g:.2f} [{result.low:.2f}, {result.high:.2f}]")
    g = 3.58 [1.65, 5.51]
    """
    from scipy import special, stats

    first = _accuracies(trained, "trained", FEWEST_TRAINED)
    second = _accuracies(untrained, "untrained", 2)
    k, n = len(first), len(second)
    freedom = k + n - 2
    pooled = np.sqrt(((k - 1) * first.var(ddof=1) + (n - 1) * second.var(ddof=1)) / freedom)
    if pooled < 1e-12:
        raise StatsError("group difference: accuracies do not vary between seeds, so there is no scale")
    d = (first.mean() - second.mean()) / pooled
    correction = np.exp(special.gammaln(freedom / 2) - special.gammaln((freedom - 1) / 2)) / np.sqrt(
        freedom / 2
    )
    g = correction * d
    error = correction * np.sqrt((k + n) / (k * n) + d**2 / (2 * (k + n)))
    half = stats.norm.isf((1 - probability(confidence, "confidence")) / 2) * error
    with warnings.catch_warnings():  # seeds that all but agree are no error: their spread is that small
        warnings.filterwarnings("ignore", "Precision loss", RuntimeWarning)
        welch = stats.ttest_ind(first, second, equal_var=False, alternative="greater")
    return GroupDifference(
        g=float(g),
        low=float(g - half),
        high=float(g + half),
        t=float(welch.statistic),
        df=float(welch.df),
        p_value=float(welch.pvalue),
    )


def seeds_by_scenes(
    trained: npt.ArrayLike,
    untrained: npt.ArrayLike,
    confidence: float = 0.95,
    resamples: int = 10_000,
    generator: np.random.Generator | None = None,
    *,
    sizes: npt.ArrayLike | None = None,
) -> SeedDifference:
    """Trained less untrained accuracy with an interval over other seeds *and* other scenes.

    Each resample draws the seeds of either group and, once for both, the scenes with replacement (the
    pigeonhole bootstrap, Owen 2007, Annals of Applied Statistics 1:386; it errs on the wide side).

    Args:
        trained: accuracy by scene, [seeds, scenes].
        untrained: the same of untrained networks on the same scenes, [seeds, scenes].
        generator: defaults to `numpy.random.default_rng(0)`.
        sizes: comparisons of each scene, [scenes], which is what it weighs; None where all have as many.

    Raises:
        StatsError: arrays that are not [seeds, scenes] over the same scenes, or a value not finite.

    >>> print(f"{seeds_by_scenes([[1.0, 0.0]], [[0.0, 0.0]], sizes=[3, 1]).estimate:.2f}")
    0.75
    """
    first, second = (finite(group, "accuracy by seed and scene", ndim=2) for group in (trained, untrained))
    if first.shape[1] != second.shape[1] or 0 in first.shape + second.shape:
        raise StatsError(
            f"seeds by scenes: shapes {first.shape} and {second.shape} do not share their scenes"
        )
    probability(confidence, "confidence")
    weigh = np.ones(first.shape[1]) if sizes is None else finite(sizes, "comparisons of each scene")
    if weigh.shape != first.shape[1:] or (weigh <= 0).any():
        raise StatsError(f"seeds by scenes: {weigh.size} sizes for {first.shape[1]} scenes, each above 0")
    weigh = weigh / weigh.mean()  # exactly 1 where all have as many
    estimate, nan = float((first * weigh).mean() - (second * weigh).mean()), float("nan")
    if min(len(first), len(second)) < 2 or first.shape[1] < FEWEST_TRAINED:
        reason = f"at least 2 seeds in each group and {FEWEST_TRAINED} scenes are needed"
        return SeedDifference(estimate, nan, nan, reason)
    rng = np.random.default_rng(0) if generator is None else generator
    scenes = first.shape[1]
    at_once = max(_DRAWN_AT_ONCE // scenes, 1)
    parts = []
    for done in range(0, resamples, at_once):
        weights = _drawn(rng, min(at_once, resamples - done), scenes)
        if np.ptp(weigh) > 0:
            weights *= weigh
            weights /= weights.sum(axis=1, keepdims=True)
        means = [
            ((weights @ group.T) * _drawn(rng, len(weights), len(group))).sum(axis=1)
            for group in (first, second)
        ]
        parts.append(means[0] - means[1])
    differences = np.concatenate(parts)
    if np.ptp(differences) < 1e-12:
        return SeedDifference(estimate, nan, nan, "nothing varies between seeds or scenes")
    low, high = np.quantile(differences, [(1 - confidence) / 2, (1 + confidence) / 2])
    return SeedDifference(estimate, float(low), float(high))


def _drawn(rng: np.random.Generator, resamples: int, n: int) -> npt.NDArray[np.float64]:
    """How often each of n things was drawn in n draws with replacement, divided by n: [resamples, n]."""
    drawn = rng.integers(0, n, (resamples, n)) + n * np.arange(resamples)[:, None]
    counts = np.bincount(drawn.ravel(), minlength=resamples * n).reshape(resamples, n)
    return np.asarray(counts / n)


def _accuracies(values: npt.ArrayLike, what: str, fewest: int) -> npt.NDArray[np.float64]:
    accuracies = finite(values, f"accuracies of {what} networks")
    if len(accuracies) < fewest:
        raise StatsError(f"{len(accuracies)} {what} networks; this comparison needs {fewest} or more")
    return accuracies
