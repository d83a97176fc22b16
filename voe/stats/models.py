"""Several models on the same quadruplets: who is better, and by how much.

Models that see the same scenes find the same ones hard, so comparisons are paired, and scenes are the units.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from voe.stats.chance import flip_test
from voe.stats.checks import Floats, StatsError, probability, scene_codes
from voe.stats.clusters import Scenes, effective_number, totals_by_scene

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Difference:
    """Accuracy of the first model less that of the second (`estimate`, with its interval).

    `first_only` and `second_only` count the quadruplets on which one does better than the other.
    `p_value` is exact and two-sided, `p_mid` its mid-p version.
    """

    estimate: float
    low: float
    high: float
    first_only: int
    second_only: int
    p_value: float
    p_mid: float
    n: int
    n_scenes: int


def compare_two(
    first: npt.ArrayLike, second: npt.ArrayLike, scenes: Scenes = None, confidence: float = 0.95
) -> Difference:
    """Two models on the same quadruplets: an exact permutation test that swaps them scene by scene.

    With D_s = sum over scene s of 2 (first - second), swapping the models in a scene turns its sign; the
    p-value is 2 min(P(sum +-|D_s| >= D), P(... <= D)), exactly (`flip_test`). With one quadruplet a scene and
    no ties this is McNemar's exact test (McNemar 1947, Psychometrika 12:153; mid-p as in Fagerland et al.
    2013, BMC Medical Research Methodology 13:91).

    Interval: with b and c the quadruplets that only the first or only the second has right (ties give
    halves) and half a quadruplet added to each cell, d = (b - c) / (n + 2) and
    var d = (b + c + 1 - (b - c)^2 / (n + 2)) / (n + 2)^2 (Agresti and Min 2005, Statistics in Medicine
    24:729), times n over the effective number of quadruplets, with a t quantile at S - 1 degrees of freedom.

    Args:
        first, second: scores 1, 1/2, 0 of both models, [n] each, the same quadruplets in the same order.
        scenes: the scene of each, [n]; None: each its own.

    Raises:
        StatsError: unequal lengths, other scores, or NaN: leave out what either model could not be tested on.

    >>> result = compare_two([1] * 30 + [0] * 10, [1] * 20 + [0] * 8 + [1] * 2 + [0] * 10)
    >>> print(f"{result.estimate:.2f} p = {result.p_value:.4f} ({result.first_only}:{result.second_only})")
    0.20 p = 0.0078 (8:0)
    """
    one, two = _scores(first), _scores(second)
    if one.shape != two.shape or one.size == 0:
        raise StatsError(
            f"comparison: {one.size} and {two.size} scores; both models need the same quadruplets"
        )
    codes = scene_codes(scenes, one.size)
    change = one - two
    test = flip_test(np.rint(2 * np.bincount(codes, change)).astype(np.int64))
    low, high = _paired_interval(change, codes, confidence)
    return Difference(
        estimate=float(change.mean()),
        low=low,
        high=high,
        first_only=int((change > 0).sum()),
        second_only=int((change < 0).sum()),
        p_value=min(1.0, 2 * min(test.above, test.below)),
        p_mid=min(1.0, 2 * min(test.mid_above, test.mid_below)),
        n=one.size,
        n_scenes=int(codes.max()) + 1,
    )


def _paired_interval(change: Floats, codes: npt.NDArray[np.int64], confidence: float) -> tuple[float, float]:
    """Agresti and Min's interval over the effective number of quadruplets; NaN below 5 scenes."""
    from scipy import stats

    tail = (1 - probability(confidence, "confidence")) / 2
    totals = totals_by_scene((1 + change) / 2, codes)
    if totals.n_scenes < 5:
        return float("nan"), float("nan")
    number = change.size + 2
    middle = change.sum() / number
    variance = ((change**2).sum() + 1 - change.sum() ** 2 / number) / number**2
    variance *= change.size / float(effective_number(totals))
    half = stats.t.isf(tail, totals.n_scenes - 1) * np.sqrt(variance)
    return max(-1.0, float(middle - half)), min(1.0, float(middle + half))


def _scores(values: npt.ArrayLike) -> Floats:
    scores = np.asarray(values, dtype=np.float64)
    if scores.ndim != 1 or not np.isin(scores, (0.0, 0.5, 1.0)).all():
        raise StatsError(
            "comparison: scores must be 1 (right), 1/2 (a tie) or 0 (wrong), one axis, none missing"
        )
    return scores


