"""How many quadruplets a claim needs, or what accuracy a set can detect: by formula and by simulation."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from voe.stats.chance import flip_test
from voe.stats.checks import StatsError, probability
from voe.words import counted

_ALMOST: Final = 1 - 1e-9
"""The largest accuracy below 1 that is tried."""


@dataclass(frozen=True)
class Plan:
    """A number of quadruplets, and the power of the one-sided test against chance that it gives.

    `power_formula` is the normal approximation, `power_simulated` that of the exact sign test over scenes
    (its Monte-Carlo standard error is at most 0.5 / sqrt(simulations)).
    """

    accuracy: float
    icc: float
    per_scene: int
    alpha: float
    n_quadruplets: int
    n_scenes: int
    power_formula: float
    power_simulated: float


def plan_for_accuracy(
    accuracy: float,
    *,
    icc: float = 0.0,
    per_scene: int = 1,
    alpha: float = 0.05,
    power: float = 0.8,
    simulations: int = 2_000,
    generator: np.random.Generator | None = None,
) -> Plan:
    """Quadruplets that find an accuracy above chance with the wanted power.

    n = deff ((z_alpha / 2 + z_beta sqrt(p (1 - p))) / (p - 1/2))^2, deff = 1 + (m - 1) ICC for m quadruplets
    a scene (Fleiss et al. 2003, Statistical Methods for Rates and Proportions, ch. 2; Donner and Klar 2000,
    Design and Analysis of Cluster Randomization Trials, ch. 5), rounded up to whole scenes, then raised by
    2 % at a time until the simulated power reaches the goal, and not only comes near it.

    Args:
        accuracy: the true accuracy that should be found, above 1/2.
        icc: correlation of the scores of a scene; it matters only with several quadruplets a scene.
        per_scene: quadruplets a scene.
        generator: for the simulation; defaults to `numpy.random.default_rng(0)`.

    Raises:
        StatsError: settings out of range, or a correlation that no scores can have.

    >>> plan = plan_for_accuracy(0.6, icc=0.2, per_scene=2, simulations=500)
    >>> 180 <= plan.n_quadruplets <= 220
    True
    """
    deff = planned_design_effect(icc, per_scene)
    goal = probability(power, "power")
    if not 0.5 < accuracy < 1:
        raise StatsError(f"accuracy to be found is {accuracy}; it must lie between 0.5 and 1")
    rng = np.random.default_rng(0) if generator is None else generator
    z_alpha, z_beta = _quantile(alpha), _quantile(1 - goal)
    needed = deff * ((z_alpha / 2 + z_beta * math.sqrt(accuracy * (1 - accuracy))) / (accuracy - 0.5)) ** 2
    n_scenes = max(math.ceil(needed / per_scene - 1e-9), 1)
    while True:
        plan = _plan(
            accuracy=accuracy,
            icc=icc,
            per_scene=per_scene,
            alpha=alpha,
            n_scenes=n_scenes,
            simulations=simulations,
            rng=rng,
        )
        if plan.power_simulated >= goal:
            return plan
        n_scenes = max(n_scenes + 1, math.ceil(1.02 * n_scenes))


def detectable_accuracy(
    n_quadruplets: int,
    *,
    icc: float = 0.0,
    per_scene: int = 1,
    alpha: float = 0.05,
    power: float = 0.8,
    simulations: int = 2_000,
    generator: np.random.Generator | None = None,
) -> Plan:
    """The smallest accuracy that so many quadruplets find above chance with the wanted power.

    Of the exact test: with one quadruplet a scene its binomial power is solved for the accuracy, with
    several the simulated one (the same random numbers at every accuracy). The formula of
    `plan_for_accuracy`, with which the search begins, is too hopeful of few scenes: for 12 of them it says
    83 %, where the exact power is 66 %.

    Raises:
        StatsError: settings out of range, too few quadruplets for any accuracy below 1, or a correlation
            that scores of the accuracy cannot have.

    >>> plan = detectable_accuracy(12, simulations=500)
    >>> print(f"{plan.accuracy:.3f} {binomial_power(plan.accuracy, 12):.3f}")
    0.869 0.800
    """
    goal = probability(power, "power")
    deff = planned_design_effect(icc, per_scene)
    n_scenes = n_quadruplets // per_scene
    if n_scenes < 1:
        raise StatsError(f"{n_quadruplets} quadruplets at {per_scene} a scene are not one scene")
    if 0.5**n_scenes > probability(alpha, "alpha"):
        raise StatsError(
            f"{counted(n_scenes, 'scene')}: too few: all right, they would not be significant at {alpha:g}"
        )
    rng = np.random.default_rng(0) if generator is None else generator
    same = int(rng.integers(2**63))

    def exact(accuracy: float) -> float:
        if per_scene == 1:
            return binomial_power(accuracy, n_scenes, alpha)
        try:
            return simulated_power(
                accuracy, n_scenes, icc=icc, per_scene=per_scene, alpha=alpha, simulations=simulations,
                generator=np.random.default_rng(same),
            )  # fmt: skip
        except StatsError as error:
            raise StatsError(
                f"looking for the accuracy that {n_quadruplets} quadruplets find, {accuracy:.3f} was tried: "
                f"{error}"
            ) from error

    first = _bisected(lambda p: formula_power(p, n_scenes * per_scene / deff, alpha), goal, 0.5, _ALMOST)
    low, high = 0.5, first
    while exact(high) < goal:
        if high >= _ALMOST:
            raise StatsError(f"{n_quadruplets} quadruplets are too few for power {power:g} at any accuracy")
        low, high = high, min(high + max((1 - high) / 8, 1e-6), _ALMOST)
    return _plan(
        accuracy=_bisected(exact, goal, low, high, precision=1e-3 if per_scene > 1 else 1e-12),
        icc=icc,
        per_scene=per_scene,
        alpha=alpha,
        n_scenes=n_scenes,
        simulations=simulations,
        rng=rng,
    )


def binomial_power(accuracy: float, n: int, alpha: float = 0.05) -> float:
    """Power of the exact one-sided sign test of n independent quadruplets without ties.

    P(X >= k | p) with k the smallest number for which P(X >= k | 1/2) <= alpha; 0 where there is none.

    >>> print(f"{binomial_power(0.6, 153):.3f}")
    0.762
    """
    from scipy import stats

    critical = int(stats.binom.isf(alpha, n, 0.5)) + 1
    return float(stats.binom.sf(critical - 1, n, accuracy))


def _bisected(
    rising: Callable[[float], float], goal: float, low: float, high: float, precision: float = 1e-12
) -> float:
    """The upper end of an interval in which a rising function reaches the goal; `high` if it does not."""
    while high - low > precision:
        middle = (low + high) / 2
        if rising(middle) < goal:
            low = middle
        else:
            high = middle
    return high


def plan_for_equivalence(margin: float, *, deff: float = 1.0, alpha: float = 0.05, power: float = 0.8) -> int:
    """Quadruplets that show a model at chance to be within 1/2 +- margin, with the wanted power.

    n = deff (z_alpha + z_{beta / 2})^2 / (4 margin^2) (Chow et al. 2008, Sample Size Calculations in Clinical
    Research, ch. 4).

    >>> plan_for_equivalence(0.10), plan_for_equivalence(0.05)
    (215, 857)
    """
    if not 0 < margin < 0.5 or not deff > 0:
        raise StatsError(f"margin {margin} (0 to 0.5) and design effect {deff} (above 0)")
    z = _quantile(alpha) + _quantile((1 - probability(power, "power")) / 2)
    return math.ceil(deff * z**2 / (4 * margin**2) - 1e-9)


def formula_power(accuracy: float, effective_n: float, alpha: float = 0.05) -> float:
    """Power of the one-sided test by the normal approximation, at so many independent quadruplets."""
    from scipy import stats

    distance = (accuracy - 0.5) * math.sqrt(effective_n) - _quantile(alpha) / 2
    return float(stats.norm.cdf(distance / math.sqrt(accuracy * (1 - accuracy))))


def planned_design_effect(icc: float, per_scene: int) -> float:
    """1 + (m - 1) ICC (Kish 1965, Survey Sampling, ch. 5).

    Raises:
        StatsError: m below 1, or an ICC outside -1 / (m - 1) .. 1.
    """
    if per_scene < 1:
        raise StatsError(f"{per_scene} quadruplets a scene; at least 1")
    least = -1.0 if per_scene == 1 else -1 / (per_scene - 1)
    if not least <= icc <= 1:
        raise StatsError(f"ICC is {icc}; with {per_scene} quadruplets a scene it lies in {least:.2f} .. 1")
    # The floor keeps perfectly balanced scenes from needing no quadruplet at all.
    return max(1 + (per_scene - 1) * icc, 0.05)


def simulated_power(
    accuracy: float,
    n_scenes: int,
    *,
    icc: float = 0.0,
    per_scene: int = 1,
    alpha: float = 0.05,
    simulations: int = 2_000,
    generator: np.random.Generator | None = None,
) -> float:
    """Share of simulated sets whose exact sign test over scenes is significant, 0 to 1."""
    rng = np.random.default_rng(0) if generator is None else generator
    probability(alpha, "alpha")
    counts = scene_counts(accuracy, icc, per_scene, (simulations, n_scenes), rng)
    leaning = 2 * counts - per_scene
    found = sum(flip_test(row).above <= alpha for row in leaning)
    return found / simulations


def scene_counts(
    accuracy: float, icc: float, per_scene: int, shape: tuple[int, ...], generator: np.random.Generator
) -> npt.NDArray[np.int64]:
    """Right quadruplets of simulated scenes with a given accuracy and correlation: int64 [*shape].

    ICC above 0: beta-binomial. Below 0: a mixture of independent scores and of scenes as balanced as
    accuracy allows (floor or ceiling of m p right), weighted to give the ICC.

    Raises:
        StatsError: an ICC that scores of this accuracy cannot have (-1 needs two scores and accuracy 1/2).
    """
    probability(accuracy, "accuracy")
    planned_design_effect(icc, per_scene)
    m, p = per_scene, accuracy
    if icc > 0 and m > 1:
        if icc == 1:
            return np.asarray(m * (generator.random(shape) < p), dtype=np.int64)
        scale = (1 - icc) / icc
        p_scene = generator.beta(p * scale, (1 - p) * scale, shape)
        return np.asarray(generator.binomial(m, p_scene), dtype=np.int64)
    independent = np.asarray(generator.binomial(m, p, shape), dtype=np.int64)
    if icc == 0 or m == 1:
        return independent
    whole = math.floor(m * p + 1e-9)
    part = m * p - whole
    # Variance of the balanced count is part (1 - part); that of m scores is m p q (1 + (m - 1) ICC).
    least = (part * (1 - part) / (m * p * (1 - p)) - 1) / (m - 1)
    if icc < least - 1e-9:
        raise StatsError(f"ICC {icc:g}: {m} scores a scene of accuracy {p:g} have {least:.2f} at the least")
    balanced = whole + (generator.random(shape) < part)
    return np.asarray(np.where(generator.random(shape) < icc / least, balanced, independent), dtype=np.int64)


def _plan(
    *,
    accuracy: float,
    icc: float,
    per_scene: int,
    alpha: float,
    n_scenes: int,
    simulations: int,
    rng: np.random.Generator,
) -> Plan:
    n = n_scenes * per_scene
    return Plan(
        accuracy=accuracy,
        icc=icc,
        per_scene=per_scene,
        alpha=alpha,
        n_quadruplets=n,
        n_scenes=n_scenes,
        power_formula=formula_power(accuracy, n / planned_design_effect(icc, per_scene), alpha),
        power_simulated=simulated_power(
            accuracy,
            n_scenes,
            icc=icc,
            per_scene=per_scene,
            alpha=alpha,
            simulations=simulations,
            generator=rng,
        ),
    )


def _quantile(tail: float) -> float:
    """Upper quantile of the normal distribution."""
    from scipy import stats

    return float(stats.norm.isf(probability(tail, "alpha")))
