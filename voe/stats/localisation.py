"""Where surprise lies: whether the tokens that surprise more are those where the violation is seen.

Exploratory, and last: a latent token sees far beyond its patch, so a blurred map refutes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from voe.stats.checks import StatsError, finite
from voe.stats.ranking import auroc


@dataclass(frozen=True)
class Localisation:
    """How a map of surprise agrees with a region.

    `auroc`: probability that a token inside surprises more than one outside (chance 1/2). `hit`: whether the
    most surprising token is inside (1, 0, or the share of equal maxima that are); its chance is `area`, the
    share of tokens inside.
    """

    auroc: float
    hit: float
    area: float


def localise(difference: npt.ArrayLike, violation: npt.ArrayLike) -> Localisation:
    """Agreement of a map with the region of the violation: AUROC over tokens and pointing game.

    Pointing game: Zhang et al. 2018, International J. Computer Vision 126:1084. Average over quadruplets and
    compare `hit` with `area`, and with the same for untrained networks.

    Args:
        difference: surprise at the impossible less that at the possible clip, [t, h, w] tokens.
        violation: true for the tokens in which the two clips differ, [t, h, w].

    Raises:
        StatsError: shapes that do not fit, values not finite, or a region that is empty or everything.

    >>> found = localise([[[0.1, 0.9], [0.2, 0.0]]], [[[0, 1], [0, 0]]])
    >>> found.auroc, found.hit, found.area
    (1.0, 1.0, 0.25)
    """
    surprise = finite(difference, "map of surprise", ndim=None)
    region = np.asarray(violation)
    if region.shape != surprise.shape:
        raise StatsError(
            f"localisation: a map of shape {surprise.shape} and a region of shape {region.shape}"
        )
    if not np.isin(region, (0, 1)).all() or region.all() or not region.any():
        raise StatsError("localisation: the region must be true for some tokens and false for others")
    inside = region.astype(np.bool_)
    peaks = surprise >= surprise.max()
    return Localisation(
        auroc(surprise.ravel(), inside.ravel()), float(inside[peaks].mean()), float(inside.mean())
    )
