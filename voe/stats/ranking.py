"""How well a score ranks the clips of one kind above those of the other: AUROC, average precision.

Here `positive` marks the clips that should score higher: the impossible ones, with surprise as the score.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from voe.stats.checks import Bools, Floats, Ints, StatsError, finite


def marked(positive: npt.ArrayLike, n: int, what: str = "positive") -> Bools:
    """`positive` as booleans [n]; 0/1 of any number type are taken as such.

    Raises:
        StatsError: another shape, or a value other than 0 and 1.
    """
    marks = np.asarray(positive)
    if marks.shape != (n,):
        raise StatsError(f"{what}: shape {marks.shape} for {n} scores; give one mark a score")
    if not np.isin(marks, (0, 1)).all():
        raise StatsError(f"{what}: marks must be true or false (1 or 0)")
    return marks.astype(np.bool_)


def both_kinds(score: npt.ArrayLike, positive: npt.ArrayLike) -> tuple[Floats, Bools]:
    """Scores and marks, checked; at least one clip of each kind.

    Raises:
        StatsError: shapes that do not fit, a score that is not finite, or clips of one kind only.
    """
    values = finite(score, "score")
    marks = marked(positive, len(values))
    if marks.all() or not marks.any():
        raise StatsError("ranking: all clips are of one kind; possible and impossible clips are both needed")
    return values, marks


def placements(score: npt.ArrayLike, positive: npt.ArrayLike) -> Floats:
    """Each clip's share of clips of the other kind that it is ranked rightly against: float64 [n].

    A positive clip: the share of negative clips below it; a negative clip: the share of positive ones above
    it; ties count half. The mean over either kind is the AUROC (DeLong et al. 1988, Biometrics 44:837: V10
    and V01).

    >>> placements([3.0, 1.0, 2.0, 1.0], [True, True, False, False]).tolist()
    [1.0, 0.25, 0.5, 0.75]
    """
    values, marks = both_kinds(score, positive)
    result = np.empty(len(values))
    for kind in (True, False):
        mine, others = values[marks == kind], np.sort(values[marks != kind])
        below = np.searchsorted(others, mine, "left") + np.searchsorted(others, mine, "right")
        share = below / (2 * len(others))
        result[marks == kind] = share if kind else 1 - share
    return result


def auroc(score: npt.ArrayLike, positive: npt.ArrayLike) -> float:
    """Probability that a positive clip scores higher than a negative one, ties counting half.

    The Mann-Whitney statistic over its maximum (Hanley and McNeil 1982, Radiology 143:29).

    >>> auroc([3.0, 1.0, 2.0, 1.0], [True, True, False, False])
    0.625
    """
    values, marks = both_kinds(score, positive)
    return float(placements(values, marks)[marks].mean())


def precision_recall(score: npt.ArrayLike, positive: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Precision and recall at every distinct score, from the strictest: float64 [k + 1] each.

    The first point is the customary (precision 1, recall 0).

    >>> precision, recall = precision_recall([3.0, 1.0, 2.0, 1.0], [True, True, False, False])
    >>> precision.tolist(), recall.tolist()
    ([1.0, 1.0, 0.5, 0.5], [0.0, 0.5, 0.5, 1.0])
    """
    values, marks = both_kinds(score, positive)
    order = np.argsort(-values, kind="stable")
    last_of_score: Ints = np.append(np.flatnonzero(np.diff(values[order])), len(values) - 1)
    right = np.cumsum(marks[order])[last_of_score]
    precision, recall = right / (last_of_score + 1), right / marks.sum()
    return np.append(1.0, precision), np.append(0.0, recall)


def average_precision(score: npt.ArrayLike, positive: npt.ArrayLike) -> float:
    """Sum over the distinct scores of precision times the gain in recall.

    The step-wise area: joining the points by straight lines (the trapezoidal AUPRC) is too optimistic
    (Davis and Goadrich 2006, ICML). By chance it is the share of positive clips.

    >>> average_precision([3.0, 1.0, 2.0, 1.0], [True, True, False, False])
    0.75
    """
    precision, recall = precision_recall(score, positive)
    return float((np.diff(recall) * precision[1:]).sum())
