"""Whether a latent space is fit to be surprised in: surprise in a collapsed space means nothing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from voe.stats.checks import StatsError, finite

LEAST_VARIANCE = 1e-4
"""Variance of the targets over tokens, as a share of their mean square."""
LEAST_RANK = 0.01
"""Effective rank as a share of the greatest possible one."""
NORM_RATIO = (0.1, 10.0)
"""Norm of the predictions over that of the targets."""
MOST_DEAD = 0.5
"""Share of channels that do not vary."""
DEAD_BELOW = 1e-3
"""A channel is dead if its standard deviation is below this share of the root mean square of all."""


@dataclass(frozen=True)
class LatentHealth:
    """State of a latent space. `warnings` holds a sentence for each thing that is wrong; empty is well.

    `target_variance` is the mean variance of a channel over tokens, `relative_variance` the same over the
    mean square of the targets, `effective_rank` RankMe of at most `full_rank`, `norm_ratio` the norm of the
    predictions over that of the targets, `dead_share` the share of channels that do not vary.
    """

    target_variance: float
    relative_variance: float
    effective_rank: float
    full_rank: int
    norm_ratio: float
    dead_share: float
    warnings: tuple[str, ...]


def latent_health(targets: npt.ArrayLike, predictions: npt.ArrayLike) -> LatentHealth:
    """Health of a latent space from a sample of its tokens.

    Args:
        targets: what happened, [N, D], tokens of many clips (a few thousand suffice).
        predictions: what was expected, [n, D].

    Raises:
        StatsError: shapes that do not fit, fewer than 2 tokens, or values not finite.

    >>> grid = np.eye(8)
    >>> latent_health(grid, grid).effective_rank.__round__(3)
    8.0
    >>> latent_health(np.ones((100, 8)), np.ones((100, 8))).warnings[0]
    'targets hardly vary (relative variance 0): the space has collapsed'
    """
    happened, expected = finite(targets, "targets", ndim=2), finite(predictions, "predictions", ndim=2)
    if len(happened) < 2 or 0 in expected.shape or happened.shape[1] != expected.shape[1]:
        raise StatsError(
            f"health: targets {happened.shape} and predictions {expected.shape}; expected [tokens, channels] "
            "of the same channels, and 2 tokens or more"
        )
    return health_of_sample(happened, np.sqrt((expected**2).sum(axis=1)))


def health_of_sample(targets: npt.ArrayLike, expected_norms: npt.ArrayLike) -> LatentHealth:
    """The same from targets [N, D] and the Euclidean norms of predictions alone, [n].

    Raises:
        StatsError: fewer than 2 targets, no norm, or values not finite.

    >>> health_of_sample(np.eye(8), [1.0]).norm_ratio
    1.0
    """
    happened, norms = finite(targets, "targets", ndim=2), finite(expected_norms, "norms", ndim=1)
    if len(happened) < 2 or not len(norms):
        raise StatsError(f"health: {len(happened)} targets and {len(norms)} norms; 2 and 1 are needed")
    spread = happened.std(axis=0)
    variance, square = float((spread**2).mean()), float((happened**2).mean())
    scale = float(np.sqrt(variance))
    # A spread of rounding errors only is none at all.
    alive = spread > max(DEAD_BELOW * scale, 1e-6 * float(np.sqrt(square)))
    length = float(np.sqrt((happened**2).sum(axis=1)).mean())
    relative = variance / square if square > 0 else 0.0
    return _judged(
        target_variance=variance,
        relative_variance=0.0 if relative < 1e-12 else relative,
        rank=effective_rank(happened),
        full_rank=min(happened.shape),
        norm_ratio=float(norms.mean()) / length if length > 0 else float("inf"),
        dead_share=float(1 - alive.mean()),
    )


def effective_rank(tokens: npt.ArrayLike) -> float:
    """RankMe: the exponential of the entropy of the singular values, 1 .. min(N, D); 0 if all are 0.

    p_k = sigma_k / sum sigma, rank = exp(-sum p_k log p_k) (Roy and Vetterli 2007, EUSIPCO; Garrido et al.
    2023, ICML, eq. 1, without its offset of 1e-7, which matters only to zeros).

    >>> round(effective_rank(np.diag([1.0, 1.0, 0.0])), 6)
    2.0
    """
    singular = np.linalg.svd(finite(tokens, "tokens", ndim=2), compute_uv=False)
    total = float(singular.sum())
    if total <= 0:
        return 0.0
    share = singular[singular > 0] / total
    return float(np.exp(-(share * np.log(share)).sum()))


def _judged(
    *,
    target_variance: float,
    relative_variance: float,
    rank: float,
    full_rank: int,
    norm_ratio: float,
    dead_share: float,
) -> LatentHealth:
    """The figures with what they mean."""
    least_rank = max(2.0, LEAST_RANK * full_rank)
    findings = (
        (
            relative_variance < LEAST_VARIANCE,
            f"targets hardly vary (relative variance {relative_variance:.1g}): the space has collapsed",
        ),
        (
            rank < least_rank,
            f"effective rank {rank:.1f} of {full_rank}: the targets lie in very few directions",
        ),
        (
            not NORM_RATIO[0] <= norm_ratio <= NORM_RATIO[1],
            f"predictions have {norm_ratio:.2g} times the norm of the targets: surprise is mostly length",
        ),
        (dead_share > MOST_DEAD, f"{100 * dead_share:.0f} % of the channels never vary"),
    )
    return LatentHealth(
        target_variance=target_variance,
        relative_variance=relative_variance,
        effective_rank=rank,
        full_rank=full_rank,
        norm_ratio=norm_ratio,
        dead_share=dead_share,
        warnings=tuple(sentence for wrong, sentence in findings if wrong),
    )
