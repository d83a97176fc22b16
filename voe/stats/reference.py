"""The arithmetic of the published evaluation, to the digit, and the same quantities computed rightly.

Garrido et al. 2025 ("Intuitive physics understanding emerges from self-supervised pretraining on natural
videos") report, over surprise [clips, windows], relative accuracy (pairs), absolute accuracy (single clips
at a threshold), and areas under curves. `reference_metrics` reproduces the released evaluation, its quirks
included:

1. ties count as wrong, in pairs and at thresholds (strict comparisons);
2. the k-th possible clip is paired with the k-th impossible one;
3. the threshold of absolute accuracy is entry ceil(0.9 n), from 0, of the n sorted possible clips: beyond
   the end for n < 10 (the reference crashes; here NaN and a warning), the maximum for n = 10 .. 19;
4. the best absolute accuracy is sought at 100 equidistant thresholds from the least surprising possible
   to the most surprising impossible clip, on the data it is reported for, and divided by 2 n;
5. the area under the precision-recall curve is trapezoidal, and the possible clips are the positive ones;
6. clips with fewer windows are padded with zeros, which lowers their means.

Percentages are float32 as there. `corrected_metrics` has none of the six.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from voe.stats.checks import Bools, Floats, StatsError
from voe.stats.ranking import auroc, average_precision, marked, precision_recall

Rows = npt.ArrayLike | Sequence[Sequence[float]]
Single = npt.NDArray[np.float32]

METRICS = (
    "relative_accuracy_avg",
    "relative_accuracy_max",
    "absolute_accuracy_max",
    "threshold",
    "best_absolute_accuracy_max",
    "best_threshold",
    "auprc_avg",
    "auprc_max",
    "auroc_avg",
    "auroc_max",
)
"""What both functions return, in this order. Accuracies are percentages, areas shares."""


class ReferenceWarning(UserWarning):
    """The reference's arithmetic has no value, or a misleading one, for these clips."""


def reference_metrics(surprise: Rows, possible: npt.ArrayLike) -> dict[str, float]:
    """The reference's metrics, quirks included: name -> value, in the order of `METRICS`.

    Args:
        surprise: [rows, windows], a row a clip; rows that end early (shorter, or NaN to the end) are
            padded with zeros, as the reference does, with a warning. Taken as float32, as there.
        possible: [rows], true (1) for possible clips.

    Returns:
        Accuracies in percent, areas in 0..1, thresholds in units of surprise. NaN, with a
        `ReferenceWarning` that says why, where the reference would crash: absolute accuracy with fewer than
        10 possible clips, relative accuracy with unequal numbers, areas with one kind of clip.

    Raises:
        StatsError: no clip, no window, a value missing in the middle, or infinite.

    >>> rows = [[0.1 * k, 0.2] for k in range(10)] + [[0.1 * k, 0.3] for k in range(10)]
    >>> metrics = reference_metrics(rows, [1] * 10 + [0] * 10)
    >>> print(f"{metrics['relative_accuracy_avg']:.0f} {metrics['relative_accuracy_max']:.0f}")
    100 30
    """
    rows, marks = _rows_and_marks(surprise, possible)
    if np.isnan(rows).any():
        _warn("some clips have fewer windows; padded with zeros as the reference does, their mean is too low")
        rows = np.nan_to_num(rows, nan=0.0)
    mean, top = rows.mean(axis=1, dtype=np.float32), rows.max(axis=1)
    values = {
        "relative_accuracy_avg": _relative(mean, marks),
        "relative_accuracy_max": _relative(top, marks),
        **_absolute(top, marks),
        **_best_absolute(top, marks),
        **_areas(mean, top, marks, trapezoidal=True),
    }
    return {name: values[name] for name in METRICS}


def corrected_metrics(surprise: Rows, possible: npt.ArrayLike) -> dict[str, float]:
    """The same quantities without the quirks; keys, arguments and errors as in `reference_metrics`.

    Ties count half; missing windows are left out; accuracies divide by the clips that there are; the
    threshold is the smallest at which 90 % of the possible clips are not above it; the best threshold may lie
    anywhere, its accuracy (balanced over both kinds) is still the best on the data it was chosen on; areas
    under precision-recall curves are average precision. Relative accuracy needs equal numbers: rows are
    paired in order.

    >>> corrected_metrics([[0.5], [0.5], [0.5], [0.5]], [1, 0, 1, 0])["relative_accuracy_avg"]
    50.0
    """
    rows, marks = _rows_and_marks(surprise, possible)
    mean: Floats = np.asarray(np.nanmean(rows, axis=1, dtype=np.float64))
    top: Floats = np.asarray(np.nanmax(rows, axis=1), dtype=np.float64)
    n = int(marks.sum())
    threshold = best = best_at = absolute = float("nan")
    if 0 < n < len(marks):
        threshold = float(np.sort(top[marks])[math.ceil(0.9 * n) - 1])
        absolute = _balanced(top, marks, threshold)
        candidates = np.append(np.unique(top), -np.inf)
        accuracies = [_balanced(top, marks, float(candidate)) for candidate in candidates]
        best, best_at = max(accuracies), float(candidates[int(np.argmax(accuracies))])
    values = {
        "relative_accuracy_avg": _relative_with_ties(mean, marks),
        "relative_accuracy_max": _relative_with_ties(top, marks),
        "absolute_accuracy_max": absolute,
        "threshold": threshold,
        "best_absolute_accuracy_max": best,
        "best_threshold": best_at,
        **_areas(mean, top, marks, trapezoidal=False),
    }
    return {name: values[name] for name in METRICS}


