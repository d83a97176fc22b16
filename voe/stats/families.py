"""Several tests at once (concepts, models): p-values that pay for each other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

import numpy as np

from voe.stats.checks import Floats, StatsError

Adjustment = Literal["holm", "benjamini-hochberg"]


def adjust(p_values: Mapping[str, float], method: Adjustment = "holm") -> dict[str, float]:
    """Adjusted p-values of a family, by name; NaN (no test was made) stays NaN and is not counted.

    'holm' bounds the chance of any false claim (Holm 1979, Scandinavian J. Statistics 6:65), however the
    tests depend on each other; 'benjamini-hochberg' the expected share of false claims (1995, J. Royal
    Statistical Society B 57:289).

    Raises:
        StatsError: a p-value outside 0..1, or an unknown method.

    >>> adjust({"solidity": 0.01, "support": 0.04, "gravity": 0.03})
    {'solidity': 0.03, 'support': 0.06, 'gravity': 0.06}
    """
    from scipy import stats

    if method not in get_args(Adjustment):
        raise StatsError(f"adjustment {method!r} must be one of {', '.join(get_args(Adjustment))}")
    values = np.array(list(p_values.values()), dtype=np.float64)
    tested = ~np.isnan(values)
    if ((values[tested] < 0) | (values[tested] > 1)).any():
        raise StatsError("adjustment: p-values must lie in 0..1")
    if tested.any():
        of_tests = values[tested]
        values[tested] = _holm(of_tests) if method == "holm" else stats.false_discovery_control(of_tests)
    return {name: float(value) for name, value in zip(p_values, values, strict=True)}


def adjust_family(p_values: Mapping[str, float]) -> dict[str, float]:
    """Holm's p-values of a family that was announced beforehand, by name.

    A member whose test could not be made (NaN) counts as p = 1, so losing a concept never helps the others;
    its own adjusted value is NaN.

    >>> adjust_family({"solidity": 0.01, "support": float("nan"), "gravity": 0.03})
    {'solidity': 0.03, 'support': nan, 'gravity': 0.06}
    """
    whole = adjust({name: 1.0 if np.isnan(p) else p for name, p in p_values.items()})
    return {name: float("nan") if np.isnan(p_values[name]) else p for name, p in whole.items()}


def _holm(values: Floats) -> Floats:
    """Running maximum of the i-th smallest of m times m + 1 - i, at most 1.

    Here because statsmodels' collects garbage at every call, which simulations cannot pay.
    """
    order = np.argsort(values)
    steps = np.maximum.accumulate(values[order] * np.arange(len(values), 0, -1))
    adjusted = np.empty_like(values)
    adjusted[order] = np.minimum(steps, 1)
    return adjusted
