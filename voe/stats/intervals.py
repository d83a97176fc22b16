"""Confidence intervals of an accuracy whose scores come in scenes. None is ever of zero width."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from voe.stats.checks import Floats, StatsError, probability
from voe.stats.clusters import SceneTotals, effective_number

Interval = tuple[Floats, Floats]


def wilson(totals: SceneTotals, confidence: float = 0.95) -> Interval:
    """Wilson's score interval with the effective number of scores and a t quantile: the default.

    With p the mean score, n the effective number (`effective_number`) and t the quantile of Student's
    distribution at S - 1 degrees of freedom, fewer where scenes differ in size (Wilson 1927, JASA 22:209;
    effective number and t as Korn and Graubard 1998, Survey Methodology 24:193, use them for Clopper and
    Pearson's),

        (p + t^2 / 2n +- t sqrt(p (1 - p) / n + t^2 / 4n^2)) / (1 + t^2 / n).

    Args:
        totals: scores by scene, any leading axes.

    Returns:
        Lower and upper limit, float64 [...] each.

    >>> from voe.stats.clusters import totals_by_scene
    >>> low, high = wilson(totals_by_scene([1] * 20))
    >>> print(f"{low:.3f} {high:.3f}")
    0.820 1.000
    """
    from scipy import stats

    t = stats.t.isf((1 - probability(confidence, "confidence")) / 2, _degrees(totals))
    return wilson_limits(totals.mean, effective_number(totals), t)


def wilson_limits(p: npt.ArrayLike, n: npt.ArrayLike, quantile: npt.ArrayLike) -> Interval:
    """Wilson's limits of a share `p` of `n` independent scores, at a quantile of the normal or t; broadcast.

    >>> low, high = wilson_limits(81 / 263, 263, 1.959964)  # Newcombe 1998, Statistics in Medicine 17:857
    >>> print(f"{low:.4f} {high:.4f}")
    0.2553 0.3662
    """
    share, number, t = (np.asarray(x, dtype=np.float64) for x in (p, n, quantile))
    shift, scale = t**2 / number, 1 + t**2 / number
    half = t * np.sqrt(np.maximum(share * (1 - share), 0) / number + shift / (4 * number))
    centre = share + shift / 2
    # At 0 and 1 the limit is the share itself, up to rounding.
    low = np.where(share <= 0, 0.0, np.maximum((centre - half) / scale, 0))
    high = np.where(share >= 1, 1.0, np.minimum((centre + half) / scale, 1))
    return low, high


def clopper_pearson(totals: SceneTotals, confidence: float = 0.95) -> Interval:
    """Clopper and Pearson's interval; with several scores a scene, on the effective number of them.

    Beta quantiles at n p right scores of n (Clopper and Pearson 1934, Biometrika 26:404). Where a scene has
    several scores, n is the effective number times (t_{n-1} / t_{S-1})^2 (Korn and Graubard 1998). A tie
    counts half a right score. At least the stated coverage for one score a scene and no ties.

    >>> from voe.stats.clusters import totals_by_scene
    >>> low, high = clopper_pearson(totals_by_scene([1] * 20))
    >>> print(f"{low:.3f} {high:.3f}")
    0.832 1.000
    """
    from scipy import stats

    tail = (1 - probability(confidence, "confidence")) / 2
    n, p = effective_number(totals), totals.mean
    if (totals.sizes != 1).any():
        units = np.maximum(totals.n - 1, 1)
        n = n * (stats.t.isf(tail, units) / stats.t.isf(tail, _degrees(totals))) ** 2
    right = n * p
    # At 0 or n right scores one parameter of the beta distribution is 0, its quantile not defined.
    low = np.where(right > 0, stats.beta.ppf(tail, np.where(right > 0, right, 1), n - right + 1), 0.0)
    wrong = n - right
    high = np.where(wrong > 1e-12, stats.beta.isf(tail, right + 1, np.where(wrong > 1e-12, wrong, 1)), 1.0)
    return np.asarray(low), np.asarray(high)


def cluster_bootstrap(
    totals: SceneTotals,
    confidence: float = 0.95,
    resamples: int = 10_000,
    generator: np.random.Generator | None = None,
) -> Interval:
    """Percentile interval over scenes drawn with replacement (Davison and Hinkley 1997, section 3.8).

    Scenes with the same number of scores and the same sum are interchangeable, so a resample is one
    multinomial draw over the kinds of scenes: exact, and as fast for 25,000 scenes as for 20. Too narrow
    with few scenes and near 0 or 1 (docs: calibration), hence not the default. Where all scenes have the
    same mean it would have zero width: then the Clopper-Pearson interval of the scenes is returned.

    Args:
        totals: scores by scene, without leading axes.
        generator: defaults to `numpy.random.default_rng(0)`, so that the same scores give the same interval.
    """
    if totals.sizes.ndim != 1:
        raise StatsError("cluster bootstrap: one data set at a time")
    probability(confidence, "confidence")
    kinds, counts = np.unique(np.stack([totals.sizes, totals.sums], axis=1), axis=0, return_counts=True)
    if np.ptp(kinds[:, 1] / kinds[:, 0]) < 1e-12:
        scenes = np.ones(totals.n_scenes)
        means = scenes * float(totals.mean)
        return clopper_pearson(SceneTotals(scenes, means, means**2), confidence)
    rng = np.random.default_rng(0) if generator is None else generator
    means = np.empty(resamples)
    step = max(1, 10_000_000 // len(kinds))
    for start in range(0, resamples, step):
        drawn = rng.multinomial(
            totals.n_scenes, counts / totals.n_scenes, size=min(step, resamples - start)
        ).astype(np.float64)
        means[start : start + step] = (drawn @ kinds[:, 1]) / (drawn @ kinds[:, 0])
    low, high = np.quantile(means, [(1 - confidence) / 2, (1 + confidence) / 2])
    return np.asarray(low), np.asarray(high)


def equivalence_p(totals: SceneTotals, margin: float) -> Floats:
    """p-value of two one-sided tests that accuracy lies within 1/2 +- margin: float64 [...].

    The larger of the p-values of accuracy <= 1/2 - margin and accuracy >= 1/2 + margin (Schuirmann 1987,
    J. Pharmacokinetics and Biopharmaceutics 15:657), each a score test with the effective number of scores
    and Student's distribution (S - 1 degrees of freedom, fewer where scenes differ in size). At most alpha
    exactly where the (1 - 2 alpha) interval of `wilson` lies within the margin.

    >>> from voe.stats.clusters import totals_by_scene
    >>> print(f"{equivalence_p(totals_by_scene([1, 0] * 107), 0.10):.4f}")
    0.0016
    """
    from scipy import stats

    if not 0 < margin < 0.5:
        raise StatsError(f"equivalence margin is {margin}; it must lie between 0 and 0.5 (0.1 is 10 points)")
    n, p = effective_number(totals), totals.mean
    error = np.sqrt((0.25 - margin**2) / n)
    degrees = _degrees(totals)
    too_low = stats.t.sf((p - 0.5 + margin) / error, degrees)
    too_high = stats.t.cdf((p - 0.5 - margin) / error, degrees)
    return np.asarray(np.maximum(too_low, too_high))


def _degrees(totals: SceneTotals) -> Floats:
    """Degrees of freedom of the variance between scenes: float64 [...]; S - 1 where scenes are of one size.

    A scene of m scores has the variance v = m (1 + (m - 1) ICC), up to a factor, so few large scenes may
    carry all of it: (sum v)^2 / sum v^2 - 1 (Satterthwaite 1946, Biometrics Bulletin 2:110). The ICC is that
    of `effective_number`'s design effect, 0 where it is negative. At least 2 (and never above S - 1):
    coverage stays above 95 % where one scene holds half of all scores (docs: calibration).
    """
    sizes = totals.sizes
    excess = totals.n / effective_number(totals) - 1
    most = (sizes**2).sum(axis=-1) / totals.n - 1
    icc = np.clip(excess / np.where(most > 1e-12, most, np.inf), 0, 1)
    v = sizes * (1 + (sizes - 1) * icc[..., None])
    spread = v.sum(axis=-1) ** 2 / (v**2).sum(axis=-1) - 1
    return np.asarray(np.clip(np.maximum(spread, 2), 1, max(totals.n_scenes - 1, 1)))
