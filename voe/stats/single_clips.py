"""Clips without partners: areas under curves with clustered errors, thresholds fitted elsewhere, d'.

Surprise of single clips mixes what is impossible with what is merely hard to predict; pairs and quadruplets
are the better measure wherever a data set has them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from voe.stats.checks import Bools, Floats, StatsError, finite, probability, scene_codes
from voe.stats.clusters import Scenes
from voe.stats.ranking import both_kinds, placements


@dataclass(frozen=True)
class Area:
    """AUROC with its standard error and interval. NaN where `reason` says why.

    `method` is 'DeLong' where each clip is its own scene, else 'Obuchowski'.
    """

    estimate: float
    error: float
    low: float
    high: float
    n_impossible: int
    n_possible: int
    n_scenes: int
    method: str
    reason: str = ""


@dataclass(frozen=True)
class Thresholded:
    """Clips classified at thresholds fitted on other scenes.

    `scores` [n]: 1 right, 0 wrong. `thresholds` [folds]. `balanced` is the mean of the accuracies of both
    kinds; chance is 1/2 for it, and for the mean of `scores` only if there are as many of either kind.
    """

    scores: Floats
    thresholds: Floats
    balanced: float


@dataclass(frozen=True)
class Discrimination:
    """d' of a judge with its standard error, and the criterion: positive if the judge is slow to object."""

    d_prime: float
    criterion: float
    error: float


def clustered_auroc(
    surprise: npt.ArrayLike, impossible: npt.ArrayLike, scenes: Scenes = None, confidence: float = 0.95
) -> Area:
    """AUROC with the variance of clustered clips (Obuchowski 1997, Biometrics 53:567).

    With A the area, V the placements (`voe.stats.ranking.placements`), m_i and n_i the impossible and
    possible clips of scene i, X_i and Y_i the sums over them of V - A, M and N the totals, and S1, S0, S the
    number of scenes with impossible clips, with possible clips, and in all,

        var A = S1 / (S1 - 1) sum X_i^2 / M^2 + S0 / (S0 - 1) sum Y_i^2 / N^2
                + 2 S / (S - 1) sum X_i Y_i / (M N),

    which for one clip a scene is that of DeLong et al. 1988, Biometrics 44:837. DeLong's on clustered clips
    is wrong in either direction: matched clips share what makes them hard, and its size drops below 1 %. The
    interval is formed on the logit (Pepe 2003, The Statistical Evaluation of Medical Tests, ch. 5) with a t
    quantile at S - 1 degrees of freedom.

    Args:
        surprise: one value a clip, [n].
        impossible: true for impossible clips, [n].
        scenes: the scene of each clip, [n]; None: each its own.

    Returns:
        The area; without error where there are fewer than 5 scenes or 2 with clips of either kind, or where
        the variance is 0 (perfect separation has no estimable error).

    Raises:
        StatsError: shapes that do not fit, values that are not finite, clips of one kind only.

    >>> area = clustered_auroc([5, 3, 4, 1, 2, 2.5, 1.5, 6], [1, 1, 1, 1, 0, 0, 0, 0])
    >>> print(f"{area.estimate:.4f} {area.error:.4f} {area.method}")
    0.5625 0.2652 DeLong
    """
    from scipy import special, stats

    tail = (1 - probability(confidence, "confidence")) / 2
    values, marks = both_kinds(surprise, impossible)
    codes = scene_codes(scenes, len(values))
    placed = placements(values, marks)
    area = float(placed[marks].mean())
    n_scenes = int(codes.max()) + 1
    method = "DeLong" if n_scenes == len(values) else "Obuchowski"
    error, reason = _error(placed - area, marks, codes)
    if not reason and error == 0:
        separated = "the clips are separated without error" if area in (0.0, 1.0) else "scenes do not differ"
        error, reason = float("nan"), f"{separated}, so the error cannot be estimated"
    low = high = float("nan")
    if not reason:
        half = stats.t.isf(tail, n_scenes - 1) * error / (area * (1 - area))
        low, high = (float(special.expit(special.logit(area) + side * half)) for side in (-1, 1))
    counts = int(marks.sum()), int((~marks).sum()), n_scenes
    return Area(area, error, low, high, *counts, method=method, reason=reason)


