"""Scenes as clusters: how much the scores of a scene agree, and how many independent scores that leaves.

Scores of one scene share frames, camera and objects. They agree more than those of different scenes, or, in
designs where one clip serves both sides, less: the intraclass correlation may be negative.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from voe.stats.checks import Floats, StatsError, finite, scene_codes

Scenes = Sequence[object] | npt.NDArray[np.generic] | None

IMAGINARY_SCENES = 3
"""Independent scenes added to an estimate of negative correlation, which a few scenes cannot establish."""


@dataclass(frozen=True)
class SceneTotals:
    """Scores summed by scene: all that the statistics of an accuracy need. S scenes, any leading axes.

    `sizes` is the number of scores of each scene, `sums` their sum and `squares` the sum of their squares:
    float64 [..., S].
    """

    sizes: Floats
    sums: Floats
    squares: Floats

    @property
    def n(self) -> Floats:
        """Number of scores: float64 [...]."""
        return np.asarray(self.sizes.sum(axis=-1))

    @property
    def mean(self) -> Floats:
        """Mean score, each score weighing the same: float64 [...]."""
        return np.asarray(self.sums.sum(axis=-1) / self.n)

    @property
    def n_scenes(self) -> int:
        """Number of scenes."""
        return int(self.sizes.shape[-1])


def totals_by_scene(scores: npt.ArrayLike, scenes: Scenes = None) -> SceneTotals:
    """Scores [n] in 0..1 and the scene of each (None: each its own) -> `SceneTotals`.

    Raises:
        StatsError: no score, a score outside 0..1, or scenes that do not fit.

    >>> totals_by_scene([1, 0.5, 0], ["a", "b", "a"]).sums.tolist()
    [1.0, 0.5]
    """
    values = finite(scores, "scores")
    if values.size == 0:
        raise StatsError("scores: there is none")
    if (values < 0).any() or (values > 1).any():
        raise StatsError("scores must lie in 0..1: 1 right, 1/2 a tie, 0 wrong")
    codes = scene_codes(scenes, len(values))
    sizes, sums, squares = (
        np.bincount(codes, weights).astype(np.float64)
        for weights in (np.ones_like(values), values, values**2)
    )
    return SceneTotals(sizes, sums, squares)


def design_effect(totals: SceneTotals) -> Floats:
    """Variance of the mean score over that of as many independent scores: float64 [...].

    With e the scores less their mean and r_s the sum of e in scene s (Kish 1965, Survey Sampling, 8.2;
    the linearised variance of a ratio, Cochran 1977, Sampling Techniques, ch. 6),

        deff = [S / (S - 1) * sum_s r_s^2] / [n / (n - 1) * sum e^2],

    which is 1 where each scene has one score, about 1 + (m - 1) ICC with m scores a scene, and below 1
    where the correlation is negative. NaN where all scores are equal: they say nothing of it.

    >>> float(design_effect(totals_by_scene([1, 1, 0, 0, 1, 1], list("aabbcc"))).round(6))
    2.5
    """
    n, s, mean = totals.n, totals.n_scenes, totals.mean
    residual = totals.sums - totals.sizes * mean[..., None]
    between = (residual**2).sum(axis=-1) * s
    total = np.maximum(totals.squares.sum(axis=-1) - n * mean**2, 0) * n
    equal = total <= 1e-12 * n**2
    ratio = between * (n - 1) / np.where(equal, 1, total * max(s - 1, 1))
    return np.asarray(np.where(equal, np.nan, ratio))


def effective_number(totals: SceneTotals) -> Floats:
    """How many independent scores the scores of all scenes are worth: float64 [...].

    n / deff, with the design effect made safe where few scenes speak for it:

    * below 1, it is averaged with that of `IMAGINARY_SCENES` independent scenes, so a few scenes that
      happen to balance do not give a width near zero;
    * it is averaged over the E scenes that hold a minority score and one imaginary scene whose scores all
      agree (deff_max = sum m_s^2 / n). Where all is right, E = 0 and the effective number is that of the
      scenes: a scene without a dissenting score does not show how correlated its scores are.

    One score a scene gives exactly n. Calibrated by simulation (docs: calibration), together with the t
    quantile, over correlations from -1 to 0.7.

    >>> float(effective_number(totals_by_scene([1, 0, 1, 1])))
    4.0
    >>> float(effective_number(totals_by_scene([1] * 6, list("aabbcc"))))
    3.0
    """
    s = totals.n_scenes
    agreed = (totals.sizes**2).sum(axis=-1) / totals.n
    estimated = design_effect(totals)
    known = ~np.isnan(estimated)
    deff = np.where(known, estimated, 1.0)
    deff = np.where(deff < 1, (s * deff + IMAGINARY_SCENES) / (s + IMAGINARY_SCENES), deff)
    not_all_right = (totals.sums < totals.sizes - 1e-9).sum(axis=-1)
    not_all_wrong = (totals.sums > 1e-9).sum(axis=-1)
    speaking = np.where(known, np.minimum(not_all_right, not_all_wrong), 0)
    return np.asarray(totals.n * (speaking + 1) / (speaking * deff + agreed))


def intraclass_correlation(scores: npt.ArrayLike, scenes: Scenes) -> float:
    """ICC(1) of the scores of a scene by analysis of variance; between -1 / (m - 1) and 1, not clipped.

    ICC = (MSB - MSW) / (MSB + (m0 - 1) MSW), m0 = (n - sum m_s^2 / n) / (S - 1)
    (Donner 1986, International Statistical Review 54:67, section 2). NaN where no scene has two scores, where
    there is one scene only, or where all scores are equal.

    >>> round(intraclass_correlation([1, 1, 0, 0, 1, 0], list("aabbcc")), 4)
    0.5
    """
    totals = totals_by_scene(scores, scenes)
    n, s = float(totals.n), totals.n_scenes
    if s < 2 or n == s:
        return float("nan")
    between = float((totals.sums**2 / totals.sizes).sum() - n * totals.mean**2) / (s - 1)
    within = float((totals.squares - totals.sums**2 / totals.sizes).sum()) / (n - s)
    size = (n - float((totals.sizes**2).sum()) / n) / (s - 1)
    scale = between + (size - 1) * within
    return float("nan") if scale <= 1e-15 else (between - within) / scale
