"""The best of several settings (contexts, aggregates, layers, prompts, checkpoints), paid for.

The best of five independent contexts on 60 pairs of pure chance has 57.5 % right on average. What is chosen
on the data that it is reported for therefore appears only with `max_statistic`, whose p-value knows of the
search, and with `cross_fitted`, whose estimate does. The family is everything that was searched: a sweep
over checkpoints that stops when it looks good is such a search.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from voe.stats.accuracy import FEWEST_SCENES
from voe.stats.checks import Floats, Ints, StatsError, probability, scene_codes
from voe.stats.clusters import Scenes, SceneTotals, effective_number
from voe.stats.flips import sign_flips
from voe.stats.intervals import wilson_limits
from voe.words import counted

_CHUNK = 8_000_000
"""Numbers that are held at once while resampling."""


@dataclass(frozen=True)
class MaxStatistic:
    """The best of k settings with a p-value for having been searched.

    `best` is its index, `estimate` its accuracy on the data it was chosen on (too high), `p_value` that of
    the maximum over all settings, `accuracies` and `adjusted` (single-step adjusted p-values) [k] each.
    """

    best: int
    estimate: float
    p_value: float
    accuracies: Floats
    adjusted: Floats


@dataclass(frozen=True)
class CrossFitted:
    """Accuracy of 'the best setting, chosen on other scenes', with an interval over scenes.

    `chosen` [k] counts the folds in which each setting was chosen.
    """

    estimate: float
    low: float
    high: float
    chosen: Ints
    reason: str = ""


def max_statistic(
    scores: npt.ArrayLike,
    scenes: Scenes = None,
    flips: int = 9_999,
    generator: np.random.Generator | None = None,
) -> MaxStatistic:
    """p-value of the best of k settings, by flipping whole scenes in all settings at once.

    With D_ks the sum of the signs 2 score - 1 of setting k in scene s, each setting has
    Z_k = sum_s D_ks / sqrt(sum_s D_ks^2): one scale for all, as ties and clustering differ between
    settings. A flip turns scene s in every setting, which keeps their correlation; the p-value is the share
    of flips, the observed one included, whose largest Z reaches the observed largest (Westfall and Young
    1993, Resampling-Based Multiple Testing, ch. 2; Nichols and Holmes 2002, Human Brain Mapping 15:1).

    Args:
        scores: [k, n] of 1, 1/2, 0 (NaN: not testable at this setting).
        scenes: the scene of each, [n]; None: each its own.
        flips: random flips; 9,999 give a p-value of .05 a Monte-Carlo error of .002. With 13 scenes or fewer
            all flips are made, and the p-value is exact.
        generator: defaults to `numpy.random.default_rng(0)`.

    Raises:
        StatsError: scores that are not [k, n], or that are not 1, 1/2, 0.

    >>> settings = np.array([[1] * 14 + [0] * 6, [1, 0] * 10])
    >>> result = max_statistic(settings)
    >>> result.best, round(result.estimate, 2), round(result.p_value, 2)
    (0, 0.7, 0.11)
    """
    values, codes = _settings(scores, scenes)
    sums, sizes, _ = _by_scene(values, codes)
    leaning = (2 * sums - sizes).T  # [k, S]
    observed = _scaled(leaning.sum(axis=1), leaning)
    table = np.ascontiguousarray(leaning.T, dtype=np.float32)
    reached, rows = np.zeros(len(leaning)), 0
    for signs in sign_flips(len(table), flips, generator):
        largest = _scaled(signs @ table, leaning).max(axis=1)
        # The tolerance makes equal sums equal in float32.
        reached += (largest[:, None] >= observed - 1e-4).sum(axis=0)
        rows += len(signs)
    adjusted = reached / rows
    accuracies = sums.sum(axis=0) / sizes.sum(axis=0)
    best = int(np.argmax(observed))
    return MaxStatistic(best, float(accuracies[best]), float(adjusted[best]), accuracies, adjusted)


def _scaled(sums: npt.NDArray[np.floating], leaning: Floats) -> Floats:
    """Sums [..., k] over the root of the sum of squares of `leaning` [k, S]; 0 where all is tied."""
    norm = np.sqrt((leaning**2).sum(axis=1))
    return np.asarray(np.where(norm > 0, sums / np.where(norm > 0, norm, 1), 0.0), dtype=np.float64)


def cross_fitted(
    scores: npt.ArrayLike,
    scenes: Scenes = None,
    *,
    folds: int = 10,
    confidence: float = 0.95,
    resamples: int = 2_000,
    generator: np.random.Generator | None = None,
) -> CrossFitted:
    """Accuracy of the setting that is best on other scenes, with the whole pipeline bootstrapped.

    Scenes are dealt into folds; for each fold, the setting with the highest accuracy outside it (the first of
    equals) is scored inside it, and the estimate is the accuracy over all folds. The bootstrap draws scenes,
    the copies of a scene staying in its fold, and repeats choice and scoring; its standard error e gives the
    number of independent scores p (1 - p) / e^2 behind a Wilson interval with a t quantile at S - 1 degrees
    of freedom. A setting that happens to be right everywhere is chosen in every fold and every resample, so
    the bootstrap misses it: the interval is never narrower than Wilson's on the held-out scores at a level
    divided by k. It errs on the wide side where several settings are about equally good.

    Args:
        scores: [k, n] of 1, 1/2, 0 (NaN: not testable at this setting).
        scenes: the scene of each, [n]; None: each its own.
        folds: at most the number of scenes.
        generator: for folds and bootstrap; defaults to `numpy.random.default_rng(0)`.

    Raises:
        StatsError: scores that are not [k, n] of 1, 1/2, 0, or fewer than 2 folds.

    >>> settings = np.array([[1] * 54 + [0] * 6, [1, 0] * 30])
    >>> result = cross_fitted(settings)
    >>> result.estimate, result.chosen.tolist()
    (0.9, [10, 0])
    """
    from scipy import stats

    tail = (1 - probability(confidence, "confidence")) / 2
    if folds < 2:
        raise StatsError(f"cross-fitting with {folds} folds; at least 2 are needed")
    values, codes = _settings(scores, scenes)
    sums, sizes, squares = _by_scene(values, codes)
    n_scenes = len(sums)
    rng = np.random.default_rng(0) if generator is None else generator
    fold_of = rng.permutation(np.arange(n_scenes) % min(folds, n_scenes))
    order = np.argsort(fold_of, kind="stable")
    bounds = np.searchsorted(fold_of[order], np.arange(min(folds, n_scenes)))
    sums, sizes, squares = sums[order], sizes[order], squares[order]
    estimate, chosen = _choose_and_score(*(np.add.reduceat(part, bounds)[None] for part in (sums, sizes)))
    counts = np.bincount(chosen[0], minlength=sums.shape[1]).astype(np.int64)
    value, nan = float(estimate[0]), float("nan")
    if n_scenes < FEWEST_SCENES:
        reason = f"only {counted(n_scenes, 'scene')}, at least {FEWEST_SCENES} are needed"
        return CrossFitted(value, nan, nan, counts, reason)
    of_scene = chosen[0][fold_of[order]][:, None]
    held_out = [np.take_along_axis(part, of_scene, axis=1)[:, 0] for part in (sizes, sums, squares)]
    number = float(effective_number(SceneTotals(*(part[held_out[0] > 0] for part in held_out))))
    spread = float(np.nanvar(_bootstrap(sums, sizes, bounds, resamples, rng)))
    bootstrapped = value * (1 - value) / spread if spread > 0 and 0 < value < 1 else number
    limits = [
        wilson_limits(value, effective, float(stats.t.isf(level, n_scenes - 1)))
        for effective, level in ((bootstrapped, tail), (number, tail / sums.shape[1]))
    ]
    low, high = min(float(pair[0]) for pair in limits), max(float(pair[1]) for pair in limits)
    return CrossFitted(value, low, high, counts)


def _bootstrap(sums: Floats, sizes: Floats, bounds: Ints, resamples: int, rng: np.random.Generator) -> Floats:
    """Estimates of the whole pipeline on scenes drawn with replacement: [resamples].

    Scenes lie in the order of their folds, so that the copies of a scene stay in its fold.
    """
    n_scenes, k = sums.shape
    folds = [slice(a, b) for a, b in pairwise([*bounds.tolist(), n_scenes])]
    both = np.concatenate([sums, sizes], axis=1)
    drawn = np.empty(resamples)
    step = max(1, _CHUNK // n_scenes)
    for start in range(0, resamples, step):
        count = min(step, resamples - start)
        picked = rng.integers(0, n_scenes, (count, n_scenes)) + np.arange(count)[:, None] * n_scenes
        weights = np.bincount(picked.ravel(), minlength=count * n_scenes).reshape(count, n_scenes)
        inside = np.stack([weights[:, fold].astype(np.float64) @ both[fold] for fold in folds], axis=1)
        drawn[start : start + count] = _choose_and_score(inside[..., :k], inside[..., k:])[0]
    return drawn


def _choose_and_score(inside: Floats, inside_n: Floats) -> tuple[Floats, Ints]:
    """Estimates [B] and the settings chosen [B, folds], of sums and numbers of scores [B, folds, k]."""
    outside = inside.sum(axis=1, keepdims=True) - inside
    outside_n = inside_n.sum(axis=1, keepdims=True) - inside_n
    accuracy = np.where(outside_n > 0, outside / np.maximum(outside_n, 1e-9), -1.0)
    chosen = np.argmax(accuracy, axis=2)
    right = np.take_along_axis(inside, chosen[..., None], axis=2).sum(axis=(1, 2))
    number = np.take_along_axis(inside_n, chosen[..., None], axis=2).sum(axis=(1, 2))
    return np.where(number > 0, right / np.maximum(number, 1e-9), np.nan), chosen


def _settings(scores: npt.ArrayLike, scenes: Scenes) -> tuple[Floats, Ints]:
    """Scores as float64 [k, n] and scene codes [n], checked."""
    values = np.asarray(scores, dtype=np.float64)
    if values.ndim != 2 or values.size == 0:
        raise StatsError(f"scores: expected [settings, quadruplets], got an array of shape {values.shape}")
    if not (np.isnan(values) | np.isin(values, (0.0, 0.5, 1.0))).all():
        raise StatsError("scores must be 1 (right), 1/2 (a tie), 0 (wrong) or NaN (not testable)")
    if np.isnan(values).all(axis=1).any():
        raise StatsError("scores: a setting has no testable quadruplet; leave it out")
    return values, scene_codes(scenes, values.shape[1])


def _by_scene(values: Floats, codes: Ints) -> tuple[Floats, Floats, Floats]:
    """Sums, numbers and sums of squares of the scores of each scene and setting: [S, k] each."""
    present = ~np.isnan(values)
    filled = np.where(present, values, 0.0)
    totals = np.zeros((3, int(codes.max()) + 1, len(values)))
    for total, of_score in zip(totals, (filled, present, filled**2), strict=True):
        np.add.at(total, codes, of_score.T.astype(np.float64))
    return totals[0], totals[1], totals[2]