def _error(residuals: Floats, impossible: Bools, codes: npt.NDArray[np.int64]) -> tuple[float, str]:
    """Obuchowski's standard error (0 where nothing varies), or NaN and the reason."""
    n_scenes = int(codes.max()) + 1
    sums, sizes = [], []
    for kind in (impossible, ~impossible):
        sums.append(np.bincount(codes, np.where(kind, residuals, 0.0), minlength=n_scenes))
        sizes.append(np.bincount(codes, kind.astype(np.float64), minlength=n_scenes))
    holding = [int((size > 0).sum()) for size in sizes]
    if n_scenes < 5 or min(holding) < 2:
        return float("nan"), "at least 5 scenes, and 2 with clips of either kind, are needed"
    totals = [float(size.sum()) for size in sizes]
    variance = 2 * n_scenes / (n_scenes - 1) * float(sums[0] @ sums[1]) / (totals[0] * totals[1])
    for own, scenes, total in zip(sums, holding, totals, strict=True):
        variance += scenes / (scenes - 1) * float(own @ own) / total**2
    return (float(np.sqrt(variance)) if variance > 1e-15 else 0.0), ""


def fitted_threshold(
    surprise: npt.ArrayLike,
    impossible: npt.ArrayLike,
    scenes: Scenes = None,
    folds: int = 10,
    generator: np.random.Generator | None = None,
) -> Thresholded:
    """Classify each clip at the threshold that is best for the clips of other scenes.

    Scenes are dealt into folds. Outside a fold the threshold maximises the balanced accuracy (Youden 1950,
    Cancer 3:32); of equals the lowest, half-way between neighbouring values. Clips above it are called
    impossible. Give `scores` and `scenes` to `accuracy_of` where there are as many clips of either kind.

    Raises:
        StatsError: as `clustered_auroc`; fewer than 2 scenes or folds, or a fold outside which only one kind
            is left.

    >>> fitted_threshold([1, 2, 1, 3, 1, 2], [0, 1, 0, 1, 0, 1], list("aabbcc")).scores.tolist()
    [1.0, 1.0, 1.0, 1.0, 1.0, 1.0]
    """
    values, marks = both_kinds(surprise, impossible)
    codes = scene_codes(scenes, len(values))
    n_scenes = int(codes.max()) + 1
    if min(folds, n_scenes) < 2:
        raise StatsError(f"thresholds need 2 scenes and 2 folds or more, not {n_scenes} and {folds}")
    rng = np.random.default_rng(0) if generator is None else generator
    fold_of = rng.permutation(np.arange(n_scenes) % min(folds, n_scenes))[codes]
    right, thresholds = np.zeros(len(values)), []
    for fold in range(min(folds, n_scenes)):
        inside = fold_of == fold
        threshold = _best_threshold(*both_kinds(values[~inside], marks[~inside]))
        right[inside] = (values[inside] > threshold) == marks[inside]
        thresholds.append(threshold)
    balanced = float((right[marks].mean() + right[~marks].mean()) / 2)
    return Thresholded(right, np.array(thresholds), balanced)


def _best_threshold(values: Floats, marks: Bools) -> float:
    """The lowest threshold with the highest balanced accuracy, half-way between neighbouring values."""
    distinct = np.unique(values)
    middle = (distinct[:-1] + distinct[1:]) / 2
    candidates = np.concatenate([[distinct[0] - 1], middle, [distinct[-1] + 1]])
    caught = 1 - np.searchsorted(np.sort(values[marks]), candidates) / marks.sum()
    passed = np.searchsorted(np.sort(values[~marks]), candidates) / (~marks).sum()
    return float(candidates[np.argmax(np.round(caught + passed, 12))])


def discrimination(hits: int, misses: int, false_alarms: int, correct_rejections: int) -> Discrimination:
    """d' = z(H) - z(F) and criterion c = -(z(H) + z(F)) / 2 of a judge's yes-no answers.

    'Yes' is 'impossible'. H and F are the hit and false-alarm rates with half a count added to each cell
    (log-linear; Hautus 1995, Behavior Research Methods 27:46), so that perfect answers stay finite. The
    error of d' is that of Gourevitch and Galanter 1967, Psychometrika 32:25:
    sqrt(H (1 - H) / (n1 phi(z(H))^2) + F (1 - F) / (n0 phi(z(F))^2)).

    Raises:
        StatsError: a negative count, or no clip of one kind.

    >>> judge = discrimination(20, 5, 10, 15)
    >>> print(f"{judge.d_prime:.3f} {judge.criterion:.3f} {judge.error:.3f}")
    1.044 -0.279 0.372
    """
    from scipy import stats

    counts = finite([hits, misses, false_alarms, correct_rejections], "counts of answers")
    if (counts < 0).any() or hits + misses == 0 or false_alarms + correct_rejections == 0:
        raise StatsError(f"d': counts {counts.tolist()}; none may be negative, and both kinds are needed")
    numbers = np.array([hits + misses + 1.0, false_alarms + correct_rejections + 1.0])
    rates = np.array([hits + 0.5, false_alarms + 0.5]) / numbers
    z = stats.norm.ppf(rates)
    variance = rates * (1 - rates) / (numbers * stats.norm.pdf(z) ** 2)
    return Discrimination(float(z[0] - z[1]), float(-z.mean()), float(np.sqrt(variance.sum())))