def gee(frame: pd.DataFrame, formula: str, confidence: float = 0.95) -> pd.DataFrame:
    """Marginal logistic regression with clustered errors: effects of models, concepts and conditions.

    Generalised estimating equations with independence as working correlation, so fitted accuracies are the
    observed ones, and the bias-reduced covariance of Mancl and DeRouen 2001, Biometrics 57:126, which few
    scenes need, with t quantiles at S - p degrees of freedom. Fitted by statsmodels.

    Args:
        frame: a row a score, with columns `score` (1, 1/2, 0), `scene`, and those of the formula.
        formula: its right side, such as "C(model) * C(concept)".

    Returns:
        Index: terms. Columns `log_odds`, `std_error`, `t`, `df`, `p_value` (two-sided), `low`, `high`.

    Raises:
        StatsError: a missing column or value, too few scenes, or a cell that is all right or all wrong, whose
            log odds are infinite (use `compare_two`).
    """
    import pandas as pd
    from scipy import stats
    from statsmodels.genmod.cov_struct import Independence
    from statsmodels.genmod.families import Binomial
    from statsmodels.genmod.generalized_estimating_equations import GEE

    data = _regression_frame(frame)
    model = GEE.from_formula(
        f"score ~ {formula}", groups="scene", data=data, family=Binomial(), cov_struct=Independence()
    )
    scenes, terms = data["scene"].nunique(), model.exog.shape[1]
    if scenes <= terms:
        raise StatsError(f"GEE: {scenes} scenes cannot carry {terms} terms; use a simpler formula")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of separation, which is told below
        fit = model.fit(cov_type="bias_reduced", maxiter=100)
    fitted = np.asarray(fit.fittedvalues)
    if not fit.converged or (np.minimum(fitted, 1 - fitted) < 1e-6).any():
        raise StatsError(
            "GEE: a cell of the design is all right or all wrong, so its log odds are infinite; compare the "
            "models directly (compare_two), or leave the cell out"
        )
    freedom = scenes - terms
    t = fit.params / fit.bse
    half = stats.t.isf((1 - probability(confidence, "confidence")) / 2, freedom) * fit.bse
    columns = {
        "log_odds": fit.params,
        "std_error": fit.bse,
        "t": t,
        "df": freedom,
        "p_value": 2 * stats.t.sf(np.abs(t), freedom),
        "low": fit.params - half,
        "high": fit.params + half,
    }
    return pd.DataFrame(columns, index=fit.params.index)


def bayesian_mixed_model(frame: pd.DataFrame, formula: str) -> pd.DataFrame:
    """Exploratory: a Bayesian logistic model with a random intercept a scene, by variational inference.

    `BinomialBayesMixedGLM` of statsmodels. Its posterior standard deviations are approximate and usually too
    small: no p-value, no confidence interval, no headline.

    Args:
        frame, formula: as in `gee`; ties are not allowed.

    Returns:
        Index: terms, the last the log of the standard deviation between scenes. Columns `posterior_mean`,
        `posterior_sd`, and `kind`, 'Bayesian, variational, exploratory' throughout.

    Raises:
        StatsError: a missing column or value, or a tie.
    """
    import pandas as pd
    from statsmodels.genmod.bayes_mixed_glm import BinomialBayesMixedGLM

    data = _regression_frame(frame)
    if (data["score"] == 0.5).any():
        raise StatsError("mixed model: ties (1/2) are not binomial; leave them out")
    model = BinomialBayesMixedGLM.from_formula(f"score ~ {formula}", {"scene": "0 + C(scene)"}, data)
    fit = model.fit_vb()
    names = [*model.fep_names, *(f"log sd of {name}" for name in model.vcp_names)]
    columns = {
        "posterior_mean": np.concatenate([fit.fe_mean, fit.vcp_mean]),
        "posterior_sd": np.concatenate([fit.fe_sd, fit.vcp_sd]),
        "kind": "Bayesian, variational, exploratory",
    }
    return pd.DataFrame(columns, index=names)


def _regression_frame(frame: pd.DataFrame) -> pd.DataFrame:
    """`frame` sorted by scene, with numeric scores; checked."""
    for column in ("score", "scene"):
        if column not in frame.columns:
            raise StatsError(
                f"regression: column {column!r} is missing; there are {', '.join(frame.columns)}"
            )
    if frame.isna().to_numpy().any():
        raise StatsError("regression: values are missing; leave out what could not be tested")
    scores = _scores(frame["score"].to_numpy())
    return frame.assign(score=scores, scene=frame["scene"].astype(str)).sort_values("scene", kind="stable")
