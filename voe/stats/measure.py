"""The measure of a 2 x 2 design: the interaction of context and outcome in surprise, and its score.

For a quadruplet with contexts A, B and outcomes A, B, let S(X->Y) be the surprise at the clip with context X
and outcome Y, averaged over the informative windows. An event is possible when the two agree, so

    I = S(A->B) + S(B->A) - S(A->A) - S(B->B)

is positive for a model that expects the possible. What a context or an outcome costs by itself occurs once
with each sign and cancels: I is the interaction contrast of a 2 x 2 analysis of variance.
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from voe.stats.checks import Bools, Floats, StatsError, finite

Aggregate = Literal["mean", "max"]

RELATIVE_TOLERANCE = 1e-6
"""Share of the mean surprise below which a difference is float32 rounding."""


def informative_windows(
    frames: npt.NDArray[np.int64],
    context: int,
    context_span: tuple[int, int] | None,
    outcome_span: tuple[int, int] | None,
) -> Bools:
    """Which windows can show the violation at all: bool [W].

    A window is informative when the frames it is given (the first `context`) hold at least one frame in
    which the contexts differ, and the frames it predicts (the rest) at least one in which the outcomes
    differ. The answer is the same for all four clips. None anywhere means that the quadruplet is not
    testable at this window: it is left out and counted, never scored as a coin toss.

    Args:
        frames: int64 [W, F], the numbers of each window's frames on the clip's own timeline.
        context: how many of the F frames the model is given, 1 .. F - 1.
        context_span: half-open range of frames in which the contexts differ; None: not stated, all do.
        outcome_span: the same for the outcomes.

    Raises:
        StatsError: `frames` is not [W, F], `context` leaves nothing to predict, or a span is empty.

    >>> frames = np.arange(0, 24, 4)[:, None] + np.arange(8)  # windows of 8 frames, stride 4
    >>> informative_windows(frames, 4, (0, 6), (10, 14)).tolist()
    [False, True, False, False, False, False]
    """
    windows = np.asarray(frames)
    if windows.ndim != 2 or not np.issubdtype(windows.dtype, np.integer):
        raise StatsError(
            f"frames of the windows: expected integers [windows, frames], got {windows.dtype} {windows.shape}"
        )
    if not 1 <= context < windows.shape[1]:
        raise StatsError(
            f"context is {context} of a window of {windows.shape[1]} frames; at least one frame must be "
            "given and at least one be left to predict"
        )
    given = _any_inside(windows[:, :context], context_span, "context")
    predicted = _any_inside(windows[:, context:], outcome_span, "outcome")
    return np.asarray(given & predicted)


def _any_inside(frames: npt.NDArray[np.integer], span: tuple[int, int] | None, what: str) -> Bools:
    """Whether each row holds a frame of the half-open span: bool [W]."""
    if span is None:
        return np.ones(len(frames), dtype=np.bool_)
    start, stop = span
    if not start < stop:
        raise StatsError(f"{what} span {start}..{stop} holds no frame; it is half-open, so stop > start")
    return np.asarray(((frames >= start) & (frames < stop)).any(axis=1))


def interaction(
    aa: npt.ArrayLike,
    ab: npt.ArrayLike,
    ba: npt.ArrayLike,
    bb: npt.ArrayLike,
    informative: npt.ArrayLike,
    *,
    aggregate: Aggregate = "mean",
) -> float:
    """I = S(ab) + S(ba) - S(aa) - S(bb) of one quadruplet; above 0: the impossible surprised more.

    Args:
        aa, ab, ba, bb: surprise by window, float [W] each; `ab` has context A and outcome B. The possible
            clips are aa and bb.
        informative: bool [W], from `informative_windows`.
        aggregate: S is the 'mean' over the informative windows, or (secondary: the maximum is not
            additive, so main effects do not cancel) their 'max'.

    Returns:
        I in the units of surprise; NaN if no window is informative (not testable).

    Raises:
        StatsError: unequal numbers of windows, or a value that is not finite.

    >>> interaction([1, 1, 1], [1, 3, 1], [2, 4, 2], [2, 2, 2], [False, True, False])
    4.0
    """
    return _contrast((ab, ba), (aa, bb), informative, aggregate)


def difference(
    possible: npt.ArrayLike,
    impossible: npt.ArrayLike,
    informative: npt.ArrayLike,
    *,
    aggregate: Aggregate = "mean",
) -> float:
    """S(impossible) - S(possible) of one pair; above 0: the impossible surprised more.

    Arguments, NaN and errors as in `interaction`. A pair does not cancel the cost of an outcome
    (prefix-matched) or of a context (outcome-matched) by itself: secondary wherever there are quadruplets.

    >>> difference([1, 1], [1, 2], [True, True])
    0.5
    """
    return _contrast((impossible,), (possible,), informative, aggregate)


def _contrast(
    impossible: tuple[npt.ArrayLike, ...],
    possible: tuple[npt.ArrayLike, ...],
    informative: npt.ArrayLike,
    aggregate: Aggregate,
) -> float:
    """Sum of S over the impossible clips minus that over the possible ones."""
    if aggregate not in get_args(Aggregate):
        raise StatsError(f"aggregate is {aggregate!r}; it must be one of {', '.join(get_args(Aggregate))}")
    keep = np.asarray(informative)
    if keep.ndim != 1 or keep.dtype != np.bool_:
        raise StatsError(f"informative: expected booleans [windows], got {keep.dtype} {keep.shape}")
    clips = [finite(clip, "surprise of a clip by window") for clip in (*impossible, *possible)]
    if any(clip.shape != keep.shape for clip in clips):
        raise StatsError(
            f"clips that are compared have {[clip.size for clip in clips]} windows, and {keep.size} are "
            "declared; take the windows that all have in common, never pad"
        )
    if not keep.any():
        return float("nan")
    reduce = np.mean if aggregate == "mean" else np.max
    surprise = [float(reduce(clip[keep])) for clip in clips]
    n = len(impossible)
    return sum(surprise[:n]) - sum(surprise[n:])


def tolerance(mean_surprise: npt.ArrayLike, rebatch_difference: npt.ArrayLike = 0.0) -> Floats:
    """tau = max(1e-6 * mean surprise, 4 * largest difference that re-batching makes): float64, broadcast.

    Within tau of zero a contrast is a tie. Without it, clips that truly tie are scored by float32 rounding.
    The factor 4 is the number of terms of an interaction, each of which re-batching may move.

    Args:
        mean_surprise: mean surprise of the clips that are compared, 0 or more.
        rebatch_difference: the largest change of a clip's surprise seen when its batch changes, 0 or more.

    Raises:
        StatsError: a value that is negative or not finite.

    >>> float(tolerance(0.5, 1e-7))
    5e-07
    """
    mean = finite(mean_surprise, "mean surprise", ndim=None)
    rebatch = finite(rebatch_difference, "re-batching difference", ndim=None)
    if (mean < 0).any() or (rebatch < 0).any():
        raise StatsError("tolerance: mean surprise and re-batching difference must be 0 or more")
    return np.asarray(np.maximum(RELATIVE_TOLERANCE * mean, 4 * rebatch))


def score(contrast: npt.ArrayLike, tau: npt.ArrayLike) -> Floats:
    """1 where contrast > tau, 1/2 where |contrast| <= tau, 0 where contrast < -tau; NaN stays NaN.

    `contrast` is an interaction or a pair's difference, any shape; `tau` broadcasts against it. A NaN is a
    quadruplet that is not testable; `accuracy_of` leaves it out and counts it.

    Raises:
        StatsError: a negative or missing tau, or an infinite contrast.

    >>> score([0.2, 1e-9, -0.2, float("nan")], 1e-6).tolist()
    [1.0, 0.5, 0.0, nan]
    """
    values = np.asarray(contrast, dtype=np.float64)
    limits = finite(tau, "tau", ndim=None)
    if (limits < 0).any():
        raise StatsError("tau must be 0 or more")
    if np.isinf(values).any():
        raise StatsError("contrast: infinite; a surprise that is not finite must not be scored")
    result = np.where(values > limits, 1.0, np.where(values < -limits, 0.0, 0.5))
    return np.where(np.isnan(values), np.nan, result)
