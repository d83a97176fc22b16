"""Evidence that may be looked at as it comes in: e-values, for checkpoint after checkpoint.

An e-value is a non-negative number whose mean is at most 1 if there is nothing to find, so that it exceeds
1 / alpha with probability alpha at most (Markov; Vovk and Wang 2021, Annals of Statistics 49:1736). Unlike
p-values, e-values may be averaged however they depend on each other, and a weighted sum that only grows may
be looked at, and stopped, at any time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from voe.stats.chance import bayes_factor
from voe.stats.checks import Floats, StatsError, probability
from voe.stats.clusters import Scenes, totals_by_scene


def e_value(scores: npt.ArrayLike, scenes: Scenes = None) -> float:
    """Evidence against 'no scene is more likely to be right than wrong'.

    Each scene is right or wrong as most of its scores are; scenes that lean neither way are left out. With k
    right and l wrong scenes of n,

        e = 2^(n + 1) integral from 1/2 to 1 of p^k (1 - p)^l dp,

    the likelihood ratio of p ~ U(1/2, 1) to p = 1/2 (Shafer et al. 2011, Statistical Science 26:84). It grows
    with k, so its mean is at most 1 for every p <= 1/2: 15 right of 20 give 6.4. Scenes must be independent.

    Args:
        scores: 1, 1/2 or 0 each, [n].
        scenes: the scene of each [n]; None: each its own.

    Raises:
        StatsError: no score, or one outside 0..1.

    >>> round(e_value([1] * 15 + [0] * 5), 3)
    6.356
    """
    totals = totals_by_scene(scores, scenes)
    leaning = 2 * totals.sums - totals.sizes
    return bayes_factor(int((leaning > 0).sum()), int((leaning < 0).sum()))


@dataclass(frozen=True)
class Sweep:
    """The e-values of one checkpoint after the other.

    `e_values` [k] are each checkpoint's own, `running` [k] the evidence when it had been looked at, a
    weighted sum that never shrinks. `crossed` is the first checkpoint (from 0) at which that reaches
    1 / alpha, None if none does; where there is nothing to find, it ever does with probability alpha at most.
    """

    e_values: Floats
    running: Floats
    crossed: int | None
    alpha: float


def checkpoint_sweep(
    scores: npt.ArrayLike, scenes: Scenes = None, *, planned: int | None = None, alpha: float = 0.05
) -> Sweep:
    """Evidence that some checkpoint is better than a coin, whenever one stops looking.

    Checkpoints that are scored on the same quadruplets are no fresh data, so their e-values must not be
    multiplied. Their weighted sum with weights that were fixed beforehand,

        E_t = sum over k <= t of w_k e_k, sum of w_k <= 1,

    has mean at most 1 in the end, however the checkpoints depend on each other, and only grows: P(E_t ever
    reaches 1 / alpha) <= alpha. With `planned` checkpoints w_k = 1 / planned (an average; Vovk and Wang
    2021, section 3), without a plan w_k = 1 / (k (k + 1)), k = 1, 2, ...: early checkpoints weigh most.

    Args:
        scores: 1, 1/2 or 0, [checkpoints, n], in the order in which they were looked at.
        scenes: the scene of each of the n comparisons.
        planned: how many checkpoints were to be looked at, fixed before the first.
        alpha: the chance of a false claim over the whole sweep.

    Raises:
        StatsError: scores of another shape, or more checkpoints than were planned.

    >>> sweep = checkpoint_sweep([[1, 0, 1, 0] * 5, [1] * 18 + [0] * 2, [1] * 20], planned=3)
    >>> sweep.crossed
    1
    """
    values = np.asarray(scores, dtype=np.float64)
    if values.ndim != 2 or not len(values):
        raise StatsError(f"checkpoint sweep: expected scores [checkpoints, n], got shape {values.shape}")
    k = len(values)
    if planned is not None and planned < k:
        raise StatsError(f"checkpoint sweep: {k} checkpoints where {planned} were planned")
    own = np.array([e_value(row, scenes) for row in values])
    weights = 1 / (np.arange(1, k + 1) * np.arange(2, k + 2)) if planned is None else np.full(k, 1 / planned)
    running = np.cumsum(weights * own)
    reached = np.flatnonzero(running >= 1 / probability(alpha, "alpha"))
    return Sweep(own, running, int(reached[0]) if len(reached) else None, alpha)


def fresh_data(e_values: Sequence[float]) -> Floats:
    """Running evidence where every look brings new scenes: the product of the e-values so far, [k].

    >>> fresh_data([2.0, 0.5, 30.0]).tolist()
    [2.0, 1.0, 30.0]
    """
    values = np.asarray(e_values, dtype=np.float64)
    if values.ndim != 1 or not len(values) or not (values >= 0).all():
        raise StatsError("e-values of fresh data: expected numbers of 0 or more, one a look")
    return np.asarray(np.cumprod(values))
