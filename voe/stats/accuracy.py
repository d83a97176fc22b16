"""How often the impossible surprised more, how sure one may be of it, and which of three things to say."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from voe.stats.chance import sign_test
from voe.stats.checks import Floats, StatsError, probability
from voe.stats.clusters import Scenes, SceneTotals, effective_number, intraclass_correlation, totals_by_scene
from voe.stats.intervals import clopper_pearson, cluster_bootstrap, equivalence_p, wilson
from voe.words import counted

Method = Literal["wilson", "clopper-pearson", "bootstrap"]
Verdict = Literal["above", "below", "equivalent", "inconclusive", "none"]

MARGIN_CONCEPT = 0.10
"""Equivalence margin of one concept: 10 points either side of chance."""
MARGIN_OVERALL = 0.05
"""Equivalence margin over all concepts."""
MOST_TIES = 0.20
"""Share of ties above which nothing is said."""
FEWEST_SCENES = 5
"""With fewer, not even all scenes right is significant at 5 %, and no variance between scenes is known."""


@dataclass(frozen=True)
class Accuracy:
    """An accuracy (shares, 0 to 1) with its interval, tests and verdict. NaN where `reason` says why.

    `p_value` is exact and one-sided against chance (`p_below` the other side), `p_mid` its mid-p version,
    `p_equivalent` that of two one-sided tests within `margin`. `effective_n` is what `n` scores are worth
    as independent ones, `icc` their correlation within scenes (NaN for one score a scene). `untestable`
    scores were NaN (no informative window) and are not among the `n`.
    """

    estimate: float
    low: float
    high: float
    confidence: float
    n: int
    n_scenes: int
    effective_n: float
    icc: float
    ties: int
    tie_share: float
    untestable: int
    p_value: float
    p_mid: float
    p_below: float
    p_equivalent: float
    margin: float
    method: str
    verdict: Verdict
    reason: str = ""

    @property
    def sentence(self) -> str:
        """The verdict in words, for a table."""
        if self.verdict == "none":
            return f"no verdict: {self.reason}"
        words = {
            "above": "above chance",
            "below": "below chance",
            "equivalent": f"equivalent to chance (within {100 * self.margin:g} points)",
            "inconclusive": "inconclusive",
        }[self.verdict]
        return f"{words}: {self.reason}" if self.reason else words


def accuracy_of(
    scores: npt.ArrayLike,
    scenes: Scenes = None,
    *,
    method: Method = "wilson",
    confidence: float = 0.95,
    margin: float = MARGIN_CONCEPT,
    alpha: float = 0.05,
    generator: np.random.Generator | None = None,
) -> Accuracy:
    """Accuracy of scores 1, 1/2, 0 (NaN: not testable), with its interval, tests and verdict.

    Args:
        scores: [n], from `score`: one a quadruplet, or one a pair where there is nothing else.
        scenes: the scene of each, [n]; None: each its own.
        method: the interval: 'wilson' (default), 'clopper-pearson' or 'bootstrap' (over scenes).
        margin: half-width of what counts as equivalent to chance, as a share.
        alpha: level of each one-sided test behind the verdict.
        generator: for the bootstrap.

    The verdict is, in this order: 'none' if more than 20 % are ties or nothing is testable; 'above' if the
    exact sign test over scenes says so at `alpha`; 'below' if that of the other side does (a model that
    expects the impossible is not at chance); 'equivalent' if two one-sided tests place accuracy within
    1/2 +- margin; else 'inconclusive'. With fewer than 5 scenes interval and equivalence are NaN.

    Raises:
        StatsError: other scores, scenes that do not fit, or settings out of range.

    >>> result = accuracy_of([1] * 48 + [0] * 12)
    >>> print(f"{result.estimate:.2f} [{result.low:.3f}, {result.high:.3f}] p = {result.p_value:.1e}")
    0.80 [0.679, 0.883] p = 1.6e-06
    >>> result.sentence
    'above chance'
    >>> accuracy_of([1, 0.5, 0.5, 0, 1, 0]).sentence
    'no verdict: 33 % ties'
    """
    if method not in get_args(Method):
        raise StatsError(f"interval method is {method!r}; it must be one of {', '.join(get_args(Method))}")
    probability(alpha, "alpha")
    probability(confidence, "confidence")
    values = np.asarray(scores, dtype=np.float64)
    if values.ndim != 1:
        raise StatsError(f"scores: expected one axis, got an array of shape {values.shape}")
    names = None if scenes is None else np.asarray(scenes)
    if names is not None and names.shape != values.shape:
        raise StatsError(f"scenes: shape {names.shape} for {values.size} scores; give one scene a score")
    testable = ~np.isnan(values)
    kept = values[testable]
    blank = _blank(int((~testable).sum()), confidence, margin)
    if kept.size == 0:
        return blank
    kept_scenes = None if names is None else names[testable]
    totals = totals_by_scene(kept, kept_scenes)
    found = _described(blank, kept, kept_scenes, totals)
    if totals.n_scenes >= FEWEST_SCENES:
        low, high = _interval(totals, method, confidence, generator)
        p_equivalent = float(equivalence_p(totals, margin))
        found = replace(
            found, low=low, high=high, method=_method_name(totals, method), p_equivalent=p_equivalent
        )
    return _judged(found, alpha)


def _blank(untestable: int, confidence: float, margin: float) -> Accuracy:
    """What is reported where no score is left."""
    nan = float("nan")
    return Accuracy(
        estimate=nan,
        low=nan,
        high=nan,
        confidence=confidence,
        n=0,
        n_scenes=0,
        effective_n=0.0,
        icc=nan,
        ties=0,
        tie_share=nan,
        untestable=untestable,
        p_value=nan,
        p_mid=nan,
        p_below=nan,
        p_equivalent=nan,
        margin=margin,
        method="none",
        verdict="none",
        reason="nothing is testable at this window" if untestable else "there are no scores",
    )


def _described(blank: Accuracy, scores: Floats, scenes: Scenes, totals: SceneTotals) -> Accuracy:
    """Everything but interval and verdict, which are still open."""
    ties, test = int((scores == 0.5).sum()), sign_test(scores, scenes)
    return replace(
        blank,
        estimate=float(totals.mean),
        n=scores.size,
        n_scenes=totals.n_scenes,
        effective_n=float(effective_number(totals)),
        icc=float("nan") if scenes is None else intraclass_correlation(scores, scenes),
        ties=ties,
        tie_share=ties / scores.size,
        p_value=test.above,
        p_mid=test.mid_above,
        p_below=test.below,
    )


def _interval(
    totals: SceneTotals, method: Method, confidence: float, generator: np.random.Generator | None
) -> tuple[float, float]:
    if method == "wilson":
        low, high = wilson(totals, confidence)
    elif method == "clopper-pearson":
        low, high = clopper_pearson(totals, confidence)
    else:
        low, high = cluster_bootstrap(totals, confidence, generator=generator)
    return float(low), float(high)


def _method_name(totals: SceneTotals, method: Method) -> str:
    """What a table says of the interval."""
    if method == "bootstrap":
        all_equal = np.ptp(totals.sums / totals.sizes) < 1e-12
        return "Clopper-Pearson over scenes (all are equal)" if all_equal else "bootstrap over scenes"
    name = "Wilson" if method == "wilson" else "Clopper-Pearson"
    return name if (totals.sizes == 1).all() else f"{name}, effective n over scenes"


def _judged(found: Accuracy, alpha: float) -> Accuracy:
    """`found` with its verdict and the reason for what is missing."""
    few = found.n_scenes < FEWEST_SCENES
    reason = f"only {counted(found.n_scenes, 'scene')}, at least {FEWEST_SCENES} are needed" if few else ""
    if found.tie_share > MOST_TIES:
        return replace(found, verdict="none", reason=f"{100 * found.tie_share:.0f} % ties")
    verdict = verdict_of(found.p_value, found.p_below, found.p_equivalent, alpha)
    return replace(found, verdict=verdict, reason=reason)


def verdict_of(p_above: float, p_below: float, p_equivalent: float, alpha: float = 0.05) -> Verdict:
    """What three one-sided p-values say at `alpha`, in this order; NaN says nothing.

    Where several accuracies are judged together, the p-values come corrected over all of them.

    >>> verdict_of(0.01, 0.99, 0.6), verdict_of(0.3, 0.7, 0.02), verdict_of(0.3, 0.7, 0.4)
    ('above', 'equivalent', 'inconclusive')
    """
    if p_above <= alpha:
        return "above"
    if p_below <= alpha:
        return "below"
    return "equivalent" if p_equivalent <= alpha else "inconclusive"