def _rows_and_marks(surprise: Rows, possible: npt.ArrayLike) -> tuple[Single, Bools]:
    """Surprise as float32 [rows, windows], NaN only where a row has ended, and booleans [rows]."""
    rows = _rectangular(surprise)
    if rows.ndim != 2 or rows.size == 0:
        raise StatsError(f"surprise: expected [clips, windows], got an array of shape {rows.shape}")
    missing = np.isnan(rows)
    if np.isinf(rows).any() or missing[:, 0].any() or (missing[:, :-1] & ~missing[:, 1:]).any():
        raise StatsError("surprise: a value is infinite, or missing before the end of its clip")
    return rows, marked(possible, len(rows), "possible")


def _rectangular(surprise: Rows) -> Single:
    """Rows of unequal length are filled up with NaN."""
    if getattr(surprise, "ndim", 0) == 2:
        return np.asarray(surprise, dtype=np.float32)
    rows = [np.asarray(row, dtype=np.float32) for row in surprise]  # type: ignore[union-attr]
    if any(row.ndim != 1 for row in rows):
        raise StatsError("surprise: expected [clips, windows]")
    filled = np.full((len(rows), max((row.size for row in rows), default=0)), np.nan, dtype=np.float32)
    for index, row in enumerate(rows):
        filled[index, : row.size] = row
    return filled


def _relative(value: Single, possible: Bools) -> float:
    """Percent of pairs in which the impossible clip has the higher value (quirks 1 and 2)."""
    first, second = _paired(value, possible)
    if first.size == 0:
        return float("nan")
    return float((first < second).astype(np.float32).mean(dtype=np.float32) * np.float32(100))


def _relative_with_ties(value: Floats, possible: Bools) -> float:
    """The same, ties counting half."""
    first, second = _paired(value, possible)
    if first.size == 0:
        return float("nan")
    return float(100 * ((first < second) + 0.5 * (first == second)).mean())


def _paired(
    value: npt.NDArray[np.floating], possible: Bools
) -> tuple[npt.NDArray[np.floating], npt.NDArray[np.floating]]:
    """Values of the k-th possible and k-th impossible clips; none, with a warning, where numbers differ."""
    first, second = value[possible], value[~possible]
    if first.size == second.size and first.size > 0:
        return first, second
    _warn(
        f"relative accuracy is NaN: {first.size} possible and {second.size} impossible clips cannot be "
        "paired in order"
    )
    return first[:0], second[:0]


def _absolute(top: Single, possible: Bools) -> dict[str, float]:
    """Accuracy at the reference's threshold (quirks 1 and 3)."""
    ranked, n = np.sort(top[possible]), int(possible.sum())
    index = math.ceil(0.9 * n)
    if index >= n:
        _warn(
            f"absolute accuracy is NaN: its threshold is entry {index} (from 0) of {n} sorted possible "
            "clips, and there the reference crashes; it needs 10 possible clips or more"
        )
        return {"absolute_accuracy_max": float("nan"), "threshold": float("nan")}
    threshold = ranked[index]
    right = np.where(possible, top < threshold, top > threshold).astype(np.float32)
    accuracy = right.mean(dtype=np.float32) * np.float32(100)
    return {"absolute_accuracy_max": float(accuracy), "threshold": float(threshold)}


def _best_absolute(top: Single, possible: Bools) -> dict[str, float]:
    """Accuracy at the best of the reference's 100 thresholds (quirks 1 and 4)."""
    n = int(possible.sum())
    if n == 0 or n == len(top):
        return {"best_absolute_accuracy_max": float("nan"), "best_threshold": float("nan")}
    grid = np.linspace(float(top[possible].min()), float(top[~possible].max()), 100)
    at = grid.astype(np.float32)[:, None]
    right = (top[possible] < at).sum(axis=1) + (top[~possible] > at).sum(axis=1)
    best = int(np.argmax(right))
    accuracy = np.float32(right[best]) / np.float32(2 * n) * np.float32(100)
    return {"best_absolute_accuracy_max": float(accuracy), "best_threshold": float(grid[best])}


def _areas(
    mean: npt.NDArray[np.floating], top: npt.NDArray[np.floating], possible: Bools, trapezoidal: bool
) -> dict[str, float]:
    """Areas under both curves, the possible clips positive, minus surprise the score."""
    if possible.all() or not possible.any():
        _warn("areas under curves are NaN: possible and impossible clips are both needed")
        return {f"{area}_{name}": float("nan") for area in ("auprc", "auroc") for name in ("avg", "max")}
    values = {}
    for name, surprise in (("avg", mean), ("max", top)):
        score: Floats = -surprise.astype(np.float64)
        precision, recall = precision_recall(score, possible)
        step = average_precision(score, possible)
        values[f"auprc_{name}"] = float(np.trapezoid(precision, recall)) if trapezoidal else step
        values[f"auroc_{name}"] = auroc(score, possible)
    return values


def _balanced(top: Floats, possible: Bools, threshold: float) -> float:
    """Percent right, both kinds weighing the same, if clips above the threshold are called impossible."""
    return float(50 * ((top[possible] <= threshold).mean() + (top[~possible] > threshold).mean()))


def _warn(message: str) -> None:
    warnings.warn(f"reference metrics: {message}", ReferenceWarning, stacklevel=3)
