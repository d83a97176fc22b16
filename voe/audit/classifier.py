"""A classifier of possible and impossible, cross-validated by scene, with an honest p-value.

A comparison is one contrast vector: the features of its impossible clips less those of its possible ones.
The classifier is a ridge regression without intercept that is to give +1 for each; it is right about a
comparison of another scene if it gives that one a positive number. On pairs this is ridge regression on clips
whose features are centred within the pair, with labels possible and impossible.

The held-out answers of a cross-validation depend on each other through the scenes that they were trained on,
so a binomial p-value is too small. Here the labels of whole scenes are swapped, in training and in testing
at once, and the classifier is trained again for each swap (Ojala and Garriga 2010, JMLR 11:1833, test 1,
with swaps restricted to scenes); that is cheap, because a swap of a scene only changes the sign of its rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from voe.audit.comparisons import Bools, Ints
from voe.audit.pictures import Floats
from voe.stats.flips import sign_flips

FOLDS = 5
FEWEST_SCENES = 10
"""With fewer scenes nothing is trained."""
_TIE = 1e-9
"""Answers so close to 0 are ties; the targets are 1."""


@dataclass(frozen=True)
class Answers:
    """What the classifier said, and how that compares with swapped labels.

    `scores` [settings, n] are 1 (right), 1/2 (no difference) and 0 for the comparisons of each setting, NaN
    for those outside it. `best` is the setting furthest above chance, `p_value` that of the best of all.
    """

    scores: Floats
    best: int
    p_value: float


def folds_of(scenes: Ints, n_folds: int = FOLDS, seed: int = 0) -> Ints:
    """A fold for each comparison, int64 [n]; comparisons of a scene share theirs.

    Scenes (codes 0 .. S-1) are shuffled by `seed` and dealt out in turn.
    """
    n_scenes = int(scenes.max()) + 1
    order = np.random.default_rng(seed).permutation(n_scenes)
    fold_of_scene = np.empty(n_scenes, dtype=np.int64)
    fold_of_scene[order] = np.arange(n_scenes) % n_folds
    return np.asarray(fold_of_scene[scenes])


def ridge_weights(contrasts: Floats) -> Floats:
    """The weights of a ridge regression as a linear function of its targets: [n, p] -> [p, n].

    With the features scaled to a root mean square of 1 (never centred, so that a swap of labels changes no
    scale) and Z the scaled contrasts, W = diag(1 / scale) Z' (Z Z' + p I)^-1: the penalty is p, the mean
    squared length of a row. A feature that never differs has weight 0.

    >>> ridge_weights(np.array([[2.0, 0.0], [2.0, 0.0]])).round(3).tolist()
    [[0.167, 0.167], [0.0, 0.0]]
    """
    scale = np.sqrt((contrasts**2).mean(axis=0))
    used = scale > 0
    weights = np.zeros(contrasts.shape[::-1])
    if used.any():
        scaled = contrasts[:, used] / scale[used]
        n, p = scaled.shape
        if n <= p:
            solved = np.linalg.solve(scaled @ scaled.T + p * np.eye(n), scaled).T
        else:
            solved = np.linalg.solve(scaled.T @ scaled + p * np.eye(p), scaled.T)
        weights[used] = solved / scale[used, None]
    return weights


def decisions(contrasts: Floats, folds: Ints, targets: Floats) -> Floats:
    """What is said about each comparison by a classifier trained on the other folds.

    Args:
        contrasts: [n, p].
        folds: int64 [n], from `folds_of`.
        targets: [..., n], 1 or -1; -1 where the labels are swapped.

    Returns:
        [..., n]; positive where the comparison looks as its target says.
    """
    said = np.zeros(targets.shape)
    for fold in np.unique(folds):
        held_out = folds == fold
        if held_out.all():
            continue
        weights = ridge_weights(contrasts[~held_out])
        said[..., held_out] = (targets[..., ~held_out] @ weights.T) @ contrasts[held_out].T
    return said * targets


def classify(
    settings: Sequence[tuple[Bools, Floats]],
    scenes: Ints,
    *,
    flips: int = 1_999,
    generator: np.random.Generator | None = None,
) -> Answers:
    """Cross-validate one classifier a setting; the p-value pays for the best of them.

    Args:
        settings: which comparisons it is about (bool [n]) and their contrasts, [n, p].
        scenes: scene codes, int64 [n].
        flips: swaps of labels, one for all settings at once.
    """
    n_scenes = int(scenes.max()) + 1
    folds = folds_of(scenes)
    scores = np.full((len(settings), len(scenes)), np.nan)
    best, reached, swaps = 0, 0, 0
    observed = -np.inf
    for signs in sign_flips(n_scenes, flips, generator):
        largest = np.full(len(signs), -np.inf)
        for row, (kept, contrasts) in enumerate(settings):
            targets = signs[:, scenes[kept]].astype(np.float64)
            said = decisions(contrasts[kept], folds[kept], targets)
            right = np.where(np.abs(said) <= _TIE, 0.0, np.sign(said))
            above = _above_chance(right, scenes[kept], n_scenes)
            if swaps == 0:
                scores[row, kept] = (right[0] + 1) / 2
                best, observed = (row, above[0]) if above[0] > observed else (best, observed)
            largest = np.maximum(largest, above)
        reached += int((largest >= observed - 1e-9).sum())
        swaps += len(signs)
    return Answers(scores, best, reached / swaps)


def _above_chance(right: Floats, scenes: Ints, n_scenes: int) -> Floats:
    """Sum over scenes, D_s of signs each, as sum D_s / sqrt(sum D_s^2): [rows, n] -> [rows]."""
    membership = np.zeros((len(scenes), n_scenes))
    membership[np.arange(len(scenes)), scenes] = 1
    leaning = right @ membership
    norm = np.sqrt((leaning**2).sum(axis=1))
    return np.asarray(np.where(norm > 0, leaning.sum(axis=1) / np.where(norm > 0, norm, 1), 0.0))


def settings_of(
    vectors: Sequence[Floats], groups: Sequence[Bools], scenes: Ints
) -> Iterator[tuple[int, int, tuple[Bools, Floats]]]:
    """Every group of comparisons with every kind of contrast vector: (group, vector, setting).

    Groups of fewer than `FEWEST_SCENES` scenes, and contrasts that are all 0 in a group, are left out.
    """
    for g, kept in enumerate(groups):
        if len(np.unique(scenes[kept])) < FEWEST_SCENES:
            continue
        for v, contrasts in enumerate(vectors):
            if contrasts[kept].any():
                yield g, v, (kept, contrasts)
